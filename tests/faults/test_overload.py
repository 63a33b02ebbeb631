"""Law 3 through all doors: plugins and REST writers send more than can be stored. Memory stays bounded, each publisher is
told (429 with Retry-After over REST, AGAIN to plugins), and what they were told adds up to what /system and /metrics say,
and to what is stored. Six seconds of load; MYRIAD_OVERLOAD_SECONDS asks for longer. overload_test.cpp makes it ten times
what can be stored."""
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ledger import SANITIZED, Ledger, Writer, metrics, settle  # noqa: E402
from peers import Daemon, wait_for, workplace  # noqa: E402

SECONDS = float(os.environ.get('MYRIAD_OVERLOAD_SECONDS', 6))
WRITERS = 4
# Large batches fill the queue, small ones what room they leave.
BATCHES = [4096, 4096, 16, 16]
LOADS = len(BATCHES)
MOST_MB = 300  # resident: a queue of 64 MB, 32 MB of recent blocks, 64 MB of open chunks, and the daemon itself
GROWTH_MB = 32  # once all queues are full


class Overload(unittest.TestCase):
    def test_bounded_told_and_counted(self):
        ledgers = [[Ledger(f'over-{w}/{name}') for name in ('a', 'b')] for w in range(WRITERS)]
        with workplace() as (folder, running):
            daemon = Daemon(folder, '--spine-megabytes', '8192')
            running.append(daemon)
            daemon.sign_in()
            for n in range(LOADS):
                daemon.create({'id': f'load-{n}', 'plugin': 'simulator',
                               'config': {'load': {'points': 200, 'batch': BATCHES[n], 'name': f'load-{n}'}}})
            writers = [Writer(daemon, ledgers[w], w) for w in range(WRITERS)]
            for writer in writers:
                writer.start()
            wait_for(lambda: metrics(daemon)['myriad_spine_refused_readings_total'] > 0, 'the queue full', 60)
            first, last = self.watch_memory(daemon)
            for writer in writers:
                writer.stop.set()
            for writer in writers:
                writer.join()
                self.assertIsNone(writer.failure)
            for n in range(LOADS):
                self.assertEqual(daemon.call('POST', f'/instances/load-{n}/stop').status, 200)
            system = settle(daemon, 120)
            told = sum(writer.answers.get(429, 0) for writer in writers)
            print(f'{system["spine"]["end"] - 1} readings stored, {system["spine"]["refused"]} refused, {told} requests told 429; '
                  f'{first:.0f} MB, then {last:.0f} MB')
            self.check_what_writers_were_told(writers)
            self.check_counts(daemon, system, sum(ledgers, []))
            for ledger in sum(ledgers, []):
                ledger.check(self, daemon)
            if not SANITIZED:
                self.assertLess(max(first, last), MOST_MB)
                self.assertLess(last, first + GROWTH_MB, 'it does not grow on')

    def watch_memory(self, daemon):
        """The most in the first and in the second half of the load."""
        most, began = [0, 0], time.monotonic()
        while (passed := time.monotonic() - began) < SECONDS:
            half = int(passed > SECONDS / 2)
            most[half] = max(most[half], daemon.memory_mb())
            time.sleep(0.05)
        return most

    def check_what_writers_were_told(self, writers):
        problems = [writer.problems[429] for writer in writers if 429 in writer.problems]
        self.assertTrue(problems, 'REST writers met the full queue too')
        for writer in writers:
            self.assertLessEqual(set(writer.answers), {202, 429})
        for problem, retry_after in problems:
            self.assertEqual((problem['status'], problem['code']), (429, 'again'))
            self.assertIn('send again', problem['detail'])
            self.assertGreater(int(retry_after), 0)

    def check_counts(self, daemon, system, ledgers):
        counts = metrics(daemon)

        def of_plugins(name):
            return sum(counts[f'myriad_instance_{name}{{instance="load-{n}",plugin="simulator"}}'] for n in range(LOADS))

        self.assertEqual(sum(x.unknown for x in ledgers), 0)
        accepted = of_plugins('readings_total') + sum(x.accepted for x in ledgers)
        refused = of_plugins('refused_total') + sum(x.refused for x in ledgers)
        self.assertEqual(counts['myriad_spine_appended_readings_total'], accepted)
        self.assertEqual(counts['myriad_spine_committed_readings_total'], accepted)
        self.assertEqual(system['spine']['end'] - 1, accepted)
        self.assertEqual(system['history']['readings'], accepted)
        self.assertEqual(system['spine']['refused'], refused)
        self.assertEqual(counts['myriad_spine_refused_readings_total'], refused)
        self.assertEqual(system['spine']['lost'], 0)


if __name__ == '__main__':
    unittest.main(verbosity=2)
