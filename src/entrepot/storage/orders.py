"""Reading the order book: orders of a seller, newest first, with their items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.domain.papers import Order, OrderItem
from entrepot.storage.database import Connection
from entrepot.storage.papers import PAPERS, paper


@dataclass(frozen=True)
class Query:
    """Which orders: of a status or channel, after a place in the list (placed at, order id)."""

    seller_id: str
    limit: int
    status: str | None = None
    channel: str | None = None
    after: tuple[datetime, str] | None = None


_ORDERS: Final = f"""
    select {", ".join(PAPERS[Order].columns)} from orders
    where seller_id = $1 and ($3::text is null or status = $3) and ($4::text is null or channel = $4)
    and ($5::timestamptz is null or (placed_at, order_id) < ($5, $6))
    order by placed_at desc, order_id desc limit $2
"""


async def page(connection: Connection, query: Query) -> list[Order]:
    """The next orders of a list."""
    at, order_id = query.after or (None, None)
    rows = await connection.fetch(_ORDERS, query.seller_id, query.limit, query.status, query.channel, at, order_id)
    return [paper(Order, row) for row in rows]


async def one(connection: Connection, seller_id: str, order_id: str) -> Order | None:
    """The seller's order of that id."""
    columns = ", ".join(PAPERS[Order].columns)
    row = await connection.fetchrow(
        f"select {columns} from orders where seller_id = $1 and order_id = $2", seller_id, order_id
    )
    return paper(Order, row) if row else None


async def items(connection: Connection, seller_id: str, order_ids: Sequence[str]) -> list[OrderItem]:
    """The items of orders, in the order in which they were given."""
    columns = ", ".join(PAPERS[OrderItem].columns)
    rows = await connection.fetch(
        f"select {columns} from order_items where seller_id = $1 and order_id = any($2) order by order_id, line",
        seller_id,
        list(order_ids),
    )
    return [paper(OrderItem, row) for row in rows]
