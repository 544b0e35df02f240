"""Many listings at once: quantities and prices of listings that exist, in one statement for some thousand rows.

What a row does is what `SetQuantity`, and a patch of one attribute instance, do one by one (a test holds the two
together): the submitted layer is changed, and each quantity that differs from what is available is set by M01. All are
moves of one entry, as they are done together or not at all. Rows whose listing is not such a plain case are left, and
named, for the commands to do.

Rows come sorted by SKU, each of another one: neighbours in the tables are then touched together, and the tables are
read in one go from the first SKU to the last where that is cheaper than looking up each (the planner knows).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.ledger import Origin
from entrepot.domain.mfn.attributes import FBA_CHANNELS
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow


@dataclass(frozen=True)
class Submitted:
    """Where rows come from: a submission, its marketplaces, and who submitted it through which door."""

    submission_id: str
    marketplaces: Sequence[str]
    origin: Origin


@dataclass(frozen=True)
class Instances:
    """Instances of `fulfillment_availability` that replace those of the same channel, as columns.

    numbers, skus, availability: a row each, `{channel: instance}` as JSON. quantity_…: the quantities in them, each
    with its row's number and SKU, and its location.
    """

    numbers: Sequence[int]
    skus: Sequence[str]
    availability: Sequence[str]
    quantity_numbers: Sequence[int]
    quantity_skus: Sequence[str]
    quantity_places: Sequence[str]
    quantities: Sequence[int]


@dataclass(frozen=True)
class Terms:
    """Fields that change in the instance of DEFAULT, and in one offer, as columns; None stays as it is. Prices are
    decimal texts. marks: that of the row, where it also says what the listing is; a listing with
    another is left, the odd one next to it, of which more was said before, is not.
    offer: the key of the offer, offer_base: what is in it when there is none, as JSON."""

    numbers: Sequence[int]
    skus: Sequence[str]
    quantities: Sequence[int | None]
    lead_days: Sequence[int | None]
    prices: Sequence[str | None]
    minima: Sequence[str | None]
    maxima: Sequence[str | None]
    marks: Sequence[int | None]
    offer: str
    offer_base: str


MOVE_COLUMNS: Final = (
    "seller_id, seq, move, item, quantity, account, place, disposition, detail, ref, at, country,"
    " to_account, to_place, to_disposition, to_detail, to_ref, to_at, to_country"
)
# $1 the seller, $2 and $3 the first and the last SKU, $4 his last entry, $5 the world's time, $6 channel and $7 actor,
# $8 the submission, $9 its marketplaces; from $10 on, the columns. {incoming} gives rows with n and sku, {wanted} their
# quantities.
_STATEMENT: Final = """
    with incoming as materialized ({incoming}),
    known as (
        update listings l set {changes}, updated_at = $5
        from incoming i
        where l.seller_id = $1 and l.sku = i.sku and l.deleted_at is null
        and l.marketplaces ?& $9::text[] and {only}
        returning i.n
    ), found as materialized (
        select w.n, w.sku, w.place, w.quantity, b.ctid as kept, coalesce(b.quantity, 0) as before
        from ({wanted}) w
        left join balances b on b.seller_id = $1 and b.item = w.sku and b.item between $2 and $3
            and b.account = 'M_AVAIL' and b.ref = '' and b.place = w.place and b.disposition = '' and b.detail = ''
            and b.at = '-infinity'
    ), deltas as materialized (
        select found.*, quantity - before as delta, quantity > before as more, row_number() over () - 1 as move
        from found join known using (n) where quantity <> before
    ), changed as (
        -- Nobody else changes this seller's balances meanwhile, so a row is where it was found.
        update balances b set quantity = d.quantity from deltas d where b.ctid = d.kept
    ), begun as (
        insert into balances (seller_id, item, account, ref, place, disposition, detail, at, quantity)
        select $1, sku, 'M_AVAIL', '', place, '', '', '-infinity'::timestamptz, quantity from deltas where kept is null
    ), posted as (
        insert into entries (seller_id, seq, event, effective_at, channel, actor, reference_kind, reference, reason)
        select $1, $4::bigint + 1, 'M01', $5, $6, $7, 'feed', $8, '' where exists (select from deltas)
    ), moved as (
        insert into moves ({MOVE_COLUMNS})
        select $1, $4::bigint + 1, move, sku, abs(delta),
               case when more then 'X_SELLER' else 'M_AVAIL' end, case when more then '' else place end, '',
               case when more then 'COUNT' else '' end, '', '-infinity'::timestamptz, '',
               case when more then 'M_AVAIL' else 'X_SELLER' end, case when more then place else '' end, '',
               case when more then '' else 'COUNT' end, '', '-infinity'::timestamptz, ''
        from deltas
    ), ledger as (
        update ledgers set last_seq = last_seq + 1, last_at = $5
        where seller_id = $1 and exists (select from deltas)
    )
    select exists (select from deltas) as posted,
           array(select n from incoming where n not in (select n from known)) as others
