#!/usr/bin/env python3
"""myriad bench: one JSON object with every promised key, help that explains them, exit codes 0, 1 and 2. Sizes here are tiny: no figure is judged."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from peers import BUILD, wait_for

MYRIAD = str(BUILD / 'bin' / 'myriad')
QUERIES = ['query_day_raw_ms', 'query_day_minutes_ms', 'query_year_hours_ms', 'query_year_hours_50_ms']
FOOTPRINT = ['ready_ms', 'rss_mb', 'idle_cpu_percent', 'threads', 'ingest_rss_mb', 'ingest_readings_per_s']
INGEST = ['durable_readings_per_s', 'cpu_us_per_reading', 'bytes_per_reading', 'durable_p50_ms', 'durable_p99_ms', 'baseline_rows_readings_per_s',
          'baseline_chunks_readings_per_s', 'baseline_copy_readings_per_s', 'ratio_chunks', *QUERIES, *FOOTPRINT]


def bench(*args, **options):
    return subprocess.run([MYRIAD, 'bench', *args], capture_output=True, text=True, timeout=200, **options)


class Bench(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory(prefix='myriad-')
        self.addCleanup(self.home.cleanup)

    def left(self):
        return os.listdir(self.home.name)

    def figures(self, *args):
        done = bench(*args, '--json', '--dir', self.home.name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        self.assertNotIn('%', done.stderr, 'a bar for nobody')
        self.assertEqual(self.left(), [])
        return json.loads(done.stdout)

    def check(self, figures, keys):
        for key in keys:
            self.assertIn(key, figures)
            self.assertGreaterEqual(figures[key], 0, key)

    def test_ingest_has_every_key(self):
        figures = self.figures('ingest', '--readings', '20000', '--points', '20', '--days', '1')
        self.check(figures, INGEST)
        self.assertGreaterEqual(figures['readings'], 20000)
        self.assertGreater(figures['durable_readings_per_s'], 0)
        self.assertGreater(figures['bytes_per_reading'], 0)

    def test_ingest_alone_is_only_the_flow(self):
        figures = self.figures('ingest', '--readings', '5000', '--points', '7', '--alone')
        self.check(figures, ['durable_readings_per_s', 'cpu_us_per_reading', 'durable_p50_ms'])
        self.assertNotIn('baseline_chunks_readings_per_s', figures)

    def test_query(self):
        self.check(self.figures('query', '--days', '1'), QUERIES)

    def test_a_person_sees_a_table_and_how_far_it_is(self):
        done = bench('footprint', '--seconds', '1', '--points', '10', '--dir', self.home.name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('resident memory', done.stdout)
        self.assertIn('%', done.stderr)
        self.assertEqual(self.left(), [])

    def test_help_explains_each_figure(self):
        self.assertIn('ingest|query|footprint', bench('--help').stdout)
        for command, keys in {'ingest': [k for k in INGEST if k not in QUERIES + FOOTPRINT and not k.startswith('ratio')], 'query': QUERIES,
                              'footprint': FOOTPRINT}.items():
            done = bench(command, '--help')
            self.assertEqual(done.returncode, 0)
            for key in keys:
                self.assertIn(key, done.stdout)

    def test_misuse_is_2_and_says_the_remedy(self):
        for args, said in {('',): 'ingest, query or footprint', ('speed',): 'ingest, query or footprint', ('ingest', '--points', '0'): 'from 1 to',
                           ('ingest', '--points', 'many'): 'from 1 to', ('query', '--readings', '5'): 'myriad bench query --help',
                           ('ingest', 'fast'): 'options start with --'}.items():
            done = bench(*[a for a in args if a])
            self.assertEqual(done.returncode, 2, args)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stdout, '')

    def test_failure_is_1_and_says_the_remedy(self):
        done = bench('ingest', '--dir', str(pathlib.Path(self.home.name) / 'missing'))
        self.assertEqual(done.returncode, 1)
        self.assertIn('--dir', done.stderr)

    def test_an_interrupt_leaves_nothing_behind(self):
        running = subprocess.Popen([MYRIAD, 'bench', 'ingest', '--json', '--dir', self.home.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        wait_for(self.left, 'the temporary folder')
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(20), 130)
        self.assertEqual(self.left(), [])
        running.stdout.close()
        running.stderr.close()


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v'])
