"""Questions about supply: of some SKUs, or page by page of all that changed since an instant.

Pages are those of `services/inventory.py`: each set one consistent snapshot, whatever is written meanwhile. A change of
inbound units is one here, too, since supply counts them (domain specification §2.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

from entrepot.domain.accounts import Account
from entrepot.domain.errors import Invalid
from entrepot.domain.fba.supply import NO_SUPPLY, SUPPLY_TYPES, Portion, Supply, on_the_shelf, supply
from entrepot.domain.items import clean_sku
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.places import country_of
from entrepot.services.inventory import PAGE_SIZE, Asked, Bookmark
from entrepot.storage import inventory
from entrepot.storage import supply as storage
from entrepot.storage.database import Connection, Database
from entrepot.storage.worlds import whole_milliseconds


class Supplied(NamedTuple):
    """A SKU and its supply in a marketplace. Without an FNSKU it is none that the warehouse sells there."""

    sku: str
    supply: Supply
    fnsku: str = ""
    asin: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Page:
    supplied: list[Supplied]
    bookmark: Bookmark | None  # None: there is no more


class Supplies:
    """Reads; never writes, never waits for a writer except when asked what changed since."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, seller_id: str, marketplace_id: str, skus: Sequence[str]) -> list[Supplied]:
        """The supply of each of these SKUs (at most a page of them), in their order, each once, known or not."""
        names = _normal(skus)
        known = [sku for sku in names.values() if sku is not None]
        page = await self.page(seller_id, Asked(marketplace_id, known)) if known else Page([], None)
        found = {supplied.sku: supplied for supplied in page.supplied}
        return [found.get(name or "") or Supplied(text, NO_SUPPLY) for text, name in names.items()]

    async def page(self, seller_id: str, asked: Asked, bookmark: Bookmark | None = None) -> Page:
        """The next page (50) of a set, ordered by SKU in code points."""
        query = inventory.Query(
            seller_id,
            asked.marketplace_id,
            MARKETPLACES[asked.marketplace_id].country,
            bookmark.after if bookmark else "",
            PAGE_SIZE + 1,
            asked.skus,
            asked.changed_since,
            bookmark.snapshot if bookmark else None,
            inbound_too=True,
        )
        async with self._database.read() as connection:
            if asked.changed_since is not None and bookmark is None:
                await inventory.settle(connection, seller_id)
            rows = await storage.page(connection, query)
            if not rows or rows[0]["sku"] is None:
                return Page([], None)
            now = bookmark.now if bookmark else max(whole_milliseconds(rows[0]["clock"]), rows[0]["last_at"])
            snapshot = bookmark.snapshot if bookmark else rows[0]["last_seq"]
            shown = rows[:PAGE_SIZE]
            undone = await _undone(connection, query, shown) if bookmark else {}
        supplied = [_supplied(row, query.country, undone, now) for row in shown]
        return Page(supplied, Bookmark(snapshot, now, supplied[-1].sku) if len(rows) > PAGE_SIZE else None)


# In a page row, after last_seq, clock, last_at: sku, fnsku, asin, condition, available.
_NAMES: Final = slice(3, 8)


def _normal(texts: Iterable[str]) -> dict[str, str | None]:
    """Each text with the SKU that it means, which is none where it cannot be one; a SKU named twice only once."""
    names: dict[str, str | None] = {}
    seen: set[str] = set()
    for text in texts:
        try:
            name = clean_sku(text)
        except Invalid:
            names[text] = None
            continue
        if name not in seen:
            seen.add(name)
            names[text] = name
    return names


def _supplied(row: asyncpg.Record, country: str, undone: Mapping[str, Sequence[Portion]], now: datetime) -> Supplied:
    sku, fnsku, asin, condition, available = row[_NAMES]
    if row["dated"] is None and row["remote"] is None and fnsku not in undone:
        return Supplied(sku, on_the_shelf(available), fnsku, asin, condition)
    return Supplied(sku, _supply(row, country, undone.get(fnsku, ()), now), fnsku, asin, condition)


def _supply(row: asyncpg.Record, country: str, undone: Sequence[Portion], now: datetime) -> Supply:
    serves_all = row["remote"] is not None
    free: int = row["available"] + (row["remote"][0] or 0 if serves_all else 0)
    dated = [
        Portion(account, at, units)
        for account, place, at, units in storage.dated_of(row)
        if country_of(place) == country or (serves_all and account is Account.FC_AVAIL)
    ]
    free -= sum(portion.units for portion in dated if portion.account is Account.FC_AVAIL)
    return supply([Portion(Account.FC_AVAIL, None, free), *dated, *undone], now)


async def _undone(
    connection: Connection, query: inventory.Query, rows: Sequence[asyncpg.Record]
) -> dict[str, list[Portion]]:
    """What takes back, by item, what happened after the snapshot."""
    assert query.snapshot is not None
    serves_all = rows[0]["remote"] is not None
    moved = [row["fnsku"] for row in rows if row["any_seq"] > query.snapshot or serves_all]
    if not moved:
        return {}
    changes = await inventory.moved_between(connection, query.seller_id, moved, query.snapshot, rows[0]["last_seq"])
    undone: dict[str, list[Portion]] = {}
    for change in changes:
        key = change.key
        if key.account in SUPPLY_TYPES and (
            change.country == query.country or (serves_all and key.account is Account.FC_AVAIL)
        ):
            undone.setdefault(key.item, []).append(Portion(key.account, key.at, -change.delta))
    return undone
