"""The multi-location guide as a story: two stores, SKUs in them one by one and in bulk, orders, and every number after.

Bodies are those of the guide, misspelt as it misspells them; numbers are those of domain specification §2.4 (the
channel DEFAULT shows its own units and those of the active locations). Each client library tells the same story.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from xml.etree import ElementTree

from tests.clients.story import NOTHING, US, Numbers, numbers
from tests.running import RunningServer

Json = dict[str, Any]

# The frozen clock of the story; shortly before the guide's example of a shipment says it was shipped.
CLOCK = "2023-01-01T01:00:00Z"
PATIENCE = 30.0

FIRST, SECOND = "ssnm001", "ssnm002"
BY_AMAZON = "KETTLE-FBA"  # beside them, in Amazon's warehouse
JSON_FEED, ORDER_FEED = "JSON_LISTINGS_FEED", "POST_ORDER_FULFILLMENT_DATA"
JSON_TYPE, XML_TYPE = "application/json; charset=UTF-8", "text/xml; charset=UTF-8"

# Two stores, under the codes that the guide's examples use. Orders of the story come from next door to the second.
SEATTLE = {
    "name": "Store A - Seattle",
    "addressLine1": "1 Pike Pl",
    "city": "Seattle",
    "stateOrRegion": "WA",
    "countryCode": "US",
    "postalCode": "98101",
}
PORTLAND = {
    "name": "Store B - Portland",
    "addressLine1": "1 Burnside St",
    "city": "Portland",
    "stateOrRegion": "OR",
    "countryCode": "US",
    "postalCode": "97209",
}
STORES = {"ISPU01": SEATTLE, "ISPU02": PORTLAND}
BUYER = {
    "name": "A buyer",
    "line1": "2 Oak St",
    "city": "Portland",
    "state": "OR",
    "postal_code": "97205",
    "country": "US",
}

CONFIGURATION = {
    "operationalConfiguration": {
        "contactDetails": {"primary": {"email": "store@example.test", "phone": "+1 206 555 0100"}},
        "throughputConfig": {"throughputCap": {"value": 100, "timeUnit": "Days"}, "throughputUnit": "Order"},
        "handlingTime": {"value": 1, "timeUnit": "Days"},
    },
    "timezone": "America/Los_Angeles",
}


# What is said of listings


def attributes(title: str, channel: Json) -> Json:
    """A complete listing with a price, offered through one channel."""
    price = {"currency": "USD", "our_price": [{"schedule": [{"value_with_tax": 12.5}]}]}
    return {
        "item_name": [{"value": title}],
        "condition_type": [{"value": "new_new"}],
        "purchasable_offer": [price],
        "fulfillment_availability": [channel],
    }


def patch(quantities: Mapping[str, int], key: str = "fulfillment_channel_code") -> Json:
    value = [{key: code, "quantity": units} for code, units in quantities.items()]
    return {"op": "replace", "path": "/attributes/fulfillment_availability", "value": value}


def misspelt(first: int, second: int, ids: list[str]) -> Json:
    """The guide's patch of three channels, with the key as the guide writes it."""
    return patch(dict(zip((*ids, "DEFAULT"), (first, second, 0), strict=True)), "fulfillmentchannelCode")


# The guide's example for several locations, which it names by their codes; DEFAULT is not among them.
BY_CODE = patch(dict.fromkeys(STORES, 10))


def bulk(seller_id: str, *messages: Json) -> str:
    return json.dumps({"header": {"sellerId": seller_id, "version": "2.0"}, "messages": messages}, indent=2)


def message(number: int, sku: str, patch: Json) -> Json:
    """As the guide writes it: no productType, and `patches` no list."""
    return {"messageId": number, "sku": sku, "operationType": "PATCH", "patches": patch}


def right_message(number: int, sku: str, patch: Json, **changed: object) -> Json:
    """As the schema wants it, which is as the guide's other example writes it."""
    return {**message(number, sku, patch), "productType": "PRODUCT", "patches": [patch], **changed}


def summary(processed: int, invalid: int, errors: int, warnings: int) -> Json:
    """That of a processing report."""
    messages = {"messagesProcessed": processed, "messagesAccepted": processed - invalid, "messagesInvalid": invalid}
    return {"errors": errors, "warnings": warnings, **messages}


# Codes of warnings: the key misspelt, `patches` no list, no productType; and the guide's caution.
MISSPELT, NO_LIST, NO_TYPE, DEFAULT_IS_NOT_0 = "EP0001", "EP0002", "EP0003", "EP0004"
SLIPS = (MISSPELT, NO_LIST, NO_TYPE)


