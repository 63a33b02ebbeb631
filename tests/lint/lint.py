#!/usr/bin/env python3
"""Proves the house rules: layers, names, heavy headers, plugin folders. Every message says the mend."""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What each floor may include, besides itself. The order is that of the design: from the ground up.
FLOORS = {
    'base': [],
    'model': ['base'],
    'storage': ['base'],
    'spine': ['model', 'storage'],
    'historian': ['spine'],
    'registry': ['model', 'storage'],
    'security': ['storage'],
    'bus': ['model'],
    'plugin_runner': ['model'],
    'plugin_host': ['registry', 'spine', 'bus', 'plugin_runner'],
    'validator': ['plugin_host'],
    'edge': ['base'],
    'api': ['edge', 'security', 'plugin_host', 'historian', 'bus', 'registry', 'spine', 'model', 'storage', 'base'],
    'app': ['api', 'validator'],
}
# Header-heavy libraries and the only places that may include them.
HEAVY = {
    r'httplib\.h': r'core/api/.*\.(cpp|h)|core/app/.*\.cpp|tests/.*\.cpp',
    r'boost/dll.*': r'core/plugin_host/loader\.cpp',
    r'boost/asio.*': r'core/edge/.*',
    r'SQLiteCpp/.*': r'core/(storage|spine|historian|registry|security)/.*\.cpp|core/app/bench/baseline\.cpp|tests/.*\.cpp',
    r'cctz/.*': r'core/historian/steps\.cpp',
    r'valijson/.*': r'core/plugin_host/[a-z_]+\.cpp',
    r'libelf\.h|gelf\.h': r'core/validator/elf_file\.cpp',
    r'Poco/.*': r'core/(app|security)/.*\.cpp|core/api/multipart\.cpp',
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
problems = []


def problem(path, line, text):
    problems.append(f'{path.relative_to(ROOT)}:{line}: {text}')


def tracked(*patterns):
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def below(floor):
    """Every floor that `floor` may see."""
    seen, todo = set(), [floor]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += FLOORS[name]
    return seen


def check_core_include(path, line, kind, name):
    floor = path.relative_to(ROOT / 'core').parts[0]
    if floor not in FLOORS:
        problem(path, line, f"'{floor}' is no floor: use one of {', '.join(FLOORS)}, or add it to DESIGN and to tests/lint")
        return
    head = name.split('/')[0]
    if kind == '"' and head in FLOORS and head not in below(floor):
        problem(path, line, f'{floor}/ includes {name}, a floor it may not see: move what it needs down, or pass it in from app/')
    if 'plugins' in name.split('/'):
        problem(path, line, f'core includes the plugin file {name}: talk to plugins only through sdk/include/myriad/plugin.h')


def check_plugin_include(path, line, kind, name):
    if kind == '"' and not name.startswith('myriad/') and not (path.parent / name).exists():
        problem(path, line, f'a plugin includes {name}: include only its own folder and sdk/ (myriad/...)')


def check_heavy(path, line, name):
    for header, allowed in HEAVY.items():
        if re.fullmatch(header, name) and not re.fullmatch(allowed, path.relative_to(ROOT).as_posix()):
            problem(path, line, f'{name} is heavy to compile: include it only in {allowed}')


def check_includes():
    for path in tracked('*.cpp', '*.h', '*.hpp', '*.c'):
        text = path.read_text()
        place = path.relative_to(ROOT).parts[0]
        for match in INCLUDE.finditer(text):
            line, kind, name = line_of(text, match.start()), match[1], match[2]
            if place == 'core':
                check_core_include(path, line, kind, name)
            if place == 'plugins':
                check_plugin_include(path, line, kind, name)
            check_heavy(path, line, name)


def check_namespaces():
    """Folder = namespace: core/spine → myriad::spine, plugins/device/modbus → modbus."""
    for path in tracked('core/**/*.h', 'core/**/*.cpp', 'plugins/**/*.h', 'plugins/**/*.cpp'):
        parts = path.relative_to(ROOT).parts
        folder = parts[1] if parts[0] == 'core' else parts[2]
        text = path.read_text()
        wanted = {'myriad'} if folder == 'base' else {f'myriad::{folder}', folder} if parts[0] == 'core' else {folder}
        for match in re.finditer(r'^namespace ([\w:]+) \{', text, re.M):
            if match[1] == 'myriad' or match[1] == 'SQLite' or any(match[1] == w or match[1].startswith(w + '::') for w in wanted):
                continue
            if parts[0] == 'core' and folder == 'base' and match[1].startswith('myriad::'):
                continue
            problem(path, line_of(text, match.start()), f"namespace '{match[1]}' should be '{sorted(wanted)[-1]}' (its folder)")


def check_plugins():
    for manifest in tracked('plugins/*/*/manifest.json'):
        document = json.loads(manifest.read_text())
        folder, kind = manifest.parent.name, manifest.parent.parent.name
        for key, wanted in {'id': folder, 'kind': kind, 'library': folder + '.so'}.items():
            if document.get(key) != wanted:
                problem(manifest, 1, f"{key} is '{document.get(key)}', its folder says '{wanted}'")
        for name in ('README.md', 'sample.json', 'plugin.cpp', 'config.h'):
            if not (manifest.parent / name).exists():
                problem(manifest, 1, f'{name} is missing beside it: every plugin has one')
        for key in ('titles', 'descriptions'):
            for language in ('en', 'zh'):
                if language not in document.get(key, {}):
                    problem(manifest, 1, f'{key}.{language} is missing: the console shows it')


def check_private_places():
    """Nothing of a developer's machine belongs in the repository."""
    pattern = re.compile(r'/(?:home|Users)/[a-z]\w*/|(?<![\w.$}])' + re.escape(str(ROOT)) + r'\b')
    for path in tracked('*.cpp', '*.h', '*.hpp', '*.c', '*.py', '*.sh', '*.md', '*.json', '*.ts', '*.tsx', '*.txt', '*.cmake', 'dev'):
        if path == pathlib.Path(__file__).resolve():
            continue
        text = path.read_text(errors='replace')
        for match in pattern.finditer(text):
            problem(path, line_of(text, match.start()), f"'{match[0]}' is a path of one machine: use a relative path or a parameter")


for check in (check_includes, check_namespaces, check_plugins, check_private_places):
    check()
for text in problems:
    print(text)
print(f'lint: {len(problems)} problems' if problems else 'lint: fine')
sys.exit(1 if problems else 0)
