"""The wall clock is set back and forward by a day while the daemon runs (libfaketime; CLOCK_MONOTONIC is left alone): no
acknowledged reading is lost or doubled, the spine's sequence and the cursors go on, sessions answer sensibly, and
retention by age (a week) drops nothing."""
import email.utils
import glob
import json
import os
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ledger import Ledger, Writer, metrics, recorded, settle  # noqa: E402
from peers import BUILD, PASSWORD, Daemon, wait_for, workplace  # noqa: E402

DAY = 86_400
LIBRARY = glob.glob('/usr/lib/*/faketime/libfaketimeMT.so.1')


class FakeClock:
    """The wall clock of what is started with `environment`."""

    def __init__(self, folder):
        if not LIBRARY:
            raise AssertionError('libfaketime is not installed: ./dev setup, or apt-get install faketime')
        self.file = folder / 'clock'
        self.set(0)
        self.environment = {'LD_PRELOAD': LIBRARY[0], 'FAKETIME_TIMESTAMP_FILE': str(self.file), 'FAKETIME_NO_CACHE': '1',
                            'FAKETIME_DONT_FAKE_MONOTONIC': '1',
                            # The sanitizer's runtime would rather come first.
                            'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'}

    def set(self, offset):
        self.offset = offset
        part = self.file.with_suffix('.part')
        part.write_text(f'{offset:+d}\n')
        part.replace(self.file)


class Stamped(threading.Thread):
    """Posts readings without a time, which the daemon stamps; one a request, numbered."""

    def __init__(self, daemon, point, first):
        super().__init__(daemon=True)
        self.daemon_process, self.point, self.next = daemon, point, first
        self.accepted, self.answers, self.stop = [], set(), threading.Event()

    def run(self):
        while not self.stop.is_set():
            answer = self.daemon_process.call('POST', '/readings', {'readings': [{'point': self.point, 'value': self.next}]})
            self.answers.add(answer.status)
            if answer.status == 401:  # expired
                self.daemon_process.token = None
                continue
            if answer.status == 202:
                self.accepted.append(self.next)
            self.next += 1
            time.sleep(0.005)


