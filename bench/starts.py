"""How soon a server answers, and how much memory it holds: beside PostgreSQL alone, and beside the bare handler."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from bench import pages
from bench.processes import await_answer, free_port, resident, running, share_of_postgres_below
from bench.results import Result, cost
from bench.sizes import Sizes
from bench.world import World, postgres
from entrepot.datadir import DataDirectory

FIRST_SECONDS = 10.0
LATER_SECONDS = 2.0

Tell = Callable[[str], None]


def steps(sizes: Sizes) -> int:
    return 2 * sizes.starts + 2


def measure(world: World, data: Path, sizes: Sizes, tell: Tell) -> list[Result]:
    """All rows; nobody may be running on the data directory."""
    first, later = _first(data, sizes, tell), _later(data, sizes, tell)
    return [first, later, *_memory(world, data, sizes, tell)]


def _first(data: Path, sizes: Sizes, tell: Tell) -> Result:
    mine, best = [], []
    for number in range(sizes.starts):
        tell(f"first start {number + 1}")
        best.append(_postgres_seconds(data.with_name(f"first-limit-{number}")))
        mine.append(_serve_seconds(data.with_name(f"first-{number}")))
    name = f"first start to first answer (at most {FIRST_SECONDS:.0f} s)"
    return cost(name, "s", mine, best, most=FIRST_SECONDS, data="empty", limit_is="initdb and postgres alone")


def _later(data: Path, sizes: Sizes, tell: Tell) -> Result:
    mine, best = [], []
    for number in range(sizes.starts):
        tell(f"later start {number + 1}")
        best.append(_postgres_seconds(data))
        mine.append(_serve_seconds(data))
    name = f"later start to first answer (at most {LATER_SECONDS:.0f} s)"
    return cost(name, "s", mine, best, most=LATER_SECONDS, data=sizes.data, limit_is="postgres alone")


def _serve_seconds(data: Path) -> float:
    """From the command until a request is answered."""
    port, log = free_port(), data.with_name("serve.log")
    started = time.perf_counter()
    with running(("-m", "entrepot", "serve", "--port", str(port), "--data", str(data)), log) as process:
        await_answer(process, log, port, "/healthz")
        return time.perf_counter() - started


def _postgres_seconds(data: Path) -> float:
    """From nothing until PostgreSQL takes connections."""
    data.mkdir(exist_ok=True)
    started = time.perf_counter()
    with postgres(DataDirectory(data)):
        return time.perf_counter() - started


def _memory(world: World, data: Path, sizes: Sizes, tell: Tell) -> list[Result]:
    asked = pages.rows(world)[:1]
    tell("memory of the bare handler")
    with postgres(DataDirectory(data)) as url, pages.bare_server(url, data, pages.cases_of(world, asked)) as bare:
        pages.press(bare.port, [bare.request(0)], answers=sizes.requests)
        limit, limit_below = resident(bare.pid), share_of_postgres_below(os.getpid())
    tell("memory of the server")
    with pages.entrepot_server(world, data) as server:
        pages.press(server.port, [server.request(*asked[0].asked[0])], answers=sizes.requests)
        mine, mine_below = resident(server.pid), share_of_postgres_below(server.pid)
    after = f"memory after {sizes.requests:,} pages"
    kinds = (("serve", mine, limit, "bare handler"), ("its PostgreSQL", mine_below, limit_below, "the bare handler's"))
    return [
        cost(f"{after}: {what}", "MB", [ours], [best], data=sizes.data, limit_is=limit_is)
        for what, ours, best, limit_is in kinds
    ]
