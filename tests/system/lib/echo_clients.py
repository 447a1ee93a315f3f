# SPDX-License-Identifier: MIT
"""Clients of an echo server, many at once: a program that tests start in a
network namespace (lib/namespace.py), where Linux's TCP is the other side.

    echo_clients.py ADDRESS PORT many N BYTES    all connect, then all send
    echo_clients.py ADDRESS PORT slow N BYTES    ... and read later
    echo_clients.py ADDRESS PORT reset N BYTES   ... and reset, not reading
    echo_clients.py ADDRESS PORT full N MORE     N stay, MORE come then
    echo_clients.py ADDRESS PORT sink BYTES      not a client: takes connections
                                                 there until they close

Prints one line of JSON: how many ended how, and the seconds that took.
"""

import asyncio
import collections
import json
import os
import socket
import struct
import sys
import time

LIMIT = 100         # seconds, of anything
SLOWEST = 400_000   # ... and of bytes in a second
SLOW = 3            # seconds without reading


class Clients:
    def __init__(self, address, port):
        self.where = address, port
        self.ended = collections.Counter()

    async def connect(self, n):
        """n connections at once; those that came about."""
        made = await asyncio.gather(
            *(asyncio.wait_for(asyncio.open_connection(*self.where), LIMIT)
              for _ in range(n)), return_exceptions=True)
        for one in made:
            if isinstance(one, BaseException):
                self.ended[type(one).__name__] += 1
        return [one for one in made if not isinstance(one, BaseException)]

    async def send(self, writer, data, whole=True):
        writer.write(data)
        await writer.drain()
        if whole:
            writer.write_eof()

    async def echo(self, pair, size, wait=0, whole=True):
        """Does the same come back, and with whole, the end behind it?"""
        reader, writer = pair
        data = os.urandom(size)
        sending = asyncio.create_task(self.send(writer, data, whole))
        try:
            await asyncio.sleep(wait)
            async with asyncio.timeout(LIMIT + size / SLOWEST):
                same = await reader.readexactly(size) == data
                if whole:
                    same = same and await reader.read() == b""
                await sending
            self.ended["same" if same else "other"] += 1
        except (OSError, EOFError, TimeoutError) as error:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            self.ended[type(error).__name__] += 1
        if whole:
            writer.close()

    async def many(self, n, size, wait=0):
        pairs = await self.connect(n)
        await asyncio.gather(*(self.echo(p, size, wait) for p in pairs))

    async def slow(self, n, size):
        await self.many(n, size, SLOW)

    async def reset(self, n, size):
        for _, writer in await self.connect(n):
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           struct.pack("ii", 1, 0))
            writer.write(os.urandom(size))
            await asyncio.sleep(0.01)
            writer.transport.abort()
            self.ended["reset"] += 1

    async def full(self, n, more):
        pairs = await self.connect(n)
        for late in range(2):
            await asyncio.gather(*(self.echo(p, 5, whole=False)
                                   for p in pairs))
            for one in await self.connect(0 if late else more):
                await self.echo(one, 1)
        await asyncio.gather(*(self.echo(p, 5) for p in pairs))

    async def sink(self, size):
        async def take(reader, writer):
            while await reader.read(size):
                pass
            writer.close()
        server = await asyncio.start_server(take, *self.where)
        await server.serve_forever()


async def main():
    address, port, what, *numbers = sys.argv[1:]
    clients = Clients(address, int(port))
    start = time.monotonic()
    await getattr(clients, what)(*map(int, numbers))
    print(json.dumps({**clients.ended,
                      "seconds": round(time.monotonic() - start, 2)}))


if __name__ == "__main__":
    asyncio.run(main())
