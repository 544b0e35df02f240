"""Checks of orders: what their items count, against the balances."""

from __future__ import annotations

from typing import Final

from entrepot.storage.check import Check, compared

# An order's items are FNSKUs where the warehouse ships it, and SKUs where the seller does.
_ITEM_OF_ORDER: Final = "case when o.channel = 'MFN' then i.sku else i.fnsku end"
_ORDER_OF_ITEM: Final = "join orders o on o.seller_id = i.seller_id and o.order_id = i.order_id"

CHECKS: Final = (
    Check(
        "Units with a customer are those shipped and neither returned nor lost",
        (7,),
        ("order_items",),
        compared(
            f"""
            select i.seller_id, i.order_item_id as paper, {_ITEM_OF_ORDER} as item,
                   i.shipped - i.returned - i.lost as units
            from order_items i {_ORDER_OF_ITEM} where {{i}}
            """,
            """
            select b.seller_id, b.ref as paper, b.item, sum(b.quantity) as units
            from balances b where {b} and b.account = 'X_CUSTOMER' group by b.seller_id, b.ref, b.item
            """,
            "paper, item",
            "'order item ' || paper",
        ),
    ),
    Check(
        "Reserved units are those ordered and neither cancelled nor shipped",
        (8,),
        ("order_items",),
        compared(
            f"""
            select i.seller_id, i.order_item_id as paper, {_ITEM_OF_ORDER} as item, case
                       when o.channel <> 'MFN' then 'FC_ORDER' when o.paid_at is null then 'M_RES_PENDING'
                       else 'M_RES_UNSHIPPED'
                   end as account, i.ordered - i.cancelled - i.shipped as units
            from order_items i {_ORDER_OF_ITEM} where {{i}}
            """,
            """
            select b.seller_id, b.ref as paper, b.item, b.account, sum(b.quantity) as units
            from balances b where {b} and b.account in ('FC_ORDER', 'M_RES_PENDING', 'M_RES_UNSHIPPED')
            group by b.seller_id, b.ref, b.item, b.account
            """,
            "paper, item, account",
            "concat_ws(' ', 'order item', paper, account)",
        ),
    ),
    Check(
        "An order's status follows from its items and its payment",
        (8,),
        ("orders",),
        """
        select o.seller_id, 'order ' || o.order_id as subject, coalesce(w.status, 'items') as expected, o.status
        from (select * from orders o where {o}) o
        left join (
            select i.seller_id, i.order_id, case
                when sum(i.ordered - i.cancelled - i.shipped) > 0 and sum(i.shipped) > 0 then 'PartiallyShipped'
                when sum(i.ordered - i.cancelled - i.shipped) > 0 then 'Unshipped'
                when sum(i.shipped) > 0 then 'Shipped' else 'Canceled'
            end as status
            from order_items i where {i} group by i.seller_id, i.order_id
        ) i using (seller_id, order_id)
        cross join lateral (select case
            when o.channel = 'MFN' and o.paid_at is null and i.status = 'Unshipped' then 'Pending' else i.status
        end as status) w
        where o.status is distinct from w.status
        """,
    ),
    Check(
        "What is routed was ordered, and what is in packages was shipped",
        (7, 8),
        ("order_items",),
        f"""
        select i.seller_id, 'order item ' || i.order_item_id as subject,
               'routes for ' || i.ordered || ', packages of ' || i.shipped as expected,
               'routes for ' || r.units || ', packages of ' || p.units
        from order_items i {_ORDER_OF_ITEM}
        cross join lateral (
            select coalesce(sum((route ->> 'quantity')::bigint), 0) as units
            from jsonb_array_elements(i.routes) route
        ) r
        cross join lateral (
            select coalesce(sum((package ->> 'quantity')::bigint), 0) as units
            from jsonb_array_elements(i.packages) package
        ) p
        where {{i}} and o.channel = 'MFN' and (r.units <> i.ordered or p.units <> i.shipped)
        """,
    ),
    Check(
        "No more is refunded than was paid",
        (33,),
        ("order_items",),
        f"""
        select i.seller_id, 'order item ' || i.order_item_id as subject,
               'refunds up to ' || case when o.paid_at is null then 0 else i.price * i.ordered end as expected,
               i.refunded::text
        from order_items i {_ORDER_OF_ITEM}
        where {{i}} and (i.refunded < 0 or i.refunded > case when o.paid_at is null then 0 else i.price * i.ordered end)
        """,
    ),
)
