"""The inventory ledger: a story through every event, and what the two reports say of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from entrepot.domain import commands as c
from entrepot.domain.commands import Command
from entrepot.domain.events import EVENTS
from entrepot.feeds.job import Unreadable
from entrepot.services.ledger import Outcome
from entrepot.storage.database import Database
from tests.cast import CA, START, UK, US, Player, new_player
from tests.reports.ledgers import (
    DETAIL,
    EVENT_COLUMNS,
    JOURNAL,
    SUMMARY,
    Rows,
    adds_up,
    balances,
    by_place,
    expected,
    expected_open,
    is_paired,
    is_reconciled,
    of_columns,
    open_of,
    told,
    told_of,
    unreconciled,
)
from tests.reports.making import made

DAY = timedelta(days=1)
ALL: dict[str, Any] = {"start": START - DAY, "marketplaces": (US, CA)}


@pytest.fixture
async def player(database: Database) -> Player:
    player = await new_player(database)
    await player.offer("A", "B")
    await player.offer("A", marketplace=CA)
    return player


class Story:
    """Commands, and the rows that each must add to the end of the ledger."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.rows: Rows = []

    async def does(self, command: Command, *more: str) -> Outcome:
        outcome = await self.player.do(command)
        await self.has(type(command).__name__, *more)
        return outcome

    async def has(self, what: str, *more: str) -> None:
        before, self.rows = self.rows, await told(self.player, DETAIL, **ALL)
        assert [line(row) for row in self.rows[len(before) :]] == list(more), what
        assert [line(row) for row in self.rows[: len(before)]] == [line(row) for row in before], what

    async def order(self, quantity: int, sku: str = "A") -> str:
        return str((await self.does(c.PlaceOrder(sku, quantity))).answer["order"])

    async def sold(self, quantity: int) -> str:
        order = await self.order(quantity)
        await self.does(c.ShipOrder(order), f"Shipments -{quantity} PHX6 SELLABLE")
        return order

    async def shipped(self, quantity: int) -> str:
        shipment = str((await self.does(c.Plan("A", quantity))).answer["shipment"])
        await self.does(c.Ship(shipment))
        return shipment

    async def sent(self, quantity: int, sku: str = "A") -> str:
        transfer = c.StartTransfer(sku, quantity, "PHX6", "JFK8")
        return str((await self.does(transfer, f"WhseTransfers -{quantity} PHX6 SELLABLE")).answer["transfer"])

    async def removal(self, command: c.RequestRemoval) -> str:
        return str((await self.does(command)).answer["removal"])


def line(row: dict[str, str]) -> str:
    quantity = int(row["Quantity"])
    cells = row["Event Type"], f"{quantity:+}", row["Fulfillment Center"], row["Disposition"], row["Reason"]
    return " ".join(filter(None, cells))


async def every_event(story: Story) -> None:
    await arrivals(story)
    await sales(story)
    await transfers(story)
    await troubles(story)
    await leaving(story)


async def arrivals(story: Story) -> None:
    working = str((await story.does(c.Plan("A", 10))).answer["shipment"])
    await story.does(c.ChangePlan(working, "A", 12))
    await story.does(c.CancelPlan(working))
    first = await story.shipped(12)
    await story.does(c.StartReceiving(first))
    await story.does(c.Receive(first, "A", 5), "Receipts +5 PHX6 SELLABLE")
    await story.does(c.Receive(first, "A", 2, "CARRIER_DAMAGED"), "Receipts +2 PHX6 CARRIER_DAMAGED")
    await story.does(c.Receive(first, "A", 9), "Receipts +5 PHX6 SELLABLE", "Receipts +4 PHX6 SELLABLE")
    await story.does(c.CloseShipment(await story.shipped(4)))
    await story.does(c.Locate("A", 1), "Receipts +1 PHX6 SELLABLE")
    await story.does(c.CancelPlan(await story.shipped(4)))
    await story.does(c.SetPolicy(putaway="FC_PROCESSING", putaway_hours=1))
    await story.does(c.Receive(await story.shipped(3), "A", 3), "Receipts +3 PHX6 SELLABLE")
    await story.does(c.SetPolicy(putaway="PICKABLE_AT", putaway_hours=1))
    await story.does(c.Receive(await story.shipped(3), "A", 3), "Receipts +3 PHX6 SELLABLE")
    await story.player.advance(timedelta(hours=2))
    await story.has("put-away")
    await story.does(c.AddStock("A", 100), "Receipts +100 PHX6 SELLABLE")
    await story.does(c.OpenBalance("A", 7, disposition="DEFECTIVE"))


