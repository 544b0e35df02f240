"""Reading listings: what was submitted about some SKUs beside the stock there is of them, and searching by it.

What is shown of a listing is read by one statement, so it is consistent in itself. A search finds SKUs first; there is
no index on what it sorts by, as every change of a quantity would pay for it: the best few of all rows are kept while
they are scanned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg

from entrepot.domain.papers import Listing, Product, Sku, Source
from entrepot.storage.bulk import WAREHOUSE_CHANNELS
from entrepot.storage.database import Connection
from entrepot.storage.papers import PAPERS, paper
from entrepot.storage.worlds import told_time, world_time


@dataclass(frozen=True)
class Item:
    """A listing with its catalogue side and its stock: available units by location, and by country in the warehouse."""

    listing: Listing
    sku: Sku | None
    product: Product | None
    available: Mapping[str, int]
    warehouse: Mapping[str, int]


@dataclass(frozen=True)
class Shelf:
    """Listings of one seller at one moment of his world, in the order of the SKUs asked for, and his locations."""

    now: datetime
    sources: Mapping[str, Source]
    items: Sequence[Item]


_LISTING: Final = PAPERS[Listing].columns
_SKU: Final = PAPERS[Sku].columns
_PRODUCT: Final = PAPERS[Product].columns
_AFTER_LISTING: Final = len(_LISTING)
_AFTER_SKU: Final = _AFTER_LISTING + len(_SKU)
_AFTER_PRODUCT: Final = _AFTER_SKU + len(_PRODUCT)


def _columns(table: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{table}.{column}" for column in columns)


# Of a listing's columns, its attributes are in a table of their own.
_LISTING_COLUMNS: Final = _columns("i", _LISTING).replace("i.attributes", "a.attributes")


_SHELF: Final = f"""
    select {world_time()} as clock, l.last_at,
           array(select ({_columns("s", PAPERS[Source].columns)}) from sources s where s.seller_id = $1) as sources,
           array(
               select (
                   {_LISTING_COLUMNS}, {_columns("k", _SKU)}, {_columns("p", _PRODUCT)},
                   array(select (b.place, b.quantity) from balances b
                         where b.seller_id = $1 and b.item = i.sku and b.account = 'M_AVAIL' and b.quantity > 0),
                   array(select (w.country, w.available) from positions w
                         where w.seller_id = $1 and w.country = any($3) and w.item = k.fnsku and w.available > 0)
               )
               from unnest($2::text[]) with ordinality as named(sku, n)
               join listings i on i.seller_id = $1 and i.sku = named.sku collate "C"
               join listing_attributes a on a.seller_id = $1 and a.sku = i.sku
               left join skus k on k.seller_id = $1 and k.sku = i.sku
               left join products p on p.seller_id = $1 and p.asin = k.asin
               order by named.n
           ) as items
    from ledgers l where l.seller_id = $1
