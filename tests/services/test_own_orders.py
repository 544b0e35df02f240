"""Orders that the seller ships himself, on the real database: many at once, and what time does to unpaid ones."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.domain.errors import Shortage
from entrepot.services.ledger import Outcome
from entrepot.services.verification import verify
from entrepot.storage.database import Database
from tests.cast import Player, another_node, new_player

ADDRESS = {"name": "Store", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}


@pytest_asyncio.fixture
async def player(database: Database) -> AsyncIterator[Player]:
    """A seller with a SKU and an open location, whose books must be right when the test is over."""
    player = await new_player(database)
    await player.offer("A")
    source = await player.answer(c.CreateSource("S1", "Store", ADDRESS), "source")
    await player.do(c.SourceStatus(source, "Active"))
    yield player
    report = await verify(database, seller_id=player.id)
    assert report.clean, [str(difference) for check in report.checks for difference in check.differences]


async def units(player: Player) -> dict[str, int]:
    """Units that the seller has himself, by account."""
    rows = await player.fetch(
        "select account, sum(quantity)::bigint from balances where seller_id = $1 and account like 'M\\_%'"
        " group by account having sum(quantity) > 0"
    )
    return {row[0]: row[1] for row in rows}


async def outcomes(orders: Sequence[Any]) -> Counter[type]:
    return Counter(type(result) for result in await asyncio.gather(*orders, return_exceptions=True))


async def test_of_many_clients_for_the_sellers_own_last_units_as_many_succeed_as_there_are(
    player: Player, postgres: str
) -> None:
    await player.do(c.SetQuantity("A", 50, "S1"))

    async with another_node(player, postgres) as second:
        nodes = [player, second]
        counted = await outcomes([nodes[n % 2].do(c.PlaceOrder("A", 1, channel="MFN")) for n in range(120)])

    assert counted == {Outcome: 50, Shortage: 70}
    assert await units(player) == {"M_RES_PENDING": 50}


async def test_orders_payments_and_counts_at_once_lose_no_unit(player: Player) -> None:
    await player.do(c.SetQuantity("A", 30, "S1"))
    orders = [await player.answer(c.PlaceOrder("A", 1, channel="MFN"), "order") for _ in range(10)]

    counted = await outcomes(
        [player.do(c.VerifyPayment(order)) for order in orders]
        + [player.do(c.PlaceOrder("A", 2, channel="MFN")) for _ in range(5)]
        + [player.do(c.SetQuantity("A", 40, "S1"))]
    )

    assert counted == {Outcome: 16}
    found = await units(player)
    assert (found["M_RES_UNSHIPPED"], found["M_RES_PENDING"]) == (10, 10)
    assert found["M_AVAIL"] in range(30, 41, 2)


async def test_an_unpaid_order_holds_its_units_for_half_an_hour_and_not_longer(player: Player) -> None:
    await player.do(c.SetQuantity("A", 5, "S1"))
    unpaid = await player.answer(c.PlaceOrder("A", 2, channel="MFN"), "order")
    paid = await player.answer(c.PlaceOrder("A", 1, channel="MFN"), "order")
    await player.do(c.VerifyPayment(paid))

    await player.advance(timedelta(minutes=29))
    assert await units(player) == {"M_AVAIL": 2, "M_RES_PENDING": 2, "M_RES_UNSHIPPED": 1}
    await player.advance(timedelta(minutes=1))

    assert await units(player) == {"M_AVAIL": 4, "M_RES_UNSHIPPED": 1}
    rows = await player.fetch("select order_id, status from orders where seller_id = $1")
    assert dict(rows) == {unpaid: "Canceled", paid: "Unshipped"}
    [last] = await player.fetch("select * from entries where seller_id = $1 order by seq desc limit 1")
    assert (last["event"], last["channel"], last["reason"]) == ("M04", "timer", "not paid in time")


async def test_an_unpaid_order_counts_as_paid_where_the_seller_wants_it(player: Player) -> None:
    await player.do(c.SetPolicy(pending_end="PAY", pending_minutes=5))
    await player.do(c.SetQuantity("A", 5, "S1"))
    await player.do(c.PlaceOrder("A", 2, channel="MFN"))

    await player.advance(timedelta(minutes=5))

    assert await units(player) == {"M_AVAIL": 3, "M_RES_UNSHIPPED": 2}


async def test_a_location_at_its_cap_is_full_also_for_orders_at_once(player: Player) -> None:
    cap = {"throughputConfig": {"throughputCap": {"value": 3, "timeUnit": "Days"}}}
    await player.do(c.UpdateSource("S1", configuration={"operationalConfiguration": cap}))
    await player.do(c.SetQuantity("A", 50, "S1"))

    counted = await outcomes([player.do(c.PlaceOrder("A", 1, channel="MFN")) for _ in range(10)])

    assert counted == {Outcome: 3, Shortage: 7}
    await player.advance(timedelta(days=1))
    await player.do(c.PlaceOrder("A", 1, channel="MFN"))


async def test_an_order_by_its_items_and_what_it_promises_survive_the_database(player: Player) -> None:
    await player.do(c.SetQuantity("A", 5, "S1"))
    lines = (c.OrderLine("A", 2, "3.50"), c.OrderLine("A", 1))
    address = c.Address("Anna", "1 Rue", city="Paris", country="FR")
    placed = (await player.do(c.PlaceOrder(lines=lines, channel="MFN", address=address))).answer
    order = str(placed["order"])
    await player.do(c.VerifyPayment(order))
    first, second = [item["order_item"] for item in placed["order_items"]]  # type: ignore[attr-defined]

    package = c.Package("UPS", "Ground", "1Z")
    await player.do(c.ConfirmShipment(items=(c.ConfirmedItem(first, 1), c.ConfirmedItem(second)), package=package))
    await player.do(c.RestockReturn(order_item=second))
    refunded = await player.do(c.Refund(first, "3.50"))

    assert refunded.answer["refunded"] == "3.50"
    [row] = await player.fetch("select status, promise, details from orders where seller_id = $1")
    assert row["status"] == "PartiallyShipped"
    assert json.loads(row["promise"]) == placed["promise"]
    assert json.loads(row["details"])["address"]["country"] == "FR"
    assert await units(player) == {"M_AVAIL": 3, "M_RES_UNSHIPPED": 1}


# A count that was taken before it is told (D-20)


async def quantity_at(player: Player, code: str) -> int:
    [row] = await player.fetch(
        "select quantity from balances b join sources s on s.seller_id = b.seller_id and s.source_id = b.place"
        " where b.seller_id = $1 and b.account = 'M_AVAIL' and s.code = $2",
        code,
    )
    return int(row["quantity"])


async def last_seq(player: Player) -> int:
    return int((await player.journal())[-1]["seq"])


async def test_what_orders_took_or_gave_back_since_a_count_is_taken_into_account(player: Player) -> None:
    await player.do(c.SetQuantity("A", 20, "S1"))
    before = await player.answer(c.PlaceOrder("A", 2, channel="MFN"), "order")
    await player.advance(timedelta(minutes=5))
    counted_at, counted_seq = await player.now(), await last_seq(player)
    await player.advance(timedelta(minutes=5))
    await player.do(c.PlaceOrder("A", 3, channel="MFN"))
    await player.do(c.CancelOrder(before))
    await player.do(c.SetQuantity("A", 4))  # of another location

    by_time = (await player.do(c.SetQuantity("A", 30, "S1", as_of=counted_at))).answer["quantity"]
    by_number = (await player.do(c.SetQuantity("A", 30, "S1", as_of_seq=counted_seq))).answer["quantity"]
    elsewhere = (await player.do(c.SetQuantity("A", 30, as_of_seq=counted_seq))).answer["quantity"]
    plain = (await player.do(c.SetQuantity("A", 30, "S1"))).answer["quantity"]

    assert (by_time, by_number, elsewhere, plain) == (29, 29, 30, 30)
    assert await quantity_at(player, "S1") == 30


async def test_a_count_of_less_than_was_ordered_since_leaves_none(player: Player) -> None:
    await player.do(c.SetQuantity("A", 20, "S1"))
    counted = await last_seq(player)
    await player.do(c.PlaceOrder("A", 5, channel="MFN"))

    told = await player.do(c.SetQuantity("A", 3, "S1", as_of_seq=counted))

    assert told.answer["quantity"] == await quantity_at(player, "S1") == 0


async def test_a_count_of_this_instant_or_of_what_is_to_come_is_as_it_is(player: Player) -> None:
    await player.do(c.SetQuantity("A", 20, "S1"))
    await player.do(c.PlaceOrder("A", 5, channel="MFN"))
    now = await player.now()

    told = [
        (await player.do(c.SetQuantity("A", 9, "S1", as_of=as_of, as_of_seq=seq))).answer["quantity"]
        for as_of, seq in ((now, None), (now + timedelta(days=1), None), (None, await last_seq(player)), (None, 10**9))
    ]

    assert told == [9, 9, 9, 9]


@pytest.mark.parametrize("seq", [-1, 0, 2**63 - 1, 2**63, -(2**63) - 1, 10**40])
async def test_no_number_of_an_entry_is_too_odd(player: Player, seq: int) -> None:
    await player.do(c.SetQuantity("A", 9, "S1", as_of_seq=seq))

    assert await quantity_at(player, "S1") == 9


async def test_orders_and_counts_that_arrive_together_see_one_another(player: Player) -> None:
    await player.do(c.SetQuantity("A", 20, "S1"))
    counted = await last_seq(player)

    answers = await asyncio.gather(
        player.do(c.PlaceOrder("A", 5, channel="MFN")),
        player.do(c.PlaceOrder("A", 1, channel="MFN")),
        player.do(c.SetQuantity("A", 20, "S1", as_of_seq=counted)),
    )

    assert answers[2].answer["quantity"] == await quantity_at(player, "S1") == 14
