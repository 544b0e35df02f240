"""Answers of MWS beside those that the live service gave, and beside Amazon's own mock of its client library.

The files are no part of the project; tests that need them are skipped where they are not. Few answers were recorded:
time queries without a change, one SKU that the warehouse does not sell. The mock has every element, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.mws.program import INVENTORY, Program, new_program
from tests.mws.recorded import FOLDER, headers, lines
from tests.running import RunningServer

LIST, NEXT = "ListInventorySupply", "ListInventorySupplyByNextToken"
START = "2026-03-01T12:00:00Z"


def recorded(action: str) -> list[dict[str, Any]]:
    """The good answers to an action of this section, with their requests."""
    every = lines("recorded", "scaleleap.jsonl") + lines("recorded", "peddler_fulfillment_inventory.jsonl")
    return [
        line
        for line in every
        if line["request"]["path"] == f"/{INVENTORY}" and dict(line["request"]["params"])["Action"] == action
    ]


RECORDED = recorded(LIST)
MOCKS = Path(FOLDER or "", "amazon-client-mock")
SAMPLES = sorted(Path(FOLDER or "", "samples").glob("*/*")) if FOLDER else []
needs_recordings = pytest.mark.skipif(not RECORDED, reason="the recorded answers are not on this machine")
needs_mocks = pytest.mark.skipif(FOLDER is None, reason="Amazon's mock is not on this machine")


@pytest.fixture(scope="module")
def program(server: RunningServer) -> Iterator[Program]:
    """A seller with 51 SKUs, one of them in every way that supply can be."""
    made = new_program(server, clock=START)
    world(made, "create_item", sku="A", title="A kettle")
    world(made, "add_stock", sku="A", quantity=5)
    world(made, "transfer", sku="A", quantity=1, origin="PHX6", destination="JFK8")
    shipment = world(made, "plan", sku="A", quantity=9)["shipment"]
    world(made, "ship", shipment=shipment, eta="2026-03-05T00:00:00Z")
    world(made, "receive", shipment=shipment, sku="A", quantity=2)
    for number in range(50):
        world(made, "create_item", sku=f"B-{number:02}", title="A cup")
    yield made
    made.http.close()


def world(program: Program, verb: str, **arguments: Any) -> dict[str, Any]:
    return dict(program.server.world(verb=verb, seller=program.seller_id, **arguments))


def asked(program: Program, action: str, **parameters: str) -> etree._Element:
    answer = program.call(INVENTORY, action, parameters)
    assert answer.status_code == 200, answer.text
    return etree.fromstring(answer.content)


def shape(element: Any) -> Any:
    """An element's name with its namespace, and its text or its children, in whatever order they are."""
    children = sorted((shape(child) for child in element), key=str)
    return element.tag, children or (element.text or "").strip()


def without(root: etree._Element, *names: str) -> etree._Element:
    """The document with other words in what differs from answer to answer."""
    for element in root.iter():
        if etree.QName(element).localname in names:
            element.text = "*"
    return root


@needs_recordings
@pytest.mark.parametrize("line", RECORDED, ids=lambda line: str(line["recorded_at"]))
def test_an_answer_is_as_the_live_service_gave_it_but_for_the_order_of_elements(
    program: Program, line: dict[str, Any]
) -> None:
    given = dict(line["request"]["params"])
    names = ("SellerSkus.member.1", "QueryStartDateTime", "ResponseGroup")
    parameters = {name: given[name] for name in names if name in given}
    if "QueryStartDateTime" in parameters:
        parameters["QueryStartDateTime"] = "2027-01-01"  # then, too, nothing had changed since
    theirs = without(etree.fromstring(line["response"]["body"].encode()), "RequestId", "MarketplaceId")
    marketplace = next((one for one in theirs[0] if etree.QName(one).localname == "MarketplaceId"), None)

    ours = without(asked(program, LIST, **parameters), "RequestId", "MarketplaceId")

    if marketplace is None:  # before 2016 it was not told
        etree.SubElement(theirs[0], f"{{{etree.QName(theirs).namespace}}}MarketplaceId").text = "*"
    assert shape(ours) == shape(theirs)


@needs_recordings
def test_an_answer_has_the_headers_of_the_live_one_that_are_mws_own(program: Program) -> None:
    answer = program.call(INVENTORY, LIST, {"SellerSkus.member.1": "x"})

    own = {name for line in RECORDED for name in headers(line["response"]) if name.startswith("x-mws-")}
    assert own == {"x-mws-request-id", "x-mws-timestamp"}
    assert own <= set(answer.headers)
    assert answer.headers["content-type"] == "text/xml"
    assert answer.content.startswith(b'<?xml version="1.0"?>')


def outline(element: Any) -> list[Any]:
    """An element and what may be in it, in order; of members that are alike only the elements of all."""
    members = [child for child in element if etree.QName(child).localname == "member"]
    if not members:
        return [element.tag, *(outline(child) for child in element)]
    return [element.tag, max((outline(member) for member in members), key=lambda found: len(str(found)))]


@needs_mocks
def test_the_fullest_answer_has_the_elements_of_amazons_mock_in_their_order(program: Program) -> None:
    mock = etree.parse(MOCKS / f"{LIST}Response.xml").getroot()

    answer = asked(program, LIST, QueryStartDateTime="2026-03-01", ResponseGroup="Detailed")

    assert outline(dated(answer)) == outline(mock)


@needs_mocks
def test_a_further_page_has_the_elements_of_amazons_mock_in_their_order(program: Program) -> None:
    mock = etree.parse(MOCKS / f"{NEXT}Response.xml").getroot()
    first = asked(program, LIST, QueryStartDateTime="2026-03-01", ResponseGroup="Detailed")
    [token] = first.iter("{*}NextToken")

    answer = asked(program, NEXT, NextToken=str(token.text))

    known = [element.tag for element in mock.iter()]
    found = [element.tag for element in answer.iter()]
    assert set(found) <= set(known)
    assert sorted(set(found), key=found.index) == sorted(set(found), key=known.index)


def dated(answer: etree._Element) -> etree._Element:
    """The answer with a date in its earliest availability: no unit can be both at once and from a date on."""
    [earliest] = answer.iter("{*}EarliestAvailability")
    if len(earliest) == 1:
        etree.SubElement(earliest, f"{{{etree.QName(answer).namespace}}}DateTime").text = START
    return answer


@needs_mocks
@pytest.mark.parametrize("file", [one for one in SAMPLES if "nventory" in one.name], ids=lambda file: str(file.name))
def test_there_is_no_element_in_others_samples_that_we_would_not_tell(program: Program, file: Path) -> None:
    answer = asked(program, LIST, QueryStartDateTime="2026-03-01", ResponseGroup="Detailed")
    ours = {str(etree.QName(element).localname) for element in answer.iter()}

    theirs = {str(etree.QName(element).localname) for element in etree.parse(file).getroot().iter("{*}*")}

    envelope = {f"{LIST}{end}" for end in ("Response", "Result")} | {f"{NEXT}{end}" for end in ("Response", "Result")}
    assert theirs - envelope <= ours
