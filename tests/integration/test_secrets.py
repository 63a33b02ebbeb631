"""Secrets as an administrator meets them: the commands that docs/operations.md tells, the prompt on a terminal, a restart,
a key that is lost, and what a plugin is given."""
import os
import pathlib
import pty
import re
import select
import subprocess
import termios
import time
import unittest

from peers import BUILD, ROOT, Daemon, wait_for, workplace

VALUE = 'hunter2 hunter2'


def read_until(fd, text, limit=20):
    """What the terminal shows, until `text` or its end."""
    seen, end = '', time.monotonic() + limit
    while text not in seen:
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            raise AssertionError(f'{text!r} does not come: {seen!r}')
        try:
            piece = os.read(fd, 4096)
        except OSError:  # the program has ended
            return seen
        seen += piece.decode()
    return seen


class Secrets(unittest.TestCase):
    def setUp(self):
        place = workplace()
        self.folder, self.running = place.__enter__()
        self.addCleanup(place.__exit__, None, None, None)
        self.start()

    def start(self, *options):
        self.daemon = Daemon(self.folder, *options)
        self.running.append(self.daemon)
        self.environment = {**os.environ, 'MYRIAD_URL': self.daemon.url, 'MYRIAD_TOKEN': self.daemon.sign_in(),
                            'PATH': f'{BUILD}/bin:{os.environ["PATH"]}'}

    def names(self):
        return [item['name'] for item in self.daemon.get('/secrets')['items']]

    def set(self, name, value=VALUE):
        said = subprocess.run(['myriad', 'secret', 'set', name, '--instance', '*'], input=value.encode(), env=self.environment,
                              capture_output=True, timeout=60)
        self.assertEqual(said.returncode, 0, said)

    def type(self, *answers):
        """`myriad secret set typed` on a terminal: its exit code, what was seen, and whether the terminal echoes after it."""
        child, fd = pty.fork()
        if child == 0:
            os.execvpe('myriad', ['myriad', 'secret', 'set', 'typed', '--instance', '*'], self.environment)
        seen = ''
        for prompt, answer in zip(('Value of typed: ', 'The same again: '), answers):
            seen += read_until(fd, prompt)
            time.sleep(0.1)  # the echo goes off just after the prompt
            os.write(fd, answer.encode())
        seen += read_until(fd, 'no such text')
        echoes = bool(termios.tcgetattr(fd)[3] & termios.ECHO)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(fd)
        return status, seen, echoes

    def test_the_commands_of_the_guide(self):
        blocks = re.findall(r'^```sh\n(.*?)^```$', (ROOT / 'docs/operations.md').read_text(), re.M | re.S)
        self.assertTrue(blocks)
        (self.folder / 'password.txt').write_text(VALUE + '\n')
        said = subprocess.run(['bash', '-euxo', 'pipefail', '-c', '\n'.join(blocks)], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(said.returncode, 0, said)
        self.assertIn('plc-password  for plc-1, line-*', said.stdout)
        self.assertNotIn(VALUE, said.stdout + said.stderr)
        self.assertEqual(self.names(), [])

    def test_an_instance_is_given_what_is_for_it_in_either_home(self):
        self.assertEqual(self.daemon.end(), 0)
        self.start('--plugins', str(BUILD / 'broken_plugins'))
        for home in ('in_process', 'process'):
            config = {'thing': home, 'poll': 'everything', 'interval_ms': 100}
            made = self.daemon.call('POST', '/instances', {'id': home, 'plugin': 'talker', 'isolation': home, 'config': config})
            self.assertEqual(made.status, 201, made)
        put = self.daemon.call('PUT', '/secrets/word', {'value': 'not theirs', 'instances': ['others-*']})
        self.assertEqual(put.status, 201, put)
        def values(home, name):
            return [value for series in self.daemon.get(f'/history?point={home}/{name}*')['series'] for _, value, *_ in series['values']]

        for home in ('in_process', 'process'):
            wait_for(lambda: f'`myriad secret set word --instance {home}`' in str(self.daemon.get(f'/instances/{home}')['last_error']),
                     'the mend in last_error')
            self.assertEqual(values(home, 'secret'), [])
        self.set('word', 'sesame')
        for home in ('in_process', 'process'):
            wait_for(lambda: len(values(home, 'secret')) > 2, 'its secret')
            self.assertEqual(set(values(home, 'secret')), {'sesame'})
            wait_for(lambda: max(values(home, 'remembered'), default=0) > 0, 'its history')
            self.assertNotIn('sesame', str(self.daemon.get(f'/instances/{home}/logs')))

    def test_a_terminal_shows_no_value(self):
        code, seen, echoes = self.type(VALUE + '\n', VALUE + '\n')
        self.assertEqual(code, 0, seen)
        self.assertIn('typed is set, for *', seen)
        self.assertNotIn('hunter2', seen)
        self.assertTrue(echoes)
        self.assertEqual(self.names(), ['typed'])

    def test_a_terminal_asks_twice_and_may_be_left(self):
        for answers, words in (((VALUE + '\n', 'hunter3\n'), 'the two values differ'), (('\n', '\n'), 'the value is empty'),
                               (('hunt\x03',), 'the terminal gave no value')):
            code, seen, echoes = self.type(*answers)
            self.assertEqual(code, 1, seen)
            self.assertIn(words, seen)
            self.assertNotIn('hunt', seen)
            self.assertTrue(echoes, 'the terminal echoes again')
        self.assertEqual(self.names(), [])

    def test_nothing_in_the_data_directory_or_the_log_shows_it(self):
        self.set('plc')
        self.assertEqual(self.daemon.end(), 0)
        for file in pathlib.Path(self.folder).rglob('*'):
            if file.is_file():
                self.assertNotIn(b'hunter2', file.read_bytes(), file)

    def test_a_lost_key_is_told_and_stops_nobody(self):
        self.set('plc')
        self.assertEqual(self.daemon.end(), 0)
        key = self.folder / 'data/keys/secrets.key'
        self.assertEqual((key.stat().st_mode & 0o777, key.stat().st_size), (0o600, 32))
        key.unlink()
        self.start()
        self.assertEqual(self.names(), ['plc'])
        about = next(file for file in self.daemon.get('/system')['integrity'] if file['file'] == 'secrets.db')
        self.assertEqual(about['state'], 'damaged')
        for text in (about['detail'], self.daemon.output()):
            self.assertIn('secrets.key is missing: restore it from where it was kept', text)
        self.set('plc')
        self.assertEqual(key.stat().st_size, 32)


if __name__ == '__main__':
    unittest.main(verbosity=2)
