#!/usr/bin/env python3
"""Runs the ```sh blocks of a Markdown file, in order, as one shell session: run_readme.py FILE. Ports are free ones and
data goes to a temporary folder, through the variables that the file lets its reader set."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from peers import ROOT, free_port

text = pathlib.Path(sys.argv[1]).read_text()
blocks = re.findall(r'^```sh\n(.*?)^```$', text, re.M | re.S)
if not blocks:
    sys.exit(f'{sys.argv[1]} has no ```sh block: nothing would be tested')
with tempfile.TemporaryDirectory(prefix='myriad-') as folder:
    environment = {**os.environ, 'METER_PORT': str(free_port()), 'PORT': str(free_port()), 'DATA': folder + '/data', 'WORK': folder}
    script = 'set -euxo pipefail\n' + '\n'.join(blocks)
    # A session of its own, so that what the blocks left in the background ends with it.
    shell = subprocess.Popen(['bash', '-c', script], cwd=ROOT, env=environment, start_new_session=True, stdin=subprocess.DEVNULL)
    try:
        code = shell.wait(240)
    finally:
        with contextlib.suppress(ProcessLookupError):  # nothing was left
            os.killpg(shell.pid, signal.SIGTERM)
    sys.exit(code)
