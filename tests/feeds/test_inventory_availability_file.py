"""POST_INVENTORY_AVAILABILITY_DATA: what its messages say about stock."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.feeds import inventory_availability_file
from entrepot.feeds.envelope import XmlFeed
from entrepot.feeds.findings import FeedUnreadable, Finding
from entrepot.feeds.inventory_availability_file import Availability

SELLER = "A1PP0FEH11RW77"
SKU = "<SKU>A-1</SKU>"
QUANTITY = "<Quantity>5</Quantity>"


def message(body: str = SKU + QUANTITY, number: int = 1, operation: str = "Update") -> str:
    return (
        f"<Message><MessageID>{number}</MessageID><OperationType>{operation}</OperationType>"
        f"<Inventory>{body}</Inventory></Message>"
    )


def read(*messages: str, strict: bool = False, kind: str = "Inventory") -> XmlFeed[Availability]:
    header = (
        f"<Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>{SELLER}</MerchantIdentifier></Header>"
    )
    content = f"<AmazonEnvelope>{header}<MessageType>{kind}</MessageType>{''.join(messages)}</AmazonEnvelope>"
    return inventory_availability_file.read(content.encode(), SELLER, strict)


def only(feed: XmlFeed[Availability]) -> Availability:
    [found] = feed.messages
    assert feed.findings == []
    return found


def finding(feed: XmlFeed[Availability]) -> Finding:
    [found] = feed.findings
    return found


def test_everything_a_message_may_say_is_read() -> None:
    body = (
        f"{SKU}<FulfillmentCenterID>DEFAULT</FulfillmentCenterID>{QUANTITY}<RestockDate>2026-01-02</RestockDate>"
        "<FulfillmentLatency>3</FulfillmentLatency><SwitchFulfillmentTo>MFN</SwitchFulfillmentTo>"
    )

    assert only(read(message(body, 9, "PartialUpdate"), strict=True)) == Availability(
        number=1,
        message_id=9,
        operation="PartialUpdate",
        sku="A-1",
        center="DEFAULT",
        available=None,
        quantity=5,
        lookup=False,
        restock_date=date(2026, 1, 2),
        latency=3,
        switch_to="MFN",
    )


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_an_item_may_be_available_or_not_without_a_number(text: str, value: bool) -> None:
    assert only(read(message(f"{SKU}<Available>{text}</Available>"))).available is value


def test_the_network_may_know_the_quantity() -> None:
    body = f"{SKU}<Lookup>FulfillmentNetwork</Lookup><SwitchFulfillmentTo>AFN</SwitchFulfillmentTo>"

    found = only(read(message(body)))

    assert (found.lookup, found.switch_to, found.quantity) == (True, "AFN", None)


@pytest.mark.parametrize(
    ("body", "operation"), [(f"{SKU}<SwitchFulfillmentTo>MFN</SwitchFulfillmentTo>", "Update"), (SKU, "Delete")]
)
def test_a_switch_and_a_deletion_need_no_quantity(body: str, operation: str) -> None:
    assert only(read(message(body, operation=operation))).quantity is None


def test_a_restock_date_may_be_an_instant() -> None:
    body = f"{SKU}{QUANTITY}<RestockDate>2026-01-02T00:00:00Z</RestockDate>"

    assert only(read(message(body))).restock_date == date(2026, 1, 2)


@pytest.mark.parametrize(
    ("body", "attribute", "words"),
    [
        (QUANTITY, "SKU", "'SKU' is required"),
        (f"<SKU>{'x' * 41}</SKU>{QUANTITY}", "SKU", "1 to 40 characters"),
        (SKU, "Quantity", "One of Available, Quantity, Lookup"),
        (f"{SKU}<Available>true</Available>{QUANTITY}", "Quantity", "exclude"),
        (f"{SKU}<Quantity>-5</Quantity>", "Quantity", "'-5'"),
        (f"{SKU}<Quantity>1.5</Quantity>", "Quantity", "'1.5'"),
        (f"{SKU}<Quantity>1000000000</Quantity>", "Quantity", "1000000000"),
        (f"{SKU}<Available>yes</Available>", "Available", "'yes'"),
        (f"{SKU}<Lookup>Warehouse</Lookup>", "Lookup", "'Warehouse'"),
        (f"{SKU}{QUANTITY}<RestockDate>soon</RestockDate>", "RestockDate", "'soon'"),
        (f"{SKU}{QUANTITY}<FulfillmentLatency>0</FulfillmentLatency>", "FulfillmentLatency", "'0'"),
        (f"{SKU}{QUANTITY}<SwitchFulfillmentTo>FBA</SwitchFulfillmentTo>", "SwitchFulfillmentTo", "'FBA'"),
    ],
)
def test_what_is_wrong_with_a_message_is_its_own_error(body: str, attribute: str, words: str) -> None:
    feed = read(message(body, 7), message(number=8))

    found = finding(feed)
    assert (found.number, found.message_id, found.code, found.severity) == (1, 7, "5000", "ERROR")
    assert found.attribute == attribute
    assert words in found.message
    assert [availability.message_id for availability in feed.messages] == [8]


def test_an_error_names_the_sku_and_the_place() -> None:
    found = finding(read(message(f"{SKU}<FulfillmentCenterID>X</FulfillmentCenterID>")))

    assert (found.sku, found.details) == ("A-1", (("FulfillmentCenterID", "X"),))


def test_another_order_of_elements_is_forgiven_with_a_warning() -> None:
    forgiven, strict = read(message(QUANTITY + SKU)), read(message(QUANTITY + SKU), strict=True)

    assert (finding(forgiven).severity, len(forgiven.messages)) == ("WARNING", 1)
    assert (finding(strict).severity, len(strict.messages)) == ("ERROR", 0)


def test_a_file_of_another_kind_is_refused_as_a_whole() -> None:
    with pytest.raises(FeedUnreadable, match="specify the correct feed type"):
        read(message(), kind="OrderFulfillment")


ELEMENTS = ["SKU", "FulfillmentCenterID", "Available", "Quantity", "Lookup", "RestockDate", "FulfillmentLatency", "X"]
TEXTS = ["", "x", "1", "-1", "true", "A-1", "FulfillmentNetwork", "2026-01-01", "MFN"]


@given(st.lists(st.tuples(st.sampled_from(ELEMENTS), st.sampled_from(TEXTS)), max_size=6), st.booleans())
def test_no_message_makes_the_reader_fail_and_each_is_done_or_refused(
    parts: list[tuple[str, str]], strict: bool
) -> None:
    feed = read(message("".join(f"<{name}>{text}</{name}>" for name, text in parts)), strict=strict)

    assert bool(feed.messages) != any(found.severity == "ERROR" for found in feed.findings)
