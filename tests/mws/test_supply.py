"""ListInventorySupply and its pages, operation by operation, on the shared test database."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pytest
import pytest_asyncio
from lxml import etree

from entrepot.api.http import Request, Response
from entrepot.api.mws.fulfillment_inventory import OPERATIONS
from entrepot.api.mws.messages import problem_response
from entrepot.api.mws.operation import Call, Services
from entrepot.api.mws.parameters import Parameters
from entrepot.api.mws.sections import FULFILLMENT_INVENTORY
from entrepot.api.paging import Pager
from entrepot.domain import commands as c
from entrepot.domain.conditions import CONDITIONS
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.services.secrets import Keyring
from entrepot.services.supply import Supplies
from entrepot.storage.database import Database
from tests.cast import CA, DE, START, US, Player, new_player

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SKU = "A-1"
NAMESPACE = "http://mws.amazonaws.com/FulfillmentInventory/2010-10-01/"
LIST, NEXT = "ListInventorySupply", "ListInventorySupplyByNextToken"
HANDLERS = {operation.action: operation.handle for operation in OPERATIONS}

Tree = Any  # the answer as names and what is in them


@dataclass
class _SomeServices:
    """Of the room's services those that these operations use."""

    pager: Pager
    supplies: Supplies


@dataclass(frozen=True)
class Door:
    """The operations, for one seller. `clock` is what the time is for tokens."""

    player: Player
    clock: Callable[[], float] = time.time

    async def ask(self, action: str = LIST, **parameters: str) -> Response:
        pager = Pager(Keyring(b"k" * 32), self.clock)
        call = Call(
            Request("POST", "/", "", {}, request_id="11111111-2222-3333-4444-555555555555"),
            Parameters(parameters),
            FULFILLMENT_INVENTORY,
            action,
            self.player.id,
            (US, CA),
            MARKETPLACES[US],
            "AKIA",
            0.0,
            False,
            cast(Services, _SomeServices(pager, Supplies(self.player.database))),
            _no_body(),
        )
        try:
            return await HANDLERS[action](call)
        except Exception as problem:
            return problem_response(problem, FULFILLMENT_INVENTORY, call.request.request_id, 0.0)

    async def result(self, action: str = LIST, **parameters: str) -> Tree:
        """What is in a good answer's result."""
        response = await self.ask(action, **parameters)
        root = etree.fromstring(response.body)
        assert response.status == 200, response.body
        assert root.tag == f"{{{NAMESPACE}}}{action}Response"
        assert [plain(child) for child in root] == [f"{action}Result", "ResponseMetadata"]
        return tree(root[0])

    async def members(self, action: str = LIST, **parameters: str) -> list[dict[str, Any]]:
        """The members of a good answer, each as its elements by name."""
        found = await self.result(action, **parameters)
        return [dict(member) for _, member in dict(found)["InventorySupplyList"] or ()]

    async def refusal(self, action: str = LIST, **parameters: str) -> tuple[int, str, str]:
        """The status, code and message of an error of the service."""
        response = await self.ask(action, **parameters)
        root = etree.fromstring(response.body)
        names = [f"{{{NAMESPACE}}}{name}" for name in ("ErrorResponse", "Error", "RequestId")]
        assert [root.tag, *(child.tag for child in root)] == names
        error = dict(tree(root[0]))
        assert list(error) == ["Type", "Code", "Message"]
        return response.status, error["Code"], error["Message"]


async def _no_body() -> AsyncIterator[bytes]:
    for chunk in tuple[bytes, ...]():
        yield chunk


def plain(element: Any) -> str:
    return str(etree.QName(element).localname)


def tree(element: Any) -> Tree:
    """An element's text, or its children in order as (name, what is in it); None if it is empty."""
    if len(element):
        return [(plain(child), tree(child)) for child in element]
    return element.text


def sellers_skus(*skus: str) -> dict[str, str]:
    return {f"SellerSkus.member.{number}": sku for number, sku in enumerate(skus, 1)}


@pytest_asyncio.fixture
async def player(database: Database) -> Player:
    return await new_player(database)


@pytest.fixture
def door(player: Player) -> Door:
    return Door(player)


# By SKU.