async def sales(story: Story) -> None:
    await story.does(c.CancelOrder(await story.order(2)))
    order = await story.sold(8)
    await story.does(c.LoseDelivery(order, quantity=1))
    await story.does(c.ReturnUnit(order, quantity=1), "CustomerReturns +1 PHX6 SELLABLE")
    await story.does(c.ReturnUnit(order, quantity=2, inspect=True, fc="JFK8"), "CustomerReturns +2 JFK8 SELLABLE")
    await story.does(c.ReturnUnit(order, quantity=1, disposition="DEFECTIVE"), "CustomerReturns +1 PHX6 DEFECTIVE")
    await story.does(c.ReturnUnit(order, quantity=1, disposition="WAREHOUSE_DAMAGED"))
    await story.does(c.SetPolicy(returns_at_fault="KEEP_THEN_REIMBURSE"))
    await story.does(
        c.ReturnUnit(order, quantity=1, disposition="WAREHOUSE_DAMAGED"),
        "CustomerReturns +1 PHX6 WAREHOUSE_DAMAGED",
        "Adjustments -1 PHX6 WAREHOUSE_DAMAGED O",
    )
    await story.does(c.MissPick(1, await story.order(1)))
    await story.does(c.Find("A", 1))


async def transfers(story: Story) -> None:
    sent = await story.sent(5)
    await story.does(c.ArriveTransfer(sent, 3), "WhseTransfers +3 JFK8 SELLABLE")
    await story.does(c.LoseTransfer(sent), "WhseTransfers +2 JFK8 SELLABLE", "Adjustments -2 JFK8 SELLABLE M")
    await story.does(c.AddStock("B", 2), "Receipts +2 PHX6 SELLABLE")
    sent = await story.sent(2, "B")
    await story.does(c.SetPolicy(sell_in_transfer=True))
    await story.does(c.CancelOrder(await story.order(1, "B")))
    await story.order(1, "B")
    await story.does(c.ArriveTransfer(sent), "WhseTransfers +1 JFK8 SELLABLE", "WhseTransfers +1 JFK8 SELLABLE")
    await story.does(c.Hold("A", 2))
    await story.does(c.Release("A", 2))


async def troubles(story: Story) -> None:
    await story.does(c.Misplace("A", 3, fc="PHX6"))
    await story.player.advance(11 * DAY)
    await story.has("older research")
    await story.does(c.GiveUp("A"), "Adjustments -3 PHX6 SELLABLE M")
    await story.does(c.Lose("A", 2, reason="5", fc="PHX6"), "Adjustments -2 PHX6 SELLABLE 5")
    await story.does(c.Find("A", 4), "Adjustments +4 PHX6 SELLABLE F")
    await story.does(c.Reimburse("A", 1, stage="FC"))
    await story.does(c.Find("A", 1), "Adjustments +1 PHX6 SELLABLE N")
    await story.does(c.Reimburse("A", 1, "unit", stage="TRANSFER"), "Adjustments +1 PHX6 SELLABLE N")
    await story.does(c.Correct("A", 2), "Adjustments +2 PHX6 SELLABLE 1")
    await story.does(c.Correct("A", -1, fc="PHX6"), "Adjustments -1 PHX6 SELLABLE 2")
    await story.does(c.Correct("A", 2, kind="ownership"), "Adjustments +2 PHX6 SELLABLE N")
    await story.does(c.Correct("A", -1, kind="ownership", fc="PHX6"), "Adjustments -1 PHX6 SELLABLE O")
    await damages(story)
    await story.does(c.MergeItems("A", "B", 1), "Adjustments -1 JFK8 SELLABLE 4", "Adjustments +1 JFK8 SELLABLE 3")


