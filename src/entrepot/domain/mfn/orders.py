"""Orders that the seller ships himself: reserved at his locations as routed, paid for, cancelled, confirmed, returned,
refunded. Events M02–M07, M09 and M12; rules: domain specification §3.2, §3.5, D-21, D-23 and D-24.

The paper of an order item keeps the routes as they were planned, and a package for every shipment confirmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from entrepot.domain.accounts import DEFAULT_LOCATION, Account, Key
from entrepot.domain.commands import (
    CancelOrder,
    ConfirmShipment,
    EndPending,
    OrderLine,
    Package,
    PlaceOrder,
    Refund,
    RestockReturn,
    VerifyPayment,
)
from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.domain.fba.stock import Answer
from entrepot.domain.ledger import Entry
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn import live, locations, routing
from entrepot.domain.mfn.attributes import ALL, LEAD_DAYS_MAX, LEAD_TIME, offer_key
from entrepot.domain.mfn.hours import Duration
from entrepot.domain.mfn.routing import Promise, Route, Wanted
from entrepot.domain.mfn.shelves import available, counted
from entrepot.domain.money import decimal, minor_units
from entrepot.domain.orderbook import (
    CANCELED,
    MERCHANT,
    PENDING,
    lines_of,
    new_order_id,
    only_of_the_merchant,
    order_and_items,
    particulars,
    prices_of,
    settle,
    shares,
)
from entrepot.domain.papers import Order, OrderItem
from entrepot.domain.quantities import selling_places
from entrepot.domain.texts import clean_text
from entrepot.domain.world import World

PACKAGE_TEXT_MAX: Final = 100
MESSAGE_LENGTH_MAX: Final = 1000
# Why money is given back: the reasons of the batch refund file and of the adjustment feed (§4.3).
REFUND_REASONS: Final = (
    "GeneralAdjustment", "CouldNotShip", "DifferentItem", "MerchandiseNotReceived", "MerchandiseNotAsDescribed",
    "NoInventory", "CustomerReturn", "Abandoned", "CustomerCancel", "PriceError", "ProductOutofStock",
    "CustomerAddressIncorrect", "Exchange", "Other", "CarrierCreditDecision", "RiskAssessmentInformationNotValid",
    "CarrierCoverageFailure", "TransactionRecord", "Undeliverable", "RefusedDelivery",
)  # fmt: skip


# Placing an order, and paying for it.


def place_order(world: World, command: PlaceOrder) -> Answer:
    """Route the order and reserve every line, or none (M02). Raises Shortage for the first that cannot be served."""
    lines = lines_of(command)
    marketplace = world.marketplace(command.marketplace)
    details = particulars(command)
    order_id = new_order_id(world, command.order)
    prices = [
        _asked(world, line, marketplace) if price is None else price
        for line, price in zip(lines, prices_of(lines, marketplace.currency), strict=True)
    ]
    routed = routing.route(
        [_wanted(world, line) for line in lines],
        _locations(world, marketplace),
        world.now,
        _destination(details, marketplace),
        command.ship_option,
        world.policies.split_orders,
    )
    order = Order(
        order_id, PENDING, MERCHANT, marketplace.id, world.now, world.now,
        details=details, promise=_written(routed.promise),
    )  # fmt: skip
    world.add(order)
    entry = world.book.entry("M02", kind="order", ref=order_id)
    items = []
    for number, (line, price, routes) in enumerate(zip(lines, prices, routed.routes, strict=True)):
        item = OrderItem(
            world.new_id("order_item"), order_id, world.sku(line.sku).sku, "", line.quantity,
            currency=marketplace.currency, price=price, line=number,
            routes=[{"source": route.location_id, "quantity": route.quantity} for route in routes],
        )  # fmt: skip
        items.append(world.add(item))
        _reserve(world, entry, item, routes)
    _count_order(world, marketplace, {route.location_id for routes in routed.routes for route in routes})
    due = world.now + timedelta(minutes=world.policies.pending_minutes)
    world.schedule(due, "end_pending", order=order_id)
    return {
        "order": order_id,
        "status": order.status,
        "promise": order.promise,
        "order_items": [{"order_item": i.order_item_id, "sku": i.sku, "routes": i.routes} for i in items],
    }


def _wanted(world: World, line: OrderLine) -> Wanted:
    """The line as routing sees it: stock by location, and how long the listing takes to ship from there."""
    sku = world.sku(line.sku).sku
    listing = world.listings.get(sku)
    if listing is not None and listing.deleted_at is not None:
        raise NotFound("listing", sku)
    availability: Mapping[str, Any] = listing.availability if listing is not None else {}
    places = selling_places(availability, locations.active(world))
    stock = {place: world.book.balances.get(available(sku, place), 0) for place in places}
    lead = {place: days for place in places if (days := _lead(availability.get(place, {}))) is not None}
    return Wanted(sku, line.quantity, stock, lead)


def _lead(instance: Mapping[str, Any]) -> Duration | None:
    days = instance.get(LEAD_TIME)
    return Duration(days, "Days") if isinstance(days, int) and 0 <= days <= LEAD_DAYS_MAX else None


def _locations(world: World, marketplace: Marketplace) -> list[routing.Location]:
    zone = marketplace.zone
    found = [locations.location_of(world.sources[source_id], zone) for source_id in locations.active(world)]
    return [*found, locations.default_location(world, marketplace.country, zone)]


def _destination(details: Mapping[str, Any], marketplace: Marketplace) -> routing.Address:
    address = details.get("address", {})
    return routing.Address(
        address.get("country", marketplace.country), address.get("state", ""), address.get("postal_code", "")
    )


def _written(promise: Promise) -> dict[str, Any]:
    """The promise as a document: instants in UTC."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(promise).items()
    }


