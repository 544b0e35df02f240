"""POST_ORDER_FULFILLMENT_DATA: confirmations, the frame they come in, and what is wrong with them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.carriers import CARRIERS
from entrepot.feeds import order_fulfillment_file
from entrepot.feeds.envelope import FINDINGS_MAX, XmlFeed
from entrepot.feeds.findings import FeedUnreadable, Finding
from entrepot.feeds.order_fulfillment_file import Confirmation, ConfirmedItem

SELLER = "A1PP0FEH11RW77"

# The example of the multi-location guide; only the seller's id is put in.
GUIDE = f"""<?xml version="1.0" encoding="utf-8"?>
<AmazonEnvelope
    xmlns:xsd="http://www.w3.org/2001/XMLSchema"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <Header>
        <DocumentVersion>1.01</DocumentVersion>
        <MerchantIdentifier>{SELLER}</MerchantIdentifier>
    </Header>
    <MessageType>OrderFulfillment</MessageType>
    <Message>
        <MessageID>1</MessageID>
        <OrderFulfillment>
            <AmazonOrderID>7XX-XXXXXXX-XXXXXXX</AmazonOrderID>
            <FulfillmentDate>2023-01-01T01:01:01+00:00</FulfillmentDate>
            <FulfillmentData>
                <CarrierCode>USPS</CarrierCode>
                <ShippingMethod>USPS First Class Mail</ShippingMethod>
                <ShipperTrackingNumber>1234567891011121314</ShipperTrackingNumber>
            </FulfillmentData>
        </OrderFulfillment>
    </Message>
