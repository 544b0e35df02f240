"""Customers order, and the units leave, come back or get lost on the way."""

from __future__ import annotations

from entrepot.domain.accounts import Account, Disposition, Key
from entrepot.domain.commands import CancelOrder, LoseDelivery, MissPick, OrderLine, PlaceOrder, ReturnUnit, ShipOrder
from entrepot.domain.errors import Invalid, NotAllowed, NotFound, Shortage
from entrepot.domain.fba.stock import Answer, free, lost, on_the_shelf, processing
from entrepot.domain.fba.trouble import open_research
from entrepot.domain.items import tidy
from entrepot.domain.ledger import Entry
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.papers import Order, OrderItem, Sku
from entrepot.domain.places import country_of
from entrepot.domain.world import World

ORDER_ID_LENGTH_MAX = 40


def place_order(world: World, command: PlaceOrder) -> Answer:
    """Reserve every line or none (F20). Raises Shortage with what the losing line wanted and could have had."""
    lines = command.lines
    if not lines:
        if command.sku is None or command.quantity is None:
            raise Invalid("sku" if command.sku is None else "quantity", "sku and quantity are required")
        lines = (OrderLine(command.sku, command.quantity),)
    marketplace = world.marketplace(command.marketplace)
    order_id = _order_id(world, command.order)
    world.add(Order(order_id, "Unshipped", command.channel, marketplace.id, world.now))
    entry = world.book.entry("F20", kind="order", ref=order_id)
    items = [_reserve_line(world, entry, order_id, line, marketplace) for line in lines]
    if not entry.lines:
        world.book.entries.remove(entry)
    return {"order": order_id, "order_items": [{"order_item": i.order_item_id, "sku": i.sku} for i in items]}


def _order_id(world: World, wanted: str | None) -> str:
    if wanted is None:
        return world.new_id("order")
    order_id = tidy(wanted)
    if not (1 <= len(order_id) <= ORDER_ID_LENGTH_MAX and order_id.isprintable()):
        raise Invalid("order", f"an order id has 1 to {ORDER_ID_LENGTH_MAX} printable characters")
    world.refuse_existing(world.orders, "order", order_id)
    return order_id


def _reserve_line(world: World, entry: Entry, order_id: str, line: OrderLine, marketplace: Marketplace) -> OrderItem:
    sku = world.sku(line.sku)
    if line.quantity < 1:
        raise Invalid("quantity", "a quantity must be at least 1")
    item = world.add(OrderItem(world.new_id("order_item"), order_id, sku.sku, sku.fnsku, line.quantity))
    keys = _serving(world, sku, marketplace)
    on_shelves = min(line.quantity, world.book.total(keys))
    in_transfer = _serving_transfers(world, sku, marketplace) if on_shelves < line.quantity else []
    if on_shelves + world.book.total(in_transfer) < line.quantity:
        raise Shortage(f"SKU '{sku.sku}'", line.quantity, on_shelves + world.book.total(in_transfer))
    if on_shelves:
        world.book.move(entry, on_shelves, keys, lambda key: _reserved(key, item), f"SKU '{sku.sku}'")
    if on_shelves < line.quantity:
        _sell_in_transfer(world, item, line.quantity - on_shelves, in_transfer)
    return item


def _serving(world: World, sku: Sku, marketplace: Marketplace) -> list[Key]:
    """Free stock that serves a marketplace: its own country's first, others' if the seller allows it (D-17)."""
    keys = world.book.holding(sku.fnsku, Account.FC_AVAIL)
    home = [key for key in keys if country_of(key.place) == marketplace.country]
    if not world.policies.remote_serving:
        return home
    return home + [key for key in keys if country_of(key.place) != marketplace.country]


def _serving_transfers(world: World, sku: Sku, marketplace: Marketplace) -> list[Key]:
    if not world.policies.sell_in_transfer:
        return []
    return [k for k in world.book.holding(sku.fnsku, Account.FC_XFER) if country_of(k.place) == marketplace.country]


