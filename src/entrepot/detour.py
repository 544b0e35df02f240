"""The detour: runs an unmodified program so that what it sends to Amazon's API hosts arrives at an Entrepôt server.

A forward proxy on loopback, told to the program through its environment. It opens connections to one address only, the
server's, whatever a client asks for; so nothing can reach the real hosts through it. It leads only programs that heed
their environment: one with a proxy setting or a list of authorities of its own has to be configured. Knows HTTP heads
and TLS. Refuses to know what the requests mean.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol
from urllib.parse import urlsplit

from entrepot.certificates import AMAZON_HOSTS, TRUSTSTORE_PASSWORD, Certificates
from entrepot.domain.errors import Invalid

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 15.0
HANDSHAKE_SECONDS = 15.0
DIAL_SECONDS = 10.0
CLOSE_SECONDS = 30.0  # for a slow client to take what is left
LINGER_SECONDS = 5.0
SILENCE_SECONDS = 0.1
CHUNK_BYTES = 64 * 1024
BACKLOG = 512
REFUSALS_KEPT = 50

LOOPBACK = ("localhost", "127.0.0.1", "::1")
EVERY_INTERFACE = ("", "0.0.0.0", "::")  # noqa: S104 - recognised, never bound

COMMAND_NOT_FOUND = 127
COMMAND_NOT_EXECUTABLE = 126
KILLED_BY_SIGNAL = 128  # plus the signal's number, as shells answer

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_HOP_BY_HOP = (b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"host")
_HTTP_VERSIONS = ("HTTP/1.0", "HTTP/1.1")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def run(command: list[str], server: tuple[str, int], certificates: Certificates, *, tls: bool = False) -> int:
    """Run `command` behind the detour to `server` (host, port) and answer its exit code.

    `tls` says that the server itself speaks TLS, with these certificates. The child inherits the standard streams and
    gets SIGINT and SIGTERM sent to this process. Answers 127 if there is no such command, 126 if it cannot be executed
    and 128 + n if signal n ended it. Raises Invalid for an empty command, OSError if the certificates cannot be read.
    """
    if not command:
        raise Invalid("command", "there is no command to run")
    with listening(server, certificates, tls=tls) as proxy:
        variables = {**os.environ, **environment(proxy.url, certificates, inherited=os.environ)}
        variables |= {"ENTREPOT_URL": _server_url(server, tls), **_sts_variables(_server_url(server, tls), os.environ)}
        code = _run_child(command, variables)
    for address, times in proxy.refused.items():
        count = "once" if times == 1 else f"{times} times"
        _say(f"refused {address} ({count}): neither one of Amazon's API addresses nor the server")
    return code


def environment(
    proxy_url: str, certificates: Certificates, *, inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The variables that send a program through the proxy and make it trust our authority, and only ours.

    Loopback is left alone: a program's own local services stay reachable, and so do the server's presigned addresses.
    `inherited` is the environment these will be added to; where a variable is a list of options, ours come last.
    """
    trusted = str(certificates.bundle)
    variables = {
        "NODE_EXTRA_CA_CERTS": trusted,
        "NODE_USE_ENV_PROXY": "1",  # Node.js 22.21, 24 and later; older ones through NODE_OPTIONS
        "NODE_OPTIONS": _node_options((inherited or {}).get("NODE_OPTIONS", "")),
        "REQUESTS_CA_BUNDLE": trusted,
        "CURL_CA_BUNDLE": trusted,
        "AWS_CA_BUNDLE": trusted,
        "HTTPLIB2_CA_CERTS": trusted,
        "SSL_CERT_FILE": trusted,  # OpenSSL, and all that follows it: Python, Ruby, Go, .NET, Rust
        "SSL_CERT_DIR": str(certificates.bundle.parent),  # else the system's authorities would still be believed
        "DENO_CERT": trusted,
        "PHP_INI_SCAN_DIR": _php_directories(certificates, (inherited or {}).get("PHP_INI_SCAN_DIR", "")),
        "PERL_LWP_ENV_PROXY": "1",
        "PERL_LWP_SSL_CA_FILE": trusted,
        "JAVA_TOOL_OPTIONS": _java_options(proxy_url, certificates, (inherited or {}).get("JAVA_TOOL_OPTIONS", "")),
    }
    for name, value in {
        "HTTP_PROXY": proxy_url,
        "HTTPS_PROXY": proxy_url,
        "ALL_PROXY": proxy_url,
        "NO_PROXY": ",".join(LOOPBACK),
    }.items():
        variables |= {name: value, name.lower(): value}
    return variables


