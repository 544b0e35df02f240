"""A seller with many SKUs, laid straight into the tables by COPY: every row as the ledger itself would have written it.

Not measured. `verify` finds nothing to say about it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.datadir import DataDirectory
from entrepot.domain.accounts import Disposition, Key
from entrepot.domain.fba.stock import correction, free, unsellable
from entrepot.domain.items import allot
from entrepot.domain.marketplaces import MARKETPLACES, named
from entrepot.domain.papers import Sku
from entrepot.domain.places import DEFAULT_CENTRES
from entrepot.services.access import Access
from entrepot.services.credentials import MwsCredentials, SpapiCredentials
from entrepot.services.secrets import Keyring
from entrepot.services.world import new_world
from entrepot.storage.database import NO_INSTANT, Connection, Database
from entrepot.storage.embedded import EmbeddedPostgres
from entrepot.storage.migrate import migrate
from entrepot.storage.worlds import peek

_US = named("US")
assert _US is not None
MARKETPLACE: Final = MARKETPLACES[_US.id]
CENTRE: Final = DEFAULT_CENTRES[MARKETPLACE.country]
SEED: Final = 20_260_301
HOT_UNITS: Final = 500_000_000
_COPY_SECONDS: Final = 600.0
_ADJECTIVES: Final = (
    "Foldable Stainless Organic Wireless Waterproof Compact Insulated Magnetic Vintage Adjustable".split()
)
_NOUNS: Final = "Water Bottle,Desk Lamp,Yoga Mat,Phone Stand,Travel Mug,Tool Set,Garden Hose,Cutting Board".split(",")


@dataclass(frozen=True)
class World:
    """The seller, and his SKUs in the order in which pages show them. One of them, `hot`, never runs out."""

    seller_id: str
    credentials: SpapiCredentials
    mws: MwsCredentials
    skus: Sequence[str]
    hot: str
    units: int  # on the shelves, of all SKUs
    last_seq: int
    now: datetime
    postgresql: str


@contextmanager
def postgres(directory: DataDirectory) -> Iterator[str]:
    """The durable embedded server of a data directory; its URL."""
    server = EmbeddedPostgres(directory.postgres)
    try:
        yield server.start()
    finally:
        server.stop()


async def seed(url: str, directory: DataDirectory, size: int) -> World:
    """A new seller with `size` SKUs in one marketplace, each with stock."""
    await migrate(url)
    database = await Database.open(url, command_timeout=_COPY_SECONDS)
    try:
        access = Access(database, Keyring.load(directory.key))
        made = await access.add_seller(
            "bench@example.com", "a long enough password", "Bench",
            also=lambda connection, seller_id: new_world(connection, seller_id, SEED),
        )  # fmt: skip
        assert made.spapi is not None
        async with database.write() as connection:
            rows = await _copy(connection, made.seller_id, size)
        async with database.read() as connection:
            await connection.execute("vacuum analyze")
            await connection.execute("checkpoint")
            version = str(await connection.fetchval("show server_version"))
        return World(
            made.seller_id, made.spapi, made.mws, rows.skus, rows.skus[-1], rows.units, rows.last_seq, rows.now, version
        )  # fmt: skip
    finally:
        await database.close()


@dataclass
class _Rows:
    """The rows of every table, as they are gathered; without the seller, who is first in all of them."""

    now: datetime

    def __post_init__(self) -> None:
        self.skus: list[str] = []
        self.tables: dict[str, tuple[str, list[tuple[object, ...]]]] = {
            "skus": ("sku, fnsku, asin, condition, barcode", []),
            "offers": ("marketplace_id, sku, created_seq, title, created_at, closed_seq", []),
            "entries": ("seq, event, effective_at, channel, actor, reference_kind, reference, reason", []),
            "moves": (
                "seq, move, quantity, item, account, place, disposition, detail, ref, at, country, "
                "to_account, to_place, to_disposition, to_detail, to_ref, to_at, to_country",
                [],
            ),
            "balances": ("item, account, place, disposition, detail, ref, at, quantity", []),
            "positions": ("country, item, available, customer_damaged, stock_seq, any_seq, any_at", []),
        }
        self.units = self.last_seq = self.counter = 0

    def add(self, table: str, *row: object) -> None:
        self.tables[table][1].append(row)

    def entry(self, event: str, sku: str) -> int:
        self.last_seq += 1
        self.add("entries", self.last_seq, event, self.now, "bench", "bench", "sku", sku, "")
        return self.last_seq

    def new_id(self, kind: str) -> str:
        self.counter += 1
        return allot(kind, SEED, self.counter)


async def _copy(connection: Connection, seller_id: str, size: int) -> _Rows:
    ledger = await peek(connection, seller_id)
    assert ledger is not None
    rows, chance = _Rows(ledger.now), random.Random(SEED)
    for number in range(size):
        hot = number == size - 1
        _add_item(rows, f"SKU-{number:07d}", chance, HOT_UNITS if hot else chance.randint(1_000, 9_999))
    for table, (columns, values) in rows.tables.items():
        records = ((seller_id, *row) for row in values)
        names = ["seller_id", *columns.split(", ")]
        await connection.copy_records_to_table(table, records=records, columns=names, timeout=_COPY_SECONDS)
        values.clear()
    await connection.execute(
        "update ledgers set last_seq = $2, counter = $3, last_at = $4 where seller_id = $1",
        seller_id, rows.last_seq, rows.counter, rows.now,
    )  # fmt: skip
    return rows


def _add_item(rows: _Rows, sku: str, chance: random.Random, sellable: int) -> None:
    """A SKU as create_item and open_balance leave it: on the shelf, and of every tenth some damaged."""
    asin = rows.new_id("asin")
    item = Sku(sku, rows.new_id("fnsku"), asin, "NewItem", "amazon")
    title = (
        f"{chance.choice(_ADJECTIVES)} {chance.choice(_NOUNS)}, pack of {chance.randint(2, 12)}, for home and travel"
    )
    damaged = chance.randint(1, 9) if chance.random() < 0.1 else 0
    rows.skus.append(sku)
    rows.units += sellable
    rows.add("skus", sku, item.fnsku, asin, item.condition, item.barcode)
    rows.add("offers", MARKETPLACE.id, sku, rows.entry("C01", sku), title, rows.now, None)
    seq = rows.entry("F91", sku)
    moves = [(sellable, free(item, CENTRE))]
    if damaged:
        moves.append((damaged, unsellable(item, CENTRE, Disposition.CUSTOMER_DAMAGED)))
    source = correction(item.fnsku, "OPENING")
    for number, (units, shelf) in enumerate(moves):
        gives, receives = (*_columns(source), ""), (*_columns(shelf)[1:], MARKETPLACE.country)
        rows.add("moves", seq, number, units, *gives, *receives)
        rows.add("balances", *_columns(shelf), units)
    rows.add("positions", MARKETPLACE.country, item.fnsku, sellable, damaged, seq, seq, rows.now)


def _columns(key: Key) -> tuple[object, ...]:
    return key.item, key.account.value, key.place, key.disposition, key.detail, key.ref, key.at or NO_INSTANT
