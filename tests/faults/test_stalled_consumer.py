"""Law 4: a consumer that stalls for an hour delays nobody, and takes all of it in order when it goes on.

The hour stands for what it brings: more readings than an hour of 400 points at one a second, and more than the spine keeps
in memory, so that the stalled one reads them back from disk. One sink refuses each batch (a peer that is away), one MQTT
instance publishes to a broker that neither answers nor hangs up (stopped by SIGSTOP)."""
import collections
import json
import pathlib
import signal
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ledger import SANITIZED, metrics, recorded, settle  # noqa: E402
from peers import BUILD, Daemon, Mosquitto, Process, wait_for, workplace  # noqa: E402

POINTS = 40
RATE = 20_000 if SANITIZED else 200_000  # readings a second
CALM, STALL = 3, 8  # seconds
HOUR = 400 * 3600  # readings
GROWTH_MB = 64  # 32 MB of recent blocks, and what the other consumers hold
LAG = 3  # seconds of readings that a consumer that keeps up may be behind


class StalledConsumer(unittest.TestCase):
    def setUp(self):
        place = workplace()
        self.folder, self.running = place.__enter__()
        self.addCleanup(place.__exit__, None, None, None)
        self.broker = Mosquitto(self.folder, persistence=False)
        self.running.append(self.broker)
        self.daemon = Daemon(self.folder, '--plugins', f'{BUILD}/plugins:{BUILD}/broken_plugins')
        self.running.append(self.daemon)
        self.listener = Process(['mosquitto_sub', '-p', str(self.broker.port), '-t', 'out/#', '-q', '1', '-i', 'listener', '-c'], self.folder)
        self.running.append(self.listener)
        # Sinks begin where the log ends: first the consumers, then the load.
        self.away = self.folder / 'away'
        self.recorder('steady', 'load-1/v0')
        self.recorder('stalled', 'load-1/*', fail_while=str(self.away))
        self.daemon.create({'id': 'broker', 'plugin': 'mqtt', 'config': {
            'host': '127.0.0.1', 'port': self.broker.port, 'tls': {'enabled': False}, 'publish_timeout_ms': 2000,
            'publish': [{'points': ['load-2/v0'], 'topic': 'out/{thing}/{property}', 'sequence': True}]}})
        self.daemon.create({'id': 'load', 'plugin': 'simulator', 'config': {'load': {'points': POINTS, 'rate': RATE, 'batch': POINTS}}})

    def recorder(self, name, points, fail_while=''):
        self.daemon.create({'id': name, 'plugin': 'recorder', 'isolation': 'in_process',
                            'config': {'points': [points], 'file': str(self.folder / name), 'fail_while': fail_while}})

    def lag(self, instance, plugin='recorder'):
        return metrics(self.daemon)[f'myriad_instance_lag_readings{{instance="{instance}",plugin="{plugin}"}}']

    def load_for(self, seconds):
        """Readings a second that were stored meanwhile, the most memory, and the most lag of who keeps up."""
        began, first, most = time.monotonic(), self.stored(), 0
        lags = {'steady': 0, 'history': 0}
        while time.monotonic() < began + seconds:
            most = max(most, self.daemon.memory_mb())
            lags['steady'] = max(lags['steady'], self.lag('steady'))
            lags['history'] = max(lags['history'], metrics(self.daemon)['myriad_history_lag_readings'])
            time.sleep(0.1)
        return (self.stored() - first) / (time.monotonic() - began), most, lags

    def stored(self):
        return metrics(self.daemon)['myriad_spine_end_sequence'] - 1

    def test_others_are_unaffected_and_it_catches_up(self):
        wait_for(lambda: self.stored() > RATE, 'the load running')
        calm, memory, _ = self.load_for(CALM)
        self.away.touch()
        self.broker.child.send_signal(signal.SIGSTOP)
        self.addCleanup(self.broker.child.send_signal, signal.SIGCONT)
        before, stalled_at = self.stored(), self.lag('stalled')
        stalled, most, lags = self.load_for(STALL)
        print(f'{calm:.0f} readings/s before, {stalled:.0f} meanwhile; {most - memory:+.1f} MB memory; most lag: '
              f'steady {lags["steady"]:.0f}, history {lags["history"]:.0f}, stalled {self.lag("stalled"):.0f}')
        if not SANITIZED:
            self.assertGreater(self.stored() - before, HOUR)
            self.assertGreaterEqual(stalled, 0.9 * calm)
            self.assertLess(most - memory, GROWTH_MB)
        self.assertLess(max(lags.values()), LAG * RATE)
        for instance, plugin in (('stalled', 'recorder'), ('broker', 'mqtt')):
            self.assertGreater(self.lag(instance, plugin), self.stored() - before - LAG * RATE - stalled_at, f'{instance} did stall')
        self.assertEqual(self.daemon.get('/instances/stalled')['state'], 'degraded')
        self.assertEqual(self.daemon.get('/instances/steady')['state'], 'running')

        self.daemon.call('POST', '/instances/load/stop')
        self.away.unlink()
        self.broker.child.send_signal(signal.SIGCONT)
        settle(self.daemon)
        wait_for(lambda: self.lag('stalled') == self.lag('steady') == 0, 'the stalled one catches up', 60)
        self.assertEqual(self.daemon.get('/instances/stalled')['state'], 'running')
        self.check('steady', ['load-1/v0'])
        self.check('stalled', [f'load-1/v{n}' for n in range(10)])
        self.check_mqtt()

    def check(self, name, points):
        """Complete and in order: what it wrote of each point is what history has of it, and the sequences grow."""
        written, sequence = collections.defaultdict(list), 0
        with open(self.folder / name) as lines:
            for line in lines:
                batch, point, value = line.split()
                self.assertGreaterEqual(int(batch), sequence)
                sequence = int(batch)
                written[point].append(recorded(value))
        self.assertEqual(sorted(written), points)
        for point in points:
            self.assertEqual(written[point], self.history(point), f'{name}: {point}')

    def check_mqtt(self):
        """At least once, in order: without the repetitions, which their sequence shows, it is what history has."""
        wait_for(lambda: self.lag('broker', 'mqtt') == 0, 'MQTT catches up', 100)
        stored = self.history('load-2/v0')

        def heard():
            values, last = [], 0
            for line in self.listener.output().splitlines():
                message = json.loads(line)
                if message['sequence'] > last:
                    values.append(message['value'])
                    last = message['sequence']
            return len(values) >= len(stored) and values

        self.assertEqual(wait_for(heard, 'every message heard', 60), stored)

    def history(self, point):
        text = self.daemon.call('GET', f'/history?point={point}&from=2020-01-01T00:00:00Z&format=csv', timeout=60).body
        return [float(line.split(b',')[2]) for line in text.splitlines()[1:]]


if __name__ == '__main__':
    unittest.main(verbosity=2)
