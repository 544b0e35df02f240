"""Checks of what is kept beside the journal: balances, and positions with their marks."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from entrepot.domain.accounts import BUILDING_ACCOUNTS, KEPT_ACCOUNTS
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.quantities import POSITION_COLUMNS, Position
from entrepot.storage.check import Check, columns, compared

_KEY: Final = "item, account, ref, place, disposition, detail, at"
# A row for each state that units of a position are in.
POSITION_ROWS: Final = (
    "select p.seller_id, p.country, p.item, v.state, v.units from positions p cross join lateral (values "
    + ", ".join(f"('{state.name}', p.{state.name})" for state in fields(Position))
    + ") as v(state, units) where {p} and v.units <> 0"
)

CHECKS: Final = (
    Check(
        "No stock is negative, and nothing outside that may not owe",
        (3,),
        ("balances",),
        """
        select b.seller_id, concat_ws(' ', b.account, b.item, b.place, b.disposition, b.detail, b.ref) as subject,
               '0 or more' as expected, b.quantity::text
        from balances b where {b} and b.quantity < 0
        """,
    ),
    Check(
        "Balances are the sums of the lines",
        (4,),
        ("lines", "balances"),
        compared(
            f"select l.seller_id, {_KEY}, sum(l.delta) as units from lines l"
            f" where {{l}} and l.account = any($2::text[]) group by l.seller_id, {_KEY}",
            f"select b.seller_id, {_KEY}, b.quantity as units from balances b where {{b}}",
            _KEY,
            "concat_ws(' ', account, item, place, disposition, detail, ref, nullif(at, '-infinity'))",
        ),
        (list(KEPT_ACCOUNTS),),
    ),
    Check(
        "Positions are the sums of the lines by country, item and state",
        (4,),
        ("lines", "positions"),
        compared(
            """
            select l.seller_id, l.country, l.item, s.state, sum(l.delta) as units from lines l
            join unnest($2::text[], $3::text[], $4::text[]) as s(account, disposition, state)
                on s.account = l.account and s.disposition = l.disposition
            where {l} and l.country <> '' group by l.seller_id, l.country, l.item, s.state
            """,
            POSITION_ROWS,
            "country, item, state",
            "concat_ws(' ', item, country, state)",
        ),
        columns((*key, state) for key, state in POSITION_COLUMNS.items()),
    ),
    Check(
        "The marks of positions name the last entries that changed them",
        (34, 36),
        ("positions",),
        """
        with marks as (
            select l.seller_id, l.country, l.item, max(l.seq) as any_seq,
                   max(l.seq) filter (where l.account = any($2::text[])) as stock_seq
            from lines l where {l} and l.country <> '' group by l.seller_id, l.country, l.item
            union all
            select o.seller_id, m.country, k.fnsku, greatest(o.created_seq, o.closed_seq),
                   greatest(o.created_seq, o.closed_seq)
            from offers o
            join skus k on k.seller_id = o.seller_id and k.sku = o.sku
            join unnest($3::text[], $4::text[]) as m(marketplace_id, country) on m.marketplace_id = o.marketplace_id
            where {o}
        ), latest as (
            select seller_id, country, item, max(any_seq) as any_seq, coalesce(max(stock_seq), 0) as stock_seq
            from marks group by seller_id, country, item
        ), expected as (
            select x.*, e.effective_at as any_at
            from latest x left join entries e on e.seller_id = x.seller_id and e.seq = x.any_seq
        )
        select seller_id, item || ' ' || country as subject,
               concat_ws(' ', x.stock_seq, x.any_seq, x.any_at) as expected,
               concat_ws(' ', p.stock_seq, p.any_seq, p.any_at)
        from expected x full join (select * from positions p where {p}) p using (seller_id, country, item)
        where (x.stock_seq, x.any_seq, x.any_at) is distinct from (p.stock_seq, p.any_seq, p.any_at)
        """,
        (
            [account.value for account in BUILDING_ACCOUNTS],
            *columns((marketplace.id, marketplace.country) for marketplace in MARKETPLACES.values()),
        ),
    ),
)