def _asked(world: World, line: OrderLine, marketplace: Marketplace) -> int:
    """What the listing asks everybody for a unit now; nothing if it asks nothing."""
    listing = world.listings.get(world.sku(line.sku).sku)
    everybody = offer_key({"marketplace_id": marketplace.id, "currency": marketplace.currency, "audience": ALL})
    offer = listing.offers.get(everybody) if listing is not None else None
    price = live.price_of(offer, world.now) if offer is not None else None
    return 0 if price is None else minor_units(live.amount(price, marketplace.currency), marketplace.currency, "price")


def _reserve(world: World, entry: Entry, item: OrderItem, routes: Iterable[Route]) -> None:
    for route in routes:
        to = Key(item.sku, Account.M_RES_PENDING, route.location_id, ref=item.order_item_id)
        world.book.post(entry, route.quantity, available(item.sku, route.location_id), to)


def _count_order(world: World, marketplace: Marketplace, places: set[str]) -> None:
    """An order more in the window of every location that limits them."""
    for place in sorted(places - {DEFAULT_LOCATION}):
        source = world.sources[place]
        location = locations.location_of(source, marketplace.zone)
        if location.throughput is not None:
            since = location.calendar.window(world.now, location.throughput.unit)
            orders = source.window_orders if source.window_start == since else 0
            world.edit(source).window_start, source.window_orders = since, orders + 1


def _held(world: World, item: OrderItem, *accounts: Account) -> list[Key]:
    """The reservations of an order item."""
    mine = item.order_item_id
    return [key for a in accounts for key in world.book.holding(item.sku, a, lambda key: key.ref == mine)]


def verify_payment(world: World, command: VerifyPayment) -> Answer:
    order, items = order_and_items(world, command.order, None)
    only_of_the_merchant(order, "it needs no payment here")
    if order.status != PENDING:
        raise NotAllowed(f"order '{order.order_id}' is {order.status}, no longer {PENDING}")
    _pay(world, order, items)
    return {"order": order.order_id, "status": order.status}


def _pay(world: World, order: Order, items: Iterable[OrderItem]) -> None:
    entry = world.book.entry("M03", kind="order", ref=order.order_id)
    for item in items:
        for key in _held(world, item, Account.M_RES_PENDING):
            to = Key(item.sku, Account.M_RES_UNSHIPPED, key.place, ref=key.ref)
            world.book.post(entry, world.book.balances[key], key, to)
    world.edit(order).paid_at = world.now
    settle(world, order)


