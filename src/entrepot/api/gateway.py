"""The ASGI side of every door: read a request within its limits, let its room answer, log and count it.

Bodies are read by the event loop, so a client that trickles costs nobody else anything. Nothing a room raises
reaches the caller as a traceback: what it does not know itself becomes its own "internal error", logged with the id.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import structlog

from entrepot.api.http import Request, Response
from entrepot.api.metrics import Metrics
from entrepot.api.operation import MIB, Room
from entrepot.domain.errors import Problem, TooLarge

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# A body must go on arriving; and be whole after this, however it trickles.
BODY_SECONDS: Final = 120.0
# What a caller may still send after his limit was passed, so that he can finish and read the refusal.
DRAIN_MAX: Final = 64 * MIB

log = structlog.get_logger("entrepot.http")


class Gateway:
    """One ASGI application for all doors; `choose` says which room a request belongs to."""

    def __init__(self, choose: Callable[[Request], Room], metrics: Metrics) -> None:
        self._choose = choose
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        request = _head(scope)
        room = self._choose(request)
        operation, response = await self._answer(room, request, receive)
        await _send(response, send, with_body=request.method != "HEAD")
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
            request.body = await _body(receive, room.body_limit)
            return await room.answer(request)
        except (Problem, TimeoutError) as problem:
            return "refused", room.failure(request, problem)
        except Exception as problem:
            log.exception("crash", request_id=request.request_id, door=room.name)
            return "crash", room.failure(request, problem)


def _head(scope: Scope) -> Request:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return Request(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        headers,
        request_id=str(uuid.uuid4()),
    )


async def _body(receive: Receive, limit: int) -> bytes:
    """The whole body, within the limit. Beyond it the rest is read and thrown away, then TooLarge is raised."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body") and len(body) <= limit:
        return body
    async with asyncio.timeout(BODY_SECONDS):
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise TimeoutError
            part = message.get("body", b"")
            size += len(part)
            if size <= limit:
                parts.append(part)
            else:
                parts.clear()
                if size > limit + DRAIN_MAX:
                    break
    if size > limit:
        raise TooLarge(limit)
    return b"".join(parts)


async def _send(response: Response, send: Send, *, with_body: bool) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers]
    if response.status != 204:
        headers.append((b"content-type", response.content_type.encode("latin-1")))
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})