async def damages(story: Story) -> None:
    both = "Adjustments -{0} PHX6 {1} {2}", "Adjustments +{0} PHX6 {3} P"

    def pair(*said: object) -> Sequence[str]:
        return [text.format(*said) for text in both]

    damaged = "WAREHOUSE_DAMAGED"
    await story.does(c.Damage("A", 4, fc="PHX6"), *pair(4, "SELLABLE", "E", damaged))
    await story.does(c.Damage("A", 2, suspected=True, fc="PHX6"))
    await story.does(c.ConfirmDamage("A", 2), *pair(2, "SELLABLE", "E", damaged))
    await story.does(c.Damage("A", 1, disposition="DEFECTIVE"), *pair(1, "DEFECTIVE", "K", damaged))
    await story.does(c.Damage("A", 1, disposition="CARRIER_DAMAGED"), *pair(1, "CARRIER_DAMAGED", "6", damaged))
    others: list[tuple[c.BadDisposition, str]] = [
        ("CUSTOMER_DAMAGED", "H"), ("DISTRIBUTOR_DAMAGED", "U"), ("EXPIRED", "7"),
    ]  # fmt: skip
    for disposition, reason in others:
        change = c.ChangeDisposition("A", 1, "DEFECTIVE", disposition)
        await story.does(change, *pair(1, "DEFECTIVE", "Q", disposition))
        await story.does(c.Damage("A", 1, disposition=disposition), *pair(1, disposition, reason, damaged))
    await story.does(c.Expire("A", 2, fc="PHX6"), *pair(2, "SELLABLE", "Q", "EXPIRED"))
    await story.does(c.InspectOk("A", 1, disposition="EXPIRED"), *pair(1, "EXPIRED", "Q", "SELLABLE"))
    await story.does(c.Reimburse("A", 3, "damaged"), "Adjustments -3 PHX6 WAREHOUSE_DAMAGED O")


async def leaving(story: Story) -> None:
    await story.does(c.CancelRemoval(await story.removal(c.RequestRemoval("A", 1, "SELLABLE", "RETURN"))))
    await story.does(
        c.ShipRemoval(await story.removal(c.RequestRemoval("A", 2, "WAREHOUSE_DAMAGED", "RETURN"))),
        "VendorReturns -2 PHX6 WAREHOUSE_DAMAGED",
    )
    await story.does(
        c.ShipRemoval(await story.removal(c.RequestRemoval("A", 1, "DEFECTIVE", "LIQUIDATE"))),
        "VendorReturns -1 PHX6 DEFECTIVE",
    )
    destroyed = await story.removal(c.RequestRemoval("A", 1, "DEFECTIVE", "DESTROY"))
    await story.does(c.Dispose(destroyed), "Adjustments -1 PHX6 DEFECTIVE D")
    donated = await story.removal(c.RequestRemoval("A", 1, "DEFECTIVE", "DONATE"))
    await story.does(c.Dispose(donated), "Adjustments -1 PHX6 DEFECTIVE G")


async def test_each_event_of_a_long_story_has_the_rows_of_the_specification(player: Player) -> None:
    story = Story(player)

    await every_event(story)

    journal = await player.fetch(JOURNAL)
    assert {row["event"] for row in journal} == {e.code for e in EVENTS.values() if e.moves and e.code[0] in "FT"}
    assert told_of(story.rows) == expected(journal, START)
    assert open_of(story.rows) == expected_open(journal, START)


