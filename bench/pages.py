"""getInventorySummaries over HTTP: requests a second of one `entrepot serve`, beside the bare handler of bare.py."""

from __future__ import annotations

import asyncio
import inspect
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

import msgspec

from bench import bare, load
from bench.processes import ask, await_answer, free_port, output_of, running
from bench.results import Result, speed
from bench.sizes import Sizes
from bench.world import MARKETPLACE, SEED, World
from entrepot.api.paging import Pager
from entrepot.datadir import DataDirectory
from entrepot.services.inventory import PAGE_SIZE, Asked, Bookmark, Inventory
from entrepot.services.secrets import Keyring
from entrepot.storage.database import Database

GOAL = 0.6
CONNECTIONS = 16
WARM_UP = 300  # requests of each round, which are not counted
_CASES = 20  # different requests of a row
_PATH = "/fba/inventory/v1/summaries"
_LIMIT_IS = "bare handler: same SQL, same bytes"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """One figure: what is asked, in turn. Where there is a bookmark, it is asked for by a nextToken."""

    name: str
    asked: Sequence[tuple[Asked, Bookmark | None]]


@dataclass(frozen=True)
class Limit:
    """The bare handler, and how to ask it for one of its cases."""

    pid: int
    port: int

    def request(self, case: int) -> str:
        return f"GET /?{case} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\nuser-agent: bench\r\n\r\n"


@dataclass(frozen=True)
class Server:
    """A real server, and how to ask it as a client of the seller."""

    pid: int
    port: int
    headers: Mapping[str, str]
    seller_id: str
    pager: Pager

    def path(self, asked: Asked, bookmark: Bookmark | None) -> str:
        parameters = {
            "granularityType": "Marketplace",
            "granularityId": asked.marketplace_id,
            "marketplaceIds": asked.marketplace_id,
            "details": "true",
        }
        if asked.skus is not None:
            parameters["sellerSkus"] = ",".join(asked.skus)
        if bookmark is not None:
            # Sealed as the server seals it: a walk from page to page would take too long to get anywhere.
            content = (asked, True, bookmark)
            parameters["nextToken"] = self.pager.seal(f"getInventorySummaries {self.seller_id}", content)
        return f"{_PATH}?{urlencode(parameters, quote_via=quote)}"

    def request(self, asked: Asked, bookmark: Bookmark | None) -> str:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return f"GET {self.path(asked, bookmark)} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\n{lines}\r\n"


