"""The rows of reports about listings: what is open for sale, in four lengths, and all there are, with their status.

Sources: AIM reference §9.4 and §9.5; SP-API reference §7.2; domain specification §2.4. A listing is Active where
`mfn.live` has it BUYABLE (a test holds the two together), Incomplete where nobody knows its product, else Inactive.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final, Literal

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.conditions import CONDITIONS
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn.attributes import ALL, FBA_CHANNELS, ID_ATTRIBUTES, offer_key
from entrepot.domain.money import digits_of
from entrepot.storage.bulk import WAREHOUSE_CHANNELS
from entrepot.storage.database import Database
from entrepot.storage.report_rows import LISTING_ID, attribute_cell, attribute_value, cells, copied, text
from entrepot.storage.worlds import world_time

Extent = Literal["full", "lite", "liter", "every"]
Status = Literal["Active", "Inactive"]

# Down to what AIM has a number for (domain specification §5.5).
_NUMBERED: Final = {
    **{condition.literal: condition.loader for condition in CONDITIONS if condition.loader},
    **dict.fromkeys(("NewOEM", "NewOpenBox", "NewWithWarranty"), 11),
}
_CONDITION: Final = (
    f"""case k.condition {" ".join(f"when '{literal}' then '{number}'" for literal, number in _NUMBERED.items())} end"""
)
# Instants of listings, as far as samples show them: Japan's, Britain's, everybody else's.
_OPEN_DATE: Final = {"JP": "YYYY/MM/DD HH24:MI:SS TZ", "UK": "DD/MM/YYYY HH24:MI:SS TZ"}
_OPEN_DATE_ELSEWHERE: Final = "YYYY-MM-DD HH24:MI:SS TZ"

# The digits of the id that was submitted, without the zeros that make 14 of them; else the ASIN.
_GIVEN: Final = " , ".join(f"a.attributes #>> '{{{name},0,value}}'" for name in ID_ATTRIBUTES)
_PRODUCT_ID: Final = f"""(select coalesce(
        case when length(g.id) = 14 and g.id like '00%' then right(g.id, 12)
             when length(g.id) = 14 and g.id like '0%' then right(g.id, 13)
             when g.id <> '' then g.id end, k.asin)
    from (select upper(translate(coalesce({_GIVEN}), e'- \\t\\r\\n\\x01\\x02', ''))) g(id))"""
_PRODUCT_ID_TYPE: Final = f"""(select case
        when p.id = '' then '' when p.id = k.asin and p.id !~ '^[0-9]{{9}}[0-9X]$' then '1'
        when length(p.id) = 10 or p.id ~ '^97[89][0-9]{{10}}$' then '2' when length(p.id) = 12 then '3' else '4' end
    from (select {_PRODUCT_ID}) p(id))"""

# Where the seller has none himself, it is the warehouse's; where it is not listed there either, his after all.
_OURS: Final = "coalesce(s.quantity, 0) > 0"
_FROM_WAREHOUSE: Final = f"(not {_OURS} and i.availability ?| {WAREHOUSE_CHANNELS})"
_CHANNEL: Final = f"""case when {_OURS} then 'DEFAULT' {
    " ".join(f"when i.availability ? '{channel}' then '{channel}'" for channel in FBA_CHANNELS.values())
} else 'DEFAULT' end"""
# What is asked of everybody, $3, without discounts that run for a time.
_PRICE: Final = "round((i.offers -> $3::text #>> '{our_price,0,schedule,0,value_with_tax}')::numeric, DIGITS)::text"


def price(marketplace: Marketplace) -> str:
    return _PRICE.replace("DIGITS", str(digits_of(marketplace.currency)))


def everybodys(marketplace: Marketplace) -> str:
    """The key of the offer that is made to everybody."""
    return offer_key({"marketplace_id": marketplace.id, "currency": marketplace.currency, "audience": ALL})


def _listing_cells(marketplace: Marketplace) -> dict[str, str]:
    """Each column from the listing `i`, its attributes `a`, stock `s`, SKU `k` and product `p`."""
    here = "$2::text"
    date = _OPEN_DATE.get(marketplace.code, _OPEN_DATE_ELSEWHERE)
    abroad = attribute_value("will_ship_internationally", here)
    expedited = f"rtrim({attribute_cell('expedited-shipping', here)}, ', ')"
    return {
        "item-name": f"coalesce({attribute_cell('item-name', here)}, {text('p.title')})",
        "item-description": attribute_cell("item-description", here),
        "listing-id": LISTING_ID,
        "seller-sku": "i.sku",
        "price": price(marketplace),
        "quantity": f"case when not {_FROM_WAREHOUSE} then coalesce(s.quantity, 0)::text end",
        "open-date": f"to_char(i.created_at, '{date}')",
        "image-url": attribute_cell("image-url", here),
        "item-is-marketplace": f"coalesce({attribute_cell('item-is-marketplace', here)}, 'y')",
        "product-id-type": _PRODUCT_ID_TYPE,
        "zshop-shipping-fee": attribute_cell("shipping-fee", here),
        "item-note": attribute_cell("item-note", here),
        "item-condition": _CONDITION,
        "zshop-category1": attribute_cell("category1", here),
        "zshop-browse-path": attribute_cell("browse-path", here),
        "zshop-storefront-feature": attribute_cell("storefront-feature", here),
        "asin1": f"coalesce(nullif(k.asin, ''), {attribute_cell('asin1', here)})",
        "asin2": attribute_cell("asin2", here),
        "asin3": attribute_cell("asin3", here),
        "will-ship-internationally": f"case when lower({abroad}) in ('2', 'y', 'yes', 'true') then '2' else '1' end",
        "expedited-shipping": f"""(select case when coalesce(lower(x), '') in ('', 'n', 'no', '0', 'false') then 'N'
            when lower(x) in ('y', 'yes', '1', 'true') then 'Domestic' else x end from (select {expedited}) e(x))""",
        "zshop-boldface": attribute_cell("boldface", here),
        "product-id": _PRODUCT_ID,
        "bid-for-featured-placement": attribute_cell("bid-for-featured-placement", here),
        "pending-quantity": f"case when not {_FROM_WAREHOUSE} then coalesce(s.pending, 0)::text end",
        "fulfillment-channel": _CHANNEL,
        "merchant-shipping-group": attribute_cell("merchant-shipping-group", here),
        "status": "t.status",
        "sku": "i.sku",
        "asin": "k.asin",
    }


# The short ones name products by ASIN.
_SHORT: Final = {"product-id": "k.asin"}

# What the channel DEFAULT is shown to have (`default_places`), what of it lies where, and what waits for payment at any
# location.
STOCK: Final = """
    select b.item,
           sum(b.quantity) filter (where b.account = 'M_AVAIL' and (b.place = 'DEFAULT' or b.place in (
               select source_id from sources where seller_id = $1 and status = 'Active'))) as quantity,
           sum(b.quantity) filter (where b.account = 'M_AVAIL' and b.place = 'DEFAULT') as own,
           sum(b.quantity) filter (where b.account = 'M_AVAIL') as anywhere,
           sum(b.quantity) filter (where b.account = 'M_RES_PENDING') as pending
    from balances b where b.seller_id = $1 and b.account in ({accounts}) group by b.item