async def test_the_ledger_adds_up_after_every_event(player: Player) -> None:
    story = Story(player)
    await every_event(story)
    rows = story.rows

    centres = await told(player, SUMMARY, **ALL, aggregateByLocation="FC", aggregatedByTimePeriod="DAILY")
    months = await told(player, SUMMARY, **ALL)

    is_paired(rows)
    is_reconciled(rows)
    adds_up(centres)
    adds_up(months)
    opened = balances(centres, "Starting Warehouse Balance", last=False)
    ended = balances(centres, "Ending Warehouse Balance", last=True)
    assert {key: n for key, n in (opened + by_place(rows)).items() if n} == ended
    keys = "FNSKU", "Disposition"
    assert of_columns(centres, *keys) == of_columns(months, *keys)
    assert {name for name in EVENT_COLUMNS if any(row[name] != "0" for row in centres)} == {
        name for name in EVENT_COLUMNS if name != "Unknown Events"
    }


@pytest.fixture
async def full(player: Player) -> Player:
    await player.do(c.AddStock("A", 40))
    await player.do(c.AddStock("A", 10, fc="YYZ4"))
    return player


async def test_a_row_of_detail_is_told_in_full(full: Player) -> None:
    order = await full.answer(c.PlaceOrder("A", 3), "order")
    await full.do(c.ShipOrder(order))

    row = (await told(full, DETAIL, **ALL))[-1]

    [item] = await full.fetch("select fnsku, asin from skus where seller_id = $1 and sku = 'A'")
    assert row == {
        "Date": "03/01/2026",
        "FNSKU": item["fnsku"],
        "ASIN": item["asin"],
        "MSKU": "A",
        "Title": "Title of A",
        "Event Type": "Shipments",
        "Reference ID": order,
        "Quantity": "-3",
        "Fulfillment Center": "PHX6",
        "Disposition": "SELLABLE",
        "Reason": "",
        "Country": "US",
        "Reconciled Quantity": "",
        "Unreconciled Quantity": "",
        "Date and Time": "2026-03-01T04:00:00-0800",
    }


async def test_a_row_of_the_summary_is_told_in_full(full: Player) -> None:
    await full.advance(DAY)
    sent = await full.answer(c.StartTransfer("A", 5, "PHX6", "JFK8"), "transfer")
    await full.do(c.ArriveTransfer(sent, 2))
    await full.do(c.Lose("A", 4, fc="PHX6"))

    row, *more = await told(full, SUMMARY, start=START + DAY / 2, aggregatedByTimePeriod="WEEKLY")

    [item] = await full.fetch("select fnsku, asin from skus where seller_id = $1 and sku = 'A'")
    assert more == []
    assert row == {
        "Date": "03/02/2026",
        "FNSKU": item["fnsku"],
        "ASIN": item["asin"],
        "MSKU": "A",
        "Title": "Title of A",
        "Disposition": "SELLABLE",
        "Starting Warehouse Balance": "40",
        "In Transit Between Warehouses": "3",
        "Receipts": "0",
        "Customer Shipments": "0",
        "Customer Returns": "0",
        "Vendor Returns": "0",
        "Warehouse Transfer In/Out": "-3",
        "Found": "0",
        "Lost": "-4",
        "Damaged": "0",
        "Disposed": "0",
        "Other Events": "0",
        "Ending Warehouse Balance": "33",
        "Unknown Events": "0",
        "Location": "US",
    }


async def test_of_sixteen_lost_and_five_found_eleven_are_open(full: Player) -> None:
    await full.do(c.Lose("A", 16, fc="PHX6"))
    await full.do(c.Find("A", 5))

    lost, found = (await told(full, DETAIL, **ALL))[-2:]

    assert (lost["Quantity"], lost["Reconciled Quantity"], lost["Unreconciled Quantity"]) == ("-16", "5", "11")
    assert (found["Quantity"], found["Reconciled Quantity"], found["Unreconciled Quantity"]) == ("5", "5", "0")


async def test_the_oldest_loss_is_settled_first_by_finding_and_by_paying(full: Player) -> None:
    async def open_losses() -> list[int]:
        return [int(r["Unreconciled Quantity"]) for r in await told(full, DETAIL, **ALL) if r["Reason"] == "M"]

    for units in (3, 4, 5):
        await full.do(c.Lose("A", units, fc="PHX6"))
    assert await open_losses() == [3, 4, 5]
    await full.do(c.Find("A", 2))
    assert await open_losses() == [1, 4, 5]
    await full.do(c.Reimburse("A", 4))
    assert await open_losses() == [0, 1, 5]
    await full.do(c.Lose("A", 6, fc="PHX6", reason="5"))
    assert await open_losses() == [0, 1, 5]


