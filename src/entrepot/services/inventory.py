"""Questions about stock: pages of summaries, each set one consistent snapshot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

import asyncpg

from entrepot.domain.accounts import Account, Key
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.places import country_of
from entrepot.domain.quantities import LONG_TERM, POSITION_COLUMNS, SHORT_TERM, Position, research_day
from entrepot.storage import inventory as storage
from entrepot.storage.database import Connection, Database
from entrepot.storage.worlds import told_time

PAGE_SIZE: Final = 50


@dataclass(frozen=True)
class Asked:
    """A set of summaries: all of a marketplace, some SKUs, or those changed since an instant."""

    marketplace_id: str
    skus: Sequence[str] | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True)
class Bookmark:
    """Where a set was left: its snapshot of journal and clock, and the last SKU given."""

    snapshot: int
    now: datetime
    after: str


@dataclass(frozen=True)
class Read:
    """The rows of a page (never none) as the database has them now, and of which snapshot they are to tell."""

    query: storage.Query
    rows: Sequence[asyncpg.Record]
    snapshot: int
    now: datetime
    more: bool

    @property
    def bookmark(self) -> Bookmark | None:
        return Bookmark(self.snapshot, self.now, self.rows[-1]["sku"]) if self.more else None


Reader = Callable[[Connection, storage.Query], Awaitable[list[asyncpg.Record]]]


async def read_page(
    connection: Connection,
    reader: Reader,
    seller_id: str,
    asked: Asked,
    bookmark: Bookmark | None,
    *,
    inbound_too: bool = False,
) -> Read | None:
    """The next page of a set, ordered by SKU in code points; None if nothing is on it. It waits for writers only when
    asked what changed since."""
    query = storage.Query(
        seller_id,
        asked.marketplace_id,
        MARKETPLACES[asked.marketplace_id].country,
        bookmark.after if bookmark else "",
        PAGE_SIZE + 1,
        asked.skus,
        asked.changed_since,
        bookmark.snapshot if bookmark else None,
        inbound_too,
    )
    if asked.changed_since is not None and bookmark is None:
        await storage.settle(connection, seller_id)
    rows = await reader(connection, query)
    if not rows or rows[0]["sku"] is None:
        return None
    first = rows[0]
    now = bookmark.now if bookmark else told_time(first["clock"], first["last_at"])
    snapshot = bookmark.snapshot if bookmark else first["last_seq"]
    return Read(query, rows[:PAGE_SIZE], snapshot, now, len(rows) > PAGE_SIZE)


@dataclass(slots=True)
class Summary:
    """One SKU in one marketplace. `researching` is units by age: short, mid, long."""

    sku: str
    fnsku: str
    asin: str
    condition: str
    title: str
    last_updated: datetime
    position: Position
    researching: tuple[int, int, int]


@dataclass(frozen=True)
class Page:
    summaries: list[Summary]
    bookmark: Bookmark | None  # None: there is no more


_STATES: Final = tuple(field.name for field in fields(Position))


class Inventory:
    """Reads; never writes, never waits for a writer except when asked what changed since."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def summaries(self, seller_id: str, asked: Asked, bookmark: Bookmark | None = None) -> Page:
        """The next page (50) of a set, ordered by SKU in code points."""
        async with self._database.read() as connection:
            read = await read_page(connection, storage.page, seller_id, asked, bookmark)
            if read is None:
                return Page([], None)
            summaries = [_summary(row, read.query.country, read.now) for row in read.rows]
            if bookmark:
                await _take_back(connection, read, summaries)
        return Page(summaries, read.bookmark)


def _summary(row: asyncpg.Record, country: str, now: datetime) -> Summary:
    sku, fnsku, asin, condition, title = row[_FIRST_NAME:_AFTER_NAMES]
    position = Position(*row[_FIRST_STATE:_AFTER_STATES])
    last_updated = row["any_at"]
    if row["remote"] is not None and row["remote"][1] is not None:
        available, changed_at = row["remote"]
        position.available += available
        last_updated = max(last_updated, changed_at)
    researching = _NOT_RESEARCHING
    if position.researching:
        research = {key: units for key, units in storage.research_of(row) if country_of(key.place) == country}
        researching = _ages(research, now)
    return Summary(sku, fnsku, asin, condition, title, last_updated, position, researching)


_NOT_RESEARCHING: Final = (0, 0, 0)
# In a page row the states of the position stand in their order after these columns:
# last_seq, clock, last_at, sku, fnsku, asin, condition, title, created_at.
_FIRST_NAME: Final = 3
_AFTER_NAMES: Final = 8
_FIRST_STATE: Final = 9
_AFTER_STATES: Final = _FIRST_STATE + len(_STATES)


def _ages(research: Mapping[Key, int], now: datetime) -> tuple[int, int, int]:
    ages = [0, 0, 0]
    for key, units in research.items():
        if key.at is not None:
            day = research_day(key.at, now)
            ages[0 if day <= SHORT_TERM.last_day else 1 if day < LONG_TERM.first_day else 2] += units
    return ages[0], ages[1], ages[2]


async def _take_back(connection: Connection, read: Read, summaries: Sequence[Summary]) -> None:
    """Undo, in these summaries, what happened after the snapshot."""
    query, rows = read.query, read.rows
    moved = {row["fnsku"]: row for row in rows if row["any_seq"] > read.snapshot or row["remote"] is not None}
    if not moved:
        return
    items, until = list(moved), rows[0]["last_seq"]
    undone = await storage.moved_between(connection, query.seller_id, items, read.snapshot, until)
    everywhere = rows[0]["remote"] is not None
    before = await storage.last_changes(connection, query, items, read.snapshot, everywhere)
    for summary in summaries:
        row = moved.get(summary.fnsku)
        if row is None:
            continue
        research = {key: units for key, units in storage.research_of(row) if country_of(key.place) == query.country}
        for change in undone:
            if change.key.item != summary.fnsku:
                continue
            if change.country == query.country:
                state = POSITION_COLUMNS[change.key.account, change.key.disposition]
                setattr(summary.position, state, getattr(summary.position, state) - change.delta)
                if change.key.account is Account.FC_RESEARCH:
                    research[change.key] = research.get(change.key, 0) - change.delta
            elif change.key.account is Account.FC_AVAIL and row["remote"] is not None:
                summary.position.available -= change.delta
        summary.researching = _ages(research, read.now)
        summary.last_updated = before.get(summary.fnsku, row["created_at"])
