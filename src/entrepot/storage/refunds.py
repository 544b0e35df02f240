"""What a file of refunds is checked against: orders and what is left of their payments, and the files before it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from entrepot.storage.database import Connection
from entrepot.storage.submissions import Submission


@dataclass(frozen=True, slots=True)
class Paid:
    """An order item: its order, and what was paid for it and not given back, in minor units."""

    order_id: str
    left: int


async def orders(connection: Connection, seller_id: str, order_ids: Collection[str]) -> dict[str, bool]:
    """Which of these orders there are, and whether each was paid for and goes on."""
    rows = await connection.fetch(
        "select order_id, paid_at is not null and status <> 'Canceled' from orders"
        " where seller_id = $1 and order_id = any($2)",
        seller_id,
        list(order_ids),
    )
    return {row[0]: row[1] for row in rows}


async def items(connection: Connection, seller_id: str, item_ids: Collection[str]) -> dict[str, Paid]:
    """Which of these order items there are."""
    rows = await connection.fetch(
        "select order_item_id, order_id, price * ordered - refunded from order_items"
        " where seller_id = $1 and order_item_id = any($2)",
        seller_id,
        list(item_ids),
    )
    return {row[0]: Paid(row[1], row[2]) for row in rows}


async def documents_before(connection: Connection, submission: Submission, span: timedelta) -> list[str]:
    """The documents of the files of this kind that came within so long before this one, and gave money back."""
    since: datetime = submission.created_at - span
    rows = await connection.fetch(
        """
        select document_id from submissions
        where seller_id = $1 and feed_type = $2 and arrived < $3 and created_at > $4
          and ((counts ->> 'activated')::bigint > 0 or (status = 'FATAL' and applied > 0))
        """,
        submission.seller_id,
        submission.feed_type,
        submission.arrived,
        since,
    )
    return [row["document_id"] for row in rows]
