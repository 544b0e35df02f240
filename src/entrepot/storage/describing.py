"""What is there under many SKUs, and many descriptions of them written at once (`domain.mfn.describing`).

A listing that begins has no quantity and no price yet: these come next, as for any listing (`storage.bulk`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from entrepot.domain.mfn.describing import Description, Facts, Item, Plan
from entrepot.domain.mfn.opening import ANY_PRODUCT
from entrepot.domain.papers import Product
from entrepot.storage.bulk import Submitted, joined, unnested
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow


async def listed(
    connection: Connection, seller_id: str, skus: Sequence[str]
) -> dict[str, tuple[list[str], list[str], bool]]:
    """The channels and the names of the attributes of each of these SKUs that is or was listed, and whether it was."""
    rows = await connection.fetch(
        """
        select l.sku, array(select jsonb_object_keys(l.availability)) as channels,
               array(select jsonb_object_keys(a.attributes)) as attributes, l.deleted_at is not null as closed
        from listings l left join listing_attributes a using (seller_id, sku)
        where l.seller_id = $1 and l.sku = any($2)
        """,
        seller_id,
        skus,
    )
    return {row["sku"]: (row["channels"], row["attributes"], row["closed"]) for row in rows}


# $1 the seller, $2 the SKUs, $3 whether their rows have no title, $4 the marketplace. A listing is plain if it is in
# this marketplace only and has no channel but DEFAULT.
_ITEMS: Final = f"""
    select n.sku, coalesce(k.fnsku, '') as fnsku, coalesce(k.asin, '') as asin, coalesce(k.condition, '') as condition,
        coalesce(case when n.untitled then (
            select a.attributes #>> '{{item_name,0,value}}' from listing_attributes a
            where a.seller_id = $1 and a.sku = n.sku
        ) end, '') as title,
        l.sku is not null and l.deleted_at is null as listed,
        l.sku is null or l.deleted_at is not null
            or (l.marketplaces = jsonb_build_array($4::text) and l.availability - 'DEFAULT' = '{{}}') as plain
    from (select sku collate "C", untitled from {unnested(2, "text", "boolean")} as i(sku, untitled)) n
    left join skus k on k.seller_id = $1 and k.sku = n.sku
    left join listings l on l.seller_id = $1 and l.sku = n.sku
    where k.sku is not null or l.sku is not null
"""
# $2 ASINs, $3 GTINs.
_PRODUCTS: Final = """
    select asin, gtin, product_type, title from products where seller_id = $1 and asin = any($2)
    union
    select asin, gtin, product_type, title from products where seller_id = $1 and gtin = any($3) and gtin <> ''
"""
_TWINS: Final = """
    select distinct on (asin, condition) asin, condition, fnsku from skus
    where seller_id = $1 and asin = any($2) and barcode = 'amazon'
