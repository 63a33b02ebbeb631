"""The console in a real browser, on the real daemon and a real Modbus server: first_meter.mjs does the clicking."""
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'integration'))
from peers import PASSWORD, Daemon, ModbusServer, workplace  # noqa: E402


class Console(unittest.TestCase):
    def test_add_the_first_meter_through_its_form(self):
        with workplace() as (folder, running):
            meter = ModbusServer(folder)
            running.append(meter)
            daemon = Daemon(folder)
            running.append(daemon)
            shots = folder / 'screenshots'
            done = subprocess.run(['node', str(HERE / 'first_meter.mjs'), '--url', daemon.url, '--password', PASSWORD, '--modbus-port', str(meter.port),
                                   '--screenshots', str(shots)], capture_output=True, text=True, timeout=240)
            self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:] + daemon.output()[-2000:])
            value = daemon.value('meter/voltage')
            self.assertEqual(value['quality'], 'good')


if __name__ == '__main__':
    unittest.main(verbosity=2)
