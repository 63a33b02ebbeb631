"""A full disk: publishers are told, what was acknowledged stays and can be read, and service resumes when space returns,
without a restart. The disk is a small tmpfs in a mount namespace of this test's own."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ledger import Ledger, Writer, metrics, rows, settle  # noqa: E402
from peers import Daemon, wait_for, workplace  # noqa: E402

WRITERS = 3


def enter_namespace():
    """Starts this test again where it may mount: as root, or as a user who is root in a namespace only."""
    if os.environ.get('MYRIAD_OWN_MOUNTS'):
        return
    for options in (['--mount'], ['--user', '--map-root-user', '--mount']):
        if subprocess.run(['unshare', *options, 'true'], capture_output=True).returncode == 0:
            os.environ['MYRIAD_OWN_MOUNTS'] = '1'
            os.execvp('unshare', ['unshare', *options, sys.executable, *sys.argv])
    sys.exit('cannot make a mount namespace: run this test as root, or allow user namespaces '
             '(sysctl kernel.unprivileged_userns_clone=1; in a container, --cap-add SYS_ADMIN)')


class SmallDisk:
    """A tmpfs, gone with the namespace at the latest."""

    def __init__(self, folder, megabytes):
        self.folder = folder
        folder.mkdir()
        subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={megabytes}m', 'myriad-test', str(folder)], check=True)

    def fill(self):
        with open(self.folder / 'filler', 'ab', buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1 << 6, 1):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    pass

    def free(self):
        (self.folder / 'filler').unlink()

    def end(self):
        subprocess.run(['umount', '-l', str(self.folder)], check=True)


def told(writers, status):
    return sum(writer.answers.get(status, 0) for writer in writers)


class DiskFull(unittest.TestCase):
    def start_writers(self, daemon, ledgers, seed):
        writers = [Writer(daemon, ledgers[w], seed + w, pause=0.002) for w in range(WRITERS)]
        for writer in writers:
            writer.start()
        return writers

    def stop_writers(self, writers):
        for writer in writers:
            writer.stop.set()
        for writer in writers:
            writer.join()
            self.assertIsNone(writer.failure)

    def check(self, daemon, ledgers):
        every = sum(ledgers, [])
        system = settle(daemon)
        self.assertEqual(sum(x.unknown for x in every), 0, 'each request was answered')
        self.assertEqual(system['history']['readings'], system['spine']['end'] - 1)
        for ledger in every:
            ledger.check(self, daemon)
        return system['spine']['end'] - 1

    def test_publishers_are_told_and_service_resumes(self):
        ledgers = [[Ledger(f'full-{w}/{name}') for name in ('a', 'b')] for w in range(WRITERS)]
        every = sum(ledgers, [])
        with workplace() as (folder, running):
            disk = SmallDisk(folder / 'data', 64)
            running.append(disk)
            daemon = Daemon(folder)
            running.append(daemon)
            daemon.sign_in()
            for number in range(3):
                writers = self.start_writers(daemon, ledgers, 10 * number)
                wait_for(lambda: told(writers, 202) > 20, 'readings acknowledged')
                disk.fill()
                wait_for(lambda: told(writers, 503) > 20, 'publishers told that the disk is full')
                self.check_what_a_full_disk_answers(daemon, writers[0])
                disk.free()
                before = told(writers, 202)
                wait_for(lambda: told(writers, 202) > before + 20, 'service resumed')
                self.stop_writers(writers)
                for writer in writers:
                    self.assertEqual(set(writer.answers), {202, 503})
                self.assertEqual(self.check(daemon, ledgers), sum(x.accepted for x in every), 'exactly what was acknowledged')
            spine = daemon.get('/system')['spine']
            self.assertEqual(spine['refused'] + spine['lost'], sum(x.refused for x in every), 'counted as it was told')
            daemon.kill()  # and all of it is on the disk
            again = Daemon(folder)
            running.append(again)
            again.token = daemon.token
            self.assertEqual(self.check(again, ledgers), sum(x.accepted for x in every))

    def check_what_a_full_disk_answers(self, daemon, writer):
        problem, _ = writer.problems[503]
        self.assertEqual((problem['status'], problem['code']), (503, 'unavailable'))
        self.assertIn('free some disk space', problem['detail'])
        # A body that is spooled to the same disk.
        long = json.dumps({'readings': [{'point': 'full-0/a', 'value': i} for i in range(40_000)]})
        answer = daemon.call('POST', '/readings', long, {'Content-Type': 'application/json'})
        self.assertEqual((answer.status, answer.json['title'], answer.json['code']), (507, 'Insufficient Storage', 'unavailable'))
        # Who only reads is served.
        self.assertEqual(daemon.call('GET', '//healthz', token=False).status, 200)
        self.assertTrue(rows(daemon, 'full-0/a'))
        daemon.value('full-0/a')

    def test_a_plugin_keeps_its_readings_until_there_is_space(self):
        with workplace() as (folder, running):
            disk = SmallDisk(folder / 'data', 64)
            running.append(disk)
            daemon = Daemon(folder)
            running.append(daemon)
            daemon.create({'id': 'walk', 'plugin': 'simulator', 'config': {'load': {'points': 100, 'rate': 20_000, 'batch': 100}}})

            def count(name):
                return metrics(daemon)[f'myriad_instance_{name}{{instance="walk",plugin="simulator"}}']

            wait_for(lambda: count('readings_total') > 5_000, 'readings published')
            disk.fill()
            wait_for(lambda: count('refused_total') > 0, 'the plugin told that its readings were not taken')
            before = wait_for(lambda: metrics(daemon)['myriad_spine_end_sequence'], 'the end of the log')
            disk.free()
            wait_for(lambda: metrics(daemon)['myriad_spine_end_sequence'] > before + 5_000, 'the plugin goes on by itself')
            instance = daemon.get('/instances/walk')
            self.assertEqual((instance['state'], instance['stats']['restarts']), ('running', 0))
            self.assertEqual(daemon.call('POST', '/instances/walk/stop').status, 200)
            system = settle(daemon)
            stored, told = system['spine']['end'] - 1, count('readings_total')
            self.assertEqual(told, stored + system['spine']['lost'], 'what was taken is stored, or counted as lost')
            self.assertEqual(count('refused_total'), system['spine']['refused'])
            self.assertEqual(system['history']['readings'], stored)

    def test_history_alone_is_full(self):
        """The spine keeps what history cannot take; nothing is lost, and whoever publishes does not notice."""
        ledgers = [[Ledger(f'full-{w}/{name}') for name in ('a', 'b')] for w in range(WRITERS)]
        with workplace() as (folder, running):
            disk = SmallDisk(folder / 'small', 32)
            running.append(disk)
            (folder / 'data').mkdir()
            (folder / 'data' / 'history.db').symlink_to(disk.folder / 'history.db')
            daemon = Daemon(folder)
            running.append(daemon)
            daemon.sign_in()
            writers = self.start_writers(daemon, ledgers, 100)
            wait_for(lambda: told(writers, 202) > 20, 'readings acknowledged')
            disk.fill()
            # Chunks of a point close when they are full, and cannot be written.
            wait_for(lambda: 'cannot store history' in daemon.output(), 'the log says that history cannot be stored', 60)
            before = told(writers, 202)
            wait_for(lambda: told(writers, 202) > before + 100, 'the spine goes on')
            self.stop_writers(writers)
            for writer in writers:
                self.assertEqual(set(writer.answers), {202}, 'publishers do not notice')
            # What it took before can be read; the rest waits in the spine, also when the daemon dies now.
            self.assertTrue(rows(daemon, 'full-0/a'))
            daemon.kill()
            again = Daemon(folder)
            running.append(again)
            again.token = daemon.token
            self.assertEqual(again.get('/system')['spine']['end'] - 1, sum(x.accepted for x in sum(ledgers, [])))
            self.assertTrue(rows(again, 'full-0/a'))
            disk.free()
            self.check(again, ledgers)
            again.end()  # what was in memory is on the disk at the latest now
            last = Daemon(folder)
            running.append(last)
            last.token = daemon.token
            self.assertEqual(self.check(last, ledgers), sum(x.accepted for x in sum(ledgers, [])))

    def test_it_starts_on_a_full_disk(self):
        ledgers = [[Ledger('full/a')]]
        with workplace() as (folder, running):
            disk = SmallDisk(folder / 'data', 64)
            running.append(disk)
            daemon = Daemon(folder)
            running.append(daemon)
            daemon.sign_in()
            writer = Writer(daemon, ledgers[0], 1)
            writer.start()
            wait_for(lambda: told([writer], 202) > 20, 'readings acknowledged')
            disk.fill()
            wait_for(lambda: told([writer], 503) > 5, 'the publisher told')
            daemon.kill()
            writer.join()
            again = Daemon(folder)
            running.append(again)
            again.token = daemon.token
            for ledger in ledgers[0]:
                ledger.check(self, again)
            disk.free()
            writer = Writer(again, ledgers[0], 2)
            writer.start()
            wait_for(lambda: told([writer], 202) > 20, 'service resumed')
            self.stop_writers([writer])
            for ledger in ledgers[0]:
                ledger.check(self, again)


if __name__ == '__main__':
    enter_namespace()
    unittest.main(verbosity=2)
