#!/usr/bin/env python3
"""Measures the whole daemon beside what the machine could do: system_bench.py [--only NAME] [--json] [--seconds N].

Each figure is printed with its bar. Nothing here fails a build: machines differ, and a bar missed should be seen, not hidden.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import socket
import sqlite3
import statistics
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'integration'))
from peers import BUILD, Daemon, ModbusServer, Mosquitto, Process, wait_for, workplace  # noqa: E402

figures = {}


def show(name, value, bar, unit=''):
    figures[name] = value
    print(f'{name:44} {value:>14,.3f} {unit:12} {bar}' if isinstance(value, float) else f'{name:44} {value:>14,} {unit:12} {bar}', flush=True)


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


class FastModbus(Process):
    """The Modbus server in C beside this file: answers from an array, changing with every read."""

    def __init__(self, folder, registers=20000):
        super().__init__([str(BUILD / 'bin' / 'modbus_server'), '--port', '0', '--registers', str(registers)], folder)
        text = wait_for(lambda: self.output().split(), 'the port of modbus_server')
        self.port = int(text[-1])


def rate(daemon, seconds):
    """Committed readings a second and CPU µs a reading over `seconds`."""
    committed, cpu, start = daemon.get('/system')['spine']['end'], daemon.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    done = daemon.get('/system')['spine']['end'] - committed
    spent, elapsed = daemon.cpu_seconds() - cpu, time.monotonic() - start
    return done / elapsed, spent / max(done, 1) * 1e6, spent / elapsed * 100


def idle(seconds):
    times, memory = [], []
    for _ in range(5):
        with workplace() as (folder, running):
            start = time.monotonic()
            daemon = Daemon(folder)
            times.append((time.monotonic() - start) * 1000)
            running.append(daemon)
            time.sleep(2)
            memory.append(daemon.memory_mb())
    show('idle: ready after exec', statistics.median(times), '<= 150', 'ms')
    show('idle: resident', statistics.median(memory), '<= 20', 'MB')


def ingest(seconds):
    rows = [(1_700_000_000_000_000_000 + i, i % 1000, 20.0 + i % 97 / 100) for i in range(200_000)]
    with workplace() as (folder, _):
        db = sqlite3.connect(folder / 'rows.db', isolation_level=None)
        db.executescript('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE r(time INTEGER, point INTEGER, value REAL);'
                         'CREATE INDEX i ON r(point, time);')
        start, cpu = time.monotonic(), time.process_time()
        for i in range(0, len(rows), 20_000):
            db.execute('BEGIN')
            db.executemany('INSERT INTO r VALUES (?,?,?)', rows[i:i + 20_000])
            db.execute('COMMIT')
        show('baseline: SQLite rows, 20,000 a commit', int(len(rows) / (time.monotonic() - start)), '', 'readings/s')
        show('baseline: CPU', (time.process_time() - cpu) / len(rows) * 1e6, '', 'us/reading')
    with workplace() as (folder, running):
        daemon = Daemon(folder)
        running.append(daemon)
        daemon.create({'id': 'load', 'plugin': 'simulator', 'config': {'load': {'points': 1000, 'rate': 0, 'batch': 256, 'decimals': 2}}})
        time.sleep(2)
        per_second, cpu, _ = rate(daemon, seconds)
        show('simulator to historian', int(per_second), '>= 3,000,000', 'readings/s')
        show('simulator to historian: CPU, all included', cpu, '<= 0.5', 'us/reading')
        show('simulator to historian: resident', daemon.memory_mb(), '', 'MB')
        daemon.call('POST', '/instances/load/stop')
        system = wait_for(lambda: (s := daemon.get('/system')) and s['history']['next'] >= s['spine']['end'] and s, 'the historian caught up', 120)
        show('history on disk', system['history']['disk_bytes'] / max(system['history']['readings'], 1), '', 'B/reading')


def modbus(seconds):
    with workplace() as (folder, running):
        daemon = Daemon(folder)
        running.append(daemon)
        for link in range(4):
            server = FastModbus(folder)
            running.append(server)
            daemon.create({'id': f'link{link}', 'plugin': 'modbus', 'config': {
                'transport': 'tcp', 'host': '127.0.0.1', 'port': server.port, 'unit': 1, 'interval_ms': 30, 'thing': f'plc{link}',
                'points': [{'property': 'r', 'count': 10000, 'table': 'holding', 'address': 0, 'type': 'int16'}]}})
        time.sleep(2)
        per_second, cpu, core = rate(daemon, seconds)
        show('Modbus: 4 links x 10,000 INT16 at 30 ms', int(per_second), '>= 660,000', 'values/s')
        show('Modbus: CPU, all included', cpu, '<= 0.8', 'us/value')


def many(seconds):
    with workplace() as (folder, running):
        server = FastModbus(folder)
        running.append(server)
        daemon = Daemon(folder)
        running.append(daemon)
        for i in range(400):
            daemon.create({'id': f'meter{i}', 'plugin': 'modbus', 'config': {
                'transport': 'tcp', 'host': '127.0.0.1', 'port': server.port, 'unit': 1, 'interval_ms': 1000, 'thing': f'meter{i}',
                'points': [{'property': f'p{k}', 'table': 'holding', 'address': 10 * k, 'type': 'int16'} for k in range(10)]}})
        time.sleep(3)
        per_second, _, core = rate(daemon, seconds)
        show('400 instances: values', int(per_second), '~ 4,000', 'values/s')
        show('400 instances: threads', daemon.threads(), '<= 80')
        show('400 instances: resident', daemon.memory_mb(), '<= 80', 'MB')
        show('400 instances: CPU', core, '<= 30', '% of a core')
        start = time.monotonic()
        code = daemon.end(15)
        show('400 instances: SIGTERM to exit', time.monotonic() - start, f'<= 5 (exit code {code})', 's')


def write_register(link, address, value):
    """Function 6 of Modbus TCP, by hand: the test's own wire, so that nothing of ours is between clock and register."""
    link.sendall(struct.pack('>HHHBBHH', 1, 0, 6, 1, 6, address, value))
    link.recv(64)


