"""Checks of the papers beside orders: shipments, transfers, removals and offers; and of the counters of all papers."""

from __future__ import annotations

from typing import Final

from entrepot.storage.check import Check, compared

CHECKS: Final = (
    Check(
        "Units in transfer are those sent and neither arrived, lost nor sold",
        (9,),
        ("transfers",),
        compared(
            """
            select t.seller_id, t.transfer_id as paper, t.fnsku as item, t.destination as place,
                   t.sent - t.arrived - t.lost - t.sold as units
            from transfers t where {t}
            """,
            """
            select b.seller_id, b.ref as paper, b.item, b.place, sum(b.quantity) as units
            from balances b where {b} and b.account = 'FC_XFER' group by b.seller_id, b.ref, b.item, b.place
            """,
            "paper, item, place",
            "'transfer ' || paper",
        ),
    ),
    Check(
        "Units sold in transfer are reserved for orders",
        (8, 9),
        ("transfers",),
        compared(
            """
            select t.seller_id, t.transfer_id as paper, t.fnsku as item, t.sold as units from transfers t where {t}
            """,
            """
            select b.seller_id, b.detail as paper, b.item, sum(b.quantity) as units
            from balances b where {b} and b.account = 'FC_ORDER' and b.detail <> ''
            group by b.seller_id, b.detail, b.item
            """,
            "paper, item",
            "'transfer ' || paper || ', sold'",
        ),
    ),
    Check(
        "Units bound to a removal are those requested and not yet gone",
        (9,),
        ("removals",),
        compared(
            """
            select r.seller_id, r.removal_id as paper, r.fnsku as item, r.disposition, v.account, v.units
            from removals r
            cross join lateral (values
                ('FC_PROC', r.requested - r.cancelled - r.shipped - r.disposed),
                ('X_REMOVED', case when r.method = 'RETURN' then r.shipped else 0 end)
            ) as v(account, units)
            where {r}
            """,
            """
            select b.seller_id, b.ref as paper, b.item,
                   coalesce(nullif(b.disposition, ''), r.disposition) as disposition, b.account,
                   sum(b.quantity) as units
            from balances b left join removals r on r.seller_id = b.seller_id and r.removal_id = b.ref
            where {b} and (b.account = 'X_REMOVED' or b.account = 'FC_PROC' and b.detail = 'REMOVAL')
            group by b.seller_id, b.ref, b.item, coalesce(nullif(b.disposition, ''), r.disposition), b.account
            """,
            "paper, item, disposition, account",
            "concat_ws(' ', 'removal', paper, account)",
        ),
    ),
    Check(
        "Inbound units are those announced and not yet come, in the one account of the shipment's status",
        (10,),
        ("shipment_items",),
        compared(
            """
            select i.seller_id, i.shipment_id as paper, i.fnsku as item, s.destination as place, case
                       when s.status = 'WORKING' then 'IN_WORKING'
                       when s.status in ('SHIPPED', 'IN_TRANSIT', 'DELIVERED', 'CHECKED_IN') then 'IN_SHIPPED'
                       when s.status = 'RECEIVING' then 'IN_RECEIVING'
                       else 'no account, as it is ' || s.status
                   end as account, i.announced - i.received - i.cancelled - i.lost as units
            from shipment_items i join shipments s on s.seller_id = i.seller_id and s.shipment_id = i.shipment_id
            where {i}
            """,
            """
            select b.seller_id, b.ref as paper, b.item, b.place, b.account, sum(b.quantity) as units
            from balances b where {b} and b.account in ('IN_WORKING', 'IN_SHIPPED', 'IN_RECEIVING')
            group by b.seller_id, b.ref, b.item, b.place, b.account
            """,
            "paper, item, place, account",
            "concat_ws(' ', 'shipment', paper, item, account)",
        ),
    ),
    Check(
        "No paper counts more in its parts than in the whole",
        (7, 8, 9, 10),
        ("order_items", "transfers", "removals", "shipment_items"),
        """
        select i.seller_id, 'order item ' || i.order_item_id as subject, 'parts within the whole' as expected,
               concat_ws(' ', i.ordered, i.cancelled, i.shipped, i.returned, i.lost)
        from order_items i where {i} and (
            least(i.cancelled, i.shipped, i.returned, i.lost) < 0 or i.ordered < 1
            or i.cancelled + i.shipped > i.ordered or i.returned + i.lost > i.shipped
        )
        union all
        select t.seller_id, 'transfer ' || t.transfer_id, 'parts within the whole',
               concat_ws(' ', t.sent, t.arrived, t.lost, t.sold)
        from transfers t where {t}
        and (least(t.arrived, t.lost, t.sold) < 0 or t.sent < 1 or t.arrived + t.lost + t.sold > t.sent)
        union all
        select r.seller_id, 'removal ' || r.removal_id, 'parts within the whole',
               concat_ws(' ', r.requested, r.cancelled, r.shipped, r.disposed)
        from removals r where {r} and (
            least(r.cancelled, r.shipped, r.disposed) < 0 or r.requested < 1
            or r.cancelled + r.shipped + r.disposed > r.requested
        )
        union all
        select s.seller_id, 'shipment ' || s.shipment_id || ', item ' || s.fnsku, 'parts within the whole',
               concat_ws(' ', s.announced, s.received, s.cancelled, s.lost)
        from shipment_items s where {s} and (
            least(s.announced, s.received, s.cancelled, s.lost) < 0
            or s.received + s.cancelled + s.lost > s.announced
        )
        """,
    ),
    Check(
        "Every offer was opened and closed by entries of its own",
        (4, 35),
        ("offers",),
        compared(
            """
            select o.seller_id, o.created_seq as seq, 'C01' as event, o.sku, 1 as units from offers o where {o}
            union all
            select o.seller_id, o.closed_seq, 'C02', o.sku, 1 from offers o where {o} and o.closed_seq is not null
            """,
            """
            select e.seller_id, e.seq, e.event, e.reference as sku, 1 as units from entries e
            where {e} and e.event in ('C01', 'C02')
            """,
            "seq, event, sku",
            "'entry ' || seq || ', ' || event || ' of ' || sku",
        ),
    ),
)