# The guide's example of the order feed; `item` and `source` stand where the schema has them.
SHIPMENT = """<?xml version="1.0" encoding="utf-8"?>
<AmazonEnvelope
    xmlns:xsd="http://www.w3.org/2001/XMLSchema"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <Header>
        <DocumentVersion>1.01</DocumentVersion>
        <MerchantIdentifier>{seller}</MerchantIdentifier>
    </Header>
    <MessageType>OrderFulfillment</MessageType>
    <Message>
        <MessageID>1</MessageID>
        <OrderFulfillment>
            <AmazonOrderID>{order}</AmazonOrderID>
            <FulfillmentDate>2023-01-01T01:01:01+00:00</FulfillmentDate>
            <FulfillmentData>
                <CarrierCode>USPS</CarrierCode>
                <ShippingMethod>USPS First Class Mail</ShippingMethod>
                <ShipperTrackingNumber>1234567891011121314</ShipperTrackingNumber>
            </FulfillmentData>{item}
            <ShipFromSupplySourceId>{source}</ShipFromSupplySourceId>
        </OrderFulfillment>
    </Message>
</AmazonEnvelope>
"""
ITEM = "<Item><AmazonOrderItemCode>{}</AmazonOrderItemCode><Quantity>{}</Quantity></Item>"


# Who tells it


class Library(Protocol):
    """What the story asks of a client library. Answers are the decoded bodies."""

    def create_source(self, body: Json) -> Json: ...

    def update_source(self, source: str, body: Json) -> object: ...

    def turn_source(self, source: str, status: str) -> object: ...

    def source(self, source: str) -> Json: ...

    def put_listing(self, sku: str, body: Json) -> Json: ...

    def patch_listing(self, sku: str, body: Json) -> Json: ...

    def listing(self, sku: str, *included: str) -> Json: ...

    def add_inventory(self, sku: str, units: int) -> object: ...

    def summaries(self) -> list[Json]: ...

    def submit(self, kind: str, content: str, content_type: str) -> str:
        """Announce a document, upload it, make a feed of it; the feed's id."""
        ...

    def feed(self, feed: str) -> Json: ...

    def report(self, document: str) -> str: ...


@dataclass(frozen=True)
class Stock:
    """A SKU that the seller ships himself: what DEFAULT shows, its own units, those in each store (None: not listed
    there), those held for unpaid orders and for paid ones."""

    shown: int
    own: int = 0
    stores: tuple[int, int] | None = None
    pending: int = 0
    unshipped: int = 0