async def test_a_sku_is_told_with_its_identity_quantities_and_earliest_time(player: Player, door: Door) -> None:
    asin = await player.answer(c.CreateItem(SKU, "Kettle"), "asin")
    await player.do(c.AddStock(SKU, 15))
    fnsku = (await player.summary(SKU)).fnsku

    found = await door.result(**sellers_skus(SKU))

    assert found == [
        ("MarketplaceId", US),
        ("InventorySupplyList", [
            ("member", [
                ("SellerSKU", SKU),
                ("FNSKU", fnsku),
                ("ASIN", asin),
                ("Condition", "NewItem"),
                ("TotalSupplyQuantity", "15"),
                ("InStockSupplyQuantity", "15"),
                ("EarliestAvailability", [("TimepointType", "Immediately")]),
                ("SupplyDetail", None),
            ]),
        ]),
    ]  # fmt: skip


async def test_detailed_has_a_row_for_each_kind_and_time(player: Player, door: Door) -> None:
    await player.offer(SKU)
    await player.do(c.AddStock(SKU, 5))
    await player.do(c.StartTransfer(SKU, 1, "PHX6", "JFK8"))
    shipment = await player.answer(c.Plan(SKU, 20), "shipment")
    await player.do(c.Ship(shipment, eta=START + DAY + timedelta(milliseconds=250)))
    await player.do(c.Receive(shipment, SKU, 13))

    [found] = await door.members(**sellers_skus(SKU), ResponseGroup="Detailed")

    def at(*timepoint: tuple[str, str]) -> list[tuple[str, Any]]:
        return [("EarliestAvailableToPick", list(timepoint)), ("LatestAvailableToPick", list(timepoint))]

    dated = ("TimepointType", "DateTime")
    assert (found["TotalSupplyQuantity"], found["InStockSupplyQuantity"]) == ("25", "17")
    assert found["EarliestAvailability"] == [("TimepointType", "Immediately")]
    assert [row for _, row in found["SupplyDetail"]] == [
        [("Quantity", "4"), ("SupplyType", "InStock"), *at(("TimepointType", "Immediately"))],
        [("Quantity", "13"), ("SupplyType", "InStock"), *at(dated, ("DateTime", "2026-03-02T00:00:00Z"))],
        [("Quantity", "7"), ("SupplyType", "Inbound"), *at(dated, ("DateTime", "2026-03-02T12:00:00.250Z"))],
        [("Quantity", "1"), ("SupplyType", "Transfer"), *at(("TimepointType", "Unknown"))],
    ]


async def test_basic_says_the_same_of_a_sku_as_detailed_but_no_rows(player: Player, door: Door) -> None:
    """Invariant 18."""
    await player.offer(SKU, "B")
    shipment = await player.answer(c.Plan(SKU, 20), "shipment")
    await player.do(c.Ship(shipment, eta=START + DAY))

    basic = await door.members(**sellers_skus(SKU, "B"))
    detailed = await door.members(**sellers_skus(SKU, "B"), ResponseGroup="Detailed")

    assert [member["SupplyDetail"] for member in basic] == [None, None]
    assert detailed[0]["SupplyDetail"]
    assert [member | {"SupplyDetail": None} for member in detailed] == basic
    assert await door.members(**sellers_skus(SKU, "B"), ResponseGroup="Basic") == basic


async def test_without_supply_there_is_no_earliest_time(player: Player, door: Door) -> None:
    await player.offer(SKU)

    [found] = await door.members(**sellers_skus(SKU), ResponseGroup="Detailed")

    assert (found["TotalSupplyQuantity"], found["InStockSupplyQuantity"]) == ("0", "0")
    assert "EarliestAvailability" not in found
    assert found["SupplyDetail"] is None


@pytest.mark.parametrize("group", ["Basic", "Detailed"])
async def test_a_sku_that_the_warehouse_does_not_sell_there_is_a_name_with_zeros(
    player: Player, door: Door, group: str
) -> None:
    """As it was recorded."""
    await player.offer("in Canada", marketplace=CA)

    found = await door.members(**sellers_skus("never heard of", "in Canada"), ResponseGroup=group)

    assert found == [
        {"SellerSKU": sku, "TotalSupplyQuantity": "0", "InStockSupplyQuantity": "0"}
        for sku in ("never heard of", "in Canada")
    ]


# What no command leads to: a SKU of which neither condition nor ASIN is known.
UNCONDITIONED = (
    "insert into skus select seller_id, 'none', 'X0000000XX', '', '', barcode from skus"
    " where seller_id = $1 and sku = 'Club'",
    "insert into offers select seller_id, marketplace_id, 'none', created_seq, title, created_at from offers"
    " where seller_id = $1 and sku = 'Club'",
    "insert into positions (seller_id, country, item, stock_seq, any_seq, any_at)"
    " values ($1, 'US', 'X0000000XX', 1, 1, now())",
)
# Others look whether the books of all sellers are clean.
FORGOTTEN = (
    "delete from positions where seller_id = $1 and item = 'X0000000XX'",
    "delete from offers where seller_id = $1 and sku = 'none'",
    "delete from skus where seller_id = $1 and sku = 'none'",
)


