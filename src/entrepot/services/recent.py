"""What was looked up lately: answers that may be a second old, for questions that every request asks."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Values at most a second old; whoever asks for the same meanwhile shares one look-up."""

    _SECONDS = 1.0
    _SIZE = 10_000

    def __init__(self, load: Callable[[Key], Awaitable[Value]], tick: Callable[[], float]) -> None:
        self._load = load
        self._tick = tick
        self._entries: OrderedDict[Key, tuple[float, asyncio.Future[Value]]] = OrderedDict()

    async def get(self, key: Key) -> Value:
        entry = self._entries.get(key)
        # The age counts from the beginning of the look-up: what it saw may be that old.
        if entry is None or self._tick() - entry[0] >= self._SECONDS:
            entry = self._start(key)
        future = entry[1]
        return future.result() if future.done() else await asyncio.shield(future)

    def forget(self, key: Key) -> None:
        self._entries.pop(key, None)

    def _start(self, key: Key) -> tuple[float, asyncio.Future[Value]]:
        entry = (self._tick(), asyncio.ensure_future(self._load(key)))
        self._entries.pop(key, None)
        self._entries[key] = entry
        while len(self._entries) > self._SIZE:
            self._entries.popitem(last=False)
        entry[1].add_done_callback(lambda future: self._drop_failure(key, future))
        return entry

    def _drop_failure(self, key: Key, future: asyncio.Future[Value]) -> None:
        failed = future.cancelled() or future.exception() is not None
        entry = self._entries.get(key)
        if failed and entry is not None and entry[1] is future:
            del self._entries[key]
