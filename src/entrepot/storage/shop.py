"""A seller's shop in one marketplace as the rows of a file would say it, and the emptying of it, thousands at once.

What a file says again need not be done again: so the shop is read as text, a line a listing, as short as can be, and
compared with the file's own lines. That, and not the writing, is the work of a file that changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from entrepot.storage.bulk import MOVE_COLUMNS, WAREHOUSE_CHANNELS, Submitted, joined, unnested
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow

# $1 the seller, $2 the marketplace, $3 the key of its offer, $4 the SKU after which to begin, or null. Amounts of money
# come without trailing zeros.
_AMOUNT: Final = (
    "coalesce(trim_scale((l.offers #>> array[$3, '{}', '0', 'schedule', '0', 'value_with_tax'])::numeric)::text, '')"
)
# Whether a row can say all of the listing's terms: units at DEFAULT only, and one offer with three prices.
_ALL_SAID: Final = """(l.availability - 'DEFAULT' = '{}' and l.offers - $3::text = '{}'
    and coalesce(l.availability -> 'DEFAULT', '{}')
        - array['fulfillment_channel_code', 'quantity', 'lead_time_to_ship_max_days'] = '{}'
    and coalesce(l.offers -> $3::text, '{}') - array['marketplace_id', 'currency', 'audience', 'our_price',
        'minimum_seller_allowed_price', 'maximum_seller_allowed_price'] = '{}')"""
_LINES: Final = f"""
    select concat_ws(e'\t', l.sku, coalesce(b.quantity, 0),
        coalesce(l.availability #>> '{{DEFAULT,lead_time_to_ship_max_days}}', ''),
        {_AMOUNT.format("our_price")},
        {_AMOUNT.format("minimum_seller_allowed_price")},
        {_AMOUNT.format("maximum_seller_allowed_price")},
        coalesce(l.mark::text, ''), case when {_ALL_SAID} then '' else '+' end)
    from listings l
    left join balances b on b.seller_id = $1 and b.item = l.sku and b.account = 'M_AVAIL' and b.ref = ''
        and b.place = 'DEFAULT' and b.disposition = '' and b.detail = '' and b.at = '-infinity'
    where l.seller_id = $1 and l.deleted_at is null and l.marketplaces ? $2::text
    and ($4::text is null or l.sku > $4) and not l.availability ?| {WAREHOUSE_CHANNELS}
"""


class OnSale(NamedTuple):
    """A listing that the seller ships himself, as texts: quantity at DEFAULT, days, price, its bounds, mark; what is
    not there is blank. more: whether there is something that a row cannot say."""

    sku: str
    quantity: str
    days: str
    price: str
    minimum: str
    maximum: str
    mark: str
    more: str

    @classmethod
    def of(cls, line: str) -> OnSale:
        return cls(*line.split("\t"))


async def lines(
    connection: Connection, seller_id: str, marketplace_id: str, offer: str, after: str | None = None
) -> list[str]:
    """The listings that the seller ships himself, each as the parts of `OnSale` with tabs between, in no order."""
    blocks: list[bytes] = []

    async def keep(block: bytes) -> None:
        blocks.append(block)

    # As CSV with signs that no text has, so that nothing is quoted.
    await connection.copy_from_query(
        _LINES, seller_id, marketplace_id, offer, after, output=keep, format="csv", quote="\x01", delimiter="\x02"
    )
    text = b"".join(blocks).decode()
    return text.removesuffix("\n").split("\n") if text else []


async def products_called(connection: Connection, seller_id: str, titles: Sequence[str]) -> dict[str, str]:
    """The ASINs of the products in the seller's catalogue that have one of these titles, in small letters."""
    rows = await connection.fetch(
        "select lower(title) as title, min(asin) as asin from products"
        " where seller_id = $1 and lower(title) = any($2) group by lower(title)",
        seller_id,
        titles,
    )
    return {row["title"]: row["asin"] for row in rows}


# $1 the seller, $2 the marketplace, $3 his last entry, $4 the world's time, $5 channel and $6 actor, $7 the submission,
# $8 the SKUs.
_PURGE: Final = f"""
    with named as materialized (select sku collate "C" as sku from {unnested(8, "text")} as n(sku)),
    gone as (
        update listings l set availability = '{{}}', offers = '{{}}', marketplaces = '[]', mark = null,
            updated_at = $4, deleted_at = $4
        from named where l.seller_id = $1 and l.sku = named.sku and l.deleted_at is null
        and l.marketplaces = jsonb_build_array($2::text) and not l.availability ?| {WAREHOUSE_CHANNELS}
        and not exists (
            select from offers o where o.seller_id = $1 and o.sku = l.sku and o.closed_seq is null
        )
        returning l.sku
    ), bared as (
        update listing_attributes a set attributes = '{{}}' from gone where a.seller_id = $1 and a.sku = gone.sku
    ), units as materialized (
        select b.ctid as kept, b.item, b.place, b.quantity, row_number() over () - 1 as move
        from balances b join gone on gone.sku = b.item
        where b.seller_id = $1 and b.account = 'M_AVAIL' and b.quantity > 0
    ), emptied as (
        update balances b set quantity = 0 from units u where b.ctid = u.kept
    ), posted as (
        insert into entries (seller_id, seq, event, effective_at, channel, actor, reference_kind, reference, reason)
        select $1, $3::bigint + 1, 'C04', $4, $5, $6, 'feed', $7, '' where exists (select from gone)
        union all
        select $1, $3::bigint + 2, 'M10', $4, $5, $6, 'feed', $7, 'PURGE' where exists (select from units)
    ), moved as (
        insert into moves ({MOVE_COLUMNS})
        select $1, $3::bigint + 2, move, item, quantity, 'M_AVAIL', place, '', '', '', '-infinity'::timestamptz, '',
               'X_SELLER', '', '', 'PURGE', '', '-infinity'::timestamptz, ''
        from units
    ), ledger as (
        update ledgers set last_at = $4,
            last_seq = last_seq + 1 + (case when exists (select from units) then 1 else 0 end)
        where seller_id = $1 and exists (select from gone)
        returning last_seq
    )
    select (select last_seq from ledger) as last_seq,
           array(select sku from named where sku not in (select sku from gone)) as others
"""


async def purge(
    connection: Connection, ledger: LedgerRow, skus: Sequence[str], submitted: Submitted
) -> tuple[LedgerRow, list[str]]:
    """Delete listings as `DeleteListing` does (C04, M10), in a transaction that holds the seller's lock: his ledger
    after it, and the SKUs that are no plain case and were left: those listed elsewhere, or in the warehouse."""
    if not skus:
        return ledger, []
    row = await connection.fetchrow(
        _PURGE,
        ledger.seller_id,
        submitted.marketplaces[0],
        ledger.last_seq,
        ledger.now,
        submitted.origin.channel,
        submitted.origin.actor,
        submitted.submission_id,
        joined(skus),
    )
    assert row is not None
    if row["last_seq"] is None:
        return ledger, row["others"]
    return replace(ledger, last_seq=row["last_seq"], last_at=ledger.now), row["others"]
