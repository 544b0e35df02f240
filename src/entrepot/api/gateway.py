"""The ASGI side of every door: read a request within its limits, let its room answer, log and count it.

Bodies are read by the event loop, so a client that trickles costs nobody else anything; a room of documents gets them
chunk by chunk, all others whole. Nothing a room raises reaches the caller as a traceback: what it does not know itself
becomes its own "internal error", logged with the id.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, cast
from urllib.parse import quote_from_bytes

import structlog

from entrepot.api.http import Request, Response
from entrepot.api.metrics import Metrics
from entrepot.api.operation import MIB, Room, StreamingRoom
from entrepot.domain.errors import Problem, TooLarge

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# A body must go on arriving; and be whole after this, however it trickles.
BODY_SECONDS: Final = 120.0
# What a caller may still send after his limit was passed, so that he can finish and read the refusal.
DRAIN_MAX: Final = 64 * MIB

_HAS_BODY: Final = frozenset({"content-length", "transfer-encoding"})

log = structlog.get_logger("entrepot.http")


class Gateway:
    """One ASGI application for all doors; `choose` says which room a request belongs to."""

    def __init__(self, choose: Callable[[Request], Room], metrics: Metrics) -> None:
        self._choose = choose
        self._metrics = metrics
        # Requests whose head has come and whose answer has not gone; `idle` while there are none.
        self._under_way = 0
        self.idle = asyncio.Event()
        self.idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self._under_way += 1
        self.idle.clear()
        try:
            await self._serve(_head(scope), receive, send)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.idle.set()

    async def _serve(self, request: Request, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        room = self._choose(request)
        operation, response = await self._answer(room, request, receive)
        await _send(request, response, send)
        seconds = time.perf_counter() - started
        self._metrics.count(room.name, operation, response.status, seconds)
        log.info(
            "request",
            request_id=request.request_id,
            door=room.name,
            operation=operation,
            method=request.method,
            path=request.raw_path[:200],
            status=response.status,
            ms=round(seconds * 1000, 2),
        )

    async def _answer(self, room: Room, request: Request, receive: Receive) -> tuple[str, Response]:
        try:
            if hasattr(room, "answer_stream"):  # what `isinstance` finds out, a hundred times as fast
                return await _streamed(cast(StreamingRoom, room), request, receive)
            body = _Body(request, receive, room.body_limit, BODY_SECONDS)
            request.body = b"".join([chunk async for chunk in body])
            return await room.answer(request)
        except (Problem, TimeoutError) as problem:
            return "refused", room.failure(request, problem)
        except Exception as problem:
            log.exception("crash", request_id=request.request_id, door=room.name)
            return "crash", room.failure(request, problem)


async def _streamed(room: StreamingRoom, request: Request, receive: Receive) -> tuple[str, Response]:
    body = _Body(request, receive, room.body_limit, room.body_seconds)
    try:
        return await room.answer_stream(request, body)
    finally:
        with contextlib.suppress(TimeoutError):
            await body.drain()


def _head(scope: Scope) -> Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return Request(
        scope["method"],
        _target(scope["raw_path"]),
        _target(scope["query_string"]),
        headers,
        request_id=str(uuid.uuid4()),
    )


def _target(raw: bytes) -> str:
    """Clients that do not percent-encode send UTF-8; what is none is percent-encoded for them: nothing is lost."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return quote_from_bytes(raw, safe=_ASCII)


_ASCII: Final = bytes(range(128))


class _Body:
    """The chunks of a body. One over the limit is read on and thrown away, within reason; then TooLarge is raised."""

    def __init__(self, request: Request, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._limit = limit
        self._more = bool(request.headers.keys() & _HAS_BODY)
        self._fits = not self._more or int(request.headers.get("content-length", 0)) <= limit
        self._size = 0
        self._until = asyncio.get_running_loop().time() + seconds

    def __aiter__(self) -> _Body:
        return self

    async def __anext__(self) -> bytes:
        while self._more and self._fits:
            part = await self._part()
            self._fits = self._size <= self._limit
            if part and self._fits:
                return part
        if not self._fits:
            await self.drain()
            raise TooLarge(self._limit)
        raise StopAsyncIteration

    async def drain(self) -> None:
        """Read the rest, so that the caller can finish and read the answer."""
        most = DRAIN_MAX + (self._size if self._fits else self._limit)
        while self._more and self._size <= most:
            await self._part()

    async def _part(self) -> bytes:
        async with asyncio.timeout_at(self._until):
            message = await self._receive()
        if message["type"] == "http.disconnect":
            self._more = False
            raise TimeoutError  # half a request is none
        part: bytes = message.get("body", b"")
        self._more = message.get("more_body", False)
        self._size += len(part)
        return part


async def _send(request: Request, response: Response, send: Send) -> None:
    headers = [(b"x-request-id", request.request_id.encode())]
    headers += [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers]
    if response.status != 204:
        length = len(response.body) if response.stream is None else response.length
        headers.append((b"content-type", response.content_type.encode("latin-1")))
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if response.stream is not None and request.method != "HEAD":
        async for chunk in response.stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    body = b"" if request.method == "HEAD" or response.stream is not None else response.body
    await send({"type": "http.response.body", "body": body})