class Clock(unittest.TestCase):
    def setUp(self):
        place = workplace()
        self.folder, self.running = place.__enter__()
        self.addCleanup(place.__exit__, None, None, None)
        self.clock = FakeClock(self.folder)
        self.daemon = self.start()

    def start(self):
        daemon = Daemon(self.folder, '--plugins', f'{BUILD}/plugins:{BUILD}/broken_plugins', env=self.clock.environment)
        self.running.append(daemon)
        return daemon

    def sign_in(self):
        answer = self.daemon.call('POST', '/auth/login', {'username': 'admin', 'password': PASSWORD}, token=False)
        self.assertEqual(answer.status, 200, answer)
        return answer.json['token']

    def check_clock(self):
        """The daemon sees the wall clock that was set, and monotonic time goes on as it did."""
        answer = self.daemon.call('GET', '//healthz', token=False)
        seen = email.utils.parsedate_to_datetime(answer.headers['Date']).timestamp()
        self.assertAlmostEqual(seen, time.time() + self.clock.offset, delta=5)
        self.assertLess(self.daemon.get('/system')['uptime_s'], 120)

    def test_a_day_back_and_a_day_forward(self):
        first_token = self.daemon.sign_in()
        record = self.folder / 'record'
        self.daemon.create({'id': 'record', 'plugin': 'recorder', 'isolation': 'in_process', 'config': {'points': ['clock/now'], 'file': str(record)}})
        self.daemon.create({'id': 'lamp', 'plugin': 'simulator', 'config': {
            'interval_ms': 50, 'things': [{'name': 'lamp', 'model': 'street_lamp', 'faults_per_day': 0}]}})
        self.daemon.create({'id': 'load', 'plugin': 'simulator', 'config': {'load': {'points': 10, 'rate': 1000, 'batch': 10}}})
        ledger, stamped = Ledger('clock/past'), []
        for offset in (0, -DAY, 0, DAY, -DAY, DAY, 0):
            self.clock.set(offset)
            self.check_phase(first_token, ledger, stamped)
        self.daemon.kill()
        self.clock.set(-DAY)
        self.daemon = self.start()
        self.check_phase(first_token, ledger, stamped)

        accepted = [value for thread in stamped for value in thread.accepted]
        self.daemon.token = self.sign_in()
        system = settle(self.daemon)
        self.assertEqual(system['spine']['begin'], 1, 'retention drops nothing of the last week')
        ledger.check(self, self.daemon)
        now = json.loads(self.daemon.call('GET', f'/history?point=clock/now&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&limit=100000').body)
        values = [int(row[1]) for series in now['series'] for row in series['values']]
        self.assertEqual(sorted(values), accepted, 'each once')
        wait_for(lambda: len(record.read_text().splitlines()) >= len(accepted), 'the sink has all')
        delivered = [recorded(line.split()[2]) for line in record.read_text().splitlines()]
        self.assertEqual(sorted(set(delivered)), accepted)
        self.assertEqual([v for i, v in enumerate(delivered) if v not in delivered[:i]], accepted, 'in the order of the log')

    def test_a_jump_beyond_retention_loses_nothing(self):
        """A gateway without a clock of its own starts in the past, and the time comes from the network later. What was
        acknowledged before is then older than retention: it must be safe in history before it leaves the spine."""
        self.daemon.sign_in()
        ledgers = [Ledger('clock/before'), Ledger('clock/after')]
        for ledger, offset in zip(ledgers, (0, 365 * DAY)):
            self.clock.set(offset)
            self.daemon.token = self.sign_in()
            writer = Writer(self.daemon, [ledger], seed=1, readings=5, pause=0.005)
            writer.start()
            time.sleep(2)
            writer.stop.set()
            writer.join()
            self.assertIsNone(writer.failure)
            self.assertEqual(set(writer.answers), {202})
        self.daemon.kill()
        self.daemon = self.start()
        self.daemon.token = self.sign_in()
        settle(self.daemon)
        for ledger in ledgers:
            ledger.check(self, self.daemon)

    def check_phase(self, first_token, ledger, stamped):
        """A second of readings at the clock as it is now set."""
        self.daemon.token = self.sign_in()
        self.check_clock()
        old = self.daemon.call('GET', '/auth/me', headers={'Authorization': 'Bearer ' + first_token}, token=False)
        self.assertEqual(old.status, 401 if self.clock.offset == DAY else 200, 'a session of an hour')
        if old.status == 401:
            self.assertIn('sign in', old.json['detail'])
        begun = {name: self.published(name) for name in ('lamp', 'load')}
        before = metrics(self.daemon)['myriad_spine_end_sequence']
        writer = Writer(self.daemon, [ledger], seed=len(stamped), pause=0.005)
        thread = Stamped(self.daemon, 'clock/now', stamped[-1].next if stamped else 0)
        stamped.append(thread)
        for each in (writer, thread):
            each.start()
        time.sleep(0.8)
        for name, count in begun.items():
            wait_for(lambda: self.published(name) > count + 5, f'{name} goes on', 5)
        for each in (writer, thread):
            each.stop.set()
            each.join()
        self.assertIsNone(writer.failure)
        self.assertEqual((set(writer.answers), thread.answers), ({202}, {202}))
        self.assertGreater(metrics(self.daemon)['myriad_spine_end_sequence'], before + len(thread.accepted))
        self.assertLess(metrics(self.daemon)['myriad_history_lag_readings'], 10_000)

    def published(self, name):
        return metrics(self.daemon)[f'myriad_instance_readings_total{{instance="{name}",plugin="simulator"}}']


if __name__ == '__main__':
    unittest.main(verbosity=2)
