"""The five kinds of files, from the upload to the report, and to what listings and orders then say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.spapi.listing import AVAILABILITY, accepted, attributes, available, channel, item, listed, location
from tests.spapi.listing import price as priced
from tests.spapi.listing import put as put_listing
from tests.spapi.program import US, NewSeller, Program
from tests.spapi.test_feeds import create, downloaded, ended, uploaded

JSON_LISTINGS = "JSON_LISTINGS_FEED"
FULFILLMENT = "POST_ORDER_FULFILLMENT_DATA"
XML_QUANTITIES = "POST_INVENTORY_AVAILABILITY_DATA"
LOADER = "POST_FLAT_FILE_INVLOADER_DATA"
PRICES = "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA"
JSON = "application/json; charset=UTF-8"
XML = "text/xml; charset=UTF-8"
TEXT = "text/tab-separated-values; charset=UTF-8"
CHANNEL = "fulfillment_channel_code"
NOT_LISTED = "This SKU does not exist in the catalog of this seller, so nothing was updated."
PATH = f"/attributes/{AVAILABILITY}"


@pytest.fixture
def program(new_seller: NewSeller) -> Program:
    return new_seller(seed=1, clock="2026-03-04T18:00:00Z")


def fed(program: Program, kind: str, content: bytes, content_type: str, status: str = "DONE") -> tuple[str, bytes]:
    """Hand a file in; its id and, once it is done, its report."""
    response = create(program, uploaded(program, content, content_type), kind)
    assert response.status_code == 202, response.text
    feed = ended(program, response.json()["feedId"])
    assert feed["processingStatus"] == status
    return feed["feedId"], downloaded(program, feed["resultFeedDocumentId"])


# JSON


def document(program: Program, *messages: dict[str, Any], **header: Any) -> bytes:
    numbered = [{"messageId": number, **message} for number, message in enumerate(messages, 1)]
    return json.dumps(
        {"header": {"sellerId": program.seller_id, "version": "2.0", **header}, "messages": numbered}
    ).encode()


def change(sku: str, *instances: dict[str, Any], op: str = "replace", path: str = PATH) -> dict[str, Any]:
    patch = {"op": op, "path": path, "value": list(instances)}
    return {"sku": sku, "operationType": "PATCH", "productType": "PRODUCT", "patches": [patch]}


def quantity(sku: str, units: Any, code: str = "DEFAULT") -> dict[str, Any]:
    return change(sku, channel(code, units))


def json_report(program: Program, *messages: dict[str, Any], **header: Any) -> dict[str, Any]:
    """The report of a file with these messages; its header names the seller and the feed."""
    feed, content = fed(program, JSON_LISTINGS, document(program, *messages, **header), JSON)
    report: dict[str, Any] = json.loads(content)
    assert report.pop("header") == {"sellerId": program.seller_id, "version": "2.0", "feedId": feed}
    return report


def summary(processed: int, invalid: int, errors: int, warnings: int = 0) -> dict[str, int]:
    return {
        "errors": errors,
        "warnings": warnings,
        "messagesProcessed": processed,
        "messagesAccepted": processed - invalid,
        "messagesInvalid": invalid,
    }


def test_a_clean_json_file_has_exactly_this_report(program: Program) -> None:
    sku = listed(program)

    feed, report = fed(program, JSON_LISTINGS, document(program, quantity(sku, 8)), JSON)

    assert (
        report
        == (
            f'{{"header":{{"sellerId":"{program.seller_id}","version":"2.0","feedId":"{feed}"}},"issues":[],"summary":'
            '{"errors":0,"warnings":0,"messagesProcessed":1,"messagesAccepted":1,"messagesInvalid":0}}'
        ).encode()
    )
    assert available(program, sku) == {"DEFAULT": 8}


def test_good_json_messages_are_done_beside_bad_ones_and_each_bad_one_is_named(program: Program) -> None:
    good, same, bad = (listed(program) for _ in range(3))
    shop = location(program)

    report = json_report(
        program,
        quantity(good, 8),
        quantity(bad, -1),
        {"sku": bad, "operationType": "PATCH", "productType": "PRODUCT"},
        {"sku": "NOWHERE", "operationType": "DELETE"},
        quantity(same, 3),
        quantity(bad, 5, "no location"),
        quantity(good, 4, shop),
    )

    assert report["summary"] == summary(7, 4, 4, warnings=1)
    told = [(one["messageId"], one.get("sku"), one["code"], one["severity"]) for one in report["issues"]]
    assert told == [
        (2, bad, "4000001", "ERROR"),
        (3, bad, "90220", "ERROR"),
        (4, "NOWHERE", "13013", "ERROR"),
        (6, bad, "4000001", "ERROR"),
        (7, good, "EP0004", "WARNING"),  # units at DEFAULT beside a location
    ]
    assert available(program, good) == {"DEFAULT": 12, shop: 4}
    assert available(program, same) == available(program, bad) == {"DEFAULT": 3}


def test_messages_about_one_sku_are_done_in_their_order(program: Program) -> None:
    first, second = listed(program), listed(program)

    report = json_report(
        program,
        quantity(first, 9),
        quantity(second, 5),
        {"sku": second, "operationType": "DELETE"},
        quantity(first, 7),
        change(first, {"fulfillment_channel_code": "DEFAULT", "lead_time_to_ship_max_days": 2}, op="merge"),
        {"sku": second, "operationType": "UPDATE", "productType": "KETTLE", "attributes": attributes(6)},
    )

    assert (report["issues"], report["summary"]) == ([], summary(6, 0, 0))
    [instance] = item(program, first)["attributes"][AVAILABILITY]
    assert (instance["quantity"], instance["lead_time_to_ship_max_days"]) == (7, 2)
    assert available(program, second) == {"DEFAULT": 6}


def test_a_json_file_creates_updates_and_deletes_listings(program: Program) -> None:
    new, old, gone = program.new_sku(), listed(program, brand=[{"value": "Old"}]), listed(program)

    report = json_report(
        program,
        {"sku": new, "operationType": "UPDATE", "productType": "KETTLE", "requirements": "LISTING",
         "attributes": attributes(5)},
        {"sku": old, "operationType": "PARTIAL_UPDATE", "productType": "KETTLE",
         "attributes": {"item_name": [{"value": "A better kettle"}], AVAILABILITY: [channel("DEFAULT", 1)]}},
        {"sku": gone, "operationType": "DELETE"},
    )  # fmt: skip

    assert (report["issues"], report["summary"]) == ([], summary(3, 0, 0))
    assert available(program, new) == {"DEFAULT": 5}
    updated = item(program, old)
    assert updated["summaries"][0]["itemName"] == "A better kettle"
    assert updated["attributes"]["brand"][0]["value"] == "Old"
    assert available(program, old) == {"DEFAULT": 1}
    assert item(program, gone)["summaries"] == []


def test_issues_are_told_in_the_language_that_the_header_names(program: Program) -> None:
    sku = listed(program)

    report = json_report(
        program, {"sku": sku, "operationType": "PATCH", "productType": "PRODUCT"}, quantity(sku, -1),
        issueLocale="de_DE",
    )  # fmt: skip

    assert "erforderlich" in report["issues"][0]["message"]
    english = json_report(program, quantity(sku, -1))["issues"][0]
    german = report["issues"][1]
    assert {**german, "messageId": 1, "message": ""} == {**english, "message": ""}
    assert "ung\u00fcltig" in german["message"] or "g\u00fcltig" in german["message"]
    assert german["message"] != english["message"]


def test_a_json_file_longer_than_a_chunk_is_done_as_a_whole(program: Program) -> None:
    size = 6_000
    known = [f"M-{number:04}" for number in range(40)]
    for sku in known:
        program.world("set_quantity", sku=listed(program, sku=sku), quantity=1)
    # The others are not listed: a patch creates them.
    skus = [*known, *(f"N-{number:04}" for number in range(size - len(known)))]
    messages = [quantity(sku, 2 + number % 7 if number % 100 else -1) for number, sku in enumerate(skus)]

    report = json_report(program, *messages)

    bad = [number + 1 for number in range(0, size, 100)]
    assert report["summary"] == summary(size, len(bad), len(bad))
    assert [one["messageId"] for one in report["issues"]] == bad
    for number in (0, 1, 39, 40, 5_001, size - 1):
        wanted = 1 if number == 0 else 2 + number % 7
        assert available(program, skus[number]) == {"DEFAULT": wanted}


def test_messages_about_one_new_sku_are_done_in_their_order(program: Program) -> None:
    sku = program.new_sku()
    removal = {"sku": sku, "operationType": "DELETE"}

    report = json_report(program, quantity(sku, 1), removal, quantity(sku, 3))

    assert report["summary"] == summary(3, 0, 0)
    assert available(program, sku) == {"DEFAULT": 3}


def test_a_report_shows_the_listings_that_its_header_asked_for_but_no_refused_one(program: Program) -> None:
    good, bad = listed(program), listed(program)
    header = {"report": {"includedData": ["fulfillmentAvailability"], "apiVersion": "2021-08-01"}}

    _, content = fed(program, JSON_LISTINGS, document(program, quantity(good, 9), quantity(bad, -1), **header), JSON)

    report = json.loads(content)
    assert report["summary"]["itemSummary"] == {"items": 1, "errors": 0, "warnings": 0}
    assert report["items"] == [
        {"sku": good, "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 9}]}
    ]


def test_a_strict_seller_outside_the_programme_sets_no_location_by_a_file_either(new_seller: NewSeller) -> None:
    program = new_seller(fidelity="strict")
    sku = listed(program)
    address = {"name": "Shop - Red", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}
    source = program.world("create_source", code="X1", alias="X", address=address)["source"]
    program.world("source_status", source=source, status="Active")

    report = json_report(program, quantity(sku, 7, "X1"))

    assert report["summary"] == summary(1, 1, 1)
    assert "multi-location inventory" in report["issues"][0]["message"]
    assert source not in available(program, sku)


# XML


def envelope(program: Program, message_type: str, *messages: str) -> bytes:
    numbered = "".join(
        f"<Message><MessageID>{number}</MessageID>{message}</Message>" for number, message in enumerate(messages, 1)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><AmazonEnvelope><Header><DocumentVersion>1.01</DocumentVersion>'
        f"<MerchantIdentifier>{program.seller_id}</MerchantIdentifier></Header>"
        f"<MessageType>{message_type}</MessageType>{numbered}</AmazonEnvelope>"
    ).encode()


def xml_report(program: Program, feed: str, counts: tuple[int, int, int, int], results: str = "") -> bytes:
    names = ("MessagesProcessed", "MessagesSuccessful", "MessagesWithError", "MessagesWithWarning")
    summed = "".join(f"<{name}>{count}</{name}>" for name, count in zip(names, counts, strict=True))
    return (
        f"<Header><DocumentVersion>1.02</DocumentVersion><MerchantIdentifier>{program.seller_id}</MerchantIdentifier>"
        "</Header><MessageType>ProcessingReport</MessageType><Message><MessageID>1</MessageID><ProcessingReport>"
        f"<DocumentTransactionID>{feed}</DocumentTransactionID><StatusCode>Complete</StatusCode>"
        f"<ProcessingSummary>{summed}</ProcessingSummary>{results}</ProcessingReport></Message>"
    ).encode()


def inside(report: bytes) -> bytes:
    """What is in the envelope, without the white space between elements."""
    assert report.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    root = ElementTree.fromstring(report)
    for element in root.iter():
        element.tail = None
        if len(element):
            element.text = None
    return b"".join(ElementTree.tostring(child, encoding="utf-8") for child in root)


def results(report: bytes) -> list[tuple[str, str, str, dict[str, str]]]:
    """Message, result, code and additional information of everything there is to say."""
    return [
        (
            found.findtext("MessageID") or "",
            found.findtext("ResultCode") or "",
            found.findtext("ResultMessageCode") or "",
            {one.tag: one.text or "" for one in found.iterfind("AdditionalInfo/*")},
        )
        for found in ElementTree.fromstring(report).iter("Result")
    ]


def stock(sku: str, content: str, operation: str = "Update") -> str:
    return f"<OperationType>{operation}</OperationType><Inventory><SKU>{sku}</SKU>{content}</Inventory>"


def test_xml_quantities_are_set_and_unknown_skus_and_bad_messages_are_named(program: Program) -> None:
    good, twice, warehouse, shop_sku, bad = (listed(program) for _ in range(5))
    shop = location(program, "SHOP")

    feed, report = fed(
        program, XML_QUANTITIES,
        envelope(
            program, "Inventory",
            stock(good, "<Quantity>8</Quantity><FulfillmentLatency>2</FulfillmentLatency>"),
            stock("NOWHERE", "<Quantity>8</Quantity>"),
            stock(twice, "<Quantity>5</Quantity>"),
            stock(bad, "<Quantity>-1</Quantity>"),
            stock(twice, "<Quantity>6</Quantity>"),
            stock(warehouse, "<Lookup>FulfillmentNetwork</Lookup><SwitchFulfillmentTo>AFN</SwitchFulfillmentTo>"),
            stock(shop_sku, "<FulfillmentCenterID>SHOP</FulfillmentCenterID><Quantity>4</Quantity>"),
        ),
        XML,
    )  # fmt: skip

    told = results(report)
    assert [(number, kind) for number, kind, _, _ in told] == [("2", "Error"), ("4", "Error"), ("7", "Warning")]
    assert told[0][2:] == ("13013", {"SKU": "NOWHERE"})
    assert told[1][3] == {"SKU": bad}
    assert xml_report(program, feed, (7, 5, 2, 1)).split(b"</ProcessingSummary>")[0] in inside(report)
    assert item(program, good)["attributes"][AVAILABILITY][0]["lead_time_to_ship_max_days"] == 2
    assert available(program, good) == {"DEFAULT": 8}
    assert available(program, twice) == {"DEFAULT": 6}
    assert available(program, warehouse) == {"AMAZON_NA": None}
    assert available(program, shop_sku) == {"DEFAULT": 7, shop: 4}
    assert available(program, bad) == {"DEFAULT": 3}


def test_a_clean_xml_file_has_exactly_this_report(program: Program) -> None:
    sku = listed(program)

    feed, report = fed(program, XML_QUANTITIES, envelope(program, "Inventory", stock(sku, "", operation="Delete")), XML)

    assert inside(report) == xml_report(program, feed, (1, 1, 0, 0))
    assert available(program, sku) == {"DEFAULT": 0}


def ordered(program: Program, *lines: tuple[str, int]) -> dict[str, Any]:
    """A paid order."""
    wanted = [{"sku": sku, "quantity": units} for sku, units in lines]
    order: dict[str, Any] = program.world("place_order", lines=wanted, channel="MFN")
    program.world("verify_payment", order=order["order"])
    return order


def order_of(program: Program, order: str) -> dict[str, Any]:
    found: dict[str, Any] = program.server.operator("GET", f"/sellers/{program.seller_id}/orders/{order}")
    return found


def confirmation(order: str, *items: tuple[str, int | None], source: str = "") -> str:
    said = "".join(
        f"<Item><AmazonOrderItemCode>{code}</AmazonOrderItemCode>"
        + ("" if units is None else f"<Quantity>{units}</Quantity>")
        + "</Item>"
        for code, units in items
    )
    return (
        f"<OrderFulfillment><AmazonOrderID>{order}</AmazonOrderID>"
        "<FulfillmentDate>2026-03-04T18:00:00Z</FulfillmentDate><FulfillmentData><CarrierCode>UPS</CarrierCode>"
        "<ShippingMethod>Ground</ShippingMethod><ShipperTrackingNumber>1Z</ShipperTrackingNumber></FulfillmentData>"
        f"{said}{source and f'<ShipFromSupplySourceId>{source}</ShipFromSupplySourceId>'}</OrderFulfillment>"
    )


def test_shipments_are_confirmed_whole_or_in_part_and_what_cannot_be_is_named(program: Program) -> None:
    sku, other = listed(program, 20), listed(program, 20)
    whole, part, wrong = (ordered(program, (sku, 3), (other, 2)) for _ in range(3))
    code = part["order_items"][0]["order_item"]
    nobody, stranger = "111-1111111-1111111", "12345678901234"

    feed, report = fed(
        program, FULFILLMENT,
        envelope(
            program, "OrderFulfillment",
            confirmation(whole["order"]),
            confirmation(nobody),
            confirmation(part["order"], (code, 1)),
            confirmation(wrong["order"], (stranger, 1)),
            confirmation(wrong["order"], (wrong["order_items"][0]["order_item"], 4)),
            confirmation(part["order"], (code, 1)),
        ),
        XML,
    )  # fmt: skip

    assert results(report) == [
        ("2", "Error", "18028", {"AmazonOrderID": nobody}),
        ("4", "Error", "18028", {"AmazonOrderID": wrong["order"]}),
        ("5", "Error", "18028", {"AmazonOrderID": wrong["order"]}),
    ]
    assert xml_report(program, feed, (6, 3, 3, 0)).split(b"</ProcessingSummary>")[0] in inside(report)
    shipped = {
        order["order"]: (found["status"], [one["shipped"] for one in found["items"]])
        for order in (whole, part, wrong)
        for found in [order_of(program, order["order"])]
    }
    assert shipped == {
        whole["order"]: ("Shipped", [3, 2]),
        part["order"]: ("PartiallyShipped", [2, 0]),
        wrong["order"]: ("Unshipped", [0, 0]),
    }
    [package] = order_of(program, whole["order"])["items"][0]["packages"]
    assert (package["carrier"], package["method"], package["tracking"]) == ("UPS", "Ground", "1Z")


def test_a_clean_confirmation_has_exactly_this_report_and_names_the_location_that_shipped(program: Program) -> None:
    sku = listed(program, 0)
    shop = location(program, "SHOP")
    program.world("set_quantity", sku=sku, quantity=5, source=shop)
    order = ordered(program, (sku, 2))

    feed, report = fed(
        program, FULFILLMENT, envelope(program, "OrderFulfillment", confirmation(order["order"], source="SHOP")), XML
    )

    assert inside(report) == xml_report(program, feed, (1, 1, 0, 0))
    found = order_of(program, order["order"])
    assert (found["status"], found["items"][0]["routes"]) == ("Shipped", [{"source": shop, "quantity": 2}])


# Tab-delimited text


def rows(*lines: tuple[Any, ...]) -> bytes:
    return "".join("\t".join("" if cell is None else str(cell) for cell in line) + "\n" for line in lines).encode()


def text_report(processed: int, successful: int, *findings: tuple[Any, ...]) -> bytes:
    found = (
        "Feed Processing Summary:\n"
        f"\tNumber of records processed\t\t{processed}\n\tNumber of records successful\t\t{successful}\n\n"
    ).encode()
    header = ("original-record-number", "sku", "error-code", "error-type", "error-message")
    return found + rows(header, *findings) if findings else found


def offer(program: Program, sku: str) -> dict[str, Any]:
    [found] = item(program, sku)["attributes"]["purchasable_offer"]
    return {
        name: found[name][0]["schedule"][0]["value_with_tax"]
        for name in ("our_price", "minimum_seller_allowed_price", "maximum_seller_allowed_price")
        if name in found
    }


def test_prices_and_quantities_are_set_and_blank_cells_leave_things_as_they_are(program: Program) -> None:
    both, only_price, only_quantity, twice, afn = (listed(program) for _ in range(5))

    _, report = fed(
        program, PRICES,
        rows(
            ("sku", "price", "minimum-seller-allowed-price", "maximum-seller-allowed-price", "quantity",
             "handling-time", "fulfillment-channel"),
            (both, "11.50", "9", "12", 8, 2, ""),
            (only_price, "12", "", "", "", "", ""),
            (only_quantity, "", "", "", 9, "", ""),
            ("NOWHERE", "5", "", "", 1, "", ""),
            (twice, "13", "", "", 5, "", ""),
            (twice, "14", "", "", "", "", ""),
            (both, "free", "", "", 1, "", ""),
            (afn, "", "", "", "", "", "AMAZON_NA"),
        ),
        TEXT,
    )  # fmt: skip

    wrong = report.splitlines()[6].split(b"\t")[4].decode()
    assert report == text_report(8, 6, (4, "NOWHERE", "13013", "Error", NOT_LISTED), (7, both, "90111", "Error", wrong))
    assert offer(program, both) == {
        "our_price": 11.5, "minimum_seller_allowed_price": 9, "maximum_seller_allowed_price": 12
    }  # fmt: skip
    assert item(program, both)["attributes"][AVAILABILITY][0]["lead_time_to_ship_max_days"] == 2
    assert available(program, both) == {"DEFAULT": 8}
    assert (offer(program, only_price), available(program, only_price)) == ({"our_price": 12}, {"DEFAULT": 3})
    assert (offer(program, only_quantity), available(program, only_quantity)) == ({"our_price": 10.5}, {"DEFAULT": 9})
    assert (offer(program, twice), available(program, twice)) == ({"our_price": 14}, {"DEFAULT": 5})
    assert available(program, afn) == {"AMAZON_NA": None}


def test_a_row_that_leaves_everything_as_it_is_is_successful(program: Program) -> None:
    own, warehouse = listed(program), listed(program, None, fulfillment_availability=[{CHANNEL: "AMAZON_NA"}])

    _, report = fed(
        program, PRICES, rows(("sku", "quantity", "handling-time"), (own, "", ""), (warehouse, "", 3)), TEXT
    )

    assert report == text_report(2, 2)
    assert (available(program, own), available(program, warehouse)) == ({"DEFAULT": 3}, {"AMAZON_NA": None})


def test_a_clean_flat_file_has_exactly_this_report(program: Program) -> None:
    sku = listed(program)

    _, report = fed(program, PRICES, rows(("sku", "quantity"), (sku, 4)), TEXT)

    assert report == b"Feed Processing Summary:\n\tNumber of records processed\t\t1\n" + (
        b"\tNumber of records successful\t\t1\n\n"
    )
    assert available(program, sku) == {"DEFAULT": 4}


def test_the_inventory_loader_adds_updates_and_deletes_offers(program: Program) -> None:
    old, gone, bad = (listed(program) for _ in range(3))
    new, twice = program.new_sku(), program.new_sku()
    asin = item(program, old)["summaries"][0]["asin"]

    _, report = fed(
        program, LOADER,
        rows(
            ("sku", "product-id", "product-id-type", "price", "item-condition", "quantity", "add-delete"),
            (new, asin, "1", "9.90", "11", 6, "a"),
            (old, "", "", "8", "", 2, "a"),
            (gone, "", "", "", "", "", "d"),
            ("NOWHERE", "", "", "", "", "", "x"),
            (bad, "", "", "8", "", "many", "a"),
            (twice, asin, "1", "7", "11", 1, "a"),
            (twice, "", "", "", "", 4, "a"),
        ),
        TEXT,
    )  # fmt: skip

    told = [line.split(b"\t")[:4] for line in report.splitlines()[5:]]
    assert told == [[b"4", b"NOWHERE", b"13013", b"Error"], [b"5", bad.encode(), b"90111", b"Error"]]
    assert report.startswith(text_report(7, 5))
    assert (item(program, new)["summaries"][0]["asin"], available(program, new)) == (asin, {"DEFAULT": 6})
    assert (offer(program, old), available(program, old)) == ({"our_price": 8}, {"DEFAULT": 2})
    assert item(program, gone)["summaries"] == []
    assert available(program, bad) == {"DEFAULT": 3}
    assert (offer(program, twice), available(program, twice)) == ({"our_price": 7}, {"DEFAULT": 4})


# Kinds that Amazon retired

LEGACY: dict[str, tuple[str, Callable[[Program, str], bytes]]] = {
    XML_QUANTITIES: (XML, lambda p, sku: envelope(p, "Inventory", stock(sku, "<Quantity>9</Quantity>"))),
    PRICES: (TEXT, lambda _, sku: rows(("sku", "quantity"), (sku, 9))),
    LOADER: (TEXT, lambda _, sku: rows(("sku", "quantity", "add-delete"), (sku, 9, "a"))),
}


@pytest.mark.parametrize("kind", LEGACY)
def test_a_retired_kind_is_fatal_for_a_strict_seller_and_nothing_is_done(new_seller: NewSeller, kind: str) -> None:
    program = new_seller(fidelity="strict")
    content_type, content = LEGACY[kind]
    sku = program.new_sku()
    accepted(put_listing(program, sku, {"productType": "KETTLE", "attributes": marked(attributes())}))

    _, report = fed(program, kind, content(program, sku), content_type, "FATAL")

    assert f"The feed type {kind} is not supported since 2025-07-31. Use JSON_LISTINGS_FEED.".encode() in report
    assert available(program, sku) == {"DEFAULT": 3}


@pytest.mark.parametrize("kind", [JSON_LISTINGS, FULFILLMENT])
def test_a_current_kind_is_processed_for_a_strict_seller(new_seller: NewSeller, kind: str) -> None:
    program = new_seller(fidelity="strict")
    content = {
        JSON_LISTINGS: (JSON, document(program)),
        FULFILLMENT: (XML, envelope(program, "OrderFulfillment", confirmation("111-1111111-1111111"))),
    }

    _, report = fed(program, kind, content[kind][1], content[kind][0])

    assert (b"18028" in report) == (kind == FULFILLMENT)


def marked(given: dict[str, Any]) -> dict[str, Any]:
    """The attributes as a strict seller must send them: each instance with its marketplace."""
    offered = [{"currency": "USD", **priced(10.5)}]
    return {
        **{
            name: [{"marketplace_id": US, **one} for one in instances] if name != AVAILABILITY else instances
            for name, instances in given.items()
        },
        "purchasable_offer": [{"marketplace_id": US, **one} for one in offered],
    }
