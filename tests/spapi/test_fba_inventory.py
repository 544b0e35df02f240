"""getInventorySummaries: what may be asked, and what is answered; and that no seller sees another's stock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from entrepot.api.spapi.decoding import parse_instant
from tests.running import RunningServer
from tests.spapi.program import (
    CA,
    ITEMS,
    START,
    US,
    NewSeller,
    Program,
    errors,
    new_program,
    outcome,
    refused,
    skus_of,
    summaries_target,
)

# The shape


def test_a_summary_says_what_the_item_is_and_how_many_there_are(new_seller: NewSeller) -> None:
    program = new_seller(clock=START.isoformat(), seed=7)
    program.stocked(5, sku="KETTLE")

    body = program.summaries().json()

    assert body == {
        "payload": {
            "granularity": {"granularityType": "Marketplace", "granularityId": US},
            "inventorySummaries": [
                {
                    "asin": "B0BJIVLY5W",
                    "fnSku": "X001M6KZS9",
                    "sellerSku": "KETTLE",
                    "condition": "NewItem",
                    "lastUpdatedTime": "2026-03-31T12:00:00Z",
                    "productName": "A kettle",
                    "totalQuantity": 5,
                }
            ],
        }
    }


@pytest.mark.parametrize("spelling", ["true", "True", "TRUE", "tRuE"])
def test_details_are_given_to_whoever_asks_in_any_case(program: Program, spelling: str) -> None:
    sku = program.stocked(5)

    [summary] = program.summaries(sellerSku=sku, details=spelling).json()["payload"]["inventorySummaries"]

    assert summary["inventoryDetails"] == {
        "fulfillableQuantity": 5,
        "inboundWorkingQuantity": 0,
        "inboundShippedQuantity": 0,
        "inboundReceivingQuantity": 0,
        "reservedQuantity": {
            "totalReservedQuantity": 0,
            "pendingCustomerOrderQuantity": 0,
            "pendingTransshipmentQuantity": 0,
            "fcProcessingQuantity": 0,
        },
        "researchingQuantity": {
            "totalResearchingQuantity": 0,
            "researchingQuantityBreakdown": [
                {"name": "researchingQuantityInShortTerm", "quantity": 0},
                {"name": "researchingQuantityInMidTerm", "quantity": 0},
                {"name": "researchingQuantityInLongTerm", "quantity": 0},
            ],
        },
        "unfulfillableQuantity": {
            "totalUnfulfillableQuantity": 0,
            "customerDamagedQuantity": 0,
            "warehouseDamagedQuantity": 0,
            "distributorDamagedQuantity": 0,
            "carrierDamagedQuantity": 0,
            "defectiveQuantity": 0,
            "expiredQuantity": 0,
        },
        "futureSupplyQuantity": {"reservedFutureSupplyQuantity": 0, "futureSupplyBuyableQuantity": 0},
    }


@pytest.mark.parametrize("spelling", [None, "", "false", "False", "FALSE"])
def test_nobody_else_is_given_details(program: Program, spelling: str | None) -> None:
    sku = program.stocked(5)

    [summary] = program.summaries(sellerSku=sku, details=spelling).json()["payload"]["inventorySummaries"]

    assert "inventoryDetails" not in summary


def test_every_quantity_stands_in_its_own_place(new_seller: NewSeller) -> None:
    program = new_seller(clock=START.isoformat())
    sku = program.stocked(10_000)
    program.world("set_policy", putaway="FC_PROCESSING")

    # Each quantity is another power of two, so that no two can be confused.
    for power, disposition in enumerate(
        ["CUSTOMER_DAMAGED", "WAREHOUSE_DAMAGED", "DISTRIBUTOR_DAMAGED", "CARRIER_DAMAGED", "DEFECTIVE", "EXPIRED"]
    ):
        program.world("change_disposition", sku=sku, quantity=2**power, before="SELLABLE", after=disposition)
    program.world("place_order", sku=sku, quantity=64)
    program.world("transfer", sku=sku, quantity=128, origin="PHX6", destination="LAX9")
    program.world("hold", sku=sku, quantity=256)
    program.world("misplace", sku=sku, quantity=512)
    program.world("advance", duration="10d")
    program.world("misplace", sku=sku, quantity=1024)
    program.world("advance", duration="10d")
    program.world("misplace", sku=sku, quantity=2048)
    program.world("plan", sku=sku, quantity=4096)
    shipped = program.world("plan", sku=sku, quantity=8192)["shipment"]
    program.world("ship", shipment=shipped)
    receiving = program.world("plan", sku=sku, quantity=16384 + 1)["shipment"]
    program.world("ship", shipment=receiving)
    program.world("receive", shipment=receiving, sku=sku, quantity=1)
    summary = program.summary(sku)

    fulfillable = 10_000 - 63 - 64 - 128 - 256 - 512 - 1024 - 2048
    in_centres = fulfillable + 63 + 64 + 128 + 256 + 1
    details = summary["inventoryDetails"]
    assert summary["totalQuantity"] == in_centres + 4096 + 8192 + 16384
    assert details["fulfillableQuantity"] == fulfillable
    assert details["inboundWorkingQuantity"] == 4096
    assert details["inboundShippedQuantity"] == 8192
    assert details["inboundReceivingQuantity"] == 16384
    assert details["reservedQuantity"] == {
        "totalReservedQuantity": 64 + 128 + 256 + 1,
        "pendingCustomerOrderQuantity": 64,
        "pendingTransshipmentQuantity": 128,
        "fcProcessingQuantity": 256 + 1,
    }
    assert details["researchingQuantity"] == {
        "totalResearchingQuantity": 512 + 1024 + 2048,
        "researchingQuantityBreakdown": [
            {"name": "researchingQuantityInShortTerm", "quantity": 2048},
            {"name": "researchingQuantityInMidTerm", "quantity": 1024},
            {"name": "researchingQuantityInLongTerm", "quantity": 512},
        ],
    }
    assert details["unfulfillableQuantity"] == {
        "totalUnfulfillableQuantity": 63,
        "customerDamagedQuantity": 1,
        "warehouseDamagedQuantity": 2,
        "distributorDamagedQuantity": 4,
        "carrierDamagedQuantity": 8,
        "defectiveQuantity": 16,
        "expiredQuantity": 32,
    }


def test_each_marketplace_shows_its_own_stock_and_titles(program: Program) -> None:
    sku = program.stocked(5)
    program.create(sku, CA, title="Une bouilloire")
    program.add((sku, 3), marketplace=CA)

    in_us, in_canada = program.summary(sku), program.summary(sku, CA)

    assert (in_us["productName"], in_us["totalQuantity"]) == ("A kettle", 5)
    assert (in_canada["productName"], in_canada["totalQuantity"]) == ("Une bouilloire", 3)
    assert (in_us["asin"], in_us["fnSku"]) == (in_canada["asin"], in_canada["fnSku"])


# What is asked for

QUERY_REFUSALS = [
    # in the order of the checks: each row also breaks everything that is checked later
    ({"granularityType": None, "granularityId": None}, "granularityType is required and must be Marketplace"),
    ({"granularityType": "marketplace"}, "granularityType is required and must be Marketplace"),
    ({"granularityType": "", "granularityId": ""}, "granularityType is required and must be Marketplace"),
    ({"granularityId": None, "marketplaceIds": None}, "granularityId is required"),
    ({"granularityId": "", "marketplaceIds": ""}, "granularityId is required"),
    ({"marketplaceIds": None, "details": "maybe"}, "marketplaceIds is required and takes exactly one marketplace"),
    ({"marketplaceIds": "", "details": "maybe"}, "marketplaceIds is required and takes exactly one marketplace"),
    ({"marketplaceIds": f"{US},{CA}"}, "marketplaceIds is required and takes exactly one marketplace"),
    ({"marketplaceIds": [US, CA]}, "marketplaceIds is required and takes exactly one marketplace"),
    ({"marketplaceIds": "NOWHERE", "granularityId": CA}, "this is not a marketplace id"),
    ({"marketplaceIds": "US"}, "this is not a marketplace id"),
    ({"granularityId": CA, "startDateTime": "never"}, "granularityId must be the marketplace of marketplaceIds"),
    ({"sellerSkus": ",".join(map(str, range(51)))}, "sellerSkus takes at most 50 SKUs, not 51"),
    ({"sellerSkus": list(range(51))}, "sellerSkus takes at most 50 SKUs, not 51"),
    ({"details": "1"}, "details must be true or false"),
    ({"details": "yes"}, "details must be true or false"),
]


@pytest.mark.parametrize(("query", "details"), QUERY_REFUSALS)
def test_a_query_that_is_not_understood_is_refused(program: Program, query: dict[str, Any], details: str) -> None:
    response = program.summaries(**query)

    assert outcome(response) == refused(details)


def test_names_of_parameters_are_case_sensitive_and_unknown_ones_are_ignored(program: Program) -> None:
    sku = program.stocked()
    noise = {"MarketplaceId": "x", "MarketplaceIds": "x,y", "marketplace_ids": "", "SellerSku": "x", "é": "%"}

    understood = program.summaries(sellerSku=sku, **noise)
    not_understood = program.summaries(marketplaceIds=None, MarketplaceIds=US)

    assert skus_of(understood) == [sku]
    assert not_understood.status_code == 400


def test_no_filter_gives_everything_in_the_order_of_code_points(new_seller: NewSeller) -> None:
    program = new_seller()
    skus = ["b", "B", "ä", "a b", "a", "10", "9", "\uff61", "😀", "-", "~"]
    for sku in skus:
        program.stocked(sku=sku)

    listed = program.listed()

    assert listed == ["-", "10", "9", "B", "a", "a b", "b", "~", "ä", "\uff61", "😀"]


def test_seller_skus_beat_seller_sku_and_both_lose_to_a_start_date(new_seller: NewSeller) -> None:
    program = new_seller(clock=START.isoformat())
    for sku in ("A", "B", "C"):
        program.stocked(1, sku=sku)
    program.world("advance", duration="1h")
    program.add(("C", 1))
    start = (START + timedelta(minutes=1)).isoformat()

    one = program.listed(sellerSku="A")
    some = program.listed(sellerSkus="B", sellerSku="A")
    changed = program.listed(startDateTime=start, sellerSkus="B", sellerSku="A")
    too_many_but_ignored = program.listed(startDateTime=start, sellerSkus=list(range(51)))

    assert (one, some, changed, too_many_but_ignored) == (["A"], ["B"], ["C"], ["C"])


@pytest.mark.parametrize("join", ["{0},{1}", "{0}&sellerSkus={1}", "{0},&sellerSkus=,{1},", "{0}%2C{1}", "{0},{0},{1}"])
def test_an_array_may_be_joined_or_repeated(program: Program, join: str) -> None:
    first, second = sorted([program.stocked(), program.stocked()])
    program.stocked()

    response = program.call("GET", f"{summaries_target()}&sellerSkus={join.format(first, second)}")

    assert skus_of(response) == [first, second]


def test_fifty_skus_may_be_named_and_unknown_ones_are_left_out(program: Program) -> None:
    sku = program.stocked()

    listed = program.listed(sellerSkus=",".join([*(f"none-{number}" for number in range(49)), sku]))

    assert listed == [sku]


def test_only_seller_sku_can_name_a_sku_with_a_comma(program: Program) -> None:
    program.stocked(sku="comma,ted")

    assert program.listed(sellerSku="comma,ted") == ["comma,ted"]
    assert program.listed(sellerSkus="comma,ted") == []


def test_an_unknown_sku_is_an_empty_page_and_no_error(program: Program) -> None:
    for sku in ("NONE", "x" * 41, "x" * 5000, "\0", "a\nb", "%"):
        response = program.summaries(sellerSku=sku)

        granularity = {"granularityType": "Marketplace", "granularityId": US}
        assert outcome(response) == (200, {"payload": {"granularity": granularity, "inventorySummaries": []}})


WEIRD = ["S/1 b%2F#+ä", "100%", "a+b", "a&b=c?d", "..", "'\"`\\", "<b>", "😀👍🏽", "日本", "x" * 40, "ä" * 40, "%00"]


@pytest.mark.parametrize("sku", WEIRD)
def test_a_weird_sku_is_created_stocked_read_and_deleted(program: Program, sku: str) -> None:
    program.create(sku)
    program.add((sku, 3))
    by_one, by_many = program.listed(sellerSku=sku), program.listed(sellerSkus=sku)
    total = program.total(sku)
    deleted = program.delete(sku)

    assert (by_one, by_many, total) == ([sku], [sku], 3)
    assert outcome(deleted) == (200, {})
    assert program.listed(sellerSku=sku) == []


def test_a_plus_is_a_blank_in_a_query_and_a_plus_in_a_path(program: Program) -> None:
    program.stocked(sku="p l")
    program.stocked(sku="p+l")

    blank = program.call("GET", f"{summaries_target()}&sellerSku=p+l")
    plus = program.call("GET", f"{summaries_target()}&sellerSku=p%2Bl")
    program.call("DELETE", f"{ITEMS}/p+l?marketplaceId={US}")

    assert (skus_of(blank), skus_of(plus)) == (["p l"], ["p+l"])
    assert (program.listed(sellerSku="p l"), program.listed(sellerSku="p+l")) == (["p l"], [])


def test_a_sku_is_the_same_however_its_accents_are_composed(program: Program) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    program.stocked(2, sku=decomposed)

    program.add((decomposed, 3))

    assert program.listed(sellerSku=decomposed) == [composed]
    assert program.listed(sellerSkus=f"{decomposed},x") == [composed]
    assert program.total(composed) == 5
    assert program.delete(decomposed).status_code == 200


def test_blanks_around_a_sku_are_not_part_of_it(program: Program) -> None:
    program.stocked(1, sku=" kettle\t")

    assert program.listed(sellerSkus="x, kettle ") == ["kettle"]
    assert program.listed(sellerSku=" kettle") == ["kettle"]


# Changes since

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SPELLINGS = {
    "2026-01-02T03:04:05Z": MOMENT,
    "2026-01-02T03:04:05.678Z": MOMENT.replace(microsecond=678000),
    "2026-01-02T03:04:05.678000+00:00": MOMENT.replace(microsecond=678000),
    "2026-01-02 03:04:05+00:00": MOMENT,
    "2026-01-02 03:04:05 00:00": MOMENT,  # a plus that became a blank
    "2026-01-02T03:04:05": MOMENT,
    "2026-01-02t03:04:05z": MOMENT,
    "2026-01-02T05:04:05+02:00": MOMENT,
    "2026-01-01T21:04:05-0600": MOMENT,
    "2026-01-02T03:04:05.123456789Z": MOMENT.replace(microsecond=123456),
    "2026-01-02T03:04:05.1Z": MOMENT.replace(microsecond=100000),
    "2026-01-02T03:04Z": MOMENT.replace(second=0),
    "2026-01-02": MOMENT.replace(hour=0, minute=0, second=0),
    " 2026-01-02T03:04:05Z ": MOMENT,
}


@pytest.mark.parametrize(("text", "instant"), SPELLINGS.items())
def test_dates_are_read_as_clients_write_them(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant


@pytest.fixture(scope="module")
def story(server: RunningServer) -> Iterator[Program]:
    """A seller with one SKU that changed before `MOMENT`, and one that changed after it."""
    program = new_program(server, clock=(MOMENT - timedelta(seconds=1)).isoformat())
    program.stocked(1, sku="before")
    program.world("advance", duration="2s")
    program.stocked(1, sku="after")
    yield program
    program.http.close()


@pytest.mark.parametrize("text", [text for text, instant in SPELLINGS.items() if abs(instant - MOMENT).seconds < 1])
def test_every_spelling_of_a_date_gives_what_changed_since(story: Program, text: str) -> None:
    encoded = story.listed(startDateTime=text)
    blanks_as_plus = story.call("GET", f"{summaries_target()}&startDateTime={quote(text, safe=' :').replace(' ', '+')}")

    assert encoded == ["after"]
    assert skus_of(blanks_as_plus) == ["after"]


NO_DATES = [
    "yesterday",
    "1767323045",
    "2026-02-30T00:00:00Z",
    "2026-01-02T25:00:00Z",
    "02/01/2026",
    "2026-01-02T03:04:05+99:00",
    "0001-01-01T00:00:00+05:00",
    "9999-12-31T23:59:59-05:00",
    "٢٠٢٦-01-02",
    "\0",
]


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date_is_refused_in_amazons_words(program: Program, text: str) -> None:
    response = program.summaries(startDateTime=text)

    message = "Query parameter [startDateTime] value is not a valid ISO date-time object"
    assert outcome(response) == (400, errors("InvalidInput", message, ""))


def test_changes_are_known_for_eighteen_months(new_seller: NewSeller) -> None:
    # 18 months before the last of March is the last of September.
    program = new_seller(clock="2026-03-31T12:00:00Z")

    within = program.summaries(startDateTime="2024-09-30T12:00:00Z")
    beyond = program.summaries(startDateTime="2024-09-30T11:59:59Z")

    assert within.status_code == 200
    assert outcome(beyond) == refused("startDateTime must not be earlier than 18 months ago")


def test_announced_and_travelling_units_are_no_changes_but_received_ones_are(new_seller: NewSeller) -> None:
    program = new_seller(clock=START.isoformat())
    sku = program.stocked(1)
    program.world("advance", duration="1h")
    since = (START + timedelta(minutes=1)).isoformat()

    shipment = program.world("plan", sku=sku, quantity=5)["shipment"]
    program.world("ship", shipment=shipment)
    announced = program.listed(startDateTime=since)
    program.world("receive", shipment=shipment, sku=sku, quantity=1)
    received = program.listed(startDateTime=since)

    assert (announced, received) == ([], [sku])


def test_a_move_between_states_is_a_change_even_if_the_total_stays(new_seller: NewSeller) -> None:
    program = new_seller(clock=START.isoformat())
    verbs = ["expire", "hold", "misplace", "place_order"]
    for sku in (*verbs, "untouched"):
        program.stocked(5, sku=sku)
    program.world("advance", duration="1h")

    for verb in verbs:
        program.world(verb, sku=verb, quantity=1)

    assert program.listed(startDateTime=(START + timedelta(minutes=1)).isoformat()) == verbs
    assert program.summary("hold")["lastUpdatedTime"] == "2026-03-31T13:00:00Z"
    assert program.summary("untouched")["lastUpdatedTime"] == "2026-03-31T12:00:00Z"


# Other sellers


def test_no_answer_to_one_seller_shows_anything_of_another(new_seller: NewSeller) -> None:
    mine, theirs = new_seller(), new_seller()
    for sku in ("A", "B", "C"):
        theirs.create(sku, title=f"SECRET {sku}")
        theirs.add((sku, 987_654_321))
    theirs.world("place_order", sku="C", quantity=7, order="SECRET-ORDER")
    mine.stocked(1, sku="A")
    their_page = theirs.summaries(details="true").text
    their_summaries = json.loads(their_page)["payload"]["inventorySummaries"]
    their_ids = [summary[name] for summary in their_summaries for name in ("asin", "fnSku")]

    answers = [
        mine.summaries(details="true"),
        mine.summaries(sellerSku="B"),
        mine.summaries(sellerSkus="A,B,C"),
        mine.summaries(startDateTime=(datetime.now(UTC) - timedelta(days=1)).isoformat()),
        mine.create("B", title="Mine"),
        mine.create("B", title="Mine again"),
        mine.add(("C", 1)),
        mine.delete("C"),
        mine.delete("A"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 200, 400, 404, 404, 200]
    for answer in answers:
        for secret in ("SECRET", "987654321", "987654314", theirs.seller_id, *their_ids):
            assert secret not in answer.text
    assert theirs.summaries(details="true").text == their_page
