"""The platform's spine, end to end: a real Modbus server's registers and a real Mosquitto's messages become durable, and
come out of REST."""
import json
import subprocess
import time
import unittest

from peers import Daemon, ModbusServer, Mosquitto, wait_for, workplace


def meter(port):
    return {'id': 'meter', 'plugin': 'modbus', 'config': {
        'transport': 'tcp', 'host': '127.0.0.1', 'port': port, 'unit': 1, 'interval_ms': 200, 'thing': 'meter', 'points': [
            {'property': 'voltage', 'table': 'holding', 'address': 0, 'type': 'float32', 'word_order': 'big', 'unit': 'V'},
            {'property': 'relay', 'table': 'coil', 'address': 3, 'type': 'bool', 'writable': True}]}}


def broker(port):
    return {'id': 'broker', 'plugin': 'mqtt', 'config': {
        'host': '127.0.0.1', 'port': port,
        'subscribe': [{'topic': 'sensors/+/telemetry', 'qos': 1, 'thing': '{1}', 'values': [{'property': 'temperature', 'pointer': '/t'}], 'time': '/ts'}],
        'publish': [{'points': ['meter/*'], 'topic': 'site/{thing}/{property}', 'qos': 1}]}}


class FirstMeter(unittest.TestCase):
    def setUp(self):
        self.place = workplace()
        self.folder, self.running = self.place.__enter__()
        self.addCleanup(self.place.__exit__, None, None, None)

    def start(self, process):
        self.running.append(process)
        return process

    def test_modbus_registers_reach_rest_and_history(self):
        peer = self.start(ModbusServer(self.folder))
        daemon = self.start(Daemon(self.folder))
        created = daemon.create(meter(peer.port))
        self.assertIn(created['state'], ('starting', 'running'))
        voltage = wait_for(lambda: (v := daemon.value('meter/voltage'))['quality'] == 'good' and v, 'a good voltage')
        self.assertEqual(voltage['unit'], 'V')
        self.assertTrue(228 < voltage['value'] < 232, voltage)
        wait_for(lambda: daemon.value('meter/voltage')['value'] != voltage['value'], 'the voltage moving')
        series = wait_for(lambda: (s := daemon.get('/history?point=meter/voltage')['series'])[0]['values'] and s, 'history')
        self.assertEqual(series[0]['unit'], 'V')

    def test_the_thing_description_works(self):
        peer = self.start(ModbusServer(self.folder))
        daemon = self.start(Daemon(self.folder))
        daemon.create(meter(peer.port))
        wait_for(lambda: daemon.value('meter/voltage')['quality'] == 'good', 'a good voltage')
        td = daemon.get('/things/meter')
        self.assertEqual(td['@context'], 'https://www.w3.org/2022/wot/td/v1.1')
        self.assertEqual(td['properties']['voltage']['unit'], 'V')
        for name, affordance in td['properties'].items():
            for form in affordance['forms']:
                if 'readproperty' in form['op']:
                    self.assertEqual(daemon.call('GET', '/' + form['href']).status, 200, form)
        self.assertEqual(daemon.call('GET', '/' + td['forms'][0]['href']).status, 200)
        self.assertIn('writeproperty', td['properties']['relay']['forms'][0]['op'])

    def test_writing_a_property_changes_the_coil(self):
        peer = self.start(ModbusServer(self.folder))
        daemon = self.start(Daemon(self.folder))
        daemon.create(meter(peer.port))
        wait_for(lambda: daemon.value('meter/relay')['quality'] == 'good', 'a good relay')
        for wanted in (True, False, True):
            answer = daemon.call('PUT', '/things/meter/properties/relay', {'value': wanted})
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json['value'], wanted)
            time.sleep(0.3)  # a poll later it is still so: the coil itself has changed
            self.assertEqual(daemon.value('meter/relay')['value'], wanted)
        self.assertIn(daemon.call('PUT', '/things/meter/properties/voltage', {'value': 1}).status, (403, 405))
        self.assertEqual(daemon.call('PUT', '/things/meter/properties/relay', {'value': 7}).status, 400)

    def test_a_device_that_goes_away_says_why_and_recovers(self):
        peer = ModbusServer(self.folder)
        daemon = self.start(Daemon(self.folder))
        daemon.create(meter(peer.port))
        wait_for(lambda: daemon.value('meter/voltage')['quality'] == 'good', 'a good voltage')
        peer.kill()
        bad = wait_for(lambda: (v := daemon.value('meter/voltage'))['quality'] == 'bad' and v, 'a bad voltage')
        self.assertIn(str(peer.port), bad['reason'])
        instance = daemon.get('/instances/meter')
        self.assertEqual(instance['state'], 'degraded')
        self.assertTrue(instance['last_error']['message'])
        self.start(ModbusServer(self.folder, peer.port))
        wait_for(lambda: daemon.value('meter/voltage')['quality'] == 'good', 'the voltage good again', 40)
        wait_for(lambda: daemon.get('/instances/meter')['state'] == 'running', 'running again')

    def test_mqtt_messages_reach_rest(self):
        mosquitto = self.start(Mosquitto(self.folder))
        daemon = self.start(Daemon(self.folder))
        daemon.create(broker(mosquitto.port))
        wait_for(lambda: daemon.get('/instances/broker')['state'] == 'running' and daemon.get('/instances/broker')['connection']['up'], 'connected')
        mosquitto.publish('sensors/attic/telemetry', '{"t": 21.5, "ts": "2026-11-01T00:00:00Z"}')
        value = wait_for(lambda: (v := daemon.value('attic/temperature'))['value'] and v, 'the temperature')
        self.assertEqual((value['value'], value['time'], value['quality']), (21.5, '2026-11-01T00:00:00Z', 'good'))

    def test_nothing_is_lost_while_the_broker_is_down(self):
        peer = self.start(ModbusServer(self.folder))
        mosquitto = Mosquitto(self.folder)
        daemon = self.start(Daemon(self.folder))
        daemon.create(broker(mosquitto.port))
        wait_for(lambda: daemon.get('/instances/broker')['connection']['up'], 'connected')
        # A subscriber with a persistent session keeps what is published while nobody listens.
        subscribe = ['mosquitto_sub', '-p', str(mosquitto.port), '-t', 'site/meter/voltage', '-q', '1', '-i', 'witness', '-c']
        subprocess.run([*subscribe, '-E'], check=True, timeout=20)
        daemon.create(meter(peer.port))
        wait_for(lambda: daemon.value('meter/voltage')['quality'] == 'good', 'a good voltage')
        time.sleep(1)
        mosquitto.end()
        time.sleep(2)
        mosquitto = self.start(Mosquitto(self.folder, mosquitto.port))
        wait_for(lambda: daemon.get('/instances/broker')['connection']['up'], 'connected again', 40)
        daemon.call('POST', '/instances/meter/stop')
        series = daemon.get('/history?point=meter/voltage&limit=10000')['series'][0]['values']
        stored = [row[0] for row in series]
        wait_for(lambda: daemon.get('/instances/broker')['stats']['lag'] == 0, 'everything delivered', 40)
        witness = subprocess.run([*subscribe, '-W', '3'], capture_output=True, text=True, timeout=60)
        times = [json.loads(line)['time'] for line in witness.stdout.splitlines()]
        self.assertEqual(sorted(set(times)), sorted(set(stored)))
        first_seen = list(dict.fromkeys(times))
        self.assertEqual(first_seen, sorted(first_seen), 'in order')

    def test_everything_is_there_after_a_restart(self):
        peer = self.start(ModbusServer(self.folder))
        daemon = Daemon(self.folder)
        daemon.create(meter(peer.port))
        wait_for(lambda: daemon.value('meter/voltage')['quality'] == 'good', 'a good voltage')
        wait_for(lambda: len(daemon.get('/history?point=meter/voltage')['series'][0]['values']) > 3, 'history')
        before = daemon.get('/history?point=meter/voltage')['series'][0]['values']
        self.assertEqual(daemon.end(5), 0)
        daemon = self.start(Daemon(self.folder))
        after = daemon.get('/history?point=meter/voltage')['series'][0]['values']
        self.assertEqual(after[:len(before)], before)
        wait_for(lambda: daemon.get('/instances/meter')['state'] == 'running', 'running again')


if __name__ == '__main__':
    unittest.main(verbosity=2)