def _reserved(key: Key, item: OrderItem, transfer: str = "") -> Key:
    return Key(key.item, Account.FC_ORDER, key.place, Disposition.SELLABLE, transfer, item.order_item_id)


def _sell_in_transfer(world: World, item: OrderItem, quantity: int, keys: list[Key]) -> None:
    """Units between centres are promised to the order and arrive bound to it (F20b, D-8)."""
    entry = world.book.entry("F20b", kind="order", ref=item.order_id)
    for key, units in list(world.book.take(quantity, keys, f"SKU '{item.sku}'")):
        world.book.post(entry, units, key, _reserved(key, item, key.ref))
        world.edit(world.transfer(key.ref)).sold += units


def _order_and_items(world: World, order_id: str | None, order_item_id: str | None) -> tuple[Order, list[OrderItem]]:
    if order_item_id is None:
        if order_id is None:
            raise Invalid("order", "an order or an order item is required")
        order = world.order(order_id)
        return order, world.items_of_order(order.order_id)
    item = world.order_items.get(tidy(order_item_id))
    if item is None or (order_id is not None and tidy(order_id) != item.order_id):
        raise NotFound("order item", order_item_id)
    return world.order(item.order_id), [item]


def _shares(items: list[OrderItem], quantity: int | None, part: str, verb: str) -> list[tuple[OrderItem, int]]:
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


def _reservations(world: World, item: OrderItem) -> list[Key]:
    return world.book.holding(item.fnsku, Account.FC_ORDER, lambda key: key.ref == item.order_item_id)


def cancel_order(world: World, command: CancelOrder) -> Answer:
    order, items = _order_and_items(world, command.order, command.order_item)
    entry = world.book.entry("F21", kind="order", ref=order.order_id)
    for item, units in _shares(items, command.quantity, "reserved", "cancel"):
        for key, part in list(world.book.take(units, _reservations(world, item), "reserved units")):
            world.book.post(entry, part, key, _released(world, key, part))
        world.edit(item).cancelled += units
    _settle(world, order)
    return {"order": order.order_id, "status": order.status}


def _released(world: World, key: Key, units: int) -> Key:
    """Where a released unit goes: back on the shelf, or back into the transfer it was sold from."""
    if not key.detail:
        return Key(key.item, Account.FC_AVAIL, key.place, Disposition.SELLABLE)
    transfer = world.edit(world.transfer(key.detail))
    transfer.sold -= units
    return Key(
        key.item, Account.FC_XFER, key.place, Disposition.SELLABLE, transfer.origin, transfer.transfer_id, transfer.eta
    )


# (units still reserved, units shipped) → the status of an order
_STATUS = {
    (True, False): "Unshipped",
    (True, True): "PartiallyShipped",
    (False, True): "Shipped",
    (False, False): "Canceled",
}


def _settle(world: World, order: Order) -> None:
    """The order's status follows from its items."""
    items = world.items_of_order(order.order_id)
    reserved, shipped = sum(i.reserved for i in items), sum(i.shipped for i in items)
    status = _STATUS[bool(reserved), bool(shipped)]
    if status != order.status:
        world.edit(order).status = status


def ship_order(world: World, command: ShipOrder) -> Answer:
    """Only units on a shelf can leave: those sold while between centres must arrive first."""
    order, items = _order_and_items(world, command.order, command.order_item)
    entry = world.book.entry("F22", kind="order", ref=order.order_id)
    for item, units in _shares(items, command.quantity, "reserved", "ship"):
        keys = [key for key in _reservations(world, item) if not key.detail]
        to = Key(item.fnsku, Account.X_CUSTOMER, ref=item.order_item_id)
        for key, part in list(world.book.take(units, keys, "reserved units in a centre")):
            world.book.post(entry, part, key, to)
        world.edit(item).shipped += units
    _settle(world, order)
    return {"order": order.order_id, "status": order.status}


