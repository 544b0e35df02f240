"""Why is this number what it is: the balances behind it and who changed it, now and at any past instant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import msgspec
import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.domain.commands import Command
from entrepot.domain.errors import Invalid, NotFound
from entrepot.domain.ledger import Origin
from entrepot.domain.quantities import NUMBERS
from entrepot.services.explanation import Explanation, explain, number_named
from entrepot.storage.database import Database
from tests.cast import CA, DE, START, US, Player, new_player, numbers

DAY, HOUR, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(milliseconds=1)
SKU = "A-1"


@pytest_asyncio.fixture
async def player(database: Database) -> AsyncIterator[Player]:
    player = await new_player(database)
    await player.offer(SKU)
    yield player


async def why(
    player: Player, number: str, marketplace: str | None = None, at: datetime | None = None, sku: str = SKU
) -> Explanation:
    return await explain(player.database, player.id, sku, number, marketplace, at)


async def by_the_doors(player: Player, marketplace: str = US) -> dict[str, int]:
    """What two generations show of the SKU, by our names."""
    [supplied] = await player.supplies([SKU], marketplace)
    supply = {"in_stock_supply": supplied.supply.in_stock, "total_supply": supplied.supply.total}
    summary = numbers(await player.summary(SKU, marketplace))
    return summary | {name: units for name, units in supply.items() if units}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("fulfillableQuantity", "fulfillable"),
        ("inboundWorkingQuantity", "inbound_working"),
        ("inboundShippedQuantity", "inbound_shipped"),
        ("inboundReceivingQuantity", "inbound_receiving"),
        ("totalReservedQuantity", "total_reserved"),
        ("pendingCustomerOrderQuantity", "pending_customer_order"),
        ("pendingTransshipmentQuantity", "pending_transshipment"),
        ("fcProcessingQuantity", "fc_processing"),
        ("totalResearchingQuantity", "total_researching"),
        ("researchingQuantityInShortTerm", "researching_in_short_term"),
        ("researchingQuantityInMidTerm", "researching_in_mid_term"),
        ("researchingQuantityInLongTerm", "researching_in_long_term"),
        ("totalUnfulfillableQuantity", "total_unfulfillable"),
        ("customerDamagedQuantity", "customer_damaged"),
        ("warehouseDamagedQuantity", "warehouse_damaged"),
        ("distributorDamagedQuantity", "distributor_damaged"),
        ("carrierDamagedQuantity", "carrier_damaged"),
        ("defectiveQuantity", "defective"),
        ("expiredQuantity", "expired"),
        ("totalQuantity", "total"),
        ("InStockSupplyQuantity", "in_stock_supply"),
        ("TotalSupplyQuantity", "total_supply"),
        ("total-quantity", "total"),
        ("Total quantity", "total"),
        *((name, name) for name in NUMBERS),
    ],
)
def test_a_number_is_known_by_our_name_and_by_that_of_the_api(name: str, number: str) -> None:
    assert number_named(name) == number


@pytest.mark.parametrize("name", ["", "quantity", "futureSupplyBuyableQuantity", "total\0", "; drop table", "réservé"])
async def test_an_unknown_number_is_invalid(player: Player, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        await why(player, name)

    assert refused.value.field == "number"


async def test_an_explanation_names_the_balances_and_the_entries_behind_a_number(player: Player) -> None:
    await player.do(c.AddStock(SKU, 10))
    await player.advance(HOUR)
    order = await player.answer(c.PlaceOrder(SKU, 3), "order")
    removal = await player.answer(c.RequestRemoval(SKU, 2, method="DESTROY"), "removal")

    told = await why(player, "totalReservedQuantity")

    assert (told.number, told.value, told.at, told.seq) == ("total_reserved", 5, START + HOUR, 4)
    assert [(s.account, s.meaning, s.place, s.disposition, s.detail, s.units) for s in told.shares] == [
        ("FC_ORDER", "reserved for a customer order", "PHX6", "SELLABLE", "", 3),
        ("FC_PROC", "set aside inside the centre", "PHX6", "SELLABLE", "REMOVAL", 2),
    ]
    assert told.shares[1].ref == removal
    assert [(s.changed.seq, s.changed.event) for s in told.shares] == [(3, "F20"), (4, "F70")]
    assert [(change.entry.seq, change.delta) for change in told.changes] == [(4, 2), (3, 3)]
    placed = told.changes[1].entry
    assert (placed.event, placed.title, placed.effective_at) == ("F20", "order placed", START + HOUR)
    assert (placed.channel, placed.actor, placed.reference_kind, placed.reference) == ("test", "tester", "order", order)
    assert placed.recorded_at.tzinfo is not None


async def test_entries_that_leave_a_number_as_it_was_are_not_told(player: Player) -> None:
    await player.do(c.AddStock(SKU, 10))
    await player.do(c.PlaceOrder(SKU, 3))
    await player.do(c.Plan(SKU, 5))

    told = await why(player, "total")

    assert told.value == 15
    assert [(change.entry.event, change.delta) for change in told.changes] == [("F01", 5), ("F90", 10)]


async def test_only_the_last_ten_changes_are_told_newest_first(player: Player) -> None:
    for n in range(12):
        await player.do(c.AddStock(SKU, n + 1))

    told = await why(player, "fulfillable")

    assert told.value == 78
    assert [change.delta for change in told.changes] == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]


async def test_who_asked_through_which_door_is_told(player: Player) -> None:
    await player.ledger.perform(player.id, c.AddStock(SKU, 1), Origin("operator", "alice"))
    await player.ledger.perform(player.id, c.Lose(SKU, 1, reason="5"), Origin("spapi", "app-1"))

    told = await why(player, "fulfillable")

    asked = [(change.entry.channel, change.entry.actor, change.entry.reason) for change in told.changes]
    assert asked == [("spapi", "app-1", "5"), ("operator", "alice", "")]


async def test_the_value_is_what_the_doors_show_at_every_moment_of_a_life(player: Player) -> None:
    """The same numbers as the pages showed then, for every number, after every command."""
    remembered: list[tuple[datetime, dict[str, int]]] = []
    for command in LIFE:
        await player.do(command)
        remembered.append((await player.now(), await by_the_doors(player)))
        await player.advance(5 * DAY)

    for at, shown in remembered:
        told = {name: (await why(player, name, at=at)).value for name in NUMBERS}
        assert {name: value for name, value in told.items() if value} == shown


LIFE: list[Command] = [
    c.AddStock(SKU, 30),
    c.AddStock(SKU, 20, expires=START + 42 * DAY),
    c.Misplace(SKU, 4),
    c.Damage(SKU, 3, suspected=True),
    c.Damage(SKU, 2),
    c.Find(SKU, 1),
    c.PlaceOrder(SKU, 6, order="order-1"),
    c.ShipOrder("order-1", quantity=2),
    c.ReturnUnit("order-1", disposition="DEFECTIVE"),
    c.StartTransfer(SKU, 5, "PHX6", "YYZ4"),
    c.Hold(SKU, 1),
    c.Plan(SKU, 9),
    c.Misplace(SKU, 1),
    c.GiveUp(SKU, 1),
    c.ChangeDisposition(SKU, 1, "SELLABLE", "CUSTOMER_DAMAGED"),
]


@pytest.mark.parametrize("number", NUMBERS)
async def test_the_changes_of_a_number_add_up_to_it(
    player: Player, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.services.explanation.CHANGES_SHOWN", 1000)
    for command in LIFE:
        await player.do(command)
        await player.advance(5 * DAY)
    await player.advance(20 * DAY)

    told = await why(player, number)

    assert sum(change.delta for change in told.changes) == told.value
    assert sum(share.units for share in told.shares) == told.value


async def test_research_that_grows_older_leaves_one_number_and_enters_the_next(player: Player) -> None:
    await player.do(c.AddStock(SKU, 5))
    await player.do(c.Misplace(SKU, 2))
    await player.advance(10 * DAY)

    short, mid = await why(player, "researching_in_short_term"), await why(player, "researching_in_mid_term")

    assert (short.value, mid.value) == (0, 2)
    assert [(change.entry.event, change.delta) for change in short.changes] == [("T50", -2), ("F50", 2)]
    assert [(change.entry.event, change.delta) for change in mid.changes] == [("T50", 2)]
    assert mid.changes[0].entry.effective_at == START + 10 * DAY
    assert (mid.changes[0].entry.channel, mid.changes[0].entry.actor) == ("timer", "clock")
    assert mid.shares[0].at == START
    assert mid.shares[0].changed.event == "F50"


async def test_the_past_is_what_had_happened_by_then_inclusive(player: Player) -> None:
    await player.advance(DAY)
    await player.do(c.AddStock(SKU, 10))
    await player.advance(DAY)
    await player.do(c.PlaceOrder(SKU, 4))
    await player.advance(DAY)

    values = [
        (await why(player, "fulfillable", at=START + moment)).value
        for moment in (-DAY, 0 * DAY, DAY - INSTANT, DAY, 2 * DAY - INSTANT, 2 * DAY, 3 * DAY)
    ]

    assert values == [0, 0, 0, 10, 10, 6, 6]
    then = await why(player, "fulfillable", at=START + DAY)
    assert (then.at, then.seq, [change.entry.event for change in then.changes]) == (START + DAY, 2, ["F90"])


async def test_each_marketplace_counts_its_own_country(player: Player) -> None:
    await player.do(c.AddStock(SKU, 5))
    await player.do(c.AddStock(SKU, 7, fc="YYZ4"))

    told = {m: await why(player, "fulfillable", m) for m in (None, US, CA)}

    assert {m: t.value for m, t in told.items()} == {None: 5, US: 5, CA: 7}
    assert (told[None].marketplace_id, told[CA].marketplace_id) == (US, CA)
    assert [share.place for share in told[CA].shares] == ["YYZ4"]


async def test_stock_that_serves_from_elsewhere_counts_as_fulfillable_and_in_the_total_only(player: Player) -> None:
    await player.offer(SKU, marketplace=CA)
    await player.do(c.AddStock(SKU, 5))
    await player.do(c.AddStock(SKU, 7, fc="YYZ4"))
    await player.do(c.Damage(SKU, 1, fc="YYZ4"))
    await player.do(c.PlaceOrder(SKU, 2, marketplace=CA))
    await player.do(c.SetPolicy(remote_serving=True))

    told = {name: (await why(player, name, CA)).value for name in NUMBERS}

    assert {name: value for name, value in told.items() if value} == await by_the_doors(player, CA)
    assert (told["fulfillable"], told["total"], told["total_reserved"]) == (9, 12, 2)
    assert [share.place for share in (await why(player, "fulfillable", CA)).shares] == ["PHX6", "YYZ4"]
    assert [change.delta for change in (await why(player, "fulfillable", CA)).changes] == [-2, -1, 7, 5]


async def test_skus_that_share_an_item_are_named(player: Player) -> None:
    asin = (await player.summary(SKU)).asin
    await player.offer("twin", asin=asin)
    await player.do(c.AddStock("twin", 5))

    told = await why(player, "fulfillable")

    assert (told.value, list(told.skus), told.sku) == (5, [SKU, "twin"], SKU)


async def test_an_explanation_can_be_written_as_json(player: Player) -> None:
    await player.do(c.AddStock(SKU, 5))
    told = await why(player, "fulfillable")

    decoded = msgspec.json.decode(msgspec.json.encode(told))

    assert (decoded["value"], decoded["shares"][0]["units"], decoded["changes"][0]["delta"]) == (5, 5, 5)


@pytest.mark.parametrize("sku", ["B", "a-1", "A-1 x"])
async def test_an_unknown_sku_is_not_found(player: Player, sku: str) -> None:
    with pytest.raises(NotFound):
        await why(player, "total", sku=sku)


@pytest.mark.parametrize("sku", ["", "\0", "\ud800", "x" * 41], ids=repr)
async def test_an_impossible_sku_is_invalid(player: Player, sku: str) -> None:
    with pytest.raises(Invalid):
        await why(player, "total", sku=sku)


async def test_a_sku_is_found_without_the_white_space_around_it(player: Player) -> None:
    assert (await why(player, "total", sku=f" {SKU} ")).sku == SKU


@pytest.mark.parametrize("marketplace", [DE, "nowhere", "\0"], ids=repr)
async def test_a_marketplace_that_is_not_the_sellers_is_invalid(player: Player, marketplace: str) -> None:
    with pytest.raises(Invalid) as refused:
        await why(player, "total", marketplace)

    assert refused.value.field == "marketplace"


@pytest.mark.parametrize("at", [START + INSTANT, START.replace(tzinfo=None)], ids=["the future", "no zone"])
async def test_an_instant_that_the_world_has_not_reached_is_invalid(player: Player, at: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        await why(player, "total", at=at)

    assert refused.value.field == "at"


async def test_an_unknown_seller_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        await explain(database, "A0000000000000", SKU, "total")


async def test_the_same_sku_of_another_seller_is_not_told(player: Player) -> None:
    """Invariant 39."""
    other = await new_player(player.database)
    await other.do(c.CreateItem(SKU, "Other"))
    await other.do(c.AddStock(SKU, 99))

    told = await why(player, "total")

    assert (told.value, told.shares, told.changes) == (0, [], [])


# The numbers of what the seller has himself

PLACE = {"name": "Store", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}


@pytest_asyncio.fixture
async def merchant(database: Database) -> AsyncIterator[Player]:
    """7 units at DEFAULT, 5 at S1; after an hour 2 ordered at S1 and paid, after another 3 ordered there."""
    player = await new_player(database)
    await player.offer(SKU)
    await player.do(c.CreateSource("SHOP", "Store", PLACE, "S1"))
    await player.do(c.SourceStatus("S1", "Active"))
    await player.do(c.SetQuantity(SKU, 7))
    await player.do(c.SetQuantity(SKU, 5, "S1"))
    await player.advance(HOUR)
    paid = await player.answer(c.PlaceOrder(SKU, 2, channel="MFN"), "order")
    await player.do(c.VerifyPayment(paid))
    await player.advance(timedelta(minutes=10))
    await player.do(c.PlaceOrder(SKU, 3, channel="MFN"))
    yield player


MERCHANT = ("mfn_available", "mfn_default", "mfn_pending", "mfn_unshipped", "mfn_reserved")


async def values(player: Player, source: str | None = None, at: datetime | None = None) -> tuple[int, ...]:
    """The merchant's numbers in their order."""
    told = [await explain(player.database, player.id, SKU, name, None, at, source) for name in MERCHANT]
    assert all(one.value == sum(share.units for share in one.shares) for one in told)
    return tuple(one.value for one in told)