async def test_a_loss_in_two_centres_at_once_is_a_row_of_each(full: Player) -> None:
    await full.do(c.Lose("A", 45))
    await full.do(c.Find("A", 42))

    rows = [row for row in await told(full, DETAIL, **ALL) if row["Reason"] == "M"]

    assert [(row["Fulfillment Center"], row["Quantity"], row["Unreconciled Quantity"]) for row in rows] == [
        ("PHX6", "-40", "0"), ("YYZ4", "-5", "3"),
    ]  # fmt: skip


async def test_a_transfers_loss_is_settled_by_its_own_payment(full: Player) -> None:
    await full.do(c.Lose("A", 2, fc="PHX6"))
    sent = await full.answer(c.StartTransfer("A", 5, "PHX6", "JFK8"), "transfer")
    await full.do(c.LoseTransfer(sent))
    await full.do(c.Reimburse("A", 4, stage="TRANSFER"))

    losses = [row for row in await told(full, DETAIL, **ALL) if row["Reason"] == "M"]

    assert [(row["Fulfillment Center"], row["Unreconciled Quantity"]) for row in losses] == [
        ("PHX6", "2"),
        ("JFK8", "1"),
    ]


async def test_damage_is_settled_when_damaged_units_leave_that_centre(full: Player) -> None:
    async def open_damage() -> list[tuple[str, int]]:
        rows = await told(full, DETAIL, **ALL)
        return [(r["Fulfillment Center"], int(r["Unreconciled Quantity"])) for r in rows if r["Reason"] == "E"]

    await full.do(c.Damage("A", 3, fc="PHX6"))
    await full.do(c.Damage("A", 2, fc="YYZ4"))
    await full.do(c.Damage("A", 4, fc="PHX6"))
    removal = await full.answer(c.RequestRemoval("A", 2, "WAREHOUSE_DAMAGED", fc="PHX6"), "removal")
    assert await open_damage() == [("PHX6", 3), ("YYZ4", 2), ("PHX6", 4)]
    await full.do(c.ShipRemoval(removal))
    await full.do(c.Reimburse("A", 2, "damaged", fc="PHX6"))
    await full.do(c.InspectOk("A", 1, "WAREHOUSE_DAMAGED", fc="YYZ4"))
    assert await open_damage() == [("PHX6", 0), ("YYZ4", 1), ("PHX6", 3)]


async def test_what_is_open_of_a_row_never_grows(player: Player) -> None:
    story = Story(player)
    await every_event(story)
    before = unreconciled(story.rows)

    await player.do(c.Reimburse("A", 1, stage="TRANSFER"))
    await player.do(c.Reimburse("A", 1, "damaged"))
    await player.do(c.Lose("A", 3, fc="PHX6"))
    await player.do(c.Damage("A", 3, fc="PHX6"))
    after = unreconciled(await told(player, DETAIL, **ALL))[: len(before)]

    assert [row for row, _ in before] == [row for row, _ in after]
    assert [now - was for (_, was), (_, now) in zip(before, after, strict=True) if now != was] == [-1, -1]


async def test_what_is_no_event_of_the_ledger_changes_no_column(full: Player) -> None:
    """Invariant 25: orders, their cancelling, processing, research and removals that are only asked for."""
    quiet: list[Command] = [
        c.PlaceOrder("A", 3, order="S01-1"), c.CancelOrder("S01-1", quantity=1), c.MissPick(1, "S01-1"),
        c.Hold("A", 2), c.Release("A", 1), c.Misplace("A", 2), c.Find("A", 1), c.RequestRemoval("A", 2),
        c.Damage("A", 1, suspected=True), c.Plan("A", 5), c.PlaceOrder("A", 1), c.SetPolicy(sell_in_transfer=True),
    ]  # fmt: skip
    await full.do(c.Damage("A", 1, fc="PHX6"))
    before = await told(full, DETAIL, **ALL), await told(full, SUMMARY, **ALL, aggregateByLocation="FC")

    for command in quiet:
        await full.do(command)
        after = await told(full, DETAIL, **ALL), await told(full, SUMMARY, **ALL, aggregateByLocation="FC")
        assert after == before, command


