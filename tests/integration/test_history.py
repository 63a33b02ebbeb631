"""GET /history over real HTTP: every aggregate against a plain computation here, days of 23 and 25 hours, gaps, formats and
pages."""
import csv
import datetime
import io
import json
import math
import random
import statistics
import unittest
import urllib.parse
import zoneinfo

from peers import Daemon, wait_for, workplace

UTC = datetime.timezone.utc
AGGREGATES = 'min max mean sum count first last stddev median delta rate time_weighted_mean'.split()
LEVELS = 'min max mean first last median time_weighted_mean'.split()


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def iso(time):
    return datetime.datetime.fromtimestamp(time, UTC).strftime('%Y-%m-%dT%H:%M:%S.%f').rstrip('0').rstrip('.') + 'Z'


# ---- The plain computation

class Hours:
    """Steps of so many hours, from midnight of standard time."""

    def __init__(self, hours, offset_hours=0):
        self.length, self.offset = hours * 3600, offset_hours * 3600

    def begin(self, time):
        return (time + self.offset) // self.length * self.length - self.offset

    def next(self, begin):
        return begin + self.length


class Days:
    """Days, weeks or months of a zone."""

    def __init__(self, unit, zone):
        self.unit, self.zone = unit, zoneinfo.ZoneInfo(zone)

    def begin(self, time):
        date = datetime.datetime.fromtimestamp(time, self.zone).date()
        if self.unit == 'w':
            date -= datetime.timedelta(days=date.weekday())
        return self.start(date.replace(day=1) if self.unit == 'mo' else date)

    def next(self, begin):
        date = datetime.datetime.fromtimestamp(begin, self.zone).date()
        return self.start({'d': lambda: date + datetime.timedelta(days=1), 'w': lambda: date + datetime.timedelta(days=7),
                           'mo': lambda: (date.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)}[self.unit]())

    def start(self, date):
        return datetime.datetime(date.year, date.month, date.day, tzinfo=self.zone).timestamp()


def held(numbers, before, begin, end):
    """The mean over time, each number held until the next."""
    path = ([(begin, before[1])] if before else []) + numbers
    until = [time for time, _ in path[1:]] + [end]
    return sum(value * (to - at) for (at, value), to in zip(path, until)) / (end - path[0][0])


def answer(aggregate, numbers, count, before, begin, end):
    """None: there is no answer. `numbers` are [(time, value)] of one step, `before` the last one before it."""
    values = [value for _, value in numbers]
    if aggregate == 'count':
        return count or None
    if not numbers:
        return None
    base = before or numbers[0]
    delta, apart = values[-1] - base[1], numbers[-1][0] - base[0]
    return {'min': lambda: min(values), 'max': lambda: max(values), 'mean': lambda: statistics.fmean(values),
            'sum': lambda: math.fsum(values), 'first': lambda: values[0], 'last': lambda: values[-1],
            'stddev': lambda: statistics.pstdev(values), 'median': lambda: statistics.median(values),
            'delta': lambda: delta if apart else None, 'rate': lambda: delta / apart if apart else None,
            'time_weighted_mean': lambda: held(numbers, before, begin, end)}[aggregate]()


def expected(readings, start, to, steps, aggregate, fill='none'):
    """[(step begin, value)] of [(time, value, quality)] in order."""
    counted = [(time, value) for time, value, quality in readings if quality in ('good', 'uncertain') and time < to]
    numbers = [(time, float(value)) for time, value in counted if not isinstance(value, str)]
    earlier = [each for each in numbers if each[0] < start]
    rows, left = [], None
    if fill == 'previous' and earlier and aggregate in LEVELS:
        left = earlier[-1][1]
    pending, at = [], steps.begin(start)
    while at < to:
        after = steps.next(at)
        low, high = max(at, start), min(after, to)
        inside = [each for each in numbers if low <= each[0] < high]
        before = ([each for each in numbers if each[0] < low] or [None])[-1]
        value = answer(aggregate, inside, sum(low <= time < high for time, _ in counted), before, low, high)
        if value is None:
            if fill == 'previous' and left is not None:
                rows.append((at, left))
            pending.append(at)
        else:
            if fill == 'linear' and rows:
                (t0, v0), t1 = rows[-1], at
                rows += [(t, v0 + (value - v0) * (t - t0) / (t1 - t0)) for t in pending]
            rows.append((at, value))
            left, pending = value, []
        at = after
    return rows


# ---- The site

