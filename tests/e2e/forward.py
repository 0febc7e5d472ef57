#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""forward.py PORT HOST:PORT: hands each connection to 127.0.0.1:PORT on, until it is ended. A broker that was away comes back."""
import asyncio
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


async def forward(reader, writer):
    host, port = sys.argv[2].rsplit(":", 1)
    there, back = await asyncio.open_connection(host, int(port))
    await asyncio.gather(copy(reader, back), copy(there, writer), return_exceptions=True)


async def main():
    server = await asyncio.start_server(forward, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