"""
_LISTED: Final = "i.seller_id = $1 and i.deleted_at is null and i.marketplaces ? $2"
_SHORT_ROWS: Final = f"""
    from listings i
    join ({STOCK.format(accounts="'M_AVAIL'")}) s on s.item = i.sku
    left join skus k on k.seller_id = $1 and k.sku = i.sku
    where {_LISTED} and s.quantity > 0 and $3::text is not null
    order by i.sku
"""
# Of whatever has a product, sold out or not.
_EVERY_ROW: Final = f"""
    from listings i
    join skus k on k.seller_id = $1 and k.sku = i.sku and k.asin <> ''
    left join ({STOCK.format(accounts="'M_AVAIL'")}) s on s.item = i.sku
    where {_LISTED}
    order by i.sku
"""
_FULL_ROWS: Final = f"""
    from listings i
    join listing_attributes a on a.seller_id = $1 and a.sku = i.sku
    left join ({STOCK.format(accounts="'M_AVAIL', 'M_RES_PENDING'")}) s on s.item = i.sku
    left join skus k on k.seller_id = $1 and k.sku = i.sku
    left join products p on p.seller_id = $1 and p.asin = k.asin
    where {_LISTED} and ({_OURS} or i.availability ?| {WAREHOUSE_CHANNELS})
    order by i.sku
