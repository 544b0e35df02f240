"""POST_ORDER_FULFILLMENT_DATA: how the confirmations of shipments are read.

Sources: domain specification §4.4 and appendix A; the multi-location guide, whose example must be accepted as it is.
No `Item`: the whole order is confirmed. No `Quantity`: all remaining units of that line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from entrepot.domain.carriers import OTHER, carrier
from entrepot.domain.ledger import QUANTITY_MAX
from entrepot.feeds.envelope import Body, XmlFeed, messages
from entrepot.feeds.findings import ORDER_DATA
from entrepot.feeds.values import whole
from entrepot.wire import timestamps, xml

MESSAGE_TYPE: Final = "OrderFulfillment"
ORDER_ID: Final = re.compile(r"\w{3}-\w{7}-\w{7}", re.ASCII)
ITEM_CODE: Final = re.compile(r"[0-9]{13,15}")
TEXT_MAX: Final = 50
ID_MAX: Final = 64
SOURCE_MAX: Final = 100

_FULFILLMENT: Final = (
    "AmazonOrderID",
    "MerchantOrderID",
    "MerchantFulfillmentID",
    "FulfillmentDate",
    "FulfillmentData",
    "CODCollectionMethod",
    "Item",
    "ShipFromAddress",
    "ShipFromSupplySourceId",
)
_DATA: Final = ("CarrierCode", "CarrierName", "ShippingMethod", "ShipperTrackingNumber")
_ITEM: Final = (
    "AmazonOrderItemCode",
    "MerchantOrderItemID",
    "MerchantFulfillmentItemID",
    "Quantity",
    "TransparencyCode",
)


@dataclass(frozen=True, slots=True)
class ConfirmedItem:
    """A line of the order, by Amazon's code or by the merchant's id; quantity None is all that remains."""

    item_code: str
    merchant_item_id: str
    quantity: int | None


@dataclass(slots=True)
class Confirmation:
    """One shipment of one order, by Amazon's id or by the merchant's. items: none is the whole order.

    source: the supply source it left from, as sent (id or code), or empty. Texts that were not sent are empty.
    """

    number: int
    message_id: int
    order_id: str
    merchant_order_id: str
    ship_date: datetime
    carrier_code: str
    carrier_name: str
    method: str
    tracking: str
    items: list[ConfirmedItem]
    source: str


def read(content: bytes, seller_id: str, strict: bool = False, has_sources: bool = False) -> XmlFeed[Confirmation]:
    """The confirmations that the seller submitted. has_sources: he ships from several places, so he should say from
    which. FeedUnreadable: the document is refused as a whole."""
    feed: XmlFeed[Confirmation] = XmlFeed()
    for body, element in messages(content, seller_id, MESSAGE_TYPE, strict):
        feed.processed += 1
        confirmation = _confirmation(body, element, has_sources)
        feed.findings += body.findings
        if confirmation is not None:
            feed.messages.append(confirmation)
    return feed


def _confirmation(body: Body, element: xml.Element, has_sources: bool) -> Confirmation | None:
    if body.refused:
        return None
    if body.operation == "Delete":
        body.refuse("A confirmation cannot be deleted.", "OperationType")
    body.enter(element, _FULFILLMENT, repeated=("Item",))
    order_id, merchant_order_id = _order(body)
    ship_date = _ship_date(body)
    source = body.text("ShipFromSupplySourceId", SOURCE_MAX)
    if has_sources and not source:
        body.warn(
            "The ShipFromSupplySourceId is missing; it names the location that the order was shipped from.",
            "ShipFromSupplySourceId",
            ORDER_DATA,
        )
    data, items = body.one("FulfillmentData"), body.all("Item")
    parcel = _parcel(body, data, has_sources)
    confirmed = [_item(body, item) for item in items]
    if body.refused or ship_date is None:
        return None
    assert body.message_id is not None
    return Confirmation(
        body.number, body.message_id, order_id, merchant_order_id, ship_date, *parcel, items=confirmed, source=source
    )


def _order(body: Body) -> tuple[str, str]:
    order_id, merchant_id = body.text("AmazonOrderID", ID_MAX), body.text("MerchantOrderID", ID_MAX)
    if order_id:
        body.details["AmazonOrderID"] = order_id
    if not order_id and not merchant_id:
        body.refuse(
            "The order is not named: AmazonOrderID or MerchantOrderID is required.", "AmazonOrderID", ORDER_DATA
        )
    elif order_id and merchant_id:
        body.object("AmazonOrderID and MerchantOrderID exclude each other; the first is used.", "MerchantOrderID")
    if order_id and not ORDER_ID.fullmatch(order_id):
        body.refuse(f"The order id '{order_id}' is not valid (3-7-7 characters).", "AmazonOrderID", ORDER_DATA)
    return order_id, "" if order_id else merchant_id


def _ship_date(body: Body) -> datetime | None:
    found = body.text("FulfillmentDate")
    if not found:
        body.refuse("'FulfillmentDate' is required.", "FulfillmentDate")
        return None
    try:
        return timestamps.instant(found)
    except ValueError as problem:
        refusal = str(problem)
    try:
        midnight = timestamps.day(found)
    except ValueError:
        body.refuse(f"'FulfillmentDate': {refusal}.", "FulfillmentDate")
        return None
    body.object("'FulfillmentDate' must be a date and a time; midnight UTC is assumed.", "FulfillmentDate")
    return datetime(midnight.year, midnight.month, midnight.day, tzinfo=UTC)


def _parcel(body: Body, data: xml.Element | None, has_sources: bool) -> tuple[str, str, str, str]:
    """Carrier code, carrier name, shipping method, tracking number."""
    if data is not None:
        body.enter(data, _DATA)
    else:
        body.enter(xml.document("FulfillmentData"), _DATA)
    code, name = _carrier(body)
    method = body.text("ShippingMethod", TEXT_MAX)
    tracking = body.text("ShipperTrackingNumber", TEXT_MAX)
    if has_sources and not body.refused:
        sent = {"CarrierCode": code, "ShippingMethod": method, "ShipperTrackingNumber": tracking}
        for element, value in sent.items():
            if not value:
                body.object(f"{element} is required of sellers with several locations.", element, ORDER_DATA)
    return code, name, method, tracking


def _carrier(body: Body) -> tuple[str, str]:
    code, name = body.text("CarrierCode"), body.text("CarrierName", TEXT_MAX)
    if not code:
        return "", name
    known = carrier(code)
    if known is None:
        body.refuse(
            f"The CarrierCode '{code[:TEXT_MAX]}' is not known. Use the code '{OTHER}' and give the CarrierName.",
            "CarrierCode",
            ORDER_DATA,
        )
        return "", name
    if known != code:
        body.object(f"The CarrierCode '{code}' is spelled '{known}'.", "CarrierCode")
    if known == OTHER and not name:
        body.object(f"The CarrierCode '{OTHER}' needs a CarrierName.", "CarrierName")
    elif known != OTHER and name:
        body.object("CarrierCode and CarrierName exclude each other; the first is used.", "CarrierName")
    return known, name


def _item(body: Body, item: xml.Element) -> ConfirmedItem:
    body.enter(item, _ITEM, repeated=("TransparencyCode",))
    code, merchant_id = body.text("AmazonOrderItemCode", ID_MAX), body.text("MerchantOrderItemID", ID_MAX)
    if code:
        body.details["AmazonOrderItemCode"] = code
    if not code and not merchant_id:
        body.refuse(
            "The item is not named: AmazonOrderItemCode or MerchantOrderItemID is required.",
            "AmazonOrderItemCode",
            ORDER_DATA,
        )
    elif code and merchant_id:
        body.object("AmazonOrderItemCode and MerchantOrderItemID exclude each other; the first is used.")
    if code and not ITEM_CODE.fullmatch(code):
        body.refuse(f"The item code '{code}' is not valid (13 to 15 digits).", "AmazonOrderItemCode", ORDER_DATA)
    quantity = body.read("Quantity", _positive)
    body.details.pop("AmazonOrderItemCode", None)
    return ConfirmedItem(code, "" if code else merchant_id, quantity)


def _positive(text: str) -> int:
    return whole(text, 1, QUANTITY_MAX)