async def test_the_merchants_numbers_are_those_of_his_locations_now_and_then(merchant: Player) -> None:
    now = await merchant.now()

    assert await values(merchant) == (7, 7, 3, 2, 5)
    assert await values(merchant, at=now - INSTANT) == (10, 10, 0, 2, 2)
    assert await values(merchant, at=START) == (12, 12, 0, 0, 0)
    assert await values(merchant, at=START - INSTANT) == (0, 0, 0, 0, 0)


async def test_a_merchants_number_may_be_asked_of_one_location_by_id_or_code(merchant: Player) -> None:
    at_source, at_default = await values(merchant, "S1"), await values(merchant, "DEFAULT")

    assert at_source == await values(merchant, "SHOP") == (0, 0, 3, 2, 5)
    assert at_default == (7, 7, 0, 0, 0)
    assert await values(merchant, "SHOP", START) == (5, 5, 0, 0, 0)


async def test_what_lies_at_a_location_that_is_not_open_is_not_shown_by_default(merchant: Player) -> None:
    await merchant.do(c.SetQuantity(SKU, 4, "S1"))
    opened = await values(merchant)
    await merchant.do(c.SourceStatus("S1", "Inactive"))

    closed = await values(merchant)

    assert (opened[:2], closed[:2]) == ((11, 11), (11, 7))
    assert (await values(merchant, "S1"))[:2] == (4, 4)


async def test_a_merchants_number_names_the_entries_behind_it(merchant: Player) -> None:
    told = await explain(merchant.database, merchant.id, SKU, "mfnAvailable", None, None, "S1")

    assert (told.sku, told.skus, told.fnsku) == (SKU, [SKU], SKU)
    assert [(change.entry.event, change.delta) for change in told.changes] == [("M02", -3), ("M02", -2), ("M01", 5)]


@pytest.mark.parametrize("source", ["", "S2", "default", "x" * 500, "S1\0"])
async def test_a_location_that_is_not_the_sellers_is_invalid(merchant: Player, source: str) -> None:
    with pytest.raises(Invalid) as refused:
        await explain(merchant.database, merchant.id, SKU, "mfn_available", None, None, source)

    assert refused.value.field == "source"