async def test_each_marketplace_has_the_centres_of_its_country(full: Player) -> None:
    here = [await told(full, DETAIL, start=START - DAY, marketplaces=(one,)) for one in (US, CA)]
    summaries = [await told(full, SUMMARY, start=START - DAY, marketplaces=(one,)) for one in (US, CA)]
    both = await told(full, SUMMARY, **ALL)

    assert [[(row["Fulfillment Center"], row["Quantity"]) for row in rows] for rows in here] == [
        [("PHX6", "40")], [("YYZ4", "10")],
    ]  # fmt: skip
    assert [[(row["Location"], row["Receipts"]) for row in rows] for rows in summaries] == [
        [("US", "40")], [("CA", "10")],
    ]  # fmt: skip
    assert sorted(row["Location"] for row in both) == ["CA", "US"]


async def test_the_day_is_the_marketplaces_own(database: Database) -> None:
    player = await new_player(database, [UK], start=datetime(2026, 7, 1, 23, 30, tzinfo=UTC))
    await player.offer("A", marketplace=UK)
    await player.do(c.AddStock("A", 1))

    [row] = await told(player, DETAIL, start=START, marketplaces=(UK,))
    [month] = await told(player, SUMMARY, marketplaces=(UK,))

    assert (row["Date"], row["Date and Time"], row["Country"]) == ("07/02/2026", "2026-07-02T00:30:00+0100", "GB")
    assert (month["Date"], month["Receipts"], month["Location"]) == ("07/02/2026", "1", "GB")


async def test_the_last_day_of_a_period_that_is_over_names_it(full: Player) -> None:
    await full.advance(40 * DAY)

    months = await told(full, SUMMARY, start=START - DAY, aggregatedByTimePeriod="monthly")
    weeks = await told(full, SUMMARY, start=START - DAY, aggregatedByTimePeriod="WEEKLY")
    days = await told(full, SUMMARY, start=START - DAY, aggregatedByTimePeriod="DAILY")

    assert [row["Date"] for row in months] == ["03/31/2026", "04/10/2026"]
    assert [row["Date"] for row in weeks[:2]] == ["03/07/2026", "03/14/2026"]
    assert len(days) == 41
    assert [(row["Starting Warehouse Balance"], row["Ending Warehouse Balance"]) for row in months] == [
        ("0", "40"), ("40", "40"),
    ]  # fmt: skip


async def test_a_span_ends_before_its_end_and_now_belongs_to_it(full: Player) -> None:
    noon = await full.now()
    assert len(await told(full, DETAIL, start=START - DAY)) == 1
    await full.advance(DAY)
    await full.do(c.AddStock("A", 7))

    ended = await told(full, DETAIL, start=START - DAY, end=noon)
    following = await told(full, DETAIL, start=noon, end=noon + DAY / 2)
    earlier = await told(full, SUMMARY, start=START - DAY, end=noon + DAY / 2)

    assert ended == []
    assert [row["Quantity"] for row in following] == ["40"]
    assert [row["Ending Warehouse Balance"] for row in earlier] == ["40"]


async def test_a_report_without_a_start_is_of_the_period_that_is_under_way(full: Player) -> None:
    """It is Monday, the 2nd of March, then Saturday, the 7th."""
    await full.advance(DAY)
    await full.do(c.AddStock("A", 1))
    await full.advance(5 * DAY)
    await full.do(c.AddStock("A", 2))

    found = [
        [(row["Date"], row["Receipts"]) for row in await told(full, SUMMARY, aggregatedByTimePeriod=period)]
        for period in ("MONTHLY", "WEEKLY", "DAILY")
    ]

    assert found == [[("03/07/2026", "43")], [("03/07/2026", "43")], [("03/07/2026", "2")]]
    assert [row["Quantity"] for row in await told(full, DETAIL)] == ["40", "1", "2"]
    await full.advance(DAY)
    [week] = await told(full, SUMMARY, aggregatedByTimePeriod="WEEKLY")
    assert (week["Starting Warehouse Balance"], week["Receipts"]) == ("43", "0")


