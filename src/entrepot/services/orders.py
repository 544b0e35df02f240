"""The order book, read: the marketplace's side of what the seller has to ship."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.domain.errors import NotFound
from entrepot.domain.items import tidy
from entrepot.domain.papers import Order, OrderItem
from entrepot.storage import orders as storage
from entrepot.storage import worlds
from entrepot.storage.database import Database
from entrepot.storage.orders import Query


@dataclass(frozen=True)
class BookedOrder:
    """An order and its items, in the order of its lines."""

    order: Order
    items: Sequence[OrderItem]


@dataclass(frozen=True)
class Page:
    orders: Sequence[BookedOrder]
    after: tuple[datetime, str] | None  # None: there is no more


class Orders:
    """Reads; never writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        seller_id: str,
        limit: int,
        status: str | None = None,
        channel: str | None = None,
        after: tuple[datetime, str] | None = None,
    ) -> Page:
        """Orders of a seller, newest first. Raises NotFound for an unknown seller."""
        async with self._database.read() as connection:
            if not seller_id.isprintable() or await worlds.peek(connection, seller_id) is None:
                raise NotFound("seller", seller_id)
            found = await storage.page(connection, Query(seller_id, limit + 1, status, channel, after))
            items = await storage.items(connection, seller_id, [order.order_id for order in found[:limit]])
        orders = [BookedOrder(o, [item for item in items if item.order_id == o.order_id]) for o in found[:limit]]
        last = found[limit - 1] if len(found) > limit else None
        return Page(orders, (last.placed_at, last.order_id) if last else None)

    async def one(self, seller_id: str, order_id: str) -> BookedOrder:
        """One order. Raises NotFound."""
        async with self._database.read() as connection:
            named = seller_id.isprintable() and order_id.isprintable()
            order = await storage.one(connection, seller_id, tidy(order_id)) if named else None
            if order is None:
                raise NotFound("order", order_id)
            return BookedOrder(order, await storage.items(connection, seller_id, [order.order_id]))
