"""A Modbus server on pymodbus for the tests. Prints its port (or the serial device) on stdout when it listens.

    server.py MODEL.json --port 0          Modbus TCP on 127.0.0.1
    server.py MODEL.json --serial /dev/x   Modbus RTU, 9600 8N1

MODEL.json: {"units": {"1": {"holding": {"0": [1, 2, 3], "40": 7}, "coil": {...}, "discrete_input": {...},
"input": {...}}}, "ignore_missing": false, "mask_write": true}. Addresses that are not named answer "illegal data
address". "mask_write": false makes function code 22 an illegal function.
"""
import argparse
import asyncio
import json

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer


def block(cells):
    return ModbusSparseDataBlock({int(address): values for address, values in (cells or {}).items()})


def slave(model):
    return ModbusSlaveContext(
        co=block(model.get("coil")),
        di=block(model.get("discrete_input")),
        hr=block(model.get("holding")),
        ir=block(model.get("input")),
        zero_mode=True,
    )


def forget_mask_write(server):
    # The decoder's tables are shared by all decoders of the class; this process has one.
    lookup = server.decoder._ServerDecoder__lookup  # pylint: disable=protected-access
    lookup.pop(22, None)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--port", type=int)
    parser.add_argument("--serial")
    args = parser.parse_args()
    with open(args.model, encoding="utf-8") as file:
        model = json.load(file)
    context = ModbusServerContext({int(unit): slave(cells) for unit, cells in model["units"].items()}, single=False)
    options = {"ignore_missing_slaves": model.get("ignore_missing", False)}
    if args.serial:
        server = ModbusSerialServer(
            context, ModbusRtuFramer, port=args.serial, baudrate=9600, parity="N", bytesize=8, stopbits=1, **options
        )
        await server.start()
    else:
        server = ModbusTcpServer(
            context, ModbusSocketFramer, address=("127.0.0.1", args.port), allow_reuse_address=True, **options
        )
    if not model.get("mask_write", True):
        forget_mask_write(server)
    serving = asyncio.ensure_future(server.serve_forever())
    if not args.serial:
        await server.serving
    print(args.serial or server.server.sockets[0].getsockname()[1], flush=True)
    await serving


asyncio.run(main())
