"""What all orders have in common, whoever ships them: ids, particulars, which item gives how many units, and status."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from entrepot.domain.commands import OrderLine, PlaceOrder
from entrepot.domain.errors import Invalid, NotAllowed, NotFound, Shortage
from entrepot.domain.items import tidy
from entrepot.domain.money import minor_units
from entrepot.domain.papers import Order, OrderItem
from entrepot.domain.texts import clean_text
from entrepot.domain.world import World

ORDER_ID_LENGTH_MAX: Final = 40
PARTICULAR_LENGTH_MAX: Final = 200
MERCHANT: Final = "MFN"
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def lines_of(command: PlaceOrder) -> tuple[OrderLine, ...]:
    """The lines of an order; one of a single SKU may be given without, and then has none."""
    lines = command.lines
    for name, given in (("sku", command.sku), ("quantity", command.quantity)):
        if lines and given is not None:
            raise Invalid(name, f"'{name}' and 'lines' exclude each other: every line has its own {name}")
    if not lines:
        if command.sku is None or command.quantity is None:
            raise Invalid("sku" if command.sku is None else "quantity", "sku and quantity are required")
        lines = (OrderLine(command.sku, command.quantity),)
    if any(line.quantity < 1 for line in lines):
        raise Invalid("quantity", "a quantity must be at least 1")
    return lines


def prices_of(lines: Iterable[OrderLine], currency: str) -> list[int | None]:
    """What the lines say that a unit costs, in minor units."""
    return [None if line.price is None else minor_units(line.price, currency, "price") for line in lines]


def new_order_id(world: World, wanted: str | None) -> str:
    if wanted is None:
        return world.new_id("order")
    order_id = tidy(wanted)
    if not (1 <= len(order_id) <= ORDER_ID_LENGTH_MAX and order_id.isprintable()):
        raise Invalid("order", f"an order id has 1 to {ORDER_ID_LENGTH_MAX} printable characters")
    world.refuse_existing(world.orders, "order", order_id)
    return order_id


def particulars(command: PlaceOrder) -> dict[str, Any]:
    """Buyer, address and ship option, as far as they are given."""
    found: dict[str, Any] = {"ship_option": command.ship_option}
    for part, given in (("buyer", command.buyer), ("address", command.address)):
        texts = {
            name: clean_text(text, f"{part}.{name}", PARTICULAR_LENGTH_MAX) for name, text in asdict(given).items()
        }
        if texts := {name: text for name, text in texts.items() if text}:
            found[part] = texts
    if country := found.get("address", {}).get("country"):
        found["address"]["country"] = country.upper()
        if not _COUNTRY.fullmatch(country.upper()):
            raise Invalid("address.country", "'address.country' has two letters, as US")
    return found


def order_and_items(world: World, order_id: str | None, order_item_id: str | None) -> tuple[Order, list[OrderItem]]:
    """The order that is named by itself or by one of its items, and the items meant."""
    if order_item_id is None:
        if order_id is None:
            raise Invalid("order", "an order or an order item is required")
        order = world.order(order_id)
        return order, world.items_of_order(order.order_id)
    item = world.order_items.get(tidy(order_item_id))
    if item is None or (order_id is not None and tidy(order_id) != item.order_id):
        raise NotFound("order item", order_item_id)
    return world.order(item.order_id), [item]


def only_of_the_warehouse(order: Order, instead: str) -> None:
    if order.channel == MERCHANT:
        raise NotAllowed(f"order '{order.order_id}' is shipped by the merchant: {instead}")


def only_of_the_merchant(order: Order, instead: str) -> None:
    if order.channel != MERCHANT:
        raise NotAllowed(f"order '{order.order_id}' is shipped by the warehouse: {instead}")


def shares(items: list[OrderItem], quantity: int | None, part: str, verb: str) -> list[tuple[OrderItem, int]]:
    """Which item gives how much of `quantity` (all, if None) out of its `reserved` or `with_customer` units."""
    available = sum(getattr(item, part) for item in items)
    if quantity is not None and len(items) > 1:
        raise Invalid("order_item", "a quantity needs the order item it is for, as this order has several")
    wanted = available if quantity is None else quantity
    if wanted < 1 and quantity is not None:
        raise Invalid("quantity", "a quantity must be at least 1")
    if wanted < 1:
        raise NotAllowed(f"order '{items[0].order_id}' has no unit to {verb}")
    if wanted > available:
        raise Shortage(f"order '{items[0].order_id}', units to {verb}", wanted, available)
    return [(item, wanted if quantity is not None else getattr(item, part)) for item in items if getattr(item, part)]


# (units still reserved, units shipped) → the status of an order
_STATUS: Final = {
    (True, False): "Unshipped",
    (True, True): "PartiallyShipped",
    (False, True): "Shipped",
    (False, False): "Canceled",
}
PENDING: Final = "Pending"
CANCELED: Final = "Canceled"


def settle(world: World, order: Order) -> None:
    """Something about the order changed: its status follows from its items, and is Pending until they are paid for."""
    items = world.items_of_order(order.order_id)
    reserved, shipped = sum(i.reserved for i in items), sum(i.shipped for i in items)
    status = _STATUS[bool(reserved), bool(shipped)]
    if order.channel == MERCHANT and order.paid_at is None and reserved:
        status = PENDING
    world.edit(order).status = status
    order.updated_at = world.now
