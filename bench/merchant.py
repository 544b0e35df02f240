"""A seller with many merchant-fulfilled listings, laid straight into the tables: each with a price and some units.

Not measured. `verify` finds nothing to say about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.world import MARKETPLACE, SEED
from entrepot.datadir import DataDirectory
from entrepot.services.access import Access
from entrepot.services.credentials import SpapiCredentials
from entrepot.services.secrets import Keyring
from entrepot.services.world import new_world
from entrepot.storage.database import Connection, Database

UNITS: Final = 5
PASSWORD: Final = "a long enough password"
_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Merchant:
    """The seller; his SKUs are `sku(0)` to `sku(listings - 1)`."""

    seller_id: str
    credentials: SpapiCredentials
    listings: int


def address(name: str) -> str:
    return f"{name}@example.com"


def sku(number: int) -> str:
    return f"MERCHANT-{number:07d}"


# $1 the seller, $2 how many, $3 the marketplace. The numbers begin with 0.
_SKU: Final = "'MERCHANT-' || lpad(n::text, 7, '0')"
_TABLES: Final = (
    f"""
    insert into skus (seller_id, sku, fnsku, asin, condition, barcode)
    select $1, {_SKU}, 'XM' || lpad(n::text, 8, '0'), 'BM' || lpad(n::text, 8, '0'), 'NewItem', 'amazon'
    from generate_series(0, $2::int - 1) n where $3::text is not null
    """,
    f"""
    insert into listings (seller_id, sku, product_type, requirements, marketplaces, availability, offers, created_at,
                          updated_at)
    select $1, {_SKU}, 'PRODUCT', 'LISTING', jsonb_build_array($3::text),
           '{{"DEFAULT": {{"fulfillment_channel_code": "DEFAULT", "quantity": {UNITS}}}}}'::jsonb,
           jsonb_build_object($3 || '|USD|ALL', jsonb_build_object(
               'marketplace_id', $3, 'currency', 'USD', 'audience', 'ALL',
               'our_price', '[{{"schedule": [{{"value_with_tax": 9.99}}]}}]'::jsonb)),
           l.clock_world, l.clock_world
    from ledgers l, generate_series(0, $2::int - 1) n where l.seller_id = $1
    """,
    f"""
    insert into listing_attributes (seller_id, sku, attributes)
    select $1, {_SKU}, jsonb_build_object(
        'item_name', jsonb_build_array(jsonb_build_object(
            'marketplace_id', $3::text, 'language_tag', 'en_US',
            'value', 'Adjustable desk lamp number ' || n || ', for home and travel')),
        'condition_type', jsonb_build_array(jsonb_build_object('marketplace_id', $3::text, 'value', 'new_new')))
    from generate_series(0, $2::int - 1) n
    """,
    f"""
    insert into entries (seller_id, seq, event, effective_at, channel, actor, reference_kind, reference, reason)
    select $1, n + 1, 'M01', l.clock_world, 'bench', 'bench', 'sku', {_SKU}, ''
    from ledgers l, generate_series(0, $2::int - 1) n where l.seller_id = $1 and $3::text is not null
    """,
    f"""
    insert into moves (
        seller_id, seq, move, item, quantity, account, place, disposition, detail, ref, at, country,
        to_account, to_place, to_disposition, to_detail, to_ref, to_at, to_country
    )
    select $1, n + 1, 0, {_SKU}, {UNITS}, 'X_SELLER', '', '', 'COUNT', '', '-infinity', '',
           'M_AVAIL', 'DEFAULT', '', '', '', '-infinity', ''
    from generate_series(0, $2::int - 1) n where $3::text is not null
    """,
    f"""
    insert into balances (seller_id, item, account, place, disposition, detail, ref, at, quantity)
    select $1, {_SKU}, 'M_AVAIL', 'DEFAULT', '', '', '', '-infinity', {UNITS}
    from generate_series(0, $2::int - 1) n where $3::text is not null
    """,
    "update ledgers set last_seq = $2::int, last_at = clock_world where seller_id = $1 and $3::text is not null",
)


async def seed(url: str, directory: DataDirectory, size: int, name: str = "merchant") -> Merchant:
    """A new seller with `size` listings in one marketplace."""
    database = await Database.open(url, command_timeout=_SECONDS)
    try:
        access = Access(database, Keyring.load(directory.key))
        made = await access.add_seller(
            address(name), PASSWORD, name,
            also=lambda connection, seller_id: new_world(connection, seller_id, SEED),
        )  # fmt: skip
        assert made.spapi is not None
        async with database.write() as connection:
            await fill(connection, made.seller_id, size)
        async with database.read() as connection:
            await connection.execute("vacuum analyze")
            await connection.execute("checkpoint")
        return Merchant(made.seller_id, made.spapi, size)
    finally:
        await database.close()


async def fill(connection: Connection, seller_id: str, size: int) -> None:
    """The listings of a seller who has none."""
    for statement in _TABLES:
        await connection.execute(statement, seller_id, size, MARKETPLACE.id)