def rows(world: World) -> list[Row]:
    chance = random.Random(SEED)
    plain = Asked(MARKETPLACE.id)
    named = [Asked(MARKETPLACE.id, sorted(chance.sample(world.skus, PAGE_SIZE))) for _ in range(_CASES)]
    ends = chance.sample(world.skus[PAGE_SIZE - 1 : -1 : PAGE_SIZE], min(_CASES, (len(world.skus) - 1) // PAGE_SIZE))
    return [
        Row("a page of 50 SKUs with details", [(plain, None)]),
        Row("50 SKUs by name with details", [(asked, None) for asked in named]),
        Row("any page by nextToken with details", [(plain, Bookmark(world.last_seq, world.now, end)) for end in ends]),
    ]


def steps(sizes: Sizes) -> int:
    return 3 * sizes.rounds


def measure(world: World, url: str, data: Path, sizes: Sizes, tell: Tell) -> list[Result]:
    """All rows. Ours and the limit take turns, so that what disturbs one disturbs the other."""
    asked = rows(world)
    with (
        entrepot_server(world, data, ("--database", url)) as ours,
        bare_server(url, data, cases_of(world, asked)) as limit,
    ):
        results, first, warm = [], 0, min(WARM_UP, sizes.requests)
        for row in asked:
            cases = range(first, first + len(row.asked))
            first += len(row.asked)
            mine, best = [], []
            for number in range(sizes.rounds):
                tell(f"{row.name}, round {number + 1}")
                requests = [ours.request(*one) for one in row.asked]  # anew, as tokens grow old
                bare_requests = [limit.request(case) for case in cases]
                if number == 0:
                    _check_same_bytes(ours, row, limit, cases[0])
                mine.append(press(ours.port, requests, warm, seconds=sizes.seconds).rate)
                best.append(press(limit.port, bare_requests, warm, seconds=sizes.seconds).rate)
            results.append(speed(row.name, "requests/s", mine, best, goal=GOAL, data=sizes.data, limit_is=_LIMIT_IS))
        return results


def press(
    port: int, requests: Sequence[str], warm_up: int = 0, *, seconds: float | None = None, answers: int | None = None
) -> load.Tally:
    """Let the load generator loose on a server."""
    job = load.Job(port, list(requests), CONNECTIONS, warm_up, seconds, answers)
    return msgspec.json.decode(output_of(("-m", "bench.load"), msgspec.json.encode(job)), type=load.Tally)


# ours


@contextmanager
def entrepot_server(world: World, data: Path, options: Sequence[str] = ()) -> Iterator[Server]:
    """`entrepot serve` with its usual log, and the headers of a client of the seller."""
    port, log = free_port(), data.with_name("serve.log")
    words = ("-m", "entrepot", "serve", "--limits", "off", "--port", str(port), "--data", str(data), *options)
    with running(words, log) as process:
        await_answer(process, log, port, "/healthz")
        headers = {"x-amz-access-token": _token(world, port), "user-agent": "bench"}
        pager = Pager(Keyring.load(DataDirectory(data).key), time.time)
        yield Server(process.pid, port, headers, world.seller_id, pager)


def _token(world: World, port: int) -> str:
    form = {"grant_type": "refresh_token", **msgspec.to_builtins(world.credentials)}
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = msgspec.json.decode(ask(port, "/auth/o2/token", kind, urlencode(form)))
    return str(answer["access_token"])


# the limit


@contextmanager
def bare_server(url: str, data: Path, cases: Sequence[bare.Case]) -> Iterator[Limit]:
    """The bare handler. Case by case, it runs what our own service would."""
    port, log = free_port(), data.with_name("bare.log")
    pool_size = inspect.signature(Database.open).parameters["size"].default
    job = bare.Job(port, url, pool_size, MARKETPLACE.id, "x" * 240, list(cases))
    with running(("-m", "bench.bare"), log, msgspec.json.encode(job)) as process:
        await_answer(process, log, port, "/?0")
        yield Limit(process.pid, port)


def cases_of(world: World, asked: Sequence[Row]) -> list[bare.Case]:
    """The statements of all rows, in turn."""
    return [_case(world, *one) for row in asked for one in row.asked]


def _case(world: World, asked: Asked, bookmark: Bookmark | None) -> bare.Case:
    return statement(lambda database: Inventory(database).summaries(world.seller_id, asked, bookmark))


def statement(ask: Callable[[Database], Awaitable[object]]) -> bare.Case:
    """The one statement that a service runs when it is asked so."""
    recorder = _Recorder()
    asyncio.run(_awaited(ask(cast(Database, recorder))))
    assert recorder.case is not None
    return recorder.case


async def _awaited(asked: Awaitable[object]) -> None:
    await asked


class _Recorder:
    """Stands where the database does, and keeps the statement it is asked to run."""

    def __init__(self) -> None:
        self.case: bare.Case | None = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[_Recorder]:
        yield self

    async def fetch(self, sql: str, *arguments: Any) -> list[object]:
        self.case = bare.Case(sql, arguments)
        return []


_TOKEN = re.compile(rb'"nextToken":"[^"]*"')


def _check_same_bytes(ours: Server, row: Row, limit: Limit, case: int) -> None:
    """Else the limit would be one for other work."""
    mine = _TOKEN.sub(b'"nextToken":""', ask(ours.port, ours.path(*row.asked[0]), ours.headers))
    theirs = _TOKEN.sub(b'"nextToken":""', ask(limit.port, f"/?{case}"))
    check_equal(row.name, mine, theirs)


def check_equal(name: str, mine: bytes, theirs: bytes) -> None:
    if mine != theirs:
        place = next((at for at, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]), -1)
        seen = slice(max(place - 60, 0), place + 60)
        raise AssertionError(f"bare.py answers {theirs[seen]!r} to '{name}', and the server {mine[seen]!r}")
