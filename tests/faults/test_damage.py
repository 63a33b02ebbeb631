"""A page of garbage in a database, and a database that ends too early: the daemon starts, says which file is damaged in
/system and in the log, and the rest serves. For each of the files."""
import collections
import pathlib
import random
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from ledger import Ledger, rows, stamp  # noqa: E402
from peers import PASSWORD, Daemon, wait_for, workplace  # noqa: E402

FILES = ('registry.db', 'security.db', 'secrets.db', 'spine.db', 'history.db')
THINGS, READINGS, TIMES = 60, 400, 40


def settle_file(file):
    """Everything of the write-ahead log into the file, as a stop leaves it."""
    with sqlite3.connect(file) as db:
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    for ending in ('-wal', '-shm'):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def pages(file):
    """Page size, and the numbers (from 1) of the pages of a table's rows, by their content."""
    data = file.read_bytes()
    size = int.from_bytes(data[16:18], 'big')
    size = 65536 if size == 1 else size
    leaves = [n + 1 for n in range(1, len(data) // size) if data[n * size] == 0x0D and int.from_bytes(data[n * size + 3:n * size + 5], 'big')]
    return size, leaves


def spoil_a_page(file):
    size, leaves = pages(file)
    page = leaves[len(leaves) // 2]
    with open(file, 'r+b') as out:
        out.seek((page - 1) * size)
        out.write(random.Random(5).randbytes(size))


def cut(file):
    size, _ = pages(file)
    whole = file.stat().st_size // size
    with open(file, 'r+b') as out:
        out.truncate((whole * 2 // 3) * size + size // 2)


class Damage(unittest.TestCase):
    def prepare(self, folder, running):
        """A site with Things, sign-ins, and a history of several points, stopped."""
        daemon = Daemon(folder)
        running.append(daemon)
        daemon.sign_in()
        for n in range(THINGS):
            daemon.call('PUT', f'/secrets/secret-{n}', {'value': 'x' * 300, 'instances': ['*']})
        for n in range(3):
            daemon.call('POST', '/auth/login', {'username': 'admin', 'password': PASSWORD}, token=False)
        ledgers = [Ledger(f'damage-{n}/value') for n in range(THINGS)]
        self.sent = collections.defaultdict(set)
        chance = random.Random(3)
        for _ in range(TIMES):
            lines, sent = [], []
            for ledger in ledgers:
                part = ledger.draw(chance, READINGS // TIMES)
                ledger.send(part)
                sent.append((ledger, part))
                for s, v in part:
                    self.sent[ledger.point, s].add(v)
                lines += [f'{{"point":"{ledger.point}","time":"{stamp(s)}","value":{v}}}' for s, v in part]
            answer = daemon.call('POST', '/readings', '\n'.join(lines), {'Content-Type': 'application/x-ndjson'})
            self.assertEqual((answer.status, answer.json['refused']), (202, 0))
            for ledger, part in sent:
                ledger.answer(part, True)
        token = daemon.token
        self.assertEqual(daemon.end(), 0)
        for name in FILES:
            settle_file(folder / 'data' / name)
        return ledgers, token

    def state_of(self, daemon, name):
        entries = {pathlib.Path(entry['file']).name: entry for entry in daemon.get('/system')['integrity']}
        self.assertEqual(set(entries), set(FILES))
        return entries[name]

    def check_that_it_is_told(self, daemon, name):
        found = wait_for(lambda: (entry := self.state_of(daemon, name))['state'] == 'damaged' and entry, f'{name} found damaged', 30)
        self.assertTrue(found['detail'])
        for other in set(FILES) - {name}:
            wait_for(lambda: self.state_of(daemon, other)['state'] == 'ok', f'{other} found well', 30)
        told = [line for line in daemon.output().splitlines() if name in line and 'damaged' in line]
        self.assertTrue(told, f'the log names {name}:\n{daemon.output()[-2000:]}')

    def check_that_the_rest_serves(self, daemon, ledgers, name):
        self.assertEqual(daemon.call('GET', '//readyz', token=False).status, 200)
        fresh = daemon.call('POST', '/readings', {'readings': [{'point': 'damage-0/value', 'time': stamp(10**7), 'value': 4711}]})
        self.assertEqual(fresh.status, 202, fresh)
        wait_for(lambda: (10**7, 4711) in rows(daemon, 'damage-0/value', 10**7 - 1, 10**7 + 1), 'the new reading in history')
        whole = 0
        for ledger in ledgers:
            found = dict(rows(daemon, ledger.point, 0, 10**6))
            invented = [s for s, v in found.items() if v not in self.sent[ledger.point, s]]
            self.assertEqual(invented, [], f'{ledger.point}: nothing is answered that was not sent')
            whole += found == ledger.told
        if name != 'history.db':
            self.assertEqual(whole, len(ledgers), 'all of history, since its file is well')
        self.assertGreater(whole, 0, 'damage does not take everything')

    def damaged(self, name, spoil):
        with workplace() as (folder, running):
            ledgers, token = self.prepare(folder, running)
            spoil(folder / 'data' / name)
            daemon = Daemon(folder)
            running.append(daemon)
            daemon.token = token  # accounts may be what is damaged
            self.check_that_it_is_told(daemon, name)
            self.check_that_the_rest_serves(daemon, ledgers, name)
            # It is still told, and still serves, after the next start.
            self.assertEqual(daemon.end(), 0)
            daemon = Daemon(folder)
            running.append(daemon)
            daemon.token = token
            self.check_that_the_rest_serves(daemon, ledgers, name)


for file_name in FILES:
    for how in (spoil_a_page, cut):
        def test(self, file_name=file_name, how=how):
            self.damaged(file_name, how)
        setattr(Damage, f'test_{how.__name__}_of_{file_name.removesuffix(".db")}', test)


if __name__ == '__main__':
    unittest.main(verbosity=2)