"""


def unnested(first: int, *types: str) -> str:
    """Columns as rows. Each travels as one text, a line a value, empty for null: arrays cost ten times as much."""
    arrays = (f"string_to_array(${number}, e'\\n', '')::{kind}[]" for number, kind in enumerate(types, first))
    return f"unnest({', '.join(arrays)})"


def joined(column: Iterable[object]) -> str:
    return "\n".join("" if value is None else str(value) for value in column)


# Channels of the warehouse; and those that are no supply source.
WAREHOUSE_CHANNELS: Final = f"array[{', '.join(repr(channel) for channel in FBA_CHANNELS.values())}]"
_NO_SOURCE: Final = f"array[{', '.join(repr(channel) for channel in (DEFAULT_LOCATION, *FBA_CHANNELS.values()))}]"

# Where DEFAULT would have units beside a supply source, there is something to warn of.
_REPLACE: Final = _STATEMENT.format(
    MOVE_COLUMNS=MOVE_COLUMNS,
    incoming=f"""
        select n, sku collate "C" as sku, availability::jsonb
        from {unnested(10, "int", "text", "text")} as i(n, sku, availability)
    """,
    wanted=f"""
        select n, sku collate "C" as sku, place, quantity
        from {unnested(13, "int", "text", "text", "bigint")} as q(n, sku, place, quantity)
    """,
    changes="availability = l.availability || i.availability",
    only=f"""(
        coalesce(((l.availability || i.availability) -> 'DEFAULT' ->> 'quantity')::bigint, 0) = 0
        or (l.availability || i.availability) - {_NO_SOURCE} = '{{}}'
    )""",
)

# What is usual, a new value in the place of an old one, is done by a shorter way. Listings that the warehouse ships are
# left, and those with a supply source where DEFAULT gets a quantity.
# Parsing such a text is faster than building the value.
_AMOUNT: Final = """('[{{"schedule": [{{"value_with_tax": ' || {} || '}}]}}]')::jsonb"""
_MERGE: Final = _STATEMENT.format(
    MOVE_COLUMNS=MOVE_COLUMNS,
    incoming=f"""
        select n, sku collate "C" as sku, quantity, days, price, minimum, maximum, mark
        from {unnested(10, "int", "text", "bigint", "int", "text", "text", "text", "bigint")}
            as i(n, sku, quantity, days, price, minimum, maximum, mark)
    """,
    wanted=f"select n, sku, '{DEFAULT_LOCATION}' as place, quantity from incoming where quantity is not null",
    changes=f"""
        availability = case
            when i.quantity is null and i.days is null then l.availability
            when i.days is null and l.availability -> '{DEFAULT_LOCATION}' ? 'quantity'
                then jsonb_set(l.availability, '{{{DEFAULT_LOCATION},quantity}}', to_jsonb(i.quantity))
            else l.availability || jsonb_build_object('{DEFAULT_LOCATION}',
                coalesce(l.availability -> '{DEFAULT_LOCATION}',
                         '{{"fulfillment_channel_code": "{DEFAULT_LOCATION}"}}')
                - (case when i.quantity is null then '' else 'is_inventory_available' end)
                || jsonb_strip_nulls(jsonb_build_object('quantity', i.quantity, 'lead_time_to_ship_max_days', i.days)))
        end,
        offers = case
            when i.price is null and i.minimum is null and i.maximum is null then l.offers
            when i.minimum is null and i.maximum is null and l.offers -> $18::text ? 'our_price'
                then jsonb_set(l.offers, array[$18::text, 'our_price'], {_AMOUNT.format("i.price")})
            else l.offers || jsonb_build_object($18::text, coalesce(l.offers -> $18::text, $19::jsonb)
                || case when i.price is null then '{{}}'
                        else jsonb_build_object('our_price', {_AMOUNT.format("i.price")}) end
                || case when i.minimum is null then '{{}}'
                        else jsonb_build_object('minimum_seller_allowed_price', {_AMOUNT.format("i.minimum")}) end
                || case when i.maximum is null then '{{}}'
                        else jsonb_build_object('maximum_seller_allowed_price', {_AMOUNT.format("i.maximum")}) end)
        end""",
    only=f"""(i.mark is null or i.mark = l.mark & -2) and not l.availability ?| {WAREHOUSE_CHANNELS}
        and (i.quantity is null or l.availability - {_NO_SOURCE} = '{{}}')
        and (i.quantity is not null or i.days is null or l.availability ? '{DEFAULT_LOCATION}')""",
)


async def replace_instances(
    connection: Connection, ledger: LedgerRow, rows: Instances, submitted: Submitted
) -> tuple[LedgerRow, frozenset[int]]:
    """Do rows, in a transaction that holds the seller's lock: his ledger after them, and the numbers of those left."""
    columns = (
        rows.numbers,
        rows.skus,
        rows.availability,
        rows.quantity_numbers,
        rows.quantity_skus,
        rows.quantity_places,
        rows.quantities,
    )
    return await _apply(connection, ledger, _REPLACE, rows.skus, map(joined, columns), submitted)


