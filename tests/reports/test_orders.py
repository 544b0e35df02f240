"""Order reports in both layouts: which orders are in them, and what is said of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from entrepot.domain import commands as c
from entrepot.services.documents import Documents
from entrepot.storage.database import Database
from tests.cast import CA, US, Player, market, new_player
from tests.reports.making import documents_of, list_own, report, rows

BUYER = c.Buyer("Ann Bee", "ann@buyers.example", "555-0100")
ADDRESS = c.Address("Cy Dee", "1 High St", "Flat 2", "Springfield", "OR", "97401", "us")
SUMMER = datetime(2026, 7, 23, 15, 59, 3, tzinfo=UTC)


@pytest.fixture
async def player(database: Database) -> Player:
    player = await new_player(database, start=SUMMER)
    await list_own(player, "A", 50, price=10)
    return player


@pytest.fixture
def documents(player: Player, tmp_path: Path) -> Documents:
    return documents_of(player, tmp_path)


async def sold(player: Player, sku: str = "A", quantity: int = 1, *, paid: bool = True, **more: object) -> str:
    """An order of the seller's own stock."""
    place = c.PlaceOrder(sku, quantity, channel="MFN", buyer=BUYER, address=ADDRESS, **more)  # type: ignore[arg-type]
    order = await player.answer(place, "order")
    if paid:
        await player.do(c.VerifyPayment(order))
    return order


async def numbers(player: Player, documents: Documents, days: str = "15") -> list[str]:
    return [row["order-id"] for row in await rows(player, documents, "Order", days=days)]


async def test_an_order_is_told_with_buyer_address_and_amounts(player: Player, documents: Documents) -> None:
    order = await sold(player, quantity=2)
    await player.advance(timedelta(minutes=1))

    [row] = await rows(player, documents, "Order", days="15")

    [item] = await player.fetch("select order_item_id from order_items where seller_id = $1")
    [listing] = await rows(player, documents, "OpenListings")
    assert {name: value for name, value in row.items() if value} == {
        "order-id": order,
        "order-item-id": item[0],
        "payments-date": "2026-07-23 08:59:03 PDT",
        "item-name": "Title of A",
        "listing-id": listing["listing-id"],
        "sku": "A",
        "price": "10.00",
        "shipping-fee": "0.00",
        "quantity-purchased": "2",
        "total-price": "20.00",
        "purchase-date": "2026-07-23 08:59:03 PDT",
        "buyer-email": "ann@buyers.example",
        "buyer-name": "Ann Bee",
        "recipient-name": "Cy Dee",
        "ship-address-1": "1 High St",
        "ship-address-2": "Flat 2",
        "ship-city": "Springfield",
        "ship-state": "OR",
        "ship-zip": "97401",
        "ship-country": "US",
        "ship-method": "standard",
    }


async def test_the_newer_layout_has_lines_totals_and_iso_dates(player: Player, documents: Documents) -> None:
    order = await sold(player, quantity=3, ship_option="Expedited")
    await player.advance(timedelta(minutes=1))

    [row] = await rows(player, documents, "OrderReport", days="15")

    assert row["order-id"] == order
    assert (row["purchase-date"], row["payments-date"]) == ("2026-07-23T08:59:03-07:00",) * 2
    assert (row["item-price"], row["item-tax"], row["shipping-price"], row["currency"]) == (
        "30.00",
        "0.00",
        "0.00",
        "USD",
    )
    assert (row["ship-service-level"], row["buyer-phone-number"], row["product-name"]) == (
        "Expedited", "555-0100", "Title of A",
    )  # fmt: skip
    assert (row["ship-address-3"], row["delivery-Instructions"]) == ("", "")


async def test_items_of_an_order_follow_one_another_in_its_order(player: Player, documents: Documents) -> None:
    await list_own(player, "B", 50, price=1)
    lines = (c.OrderLine("B", 1), c.OrderLine("A", 2))
    order = await player.answer(c.PlaceOrder(lines=lines, channel="MFN"), "order")
    await player.do(c.VerifyPayment(order))
    await player.advance(timedelta(minutes=1))

    found = [(row["order-id"], row["sku"]) for row in await rows(player, documents, "Order", days="15")]

    assert found == [(order, "B"), (order, "A")]


