"""Laws 1 and 2 through REST: `kill -9` at any moment, under load or while the daemon starts, loses no reading that a 202
has acknowledged, doubles none and invents none. A hundred rounds on one data directory; the writers send documents and
NDJSON, with late readings and readings sent again, of which the last acknowledged value counts."""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ledger import Ledger, Writer, settle  # noqa: E402
from peers import BUILD, Daemon, workplace  # noqa: E402

ROUNDS, WRITERS, CHECK_EVERY = 100, 3, 10


def kill_while_starting(folder, after):
    """A daemon that dies before, or soon after, it is ready; what the one before left behind is half repaired."""
    command = [str(BUILD / 'bin' / 'myriad'), 'serve', '--data', str(folder / 'data'), '--listen', '127.0.0.1:0', '--tls', 'off']
    with open(folder / 'starting.log', 'ab') as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        child.wait(after)
        raise AssertionError(f'the daemon ended by itself:\n{(folder / "starting.log").read_text()[-2000:]}')
    except subprocess.TimeoutExpired:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


class Kill(unittest.TestCase):
    def test_acknowledged_readings_survive(self):
        chance = random.Random(7)
        ledgers = [[Ledger(f'kill-{w}/{name}') for name in ('a', 'b')] for w in range(WRITERS)]
        token, started = None, []
        with workplace() as (folder, running):
            for number in range(ROUNDS):
                if number % 3 == 2:
                    kill_while_starting(folder, chance.uniform(0, 1.2) * min(started))
                began = time.monotonic()
                daemon = Daemon(folder)
                running.append(daemon)
                started.append(time.monotonic() - began)
                daemon.token = token
                token = daemon.sign_in()
                if number % CHECK_EVERY == 0 and number > 0:
                    self.check(daemon, ledgers)
                writers = [Writer(daemon, ledgers[w], seed=number * WRITERS + w) for w in range(WRITERS)]
                for writer in writers:
                    writer.start()
                time.sleep(chance.uniform(0.02, 0.25))
                daemon.kill()
                for writer in writers:
                    writer.join()
                    self.assertIsNone(writer.failure)
                    self.assertFalse(writer.problems, 'nothing is refused at this pace')
            daemon = Daemon(folder)
            running.append(daemon)
            daemon.token = token
            self.check(daemon, ledgers)
            for ledger in sum(ledgers, []):
                self.assertGreater(ledger.accepted, ROUNDS, 'the writers got something acknowledged')

    def check(self, daemon, ledgers):
        every = sum(ledgers, [])
        system = settle(daemon)
        stored = system['spine']['end'] - 1
        accepted, unknown = sum(x.accepted for x in every), sum(x.unknown for x in every)
        self.assertGreaterEqual(stored, accepted, 'the spine has all that was acknowledged')
        self.assertLessEqual(stored, accepted + unknown, 'the spine has nothing twice')
        self.assertEqual(system['history']['readings'], stored, 'the history took each reading of the spine once')
        for ledger in every:
            ledger.check(self, daemon)


if __name__ == '__main__':
    unittest.main(verbosity=2)
