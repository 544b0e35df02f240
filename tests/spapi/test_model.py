"""Every answer of the four operations is one that Amazon's own model describes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import httpx
import jsonschema
import pytest

from tests.running import RunningServer
from tests.spapi.model import FORMATS, answers, assert_as_modelled, definitions, needs_model
from tests.spapi.program import CA, DE, ITEMS, SUMMARIES, US, NewSeller, Program, at_once, next_token, summaries_target

pytestmark = needs_model

READ = "getInventorySummaries"
WRITES = ["createInventoryItem", "addInventory", "deleteInventoryItem"]


def test_the_model_describes_the_operations_that_are_tested() -> None:
    described: defaultdict[str, set[str]] = defaultdict(set)
    for operation, _, status, _ in answers():
        described[operation].add(status)

    assert set(described) == {READ, *WRITES}
    assert all({"200", "400", "403", "404", "429", "500", "503"} <= statuses for statuses in described.values())


def test_summaries_of_stock_in_every_state_are_as_modelled(new_seller: NewSeller) -> None:
    program = new_seller(marketplaces=["US", "CA"], clock="2026-03-01T12:00:00Z")
    for verb, sku in [("place_order", "ordered"), ("misplace", "missing"), ("expire", "expired"), ("plan", "coming")]:
        program.stocked(5, sku=sku)
        program.world(verb, sku=sku, quantity=2)
    program.stocked(sku="empty 😀")

    shown = [
        program.summaries(),
        program.summaries(details="true"),
        program.summaries(sellerSku="missing", details="true"),
        program.summaries(sellerSkus="ordered,NONE"),
        program.summaries(startDateTime="2026-03-01T11:00:00Z", details="true"),
        program.summaries(sellerSku="NONE"),
        program.summaries(CA),
    ]

    for response in shown:
        assert response.status_code == 200
        assert_as_modelled(READ, response)


def test_pages_are_as_modelled(new_seller: NewSeller) -> None:
    program = new_seller()
    for number in range(51):
        program.world("create_item", sku=str(number), title="A kettle")

    first = program.summaries()
    second = program.call("GET", f"{SUMMARIES}?nextToken={next_token(first)}")

    assert_as_modelled(READ, first)
    assert_as_modelled(READ, second)


def test_refused_reads_are_as_modelled(program: Program) -> None:
    refusals = {
        400: [
            program.call("GET", SUMMARIES),
            program.summaries(details="x"),
            program.summaries(startDateTime="x"),
            program.summaries(startDateTime="2000-01-01T00:00:00Z"),
            program.summaries(nextToken="x"),
            program.summaries(sellerSkus=list(range(51))),
        ],
        403: [
            program.call("GET", summaries_target(), headers={"x-amz-access-token": None}),
            program.call("GET", summaries_target(), headers={"x-amz-access-token": "garbage"}),
            program.summaries(DE),
        ],
    }

    for status, responses in refusals.items():
        for response in responses:
            assert response.status_code == status
            assert_as_modelled(READ, response)


def test_writes_and_their_refusals_are_as_modelled(program: Program) -> None:
    sku = program.new_sku()
    outcomes = [
        ("createInventoryItem", 200, program.create(sku)),
        ("createInventoryItem", 400, program.create(sku)),
        ("createInventoryItem", 400, program.call("POST", ITEMS, content=b"{")),
        ("createInventoryItem", 403, program.create(sku, DE)),
        ("addInventory", 200, program.add((sku, 5), token=f"modelled {sku}")),
        ("addInventory", 200, program.add((sku, 5), token=f"modelled {sku}")),
        ("addInventory", 400, program.add((sku, 6), token=f"modelled {sku}")),
        ("addInventory", 400, program.add((sku, -6))),
        ("addInventory", 403, program.add((sku, 5), marketplace=DE)),
        ("addInventory", 404, program.add(("NONE", 5))),
        ("deleteInventoryItem", 400, program.call("DELETE", f"{ITEMS}/{sku}")),
        ("deleteInventoryItem", 403, program.delete(sku, DE)),
        ("deleteInventoryItem", 404, program.delete("NONE")),
        ("deleteInventoryItem", 200, program.delete(sku)),
    ]

    for operation, status, response in outcomes:
        assert (operation, response.status_code) == (operation, status)
        assert_as_modelled(operation, response)


def test_throttled_requests_are_as_modelled(new_seller: NewSeller, limited_server: RunningServer) -> None:
    program = new_seller(on=limited_server)
    calls: dict[str, Callable[[], httpx.Response]] = {
        "getInventorySummaries": program.summaries,
        "createInventoryItem": lambda: program.create(""),
        "addInventory": lambda: program.add(("NONE", 1)),
        "deleteInventoryItem": lambda: program.delete("NONE"),
    }

    for operation, call in calls.items():
        responses = at_once(60, call)
        assert 429 in {response.status_code for response in responses}
        for response in responses:
            assert_as_modelled(operation, response)


@pytest.mark.parametrize(
    "body",
    [
        {"payload": {"inventorySummaries": []}},
        {"payload": {"granularity": {}, "inventorySummaries": [{"totalQuantity": "5"}]}},
        {"payload": {"granularity": {}, "inventorySummaries": [{"lastUpdatedTime": "yesterday"}]}},
        {"payload": {"granularity": {}, "inventorySummaries": [{"totalQuantity": 1.5}]}},
        {"payload": {"granularity": {}, "inventorySummaries": [{"quantity": 5}]}},
        {"payload": {"granularity": {"granularityId": US}, "inventorySummaries": []}, "nextToken": "x"},
        {"errors": [{"message": "no code"}]},
    ],
)
def test_the_check_itself_refuses_what_is_not_modelled(body: object) -> None:
    schema = {"$ref": "#/definitions/GetInventorySummariesResponse", "definitions": definitions(closed=True)}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(schema, format_checker=FORMATS).validate(body)
