"""Reports of stock in the warehouse: every column, several marketplaces, and that they say what the API says."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from entrepot.domain import commands as c
from entrepot.storage.database import Database
from tests.cast import CA, UK, US, Player, new_player
from tests.reports.agreement import BY_DISPOSITION, MANAGED, RESERVED, stock_agrees
from tests.reports.making import lines, list_own

ARCHIVED_TOO = "GET_FBA_MYI_ALL_INVENTORY_DATA"
BY_COUNTRY = "GET_AFN_INVENTORY_DATA_BY_COUNTRY"


@pytest.fixture
async def player(database: Database) -> Player:
    return await new_player(database)


async def play(player: Player, story: Generator[c.Command, dict[str, Any], None]) -> None:
    command = next(story)
    with suppress(StopIteration):
        while True:
            command = story.send(dict((await player.do(command)).answer))


def something_in_every_state(sku: str) -> Generator[c.Command, dict[str, Any], None]:
    """Another number of units in each: 2 on order, 3 in transfer, 4 processed, 5 researched, 10 of them bad…"""
    yield c.AddStock(sku, 100)
    yield c.PlaceOrder(sku, 2)
    yield c.StartTransfer(sku, 3, "PHX6", "JFK8")
    yield c.Hold(sku, 4)
    yield c.Misplace(sku, 5)
    yield c.Damage(sku, 6)
    yield c.ChangeDisposition(sku, 1, "SELLABLE", "DEFECTIVE")
    yield c.ChangeDisposition(sku, 1, "SELLABLE", "EXPIRED")
    yield c.ChangeDisposition(sku, 2, "SELLABLE", "CARRIER_DAMAGED")
    yield c.Plan(sku, 8)
    shipped = yield c.Plan(sku, 9)
    yield c.Ship(shipped["shipment"])
    coming = yield c.Plan(sku, 11)
    yield c.Ship(coming["shipment"])
    yield c.Receive(coming["shipment"], sku, 1)


async def test_managed_inventory_has_every_number_in_its_column(player: Player) -> None:
    await player.offer("A")
    await play(player, something_in_every_state("A"))

    [row] = await lines(player, MANAGED)

    [known] = await player.fetch("select fnsku, asin from skus where seller_id = $1")
    assert row == {
        "sku": "A",
        "fnsku": known["fnsku"],
        "asin": known["asin"],
        "product-name": "Title of A",
        "condition": "New",
        "your-price": "",
        "mfn-listing-exists": "No",
        "mfn-fulfillable-quantity": "",
        "afn-listing-exists": "Yes",
        "afn-warehouse-quantity": "96",
        "afn-fulfillable-quantity": "77",
        "afn-unsellable-quantity": "10",
        "afn-reserved-quantity": "9",
        "afn-total-quantity": "123",
        "per-unit-volume": "0.00",
        "afn-inbound-working-quantity": "8",
        "afn-inbound-shipped-quantity": "9",
        "afn-inbound-receiving-quantity": "10",
        "afn-researching-quantity": "5",
        "afn-reserved-future-supply": "0",
        "afn-future-supply-buyable": "0",
    }


async def test_the_other_reports_have_their_numbers_too(player: Player) -> None:
    await player.offer("A", "EMPTY", condition="UsedGood")
    await play(player, something_in_every_state("A"))

    [reserved] = await lines(player, RESERVED)
    dispositions = await lines(player, BY_DISPOSITION)
    countries = await lines(player, BY_COUNTRY)

    assert (reserved["sku"], reserved["product-name"], reserved["program"]) == ("A", "Title of A", "")
    assert {name: units for name, units in reserved.items() if name.startswith("reserved")} == {
        "reserved_qty": "9",
        "reserved_customerorders": "2",
        "reserved_fc-transfers": "3",
        "reserved_fc-processing": "4",
    }
    assert [
        (row["seller-sku"], row["condition-type"], row["Warehouse-Condition-code"], row["Quantity Available"])
        for row in dispositions
    ] == [
        ("A", "UsedGood", "SELLABLE", "77"),
        ("A", "UsedGood", "UNSELLABLE", "10"),
        ("EMPTY", "UsedGood", "SELLABLE", "0"),
        ("EMPTY", "UsedGood", "UNSELLABLE", "0"),
    ]
    assert [(row["seller-sku"], row["country"], row["quantity-for-local-fulfillment"]) for row in countries] == [
        ("A", "US", "77"),
        ("EMPTY", "US", "0"),
    ]
    assert reserved["fnsku"] == dispositions[0]["fulfillment-channel-sku"] == countries[0]["fulfillment-channel-sku"]


async def test_reports_say_what_the_api_says(player: Player) -> None:
    """Invariants 12, 13, 14 and 19, in each marketplace and over shared items."""
    await player.offer("A", "B", asin="B00000TWIN")
    await player.offer("C", "A", marketplace=CA)
    await play(player, something_in_every_state("A"))
    await player.do(c.AddStock("C", 7, fc="YYZ4"))
    await player.do(c.PlaceOrder("C", 2, marketplace=CA))

    for marketplace in (US, CA):
        await stock_agrees(player, marketplace)


async def test_a_request_for_several_marketplaces_adds_up_their_countries(player: Player) -> None:
    await player.offer("A")
    await player.do(c.CreateItem("A", "Canadian", CA))
    await player.do(c.CreateItem("C", "Only Canadian", CA))
    await player.do(c.AddStock("A", 5))
    await player.do(c.AddStock("A", 3, fc="YYZ4"))
    await player.do(c.AddStock("C", 2, fc="YYZ4"))

    both = await lines(player, MANAGED, US, CA)
    turned = await lines(player, MANAGED, CA, US)
    countries = await lines(player, BY_COUNTRY, US, CA)

    wanted = ("sku", "product-name", "afn-fulfillable-quantity", "afn-total-quantity")
    assert [tuple(row[name] for name in wanted) for row in both] == [
        ("A", "Title of A", "8", "8"),
        ("C", "Only Canadian", "2", "2"),
    ]
    assert turned[0]["product-name"] == "Canadian"
    assert [(row["seller-sku"], row["country"], row["quantity-for-local-fulfillment"]) for row in countries] == [
        ("A", "CA", "3"), ("A", "US", "5"), ("C", "CA", "2"),
    ]  # fmt: skip


async def test_free_stock_of_other_countries_counts_where_it_serves(player: Player) -> None:
    await player.offer("A")
    await player.do(c.CreateItem("A", "Canadian", CA))
    await player.do(c.AddStock("A", 5))
    await player.do(c.AddStock("A", 3, fc="YYZ4"))
    await player.do(c.PlaceOrder("A", 1, marketplace=CA))

    await player.do(c.SetPolicy(remote_serving=True))

    [american] = await lines(player, MANAGED, US)
    assert (american["afn-fulfillable-quantity"], american["afn-reserved-quantity"]) == ("7", "0")
    assert (american["afn-warehouse-quantity"], american["afn-total-quantity"]) == ("7", "7")
    await stock_agrees(player, US)
    await stock_agrees(player, CA)


async def test_what_the_seller_has_himself_is_told_beside_it(player: Player) -> None:
    await player.offer("A", "B")
    await list_own(player, "A", 4, price=12.5)
    await list_own(player, "OWN", 9)

    both, only_there = await lines(player, MANAGED)

    assert (both["mfn-listing-exists"], both["mfn-fulfillable-quantity"], both["your-price"]) == ("Yes", "4", "12.50")
    assert (only_there["mfn-listing-exists"], only_there["mfn-fulfillable-quantity"]) == ("No", "")


async def test_archived_items_are_in_the_longer_report_only(player: Player) -> None:
    await player.offer("KEPT", "CLOSED", "BACK")
    for sku in ("CLOSED", "BACK"):
        await player.do(c.CloseItem(sku))
    await player.do(c.CreateItem("BACK", "Back again", US))

    open_ones = await lines(player, MANAGED)
    all_of_them = await lines(player, ARCHIVED_TOO)

    assert [row["sku"] for row in open_ones] == ["BACK", "KEPT"]
    assert [(row["sku"], row["afn-listing-exists"]) for row in all_of_them] == [
        ("BACK", "Yes"), ("CLOSED", "No"), ("KEPT", "Yes"),
    ]  # fmt: skip
    assert all_of_them[0]["product-name"] == "Back again"


async def test_a_marketplace_where_nothing_is_sold_has_a_header(player: Player) -> None:
    await player.offer("A")

    found = [await lines(player, name, CA) for name in (MANAGED, ARCHIVED_TOO, BY_DISPOSITION, BY_COUNTRY, RESERVED)]

    assert found == [[]] * 5


async def test_nobody_sees_another_sellers_stock(player: Player, database: Database) -> None:
    other = await new_player(database)
    for one, units in ((player, 2), (other, 9)):
        await one.offer("SHARED", asin="B00000SAME", barcode="manufacturer")
        await one.do(c.AddStock("SHARED", units))
        await one.do(c.Hold("SHARED", 1))
    await other.offer("HIS")

    [managed] = await lines(player, MANAGED)
    [reserved] = await lines(player, RESERVED)
    [country] = await lines(player, BY_COUNTRY)

    assert (managed["afn-fulfillable-quantity"], managed["afn-warehouse-quantity"]) == ("1", "2")
    assert reserved["reserved_qty"] == "1"
    assert country["quantity-for-local-fulfillment"] == "1"


async def test_titles_are_one_cell_in_the_files_encoding(database: Database) -> None:
    player = await new_player(database, [UK])
    await player.do(c.CreateItem("A", 'caf\xe9 "\u2014"', UK))

    [row] = await lines(player, MANAGED, UK)

    assert row["product-name"] == 'caf\xe9 "\u2014"'


async def test_research_is_in_neither_sum(player: Player) -> None:
    await player.offer("A")
    await player.do(c.AddStock("A", 5))
    await player.do(c.Misplace("A", 5))
    await player.advance(timedelta(days=15))

    [row] = await lines(player, MANAGED)

    assert (row["afn-researching-quantity"], row["afn-warehouse-quantity"], row["afn-total-quantity"]) == (
        "5", "0", "0",
    )  # fmt: skip
