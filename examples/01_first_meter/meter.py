"""A Modbus TCP meter on pymodbus 3.0: `meter.py PORT`. Holding registers 0 and 1 hold a float32 (big endian) that
moves between 229 and 231 every 100 ms; the other registers hold their own address; all coils are writable."""
import asyncio
import math
import struct
import sys
import time

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncTcpServer


async def move(slave):
    while True:
        voltage = 230 + math.sin(time.monotonic())
        slave.setValues(3, 0, list(struct.unpack('>HH', struct.pack('>f', voltage))))
        await asyncio.sleep(0.1)


async def main(port):
    block = lambda: ModbusSequentialDataBlock(0, list(range(2000)))
    slave = ModbusSlaveContext(di=ModbusSequentialDataBlock(0, [0, 1] * 1000), co=ModbusSequentialDataBlock(0, [False] * 2000), hr=block(),
                               ir=block(), zero_mode=True)
    moving = asyncio.ensure_future(move(slave))
    await StartAsyncTcpServer(ModbusServerContext(slaves=slave, single=True), address=('127.0.0.1', port))
    await moving


asyncio.run(main(int(sys.argv[1])))