"""


async def shelf(connection: Connection, seller_id: str, skus: Sequence[str], countries: Sequence[str]) -> Shelf | None:
    """These listings, deleted ones too; None if there is no such seller."""
    row = await connection.fetchrow(_SHELF, seller_id, list(skus), list(countries))
    if row is None:
        return None
    sources = [paper(Source, part) for part in row["sources"]]
    return Shelf(
        told_time(row["clock"], row["last_at"]),
        {source.source_id: source for source in sources},
        [_item(part) for part in row["items"]],
    )


def _item(row: Sequence[Any]) -> Item:
    known = row[_AFTER_LISTING] is not None
    catalogued = row[_AFTER_SKU] is not None
    return Item(
        paper(Listing, row[:_AFTER_LISTING]),
        paper(Sku, row[_AFTER_LISTING:_AFTER_SKU]) if known else None,
        paper(Product, row[_AFTER_SKU:_AFTER_PRODUCT]) if catalogued else None,
        dict(row[_AFTER_PRODUCT]),
        dict(row[_AFTER_PRODUCT + 1]),
    )


# searching

SortBy = Literal["sku", "createdDate", "lastUpdatedDate"]
Hint = Literal["catalogued", "uncatalogued", "saleable", "faulty", "beside_locations"]
_SORTED_BY: Final[dict[str, str]] = {"sku": "", "createdDate": "i.created_at", "lastUpdatedDate": "i.updated_at"}


@dataclass(frozen=True)
class Place:
    """Where a listing stands in a sorted list: its instant (not when sorted by SKU) and its SKU."""

    at: datetime | None
    sku: str


@dataclass(frozen=True)
class Filters:
    """Which listings: those of any of the marketplaces that fit everything that is given."""

    marketplaces: Sequence[str]
    skus: Sequence[str] | None = None
    asins: Sequence[str] | None = None
    fnskus: Sequence[str] | None = None
    gtins: Sequence[str] | None = None
    minsans: Sequence[str] | None = None
    variation_parent: str | None = None
    package_hierarchy: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    hints: Sequence[Hint] = ()


_IN_CATALOGUE: Final = (
    "exists (select from skus k {join} where k.seller_id = $1 and k.sku = i.sku and {column} = any({value}::text[]))"
)
_PRODUCTS: Final = "join products p on p.seller_id = $1 and p.asin = k.asin"
_ATTRIBUTES: Final = "(select a.attributes from listing_attributes a where a.seller_id = $1 and a.sku = i.sku)"
# Each filter as a condition on the listing `i`; {value} is its argument.
_CONDITIONS: Final[dict[str, str]] = {
    "marketplaces": "i.marketplaces ?| {value}::text[]",
    "skus": "i.sku = any({value}::text[])",
    "asins": _IN_CATALOGUE.format(join="", column="k.asin", value="{value}"),
    "fnskus": _IN_CATALOGUE.format(join="", column="k.fnsku", value="{value}"),
    "gtins": _IN_CATALOGUE.format(join=_PRODUCTS, column="p.gtin", value="{value}"),
    "minsans": """exists (
        select from listing_attributes a,
            jsonb_array_elements(coalesce(a.attributes -> 'externally_assigned_product_identifier', '[]')) e
        where a.seller_id = $1 and a.sku = i.sku
        and lower(e ->> 'type') = 'minsan' and e ->> 'value' = any({value}::text[]))""",
    # A query of its own is done once, not for each row.
    "variation_parent": f"""{_ATTRIBUTES} @> (select jsonb_build_object('child_parent_sku_relationship',
        jsonb_build_array(jsonb_build_object('parent_sku', {{value}}::text))))""",
    "package_hierarchy": f"""({_ATTRIBUTES} @> (select jsonb_build_object('package_contains_sku',
            jsonb_build_array(jsonb_build_object('sku', {{value}}::text))))
        or i.sku = any(array(select e ->> 'sku' collate "C" from listings c
            join listing_attributes d on d.seller_id = $1 and d.sku = c.sku
            cross join jsonb_array_elements(coalesce(d.attributes -> 'package_contains_sku', '[]')) e
            where c.seller_id = $1 and c.sku = {{value}}::text and c.deleted_at is null)))""",
    "created_after": "i.created_at >= {value}::timestamptz",
    "created_before": "i.created_at <= {value}::timestamptz",
    "updated_after": "i.updated_at >= {value}::timestamptz",
    "updated_before": "i.updated_at <= {value}::timestamptz",
}

_CATALOGUED: Final = "exists (select from skus k where k.seller_id = $1 and k.sku = i.sku and k.asin <> '')"
_STOCKED: Final = (
    "exists (select from balances b where b.seller_id = $1 and b.item = i.sku and b.account = 'M_AVAIL'"
    " and b.quantity > 0{place})"
)
# What a listing must be, at least, for its live state to be as wished; the domain (`mfn.live`) says whether it is.
_HINTS: Final[dict[Hint, str]] = {
    "catalogued": _CATALOGUED,
    "uncatalogued": f"not {_CATALOGUED}",
    "saleable": f"""{_CATALOGUED} and i.offers <> '{{}}' and (
        {_STOCKED.format(place="")}
        or i.availability ?| {WAREHOUSE_CHANNELS}
        or i.availability @? '$.*.is_inventory_available ? (@ == true)')""",
    "faulty": f"""(not {_CATALOGUED} or exists (
        select from jsonb_array_elements_text(i.marketplaces) m(id) where not exists (
            select from jsonb_each(i.offers) o
            where o.value ->> 'marketplace_id' = m.id and o.value ? 'our_price')))""",
    "beside_locations": "i.availability - 'DEFAULT' <> '{}' and " + _STOCKED.format(place=" and b.place = 'DEFAULT'"),
}


@dataclass
class _Where:
    """A WHERE clause that grows, and its arguments; $1 is the seller."""

    arguments: list[object]
    conditions: list[str] = field(default_factory=lambda: ["i.seller_id = $1", "i.deleted_at is null"])

    @classmethod
    def of(cls, seller_id: str, filters: Filters) -> _Where:
        where = cls([seller_id])
        for part in fields(filters):
            value = getattr(filters, part.name)
            if part.name == "hints":
                where.conditions += [_HINTS[hint] for hint in value]
            elif value is not None:
                where.add(_CONDITIONS[part.name].replace("{value}", where.argument(value)))
        return where

    def argument(self, value: object) -> str:
        self.arguments.append(list(value) if isinstance(value, tuple) else value)
        return f"${len(self.arguments)}"

    def add(self, condition: str) -> None:
        self.conditions.append(condition)

    @property
    def text(self) -> str:
        return " and ".join(self.conditions)


async def count(connection: Connection, seller_id: str, filters: Filters) -> int:
    """How many listings fit."""
    where = _Where.of(seller_id, filters)
    return int(await connection.fetchval(f"select count(*) from listings i where {where.text}", *where.arguments))


async def find(
    connection: Connection,
    seller_id: str,
    filters: Filters,
    sort_by: SortBy,
    descending: bool,
    limit: int,
    after: Place | None = None,
) -> list[Place]:
    """The next listings that fit, in this order, after a place in it."""
    where = _Where.of(seller_id, filters)
    column = _SORTED_BY[sort_by]
    if after is not None:
        comparison = "<" if descending else ">"
        if column:
            at, sku = where.argument(after.at), where.argument(after.sku)
            where.add(f"({column}, i.sku) {comparison} ({at}::timestamptz, {sku}::text)")
        else:
            where.add(f"i.sku {comparison} {where.argument(after.sku)}::text")
    direction = "desc" if descending else "asc"
    order = f"{column} {direction}, i.sku {direction}" if column else f"i.sku {direction}"
    rows: list[asyncpg.Record] = await connection.fetch(
        f"select {column or 'null::timestamptz'} as at, i.sku from listings i where {where.text}"
        f" order by {order} limit {int(limit)}",
        *where.arguments,
    )
    return [Place(row["at"], row["sku"]) for row in rows]