def _sts_variables(server_url: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Where AWS's SDKs find STS even if a program has told them to believe the public authorities only.

    With an endpoint that is not AWS's they want to know a region.
    """
    region = {"AWS_DEFAULT_REGION": "us-east-1"} if not inherited.get("AWS_DEFAULT_REGION") else {}
    return {"AWS_ENDPOINT_URL_STS": f"{server_url}/sts", **region}


def _php_directories(certificates: Certificates, inherited: str) -> str:
    """Where PHP looks for settings: where it does anyway, which an empty entry stands for, and where ours are."""
    return f"{inherited}{os.pathsep}{certificates.php.parent.resolve()}"


def _node_options(inherited: str) -> str:
    """Believe SSL_CERT_FILE instead of Node's own authorities, and take the proxy where Node does not by itself."""
    script = str(Path(__file__).with_name("detour.cjs")).replace("\\", "\\\\").replace('"', '\\"')
    return f'{inherited} --use-openssl-ca --require "{script}"'.strip()


@contextmanager
def listening(server: tuple[str, int], certificates: Certificates, *, tls: bool = False) -> Iterator[Detour]:
    """The proxy, served by a thread of its own for as long as the `with` block lasts."""
    proxy = Detour(server, certificates, tls=tls)
    loop = asyncio.SelectorEventLoop()
    thread = threading.Thread(target=loop.run_forever, name="entrepot-detour", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(proxy.start(), loop).result()
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(proxy.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


# The child


def _run_child(command: list[str], variables: dict[str, str]) -> int:
    with _relaying_signals() as relay:
        try:
            child = subprocess.Popen(command, env=variables)  # noqa: S603 - running it is the purpose
        except FileNotFoundError:
            _say(f"command not found: {command[0]}")
            return COMMAND_NOT_FOUND
        except OSError as problem:
            _say(f"cannot execute {command[0]}: {problem.strerror}")
            return COMMAND_NOT_EXECUTABLE
        relay.attach(child)
        try:
            code = child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
    return code if code >= 0 else KILLED_BY_SIGNAL - code


class _SignalRelay:
    """Passes signals on to the child; those that come before it exists are passed on when it does."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def attach(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        while self._early:
            child.send_signal(self._early.pop(0))

    def receive(self, number: int, frame: FrameType | None) -> None:
        if self._child is None:
            self._early.append(number)
        elif number != signal.SIGINT or not _in_foreground():
            self._child.send_signal(number)


@contextmanager
def _relaying_signals() -> Iterator[_SignalRelay]:
    relay = _SignalRelay()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield relay
        return
    before = {number: signal.signal(number, relay.receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield relay
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Whether a terminal sends its Ctrl-C to our whole process group, hence to the child as well."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _java_options(proxy_url: str, certificates: Certificates, inherited: str) -> str:
    proxy = urlsplit(proxy_url)
    options = {
        "http.proxyHost": proxy.hostname,
        "http.proxyPort": proxy.port,
        "https.proxyHost": proxy.hostname,
        "https.proxyPort": proxy.port,
        "javax.net.ssl.trustStore": certificates.truststore,
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": TRUSTSTORE_PASSWORD.decode(),
    }
    ours = [f'"-D{name}={value}"' for name, value in options.items()]  # quoted, since a path may hold blanks
    return " ".join([inherited, *ours] if inherited else ours)


def _server_url(server: tuple[str, int], tls: bool) -> str:
    host, port = server
    return f"{'https' if tls else 'http'}://{_address(host, port)}"


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _say(text: str) -> None:
    print(f"entrepot exec: {text}", file=sys.stderr, flush=True)


# The proxy


@dataclass(frozen=True)
class _Head:
    method: str
    target: str
    version: str
    fields: tuple[bytes, ...]  # the header lines, as they came


class _Refusal(Exception):
    """Ends the conversation with an answer of our own. `reason` is all that many clients show of a failed CONNECT."""

    def __init__(self, status: int, reason: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.text = text


class Detour:
    """A forward proxy on a free port of 127.0.0.1 with one destination, `server`.

    `url` is known once started. `refused` counts, by `host:port`, what was asked for and not given.
    """

    def __init__(
        self,
        server: tuple[str, int],
        certificates: Certificates,
        *,
        tls: bool = False,
        head_seconds: float = HEAD_SECONDS,
        handshake_seconds: float = HANDSHAKE_SECONDS,
    ) -> None:
        self.url = ""
        self.refused: Counter[str] = Counter()
        self._server = server
        self._own_addresses = _names_of(server)
        self._amazon_side = _amazon_context(certificates)
        self._server_side = ssl.create_default_context(cafile=certificates.bundle) if tls else None
        self._head_seconds = head_seconds
        self._handshake_seconds = handshake_seconds
        self._listener: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; afterwards `url` is set."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: _ClientProtocol(asyncio.StreamReader(HEAD_BYTES, loop), self._accept, loop),
            "127.0.0.1",
            0,
            backlog=BACKLOG,
        )
        self.url = f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Listen no more and end every conversation."""
        if self._listener is not None:
            self._listener.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._listener is None or not self._listener.is_serving():
            writer.transport.abort()
            return
        client = _Stream(reader, writer)
        conversation = asyncio.get_running_loop().create_task(self._converse(client))
        self._conversations.add(conversation)
        conversation.add_done_callback(self._conversations.discard)
        # Not a `finally` of the conversation: cancelled before its first step, it would never come to that.
        conversation.add_done_callback(lambda _: client.abort())

    async def _converse(self, client: _Stream) -> None:
        try:
            head = await _read_head(client.reader, self._head_seconds)
            await (self._tunnel(client, head) if head.method == "CONNECT" else self._forward(client, head))
            await client.close()
        except _Refusal as refusal:
            await _answer(client, refusal)
        except (OSError, EOFError):
            pass  # the client, or the server, hung up: as between the two without us

    async def _tunnel(self, client: _Stream, head: _Head) -> None:
        host, port = _split_address(head.target, None)
        if host in AMAZON_HOSTS and port == _DEFAULT_PORTS["https"]:
            async with self._dialled(host) as server:
                await _begin_tls(client, self._amazon_side, self._handshake_seconds)
                await _pipe(client, server)
        elif (host, port) in self._own_addresses:
            async with self._dialled(None) as server:
                client.writer.write(_ESTABLISHED)
                await _pipe(client, server)
        else:
            raise self._refusal(host, port)

    async def _forward(self, client: _Stream, head: _Head) -> None:
        scheme, host, port, path = _split_target(head.target)
        if (host, port) not in self._own_addresses and not (host in AMAZON_HOSTS and port == _DEFAULT_PORTS[scheme]):
            raise self._refusal(host, port)
        async with self._dialled(host) as server:
            await server.write(_rewritten(head, path))
            await _pipe(client, server)

    @asynccontextmanager
    async def _dialled(self, tls_name: str | None) -> AsyncIterator[_Link]:
        """A connection to the server; over TLS if the server wants that and `tls_name` says whom to expect."""
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                server = await self._dial(tls_name)
        except OSError as problem:
            cause = str(problem) or "no answer in time"
            text = f"the server at {_address(*self._server)} does not answer: {cause}"
            raise _Refusal(502, "Bad Gateway", text) from problem
        try:
            yield server
        finally:
            await server.close()

    async def _dial(self, tls_name: str | None) -> _Link:
        if tls_name is None or self._server_side is None:
            return _Socket(await _connected(self._server))
        name = tls_name if tls_name in AMAZON_HOSTS else "localhost"
        return _Stream(*await asyncio.open_connection(*self._server, ssl=self._server_side, server_hostname=name))

    def _refusal(self, host: str, port: int) -> _Refusal:
        address = _address(host, port)
        if address in self.refused or len(self.refused) < REFUSALS_KEPT:
            self.refused[address] += 1
        return _Refusal(
            403,
            f"Forbidden by entrepot exec: {address}",
            f"entrepot exec lets nothing reach {address}: it leads to Amazon's API hosts, for which the server at "
            f"{_address(*self._server)} answers, and to that server itself.",
        )


def _names_of(server: tuple[str, int]) -> frozenset[tuple[str, int]]:
    """Every host and port that means the server."""
    host, port = server
    on_this_machine = host in LOOPBACK or host in EVERY_INTERFACE
    return frozenset((name, port) for name in (host.lower(), *(LOOPBACK if on_this_machine else ())))


def _amazon_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.key)
    context.set_alpn_protocols(["http/1.1"])
    return context


# Heads


async def _read_head(reader: asyncio.StreamReader, seconds: float) -> _Head:
    try:
        async with asyncio.timeout(seconds):
            raw = await reader.readuntil(b"\r\n\r\n")
    except TimeoutError as problem:
        raise _Refusal(408, "Request Timeout", f"no complete request head came within {seconds:g} seconds") from problem
    except asyncio.LimitOverrunError as problem:
        raise _Refusal(
            431, "Request Header Fields Too Large", f"a request head may have {HEAD_BYTES} bytes"
        ) from problem
    return _parse_head(raw)


def _parse_head(raw: bytes) -> _Head:
    first, *fields = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    words = first.decode("latin-1").split(" ")
    if len(words) != 3 or words[2] not in _HTTP_VERSIONS or not all(_is_plain(word) for word in words):
        raise _malformed("this is an HTTP/1.1 proxy, and that is not a request")
    return _Head(words[0], words[1], words[2], tuple(fields))


def _is_plain(word: str) -> bool:
    return bool(word) and word.isascii() and word.isprintable()


def _malformed(text: str) -> _Refusal:
    return _Refusal(400, "Bad Request", text)


def _split_target(target: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path with query of an absolute request target.

    An `https` target outside a tunnel is no standard, but axios sends it.
    """
    scheme, separator, rest = target.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _DEFAULT_PORTS:
        raise _malformed(
            "this is the proxy of entrepot exec: it takes CONNECT, or a request for a whole http:// address"
        )
    authority = _authority(rest)
    path = rest[len(authority) :]
    host, port = _split_address(authority, _DEFAULT_PORTS[scheme])
    return scheme, host, port, path if path.startswith("/") else f"/{path}"


def _authority(rest: str) -> str:
    return rest.partition("/")[0].partition("?")[0]


def _split_address(text: str, default_port: int | None) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port or default_port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise _malformed("the request target names no host and port")
    return host, port


def _rewritten(head: _Head, path: str) -> bytes:
    """The head as a server expects it. One request a connection: the next may be for someone else."""
    authority = _authority(head.target.partition("://")[2]).rpartition("@")[2]
    kept = [line for line in head.fields if line.partition(b":")[0].strip().lower() not in _HOP_BY_HOP]
    lines = [
        f"{head.method} {path} {head.version}".encode(),
        f"Host: {authority}".encode(),
        b"Connection: close",
        *kept,
    ]
    return b"\r\n".join([*lines, b"", b""])


# Bytes


class _Link(Protocol):
    """One side of a conversation."""

    @property
    def half_closes(self) -> bool:
        """Whether either end can say that it has said everything and still listen."""

    async def read(self) -> bytes:
        """What has arrived; nothing at the end. Raises OSError."""

    async def write(self, data: bytes) -> None:
        """Raises OSError when the other end has hung up."""

    def finish(self) -> None:
        """Say that this was everything. Only where `half_closes`."""

    async def close(self) -> None: ...


class _Stream:
    """A link over asyncio's streams, with TLS or without."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._socket = writer.get_extra_info("socket")  # None: it is gone already

    @property
    def half_closes(self) -> bool:
        return self.writer.can_write_eof()

    async def read(self) -> bytes:
        return await self.reader.read(CHUNK_BYTES)

    async def write(self, data: bytes) -> None:
        if self.writer.is_closing():
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)  # a transport that has just failed closes in the next turn, and logs writes until then

    def finish(self) -> None:
        self.writer.write_eof()

    async def close(self) -> None:
        task = asyncio.current_task()
        self.writer.close()
        try:
            if task is not None and not task.cancelling():  # when told to stop, there is no time for courtesies
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self.writer.wait_closed()
        except OSError:
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        if self._socket is not None and self._socket.fileno() >= 0:  # asyncio cannot abort what it has closed
            self.writer.transport.abort()


class _ClientProtocol(asyncio.StreamReaderProtocol):
    """As asyncio's own, which learns of TLS only after the handshake: a client that leaves at once made it log."""

    over_tls = False

    def eof_received(self) -> bool:
        return bool(super().eof_received()) and not self.over_tls


async def _begin_tls(client: _Stream, context: ssl.SSLContext, seconds: float) -> None:
    protocol = client.writer.transport.get_protocol()
    assert isinstance(protocol, _ClientProtocol)
    protocol.over_tls = True
    # No await between these two: the client's first TLS bytes must find the TLS layer in place.
    client.writer.write(_ESTABLISHED)
    await client.writer.start_tls(context, ssl_handshake_timeout=seconds)


class _Socket:
    """A link over a bare socket. Unlike asyncio's transports it can still be read when a write has failed, so the
    answer of a server that hung up in the middle of an upload is not lost."""

    half_closes = True

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    async def read(self) -> bytes:
        await asyncio.sleep(0)  # `sock_recv` lets no one else run as long as there is something to read
        return await asyncio.get_running_loop().sock_recv(self._socket, CHUNK_BYTES)

    async def write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    def finish(self) -> None:
        with suppress(OSError):  # it may be gone already
            self._socket.shutdown(socket.SHUT_WR)

    async def close(self) -> None:
        self._socket.close()


async def _connected(address: tuple[str, int]) -> socket.socket:
    loop = asyncio.get_running_loop()
    host, port = address
    last = OSError(f"{host} has no address")
    for family, kind, protocol, _, where in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        candidate = socket.socket(family, kind, protocol)
        candidate.setblocking(False)
        try:
            await loop.sock_connect(candidate, where)
        except OSError as problem:
            candidate.close()
            last = problem
        except BaseException:
            candidate.close()
            raise
        else:
            candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return candidate
    raise last


async def _pipe(client: _Stream, server: _Link) -> None:
    """Carry bytes both ways until the server has said everything, or the client is gone."""
    sending = asyncio.create_task(_send(client, server))
    receiving = asyncio.create_task(_receive(client, server))
    try:
        await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
        if not receiving.done() and sending.exception() is None:
            await asyncio.wait({receiving})
        still_sending = not sending.done()
    finally:
        sending.cancel()
        receiving.cancel()
        await asyncio.gather(sending, receiving, return_exceptions=True)
    if still_sending:
        await _let_finish(client)


async def _send(client: _Stream, server: _Link) -> None:
    while chunk := await client.read():
        with suppress(OSError):  # the server listens no more, but its answer may be on the way to the client
            await server.write(chunk)
    if server.half_closes:
        server.finish()
    elif not client.half_closes:  # a TLS client that says no more is gone
        await server.close()


async def _receive(client: _Stream, server: _Link) -> None:
    while chunk := await server.read():
        await client.write(chunk)


async def _let_finish(client: _Stream) -> None:
    """Take what the client is still sending: closing on unread bytes would destroy the answer on its way to it."""
    with suppress(OSError):
        async with asyncio.timeout(LINGER_SECONDS):
            while await asyncio.wait_for(client.read(), SILENCE_SECONDS):
                pass


async def _answer(client: _Stream, refusal: _Refusal) -> None:
    body = f"{refusal.text}\n".encode()
    lines = (
        f"HTTP/1.1 {refusal.status} {refusal.reason}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    head = "".join(f"{line}\r\n" for line in (*lines, "")).encode()
    with suppress(OSError):
        await client.write(head + body)
    await _let_finish(client)
