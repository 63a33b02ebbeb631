"""However the daemon ends, the processes of its isolated plugins end with it, also those that hang; the next daemon runs
the same instances again, and what they publish goes on."""
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'integration'))
from peers import BUILD, Daemon, wait_for, workplace  # noqa: E402

INSTANCES = [
    {'id': 'steady', 'plugin': 'fickle', 'config': {'thing': 'steady', 'interval_ms': 20}, 'isolation': 'process'},
    {'id': 'stuck', 'plugin': 'hangs_in_poll', 'config': {'thing': 'stuck', 'interval_ms': 20}, 'isolation': 'process'},
]


def is_running(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def children_of(pid):
    found = set()
    for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
        found.update(int(child) for child in (task / 'children').read_text().split())
    return found


class Children(unittest.TestCase):
    def test_end_with_the_daemon(self):
        with workplace() as (folder, running):
            counted = -1
            for number, ends in enumerate([signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, None]):
                daemon = Daemon(folder, '--plugins', str(BUILD / 'broken_plugins'))
                running.append(daemon)
                for instance in INSTANCES if number == 0 else []:
                    daemon.create(instance)
                children = wait_for(lambda: len(children_of(daemon.pid)) == 2 and children_of(daemon.pid), 'two processes of plugins')
                wait_for(lambda: daemon.get('/instances/stuck')['stats']['polls'] > 0, 'the stuck one to hang')
                before = counted
                counted = wait_for(lambda: self.count_beyond(daemon, before), 'more readings than before')
                if ends is None:
                    break
                daemon.child.send_signal(ends)
                daemon.child.wait(20)
                wait_for(lambda: not any(map(is_running, children)), f'the end of processes {children} after {ends.name}')

    @staticmethod
    def count_beyond(daemon, before):
        readings = daemon.get('/system')['spine']['end']
        return readings if readings > before + 5 else None


if __name__ == '__main__':
    unittest.main(verbosity=2)