@dataclass
class Teller:
    """Lets the story happen: what programs do through a library, what else happens as verbs of the world."""

    server: RunningServer
    seller_id: str
    library: Library
    stores: list[str] = field(default_factory=list)
    orders: list[Json] = field(default_factory=list)

    def world(self, verb: str, **arguments: Any) -> Any:
        return self.server.world(verb, seller=self.seller_id, **arguments)

    def explained(self, sku: str, number: str, **where: str) -> int:
        """The number, which must be the sum of its balances."""
        found = self.world("explain", sku=sku, number=number, **where)
        assert found["value"] == sum(share["units"] for share in found["shares"])
        value: int = found["value"]
        return value

    def patch(self, sku: str, patch: Json) -> list[str]:
        """Send a patch; the codes of the warnings it was accepted with."""
        answer = self.library.patch_listing(sku, {"productType": "PRODUCT", "patches": [patch]})
        assert (answer["sku"], answer["status"]) == (sku, "ACCEPTED"), answer
        assert all(issue["severity"] == "WARNING" for issue in answer["issues"]), answer
        return [issue["code"] for issue in answer["issues"]]

    def processed(self, kind: str, content: str, content_type: str) -> str:
        """The report of a feed, when it is done."""
        feed = self.library.submit(kind, content, content_type)
        deadline = time.monotonic() + PATIENCE
        while (found := self.library.feed(feed))["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        assert found["processingStatus"] == "DONE", found
        assert (found["feedId"], found["feedType"], found["marketplaceIds"]) == (feed, kind, [US])
        return self.library.report(found["resultFeedDocumentId"])

    def bulk(self, *messages: Json) -> Json:
        report: Json = json.loads(self.processed(JSON_FEED, bulk(self.seller_id, *messages), JSON_TYPE))
        return report

    def ship(self, source: str, order: Json, units: int | None = None) -> None:
        """Confirm a shipment through the order feed, whose report has nothing to say against it."""
        item = "" if units is None else ITEM.format(order["order_items"][0]["order_item"], units)
        content = SHIPMENT.format(seller=self.seller_id, order=order["order"], source=source, item=item)
        assert self.confirmed(content) == ({"Processed": 1, "Successful": 1, "WithError": 0, "WithWarning": 0}, [])

    def confirmed(self, content: str) -> tuple[Numbers, list[str]]:
        """What the report of an order feed counts, and the codes of its results."""
        report = ElementTree.fromstring(self.processed(ORDER_FEED, content, XML_TYPE).encode())
        [processing] = report.iter("ProcessingReport")
        assert processing.findtext("StatusCode") == "Complete"
        counts = processing.iterfind("ProcessingSummary/*")
        codes = [code.text or "" for code in processing.iter("ResultMessageCode")]
        return {count.tag.removeprefix("Messages"): int(count.text or "") for count in counts}, codes

    def check(self, sku: str, stock: Stock) -> None:
        """What Listings Items shows and what `explain` says are both what the story says."""
        self.check_listing(sku, {"DEFAULT": stock.shown, **dict(zip(self.stores, stock.stores or (), strict=False))})
        where = dict(zip(["DEFAULT", *self.stores], (stock.own, *(stock.stores or (0, 0))), strict=False))
        assert {source: self.explained(sku, "mfn_available", source=source) for source in where} == where
        expected = {
            "mfn_available": sum(where.values()),
            "mfn_default": stock.shown,
            "mfn_pending": stock.pending,
            "mfn_unshipped": stock.unshipped,
            "mfn_reserved": stock.pending + stock.unshipped,
            "fulfillable": 0,
        }
        assert {number: self.explained(sku, number) for number in expected} == expected

    def check_listing(self, sku: str, channels: Mapping[str, int | None]) -> None:
        found = self.library.listing(sku, "fulfillmentAvailability")
        assert found["sku"] == sku
        available = found["fulfillmentAvailability"]
        assert {entry["fulfillmentChannelCode"]: entry.get("quantity") for entry in available} == channels

    def check_warehouse(self, expected: Numbers) -> None:
        """FBA Inventory shows the one SKU that is in a warehouse; `explain` and Listings Items agree."""
        [summary] = self.library.summaries()
        assert (summary["sellerSku"], numbers(summary)) == (BY_AMAZON, {**NOTHING, **expected})
        said = {name: self.explained(BY_AMAZON, name) for name in expected}
        assert said == expected
        self.check_listing(BY_AMAZON, {"AMAZON_NA": None})
        assert self.explained(BY_AMAZON, "mfn_available") == 0


@dataclass(frozen=True)
class Step:
    """Something happens; the numbers after it. Of what a step does not name, the numbers stay as they were."""

    title: str
    happens: Callable[[Teller], None]
    after: Mapping[str, Stock] = field(default_factory=dict)
    warehouse: Numbers | None = None


# What happens


def two_stores_are_opened(teller: Teller) -> None:
    library = teller.library
    for code, address in STORES.items():
        made = library.create_source({"supplySourceCode": code, "alias": address["name"], "address": address})
        assert made["supplySourceCode"] == code
        source = made["supplySourceId"]
        assert library.source(source)["status"] == "Inactive"
        library.update_source(source, {"alias": f"{address['name']}, open", "configuration": CONFIGURATION})
        library.turn_source(source, "Active")
        found = library.source(source)
        assert (found["status"], found["alias"]) == ("Active", f"{address['name']}, open")
        assert found["configuration"] == CONFIGURATION
        teller.stores.append(source)


def three_skus_are_listed(teller: Teller) -> None:
    by_seller: Json = {"fulfillment_channel_code": "DEFAULT", "quantity": 3}
    by_amazon: Json = {"fulfillment_channel_code": "AMAZON_NA"}
    for sku, channel in ((FIRST, by_seller), (SECOND, by_seller), (BY_AMAZON, by_amazon)):
        body = {"productType": "KETTLE", "attributes": attributes(f"Kettle {sku}", channel)}
        answer = teller.library.put_listing(sku, body)
        assert (answer["sku"], answer["status"], answer["issues"]) == (sku, "ACCEPTED", []), answer
    teller.library.add_inventory(BY_AMAZON, 25)


def a_price_is_read(teller: Teller) -> None:
    [offer] = teller.library.listing(FIRST, "offers")["offers"]
    assert (offer["offerType"], offer["price"]["currencyCode"], float(offer["price"]["amount"])) == ("B2C", "USD", 12.5)


def one_sku_is_assigned_to_both_stores(teller: Teller) -> None:
    assert teller.patch(FIRST, misspelt(10, 5, teller.stores)) == [MISSPELT]


def the_other_is_assigned_by_the_codes_of_the_stores(teller: Teller) -> None:
    assert teller.patch(SECOND, BY_CODE) == [DEFAULT_IS_NOT_0]


def both_are_assigned_in_bulk(teller: Teller) -> None:
    """The guide's feed: no productType, `patches` not a list, the key misspelt."""
    report = teller.bulk(
        message(1, SECOND, misspelt(10, 7, teller.stores)),
        message(2, FIRST, misspelt(5, 8, teller.stores)),
    )
    told = {(1, SECOND, code) for code in SLIPS} | {(2, FIRST, code) for code in SLIPS}
    assert {(issue["messageId"], issue["sku"], issue["code"]) for issue in report["issues"]} == told
    assert report["summary"] == summary(processed=2, invalid=0, errors=0, warnings=len(told))


def ordered(sku: str, units: int) -> Callable[[Teller], None]:
    def happens(teller: Teller) -> None:
        order = teller.world("place_order", sku=sku, quantity=units, channel="MFN", address=BUYER)
        assert order["promise"]["ship_from"] == teller.stores[1]
        teller.orders.append(order)

    return happens


def the_order_is_paid(teller: Teller) -> None:
    teller.world("verify_payment", order=teller.orders[-1]["order"])


def all_of_it_is_shipped(teller: Teller) -> None:
    teller.ship(teller.stores[1], teller.orders[-1])


def one_of_it_is_shipped_from_the_other_store(teller: Teller) -> None:
    teller.ship(teller.stores[0], teller.orders[-1], 1)


def the_rest_is_cancelled(teller: Teller) -> None:
    teller.world("cancel_order", order=teller.orders[-1]["order"])


def one_of_the_first_order_comes_back(teller: Teller) -> None:
    teller.world("restock_return", order=teller.orders[0]["order"], quantity=1, source="ISPU01")


def kettles_are_ordered_from_amazon(teller: Teller) -> None:
    order = teller.world("place_order", sku=BY_AMAZON, quantity=4, channel="AFN")
    teller.world("ship_order", order=order["order"], quantity=3)


def the_second_store_becomes(status: str) -> Callable[[Teller], None]:
    def happens(teller: Teller) -> None:
        teller.library.turn_source(teller.stores[1], status)

    return happens


def a_bulk_feed_is_partly_wrong(teller: Teller) -> None:
    report = teller.bulk(
        right_message(1, FIRST, patch({"ISPU01": 4, "ISPU02": 6, "DEFAULT": 0})),
        right_message(2, SECOND, patch({"ISPU01": 5, "ISPU02": -1})),
        right_message(3, SECOND, patch({"ISPU01": 5, "ISPU99": 5})),
        right_message(4, "", BY_CODE),
        right_message(5, SECOND, BY_CODE, operationType="UPSERT"),
        right_message(1, SECOND, BY_CODE),
        message(6, SECOND, misspelt(1, 2, teller.stores)),
    )
    assert [(issue["messageId"], issue["code"], issue["attributeName"]) for issue in report["issues"]] == [
        (2, "4000001", "fulfillment_availability"),
        (3, "4000001", "fulfillment_availability"),
        (4, "BAD_REQUEST", "sku"),
        (5, "BAD_REQUEST", "operationType"),
        (1, "BAD_REQUEST", "messageId"),
        (6, NO_TYPE, "productType"),
        (6, NO_LIST, "patches"),
        (6, MISSPELT, "fulfillment_availability"),
    ]
    assert "'-1'" in report["issues"][0]["message"]
    assert "'ISPU99'" in report["issues"][1]["message"]
    assert report["summary"] == summary(processed=7, invalid=5, errors=5, warnings=3)


def documents_cannot_be_read(teller: Teller) -> None:
    cut = bulk(teller.seller_id, right_message(1, FIRST, BY_CODE))[:-5]
    report = json.loads(teller.processed(JSON_FEED, cut, JSON_TYPE))
    [issue] = report["issues"]
    assert (issue["code"], issue["message"]) == ("4002001", "Item 'Feed' cannot be parsed.")
    assert report["summary"] == summary(processed=0, invalid=0, errors=1, warnings=0)

    unread = {"Processed": 0, "Successful": 0, "WithError": 1, "WithWarning": 0}
    assert teller.confirmed(SHIPMENT[:-30]) == (unread, ["5001"])


def a_shipment_is_confirmed_too_early(teller: Teller) -> None:
    """The order is not paid for; and nobody knows the other one."""
    order = teller.world("place_order", sku=FIRST, quantity=1, channel="MFN", address=BUYER)["order"]
    for wrong in (order, "123-1234567-1234567"):
        content = SHIPMENT.format(seller=teller.seller_id, order=wrong, source=teller.stores[1], item="")
        refused = {"Processed": 1, "Successful": 0, "WithError": 1, "WithWarning": 0}
        assert teller.confirmed(content) == (refused, ["18028"])


LISTED = Stock(shown=3, own=3)

OPENING = (
    Step("two stores are opened", two_stores_are_opened),
    Step(
        "three SKUs are listed",
        three_skus_are_listed,
        {FIRST: LISTED, SECOND: LISTED},
        {"totalQuantity": 25, "fulfillableQuantity": 25},
    ),
    Step("the price is read", a_price_is_read),
)
ASSIGNMENT = (
    Step(
        "one SKU is assigned to both stores",
        one_sku_is_assigned_to_both_stores,
        {FIRST: Stock(shown=15, stores=(10, 5))},
    ),
    Step(
        "the other is assigned by the codes of the stores",
        the_other_is_assigned_by_the_codes_of_the_stores,
        {SECOND: Stock(shown=23, own=3, stores=(10, 10))},
    ),
    Step(
        "both are assigned in bulk",
        both_are_assigned_in_bulk,
        {FIRST: Stock(shown=13, stores=(5, 8)), SECOND: Stock(shown=17, stores=(10, 7))},
    ),
)
ORDERS = (
    Step("three are ordered", ordered(FIRST, 3), {FIRST: Stock(shown=10, stores=(5, 5), pending=3)}),
    Step("they are paid for", the_order_is_paid, {FIRST: Stock(shown=10, stores=(5, 5), unshipped=3)}),
    Step("they are shipped by feed", all_of_it_is_shipped, {FIRST: Stock(shown=10, stores=(5, 5))}),
    Step("four are ordered", ordered(SECOND, 4), {SECOND: Stock(shown=13, stores=(10, 3), pending=4)}),
    Step("they are paid for, too", the_order_is_paid, {SECOND: Stock(shown=13, stores=(10, 3), unshipped=4)}),
    Step(
        "one is shipped by feed from the store where it was not reserved",
        one_of_it_is_shipped_from_the_other_store,
        {SECOND: Stock(shown=13, stores=(9, 4), unshipped=3)},
    ),
    Step("the rest is cancelled", the_rest_is_cancelled, {SECOND: Stock(shown=16, stores=(9, 7))}),
    Step("one comes back", one_of_the_first_order_comes_back, {FIRST: Stock(shown=11, stores=(6, 5))}),
    Step(
        "the second store closes",
        the_second_store_becomes("Inactive"),
        {FIRST: Stock(shown=6, stores=(6, 5)), SECOND: Stock(shown=9, stores=(9, 7))},
    ),
    Step(
        "it opens again",
        the_second_store_becomes("Active"),
        {FIRST: Stock(shown=11, stores=(6, 5)), SECOND: Stock(shown=16, stores=(9, 7))},
    ),
    Step(
        "Amazon ships for the seller",
        kettles_are_ordered_from_amazon,
        warehouse={
            "totalQuantity": 22,
            "fulfillableQuantity": 21,
            "totalReservedQuantity": 1,
            "pendingCustomerOrderQuantity": 1,
        },
    ),
)
WRONG_FEEDS = (
    Step(
        "a bulk feed is partly wrong",
        a_bulk_feed_is_partly_wrong,
        {FIRST: Stock(shown=10, stores=(4, 6)), SECOND: Stock(shown=3, stores=(1, 2))},
    ),
    Step("documents cannot be read", documents_cannot_be_read),
    Step(
        "a shipment is confirmed too early",
        a_shipment_is_confirmed_too_early,
        {FIRST: Stock(shown=9, stores=(4, 5), pending=1)},
    ),
)


def tell(teller: Teller, *steps: Step) -> None:
    """A story; after every step every number of every SKU is read at every place that shows it."""
    known: dict[str, Stock] = {}
    warehouse: Numbers = {}
    for step in steps:
        known.update(step.after)
        warehouse = step.warehouse or warehouse
        try:
            step.happens(teller)
            for sku, stock in known.items():
                teller.check(sku, stock)
            if warehouse:
                teller.check_warehouse(warehouse)
        except AssertionError as difference:
            difference.add_note(f"when {step.title}")
            raise
