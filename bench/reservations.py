"""Reservations a second, on the level of the service: Ledger.perform(PlaceOrder), no HTTP, beside bare SQL.

The bare SQL is the least that keeps a promise: BEGIN, a conditional UPDATE, two INSERTs, COMMIT, prepared, on tables of
its own in a database of its own on the same server. Every reservation must succeed and the stock must add up.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from bench.results import Result, speed
from bench.sizes import Sizes
from bench.world import HOT_UNITS, SEED, World
from entrepot.domain.commands import PlaceOrder
from entrepot.domain.ledger import Origin
from entrepot.services.ledger import Ledger
from entrepot.storage.database import Connection, Database

GOAL_ONE_BY_ONE = 0.7
GOAL_TOGETHER = 1.0
CLIENTS = 8
_BENCH = Origin("bench", "bench")
_BARE_IS = "bare SQL, {} one by one"

Tell = Callable[[str], None]
Reserve = Callable[[str], Awaitable[object]]  # one unit of a SKU


def steps(sizes: Sizes) -> int:
    return 2 * sizes.rounds + 1


async def measure(world: World, url: str, sizes: Sizes, tell: Tell) -> list[Result]:
    bare_url = await _bare_database(url)
    database, bare = await Database.open(url), await _Bare.open(bare_url, world)
    ledger = Ledger(database)
    ours = _Ours(world, database, ledger)
    spread = random.Random(SEED).sample(world.skus[:-1], min(sizes.spread, len(world.skus) - 1))
    try:
        results = []
        for name, skus in ((f"spread over {len(spread):,} SKUs", spread), ("on one hot SKU", [world.hot])):
            results += await _figures(name, skus, ours, bare, sizes, tell)
        tell("adding up the stock")
        await ours.check()
        await bare.check()
        return results
    finally:
        await ledger.close()
        await database.close()
        await bare.close()


async def _figures(name: str, skus: Sequence[str], ours: _Ours, bare: _Bare, sizes: Sizes, tell: Tell) -> list[Result]:
    """One client, eight clients, and many at once: ours and bare SQL in turns."""
    chosen = itertools.cycle(skus)
    rates: dict[str, list[float]] = {}
    one, many = [bare.reserve(0)], [bare.reserve(number) for number in range(CLIENTS)]
    for number in range(sizes.rounds + 1):
        tell(f"reservations {name}, " + (f"round {number}" if number else "warming up"))
        seconds = sizes.seconds if number else sizes.seconds / 4
        round_ = {
            "bare 1": await _one_by_one(one, chosen, seconds),
            "ours 1": await _one_by_one([ours.reserve], chosen, seconds),
            "bare 8": await _one_by_one(many, chosen, seconds),
            "ours 8": await _one_by_one([ours.reserve] * CLIENTS, chosen, seconds),
            "together": await _together(ours.reserve, chosen, sizes.together, seconds),
        }
        for kind, rate in round_.items() if number else ():
            rates.setdefault(kind, []).append(rate)

    def figure(who: str, mine: str, best: str, clients: str, goal: float | None) -> Result:
        limit_is = _BARE_IS.format(clients)
        label = f"reservations {name}, {who}"
        return speed(label, "orders/s", rates[mine], rates[best], goal=goal, data=sizes.data, limit_is=limit_is)

    return [
        # No goal alone: an entry, its lines, balances and papers are some nine rows where bare SQL changes three.
        figure("1 client", "ours 1", "bare 1", "1 connection", None),
        figure(f"{CLIENTS} clients", "ours 8", "bare 8", f"{CLIENTS} connections", GOAL_ONE_BY_ONE),
        figure(f"{sizes.together} at once", "together", "bare 8", f"{CLIENTS} connections", GOAL_TOGETHER),
    ]


async def _one_by_one(clients: Sequence[Reserve], skus: Any, seconds: float) -> float:
    """Each client reserves again as soon as it was answered; reservations a second, of all together."""
    started = time.perf_counter()
    deadline = started + seconds

    async def client(reserve: Reserve) -> int:
        done = 0
        while time.perf_counter() < deadline:
            await reserve(next(skus))
            done += 1
        return done

    done = sum(await asyncio.gather(*(client(reserve) for reserve in clients)))
    return done / (time.perf_counter() - started)


async def _together(reserve: Reserve, skus: Any, size: int, seconds: float) -> float:
    """`size` reservations of one instant, and again when all were answered."""
    started, done = time.perf_counter(), 0
    while time.perf_counter() < started + seconds:
        await asyncio.gather(*(reserve(next(skus)) for _ in range(size)))
        done += size
    return done / (time.perf_counter() - started)


@dataclass
class _Ours:
    world: World
    database: Database
    ledger: Ledger
    done: int = 0

    async def reserve(self, sku: str) -> None:
        await self.ledger.perform(self.world.seller_id, PlaceOrder(sku=sku, quantity=1), _BENCH)
        self.done += 1

    async def check(self) -> None:
        """Every reservation is an order, and its unit went from the shelves to what is reserved."""
        async with self.database.read() as connection:
            seller = self.world.seller_id
            orders = await connection.fetchval("select count(*) from orders where seller_id = $1", seller)
            left = await connection.fetchval("select sum(available) from positions where seller_id = $1", seller)
            ordered = await connection.fetchval("select sum(ordered) from positions where seller_id = $1", seller)
        taken = self.world.units - left
        found = f"{self.done} reservations, {orders} orders, {ordered} units reserved, {taken} taken"
        assert orders == ordered == taken == self.done, found


# bare SQL

_SCHEMA = """
    create table stock (sku text primary key, quantity bigint not null check (quantity >= 0));
    create table orders (order_id bigint primary key, sku text not null, quantity bigint not null);
    create table lines (order_id bigint primary key, sku text not null, delta bigint not null);
