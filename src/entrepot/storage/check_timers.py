"""The check that nothing waits for an instant without a timer that ends it."""

from __future__ import annotations

from typing import Final

from entrepot.storage.check import Check

CHECKS: Final = (
    Check(
        "What time must end has a timer",
        (37,),
        ("balances", "orders"),
        """
        select b.seller_id, concat_ws(' ', b.account, b.item, b.place, b.detail, b.at) as subject,
               'a timer' as expected, 'none'
        from balances b where {b} and b.account = 'FC_RESEARCH' and b.quantity > 0 and not exists (
            select from timers t where t.seller_id = b.seller_id and t.kind = 'age_research'
            and t.arguments ->> 'fnsku' = b.item and t.arguments ->> 'fc' = b.place
            and t.arguments ->> 'kind' = b.detail and (t.arguments ->> 'opened_at')::timestamptz = b.at
            and (t.arguments ->> 'give_up')::boolean
        )
        union all
        select b.seller_id, concat_ws(' ', b.account, b.item, b.place, b.at), 'a timer', 'none'
        from balances b where {b} and b.account = 'FC_AVAIL' and b.quantity > 0 and b.at <> '-infinity' and not exists (
            select from timers t where t.seller_id = b.seller_id and t.kind = 'finish_putaway'
            and t.arguments ->> 'fnsku' = b.item and t.arguments ->> 'fc' = b.place
            and (t.arguments ->> 'pickable_at')::timestamptz = b.at
        )
        union all
        select o.seller_id, 'order ' || o.order_id, 'a timer', 'none'
        from orders o where {o} and o.status = 'Pending' and not exists (
            select from timers t where t.seller_id = o.seller_id and t.kind = 'end_pending'
            and t.arguments ->> 'order' = o.order_id
        )
        """,
    ),
)
