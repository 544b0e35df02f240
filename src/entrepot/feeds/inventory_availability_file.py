"""POST_INVENTORY_AVAILABILITY_DATA: how the quantities of the older XML feed are read.

Source: SP-API reference §6.3, formats of the retired stock feeds. A message says one of: a quantity, whether the item
is available at all, or that the fulfilment network knows; it may switch who fulfils.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from entrepot.domain.ledger import QUANTITY_MAX
from entrepot.feeds.envelope import Body, XmlFeed, messages
from entrepot.feeds.values import read_sku, whole
from entrepot.wire import timestamps, xml

MESSAGE_TYPE: Final = "Inventory"
LOOKUP: Final = "FulfillmentNetwork"
CENTER_MAX: Final = 100
LATENCY_MAX: Final = 366  # days; ours, the schema has no bound

_INVENTORY: Final = (
    "SKU",
    "FulfillmentCenterID",
    "Available",
    "Quantity",
    "Lookup",
    "RestockDate",
    "FulfillmentLatency",
    "SwitchFulfillmentTo",
)
_STOCK: Final = ("Available", "Quantity", "Lookup")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(slots=True)
class Availability:
    """What a message says about a SKU. One of available, quantity and lookup, or none where only a switch is asked for.

    center: the place, as sent, or empty. latency: days to ship.
    """

    number: int
    message_id: int
    operation: Literal["Update", "PartialUpdate", "Delete"]
    sku: str
    center: str
    available: bool | None
    quantity: int | None
    lookup: bool
    restock_date: date | None
    latency: int | None
    switch_to: Literal["MFN", "AFN"] | None


def read(content: bytes, seller_id: str, strict: bool = False) -> XmlFeed[Availability]:
    """The quantities that the seller submitted. FeedUnreadable: the document is refused as a whole."""
    feed: XmlFeed[Availability] = XmlFeed()
    for body, element in messages(content, seller_id, MESSAGE_TYPE, strict):
        feed.processed += 1
        availability = _availability(body, element)
        feed.findings += body.findings
        if availability is not None:
            feed.messages.append(availability)
    return feed


def _availability(body: Body, element: xml.Element) -> Availability | None:
    if body.refused:
        return None
    body.enter(element, _INVENTORY)
    body.sku = body.text("SKU")[:80]
    sku = body.read("SKU", read_sku) or ""
    body.sku = sku or body.sku
    if not body.text("SKU"):
        body.refuse("'SKU' is required.", "SKU")
    center = body.text("FulfillmentCenterID", CENTER_MAX)
    if center:
        body.details["FulfillmentCenterID"] = center
    switch = body.read("SwitchFulfillmentTo", _switch)
    said = [name for name in _STOCK if body.text(name)]
    if len(said) > 1:
        body.refuse(f"{' and '.join(said)} exclude one another.", said[1])
    elif not said and switch is None and body.operation != "Delete":
        body.refuse(f"One of {', '.join(_STOCK)} is required.", "Quantity")
    available = body.read("Available", _truth)
    quantity = body.read("Quantity", _quantity)
    lookup = body.read("Lookup", _lookup) is not None
    restock = body.read("RestockDate", _day)
    latency = body.read("FulfillmentLatency", _latency)
    if body.refused:
        return None
    assert body.message_id is not None
    return Availability(
        body.number,
        body.message_id,
        body.operation,  # type: ignore[arg-type]  # one of OPERATIONS, or refused
        sku,
        center,
        available,
        quantity,
        lookup,
        restock,
        latency,
        switch,
    )


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise ValueError(f"'{text[:20]}' is neither true nor false")
    return _TRUTHS[text.lower()]


def _quantity(text: str) -> int:
    return whole(text, 0, QUANTITY_MAX)


def _latency(text: str) -> int:
    return whole(text, 1, LATENCY_MAX)


def _lookup(text: str) -> str:
    if text != LOOKUP:
        raise ValueError(f"'{text[:20]}' is not {LOOKUP}")
    return text


def _day(text: str) -> date:
    """A date, or the day of an instant, as some programs send."""
    try:
        return timestamps.day(text)
    except ValueError:
        return timestamps.instant(text).date()


def _switch(text: str) -> Literal["MFN", "AFN"]:
    if text == "MFN":
        return "MFN"
    if text == "AFN":
        return "AFN"
    raise ValueError(f"'{text[:20]}' is neither MFN nor AFN")