"""
_TAKE = "update stock set quantity = quantity - 1 where sku = $1 and quantity >= 1 returning quantity"
_ORDER = "insert into orders (order_id, sku, quantity) values ($1, $2, 1)"
_LINE = "insert into lines (order_id, sku, delta) values ($1, $2, -1)"
_NAME = "bench_limit"


async def _bare_database(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"create database {_NAME}")
    finally:
        await connection.close()
    return re.sub(r"^([a-z]+://[^/?]*)(/[^?]*)?", rf"\1/{_NAME}", url)


class _Bare:
    """As many SKUs and connections as ours."""

    def __init__(self, connections: Sequence[Connection], units: int) -> None:
        self._connections = connections
        self._units = units
        self._ids = itertools.count(1)
        self._done = 0

    @classmethod
    async def open(cls, url: str, world: World) -> _Bare:
        connections = [await asyncpg.connect(url) for _ in range(CLIENTS)]
        await connections[0].execute(_SCHEMA)
        stock = [(sku, HOT_UNITS if sku == world.hot else 10_000) for sku in world.skus]
        await connections[0].copy_records_to_table("stock", records=stock, timeout=600)
        await connections[0].execute("vacuum analyze")
        await connections[0].execute("checkpoint")
        return cls(connections, sum(units for _, units in stock))

    def reserve(self, number: int) -> Reserve:
        """One reservation on the connection of that number."""
        connection = self._connections[number]

        async def reserve(sku: str) -> None:
            order = next(self._ids)
            await connection.execute("begin")
            assert await connection.fetchval(_TAKE, sku) is not None
            await connection.execute(_ORDER, order, sku)
            await connection.execute(_LINE, order, sku)
            await connection.execute("commit")
            self._done += 1

        return reserve

    async def check(self) -> None:
        left = await self._connections[0].fetchval("select sum(quantity) from stock")
        orders = await self._connections[0].fetchval("select count(*) from orders")
        assert self._units - left == orders == self._done

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()
