"""The mending listener: a second port for clients whose request heads HTTP servers refuse, off by default.

A Java client of 2008 sends the header line `Content Type: text/xml`, with a blank in the name (AIM reference §4 H2).
Here such a blank becomes a hyphen; then the bytes go both ways between the client and the server, as they are. One
request a connection: the next head would have to be found behind a body. Knows HTTP heads, and refuses to know more.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from entrepot.certificates import Certificates

HEAD_BYTES: Final = 64 * 1024
HEAD_SECONDS: Final = 20.0
DIAL_SECONDS: Final = 10.0
# Longer than the server gives any request of this generation.
CONNECTION_SECONDS: Final = 1800.0
CONNECTIONS_MAX: Final = 200
CHUNK_BYTES: Final = 64 * 1024

_END: Final = b"\r\n\r\n"
_BLANKS: Final = re.compile(rb"[ \t]+")
# Half of a line's end; servers may take one for a whole, and so see two heads where we see one.
_STRAY: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")
# Said anew: the connection ends with the answer.
_HOP_BY_HOP: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection"})

log = structlog.get_logger("entrepot.mending")


def mended(head: bytes) -> bytes:
    """A request head whose header names have no blanks, for a connection that ends with the answer."""
    request, *lines = head.removesuffix(_END).split(b"\r\n")
    fields = [_mended(line) for line in lines]
    kept = [line for line in fields if line.partition(b":")[0].lower() not in _HOP_BY_HOP]
    return b"\r\n".join([request, *kept, b"Connection: close"]) + _END


def _mended(line: bytes) -> bytes:
    name, colon, value = line.partition(b":")
    # A line that begins with a blank goes on with the value of the one before.
    if not colon or line[:1].isspace():
        return line
    return _BLANKS.sub(b"-", name.rstrip(b" \t")) + colon + value


class Mending:
    """`host` and `port` are the server's. Where it speaks TLS, with these certificates, so does this listener."""

    def __init__(self, host: str, port: int, certificates: Certificates | None = None) -> None:
        self._address = host, port
        self._certificates = certificates
        self._open: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, listener: socket.socket) -> AsyncIterator[None]:
        """Serve on a bound socket until the end of the block; what is under way then is broken off."""
        server = await asyncio.start_server(self._accept, sock=listener, limit=HEAD_BYTES, ssl=self._ours())
        try:
            yield
        finally:
            server.close()
            for task in list(self._open):
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= CONNECTIONS_MAX:
            writer.close()
            return
        task = asyncio.create_task(self._attend(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CONNECTION_SECONDS):
                await self._exchange(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as problem:
            log.info("broken off", problem=str(problem))
        finally:
            await _closed(writer)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(_END)
        except asyncio.LimitOverrunError:
            _refuse(writer, b"431 Request Header Fields Too Large")
            return
        except TimeoutError:
            _refuse(writer, b"408 Request Timeout")
            return
        if _STRAY.search(head):
            _refuse(writer, b"400 Bad Request")
            return
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                answers, server = await self._dial()
        except (OSError, TimeoutError):
            _refuse(writer, b"503 Service Unavailable")
            return
        server.write(mended(head))
        asking = asyncio.create_task(_pipe(reader, server))
        try:
            await _pipe(answers, writer)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await _closed(server)

    def _ours(self) -> ssl.SSLContext | None:
        if self._certificates is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._certificates.chain, self._certificates.key)
        return context

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._address
        if self._certificates is None:
            return await asyncio.open_connection(host, port)
        trusting = ssl.create_default_context(cafile=self._certificates.bundle)
        return await asyncio.open_connection(host, port, ssl=trusting, server_hostname="localhost")


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until there are no more, and say so."""
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _refuse(writer: asyncio.StreamWriter, status: bytes) -> None:
    writer.write(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0" + _END)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            await writer.wait_closed()