"""


async def facts(
    connection: Connection, seller_id: str, marketplace_id: str, rows: Sequence[Description], isbns: Mapping[str, str]
) -> Facts:
    """What is there of what these rows name. isbns: by GTIN."""
    skus, untitled = [row.sku for row in rows], [not row.title for row in rows]
    found = await connection.fetch(_ITEMS, seller_id, joined(skus), joined(untitled), marketplace_id)
    items = {sku: Item(*item) for sku, *item in found}
    asins = {*isbns.values(), *(row.asin for row in rows), *(item.asin for item in items.values())} - {""}
    gtins = {row.gtin for row in rows} - {""}
    products = [Product(*row) for row in await connection.fetch(_PRODUCTS, seller_id, list(asins), list(gtins))]
    owners = {product.gtin: product.asin for product in products if product.gtin}
    asins |= set(owners.values())
    twins = await connection.fetch(_TWINS, seller_id, list(asins))
    return Facts(
        isbns,
        items,
        {product.asin: product for product in products},
        owners,
        {(asin, condition): fnsku for asin, condition, fnsku in twins},
    )


# $1 the seller, $2 his last entry, $3 the world's time, $4 channel and $5 actor, $6 the submission, $7 its marketplace,
# $8 his counter of ids; from $9 on new SKUs, products, listings that begin, and those that go on; $23 whether what rows
# do not say does not stay.
_WRITE: Final = f"""
    with named as (
        insert into skus (seller_id, sku, fnsku, asin, condition, barcode)
        select $1, n.*, 'amazon' from {unnested(9, "text", "text", "text", "text")} as n
    ), catalogued as (
        insert into products as p (seller_id, asin, gtin, product_type, title)
        select $1, asin, coalesce(gtin, ''), product_type, coalesce(title, '')
        from {unnested(13, "text", "text", "text", "text")} as i(asin, gtin, product_type, title)
        on conflict (seller_id, asin) do update set gtin = excluded.gtin, title = excluded.title
    ), begun as materialized (
        select sku collate "C" as sku, mark, attributes
        from {unnested(17, "text", "bigint", "text")} as b(sku, mark, attributes)
    ), listed as (
        insert into listings (seller_id, sku, product_type, requirements, marketplaces, availability, offers,
            created_at, updated_at, mark)
        select $1, sku, '{ANY_PRODUCT}', 'LISTING', jsonb_build_array($7::text), '{{}}', '{{}}', $3, $3, mark from begun
        on conflict (seller_id, sku) do update set product_type = excluded.product_type,
            requirements = excluded.requirements, marketplaces = excluded.marketplaces, deleted_at = null,
            created_at = excluded.created_at, updated_at = excluded.updated_at, mark = excluded.mark
    ), continued as materialized (
        select sku collate "C" as sku, mark, attributes
        from {unnested(20, "text", "bigint", "text")} as c(sku, mark, attributes)
    ), marked as (
        update listings l set updated_at = $3,
            mark = c.mark + (not $23 and exists (
                select from jsonb_object_keys(a.attributes) k(name) where not c.attributes::jsonb ? k.name
            ))::int
        from continued c left join listing_attributes a on a.seller_id = $1 and a.sku = c.sku
        where l.seller_id = $1 and l.sku = c.sku
    ), described as (
        insert into listing_attributes as a (seller_id, sku, attributes)
        select $1, sku, attributes::jsonb from begun union all select $1, sku, attributes::jsonb from continued
        on conflict (seller_id, sku) do update set
            attributes = case when $23 then excluded.attributes else a.attributes || excluded.attributes end
    ), posted as (
        insert into entries (seller_id, seq, event, effective_at, channel, actor, reference_kind, reference, reason)
        select $1, $2::bigint + 1, 'C03', $3, $4, $5, 'feed', $6, '' where exists (select from begun)
        returning effective_at as at
    ), ledger as (
        update ledgers set counter = $8,
            last_seq = last_seq + (select count(*) from posted),
            last_at = coalesce((select max(at) from posted), last_at)
        where seller_id = $1
        returning last_seq, last_at
    )
    select last_seq, last_at from ledger
"""


async def write(connection: Connection, ledger: LedgerRow, plan: Plan, counter: int, submitted: Submitted) -> LedgerRow:
    """Write a plan, in a transaction that holds the seller's lock; his ledger after it. counter: of ids, after it."""
    products = list(plan.products.values())
    columns: list[Sequence[object]] = [
        *_columns(plan.skus, 4),
        [product.asin for product in products],
        [product.gtin for product in products],
        [product.product_type for product in products],
        [product.title for product in products],
    ]
    for rows in (plan.begun, plan.continued):
        columns += [[row.sku for row in rows], [row.mark for row in rows], [row.attributes for row in rows]]
    row = await connection.fetchrow(
        _WRITE,
        ledger.seller_id,
        ledger.last_seq,
        ledger.now,
        submitted.origin.channel,
        submitted.origin.actor,
        submitted.submission_id,
        submitted.marketplaces[0],
        counter,
        *map(joined, columns),
        plan.whole,
    )
    assert row is not None
    return replace(ledger, last_seq=row["last_seq"], last_at=row["last_at"], counter=counter)


def _columns(rows: Sequence[Sequence[object]], width: int) -> list[Sequence[object]]:
    return [[row[place] for row in rows] for place in range(width)]
