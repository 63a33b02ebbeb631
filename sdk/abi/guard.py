#!/usr/bin/env python3
"""Guards the plugin ABI. Every message says the mend.

  guard.py recorded          HISTORY.md, released/<version>/plugin.h and baseline.abi are those of today's plugin.h
  guard.py baseline LIBRARY  abidiff sees no change from baseline.abi to LIBRARY, the types of today's plugin.h
  guard.py same ONE OTHER    two headers are the same but for comments and spacing"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
HEADER = HERE.parent / 'include/myriad/plugin.h'
MEND = 'A change that is meant is recorded: raise MYRIAD_ABI_MINOR, add its row to sdk/abi/HISTORY.md and an abi_v1_<minor>.c, run sdk/abi/record.sh.'


def without_comments(file):
    """plugin.h has no comment signs inside its texts."""
    return re.sub(r'/\*.*?\*/', ' ', file.read_text(), flags=re.S).split()


def version_of(header):
    number = {name: re.search(rf'#define MYRIAD_ABI_{name} (\d+)u', header.read_text())[1] for name in ('MAJOR', 'MINOR')}
    return f"{number['MAJOR']}.{number['MINOR']}"


def first_difference(one, other):
    for n, (a, b) in enumerate(zip(one, other)):
        if a != b:
            return f"'{' '.join(one[max(0, n - 4):n + 4])}' became '{' '.join(other[max(0, n - 4):n + 4])}'"
    return f'{len(one)} words became {len(other)}'


def check_history(version):
    rows = re.findall(r'^\| (\d+\.\d+) \| (.+?) \|', (HERE / 'HISTORY.md').read_text(), re.M)
    if version not in dict(rows):
        yield f'sdk/abi/HISTORY.md has no row for {version}, which plugin.h says it is.'
    for folder in sorted(HERE.glob('released/*/')):
        if folder.name not in dict(rows):
            yield f'sdk/abi/HISTORY.md has no row for {folder.name}, which is in sdk/abi/released: add it'


def check_header(version):
    released = HERE / 'released' / version / 'plugin.h'
    if not released.exists():
        yield f'ABI {version} is not recorded: sdk/abi/released/{version}/plugin.h is missing.'
    elif (one := without_comments(released)) != (other := without_comments(HEADER)):
        yield f'plugin.h differs from ABI {version} as it was recorded: {first_difference(one, other)}.'


def check_baseline(version):
    text = (HERE / 'baseline.abi').read_text()
    named = re.search(r"soname='libmyriad_abi\.so\.([\d.]+)'", text)
    if not named or named[1] != version:
        yield f"sdk/abi/baseline.abi is that of ABI {named[1] if named else '?'}, plugin.h is {version}."
    if local := re.search(r"path='(/[^']*)'", text):
        yield f'sdk/abi/baseline.abi names {local[1]}, a path of the machine that recorded it: run sdk/abi/record.sh again'


def check_types():
    shown = set(re.findall(r'^SHOW\((\w+)\);', (HERE / 'types.c').read_text(), re.M))
    text = HEADER.read_text()
    for name in re.findall(r'^\} (myriad_\w+);', text, re.M) + re.findall(r'^struct (myriad_\w+) \{', text, re.M):
        if name not in shown:
            yield f'sdk/abi/types.c does not show {name}, so that abidiff does not see it: add SHOW({name});'


def recorded():
    version = version_of(HEADER)
    problems = [p for check in (check_history, check_header, check_baseline) for p in check(version)]
    problems += check_types()
    return problems + [MEND] if problems else []


def baseline(library):
    try:
        run = subprocess.run(['abidiff', '--no-architecture', '--harmless', HERE / 'baseline.abi', library], capture_output=True, text=True)
    except FileNotFoundError:
        return ['abidiff is missing, so that nothing was compared: install Debian package abigail-tools (./dev setup does)']
    return [f'{run.stdout}{run.stderr}The types of plugin.h differ from sdk/abi/baseline.abi.', MEND] if run.returncode else []


def same(one, other):
    words = [without_comments(pathlib.Path(name)) for name in (one, other)]
    return [] if words[0] == words[1] else [f'{one} and {other} differ: {first_difference(*words)}']


COMMANDS = {'recorded': recorded, 'baseline': baseline, 'same': same}
if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
    sys.exit(__doc__)
found = COMMANDS[sys.argv[1]](*sys.argv[2:])
for problem in found:
    print(problem)
sys.exit(1 if found else 0)