def end_pending(world: World, command: EndPending) -> Answer:
    """The time to pay is over: the policy says whether the order is cancelled or counts as paid."""
    order, items = order_and_items(world, command.order, None)
    if order.status == PENDING and world.policies.pending_end == "PAY":
        _pay(world, order, items)
    elif order.status == PENDING:
        _cancel(world, order, shares(items, None, "reserved", "cancel"), "not paid in time", there=True)
    return {"order": order.order_id, "status": order.status}


# Cancelling.


def cancel_order(world: World, command: CancelOrder) -> Answer:
    """Units are free again where they were reserved (M04); what is not there after all is written off (M05)."""
    order, items = order_and_items(world, command.order, command.order_item)
    only_of_the_merchant(order, "cancel_order")
    cancelled = shares(items, command.quantity, "reserved", "cancel")
    _cancel(world, order, cancelled, command.reason, there=command.reason != "NoInventory")
    return {"order": order.order_id, "status": order.status}


def _cancel(world: World, order: Order, cancelled: list[tuple[OrderItem, int]], reason: str, *, there: bool) -> None:
    entry = world.book.entry("M04" if there else "M05", kind="order", ref=order.order_id, reason=reason)
    for item, units in cancelled:
        keys = _held(world, item, Account.M_RES_PENDING, Account.M_RES_UNSHIPPED)
        for key, part in list(world.book.take(units, keys, "reserved units")):
            to = available(item.sku, key.place) if there else counted(item.sku, "NO_INVENTORY")
            world.book.post(entry, part, key, to)
        world.edit(item).cancelled += units
    settle(world, order)


# Shipping.


def confirm_shipment(world: World, command: ConfirmShipment) -> Answer:
    """Reserved units leave (M06). From another location than reserved, its own units leave and the reserved ones are
    free again (M09); what it lacks is counted in, with a warning."""
    order, asked = _confirmed(world, command)
    only_of_the_merchant(order, "ship_order ships it")
    if order.status == PENDING:
        raise NotAllowed(f"order '{order.order_id}' is {PENDING}: it can be shipped when it is paid for")
    place = None if command.source is None else _left_from(world, order, command.source)
    package, warnings = _package(world, command.package), []
    for items, quantity in asked:
        for item, units in shares(items, quantity, "reserved", "ship"):
            warnings += _ship(world, order, item, units, place, package)
    settle(world, order)
    answer: Answer = {"order": order.order_id, "status": order.status}
    return {**answer, "warnings": warnings} if warnings else answer


def _confirmed(world: World, command: ConfirmShipment) -> tuple[Order, list[tuple[list[OrderItem], int | None]]]:
    """The order, and what of it leaves: items, and how many units, None for all that is left of them."""
    if not command.items:
        order, items = order_and_items(world, command.order, command.order_item)
        return order, [(items, command.quantity)]
    if command.order_item is not None or command.quantity is not None:
        raise Invalid("items", "name either the items, or one order item and its quantity")
    order, _ = order_and_items(world, command.order, command.items[0].order_item)
    return order, [(order_and_items(world, order.order_id, i.order_item)[1], i.quantity) for i in command.items]


def _left_from(world: World, order: Order, source: str) -> str:
    """The location named; one that was archived since can still ship what is reserved there."""
    items = world.items_of_order(order.order_id)
    reserved = {key.place for item in items for key in _held(world, item, Account.M_RES_UNSHIPPED)}
    return locations.resolve(world, source, reserved=frozenset(reserved))


def _package(world: World, package: Package) -> dict[str, Any]:
    shipped_at = package.shipped_at or world.now
    texts = {name: getattr(package, name) for name in ("carrier", "method", "tracking")}
    clean = {name: clean_text(text, f"package.{name}", PACKAGE_TEXT_MAX) for name, text in texts.items()}
    return {**clean, "shipped_at": shipped_at.isoformat()}


def _ship(
    world: World, order: Order, item: OrderItem, units: int, place: str | None, package: Mapping[str, Any]
) -> list[str]:
    """Let units of an item leave, from one place or from where they are reserved; a warning where it lacked some."""
    keys = _held(world, item, Account.M_RES_UNSHIPPED)
    warnings: list[str] = []
    if place is not None:
        if lacking := _reserve_at(world, order, item, units, keys, place):
            warnings.append(f"SKU '{item.sku}': location '{place}' had {lacking} units fewer than it shipped")
        keys = [key for key in _held(world, item, Account.M_RES_UNSHIPPED) if key.place == place]
    entry = world.book.entry("M06", kind="order", ref=order.order_id)
    packages = []
    for key, part in list(world.book.take(units, keys, "reserved units")):
        world.book.post(entry, part, key, Key(item.sku, Account.X_CUSTOMER, ref=item.order_item_id))
        packages.append({"source": key.place, "quantity": part, **package})
    world.edit(item).shipped += units
    item.packages = [*item.packages, *packages]
    return warnings


