"""Checks of the numbers that doors show."""

from __future__ import annotations

from typing import Final

from entrepot.domain.places import AIRPORTS
from entrepot.domain.quantities import NUMBERS, POSITION_COLUMNS, RESEARCHING_IN_TOTAL, Part
from entrepot.storage.check import Check, columns, compared
from entrepot.storage.check_balances import POSITION_ROWS
from entrepot.storage.worlds import world_time

# What each number of the first column is the sum of.
_IDENTITIES: Final = {
    "total_reserved": "pending_customer_order pending_transshipment fc_processing",
    "total_unfulfillable": "customer_damaged warehouse_damaged distributor_damaged carrier_damaged defective expired",
    "total_researching": "researching_in_short_term researching_in_mid_term researching_in_long_term",
    "total": "fulfillable total_reserved total_unfulfillable inbound_working inbound_shipped inbound_receiving"
    + (" total_researching" if RESEARCHING_IN_TOTAL else ""),
    "in_stock_supply": "fulfillable",
    "total_supply": "fulfillable pending_transshipment inbound_shipped inbound_receiving",
}
_NUMBERS_OF_BALANCES: Final = f"""
    select b.seller_id, a.country, b.item, n.number, sum(b.quantity) as units
    from balances b
    join ledgers l on l.seller_id = b.seller_id
    join unnest($2::text[], $3::text[]) as a(airport, country) on a.airport = left(b.place, 3)
    join unnest($4::text[], $5::text[], $6::text[], $7::int[], $8::int[])
        as n(number, account, disposition, first_day, last_day)
        on n.account = b.account and n.disposition in ('', b.disposition) and (n.first_day = 0 or
            greatest(div(extract(epoch from greatest({world_time("now()")}, l.last_at) - b.at), 86400), 0) + 1
                between n.first_day and n.last_day)
    where {{b}} and b.quantity <> 0 group by b.seller_id, a.country, b.item, n.number
"""


def _part(number: str, part: Part) -> tuple[object, ...]:
    first, last = (part.band.first_day, part.band.last_day) if part.band else (0, 0)
    return number, part.account, part.disposition or "", first, last


def _states_of(parts: tuple[Part, ...]) -> set[str]:
    """The columns of a position that make up a number, whatever its ages."""
    return {
        state
        for (account, disposition), state in POSITION_COLUMNS.items()
        if any(part.account is account and part.disposition in (None, disposition) for part in parts)
    }


_AIRPORT_COLUMNS: Final = columns(AIRPORTS.items())
_PARTS: Final = [_part(name, part) for name, parts in NUMBERS.items() for part in parts]
_SUMS_OF_NUMBERS: Final = f"""
    with numbers as materialized ({_NUMBERS_OF_BALANCES})
    {
    compared(
        '''
        select n.seller_id, n.country, n.item, s.whole, sum(n.units) as units from numbers n
        join unnest($9::text[], $10::text[]) as s(whole, part) on s.part = n.number
        group by n.seller_id, n.country, n.item, s.whole
        ''',
        '''
        select n.seller_id, n.country, n.item, n.number as whole, n.units from numbers n
        where n.number = any($9::text[])
        ''',
        "country, item, whole",
        "concat_ws(' ', item, country, whole)",
    )
}
"""

CHECKS: Final = (
    Check(
        "Every number is the same over balances and over positions",
        (11, 12),
        ("balances", "positions"),
        compared(
            _NUMBERS_OF_BALANCES,
            f"""
            select p.seller_id, p.country, p.item, s.number, sum(p.units) as units from ({POSITION_ROWS}) p
            join unnest($9::text[], $10::text[]) as s(number, state) on s.state = p.state
            group by p.seller_id, p.country, p.item, s.number
            """,
            "country, item, number",
            "concat_ws(' ', item, country, number)",
        ),
        (
            *_AIRPORT_COLUMNS,
            *columns(part for part in _PARTS if not part[3]),
            *columns(
                (name, state)
                for name, parts in NUMBERS.items()
                if not any(part.band for part in parts)
                for state in sorted(_states_of(parts))
            ),
        ),
    ),
    Check(
        "Totals are the sums of their parts",
        (11, 12, 14, 15),
        ("balances",),
        _SUMS_OF_NUMBERS,
        (
            *_AIRPORT_COLUMNS,
            *columns(_PARTS),
            *columns((whole, part) for whole, parts in _IDENTITIES.items() for part in parts.split()),
        ),
    ),
)