async def merge_terms(
    connection: Connection, ledger: LedgerRow, rows: Terms, submitted: Submitted
) -> tuple[LedgerRow, frozenset[int]]:
    """As `replace_instances`."""
    columns = (
        rows.numbers,
        rows.skus,
        rows.quantities,
        rows.lead_days,
        rows.prices,
        rows.minima,
        rows.maxima,
        rows.marks,
    )
    offer = (rows.offer, rows.offer_base)
    return await _apply(connection, ledger, _MERGE, rows.skus, (*map(joined, columns), *offer), submitted)


async def _apply(
    connection: Connection,
    ledger: LedgerRow,
    statement: str,
    skus: Sequence[str],
    columns: Iterable[str],
    submitted: Submitted,
) -> tuple[LedgerRow, frozenset[int]]:
    if not skus:
        return ledger, frozenset()
    # How wide the rows are spread decides how they are best found, so these are planned each time. And if the server
    # crashes before they are on disk, the note of how far the file is is lost with them: nobody need wait for the disk.
    await connection.execute("set local plan_cache_mode = force_custom_plan; set local synchronous_commit = off")
    row = await connection.fetchrow(
        statement,
        ledger.seller_id,
        skus[0],
        skus[-1],
        ledger.last_seq,
        ledger.now,
        submitted.origin.channel,
        submitted.origin.actor,
        submitted.submission_id,
        list(submitted.marketplaces),
        *columns,
    )
    assert row is not None
    others = frozenset(row["others"])
    if not row["posted"]:
        return ledger, others
    return replace(ledger, last_seq=ledger.last_seq + 1, last_at=ledger.now), others


async def channels(connection: Connection, seller_id: str, skus: Sequence[str]) -> dict[str, list[str]]:
    """The channels of each of these SKUs that is listed."""
    rows = await connection.fetch(
        "select sku, array(select jsonb_object_keys(availability)) as channels from listings"
        " where seller_id = $1 and sku = any($2) and deleted_at is null",
        seller_id,
        skus,
    )
    return {row["sku"]: row["channels"] for row in rows}