async def test_only_what_was_paid_for_and_the_seller_ships_is_there(player: Player, documents: Documents) -> None:
    await player.offer("F")
    await player.do(c.AddStock("F", 5))
    await player.do(c.PlaceOrder("F", 1, channel="AFN"))
    await sold(player, paid=False)
    unpaid = await sold(player, paid=False)
    await player.do(c.CancelOrder(unpaid))
    paid = await sold(player)
    cancelled = await sold(player)
    await player.do(c.CancelOrder(cancelled))
    await player.advance(timedelta(minutes=1))

    assert sorted(await numbers(player, documents)) == sorted([paid, cancelled])


async def test_a_report_begins_exactly_so_many_days_before_it_is_asked_for(
    player: Player, documents: Documents
) -> None:
    first = await sold(player)
    await player.advance(timedelta(days=15))
    second = await sold(player)

    assert await numbers(player, documents) == [first]
    await player.advance(timedelta(seconds=1))
    assert await numbers(player, documents) == [second]
    assert await numbers(player, documents, "30") == [first, second]


async def test_an_order_counts_when_it_is_paid_for_also_by_itself(player: Player, documents: Documents) -> None:
    await player.do(c.SetPolicy(pending_end="PAY", pending_minutes=30))
    order = await sold(player, paid=False)
    async with player.database.write() as connection:  # the clock goes on, and nobody looks yet
        await connection.execute(
            "update ledgers set clock_world = clock_world + interval '1 hour' where seller_id = $1", player.id
        )

    [row] = await rows(player, documents, "Order", days="15")

    assert (row["order-id"], row["payments-date"]) == (order, "2026-07-23 09:29:03 PDT")


async def test_each_marketplace_has_its_own_orders(player: Player, documents: Documents) -> None:
    await list_own(player, "A", None, CA, price=13)
    american, canadian = [await sold(player, marketplace=one) for one in (US, CA)]
    await player.advance(timedelta(minutes=1))

    found = [[row["order-id"] for row in await rows(player, documents, "Order", one, days="15")] for one in (US, CA)]

    assert found == [[american], [canadian]]


async def test_winter_is_told_from_summer(database: Database, tmp_path: Path) -> None:
    player = await new_player(database, start=datetime(2026, 1, 5, 20, tzinfo=UTC))
    await list_own(player, "A", 5)
    await sold(player)
    await player.advance(timedelta(minutes=1))

    [row] = await rows(player, documents_of(player, tmp_path), "Order", days="15")
    [newer] = await rows(player, documents_of(player, tmp_path), "OrderReport", days="15")

    assert row["payments-date"] == "2026-01-05 12:00:00 PST"
    assert newer["payments-date"] == "2026-01-05T12:00:00-08:00"


async def test_japan_counts_in_whole_yen_and_in_greenwich_time(database: Database, tmp_path: Path) -> None:
    player = await new_player(database, [market("JP")], start=SUMMER)
    await list_own(player, "A", 5, market("JP"), price=1200)
    await sold(player, quantity=2)
    await player.advance(timedelta(minutes=1))

    [row] = await rows(player, documents_of(player, tmp_path), "OrderReport", market("JP"), days="15")

    assert (row["item-price"], row["shipping-price"]) == ("2400", "0")
    assert row["payments-date"] == "2026-07-23T15:59:03+00:00"


async def test_without_an_address_the_buyer_is_the_recipient(player: Player, documents: Documents) -> None:
    order = await player.answer(c.PlaceOrder("A", 1, channel="MFN", buyer=BUYER), "order")
    await player.do(c.VerifyPayment(order))
    await player.advance(timedelta(minutes=1))

    [row] = await rows(player, documents, "Order", days="15")

    assert (row["recipient-name"], row["ship-address-1"]) == ("Ann Bee", "")


async def test_the_file_is_windows_text(player: Player, documents: Documents) -> None:
    result = await report(player, documents, "Order", days="15")

    assert result.content_type == "text/plain; charset=windows-1252"


async def test_what_is_paid_for_at_the_very_end_is_the_next_reports(player: Player, documents: Documents) -> None:
    order = await sold(player, paid=False)
    await player.advance(timedelta(minutes=5))
    await player.do(c.VerifyPayment(order))

    at_that_moment = await numbers(player, documents)
    await player.advance(timedelta(milliseconds=1))

    assert at_that_moment == []
    assert await numbers(player, documents) == [order]
