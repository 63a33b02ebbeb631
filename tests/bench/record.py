#!/usr/bin/env python3
"""Prints the record of spine and historian: each bar beside what was measured, with the bare baseline of the same run.

  record.py [--nab FOLDER] [--long] [--dir FOLDER]

--nab: a folder with CSV files of the Numenta Anomaly Benchmark (the one in tests/data). --long: 100,000 points for ten minutes, not one.
Nothing here fails a build: machines differ, and a bar missed should be seen, not hidden.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('MYRIAD_BUILD', ROOT / 'build'))
GROWTH = (1_000, 10_000, 100_000)


def run(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f'record.py: {command[0]} ended with {done.returncode}')
    return json.loads(done.stdout)


def bench(options, *args):
    return run(BUILD / 'bin' / 'myriad', 'bench', *args, '--json', *(['--dir', options.dir] if options.dir else []))


def row(what, measured, bar, met, baseline=''):
    value = 'not measured' if measured is None else f'{measured:,.3f}' if measured < 100 else f'{measured:,.0f}'
    word = '' if measured is None else 'met' if met(measured) else 'MISSED'
    print(f'{what:58} {value:>14} {bar:>14} {word:7} {baseline}', flush=True)


def at_most(bar):
    return f'<= {bar:,}', lambda value: value <= bar


def at_least(bar):
    return f'>= {bar:,}', lambda value: value >= bar


def flow_and_size(f):
    rows, chunks, copy = (f[f'baseline_{name}_readings_per_s'] for name in ('rows', 'chunks', 'copy'))
    row('durable readings/s (1,000 points, batches of 256)', f['durable_readings_per_s'], *at_least(6_000_000))
    row('  over the same chunks written straight to SQLite', f['ratio_chunks'], *at_least(0.4), f'{chunks:,.0f}/s')
    print(f'{"  over those chunks, already encoded, only copied":58} {f["ratio_copy"]:>14,.3f} {"":>14} {"":7} {copy:,.0f}/s')
    print(f'{"  over a row for each reading":58} {f["ratio_rows"]:>14,.3f} {"":>14} {"":7} {rows:,.0f}/s')
    row('CPU us a durable reading', f['cpu_us_per_reading'], *at_most(0.25))
    row('publish to durable at half the rate, p50 ms', f['durable_p50_ms'], *at_most(25))
    row('publish to durable at half the rate, p99 ms', f['durable_p99_ms'], *at_most(45))
    row('bytes a reading: 1,000 points at 1 Hz, jitter, 2 decimals', f['bytes_per_reading'], *at_most(1.8))


def queries(f):
    for key, what, bar in (('day_raw', 'a day at 1 Hz, raw as JSON, ms', 20), ('day_minutes', 'a day at 1 Hz as 1-min means, ms', 3),
                           ('year_hours', '1 h means over a year of 1-min data, ms', 5), ('year_hours_50', 'the same of 50 points, ms', 100)):
        local = f.get(f'local_{key}_ms')
        row(what, f.get(f'query_{key}_ms'), *at_most(bar), '' if local is None else f'{local:,.2f} ms in the process')


def recordings(folder):
    sizes = run(BUILD / 'bin' / 'size_bench', '--nab', folder, '--json')
    for name, each in sizes['sets'].items():
        print(f'  {name:56} {each["bytes_per_reading"]:>14,.3f} {"":>14} {"":7} {each["readings"]:,} readings; alone in a file {each["file_bytes"]:,} B')
    row(f'bytes a reading: recorded sets ({len(sizes["sets"])}), mean', sizes['mean_bytes_per_reading'], *at_most(3.8),
        f'all in one file, with its empty {sizes["empty_bytes"]:,.0f} B: {sizes["together_bytes_per_reading"]:,.2f}')


def growth(options):
    print('\npoints    readings/s    CPU us a reading    resident MB (whole process)    bytes a reading in the log')
    costs = []
    for points in GROWTH:
        f = bench(options, 'ingest', '--alone', '--points', points)
        costs.append(f['cpu_us_per_reading'])
        print(f'{points:>7,} {f["durable_readings_per_s"]:>13,.0f} {costs[-1]:>19.3f} {f["flow_rss_mb"]:>30.1f} {f["spine_bytes_per_reading"]:>29.2f}', flush=True)
    row('CPU a reading at 100,000 points over that at 1,000', costs[-1] / costs[0], *at_most(2))


def footprint(options):
    f = bench(options, 'footprint', '--points', 100_000, '--seconds', 600 if options.long else 60)
    row('resident MB while storing 100,000 points', f['ingest_rss_mb'], *at_most(300), f'{f["ingest_readings_per_s"]:,.0f} readings/s')
    row('  its growth, last fifth of the time over the second, MB', f['ingest_growth_mb'], *at_most(10))
    row('bytes a point for its name and latest value', f.get('latest_bytes_per_point'), *at_most(200))
    row('ready after start, ms', f['ready_ms'], *at_most(150))
    row('idle: resident MB', f['rss_mb'], *at_most(20))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--nab', default=ROOT / 'tests/data/nab')
    parser.add_argument('--long', action='store_true')
    parser.add_argument('--dir')
    options = parser.parse_args()
    f = bench(options, 'ingest')
    print(f'on {f["file_system"]}, {os.cpu_count()} cores')
    print(f'{"":58} {"measured":>14} {"bar":>14} {"":7} baseline of the same run')
    flow_and_size(f)
    recordings(options.nab)
    queries(f)
    footprint(options)
    growth(options)


main()