</AmazonEnvelope>
"""

ORDER = "<AmazonOrderID>123-1234567-1234567</AmazonOrderID>"
DATE = "<FulfillmentDate>2023-01-01T01:01:01Z</FulfillmentDate>"
DATA = (
    "<FulfillmentData><CarrierCode>UPS</CarrierCode><ShippingMethod>Ground</ShippingMethod>"
    "<ShipperTrackingNumber>1Z</ShipperTrackingNumber></FulfillmentData>"
)
HEADER = f"<Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>{SELLER}</MerchantIdentifier></Header>"
TYPE = "<MessageType>OrderFulfillment</MessageType>"


def message(body: str = ORDER + DATE + DATA, number: int | str = 1, operation: str = "") -> str:
    return f"<Message><MessageID>{number}</MessageID>{operation}<OrderFulfillment>{body}</OrderFulfillment></Message>"


def envelope(content: str) -> bytes:
    return f"<AmazonEnvelope>{content}</AmazonEnvelope>".encode()


def read(*messages: str, strict: bool = False, has_sources: bool = False) -> XmlFeed[Confirmation]:
    content = envelope(HEADER + TYPE + "".join(messages))
    return order_fulfillment_file.read(content, SELLER, strict, has_sources)


def finding(feed: XmlFeed[Confirmation]) -> Finding:
    [found] = feed.findings
    return found


def data(carrier: str) -> str:
    return f"{ORDER}{DATE}<FulfillmentData>{carrier}</FulfillmentData>"


def item(content: str) -> str:
    return f"{ORDER}{DATE}{DATA}<Item>{content}</Item>"


def test_the_guides_own_example_is_accepted_as_it_is() -> None:
    for strict in (False, True):
        feed = order_fulfillment_file.read(GUIDE.encode(), SELLER, strict)

        assert feed.messages == [
            Confirmation(
                number=1,
                message_id=1,
                order_id="7XX-XXXXXXX-XXXXXXX",
                merchant_order_id="",
                ship_date=datetime(2023, 1, 1, 1, 1, 1, tzinfo=UTC),
                carrier_code="USPS",
                carrier_name="",
                method="USPS First Class Mail",
                tracking="1234567891011121314",
                items=[],
                source="",
            )
        ]
        assert (feed.processed, feed.findings) == (1, [])


def test_everything_a_confirmation_may_say_is_read() -> None:
    items = (
        "<Item><AmazonOrderItemCode>12345678901234</AmazonOrderItemCode><Quantity>2</Quantity>"
        "<TransparencyCode>a</TransparencyCode><TransparencyCode>b</TransparencyCode></Item>"
        "<Item><MerchantOrderItemID>line-2</MerchantOrderItemID></Item>"
    )
    body = (
        "<MerchantOrderID>my-1</MerchantOrderID><MerchantFulfillmentID>1</MerchantFulfillmentID>"
        f"{DATE}{DATA}<CODCollectionMethod>DirectPayment</CODCollectionMethod>{items}"
        "<ShipFromAddress><Name>x</Name></ShipFromAddress><ShipFromSupplySourceId>store-1</ShipFromSupplySourceId>"
    )

    feed = read(message(body, 42), strict=True, has_sources=True)

    [confirmation] = feed.messages
    assert (confirmation.message_id, confirmation.order_id, confirmation.merchant_order_id) == (42, "", "my-1")
    assert confirmation.items == [ConfirmedItem("12345678901234", "", 2), ConfirmedItem("", "line-2", None)]
    assert confirmation.source == "store-1"
    assert feed.findings == []


def test_the_parcel_may_be_left_out() -> None:
    [confirmation] = read(message(ORDER + DATE), strict=True).messages

    assert (confirmation.carrier_code, confirmation.method, confirmation.tracking) == ("", "", "")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_listed_carrier_is_accepted(carrier: str) -> None:
    name = "<CarrierName>x</CarrierName>" if carrier == "Other" else ""
    escaped = carrier.replace("&", "&amp;")

    [confirmation] = read(message(data(f"<CarrierCode>{escaped}</CarrierCode>{name}")), strict=True).messages

    assert confirmation.carrier_code == carrier


@pytest.mark.parametrize(
    ("carrier", "expected"),
    [
        ("<CarrierCode>Other</CarrierCode><CarrierName>Pigeon</CarrierName>", ("Other", "Pigeon")),
        ("<CarrierName>Pigeon</CarrierName>", ("", "Pigeon")),
    ],
)
def test_a_carrier_that_is_not_listed_is_named(carrier: str, expected: tuple[str, str]) -> None:
    [confirmation] = read(message(data(carrier)), strict=True).messages

    assert (confirmation.carrier_code, confirmation.carrier_name) == expected


@pytest.mark.parametrize(
    ("body", "code", "attribute", "words"),
    [
        (DATE + DATA, "18028", "AmazonOrderID", "not named"),
        (f"<AmazonOrderID>123</AmazonOrderID>{DATE}", "18028", "AmazonOrderID", "'123' is not valid"),
        (ORDER + DATA, "5000", "FulfillmentDate", "is required"),
        (f"{ORDER}<FulfillmentDate>tomorrow</FulfillmentDate>", "5000", "FulfillmentDate", "'tomorrow'"),
        (f"{ORDER}<FulfillmentDate>2023-02-30T00:00:00Z</FulfillmentDate>", "5000", "FulfillmentDate", "2023-02-30"),
        (data("<CarrierCode>Pigeon</CarrierCode>"), "18028", "CarrierCode", "Use the code 'Other'"),
        (data(f"<ShippingMethod>{'x' * 51}</ShippingMethod>"), "5000", "ShippingMethod", "longer than 50"),
        (data(f"<ShipperTrackingNumber>{'x' * 51}</ShipperTrackingNumber>"), "5000", "ShipperTrackingNumber", "50"),
        (item("<Quantity>1</Quantity>"), "18028", "AmazonOrderItemCode", "not named"),
        (item("<AmazonOrderItemCode>12</AmazonOrderItemCode>"), "18028", "AmazonOrderItemCode", "13 to 15 digits"),
        (item("<MerchantOrderItemID>1</MerchantOrderItemID><Quantity>0</Quantity>"), "5000", "Quantity", "'0'"),
        (item("<MerchantOrderItemID>1</MerchantOrderItemID><Quantity>-1</Quantity>"), "5000", "Quantity", "'-1'"),
        (
            item(f"<MerchantOrderItemID>1</MerchantOrderItemID><Quantity>{'9' * 5000}</Quantity>"),
            "5000",
            "Quantity",
            "9",
        ),
        (ORDER + ORDER + DATE, "5000", "AmazonOrderID", "more than once"),
    ],
)
def test_what_is_wrong_with_a_message_is_its_own_error(body: str, code: str, attribute: str, words: str) -> None:
    feed = read(message(body, 7), message(number=8))

    found = finding(feed)
    assert (found.number, found.message_id, found.code, found.severity) == (1, 7, code, "ERROR")
    assert found.attribute == attribute
    assert words in found.message
    assert [confirmation.message_id for confirmation in feed.messages] == [8]


def test_an_error_names_the_order_and_the_line() -> None:
    found = finding(read("\n\n" + message(f"{ORDER}<FulfillmentDate/>")))

    assert found.details == (("AmazonOrderID", "123-1234567-1234567"),)
    assert found.message.startswith("XML Parsing Error at Line 3: ")


@pytest.mark.parametrize(
    ("body", "attribute"),
    [
        (f"{ORDER}<MerchantOrderID>m</MerchantOrderID>{DATE}", "MerchantOrderID"),
        (f"{ORDER}<FulfillmentDate>2023-01-01</FulfillmentDate>", "FulfillmentDate"),
        (data("<CarrierCode>ups</CarrierCode>"), "CarrierCode"),
        (data("<CarrierCode>UPS</CarrierCode><CarrierName>x</CarrierName>"), "CarrierName"),
        (data("<CarrierCode>Other</CarrierCode>"), "CarrierName"),
        (f"{DATE}{ORDER}", "AmazonOrderID"),
        (f"{ORDER}{DATE}<Unknown/>", "Unknown"),
    ],
)
def test_a_slip_is_forgiven_with_a_warning_and_refused_in_strict_fidelity(body: str, attribute: str) -> None:
    forgiven, strict = read(message(body)), read(message(body), strict=True)

    assert (finding(forgiven).severity, finding(forgiven).attribute, len(forgiven.messages)) == (
        "WARNING",
        attribute,
        1,
    )
    assert (finding(strict).severity, finding(strict).attribute, len(strict.messages)) == ("ERROR", attribute, 0)


def test_a_seller_with_several_locations_is_asked_which_one_but_not_refused() -> None:
    for strict in (False, True):
        feed = read(message(), strict=strict, has_sources=True)

        assert (finding(feed).severity, finding(feed).attribute) == ("WARNING", "ShipFromSupplySourceId")
        assert len(feed.messages) == 1


def test_the_programme_for_several_locations_requires_carrier_method_and_tracking() -> None:
    body = f"{ORDER}{DATE}<ShipFromSupplySourceId>s</ShipFromSupplySourceId>"

    forgiven, strict = read(message(body), has_sources=True), read(message(body), strict=True, has_sources=True)

    required = ["CarrierCode", "ShippingMethod", "ShipperTrackingNumber"]
    assert [(found.severity, found.attribute) for found in forgiven.findings] == [
        ("WARNING", name) for name in required
    ]
    assert [(found.severity, found.attribute) for found in strict.findings] == [("ERROR", name) for name in required]


@pytest.mark.parametrize("identifier", ["", "x", "-1", "1" * 21, "١"])
def test_a_message_needs_an_id_of_digits(identifier: str) -> None:
    found = finding(read(message(number=identifier)))

    assert (found.number, found.message_id, found.attribute) == (1, None, "MessageID")


def test_of_two_messages_with_one_id_the_later_is_refused() -> None:
    feed = read(message(), message(), message(number=2))

    assert (finding(feed).number, finding(feed).message_id) == (2, 1)
    assert [confirmation.number for confirmation in feed.messages] == [1, 3]


@pytest.mark.parametrize("operation", ["Delete", "Upsert"])
def test_a_confirmation_cannot_be_deleted(operation: str) -> None:
    found = finding(read(message(operation=f"<OperationType>{operation}</OperationType>")))

    assert (found.severity, found.attribute) == ("ERROR", "OperationType")


def test_a_message_without_its_body_is_refused() -> None:
    assert (
        "'Message' has no element 'OrderFulfillment'"
        in finding(read("<Message><MessageID>1</MessageID></Message>")).message
    )


def test_a_message_full_of_nonsense_is_told_only_so_much() -> None:
    feed = read(message("<Nonsense/>" * 5000))

    assert len(feed.findings) == FINDINGS_MAX
    assert feed.messages == []


# ------------------------------------------------------------------------------------------------- the whole document


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "5001", "XML Parsing Fatal Error at Line 1, Column 1: the document is empty"),
        (b"{}", "5001", "XML Parsing Fatal Error at Line 1, Column"),
        (b"<String>x</String>", "5001", "Cannot find the declaration of element 'String'."),
        (b"<String><x/></String>", "5001", "Cannot find the declaration of element 'String'."),
        (envelope(""), "5001", "MerchantIdentifier is missing"),
        (envelope(TYPE + message()), "5001", "MerchantIdentifier is missing"),
        (envelope("<Header/>" + TYPE + message()), "5001", "MerchantIdentifier is missing"),
        (envelope(HEADER.replace(SELLER, "MerchantID") + TYPE + message()), "5002", "not that of the seller"),
        (envelope(HEADER + message()), "5001", "MessageType is missing"),
        (envelope(HEADER + "<MessageType>Product</MessageType>" + message()), "5000", "'Product' does not belong"),
        (envelope(HEADER + TYPE), "5001", "has no element 'Message'"),
        (envelope(HEADER + TYPE + message() + "<Order/>"), "5001", "has no element 'Order'"),
        (envelope(HEADER + TYPE + message())[:-5], "5001", "XML Parsing Fatal Error"),
        (b"<!DOCTYPE AmazonEnvelope>" + envelope(HEADER + TYPE + message()), "5001", "document type declaration"),
    ],
)
def test_a_document_that_is_not_one_is_refused_as_a_whole(content: bytes, code: str, words: str) -> None:
    with pytest.raises(FeedUnreadable) as refused:
        order_fulfillment_file.read(content, SELLER)

    assert refused.value.code == code
    assert words in refused.value.message
    assert "A1PP0" not in refused.value.message


def test_a_merchant_token_is_as_good_as_the_seller_s_id_but_in_strict_fidelity() -> None:
    content = envelope(HEADER.replace(SELLER, "M_ACMEINC_012345") + TYPE + message(ORDER + DATE))

    feed = order_fulfillment_file.read(content, SELLER)

    assert len(feed.messages) == 1
    with pytest.raises(FeedUnreadable, match="not that of the seller"):
        order_fulfillment_file.read(content, SELLER, strict=True)


def test_other_parts_of_the_frame_are_accepted() -> None:
    frame = "<MarketplaceName>x</MarketplaceName><PurgeAndReplace>false</PurgeAndReplace>"

    assert len(order_fulfillment_file.read(envelope(HEADER + TYPE + frame + message()), SELLER, True).messages) == 1


TAGS = [
    "AmazonOrderID",
    "FulfillmentDate",
    "FulfillmentData",
    "CarrierCode",
    "Item",
    "Quantity",
    "Message",
    "MessageID",
]
TREES = st.recursive(
    st.sampled_from(["", "x", "1", "123-1234567-1234567", "2023-01-01T00:00:00Z", "-1"]),
    lambda inner: st.lists(
        st.tuples(st.sampled_from(TAGS), inner).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"), max_size=4
    ).map("".join),
    max_leaves=12,
)


@given(TREES, st.booleans(), st.booleans())
def test_no_message_makes_the_reader_fail_and_each_is_done_or_refused(
    body: str, strict: bool, has_sources: bool
) -> None:
    feed = read(message(body), strict=strict, has_sources=has_sources)

    assert bool(feed.messages) != any(found.severity == "ERROR" for found in feed.findings)


@given(TREES | st.text(alphabet="<>/&;aHM\x00 ", max_size=30))
def test_no_document_makes_the_reader_fail_in_another_way(content: str) -> None:
    for wrapped in (content.encode(), envelope(content), envelope(HEADER + TYPE + content)):
        with suppress(FeedUnreadable):
            order_fulfillment_file.read(wrapped, SELLER)