async def _executed(player: Player, statements: Sequence[str]) -> None:
    async with player.database.write() as connection:
        for sql in statements:
            await connection.execute(sql, player.id)


async def test_conditions_are_their_literals_and_an_unknown_one_is_empty(player: Player, door: Door) -> None:
    literals = [condition.literal for condition in CONDITIONS]
    for literal in literals:
        await player.offer(literal, condition=literal)
    await _executed(player, UNCONDITIONED)

    found = await door.members(**sellers_skus(*literals, "none"))

    await _executed(player, FORGOTTEN)
    assert [member["Condition"] for member in found] == [*literals, None]
    assert "ASIN" not in found[-1]


async def test_a_commingled_item_has_its_asin_as_fnsku(player: Player, door: Door) -> None:
    await player.offer(SKU, asin="B00008UI0R", barcode="manufacturer")

    [found] = await door.members(**sellers_skus(SKU))

    assert (found["FNSKU"], found["ASIN"]) == ("B00008UI0R", "B00008UI0R")


NASTY = ["<b>&amp;</b>", "a & b]]>", "x\u2028y", "商品 📦", "'\"", "a b", "a\ufffeb", "\uffff"]


async def test_any_sku_is_told_letter_for_letter_but_for_what_xml_cannot_hold(player: Player, door: Door) -> None:
    await player.offer(*NASTY)
    unknown = ["no <such> & \u0001", "tab\tand\r\nlines"]

    found = await door.members(**sellers_skus(*NASTY, *unknown))

    written = re.compile("[\u0001\ufffe\uffff]")
    assert [member["SellerSKU"] for member in found] == [written.sub("\ufffd", sku) for sku in (*NASTY, *unknown)]
    assert all("FNSKU" in member for member in found[: len(NASTY)])


async def test_fifty_skus_are_one_answer_in_the_order_of_their_numbers(player: Player, door: Door) -> None:
    names = [f"S-{number}" for number in range(50)]
    await player.offer(*names)

    found = dict(await door.result(**sellers_skus(*reversed(names))))

    assert [dict(member)["SellerSKU"] for _, member in found["InventorySupplyList"]] == names[::-1]
    assert "NextToken" not in found


# By time.


@pytest.mark.parametrize("name", ["QueryStartDateTime", "QueryStartTime"])
async def test_a_start_time_selects_what_changed_at_it_or_later(player: Player, door: Door, name: str) -> None:
    await player.offer(SKU, "B")
    await player.advance(DAY)
    await player.do(c.AddStock("B", 1))

    async def since(start: str) -> list[str]:
        return [member["SellerSKU"] for member in await door.members(**{name: start})]

    assert await since("2026-03-02T12:00:00Z") == ["B"]
    assert await since("2026-03-02T12:00:00.001Z") == []
    assert await since("2026-03-02T13:00:00+01:00") == ["B"]
    assert await since("2026-03-02") == ["B"]
    assert await since("2011-05-03T06:00:00Z") == [SKU, "B"]


async def test_when_nothing_changed_the_list_is_empty(player: Player, door: Door) -> None:
    """As it was recorded."""
    found = await door.result(QueryStartDateTime="2026-03-01T00:00:00Z")

    assert found == [("MarketplaceId", US), ("InventorySupplyList", None)]


async def test_another_marketplace_of_the_seller_may_be_named(player: Player, door: Door) -> None:
    await player.offer(SKU, marketplace=CA)
    await player.do(c.AddStock(SKU, 3, fc="YYZ4"))

    by_sku = dict(await door.result(**sellers_skus(SKU), MarketplaceId=CA))
    by_time = dict(await door.result(QueryStartDateTime="2026-03-01", MarketplaceId=CA))

    assert by_sku == by_time
    assert by_sku["MarketplaceId"] == CA
    assert dict(by_sku["InventorySupplyList"][0][1])["TotalSupplyQuantity"] == "3"


# Pages.


async def stocked(player: Player, count: int) -> list[str]:
    names = [f"S-{number:03}" for number in range(count)]
    await player.offer(*names)
    return names


