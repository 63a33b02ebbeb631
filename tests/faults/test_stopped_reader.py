"""Readers that stop reading a CSV download in the middle: the daemon's memory does not grow, others are served, and who
reads on gets every row. One that stops for longer than the edge waits (30 s) is cut off, sees that the end is missing, and
goes on with `from`."""
import hashlib
import pathlib
import socket
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ledger import SANITIZED, metrics, settle, stamp  # noqa: E402
from peers import Daemon, wait_for, workplace  # noqa: E402

READERS, READINGS = 20, 300_000 if SANITIZED else 4_000_000
GROWTH_MB = 32  # of all readers together (16 to 28 were seen); the downloads are more than a hundred times as long
WRITE_STALL = 30  # seconds; edge::Limits::write_stall
FROM = f'from={stamp(0)}'


class Reader:
    """A download over a socket with a small receive buffer; takes bytes only when told to."""

    def __init__(self, daemon, points, start=FROM):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.socket.settimeout(60)
        self.socket.connect(('127.0.0.1', daemon.port))
        self.socket.sendall(f'GET /api/v1/history?point={points}&{start}&format=csv HTTP/1.1\r\nHost: localhost\r\n'
                            f'Authorization: Bearer {daemon.token}\r\nConnection: close\r\n\r\n'.encode())
        self.stream = self.socket.makefile('rb')
        self.status = int(self.stream.readline().split()[1])
        while self.stream.readline() not in (b'\r\n', b''):
            pass

    def chunks(self):
        """The body's pieces; raises EOFError when it ends without its last chunk."""
        while True:
            size = self.stream.readline()
            if not size.endswith(b'\n'):
                raise EOFError
            length = int(size, 16)
            piece = self.stream.read(length)
            if length == 0:
                return
            yield piece
            if len(piece) < length:
                raise EOFError
            self.stream.readline()

    def end(self):
        self.stream.close()
        self.socket.close()


def digest(pieces):
    """Hash, rows, bytes."""
    hashed, rows, size = hashlib.sha256(), 0, 0
    for piece in pieces:
        hashed.update(piece)
        rows += piece.count(b'\n')
        size += len(piece)
    return hashed.hexdigest(), rows, size


class StoppedReader(unittest.TestCase):
    def setUp(self):
        place = workplace()
        folder, self.running = place.__enter__()
        self.addCleanup(place.__exit__, None, None, None)
        self.daemon = Daemon(folder)
        self.running.append(self.daemon)
        self.daemon.create({'id': 'load', 'plugin': 'simulator', 'config': {'load': {'points': 10}}})
        wait_for(lambda: metrics(self.daemon)['myriad_spine_end_sequence'] > READINGS, 'a long history', 120)
        self.daemon.call('POST', '/instances/load/stop')
        settle(self.daemon)

    def reader(self, points, start=FROM):
        reader = Reader(self.daemon, points, start)
        self.addCleanup(reader.end)
        self.assertEqual(reader.status, 200)
        return reader

    def test_memory_others_and_reading_on(self):
        stored = self.daemon.get('/system')['spine']['end'] - 1
        whole = digest(self.reader('load-1/*').chunks())
        self.assertEqual(whole[1], stored + 1, 'every reading, and the header')
        single = b''.join(self.reader('load-1/v3').chunks())
        before = self.daemon.memory_mb()

        readers = [self.reader('load-1/*') for _ in range(READERS - 1)] + [self.reader('load-1/v3')]
        halves = [reader.chunks() for reader in readers]
        firsts = [next(half) for half in halves]
        stopped = time.monotonic()
        grown = self.watch_memory(5, before)
        print(f'{READERS} readers stopped in {whole[2] >> 20} MB of CSV each: {grown:.1f} MB more memory', flush=True)
        if not SANITIZED:
            self.assertGreater(READERS * whole[2], 100 * GROWTH_MB * 1e6)
            self.assertLess(grown, GROWTH_MB)

        rest = digest([firsts[0], *halves[0]])
        self.assertEqual(rest, whole, 'who reads on gets every row')

        time.sleep(max(0, stopped + WRITE_STALL + 3 - time.monotonic()))
        self.go_on_after_the_cut(readers[-1], firsts[-1], halves[-1], single)
        wait_for(lambda: metrics(self.daemon)['myriad_http_open_connections'] <= 2, 'those who stopped are gone')
        print(f'after all: {self.daemon.memory_mb() - before:.1f} MB more memory')
        if not SANITIZED:
            self.assertLess(self.daemon.memory_mb() - before, GROWTH_MB)

    def watch_memory(self, seconds, before):
        """The most that it grew meanwhile; others write and read."""
        most, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            answer = self.daemon.call('POST', '/readings', {'readings': [{'point': 'other/x', 'value': began}]})
            self.assertEqual(answer.status, 202)
            self.daemon.get('/history?point=load-1/v5&limit=100&' + FROM)
            self.assertLess(time.monotonic() - began, 5, 'others are served')
            most = max(most, self.daemon.memory_mb() - before)
            time.sleep(0.1)
        return most

    def go_on_after_the_cut(self, reader, first, half, whole):
        taken = first
        with self.assertRaises(EOFError, msg='a cut download must not look complete'):
            for piece in half:
                taken += piece
        self.assertLess(len(taken), len(whole))
        self.assertTrue(whole.startswith(taken))
        lines = taken[:taken.rindex(b'\n') + 1]
        last = lines.splitlines()[-1].split(b',')[0].decode()
        again = b''.join(self.reader('load-1/v3', f'from={last}').chunks()).split(b'\r\n', 2)
        self.assertEqual(again[1].split(b',')[0].decode(), last)
        self.assertEqual(lines + again[2], whole, 'cut, and gone on from the last row')


if __name__ == '__main__':
    unittest.main(verbosity=2)