async def test_eighteen_months_are_told(full: Player) -> None:
    await full.advance(550 * DAY)
    assert [row["Quantity"] for row in await told(full, DETAIL, start=START - DAY)] == []
    first, *_ = await told(full, SUMMARY, start=START - 100 * DAY)

    assert (first["Starting Warehouse Balance"], first["Receipts"]) == ("40", "0")


async def test_what_a_seller_begins_with_was_always_there(full: Player) -> None:
    await full.advance(DAY)
    await full.do(c.OpenBalance("B", 9))

    rows = await told(full, SUMMARY, start=START - DAY, aggregatedByTimePeriod="DAILY")

    assert [(r["Starting Warehouse Balance"], r["Ending Warehouse Balance"]) for r in rows if r["MSKU"] == "B"] == [
        ("9", "9")
    ] * 3
    assert "B" not in {row["MSKU"] for row in await told(full, DETAIL, **ALL)}


async def test_detail_is_filtered_by_type_and_by_each_name_of_an_item(full: Player) -> None:
    await full.do(c.AddStock("B", 5))
    await full.do(c.Lose("B", 1))
    [b] = await full.fetch("select fnsku, asin from skus where seller_id = $1 and sku = 'B'")

    async def quantities(**options: str) -> list[str]:
        return [row["Quantity"] for row in await told(full, DETAIL, start=START - DAY, **options)]

    assert await quantities(eventType="Adjustments") == ["-1"]
    assert await quantities(eventType="receipts", MSKU="B") == ["5"]
    for name, value in (("MSKU", "B"), ("FNSKU", b["fnsku"]), ("ASIN", b["asin"])):
        assert await quantities(**{name: value}) == ["5", "-1"]
    assert await quantities(MSKU="nobody's") == []


async def test_skus_of_one_item_have_one_row_under_the_name_that_was_asked_for(player: Player) -> None:
    for sku in ("Y", "Z"):
        await player.offer(sku, asin="B000000A00")
    await player.do(c.AddStock("Z", 5))

    names = [
        [row["MSKU"] for row in await told(player, DETAIL, start=START - DAY, **how)] for how in ({}, {"MSKU": "Z"})
    ]

    assert names == [["Y"], ["Z"]]


@pytest.mark.parametrize(
    ("name", "option", "value", "values"),
    [
        (SUMMARY, "aggregateByLocation", "CITY", "COUNTRY, FC"),
        (SUMMARY, "aggregatedByTimePeriod", "YEARLY", "DAILY, WEEKLY, MONTHLY"),
        (DETAIL, "eventType", "Orders",
         "Adjustments, CustomerReturns, Receipts, Shipments, VendorReturns, WhseTransfers"),
    ],
)  # fmt: skip
async def test_an_option_without_such_a_value_is_refused_by_name(
    player: Player, name: str, option: str, value: str, values: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        await made(player, name, **cast(Any, {option: value}))

    assert str(refused.value) == f"The report option {option} has no value '{value}'. Its values are {values}."


async def test_the_older_name_of_a_location_is_understood(full: Player) -> None:
    rows = await told(full, SUMMARY, **ALL, aggregateByLocation="FulfillmentCenter")

    assert {row["Location"] for row in rows} == {"PHX6", "YYZ4"}


async def test_whatever_is_asked_for_is_no_statement(full: Player) -> None:
    for value in ("' or 1 = 1 --", "{}", "%s", "$1", "\\"):
        assert await told(full, DETAIL, start=START - DAY, MSKU=value) == []


async def test_nobody_sees_anothers_ledger(full: Player, database: Database) -> None:
    other = await new_player(database)

    assert await told(other, DETAIL, **ALL) == []
    assert await told(other, SUMMARY, **ALL) == []
