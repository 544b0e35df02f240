"""FBA Inventory v1: getInventorySummaries and the three operations of the dynamic sandbox.

Source: the FBA Inventory v1 reference and its model. What no document says is decided here, once:

| case | answer |
|---|---|
| createInventoryItem of a SKU that is offered there | 400 InvalidInput, nothing changes |
| addInventory or deleteInventoryItem of an unknown SKU | 404 NotFound, nothing changes |
| addInventory replayed with the same token and body | 200 as the first, nothing is added |
| the same token with another body | 400 InvalidInput |
| addInventory without token, in header or body | 400 InvalidInput |
| addInventory without items | 200, nothing is added |
| a quantity that is not a whole number from 1 to 999,999,999 | 400 InvalidInput |
| deleteInventoryItem, forgiving | free and unsellable units are written off; 400 while others are there |
| deleteInventoryItem, strict | 400 while any unit is there |
| a marketplace of another region | 403, as the sandbox says it |
| a marketplace of the region where the seller does not sell | 403 as well |
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from entrepot.api.http import Response
from entrepot.api.operation import Operation, Quota
from entrepot.api.spapi.decoding import array, body, boolean, checked_marketplace, origin, parse_instant, success
from entrepot.api.spapi.messages import BadStartDate
from entrepot.api.spapi.room import Call
from entrepot.domain.commands import AddStock, CloseItem, CreateItem, StockLine
from entrepot.domain.errors import Invalid
from entrepot.domain.items import clean_sku
from entrepot.services.inventory import Asked, Bookmark, Summary

SKUS_MAX: Final = 50
TOKEN_SECONDS: Final = 30.0
HISTORY_MONTHS: Final = 18

# getInventorySummaries


class Granularity(msgspec.Struct):
    granularityType: str
    granularityId: str


class ResearchingEntry(msgspec.Struct):
    name: str
    quantity: int


class Reserved(msgspec.Struct):
    totalReservedQuantity: int
    pendingCustomerOrderQuantity: int
    pendingTransshipmentQuantity: int
    fcProcessingQuantity: int


class Researching(msgspec.Struct):
    totalResearchingQuantity: int
    researchingQuantityBreakdown: tuple[ResearchingEntry, ResearchingEntry, ResearchingEntry]


class Unfulfillable(msgspec.Struct):
    totalUnfulfillableQuantity: int
    customerDamagedQuantity: int
    warehouseDamagedQuantity: int
    distributorDamagedQuantity: int
    carrierDamagedQuantity: int
    defectiveQuantity: int
    expiredQuantity: int


class FutureSupply(msgspec.Struct):
    """In real answers, in no published model; always 0 here (D-7)."""

    reservedFutureSupplyQuantity: int = 0
    futureSupplyBuyableQuantity: int = 0


class Details(msgspec.Struct):
    fulfillableQuantity: int
    inboundWorkingQuantity: int
    inboundShippedQuantity: int
    inboundReceivingQuantity: int
    reservedQuantity: Reserved
    researchingQuantity: Researching
    unfulfillableQuantity: Unfulfillable
    futureSupplyQuantity: FutureSupply


class InventorySummary(msgspec.Struct, omit_defaults=True):
    asin: str
    fnSku: str
    sellerSku: str
    condition: str
    lastUpdatedTime: datetime  # UTC
    productName: str
    totalQuantity: int
    inventoryDetails: Details | None = None


class Payload(msgspec.Struct):
    granularity: Granularity
    inventorySummaries: list[InventorySummary]


class Pagination(msgspec.Struct):
    nextToken: str


class SummariesAnswer(msgspec.Struct, omit_defaults=True):
    payload: Payload
    pagination: Pagination | None = None


class _Place(msgspec.Struct, array_like=True):
    """What a nextToken carries: the whole query, and where it was left."""

    asked: Asked
    details: bool
    bookmark: Bookmark


async def get_inventory_summaries(call: Call) -> Response:
    services = call.services
    purpose = f"getInventorySummaries {call.seller_id}"
    token = call.request.one("nextToken")
    if token:
        place = services.pager.open(purpose, token, _Place, TOKEN_SECONDS)
        asked, details, bookmark = place.asked, place.details, place.bookmark
        checked_marketplace(call, asked.marketplace_id)
    else:
        asked, details = await _decode_query(call), boolean(call.request, "details")
        bookmark = None
    page = await services.inventory.summaries(call.seller_id, asked, bookmark)
    pagination = None
    if page.bookmark is not None:
        pagination = Pagination(services.pager.seal(purpose, _Place(asked, details, page.bookmark)))
    rows = [_encode(summary, details) for summary in page.summaries]
    answer = SummariesAnswer(Payload(Granularity("Marketplace", asked.marketplace_id), rows), pagination)
    return success(call, answer)


async def _decode_query(call: Call) -> Asked:
    """The query in the order of its rules: granularity, marketplace, then startDateTime > sellerSkus > sellerSku."""
    request = call.request
    if request.one("granularityType") != "Marketplace":
        raise Invalid("granularityType", "granularityType is required and must be Marketplace")
    granularity = request.one("granularityId")
    if not granularity:
        raise Invalid("granularityId", "granularityId is required")
    marketplaces = array(request, "marketplaceIds")
    if len(marketplaces) != 1:
        raise Invalid("marketplaceIds", "marketplaceIds is required and takes exactly one marketplace")
    marketplace = checked_marketplace(call, marketplaces[0])
    if granularity != marketplace:
        raise Invalid("granularityId", "granularityId must be the marketplace of marketplaceIds")
    start = request.one("startDateTime")
    if start:
        return Asked(marketplace, changed_since=await _decode_start(call, start))
    skus = array(request, "sellerSkus")
    if len(skus) > SKUS_MAX:
        raise Invalid("sellerSkus", f"sellerSkus takes at most {SKUS_MAX} SKUs, not {len(skus)}")
    one = request.one("sellerSku")
    if not skus and one:
        skus = [one]
    return Asked(marketplace, skus=_named(skus) if skus else None)


def _named(texts: Sequence[str]) -> list[str]:
    """The SKUs in their normal form. A text that cannot be one (too long, say) names nothing, as any unknown SKU."""
    skus = []
    for text in texts:
        with suppress(Invalid):
            skus.append(clean_sku(text))
    return skus


async def _decode_start(call: Call, text: str) -> datetime:
    try:
        start = parse_instant(text)
    except (ValueError, OverflowError):
        raise BadStartDate("startDateTime", "not a date-time") from None
    now = (await call.services.world.now(call.seller_id)).now
    if start < _months_before(now, HISTORY_MONTHS):
        raise Invalid("startDateTime", f"startDateTime must not be earlier than {HISTORY_MONTHS} months ago")
    return start


def _months_before(instant: datetime, months: int) -> datetime:
    month = instant.year * 12 + instant.month - 1 - months
    first = instant.replace(year=month // 12, month=month % 12 + 1, day=1)
    following = instant.replace(year=(month + 1) // 12, month=(month + 1) % 12 + 1, day=1)
    return first.replace(day=min(instant.day, (following - first).days))


def _encode(summary: Summary, details: bool) -> InventorySummary:
    position = summary.position
    reserved, unfulfillable, total = position.sums()
    return InventorySummary(
        summary.asin,
        summary.fnsku,
        summary.sku,
        summary.condition,
        summary.last_updated,
        summary.title,
        total,
        Details(
            position.available,
            position.working,
            position.shipped,
            position.receiving,
            Reserved(reserved, position.ordered, position.in_transfer, position.processing),
            _researching(*summary.researching) if position.researching else _NO_RESEARCH,
            Unfulfillable(
                unfulfillable,
                position.customer_damaged,
                position.warehouse_damaged,
                position.distributor_damaged,
                position.carrier_damaged,
                position.defective,
                position.expired,
            ),
            _NO_FUTURE_SUPPLY,
        )
        if details
        else None,
    )


def _researching(short: int, mid: int, long: int) -> Researching:
    return Researching(
        short + mid + long,
        (
            ResearchingEntry("researchingQuantityInShortTerm", short),
            ResearchingEntry("researchingQuantityInMidTerm", mid),
            ResearchingEntry("researchingQuantityInLongTerm", long),
        ),
    )


_NO_RESEARCH: Final = _researching(0, 0, 0)
_NO_FUTURE_SUPPLY: Final = FutureSupply()


# the dynamic sandbox


class CreateInventoryItemRequest(msgspec.Struct):
    sellerSku: str
    marketplaceId: str
    productName: str


class InventoryItem(msgspec.Struct):
    sellerSku: str
    marketplaceId: str
    quantity: Annotated[int, msgspec.Meta(ge=1, le=999_999_999)]


class AddInventoryRequest(msgspec.Struct):
    inventoryItems: list[InventoryItem] = []
    # Where one client, which cannot send headers, puts the token.
    idempotency_token: Any = msgspec.field(name="x-amzn-idempotency-token", default=None)


async def create_inventory_item(call: Call) -> Response:
    asked = body(call.request, CreateInventoryItemRequest)
    marketplace = checked_marketplace(call, asked.marketplaceId)
    command = CreateItem(asked.sellerSku, asked.productName, marketplace)
    await call.services.ledger.perform(call.seller_id, command, origin(call))
    return success(call, {})


async def add_inventory(call: Call) -> Response:
    asked = body(call.request, AddInventoryRequest)
    token = call.request.headers.get("x-amzn-idempotency-token") or asked.idempotency_token
    if not isinstance(token, str) or not token:
        raise Invalid("x-amzn-idempotency-token", "the header x-amzn-idempotency-token is required")
    lines = _lines(call, asked.inventoryItems)
    if lines:
        digest = hashlib.blake2b(f"{call.caller.client_id}\n{token}".encode("utf-8", "replace"), digest_size=20)
        key = f"spapi addInventory {digest.hexdigest()}"
        await call.services.ledger.perform(call.seller_id, AddStock(lines=lines), origin(call), key)
    return success(call, {})


def _lines(call: Call, items: Sequence[InventoryItem]) -> tuple[StockLine, ...]:
    return tuple(
        StockLine(item.sellerSku, item.quantity, checked_marketplace(call, item.marketplaceId)) for item in items
    )


async def delete_inventory_item(call: Call) -> Response:
    marketplace_id = call.request.one("marketplaceId")
    if not marketplace_id:
        raise Invalid("marketplaceId", "marketplaceId is required")
    marketplace = checked_marketplace(call, marketplace_id)
    command = CloseItem(call.parameters["sellerSku"], marketplace, strict=call.strict)
    await call.services.ledger.perform(call.seller_id, command, origin(call))
    return success(call, {})


# Usage plans: the reference's for getInventorySummaries, the sandbox's common one for the rest.
_READ: Final = Quota(rate=2, burst=2)
_SANDBOX: Final = Quota(rate=5, burst=15)
_ROLES: Final = frozenset({"Amazon Fulfillment", "Product Listing"})
_ITEMS: Final = "/fba/inventory/v1/items"

OPERATIONS: Final = (
    Operation("getInventorySummaries", "GET", "/fba/inventory/v1/summaries", get_inventory_summaries, _READ, _ROLES),
    Operation("createInventoryItem", "POST", _ITEMS, create_inventory_item, _SANDBOX, _ROLES),
    Operation("addInventory", "POST", f"{_ITEMS}/inventory", add_inventory, _SANDBOX, _ROLES),
    Operation("deleteInventoryItem", "DELETE", f"{_ITEMS}/{{sellerSku}}", delete_inventory_item, _SANDBOX, _ROLES),
)
