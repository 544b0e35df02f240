"""The seller's own orders: what is reserved where, who pays, what leaves and what comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from entrepot.domain import commands as c
from entrepot.domain.errors import AlreadyExists, Archived, Invalid, NotAllowed, NotFound, Shortage
from entrepot.domain.papers import Sku
from entrepot.domain.world import World
from tests.domain.mfn.worlds import JP, START, US, do, events, listing, new_world, only_item, source, stock, units


@pytest.fixture
def world() -> World:
    """Five units at DEFAULT, in a world without locations."""
    world = new_world()
    stock(world, "A", {"DEFAULT": 5})
    return world


def placed(world: World, quantity: int = 2, sku: str = "A", **more: Any) -> str:
    wanted = more if "lines" in more else {"sku": sku, "quantity": quantity, **more}
    return str(do(world, c.PlaceOrder(channel="MFN", **wanted))["order"])


def paid(world: World, quantity: int = 2, sku: str = "A", **more: Any) -> str:
    order = placed(world, quantity, sku, **more)
    do(world, c.VerifyPayment(order))
    return order


def reserved(world: World, sku: str = "A") -> tuple[int, int, int]:
    """Available, pending, unshipped."""
    return units(world, sku, "M_AVAIL"), units(world, sku, "M_RES_PENDING"), units(world, sku, "M_RES_UNSHIPPED")


# Placing and paying.


def test_an_order_reserves_at_once_and_waits_for_payment(world: World) -> None:
    answer = do(world, c.PlaceOrder("A", 2, channel="MFN"))

    order = world.orders[answer["order"]]
    assert (order.status, order.channel, order.paid_at) == ("Pending", "MFN", None)
    assert reserved(world) == (3, 2, 0)
    assert events(world) == ["M02"]
    [item] = answer["order_items"]
    assert item == {
        "order_item": only_item(world, order.order_id).order_item_id,
        "sku": "A",
        "routes": [{"source": "DEFAULT", "quantity": 2}],
    }


def test_a_paid_order_is_to_be_shipped(world: World) -> None:
    order = placed(world)
    world.book.now = START + timedelta(minutes=5)

    do(world, c.VerifyPayment(order))

    paper = world.orders[order]
    assert (paper.status, paper.paid_at, paper.updated_at) == ("Unshipped", world.now, world.now)
    assert reserved(world) == (3, 0, 2)
    with pytest.raises(NotAllowed, match="no longer Pending"):
        do(world, c.VerifyPayment(order))


def test_all_lines_are_reserved_or_none(world: World) -> None:
    stock(world, "B", {"DEFAULT": 1})
    lines = (c.OrderLine("A", 2), c.OrderLine("B", 2))

    with pytest.raises(Shortage) as refused:
        do(world, c.PlaceOrder(lines=lines, channel="MFN"))

    assert (refused.value.what, refused.value.wanted, refused.value.available) == ("SKU 'B'", 2, 1)
    assert (reserved(world), reserved(world, "B")) == ((5, 0, 0), (1, 0, 0))
    assert (world.orders, world.order_items, world.timers) == ({}, {}, [])


def test_the_last_unit_is_sold_and_not_one_more(world: World) -> None:
    placed(world, 5)

    with pytest.raises(Shortage, match="1 wanted, 0 available"):
        placed(world, 1)


def test_lines_keep_their_order(world: World) -> None:
    order = placed(world, lines=(c.OrderLine("A", 1), c.OrderLine("A", 2)))

    assert [(item.line, item.ordered) for item in world.items_of_order(order)] == [(0, 1), (1, 2)]


@pytest.mark.parametrize(
    ("beside", "field"),
    [({"sku": "A"}, "sku"), ({"quantity": 1}, "quantity"), ({"sku": "A", "quantity": 1}, "sku"), ({"sku": ""}, "sku")],
)
@pytest.mark.parametrize("channel", [None, "AFN", "MCF", "MFN"])
def test_an_order_of_lines_and_of_a_single_sku_is_refused_and_reserves_nothing(
    world: World, channel: Any, beside: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid, match=f"'{field}' and 'lines' exclude each other") as refused:
        do(world, c.PlaceOrder(lines=(c.OrderLine("A", 1),), channel=channel, **beside))

    assert refused.value.field == field
    assert reserved(world) == (5, 0, 0)
    assert world.orders == {}


@pytest.mark.parametrize(
    ("error", "wrong"),
    [
        (NotFound, {"sku": "unknown"}),
        (Invalid, {"quantity": 0}),
        (Invalid, {"order": "O" * 41}),
        (AlreadyExists, {"order": "mine"}),
        (Invalid, {"marketplace": JP}),
        (Invalid, {"sku": None, "quantity": None, "lines": (c.OrderLine("A", 1, "1.999"),)}),
        (Invalid, {"sku": None, "quantity": None, "lines": (c.OrderLine("A", 1, "-1"),)}),
        (Invalid, {"address": c.Address(country="USA")}),
        (Invalid, {"buyer": c.Buyer("a\0b")}),
        (Invalid, {"buyer": c.Buyer("a" * 201)}),
    ],
)
def test_a_wrong_order_is_refused_and_reserves_nothing(
    world: World, error: type[Exception], wrong: dict[str, Any]
) -> None:
    placed(world, 1, order="mine")

    with pytest.raises(error):
        do(world, c.PlaceOrder(**{"sku": "A", "quantity": 1, "channel": "MFN", **wrong}))

    assert reserved(world) == (4, 1, 0)
    assert list(world.orders) == ["mine"]


def test_buyer_address_and_ship_option_are_kept_as_far_as_they_are_given(world: World) -> None:
    order = placed(
        world, buyer=c.Buyer(" Anna "), address=c.Address(city="Paris", country="fr"), ship_option="Expedited"
    )

    assert world.orders[order].details == {
        "ship_option": "Expedited",
        "buyer": {"name": "Anna"},
        "address": {"city": "Paris", "country": "FR"},
    }


def test_the_promise_is_stored_and_answered(world: World) -> None:
    answer = do(world, c.PlaceOrder("A", 1, channel="MFN"))

    # Two business days from Wednesday, 10:00 in Los Angeles; then up to five days on the way.
    assert answer["promise"] == world.orders[answer["order"]].promise == {
        "earliest_ship": "2026-03-04T18:00:00+00:00",
        "latest_ship": "2026-03-07T01:00:00+00:00",
        "earliest_delivery": "2026-03-07T18:00:00+00:00",
        "latest_delivery": "2026-03-12T01:00:00+00:00",
        "ship_from": "DEFAULT",
    }  # fmt: skip


# Who serves an order.


def test_an_order_goes_to_the_location_near_the_buyer(world: World) -> None:
    west, east = source(world, "W", stateOrRegion="WA"), source(world, "E", stateOrRegion="NY")
    stock(world, "B", {west: 3, east: 3})

    order = placed(world, sku="B", address=c.Address(state="NY", country="US"))

    assert units(world, "B", "M_RES_PENDING", east) == 2
    assert world.orders[order].promise["ship_from"] == east


def test_a_location_that_is_closed_for_sale_serves_nobody_and_ships_what_it_has_reserved(world: World) -> None:
    place = source(world, "W")
    stock(world, "B", {place: 3})
    order = paid(world, 2, "B")
    do(world, c.SourceStatus(place, "Inactive"))

    with pytest.raises(Shortage, match="1 wanted, 0 available"):
        placed(world, 1, "B")
    do(world, c.SourceStatus(place, "Archived"))
    do(world, c.ConfirmShipment(order, source=place))

    assert (units(world, "B", "X_CUSTOMER"), units(world, "B", "M_AVAIL", place)) == (2, 1)


def test_default_serves_only_what_is_assigned_to_no_open_location(world: World) -> None:
    place = source(world, "W")
    stock(world, "B", {"DEFAULT": 5})
    placed(world, 1, "B")
    listing(world, "B", {place: {"quantity": 0}, "DEFAULT": {"quantity": 5}})

    with pytest.raises(Shortage):
        placed(world, 1, "B")

    do(world, c.SourceStatus(place, "Inactive"))
    placed(world, 1, "B")


def test_default_is_where_the_sellers_default_source_is_and_takes_the_listings_lead_time(world: World) -> None:
    place = source(world, "DEFAULT", stateOrRegion="NY", postalCode="10001")
    configuration = {"timezone": "America/New_York", "operationalConfiguration": {"throughputConfig": {
        "throughputCap": {"value": 1, "timeUnit": "Days"}}}}  # fmt: skip
    do(world, c.UpdateSource(place, configuration=configuration))
    listing(world, "A", {"DEFAULT": {"quantity": 5, "lead_time_to_ship_max_days": 1}})

    first, second = placed(world, 1), placed(world, 1)

    assert world.orders[first].promise["latest_ship"] == "2026-03-05T22:00:00+00:00"  # Thursday, 17:00 in New York
    assert world.orders[second].promise["ship_from"] == "DEFAULT"


def test_an_order_is_split_where_the_seller_allows_it() -> None:
    world = new_world(split_orders=True)
    west, east = source(world, "W", stateOrRegion="WA"), source(world, "E", stateOrRegion="NY")
    stock(world, "B", {west: 2, east: 2})

    order = paid(world, 3, "B", address=c.Address(state="NY", country="US"))

    assert only_item(world, order).routes == [{"source": east, "quantity": 2}, {"source": west, "quantity": 1}]
    do(world, c.ConfirmShipment(order))
    assert units(world, "B", "X_CUSTOMER") == 3
    assert sum(package["quantity"] for package in only_item(world, order).packages) == 3


def test_a_location_at_its_cap_gets_no_more_orders_until_the_next_window(world: World) -> None:
    place, other = source(world, "W"), source(world, "O", countryCode="DE", stateOrRegion="BE")
    cap = {"throughputConfig": {"throughputCap": {"value": 2, "timeUnit": "Days"}}}
    do(world, c.UpdateSource(place, configuration={"operationalConfiguration": cap}))
    stock(world, "B", {place: 9, other: 9})

    def ship_from() -> str:
        return str(world.orders[placed(world, 1, "B")].promise["ship_from"])

    assert [ship_from() for _ in range(3)] == [place, place, other]
    world.book.now += timedelta(days=1)
    assert ship_from() == place
    assert world.sources[place].window_orders == 1


@pytest.mark.parametrize(
    ("availability", "channel"),
    [(None, "AFN"), ({"AMAZON_NA": {}}, "AFN"), ({"AMAZON_NA": {}, "DEFAULT": {}}, "AFN"), ({"DEFAULT": {}}, "MFN")],
)
def test_without_a_channel_the_listing_says_who_ships(
    world: World, availability: dict[str, Any] | None, channel: str
) -> None:
    do(world, c.CreateItem("B", "Title"))
    do(world, c.AddStock("B", 5))
    stock(world, "B", {"DEFAULT": 5})
    world.listings.pop("B", None)
    if availability is not None:
        listing(world, "B", availability)

    order = str(do(world, c.PlaceOrder("B", 1))["order"])

    assert world.orders[order].channel == channel


def test_a_deleted_listing_cannot_be_ordered(world: World) -> None:
    listing(world, "A", {"DEFAULT": {"quantity": 5}}).deleted_at = START

    with pytest.raises(NotFound, match="listing 'A'"):
        placed(world)


# Prices.


def offer(price: Any, **more: Any) -> dict[str, Any]:
    return {"our_price": [{"schedule": [{"value_with_tax": price}]}], **more}


@pytest.mark.parametrize(
    ("offers", "price"),
    [
        pytest.param({f"{US}|USD|ALL": offer(12.5)}, 1250, id="the listing's price"),
        pytest.param({f"{US}|USD|ALL": offer(19.999)}, 2000, id="rounded to what the currency has"),
        pytest.param({f"{US}|USD|B2B": offer(9)}, 0, id="not that for companies"),
        pytest.param({f"{JP}|JPY|ALL": offer(900)}, 0, id="not that of another marketplace"),
        pytest.param({f"{US}|USD|ALL": offer(9, start_at={"value": "2026-04-01"})}, 0, id="not yet"),
        pytest.param({f"{US}|USD|ALL": offer(9, end_at={"value": "2026-03-01T00:00:00Z"})}, 0, id="no longer"),
        pytest.param({}, 0, id="no offer"),
    ],
)
def test_a_line_without_a_price_costs_what_the_listing_asks(world: World, offers: dict[str, Any], price: int) -> None:
    listing(world, "A", {"DEFAULT": {}}, offers)

    item = only_item(world, placed(world))

    assert (item.price, item.currency) == (price, "USD")


def test_a_discount_counts_while_it_runs(world: World) -> None:
    schedule = {"start_at": "2026-03-01T00:00:00Z", "end_at": "2026-03-10T00:00:00Z", "value_with_tax": 8}
    listing(world, "A", {"DEFAULT": {}}, {f"{US}|USD|ALL": offer(10, discounted_price=[{"schedule": [schedule]}])})

    assert only_item(world, placed(world, 1)).price == 800
    world.book.now = datetime.fromisoformat("2026-03-10T00:00:00+00:00")
    assert only_item(world, placed(world, 1)).price == 1000


def test_a_lines_own_price_comes_first_in_the_currency_of_the_marketplace() -> None:
    world = new_world((JP,))
    stock(world, "A", {"DEFAULT": 5})
    listing(world, "A", {"DEFAULT": {}}, {f"{JP}|JPY|ALL": offer(900)})

    item = only_item(world, placed(world, lines=(c.OrderLine("A", 1, "1200"),)))

    assert (item.price, item.currency) == (1200, "JPY")
    assert only_item(world, placed(world, 1)).price == 900


# Not paid in time.


def test_an_order_that_is_not_paid_in_time_is_cancelled(world: World) -> None:
    order = placed(world)

    [timer] = world.timers
    assert (timer.due_at, timer.kind, timer.arguments) == (
        START + timedelta(minutes=30),
        "end_pending",
        {"order": order},
    )
    world.book.now = timer.due_at
    do(world, c.EndPending(order))

    assert (world.orders[order].status, reserved(world)) == ("Canceled", (5, 0, 0))
    assert events(world) == ["M04"]


def test_or_counts_as_paid_where_the_policy_says_so() -> None:
    world = new_world(pending_end="PAY", pending_minutes=5)
    stock(world, "A", {"DEFAULT": 5})
    order = placed(world)

    assert world.timers[0].due_at == START + timedelta(minutes=5)
    do(world, c.EndPending(order))

    assert (world.orders[order].status, reserved(world)) == ("Unshipped", (3, 0, 2))


@pytest.mark.parametrize("policy", ["CANCEL", "PAY"])
def test_an_order_that_is_paid_or_cancelled_before_is_left_alone(world: World, policy: str) -> None:
    world.policies = replace(world.policies, pending_end=policy)
    first, second = paid(world, 1), placed(world, 1)
    do(world, c.CancelOrder(second))
    before = reserved(world)

    for order in (first, second):
        do(world, c.EndPending(order))
        assert events(world) == []

    assert reserved(world) == before


# Cancelling.


@pytest.mark.parametrize("place", [placed, paid])
def test_placing_and_cancelling_leaves_everything_as_it_was(world: World, place: Any) -> None:
    order = place(world)

    answer = do(world, c.CancelOrder(order))

    assert answer == {"order": order, "status": "Canceled"}
    assert reserved(world) == (5, 0, 0)
    assert events(world) == ["M04"]


@pytest.mark.parametrize("place", [placed, paid])
def test_what_is_cancelled_as_not_there_is_written_off(world: World, place: Any) -> None:
    order = place(world)

    do(world, c.CancelOrder(order, reason="NoInventory"))

    assert (reserved(world), units(world, "A", "X_SELLER")) == ((3, 0, 0), -3)
    assert [(entry.event, entry.reason) for entry in world.book.entries[-1:]] == [("M05", "NoInventory")]


def test_one_item_or_some_units_of_it_may_be_cancelled(world: World) -> None:
    order = placed(world, lines=(c.OrderLine("A", 2), c.OrderLine("A", 3)))
    first, second = world.items_of_order(order)

    do(world, c.CancelOrder(order_item=first.order_item_id, quantity=1))
    assert (first.cancelled, world.orders[order].status, reserved(world)) == (1, "Pending", (1, 4, 0))
    do(world, c.CancelOrder(order_item=second.order_item_id))
    assert (second.cancelled, world.orders[order].status, reserved(world)) == (3, "Pending", (4, 1, 0))
    do(world, c.CancelOrder(order))
    assert (world.orders[order].status, reserved(world)) == ("Canceled", (5, 0, 0))
    with pytest.raises(NotAllowed, match="no unit to cancel"):
        do(world, c.CancelOrder(order))


def test_what_has_left_cannot_be_cancelled(world: World) -> None:
    order = paid(world, 3)
    do(world, c.ConfirmShipment(order, quantity=2))

    with pytest.raises(Shortage, match="2 wanted, 1 available"):
        do(world, c.CancelOrder(order, quantity=2))
    do(world, c.CancelOrder(order))

    assert (world.orders[order].status, reserved(world)) == ("Shipped", (3, 0, 0))


# Shipping.


def test_a_shipment_changes_no_available_number(world: World) -> None:
    order = paid(world)
    before = units(world, "A", "M_AVAIL")

    answer = do(world, c.ConfirmShipment(order, package=c.Package("UPS", "Ground", "1Z")))

    assert answer == {"order": order, "status": "Shipped"}
    assert (units(world, "A", "M_AVAIL"), units(world, "A", "X_CUSTOMER")) == (before, 2)
    assert events(world) == ["M06"]
    assert only_item(world, order).packages == [
        {"source": "DEFAULT", "quantity": 2, "carrier": "UPS", "method": "Ground", "tracking": "1Z",
         "shipped_at": "2026-03-04T18:00:00+00:00"},
    ]  # fmt: skip


def test_an_order_may_be_shipped_in_parts(world: World) -> None:
    order = paid(world, lines=(c.OrderLine("A", 2), c.OrderLine("A", 3)))
    first, second = world.items_of_order(order)

    do(world, c.ConfirmShipment(order_item=first.order_item_id, quantity=1))
    assert (world.orders[order].status, reserved(world)) == ("PartiallyShipped", (0, 0, 4))
    items = (c.ConfirmedItem(first.order_item_id), c.ConfirmedItem(second.order_item_id, 1))
    do(world, c.ConfirmShipment(items=items))
    assert (first.shipped, second.shipped, world.orders[order].status) == (2, 1, "PartiallyShipped")
    do(world, c.ConfirmShipment(order))
    assert (world.orders[order].status, units(world, "A", "X_CUSTOMER")) == ("Shipped", 5)
    with pytest.raises(NotAllowed, match="no unit to ship"):
        do(world, c.ConfirmShipment(order))


def test_items_are_shipped_all_or_none(world: World) -> None:
    order = paid(world, lines=(c.OrderLine("A", 2), c.OrderLine("A", 3)))
    first, second = world.items_of_order(order)

    items = (c.ConfirmedItem(first.order_item_id), c.ConfirmedItem(second.order_item_id, 4))
    with pytest.raises(Shortage):
        do(world, c.ConfirmShipment(items=items))

    assert (first.shipped, second.shipped, first.packages, reserved(world)) == (0, 0, [], (0, 0, 5))


def test_an_order_that_is_not_paid_cannot_be_shipped(world: World) -> None:
    with pytest.raises(NotAllowed, match="Pending"):
        do(world, c.ConfirmShipment(placed(world)))


def test_a_shipment_that_is_not_of_the_order_is_refused(world: World) -> None:
    order, other = paid(world, 1), paid(world, 1)
    foreign = only_item(world, other).order_item_id

    for wrong in (
        c.ConfirmShipment(order, foreign),
        c.ConfirmShipment(order, items=(c.ConfirmedItem(foreign),)),
        c.ConfirmShipment("unknown"),
        c.ConfirmShipment(order_item="unknown"),
    ):
        with pytest.raises(NotFound):
            do(world, wrong)
    with pytest.raises(Invalid):
        do(world, c.ConfirmShipment(order, quantity=1, items=(c.ConfirmedItem(foreign),)))
    with pytest.raises(Invalid):
        do(world, c.ConfirmShipment(order, package=c.Package(tracking="\0")))


@pytest.fixture
def two_places() -> tuple[World, str, str]:
    """A world with 5 units at a near location, reserved first, and 1 at a far one."""
    world = new_world()
    near, far = source(world, "N", stateOrRegion="NY"), source(world, "F", stateOrRegion="WA")
    stock(world, "B", {near: 5, far: 1})
    return world, near, far


def test_from_another_location_its_own_units_leave_and_the_reserved_ones_are_free(
    two_places: tuple[World, str, str],
) -> None:
    world, near, far = two_places
    order = paid(world, 1, "B", address=c.Address(state="NY", country="US"))
    assert units(world, "B", "M_RES_UNSHIPPED", near) == 1

    answer = do(world, c.ConfirmShipment(order, source="F"))

    assert "warnings" not in answer
    assert events(world) == ["M09", "M06"]
    assert (units(world, "B", "M_AVAIL", near), units(world, "B", "M_AVAIL", far)) == (5, 0)
    assert only_item(world, order).packages[0]["source"] == far


def test_what_the_other_location_lacks_is_counted_in_with_a_warning(two_places: tuple[World, str, str]) -> None:
    world, near, far = two_places
    order = paid(world, 3, "B", address=c.Address(state="NY", country="US"))

    answer = do(world, c.ConfirmShipment(order, source=far))

    assert answer["warnings"] == [f"SKU 'B': location '{far}' had 2 units fewer than it shipped"]
    assert (units(world, "B", "M_AVAIL", near), units(world, "B", "M_AVAIL", far)) == (5, 0)
    assert (units(world, "B", "X_CUSTOMER"), units(world, "B", "X_SELLER")) == (3, -8)


def test_from_the_location_that_is_reserved_nothing_moves_twice(two_places: tuple[World, str, str]) -> None:
    world, near, _ = two_places
    order = paid(world, 3, "B", address=c.Address(state="NY", country="US"))

    do(world, c.ConfirmShipment(order, quantity=2, source=near))

    assert events(world) == ["M06"]
    assert (units(world, "B", "M_AVAIL", near), units(world, "B", "M_RES_UNSHIPPED", near)) == (2, 1)


def test_a_location_that_is_unknown_or_archived_ships_nothing(two_places: tuple[World, str, str]) -> None:
    world, _, far = two_places
    order = paid(world, 1, "B", address=c.Address(state="NY", country="US"))
    do(world, c.SourceStatus(far, "Archived"))

    with pytest.raises(Invalid) as refused:
        do(world, c.ConfirmShipment(order, source="nowhere"))
    assert refused.value.field == "source"
    with pytest.raises(Archived):
        do(world, c.ConfirmShipment(order, source=far))


# Returns.


def test_a_return_goes_back_to_where_it_was_shipped_from(two_places: tuple[World, str, str]) -> None:
    world, near, far = two_places
    order = paid(world, 3, "B", address=c.Address(state="NY", country="US"))
    do(world, c.ConfirmShipment(order, quantity=2, source=near))
    do(world, c.ConfirmShipment(order, source=far))
    before = units(world, "B", "M_AVAIL", near), units(world, "B", "M_AVAIL", far)

    do(world, c.RestockReturn(order, quantity=1))
    do(world, c.RestockReturn(order))

    assert events(world) == ["M07"]
    after = units(world, "B", "M_AVAIL", near), units(world, "B", "M_AVAIL", far)
    assert (after[0] - before[0], after[1] - before[1]) == (2, 1)
    assert (units(world, "B", "X_CUSTOMER"), only_item(world, order).returned) == (0, 3)
    assert world.orders[order].status == "Shipped"


def test_a_return_goes_to_the_location_that_is_named(two_places: tuple[World, str, str]) -> None:
    world, near, far = two_places
    order = paid(world, 1, "B", address=c.Address(state="NY", country="US"))
    do(world, c.ConfirmShipment(order))
    do(world, c.SourceStatus(near, "Archived"))

    with pytest.raises(Archived):
        do(world, c.RestockReturn(order))
    do(world, c.RestockReturn(order, source="F"))

    assert units(world, "B", "M_AVAIL", far) == 2


def test_no_more_comes_back_than_left(world: World) -> None:
    order = paid(world, 2)
    with pytest.raises(NotAllowed, match="no unit to return"):
        do(world, c.RestockReturn(order))
    do(world, c.ConfirmShipment(order))

    with pytest.raises(Shortage, match="3 wanted, 2 available"):
        do(world, c.RestockReturn(order, quantity=3))


# Whose order it is.


def test_each_side_names_the_verb_of_the_other(world: World) -> None:
    own = paid(world, 1)
    do(world, c.CreateItem("B", "Title"))
    do(world, c.AddStock("B", 5))
    theirs = str(do(world, c.PlaceOrder("B", 1, channel="AFN"))["order"])

    for command, right in (
        (c.ShipOrder(own), "confirm_shipment"),
        (c.ReturnUnit(own), "restock_return"),
        (c.MissPick(1, own), "cancel_order"),
        (c.LoseDelivery(own), "no verb"),
        (c.ConfirmShipment(theirs), "ship_order"),
        (c.RestockReturn(theirs), "return_unit"),
        (c.VerifyPayment(theirs), "no payment"),
    ):
        with pytest.raises(NotAllowed, match=right):
            do(world, command)
    do(world, c.CancelOrder(theirs))
    assert world.orders[theirs].status == "Canceled"


def test_a_sku_that_looks_like_an_item_of_the_warehouse_is_not_mixed_up_with_it(world: World) -> None:
    do(world, c.CreateItem("B", "Title"))
    fnsku = world.skus["B"].fnsku
    world.skus[fnsku] = Sku(fnsku, "X999999999", "B000000002", "NewItem", "amazon")
    do(world, c.AddStock("B", 5))
    stock(world, fnsku, {"DEFAULT": 2})

    order = paid(world, 2, fnsku)
    do(world, c.ConfirmShipment(order))

    assert units(world, fnsku, "FC_AVAIL") == 5
    assert units(world, fnsku, "X_CUSTOMER") == 2
