"""Sellers with a ledger on the shared test database: each test brings its own, so that none sees another's stock."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from entrepot.domain.commands import Command, CreateItem
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace, named
from entrepot.services.inventory import Asked, Inventory, Summary
from entrepot.services.ledger import Ledger, Outcome, run_timers
from entrepot.services.supply import Supplied, Supplies
from entrepot.storage import worlds
from entrepot.storage.database import Database
from entrepot.storage.worlds import Clock

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TESTER = Origin("test", "tester")
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def market(code: str) -> str:
    """The id of a marketplace by its code."""
    found = named(code)
    assert found is not None
    return found.id


US, CA, UK, DE = (market(code) for code in ("US", "CA", "UK", "DE"))


@dataclass(frozen=True)
class Player:
    """A seller, and one node through which he is served."""

    id: str
    database: Database
    ledger: Ledger

    async def do(self, command: Command, key: str | None = None) -> Outcome:
        return await self.ledger.perform(self.id, command, TESTER, key)

    async def answer(self, command: Command, name: str) -> str:
        """What the command answered under a name."""
        return str((await self.do(command)).answer[name])

    async def offer(self, *skus: str, marketplace: str = US, **more: Any) -> None:
        for sku in skus:
            await self.do(CreateItem(sku, f"Title of {sku}", marketplace, **more))

    async def advance(self, span: timedelta) -> None:
        """Let time pass in this world; what is due happens."""
        async with self.ledger.locked(self.id) as (connection, row):
            row = await run_timers(connection, row)
            clock = replace(row.clock, world=row.now + span, real=row.real_now)
            await worlds.set_clock(connection, self.id, clock)
            await run_timers(connection, replace(row, clock=clock))

    async def now(self) -> datetime:
        async with self.database.read() as connection:
            row = await worlds.peek(connection, self.id)
        assert row is not None
        return row.now

    async def summaries(
        self, marketplace: str = US, skus: Sequence[str] | None = None, changed_since: datetime | None = None
    ) -> list[Summary]:
        """A whole set, page after page."""
        inventory, asked = Inventory(self.database), Asked(marketplace, skus, changed_since)
        page = await inventory.summaries(self.id, asked)
        found = list(page.summaries)
        while page.bookmark is not None:
            page = await inventory.summaries(self.id, asked, page.bookmark)
            found += page.summaries
        return found

    async def summary(self, sku: str, marketplace: str = US) -> Summary:
        [found] = await self.summaries(marketplace, [sku])
        return found

    async def supplies(
        self, skus: Sequence[str] | None = None, marketplace: str = US, changed_since: datetime | None = None
    ) -> list[Supplied]:
        """Of some SKUs, or of a whole set, page after page."""
        supplies = Supplies(self.database)
        if skus is not None:
            return await supplies.of(self.id, marketplace, skus)
        asked = Asked(marketplace, None, changed_since)
        page = await supplies.page(self.id, asked)
        found = list(page.supplied)
        while page.bookmark is not None:
            page = await supplies.page(self.id, asked, page.bookmark)
            found += page.supplied
        return found

    async def fetch(self, sql: str, *arguments: object) -> list[Any]:
        """Rows of a query whose $1 is the seller."""
        async with self.database.read() as connection:
            return list(await connection.fetch(sql, self.id, *arguments))

    async def journal(self) -> list[Any]:
        return await self.fetch("select * from entries where seller_id = $1 order by seq")


async def url_of(database: Database, server: str) -> str:
    """The URL of a database in a server, for another node's pool."""
    async with database.read() as connection:
        name = await connection.fetchval("select current_database()")
    return re.sub(r"^([a-z]+://[^/?]*)(/[^?]*)?", rf"\1/{name}", server)


@asynccontextmanager
async def another_node(player: Player, server: str) -> AsyncIterator[Player]:
    """The same seller, served by a second node with a pool of its own."""
    pool = await Database.open(await url_of(player.database, server), size=3)
    try:
        yield replace(player, database=pool, ledger=Ledger(pool))
    finally:
        await pool.close()


def numbers(summary: Summary) -> dict[str, int]:
    """The numbers of a summary that are not zero, by the names of the FBA Inventory API in our spelling."""
    p = summary.position
    short, mid, long = summary.researching
    reserved = p.ordered + p.in_transfer + p.processing
    inbound = p.working + p.shipped + p.receiving
    unfulfillable = (
        p.customer_damaged + p.warehouse_damaged + p.distributor_damaged + p.carrier_damaged + p.defective + p.expired
    )
    every = {
        "fulfillable": p.available,
        "inbound_working": p.working,
        "inbound_shipped": p.shipped,
        "inbound_receiving": p.receiving,
        "pending_customer_order": p.ordered,
        "pending_transshipment": p.in_transfer,
        "fc_processing": p.processing,
        "total_reserved": reserved,
        "researching_in_short_term": short,
        "researching_in_mid_term": mid,
        "researching_in_long_term": long,
        "total_researching": p.researching,
        "customer_damaged": p.customer_damaged,
        "warehouse_damaged": p.warehouse_damaged,
        "distributor_damaged": p.distributor_damaged,
        "carrier_damaged": p.carrier_damaged,
        "defective": p.defective,
        "expired": p.expired,
        "total_unfulfillable": unfulfillable,
        "total": p.available + reserved + unfulfillable + inbound,
    }
    return {name: units for name, units in every.items() if units}


async def new_player(
    database: Database,
    marketplaces: Iterable[str] = (US, CA),
    *,
    seed: int = 7,
    start: datetime = START,
    rate: float = 0,
    ledger: Ledger | None = None,
) -> Player:
    """A seller nobody knows yet, without stock, his clock at `start`, frozen unless a rate is given."""
    chosen = [MARKETPLACES[marketplace_id] for marketplace_id in marketplaces]
    seller_id = "A" + "".join(secrets.choice(_CAPITALS) for _ in range(13))
    async with database.write() as connection:
        await connection.execute(_SELLER, seller_id, *_particulars(seller_id, chosen))
        real = await worlds.real_now(connection)
        await worlds.create_ledger(connection, seller_id, seed, Clock(start, real, rate))
    return Player(seller_id, database, ledger or Ledger(database))


_SELLER = """
    insert into sellers (seller_id, email, name, password_hash, region, marketplaces, mws_access_key_id,
                         mws_secret_sealed, mws_auth_token_sealed)
    values ($1, $2, 'Seller of a test', '', $3, $4, $5, '', '')
"""


def _particulars(seller_id: str, marketplaces: Sequence[Marketplace]) -> tuple[str, str, list[str], str]:
    ids = [marketplace.id for marketplace in marketplaces]
    return f"{seller_id.lower()}@example.com", marketplaces[0].region, ids, f"key of {seller_id}"