def probe_readings():
    """Numbers over the days of both changes of the clock, with pauses, bad ones, and 8 decimal places."""
    chance = random.Random(11)
    readings = []
    for first in ('2026-03-27T18:00:00Z', '2026-10-23T18:00:00Z'):
        time = seconds(first)
        end = time + 4 * 86400
        while time < end:
            time += round(chance.expovariate(1 / 300), 3) + (chance.random() < 0.01) * 7 * 3600
            readings.append((time, round(20 + 5 * math.sin(time / 9000) + chance.random(), 8),
                             chance.choices(['good', 'uncertain', 'bad', 'stale'], [90, 5, 4, 1])[0]))
    return readings


class History(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = workplace()
        folder, running = cls.place.__enter__()
        cls.addClassCleanup(cls.place.__exit__, None, None, None)
        cls.daemon = Daemon(folder)
        running.append(cls.daemon)
        start = seconds('2026-03-28T00:00:00Z')
        cls.points = {
            'lab/probe': probe_readings(),
            'lab/flag': [(start + i * 1000, i % 3 == 0, 'good') for i in range(300)],
            'lab/ticks': [(start + i * 60, i * i, 'good') for i in range(500)],
            'lab/state': [(start + i * 5000, f'say "{i}", {i}', 'good') for i in range(40)],
        }
        lines = [json.dumps({'point': point, 'time': iso(time), 'value': value, 'quality': quality})
                 for point, readings in cls.points.items() for time, value, quality in readings]
        posted = cls.daemon.call('POST', '/readings', '\n'.join(lines), {'Content-Type': 'application/x-ndjson'}).json
        assert posted['accepted'] == len(lines), posted
        for point, readings in cls.points.items():
            wait_for(lambda: len(cls.ask(point=point, start=readings[0][0], to=readings[-1][0] + 1, limit=100000)[0]['values'])
                     == len(readings), f'the history of {point}')

    @classmethod
    def path(cls, point, start, to, **wishes):
        return '/history?' + urllib.parse.urlencode({'point': point, 'from': iso(start), 'to': iso(to), **wishes}, safe='*')

    @classmethod
    def ask(cls, **question):
        return cls.daemon.get(cls.path(**question))['series']

    def compare(self, values, rows, name):
        self.assertEqual([iso(time) for time, _ in rows], [row[0] for row in values], name)
        for (time, want), (_, got) in zip(rows, values):
            self.assertTrue(math.isclose(want, got, rel_tol=1e-9, abs_tol=1e-9), f'{name} {iso(time)}: {got}, should be {want}')

    def test_every_aggregate_and_fill(self):
        start, to = seconds('2026-03-28T05:17:00Z'), seconds('2026-03-31T02:41:00Z')
        for step, steps in (('1h', Hours(1)), ('6h', Hours(6))):
            for point in ('lab/probe', 'lab/flag', 'lab/ticks'):
                for fill in ('none', 'previous', 'linear'):
                    for series in self.ask(point=point, start=start, to=to, step=step, aggregate=','.join(AGGREGATES), fill=fill):
                        rows = expected(self.points[point], start, to, steps, series['aggregate'], fill)
                        self.compare(series['values'], rows, f'{point} {step} {series["aggregate"]} {fill}')

    def test_days_weeks_and_months_of_a_zone(self):
        for start, to in (('2026-03-27T00:00:00Z', '2026-04-02T00:00:00Z'), ('2026-10-22T22:00:00Z', '2026-10-29T00:00:00Z')):
            start, to = seconds(start), seconds(to)
            for zone in ('Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'UTC'):
                for unit in ('d', 'w', 'mo'):
                    for aggregate in AGGREGATES:
                        values = self.ask(point='lab/probe', start=start, to=to, step='1' + unit, zone=zone, aggregate=aggregate)[0]['values']
                        rows = expected(self.points['lab/probe'], start, to, Days(unit, zone), aggregate)
                        self.compare(values, rows, f'{zone} 1{unit} {aggregate}')
        berlin = self.ask(point='lab/probe', start=seconds('2026-03-28T23:00:00Z'), to=seconds('2026-03-30T22:00:00Z'), step='1d',
                          zone='Europe/Berlin', fill='previous')[0]['values']
        self.assertEqual([time for time, _ in berlin], ['2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'], 'a day of 23 hours')

    def test_hours_of_a_zone_keep_their_length(self):
        start, to = seconds('2026-10-24T00:00:00Z'), seconds('2026-10-27T00:00:00Z')
        values = self.ask(point='lab/probe', start=start, to=to, step='6h', zone='Europe/Berlin', fill='previous')[0]['values']
        self.compare(values, expected(self.points['lab/probe'], start, to, Hours(6, 1), 'mean', 'previous'), '6h in Berlin')

    def test_one_row_over_the_whole_range(self):
        start, to = seconds('2026-03-28T05:17:00Z'), seconds('2026-03-31T02:41:00Z')
        for aggregate in AGGREGATES:
            series = self.ask(point='lab/probe', start=start, to=to, aggregate=aggregate)[0]
            self.assertNotIn('step', series)
            self.assertEqual(len(series['values']), 1)
            inside = [r for r in self.points['lab/probe'] if start <= r[0] < to and r[2] in ('good', 'uncertain')]
            before = [r for r in self.points['lab/probe'] if r[0] < start and r[2] in ('good', 'uncertain')]
            want = answer(aggregate, [r[:2] for r in inside], len(inside), before[-1][:2], start, to)
            self.compare(series['values'], [(start, want)], aggregate)

    def test_texts(self):
        start, to = seconds('2026-03-28T00:00:00Z'), seconds('2026-03-29T00:00:00Z')
        series = self.ask(point='lab/state', start=start, to=to, step='12h', aggregate='first,last,count,mean')
        texts = [value for _, value, _ in self.points['lab/state']]
        self.assertEqual([[value for _, value in each['values']] for each in series],
                         [[texts[0], texts[9]], [texts[8], texts[17]], [9, 9], []])

    def test_csv_and_ndjson_say_the_same_as_json(self):
        question = {'point': 'lab/*', 'start': seconds('2026-03-28T00:00:00Z'), 'to': seconds('2026-03-30T00:00:00Z'), 'step': '20m',
                    'aggregate': 'last,stddev,count', 'fill': 'previous', 'limit': 100000}
        wanted = [(time, each['point'], each['aggregate'], value) for each in self.ask(**question) for time, value in each['values']]
        self.assertGreater(len(wanted), 800)
        text = self.daemon.call('GET', self.path(**question, format='csv')).body.decode()
        rows = list(csv.reader(io.StringIO(text, newline='')))
        self.assertEqual(rows[0], ['time', 'point', 'aggregate', 'value'])
        self.assertEqual([tuple(row) for row in rows[1:]],
                         [(t, p, a, v if isinstance(v, str) else json.dumps(v)) for t, p, a, v in wanted])
        lines = [json.loads(line) for line in self.daemon.call('GET', self.path(**question, format='ndjson')).body.splitlines()]
        self.assertEqual([(r['time'], r['point'], r['aggregate'], r['value']) for r in lines], wanted)

    def test_pages_join_to_the_whole(self):
        for fill in ('none', 'previous', 'linear'):
            question = {'point': 'lab/*', 'start': seconds('2026-03-28T00:07:00Z'), 'to': seconds('2026-03-30T00:00:00Z'), 'step': '1h',
                        'aggregate': 'mean,delta,time_weighted_mean', 'zone': 'Asia/Kolkata', 'fill': fill}
            whole = [(each['point'], each['aggregate'], *row) for each in self.ask(**question, limit=100000) for row in each['values']]
            joined, cursor = [], {}
            while cursor is not None:
                page = self.daemon.get(self.path(**question, limit=17, **cursor))
                rows = [(each['point'], each['aggregate'], *row) for each in page['series'] for row in each['values']]
                self.assertLessEqual(len(rows), 17)
                joined += rows
                cursor = {'cursor': page['next']} if page['next'] else None
            self.assertEqual(joined, whole, fill)

    def test_what_is_wrong_is_named(self):
        start, to = seconds('2026-03-28T00:00:00Z'), seconds('2026-03-30T00:00:00Z')
        for field, wishes, detail in (('step', {'step': '1fortnight'}, 'such as 15m'), ('zone', {'step': '1d', 'zone': 'Europe/Berln'}, 'IANA'),
                                      ('aggregate', {'step': '1d', 'aggregate': 'avg'}, 'time_weighted_mean'),
                                      ('fill', {'step': '1d', 'fill': 'zero'}, 'linear'), ('zone', {'zone': 'UTC'}, 'add step')):
            refused = self.daemon.call('GET', self.path('lab/*', start, to, **wishes))
            self.assertEqual((refused.status, refused.headers.get('Content-Type')), (400, 'application/problem+json'), refused)
            self.assertEqual(refused.json['field'], field, refused)
            self.assertIn(detail, refused.json['detail'])


if __name__ == '__main__':
    unittest.main()
