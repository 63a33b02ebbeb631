"""What the integration tests start: the daemon, a Modbus server, a Mosquitto. Each on a free loopback port, in a folder of
its own, ended by its pid. Nothing here needs more than Debian's python3, python3-pymodbus and mosquitto."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('MYRIAD_BUILD', ROOT / 'build'))
PASSWORD = 'correct horse battery'


def wait_for(condition, what, limit=20.0):
    """Calls `condition` until it returns something true; fails the test with `what` after `limit` seconds."""
    end = time.monotonic() + limit
    last = None
    while time.monotonic() < end:
        try:
            found = condition()
            if found:
                return found
        except (OSError, KeyError, AssertionError, http.client.HTTPException) as error:
            last = error
        time.sleep(0.02)
    raise AssertionError(f'{what} did not happen within {limit} s (last: {last!r})')


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'{self.status} {self.body[:500]!r}'


class Process:
    """A child that this object ends; its output is kept for the failure message."""

    def __init__(self, command, folder, **options):
        self.log = open(pathlib.Path(folder) / (pathlib.Path(command[0]).name + f'-{time.monotonic_ns()}.log'), 'w+b')
        self.child = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)

    @property
    def pid(self):
        return self.child.pid

    def output(self):
        return pathlib.Path(self.log.name).read_text(errors='replace')

    def kill(self):
        self.child.kill()
        self.child.wait()

    def end(self, limit=10):
        """SIGTERM; the exit code. Kills what does not end, and says so."""
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(limit)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f'{self.child.args[0]} did not end within {limit} s of SIGTERM:\n{self.output()[-2000:]}')
        self.log.close()
        return self.child.returncode


class Daemon(Process):
    """build/bin/myriad in `folder`/data, signed in as admin."""

    def __init__(self, folder, *options, tls='off', env=None, listen='127.0.0.1:0'):
        self.folder = pathlib.Path(folder)
        self.ready = self.folder / 'ready.json'
        self.ready.unlink(missing_ok=True)
        environment = {**os.environ, 'MYRIAD_ADMIN_PASSWORD': PASSWORD, **(env or {})}
        super().__init__([str(BUILD / 'bin' / 'myriad'), 'serve', '--data', str(self.folder / 'data'), '--listen', listen, '--tls', tls,
                          '--ready-file', str(self.ready), *options], folder, env=environment)
        self.token = None
        wait_for(self._is_ready, 'the daemon ready')
        self.url = json.loads(self.ready.read_text())['url']
        self.port = urllib.parse.urlsplit(self.url).port

    def _is_ready(self):
        if self.child.poll() is not None:
            raise RuntimeError(f'the daemon ended with {self.child.returncode}:\n{self.output()[-3000:]}')
        return self.ready.exists()

    def connection(self, timeout=30):
        if self.url.startswith('https'):
            return http.client.HTTPSConnection('127.0.0.1', self.port, timeout=timeout, context=ssl._create_unverified_context())
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout)

    def call(self, method, path, body=None, headers=None, token=True, timeout=30):
        """One request to /api/v1 (or to an absolute path starting with '//')."""
        path = path[1:] if path.startswith('//') else '/api/v1' + path
        fields = dict(headers or {})
        if token:
            fields.setdefault('Authorization', 'Bearer ' + self.sign_in())
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            fields.setdefault('Content-Type', 'application/json')
        with contextlib.closing(self.connection(timeout)) as connection:
            connection.request(method, path, body=body, headers=fields)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def sign_in(self):
        if not self.token:
            answer = self.call('POST', '/auth/login', {'username': 'admin', 'password': PASSWORD}, token=False)
            assert answer.status == 200, answer
            self.token = answer.json['token']
        return self.token

    def get(self, path):
        answer = self.call('GET', path)
        assert answer.status == 200, (path, answer)
        return answer.json

    def create(self, instance):
        answer = self.call('POST', '/instances', instance)
        assert answer.status == 201, answer
        return answer.json

    def value(self, point):
        thing, name = point.split('/')
        return self.get(f'/things/{thing}/properties/{name}')

    def memory_mb(self):
        """Resident set size, from the kernel."""
        for line in pathlib.Path(f'/proc/{self.pid}/status').read_text().splitlines():
            if line.startswith('VmRSS'):
                return int(line.split()[1]) / 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f'/proc/{self.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def threads(self):
        return len(os.listdir(f'/proc/{self.pid}/task'))


class ModbusServer(Process):
    """A real pymodbus server: holding registers and coils that can be set over Modbus itself."""

    def __init__(self, folder, port=None):
        self.port = port or free_port()
        super().__init__(['/usr/bin/python3', str(ROOT / 'examples/01_first_meter/meter.py'), str(self.port)], folder)
        wait_for(lambda: socket.create_connection(('127.0.0.1', self.port), 1).close() is None, 'the Modbus server listening')


class Mosquitto(Process):
    """A real broker with persistence in its folder, so that it can be killed and started again. That writes all it holds
    every few messages; without, it is a hundred times as fast."""

    def __init__(self, folder, port=None, persistence=True):
        self.port = port or free_port()
        home = pathlib.Path(folder)
        config = home / 'mosquitto.conf'
        stored = f'persistence true\npersistence_location {home}/\nautosave_on_changes true\nautosave_interval 1\n'
        config.write_text(f'listener {self.port} 127.0.0.1\nallow_anonymous true\n{stored if persistence else ""}'
                          'max_queued_messages 0\nset_tcp_nodelay true\nuser root\n')
        super().__init__(['/usr/sbin/mosquitto', '-c', str(config)], folder)
        wait_for(lambda: socket.create_connection(('127.0.0.1', self.port), 1).close() is None, 'mosquitto listening')

    def publish(self, topic, payload, qos=1):
        subprocess.run(['mosquitto_pub', '-p', str(self.port), '-t', topic, '-m', payload, '-q', str(qos)], check=True, timeout=20)


@contextlib.contextmanager
def workplace():
    """A temporary folder and a list of processes that end with it, newest first."""
    with tempfile.TemporaryDirectory(prefix='myriad-') as folder:
        running = []
        try:
            yield pathlib.Path(folder), running
        finally:
            for process in reversed(running):
                try:
                    process.end()
                except AssertionError as error:
                    print(error, file=sys.stderr)
