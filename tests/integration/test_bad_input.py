"""Bad input of every kind: each a clear error, the daemon alive, nothing lost."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import unittest

from peers import BUILD, PASSWORD, Daemon, wait_for, workplace


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = workplace()
        cls.folder, running = cls.place.__enter__()
        cls.addClassCleanup(cls.place.__exit__, None, None, None)
        cls.daemon = Daemon(cls.folder)
        running.append(cls.daemon)

    def tearDown(self):
        self.assertEqual(self.daemon.call('GET', '//healthz', token=False).status, 200, 'the daemon is alive')

    def refused(self, answer, status, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers.get_content_type(), 'application/problem+json', answer)
        for key in ('title', 'status', 'detail'):
            self.assertIn(key, answer.json)
        for word in words:
            self.assertIn(word, answer.body.decode(), answer)

    def raw(self, request):
        """What the daemon answers to these bytes, until it closes or a second passes."""
        with socket.create_connection(('127.0.0.1', self.daemon.port), 5) as s:
            s.settimeout(5)
            try:
                s.sendall(request)
            except OSError:
                pass
            received = b''
            try:
                while len(received) < 12:
                    piece = s.recv(4096)
                    if not piece:
                        break
                    received += piece
            except OSError:
                pass
            return received

    def test_unknown_plugin(self):
        self.refused(self.daemon.call('POST', '/instances', {'id': 'x', 'plugin': 'nope', 'config': {}}), 422, '/plugin', 'nope')

    def test_bad_configuration_names_place_and_remedy(self):
        good = {'property': 'v', 'table': 'holding', 'address': 0, 'type': 'int16'}
        cases = [
            ({'host': 'h', 'points': [{**good, 'type': 'float99'}]}, '/config/points/0/type', 'float32'),
            ({'host': 'h', 'port': 70000, 'points': [good]}, '/config/port', '65535'),
            ({'host': 'h', 'nonsense': 1, 'points': [good]}, 'nonsense', ''),
            ({'host': 'h', 'points': [{k: v for k, v in good.items() if k != 'property'}]}, '/config/points/0', 'property'),
            ({'host': 'h', 'points': [{**good, 'table': 'input', 'writable': True}]}, '/config/points/0', 'writ'),
            ('text', '/config', 'object'),
        ]
        for config, field, remedy in cases:
            if isinstance(config, dict):
                config = {'thing': 'm', 'transport': 'tcp', **config}
            answer = self.daemon.call('POST', '/instances', {'id': 'x', 'plugin': 'modbus', 'config': config})
            self.assertIn(answer.status, (400, 422), answer)
            self.assertIn(field, answer.body.decode())
            self.assertIn(remedy, answer.json['detail'])
        self.assertEqual(self.daemon.call('GET', '/instances/x').status, 404)

    def test_unknown_thing(self):
        self.refused(self.daemon.call('GET', '/things/nobody'), 404, 'nobody')
        self.refused(self.daemon.call('GET', '/things/nobody/properties/x'), 404)
        self.refused(self.daemon.call('PUT', '/things/nobody/properties/x', {'value': 1}), 404)

    def test_values_and_times_that_cannot_be_kept(self):
        cases = [
            ('{"readings":[{"point":"a/b","value":NaN}]}', 400),
            ('{"readings":[{"point":"a/b","value":Infinity}]}', 400),
            ('{"readings":[{"point":"a/b","value":1e999}]}', 400),
            ('{"readings":[{"point":"a/b","value":null}]}', 400),
            ('{"readings":[{"point":"a/b","value":1,"time":"1969-12-31T23:59:59Z"}]}', 400),
            ('{"readings":[{"point":"a/b","value":1,"time":"2263-01-01T00:00:00Z"}]}', 400),
            ('{"readings":[{"point":"a/b","value":1,"time":"yesterday"}]}', 400),
            ('{"readings":[{"point":"no slash","value":1}]}', 400),
            ('{"readings":[{"value":1}]}', 400),
            ('{"readings":[{"point":"a/b","value":1}', 400),
            ('{"readings":{}}', 400),
            ('[]', 400),
            ('', 400),
            ('\xff\xfe', 400),
            ('[' * 100000, 400),
        ]
        for body, status in cases:
            answer = self.daemon.call('POST', '/readings', body.encode('latin-1'), {'Content-Type': 'application/json'})
            self.refused(answer, status)
        self.assertEqual(self.daemon.call('GET', '/things/a').status, 404, 'a refused reading makes no Thing')

    def test_a_good_reading_is_kept_and_one_bad_line_does_not_hurt_its_neighbours(self):
        self.assertEqual(self.daemon.call('POST', '/readings', {'readings': [{'point': 'lab/probe', 'value': 1.5}]}).status, 202)
        self.assertEqual(self.daemon.value('lab/probe')['value'], 1.5)
        lines = '{"point":"lab/probe","value":2.5}\nnonsense\n{"point":"lab/probe","value":3.5}\n'
        answer = self.daemon.call('POST', '/readings', lines, {'Content-Type': 'application/x-ndjson'})
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(answer.json['accepted'], 2)
        self.assertEqual((answer.json['refused'], answer.json['refusals'][0]['line']), (1, 2))

    def test_big_bodies(self):
        body = json.dumps({'readings': [{'point': 'a/b', 'value': 'x' * (10 << 20)}]})
        self.refused(self.daemon.call('POST', '/readings', body, {'Content-Type': 'application/json'}), 413)
        self.refused(self.daemon.call('POST', '/instances', 'x' * (10 << 20), {'Content-Type': 'application/json'}), 413)

    def test_hostile_framing(self):
        cases = {
            'two Content-Lengths': (b'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}', b'400'),
            'both lengths': (b'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}', b'400'),
            'no Host': (b'GET /healthz HTTP/1.1\r\n\r\n', b'400'),
            'two Hosts': (b'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', b'400'),
            'endless headers': (b'GET /healthz HTTP/1.1\r\nHost: x\r\n' + b'A: b\r\n' * 100000, b'431'),
            'endless chunked body': (b'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' + b'10000\r\n' + (b'x' * 65536 + b'\r\n10000\r\n') * 200, b'413'),
            'bare line feeds': (b'GET /healthz HTTP/1.1\nHost: x\n\n', b'400'),
            'folded header': (b'GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', b'400'),
            'HTTP/3.0': (b'GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n', b'505'),
            'noise': (b'\x00\x01\x02\x03\r\n\r\n', b'400'),
        }
        for name, (request, status) in cases.items():
            answer = self.raw(request)
            self.assertEqual(answer[9:12], status, (name, answer))

    def test_silent_clients_do_not_delay_others(self):
        silent = []
        try:
            for i in range(500):
                s = socket.create_connection(('127.0.0.1', self.daemon.port), 5)
                if i % 2:
                    s.sendall(b'GET /heal')
                silent.append(s)
            self.assertEqual(self.daemon.call('GET', '//healthz', token=False, timeout=5).status, 200)
        finally:
            for s in silent:
                s.close()

    def test_sign_in_is_needed(self):
        for method, path in [('GET', '/things'), ('GET', '/instances'), ('POST', '/readings'), ('GET', '/stream'), ('GET', '/history?point=a/b')]:
            self.refused(self.daemon.call(method, path, token=False), 401)
            self.refused(self.daemon.call(method, path, headers={'Authorization': 'Bearer e30.e30.'}), 401)
        self.refused(self.daemon.call('POST', '/auth/login', {'username': 'admin', 'password': 'wrong'}, token=False), 401)

    def test_secrets_stay_out_of_the_log(self):
        self.daemon.sign_in()
        self.assertNotIn(PASSWORD, self.daemon.output())
        self.assertNotIn(self.daemon.token, self.daemon.output())


class Refusals(unittest.TestCase):
    """The daemon that cannot start says why, and exits 1."""

    def run_daemon(self, *options, env=None):
        return subprocess.run([str(BUILD / 'bin' / 'myriad'), 'serve', '--tls', 'off', *options], capture_output=True, text=True, timeout=20,
                              env={**os.environ, 'MYRIAD_ADMIN_PASSWORD': PASSWORD, **(env or {})})

    def test_a_port_in_use(self):
        with workplace() as (folder, _), socket.socket() as holder:
            holder.bind(('127.0.0.1', 0))
            holder.listen()
            port = holder.getsockname()[1]
            done = self.run_daemon('--data', str(folder / 'data'), '--listen', f'127.0.0.1:{port}')
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(port), done.stderr)

    def test_a_data_directory_that_cannot_be_written(self):
        done = self.run_daemon('--data', '/proc/nowhere', '--listen', '127.0.0.1:0')
        self.assertEqual(done.returncode, 1)
        self.assertIn('/proc/nowhere', done.stderr)

    def test_a_data_directory_in_use(self):
        with workplace() as (folder, running):
            running.append(Daemon(folder))
            done = self.run_daemon('--data', str(folder / 'data'), '--listen', '127.0.0.1:0')
            self.assertEqual(done.returncode, 1)
            self.assertIn('another', done.stderr)

    def test_plugins_that_are_none(self):
        with workplace() as (folder, running):
            plugins = folder / 'plugins'
            for name in ('text', 'abi'):
                (plugins / name).mkdir(parents=True)
            manifest = json.loads((BUILD / 'plugins/simulator/manifest.json').read_text())
            (plugins / 'text' / 'manifest.json').write_text(json.dumps({**manifest, 'id': 'text', 'library': 'text.so'}))
            (plugins / 'text' / 'text.so').write_text('no library')
            (plugins / 'abi' / 'manifest.json').write_text(json.dumps({**manifest, 'id': 'abi', 'library': 'abi.so', 'abi': {'built': '9.0', 'min': '9.0'}}))
            shutil.copy(BUILD / 'plugins/simulator/simulator.so', plugins / 'abi' / 'abi.so')
            daemon = Daemon(folder, '--plugins', f'{plugins}:{BUILD / "plugins"}')
            running.append(daemon)
            listed = {p['id']: p for p in daemon.get('/plugins')['items']}
            self.assertEqual(listed['text']['state'], 'refused')
            self.assertTrue(listed['text']['error'])
            self.assertEqual(listed['abi']['state'], 'refused')
            self.assertIn('9.0', listed['abi']['error'])
            self.assertIn('this host has 1.', listed['abi']['error'])
            self.assertEqual(listed['simulator']['state'], 'loaded')
            answer = daemon.call('POST', '/instances', {'id': 'x', 'plugin': 'abi', 'config': {}})
            self.assertEqual(answer.status, 422, answer)


if __name__ == '__main__':
    unittest.main(verbosity=2)
