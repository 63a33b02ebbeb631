"""What the fault tests share: writers that note what they sent and what they were told, and a check of the history
against these notes."""
import calendar
import http.client
import json
import pathlib
import random
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'integration'))
from peers import BUILD  # noqa: E402

START = 1_700_000_000
# Sanitizers keep freed memory for a while and slow everything down: bars on memory and speed say nothing there.
SANITIZED = 'MYRIAD_SANITIZE:STRING=\n' not in (BUILD / 'CMakeCache.txt').read_text()


def stamp(second):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(START + second))


class Ledger:
    """The truth about one point, which one writer at a time writes: what must be there, what may be, and what must not.

    A request ends in one of three ways: acknowledged, refused (nothing of it may be stored), or unknown, when the daemon
    died before it answered: then all or nothing of it is stored."""

    def __init__(self, point):
        self.point, self.next = point, 0
        self.told = {}  # second -> the value acknowledged last
        self.maybe = {}  # second -> values sent later whose fate is unknown
        self.accepted = self.refused = self.unknown = 0  # readings

    def draw(self, chance, count=20):
        """Readings to send: mostly new ones, a few late, and a few sent again with a new value. In no order."""
        seconds = set()
        for _ in range(count):
            if chance.random() < 0.2 and self.next > 0:
                seconds.add(chance.randrange(max(0, self.next - 3_000), self.next))  # a gap filled late, or written again
            else:
                self.next += 1 + (chance.random() < 0.1)  # leaves gaps
                seconds.add(self.next)
        seconds = list(seconds)
        chance.shuffle(seconds)
        return [(second, chance.randrange(1 << 50)) for second in seconds]

    def send(self, sent):
        self.unknown += len(sent)
        for second, value in sent:
            self.maybe.setdefault(second, set()).add(value)

    def answer(self, sent, stored):
        self.unknown -= len(sent)
        for second, value in sent:
            if stored:
                self.told[second] = value
                self.maybe.pop(second, None)
            elif second in self.maybe:
                self.maybe[second].discard(value)
        if stored:
            self.accepted += len(sent)
        else:
            self.refused += len(sent)

    def check(self, test, daemon):
        """Every acknowledged reading once, with the value acknowledged last, and nothing that was not sent."""
        stored = rows(daemon, self.point)
        found = dict(stored)
        test.assertEqual([s for s, _ in stored], sorted(found), f'{self.point}: each time once, in order')
        missing = [s for s in self.told if s not in found]
        test.assertEqual(len(missing), 0, f'{self.point}: acknowledged readings are missing, first {missing[:5]}')
        invented = [s for s, v in stored if v != self.told.get(s) and v not in self.maybe.get(s, ())]
        test.assertEqual(len(invented), 0, f'{self.point}: values that nobody sent, or that were replaced, first at {invented[:5]}')
        self.check_aggregates(test, daemon, found)

    def check_aggregates(self, test, daemon, found):
        """Rollups, where they answer, say the same as the readings."""
        for step, seconds in (('1m', 60), ('1h', 3600)):
            begin = START % seconds
            steps = {}
            for at, value in found.items():
                steps.setdefault((at + begin) // seconds, []).append(value)
            for name, of in (('count', len), ('min', min), ('max', max)):
                page = daemon.get(f'/history?point={self.point}&from={stamp(-begin)}&to={stamp(10**8)}&step={step}&aggregate={name}&limit=100000')
                told = [(second_of(row[0]), row[1]) for series in page['series'] for row in series['values']]
                wanted = [(at * seconds - begin, of(steps[at])) for at in sorted(steps)]
                test.assertEqual(told, wanted, f'{self.point}: {name} by {step}')


def second_of(text):
    """The reverse of stamp."""
    return calendar.timegm(time.strptime(text, '%Y-%m-%dT%H:%M:%SZ')) - START


def rows(daemon, point, first=0, last=10**8):
    """[(second, value), …] of a point of whole seconds, as /history gives it in pages."""
    found, cursor = [], ''
    while cursor is not None:
        page = daemon.get(f'/history?point={point}&from={stamp(first)}&to={stamp(last)}&limit=100000' + (f'&cursor={cursor}' if cursor else ''))
        for series in page['series']:
            found += [(second_of(row[0]), int(row[1])) for row in series['values']]
        cursor = page['next']
    return found


class Writer(threading.Thread):
    """Posts one request after the other, as a document or as NDJSON in turn, to the points of its ledgers until the
    daemon is gone or `stop` is set."""

    def __init__(self, daemon, ledgers, seed, readings=20, pause=0.0):
        super().__init__(daemon=True)
        self.port, self.token, self.ledgers = daemon.port, daemon.token, ledgers
        self.chance, self.readings, self.pause = random.Random(seed), readings, pause
        self.stop = threading.Event()
        self.answers = {}  # status -> how many
        self.problems = {}  # status -> (the last problem's document, its Retry-After)
        self.failure = None

    def run(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
        try:
            while not self.stop.is_set():
                self.post(connection)
                if self.pause:
                    self.stop.wait(self.pause)
        except (OSError, http.client.HTTPException):
            pass  # the daemon is gone: what became of the last request is unknown
        except Exception as error:  # noqa: BLE001: a thread cannot fail the test by itself
            self.failure = error
        finally:
            connection.close()

    def post(self, connection):
        sent = {ledger: ledger.draw(self.chance, self.readings) for ledger in self.ledgers}
        all_of_it = [{'point': ledger.point, 'time': stamp(s), 'value': v} for ledger, part in sent.items() for s, v in part]
        lines = self.chance.random() < 0.5
        body = '\n'.join(map(json.dumps, all_of_it)) if lines else json.dumps({'readings': all_of_it})
        for ledger, part in sent.items():
            ledger.send(part)
        connection.request('POST', '/api/v1/readings', body, {
            'Authorization': 'Bearer ' + self.token, 'Content-Type': 'application/x-ndjson' if lines else 'application/json'})
        response = connection.getresponse()
        text = response.read()
        self.answers[response.status] = self.answers.get(response.status, 0) + 1
        if response.status == 202:
            told = json.loads(text)
            if told['accepted'] != len(all_of_it) or told.get('refused', 0):
                raise AssertionError(f'{len(all_of_it)} readings were sent, and the answer is {told}')
        else:
            self.problems[response.status] = (json.loads(text), response.headers.get('Retry-After'))
        for ledger, part in sent.items():
            ledger.answer(part, response.status == 202)


def settle(daemon, limit=30):
    """Waits until all is on disk that was taken in, and the history has it; the document of /system then."""
    end = time.monotonic() + limit
    while True:
        system = daemon.get('/system')
        if system['spine']['queued_bytes'] == 0 and system['history']['next'] >= system['spine']['end']:
            return system
        if time.monotonic() > end:
            raise AssertionError(f'history does not catch up within {limit} s: {system}')
        time.sleep(0.02)


def metrics(daemon):
    """{'name' or 'name{labels}': value} of /metrics."""
    text = daemon.call('GET', '//metrics', token=False).body.decode()
    return {name: float(value) for name, value in (line.rsplit(' ', 1) for line in text.splitlines() if line and line[0] != '#')}


def recorded(text):
    """The number that the plugin `recorder` wrote as the bits of a double."""
    return struct.unpack('<d', struct.pack('<q', int(text)))[0]