async def test_pages_follow_by_next_token_and_go_on_as_the_first_was_asked(player: Player, door: Door) -> None:
    names = await stocked(player, 120)
    await player.do(c.AddStock("S-110", 4))

    first = dict(await door.result(QueryStartDateTime="2026-03-01", ResponseGroup="Detailed"))
    await player.do(c.PlaceOrder("S-110", 4))
    second = dict(await door.result(NEXT, NextToken=first["NextToken"]))
    third = dict(await door.result(NEXT, NextToken=second["NextToken"]))

    pages = [[dict(member) for _, member in page["InventorySupplyList"]] for page in (first, second, third)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [member["SellerSKU"] for page in pages for member in page] == names
    assert [list(page) for page in (first, second, third)] == [
        ["MarketplaceId", "InventorySupplyList", "NextToken"],
        ["MarketplaceId", "InventorySupplyList", "NextToken"],
        ["MarketplaceId", "InventorySupplyList"],
    ]
    [row] = pages[2][10]["SupplyDetail"]
    assert row[1][0] == ("Quantity", "4")


async def test_a_next_token_is_good_for_half_an_hour_and_its_seller(player: Player, database: Database) -> None:
    await stocked(player, 51)
    at, later, too_late = (Door(player, clock=partial(float, after)) for after in (1000, 2799, 2801))
    token = dict(await at.result(QueryStartDateTime="2026-03-01"))["NextToken"]
    stranger = replace(at, player=await new_player(database))

    assert len(await later.members(NEXT, NextToken=token)) == 1
    assert (await too_late.refusal(NEXT, NextToken=token))[:2] == (400, "NextTokenCorrupted")
    assert (await stranger.refusal(NEXT, NextToken=token))[:2] == (400, "NextTokenCorrupted")


@pytest.mark.parametrize("token", ["x", "2YgYW55IGNhcm5hbCBwbGVhc3VyZS4=", "é", "A" * 10_000, "\ufffd"])
async def test_a_next_token_that_is_none_of_ours_is_corrupted(door: Door, token: str) -> None:
    assert (await door.refusal(NEXT, NextToken=token))[:2] == (400, "NextTokenCorrupted")


async def test_the_next_page_needs_a_token(door: Door) -> None:
    text = (
        "1 validation error detected: Value null at 'nextToken' failed to satisfy constraint: Member must not be null"
    )

    assert await door.refusal(NEXT) == (400, "ValidationError", text)


# Refusals.


@pytest.mark.parametrize(
    "parameters",
    [{}, {"ResponseGroup": "Basic"}, {"SellerSkuList.member.1": SKU}, {"SellerSkus.member.1": ""}, {"SellerSkus": SKU}],
)
async def test_one_of_the_two_filters_is_needed(door: Door, parameters: dict[str, str]) -> None:
    text = "One of SellerSkus and QueryStartDateTime is required"

    assert await door.refusal(**parameters) == (400, "InvalidRequestException", text)


@pytest.mark.parametrize("name", ["QueryStartDateTime", "QueryStartTime"])
async def test_only_one_of_the_two_filters_is_allowed(door: Door, name: str) -> None:
    status, code, message = await door.refusal(**sellers_skus(SKU), **{name: "2026-03-01T00:00:00Z"})

    assert (status, code) == (400, "InvalidRequestException")
    assert message == "Only one of SellerSkus and QueryStartDateTime is allowed"


BY_SKU = sellers_skus(SKU)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (sellers_skus(*map(str, range(51))), "SellerSkus takes at most 50 SKUs, not 51"),
        ({"QueryStartDateTime": "yesterday"}, "Invalid QueryStartDateTime: yesterday"),
        ({"QueryStartTime": "2026-02-30"}, "Invalid QueryStartDateTime: 2026-02-30"),
        (BY_SKU | {"ResponseGroup": "Full"}, "Invalid ResponseGroup: Full (one of Basic, Detailed)"),
        (BY_SKU | {"MarketplaceId": DE}, f"Invalid MarketplaceId: {DE} (not one of the seller's)"),
        (BY_SKU | {"MarketplaceId": "<&"}, "Invalid MarketplaceId: <&"),
    ],
)
async def test_a_parameter_that_is_not_as_it_should_be_is_refused(
    door: Door, parameters: dict[str, str], said: str
) -> None:
    status, code, message = await door.refusal(**parameters)

    assert (status, code) == (400, "InvalidParameterValue")
    assert message.startswith(said)


def test_both_operations_share_their_quota() -> None:
    """30 at once, two more each second, for both together; none by the hour."""
    plans = {(one.bucket, one.quota.burst, one.quota.rate, one.hourly) for one in OPERATIONS}

    assert [one.action for one in OPERATIONS] == [LIST, NEXT]
    assert plans == {(LIST, 30, 2, None)}