def _reserve_at(world: World, order: Order, item: OrderItem, units: int, keys: list[Key], place: str) -> int:
    """Have `units` of an item reserved at a place, in exchange for reservations elsewhere (M09); how many it lacked."""
    here = world.book.total(key for key in keys if key.place == place)
    wanted = units - min(units, here)
    if not wanted:
        return 0
    entry = world.book.entry("M09", kind="order", ref=order.order_id)
    elsewhere = [key for key in keys if key.place != place]
    for key, part in list(world.book.take(wanted, elsewhere, "reserved units")):
        world.book.post(entry, part, key, available(item.sku, key.place))
    to = Key(item.sku, Account.M_RES_UNSHIPPED, place, ref=item.order_item_id)
    there = min(wanted, world.book.balances.get(available(item.sku, place), 0))
    if there:
        world.book.post(entry, there, available(item.sku, place), to)
    if there < wanted:
        world.book.post(entry, wanted - there, counted(item.sku, "COUNT"), to)
    return wanted - there


# Afterwards.


def restock_return(world: World, command: RestockReturn) -> Answer:
    """Returned units can be sold again (M07), at the location named, or where they were shipped from."""
    order, items = order_and_items(world, command.order, command.order_item)
    only_of_the_merchant(order, "return_unit takes it back")
    named = None if command.source is None else locations.resolve(world, command.source)
    entry = world.book.entry("M07", kind="order", ref=order.order_id)
    for item, units in shares(items, command.quantity, "with_customer", "return"):
        gives = Key(item.sku, Account.X_CUSTOMER, ref=item.order_item_id)
        for place, part in _homes(world, item, units) if named is None else [(named, units)]:
            world.book.post(entry, part, gives, available(item.sku, place))
        world.edit(item).returned += units
    settle(world, order)
    return {"order": order.order_id, "status": order.status}


def _homes(world: World, item: OrderItem, units: int) -> list[tuple[str, int]]:
    """Where returned units go: packages come back in the order in which they left."""
    homes: list[tuple[str, int]] = []
    before = item.returned
    for package in item.packages:
        skipped = min(before, package["quantity"])
        before -= skipped
        part = min(units, package["quantity"] - skipped)
        units -= part
        if part:
            homes.append((locations.resolve(world, package["source"]), part))
    return homes


def refund(world: World, command: Refund) -> Answer:
    """Money back for an order item, in the order of checks of D-24; no stock moves (D-21)."""
    order, [item] = order_and_items(world, command.order, command.order_item)
    if order.paid_at is None or order.status == CANCELED:
        raise NotAllowed(f"order '{order.order_id}' is {order.status}: it has not been paid for")
    amount = minor_units(command.amount, item.currency, "amount")
    if amount < 1:
        raise Invalid("amount", "a refund must be more than 0")
    if command.reason not in REFUND_REASONS:
        raise Invalid("reason", f"'{command.reason}' is not one of {', '.join(REFUND_REASONS)}")
    message = clean_text(command.message.replace("\n", " "), "message", MESSAGE_LENGTH_MAX)
    left = item.price * item.ordered - item.refunded
    if amount > left:
        text = f"{decimal(left, item.currency)} {item.currency} of what was paid for it are left to refund"
        raise NotAllowed(f"order item '{item.order_item_id}': {text}")
    world.book.entry("M12", kind="order", ref=order.order_id, reason=command.reason)
    world.edit(item).refunded += amount
    settle(world, order)
    answer: Answer = {
        "order": order.order_id,
        "order_item": item.order_item_id,
        "amount": decimal(amount, item.currency),
        "refunded": decimal(item.refunded, item.currency),
        "currency": item.currency,
    }
    return {**answer, "message": message} if message else answer