"""
_ROWS: Final[dict[Extent, str]] = {
    "full": _FULL_ROWS,
    "lite": _SHORT_ROWS,
    "liter": _SHORT_ROWS,
    "every": _EVERY_ROW,
}


def open_listings(
    database: Database, seller_id: str, marketplace: Marketplace, columns: Sequence[str], extent: Extent
) -> AsyncGenerator[bytes, None]:
    """What is for sale in a marketplace now: what the seller has himself, and in full also what the warehouse ships;
    or every listing, also of what is sold out."""
    named = _listing_cells(marketplace)
    statement = f"select {cells(named if extent == 'full' else {**named, **_SHORT}, columns)} {_ROWS[extent]}"
    return copied(database, marketplace.zone, statement, seller_id, marketplace.id, everybodys(marketplace))


# All listings

# Active locations; the world's time; and whether the SKU has a channel at one of those locations: then it is not sold
# from DEFAULT's own units.
_ACTIVE: Final = "(select source_ids from moment)::text[]"
_NOW: Final = "(select now from moment)"
_AT_LOCATIONS: Final = f"i.availability ?| {_ACTIVE}"
_SELLING: Final = f"(c.key = any({_ACTIVE}) or c.key = '{DEFAULT_LOCATION}' and not {_AT_LOCATIONS})"
_IN_STOCK: Final = f"""(
    i.availability ?| {WAREHOUSE_CHANNELS} and coalesce(w.available, 0) > 0
    or coalesce(s.quantity, 0) > coalesce(s.own, 0)
    or coalesce(s.own, 0) > 0 and not {_AT_LOCATIONS}
    or i.availability @? '$.*.is_inventory_available ? (@ == true)' and exists (
        select from jsonb_each(i.availability) c where (c.value -> 'is_inventory_available') = 'true' and {_SELLING})
)"""

# The forms of dates in offers: `mfn.shapes.instant` reads more of them; what is in another form limits nothing.
_DAY: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
_ZONED: Final = _TIME + r"(Z|[+-](0[0-9]|1[0-4]):?[0-9]{2})$"


def _instant(value: str, moment_of_day: str) -> str:
    """The instant that a text means: as it says, or in UTC; a date, at that moment of it."""
    return f"""case when {value} ~ '{_ZONED}' then ({value})::timestamptz
        when {value} ~ '{_TIME}$' then ({value} || 'Z')::timestamptz
        when {value} ~ '{_DAY}' then ({value} || '{moment_of_day}')::timestamptz end"""


def _runs(start: str, end: str) -> str:
    return f"""(coalesce({_instant(start, "T00:00:00Z")}, '-infinity') <= {_NOW}
        and {_NOW} < coalesce({_instant(end, "T23:59:59.999999Z")}, 'infinity'))"""


_OFFERED: Final = f"""exists (
    select from jsonb_each(i.offers) o(key, value) where o.value ->> 'marketplace_id' = $2
    and (not o.value ?| array['start_at', 'end_at']
         or {_runs("o.value #>> '{start_at,value}'", "o.value #>> '{end_at,value}'")})
    and (o.value ? 'our_price' or exists (
        select from jsonb_array_elements(o.value -> 'discounted_price') d,
            jsonb_array_elements(d -> 'schedule') e where {_runs("e ->> 'start_at'", "e ->> 'end_at'")}))
)"""
_SKIPPED: Final = """(a.attributes ? 'skip_offer' and exists (
    select from jsonb_array_elements(a.attributes -> 'skip_offer') e
    where e -> 'value' = 'true' and coalesce(e ->> 'marketplace_id', $2) = $2))"""
_STATUS: Final = f"""case when coalesce(k.asin, '') = '' then 'Incomplete'
    when not {_SKIPPED} and {_IN_STOCK} and {_OFFERED} then 'Active' else 'Inactive' end"""

_ALL_ROWS: Final = f"""
    from listings i
    join listing_attributes a on a.seller_id = $1 and a.sku = i.sku
    left join ({STOCK.format(accounts="'M_AVAIL', 'M_RES_PENDING'")}) s on s.item = i.sku
    left join skus k on k.seller_id = $1 and k.sku = i.sku
    left join products p on p.seller_id = $1 and p.asin = k.asin
    left join positions w on w.seller_id = $1 and w.country = $4 and w.item = k.fnsku
    cross join lateral (select {_STATUS} as status) t
    where {_LISTED} and ($5::text is null or t.status = $5)
    order by i.sku
"""
_MOMENT: Final = f"""with moment as materialized (
    select array(select source_id from sources where seller_id = $1 and status = 'Active') as source_ids,
           greatest({world_time()}, l.last_at) as now
    from ledgers l where l.seller_id = $1)"""


def merchant_listings(
    database: Database, seller_id: str, marketplace: Marketplace, columns: Sequence[str], status: Status | None = None
) -> AsyncGenerator[bytes, None]:
    """All listings of a marketplace, or those of a status."""
    statement = f"{_MOMENT} select {cells(_listing_cells(marketplace), columns)} {_ALL_ROWS}"
    here = (marketplace.id, everybodys(marketplace), marketplace.country)
    return copied(database, marketplace.zone, statement, seller_id, *here, status)