def latency(seconds):
    with workplace() as (folder, running):
        server = ModbusServer(folder)
        running.append(server)
        port = server.port
        broker = Mosquitto(folder)
        running.append(broker)
        daemon = Daemon(folder)
        running.append(daemon)
        daemon.create({'id': 'out', 'plugin': 'mqtt', 'config': {'host': '127.0.0.1', 'port': broker.port,
                       'publish': [{'points': ['plc/*'], 'topic': 'site/{thing}/{property}', 'qos': 1}]}})
        wait_for(lambda: daemon.get('/instances/out')['connection']['up'], 'connected')
        daemon.create({'id': 'plc', 'plugin': 'modbus', 'config': {'transport': 'tcp', 'host': '127.0.0.1', 'port': port, 'unit': 1, 'interval_ms': 100,
                       'thing': 'plc', 'points': [{'property': 'x', 'table': 'holding', 'address': 50, 'type': 'uint16'}]}})
        seen = {}

        def listen():
            witness = subprocess.Popen(['mosquitto_sub', '-p', str(broker.port), '-t', 'site/plc/x', '-q', '1', '-F', '%U %p'], stdout=subprocess.PIPE, text=True)
            running_witness.append(witness)
            for line in witness.stdout:
                at, payload = line.split(' ', 1)
                seen.setdefault(int(json.loads(payload)['value']), float(at))

        running_witness = []
        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        wait_for(lambda: seen, 'the first message')
        written = {}
        chance = random.Random(1)
        with socket.create_connection(('127.0.0.1', port)) as link:
            for value in range(1000, 1000 + int(seconds * 4)):
                time.sleep(0.15 + chance.random() * 0.2)
                written[value] = time.time()
                write_register(link, 50, value)
        time.sleep(1)
        running_witness[0].terminate()
        delays = [(seen[v] - at) * 1000 for v, at in written.items() if v in seen]
        show('equipment to MQTT: changes seen', len(delays), f'of {len(written)}')
        show('equipment to MQTT: p50, polling at 100 ms', percentile(delays, 50), '', 'ms')
        show('equipment to MQTT: p99', percentile(delays, 99), '<= 120', 'ms')


def slow_clients(seconds):
    with workplace() as (folder, running):
        daemon = Daemon(folder)
        running.append(daemon)
        daemon.sign_in()
        for count in (4, 500):
            with contextlib.ExitStack() as stack:
                clients = []
                for i in range(count):
                    client = stack.enter_context(socket.create_connection(('127.0.0.1', daemon.port)))
                    client.sendall(b'' if i % 2 else b'GET /healthz HTT')
                    clients.append(client)
                times = []
                for k in range(20):
                    for client in clients[::2]:  # a byte now and then
                        with contextlib.suppress(OSError):
                            client.sendall(b'P' if k == 0 else b'x')
                    start = time.monotonic()
                    daemon.call('GET', '/things')
                    times.append((time.monotonic() - start) * 1000)
                show(f'a request beside {count} slow clients: worst of 20', max(times), '<= 100', 'ms')


parts = {f.__name__: f for f in (idle, ingest, modbus, many, latency, slow_clients)}
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument('--only', choices=parts, action='append')
parser.add_argument('--json', action='store_true', help='print one JSON object at the end')
parser.add_argument('--seconds', type=float, default=10)
options = parser.parse_args()
for name in options.only or parts:
    parts[name](options.seconds)
if options.json:
    print(json.dumps(figures))
