"""Law 1, durable before acknowledged: `kill -9` at any moment loses no reading that a 202 has acknowledged, and invents
none. Twenty rounds on one data directory, with several writers."""
import http.client
import json
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'integration'))
from peers import Daemon, workplace  # noqa: E402

ROUNDS, WRITERS = 20, 3
START = 1_700_000_000


def stamp(second):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(START + second))


class Writer(threading.Thread):
    """Posts readings one batch after the other until the daemon is gone; remembers what was acknowledged and what was tried."""

    def __init__(self, daemon, name, first):
        super().__init__()
        self.daemon_process, self.point, self.next = daemon, f'kill/{name}', first
        self.acknowledged, self.tried = set(), set()

    def run(self):
        connection = self.daemon_process.connection(5)
        headers = {'Authorization': 'Bearer ' + self.daemon_process.token, 'Content-Type': 'application/json'}
        try:
            while True:
                values = list(range(self.next, self.next + 20))
                self.next += 20
                body = json.dumps({'readings': [{'point': self.point, 'time': stamp(v), 'value': v} for v in values]})
                self.tried.update(values)
                connection.request('POST', '/api/v1/readings', body, headers)
                response = connection.getresponse()
                response.read()
                if response.status == 202:
                    self.acknowledged.update(values)
        except (OSError, http.client.HTTPException):
            pass


class Kill(unittest.TestCase):
    def test_acknowledged_readings_survive(self):
        chance = random.Random(7)
        acknowledged = {w: set() for w in range(WRITERS)}
        tried = {w: set() for w in range(WRITERS)}
        first = [0] * WRITERS
        with workplace() as (folder, running):
            for _ in range(ROUNDS):
                daemon = Daemon(folder)
                daemon.sign_in()
                writers = [Writer(daemon, w, first[w]) for w in range(WRITERS)]
                for writer in writers:
                    writer.start()
                time.sleep(chance.uniform(0.05, 0.6))
                daemon.kill()
                for w, writer in enumerate(writers):
                    writer.join()
                    acknowledged[w] |= writer.acknowledged
                    tried[w] |= writer.tried
                    first[w] = writer.next
            daemon = Daemon(folder)
            running.append(daemon)
            for w in range(WRITERS):
                self.assertTrue(acknowledged[w], 'the writers got something acknowledged')
                self.check(daemon, w, acknowledged[w], tried[w])

    def check(self, daemon, w, acknowledged, tried):
        stored, cursor = [], ''
        while cursor is not None:
            page = daemon.get(f'/history?point=kill/{w}&from={stamp(0)}&to={stamp(10**7)}&limit=100000' + (f'&cursor={cursor}' if cursor else ''))
            stored += [row for series in page['series'] for row in series['values']]
            cursor = page['next']
        values = [int(row[1]) for row in stored]
        self.assertEqual(len(values), len(set(values)), 'each once')
        self.assertFalse(acknowledged - set(values), 'an acknowledged reading is missing')
        self.assertFalse(set(values) - tried, 'a reading that nobody sent')
        for row in stored[:100]:
            self.assertEqual(row[0], stamp(int(row[1])), 'at its own time')


if __name__ == '__main__':
    unittest.main(verbosity=2)
