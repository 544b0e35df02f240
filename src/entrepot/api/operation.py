"""The values that the gateway works with: an operation, its usage plan, a room of operations.

The life of a request, the same for every generation: match → identify → spend → decode → call → encode. The last
three are the operation's own `handle`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

from entrepot.api.http import Request, Response

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True)
class Quota:
    """A usage plan: `burst` requests at once, `rate` more each second."""

    rate: float
    burst: float


@dataclass(frozen=True)
class Operation:
    """One operation of a generation. `path` is a template as in its reference: `/items/{sellerSku}`."""

    name: str
    method: str
    path: str
    handle: Callable[[Any], Awaitable[Response]]
    quota: Quota | None = None
    roles: frozenset[str] = frozenset()  # any of these suffices; none: no role is needed
    aliases: tuple[str, ...] = ()  # other paths to it
    # What one application may ask for, all its sellers together.
    application_quota: Quota | None = None


@dataclass(frozen=True)
class Match:
    operation: Operation
    parameters: Mapping[str, str]


class Routes:
    """Finds the operation of a method and a path, on decoded segments, so that a `/` inside a SKU stays inside."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        self.operations = operations
        self._by_shape: dict[tuple[str, int], list[tuple[tuple[str, ...], Operation]]] = {}
        for operation in operations:
            for path in (operation.path, *operation.aliases):
                template = tuple(path.split("/")[1:])
                self._by_shape.setdefault((operation.method, len(template)), []).append((template, operation))

    def match(self, request: Request) -> Match | None:
        segments = request.segments
        for template, operation in self._by_shape.get((request.method, len(segments)), ()):
            parameters = _fit(template, segments)
            if parameters is not None:
                return Match(operation, parameters)
        return None


def _fit(template: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for wanted, given in zip(template, segments, strict=True):
        if wanted.startswith("{"):
            if not given:
                return None
            parameters[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return parameters


class Room(Protocol):
    """A generation: everything below its paths, in its own dialect."""

    @property
    def name(self) -> str: ...

    @property
    def body_limit(self) -> int: ...

    async def answer(self, request: Request) -> tuple[str, Response]:
        """The answer, and the name of the operation it is from (for metrics). Raises nothing that it knows."""
        ...

    def failure(self, request: Request, problem: Exception) -> Response:
        """How this room says that something went wrong before, or in spite of, `answer`."""
        ...


@runtime_checkable
class StreamingRoom(Room, Protocol):
    """A room that takes its bodies chunk by chunk, so that none is in memory whole."""

    @property
    def body_seconds(self) -> float:
        """A body must be whole after this."""
        ...

    async def answer_stream(self, request: Request, chunks: AsyncIterator[bytes]) -> tuple[str, Response]:
        """As `answer`. `chunks` raises TooLarge beyond the limit, and TimeoutError where the body does not come."""
        ...


@dataclass
class Throttle:
    """Token buckets in memory, one for each key and operation; forgets the full ones when there are many."""

    now: Callable[[], float]
    most: int = 100_000
    _buckets: dict[tuple[str, ...], tuple[float, float]] = field(default_factory=dict)

    def spend(self, key: tuple[str, ...], quota: Quota) -> float:
        """Take one token: 0, or the seconds until there is one (nothing taken then)."""
        now = self.now()
        level, since = self._buckets.pop(key, (quota.burst, now))
        level = min(quota.burst, level + (now - since) * quota.rate)
        enough = level >= 1
        self._buckets[key] = (level - 1 if enough else level, now)
        if len(self._buckets) > self.most:
            del self._buckets[next(iter(self._buckets))]  # the one unused for longest
        return 0.0 if enough else (1 - level) / quota.rate
