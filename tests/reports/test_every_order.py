"""Reports of all orders, and of those that the seller is still to ship."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from entrepot.domain import commands as c
from entrepot.storage.database import Database
from tests.cast import CA, US, Player, market, new_player
from tests.reports.making import lines, list_own

BY_DATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
BY_UPDATE = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
UNSHIPPED = "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING"
CLASSIC = "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA"
BUYER = c.Buyer("Ann Bee", "ann@buyers.example", "555-0100")
ADDRESS = c.Address("Cy Dee", "1 High St", "Flat 2", "Springfield", "OR", "97401", "us")
SUMMER = datetime(2026, 7, 23, 15, 59, 3, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
async def player(database: Database) -> Player:
    player = await new_player(database, start=SUMMER)
    await list_own(player, "A", 50, price=10)
    await player.offer("F")
    await player.do(c.AddStock("F", 50))
    return player


async def ordered(player: Player, sku: str, quantity: int = 1, channel: str = "MFN", **more: Any) -> str:
    more |= {"channel": channel, "buyer": BUYER, "address": ADDRESS}
    place = c.PlaceOrder(sku, quantity, **more)
    return await player.answer(place, "order")


async def paid(player: Player, sku: str = "A", quantity: int = 1, **more: Any) -> str:
    order = await ordered(player, sku, quantity, **more)
    await player.do(c.VerifyPayment(order))
    return order


async def test_an_order_of_the_sellers_own_is_told_without_its_buyer(player: Player) -> None:
    order = await paid(player, quantity=2, ship_option="Expedited")
    await player.advance(MINUTE)

    [row] = await lines(player, BY_DATE)

    [known] = await player.fetch("select asin from skus where seller_id = $1 and sku = 'A'")
    assert {name: value for name, value in row.items() if value} == {
        "amazon-order-id": order,
        "purchase-date": "2026-07-23T15:59:03+00:00",
        "last-updated-date": "2026-07-23T15:59:03+00:00",
        "order-status": "Unshipped",
        "fulfillment-channel": "Merchant",
        "sales-channel": "Amazon.com",
        "order-channel": "WebsiteOrderChannel",
        "ship-service-level": "Expedited",
        "product-name": "Title of A",
        "sku": "A",
        "asin": known["asin"],
        "item-status": "Unshipped",
        "quantity": "2",
        "currency": "USD",
        "item-price": "20.00",
        "item-tax": "0.00",
        "shipping-price": "0.00",
        "shipping-tax": "0.00",
        "ship-city": "Springfield",
        "ship-state": "OR",
        "ship-postal-code": "97401",
        "ship-country": "US",
        "is-business-order": "false",
    }


async def test_orders_of_every_channel_and_status_are_there(player: Player) -> None:
    pending = await ordered(player, "A")
    cancelled = await ordered(player, "A")
    await player.do(c.CancelOrder(cancelled))
    shipped = await ordered(player, "F", 2, "AFN")
    await player.do(c.ShipOrder(shipped))
    partly = await ordered(player, "F", 3, "AFN")
    await player.do(c.ShipOrder(partly, quantity=1))
    elsewhere = await ordered(player, "F", 1, "MCF")
    await player.advance(MINUTE)

    found = {row["amazon-order-id"]: row for row in await lines(player, BY_DATE)}

    wanted = ("order-status", "item-status", "fulfillment-channel", "sales-channel", "quantity", "item-price")
    assert {order: tuple(row[name] for name in wanted) for order, row in found.items()} == {
        pending: ("Pending", "Unshipped", "Merchant", "Amazon.com", "1", "10.00"),
        cancelled: ("Cancelled", "Cancelled", "Merchant", "Amazon.com", "0", ""),
        shipped: ("Shipped", "Shipped", "Amazon", "Amazon.com", "2", "0.00"),
        partly: ("PartiallyShipped", "Unshipped", "Amazon", "Amazon.com", "3", "0.00"),
        elsewhere: ("Unshipped", "Unshipped", "Amazon", "Non-Amazon", "1", "0.00"),
    }


async def test_one_report_goes_by_purchase_and_the_other_by_the_last_change(player: Player) -> None:
    old = await paid(player)
    await player.advance(10 * DAY)
    new = await paid(player)
    await player.do(c.ConfirmShipment(old))
    await player.advance(MINUTE)
    since = SUMMER + 5 * DAY

    by_date = [row["amazon-order-id"] for row in await lines(player, BY_DATE, start=since)]
    by_update = [row["amazon-order-id"] for row in await lines(player, BY_UPDATE, start=since)]
    early = [row["amazon-order-id"] for row in await lines(player, BY_DATE, start=SUMMER, end=since)]

    assert by_date == [new]
    assert sorted(by_update) == sorted([old, new])
    assert early == [old]


async def test_who_names_no_day_is_told_of_thirty(player: Player) -> None:
    await paid(player)
    await player.advance(31 * DAY)
    order = await paid(player)
    await player.advance(MINUTE)

    assert [row["amazon-order-id"] for row in await lines(player, BY_DATE)] == [order]
    assert len(await lines(player, BY_DATE, start=SUMMER)) == 2


async def test_a_request_for_several_marketplaces_has_the_orders_of_all(player: Player) -> None:
    await list_own(player, "A", None, CA, price=13)
    for one in (US, CA):
        await paid(player, marketplace=one)
    await player.advance(MINUTE)

    found = [
        [row["sales-channel"] for row in await lines(player, BY_DATE, *where)] for where in ((US,), (CA,), (US, CA))
    ]

    assert [sorted(one) for one in found] == [["Amazon.com"], ["Amazon.ca"], ["Amazon.ca", "Amazon.com"]]


async def test_what_is_to_be_shipped_is_told_with_buyer_and_promise(player: Player) -> None:
    order = await paid(player, quantity=3)
    await player.do(c.ConfirmShipment(order, quantity=1))
    await player.advance(MINUTE)

    [row] = await lines(player, UNSHIPPED)
    [classic] = await lines(player, CLASSIC)

    [item] = await player.fetch("select order_item_id from order_items where seller_id = $1")
    [promise] = await player.fetch("select (promise ->> 'latest_ship')::timestamptz from orders where seller_id = $1")
    assert {name: value for name, value in row.items() if value} == {
        "order-id": order,
        "order-item-id": item[0],
        "purchase-date": "2026-07-23T08:59:03-07:00",
        "payments-date": "2026-07-23T08:59:03-07:00",
        "reporting-date": "2026-07-23T08:59:03-07:00",
        "promise-date": row["promise-date"],
        "days-past-promise": row["days-past-promise"],
        "buyer-email": "ann@buyers.example",
        "buyer-name": "Ann Bee",
        "buyer-phone-number": "555-0100",
        "sku": "A",
        "product-name": "Title of A",
        "quantity-purchased": "3",
        "quantity-shipped": "1",
        "quantity-to-ship": "2",
        "ship-service-level": "Standard",
        "recipient-name": "Cy Dee",
        "ship-address-1": "1 High St",
        "ship-address-2": "Flat 2",
        "ship-city": "Springfield",
        "ship-state": "OR",
        "ship-postal-code": "97401",
        "ship-country": "US",
        "is-business-order": "false",
        "is-prime": "false",
    }
    assert datetime.fromisoformat(row["promise-date"]) == promise[0].replace(microsecond=0)
    assert row["promise-date"].endswith("-07:00")
    assert classic == {name: row[name] for name in classic}


async def test_days_count_up_to_the_promise_and_beyond(player: Player) -> None:
    await paid(player)
    await player.advance(MINUTE)
    [early] = await lines(player, UNSHIPPED)

    await player.advance(9 * DAY)
    [late] = await lines(player, UNSHIPPED)

    assert int(early["days-past-promise"]) < 0
    assert int(late["days-past-promise"]) - int(early["days-past-promise"]) == 9


async def test_only_what_was_paid_for_and_is_not_shipped_yet_is_to_be_shipped(player: Player) -> None:
    await ordered(player, "A")
    await ordered(player, "F", 1, "AFN")
    await ordered(player, "F", 1, "MCF")
    cancelled, shipped = [await paid(player) for _ in "12"]
    await player.do(c.CancelOrder(cancelled))
    await player.do(c.ConfirmShipment(shipped))
    await list_own(player, "B", 50, price=1)
    partly = await player.answer(c.PlaceOrder(lines=(c.OrderLine("B", 1), c.OrderLine("A", 2)), channel="MFN"), "order")
    await player.do(c.VerifyPayment(partly))
    [first] = await player.fetch("select order_item_id from order_items where seller_id = $1 and sku = 'B'")
    await player.do(c.ConfirmShipment(partly, first[0]))
    await player.advance(MINUTE)

    found = [(row["order-id"], row["sku"]) for row in await lines(player, UNSHIPPED)]

    assert found == [(partly, "A")]


async def test_an_old_order_stays_to_be_shipped_unless_days_are_named(player: Player) -> None:
    order = await paid(player)
    await player.advance(100 * DAY)

    assert [row["order-id"] for row in await lines(player, UNSHIPPED)] == [order]
    assert await lines(player, UNSHIPPED, start=SUMMER + DAY) == []


async def test_japan_counts_in_whole_yen(database: Database) -> None:
    japan = market("JP")
    player = await new_player(database, [japan], start=SUMMER)
    await list_own(player, "A", 5, japan, price=1200)
    await paid(player, quantity=2)
    await player.advance(MINUTE)

    [row] = await lines(player, BY_DATE, japan)

    assert (row["item-price"], row["currency"], row["sales-channel"]) == ("2400", "JPY", "Amazon.co.jp")


async def test_nobody_sees_another_sellers_orders(player: Player, database: Database) -> None:
    other = await new_player(database, start=SUMMER)
    await list_own(other, "A", 5, price=10)
    await paid(other)
    await other.advance(MINUTE)
    await player.advance(MINUTE)

    assert [await lines(player, name) for name in (BY_DATE, BY_UPDATE, UNSHIPPED, CLASSIC)] == [[]] * 4


async def test_a_schedule_of_unshipped_orders_tells_all_of_them_whatever_its_span(player: Player) -> None:
    order = await paid(player)
    await player.advance(DAY)
    now = await player.now()

    span = {"start": now - MINUTE, "end": now}
    asked, scheduled = await lines(player, CLASSIC, **span), await lines(player, CLASSIC, schedule_id="1", **span)

    assert (asked, [row["order-id"] for row in scheduled]) == ([], [order])