def miss_pick(world: World, command: MissPick) -> Answer:
    """The bin is empty: research opens (F23), other units are reserved (F20), what lacks is cancelled."""
    order, items = _order_and_items(world, command.order, command.order_item)
    cancelled = 0
    for item, units in _shares(items, command.quantity, "reserved", "pick"):
        sku = world.sku(item.sku)
        entry = world.book.entry("F23", kind="order", ref=order.order_id)
        keys = [key for key in _reservations(world, item) if not key.detail]
        for key, part in list(world.book.take(units, keys, "reserved units in a centre")):
            open_research(world, entry, part, key, sku, "MISPLACED")
        cancelled += units - _reserve_again(world, order, item, units)
    _settle(world, order)
    return {"order": order.order_id, "status": order.status, "cancelled": cancelled}


def _reserve_again(world: World, order: Order, item: OrderItem, units: int) -> int:
    keys = _serving(world, world.sku(item.sku), world.marketplace(order.marketplace_id))
    found = min(units, world.book.total(keys))
    if found:
        entry = world.book.entry("F20", kind="order", ref=order.order_id)
        world.book.move(entry, found, keys, lambda key: _reserved(key, item), f"SKU '{item.sku}'")
    if found < units:
        world.edit(item).cancelled += units - found
    return found


def lose_delivery(world: World, command: LoseDelivery) -> Answer:
    order, items = _order_and_items(world, command.order, command.order_item)
    entry = world.book.entry("F24", kind="order", ref=order.order_id)
    for item, units in _shares(items, command.quantity, "with_customer", "lose"):
        gives = Key(item.fnsku, Account.X_CUSTOMER, ref=item.order_item_id)
        world.book.post(entry, units, gives, lost(item.fnsku, "DELIVERY"))
        world.edit(item).lost += units
    return {"order": order.order_id}


# Returns damaged through the warehouse's or its carrier's fault (D-4).
_AT_FAULT = (Disposition.WAREHOUSE_DAMAGED, Disposition.CARRIER_DAMAGED)


def return_unit(world: World, command: ReturnUnit) -> Answer:
    order, items = _order_and_items(world, command.order, command.order_item)
    marketplace = order.marketplace_id if order.marketplace_id in world.marketplaces else None
    centre = world.centre(command.fc, marketplace)
    for item, units in _shares(items, command.quantity, "with_customer", "return"):
        _return(world, item, units, command, centre)
        world.edit(item).returned += units
    return {"order": order.order_id}


def _return(world: World, item: OrderItem, units: int, command: ReturnUnit, centre: str) -> None:
    sku = world.sku(item.sku)
    gives = Key(item.fnsku, Account.X_CUSTOMER, ref=item.order_item_id)
    at_fault = command.disposition in _AT_FAULT
    if at_fault and world.policies.returns_at_fault == "AMAZON_OWNS":
        entry = world.book.entry("F27", kind="order", ref=item.order_id)
        world.book.post(entry, units, gives, Key(item.fnsku, Account.X_AMAZON, ref=world.new_id("reimbursement")))
        return
    if command.disposition == Disposition.SELLABLE:
        entry = world.book.entry("F25", kind="order", ref=item.order_id)
        inspected = processing(sku, centre, "RETURN_INSPECT") if command.inspect else free(sku, centre)
        world.book.post(entry, units, gives, inspected)
        return
    entry = world.book.entry("F26", kind="order", ref=item.order_id)
    shelf = on_the_shelf(sku, centre, command.disposition)
    world.book.post(entry, units, gives, shelf)
    if at_fault:
        entry = world.book.entry("F59", kind="order", ref=item.order_id, reason="O")
        world.book.post(entry, units, shelf, Key(item.fnsku, Account.X_AMAZON, ref=world.new_id("reimbursement")))
