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
from entrepot.domain.places import country_of
from entrepot.services.inventory import Asked, Bookmark, Read, read_page
from entrepot.storage import inventory
from entrepot.storage import supply as storage
from entrepot.storage.database import Connection, Database


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
        async with self._database.read() as connection:
            read = await read_page(connection, storage.page, seller_id, asked, bookmark, inbound_too=True)
            if read is None:
                return Page([], None)
            undone = await _undone(connection, read) if bookmark else {}
        return Page([_supplied(row, read.query.country, undone, read.now) for row in read.rows], read.bookmark)


# In a page row, after last_seq, clock, last_at: sku, fnsku, asin, condition, available.
_NAMES: Final = slice(3, 8)
_FREE: Final = Account.FC_AVAIL


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
    portions = [*undone]
    for account, place, at, units in storage.dated_of(row):
        if country_of(place) == country or (serves_all and account is _FREE):
            portions.append(Portion(account, at, units))
            if account is _FREE:
                free -= units
    portions.append(Portion(_FREE, None, free))
    return supply(portions, now)


async def _undone(connection: Connection, read: Read) -> dict[str, list[Portion]]:
    """What takes back, by item, what happened after the snapshot."""
    query, rows = read.query, read.rows
    serves_all = rows[0]["remote"] is not None
    moved = [row["fnsku"] for row in rows if row["any_seq"] > read.snapshot or serves_all]
    if not moved:
        return {}
    changes = await inventory.moved_between(connection, query.seller_id, moved, read.snapshot, rows[0]["last_seq"])
    undone: dict[str, list[Portion]] = {}
    for change in changes:
        key = change.key
        if key.account in SUPPLY_TYPES and (change.country == query.country or (serves_all and key.account is _FREE)):
            undone.setdefault(key.item, []).append(Portion(key.account, key.at, -change.delta))
    return undone
