"""A server of the simple dialect: `set` stores a value under a key, `get` retrieves it.

    python3 server.py PORT

It listens on 127.0.0.1 only; all connections share one store. Each connection is a coroutine, whose
state is the place where it waits: it awaits a line, awaits a value, or skips, in `serve_requests`.
"""

import asyncio
import re
import sys
from typing import NamedTuple

LINE_LIMIT = 262_144  # bytes before the LF
VALUE_LIMIT = 1_048_576
COUNT_MAX = 2**64 - 1
CHUNK = 65_536  # the number of bytes skipped, or sent, at a time

KEY = re.compile(rb"[A-Za-z0-9_-]+")

STORED = b"STORED\n"
END = b"END\n"
ERROR = b"ERROR\n"
LINE_TOO_LONG = b"CLIENT_ERROR the line is too long\n"
CARRIAGE_RETURN = b"CLIENT_ERROR the line ends with CR LF, not with LF\n"
BAD_COUNT = b"CLIENT_ERROR the count is not made of decimal digits\n"
BAD_KEY = b"CLIENT_ERROR a key has a byte that no key has\n"
BAD_BLOCK_END = b"CLIENT_ERROR the data block is not followed by LF\n"
VALUE_TOO_LARGE = b"SERVER_ERROR the value is too large\n"

store: dict[bytes, bytes] = {}


class Get(NamedTuple):
    keys: list[bytes]


class Set(NamedTuple):
    key: bytes
    n: int


class Rejected(NamedTuple):
    reply: bytes
    block: int | None = None  # the n of the data block to skip, if there is one


def parse(line: bytes) -> Get | Set | Rejected:
    """Parse a command line, without its LF. The checks are in the order of `errors/order`."""
    carriage_return = line.endswith(b"\r")
    if carriage_return:
        line = line[:-1]
    words = [word for word in line.split(b" ") if word]  # split() would also split at tabs
    is_get = words[:1] == [b"get"] and len(words) > 1
    is_set = words[:1] == [b"set"] and len(words) == 3
    n = read_count(words[2]) if is_set else None

    if carriage_return:
        return Rejected(CARRIAGE_RETURN, n)
    if is_get:
        keys = words[1:]
        return Get(keys) if all(map(KEY.fullmatch, keys)) else Rejected(BAD_KEY)
    if not is_set:
        return Rejected(ERROR)
    if n is None:
        return Rejected(BAD_COUNT)
    if n > VALUE_LIMIT:
        return Rejected(VALUE_TOO_LARGE, n)
    if not KEY.fullmatch(words[1]):
        return Rejected(BAD_KEY, n)
    return Set(words[1], n)


def read_count(word: bytes) -> int | None:
    if not word.isdigit():  # ASCII digits only, as these are bytes
        return None
    digits = word.lstrip(b"0") or b"0"
    if len(digits) > len(str(COUNT_MAX)):  # int() is slow for many digits, and rejects very many
        return COUNT_MAX
    return min(int(digits), COUNT_MAX)


async def serve_requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one request after another. Raises IncompleteReadError at the end of the stream."""
    while True:
        # Let other clients run, even if this one sends many requests at once.
        await asyncio.sleep(0)

        # Awaiting a line. The reader raises an error at the first byte past its limit.
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            await send(writer, LINE_TOO_LONG)
            await skip_through_lf(reader)
            continue

        match parse(line[:-1]):
            case Get(keys):
                await send_values(writer, keys)
            case Set(key, n):
                # Awaiting a value, and then the byte that has to be LF.
                value = await reader.readexactly(n)
                if await reader.readexactly(1) == b"\n":
                    store[key] = value
                    await send(writer, STORED)
                else:
                    await send(writer, BAD_BLOCK_END)
                    await skip_through_lf(reader)
            case Rejected(reply, block):
                await send(writer, reply)
                if block is not None:
                    await skip_bytes(reader, block)
                    await skip_through_lf(reader)


async def skip_bytes(reader: asyncio.StreamReader, n: int) -> None:
    while n > 0:
        n -= len(await reader.readexactly(min(n, CHUNK)))


async def skip_through_lf(reader: asyncio.StreamReader) -> None:
    while True:
        try:
            await reader.readuntil(b"\n")
            return
        except asyncio.LimitOverrunError as overrun:  # discard what was searched, and continue
            await reader.readexactly(overrun.consumed)


async def send_values(writer: asyncio.StreamWriter, keys: list[bytes]) -> None:
    # Look up all keys before the first await: other connections may set them in the meantime.
    hits = [(key, store[key]) for key in keys if key in store]
    reply = bytearray()
    for key, value in hits:
        reply += b"VALUE %b %d\n%b\n" % (key, len(value), value)
        if len(reply) >= CHUNK:  # a short line can request more than fits into memory
            await send(writer, reply)
            reply = bytearray()
    await send(writer, reply + END)


async def send(writer: asyncio.StreamWriter, reply: bytes | bytearray) -> None:
    writer.write(reply)
    await writer.drain()  # do not read from a client that does not read its replies


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await serve_requests(reader, writer)
    except (asyncio.IncompleteReadError, OSError):
        pass  # the stream has ended, or the connection is lost; a partial request has no effect
    finally:
        writer.close()  # after everything written is sent


async def main(port: int) -> None:
    # asyncio sets TCP_NODELAY; without it, a second reply waits until the first is acknowledged.
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=LINE_LIMIT, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("usage: python3 server.py PORT")
    try:
        asyncio.run(main(int(sys.argv[1])))
    except KeyboardInterrupt:
        pass
