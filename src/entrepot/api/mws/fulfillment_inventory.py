"""Fulfillment Inventory 2010-10-01: ListInventorySupply and ListInventorySupplyByNextToken.

Source: Fulfillment Inventory API Section Reference; MWS reference §5 (recorded answers; Amazon's client libraries, of
whom the order of elements is). What no document says is decided here, once:

| case | answer |
|---|---|
| both filters | 400 InvalidRequestException, as with neither |
| more than 50 SKUs, a bad date, ResponseGroup or MarketplaceId | 400 InvalidParameterValue |
| QueryStartTime, which the first reference alone writes | as QueryStartDateTime |
| a start time long ago, or in the future | every SKU; none |
| a SKU named twice | one member |
| a SKU that the warehouse does not sell there | zeros, and no more than its name; as recorded |
| no NextToken | 400 ValidationError, as recorded of Feeds |
| a NextToken older than 30 minutes, damaged, or of another seller | 400 NextTokenCorrupted |
| a condition that is not known | an empty Condition |
| an instant with a fraction of a second | with milliseconds |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from entrepot.api.http import Response
from entrepot.api.mws.messages import Refused
from entrepot.api.mws.operation import Call, MwsOperation, envelope
from entrepot.api.mws.parameters import bad
from entrepot.api.mws.sections import FULFILLMENT_INVENTORY
from entrepot.api.operation import Quota
from entrepot.domain.errors import StaleToken
from entrepot.domain.fba.supply import IMMEDIATELY, IN_STOCK, UNKNOWN, SupplyRow, SupplyType, Timepoint
from entrepot.services.inventory import Asked, Bookmark
from entrepot.services.supply import Supplied
from entrepot.wire.xml import escaped

SKUS_MAX: Final = 50
TOKEN_SECONDS: Final = 30 * 60.0
GROUPS: Final = ("Basic", "Detailed")

_BOTH: Final = "Only one of SellerSkus and QueryStartDateTime is allowed"
_NOT_GIVEN: Final = (
    "1 validation error detected: Value null at 'nextToken' failed to satisfy constraint: Member must not be null"
)


class _Place(msgspec.Struct, array_like=True):
    """What a NextToken carries: the whole query, and where it was left."""

    asked: Asked
    detailed: bool
    bookmark: Bookmark


async def list_inventory_supply(call: Call) -> Response:
    skus, since = call.parameters.listed("SellerSkus"), _start(call)
    if skus and since is not None:
        raise Refused("InvalidRequestException", _BOTH)
    if not skus and since is None:
        raise Refused("InvalidRequestException")
    if len(skus) > SKUS_MAX:
        raise Refused("InvalidParameterValue", f"SellerSkus takes at most {SKUS_MAX} SKUs, not {len(skus)}")
    detailed = call.parameters.choice("ResponseGroup", GROUPS, "Basic") == "Detailed"
    marketplace = _marketplace(call)
    if since is not None:
        return await _page(call, Asked(marketplace, changed_since=since), detailed)
    supplied = await call.services.supplies.of(call.seller_id, marketplace, skus)
    return envelope(call, _result(call.action, marketplace, supplied, detailed))


async def list_inventory_supply_by_next_token(call: Call) -> Response:
    token = call.parameters.text("NextToken")
    if token is None:
        raise Refused("ValidationError", _NOT_GIVEN)
    place = call.services.pager.open(_purpose(call), token, _Place, TOKEN_SECONDS)
    if place.asked.marketplace_id not in call.marketplaces:
        raise StaleToken("the seller has left the marketplace")
    return await _page(call, place.asked, place.detailed, place.bookmark)


async def _page(call: Call, asked: Asked, detailed: bool, bookmark: Bookmark | None = None) -> Response:
    services = call.services
    page = await services.supplies.page(call.seller_id, asked, bookmark)
    token = None
    if page.bookmark is not None:
        token = services.pager.seal(_purpose(call), _Place(asked, detailed, page.bookmark))
    return envelope(call, _result(call.action, asked.marketplace_id, page.supplied, detailed, token))


def _purpose(call: Call) -> str:
    return f"ListInventorySupply {call.seller_id}"


def _start(call: Call) -> datetime | None:
    return call.parameters.instant("QueryStartDateTime", "QueryStartTime")


def _marketplace(call: Call) -> str:
    """The marketplace meant: that of the endpoint, unless another of the seller's is named."""
    named = call.parameters.text("MarketplaceId")
    if named is not None and named not in call.marketplaces:
        raise bad("MarketplaceId", named, "not one of the seller's")
    return named or call.marketplace.id


# The answer, as text: that takes a fifth of the time of a tree of elements.


def _result(
    action: str, marketplace: str, supplied: Sequence[Supplied], detailed: bool, token: str | None = None
) -> bytes:
    members = "".join([_member(one, detailed) for one in supplied])
    listed = f"<InventorySupplyList>{members}</InventorySupplyList>" if members else "<InventorySupplyList/>"
    more = f"<NextToken>{token}</NextToken>" if token else ""
    head = f"<{action}Result><MarketplaceId>{marketplace}</MarketplaceId>"
    return f"{head}{listed}{more}</{action}Result>".encode()


def _member(supplied: Supplied, detailed: bool) -> str:
    """One SKU. Only its name is another's word; conditions are literals, ids of letters and digits."""
    sku, (total, in_stock, earliest, rows), fnsku, asin, condition = supplied
    quantities = (
        f"<TotalSupplyQuantity>{total}</TotalSupplyQuantity><InStockSupplyQuantity>{in_stock}</InStockSupplyQuantity>"
    )
    if not fnsku:
        return f"<member><SellerSKU>{escaped(sku)}</SellerSKU>{quantities}</member>"
    told_asin = f"<ASIN>{asin}</ASIN>" if asin else ""
    told_condition = f"<Condition>{condition}</Condition>" if condition else "<Condition/>"
    return (
        f"<member><SellerSKU>{escaped(sku)}</SellerSKU><FNSKU>{fnsku}</FNSKU>{told_asin}{told_condition}{quantities}"
        f"{_earliest(earliest)}{_detail(rows) if detailed and rows else '<SupplyDetail/>'}</member>"
    )


def _earliest(timepoint: Timepoint | None) -> str:
    if timepoint is IMMEDIATELY:
        return _AVAILABLE
    return "" if timepoint is None else f"<EarliestAvailability>{_timepoint(timepoint)}</EarliestAvailability>"


def _detail(rows: Sequence[SupplyRow]) -> str:
    if len(rows) == 1:
        return f"<SupplyDetail>{_row(rows[0])}</SupplyDetail>"
    return f"<SupplyDetail>{''.join([_row(row) for row in rows])}</SupplyDetail>"


def _row(row: SupplyRow) -> str:
    quantity, supply_type, earliest, latest = row
    if earliest is latest is IMMEDIATELY:
        return f"<member><Quantity>{quantity}</Quantity>{_ON_THE_SHELF}</member>"
    return f"<member><Quantity>{quantity}</Quantity>{_kind(supply_type, earliest, latest)}</member>"


def _kind(supply_type: SupplyType, earliest: Timepoint, latest: Timepoint) -> str:
    first = _timepoint(earliest)
    last = first if latest is earliest else _timepoint(latest)
    return (
        f"<SupplyType>{supply_type}</SupplyType><EarliestAvailableToPick>{first}</EarliestAvailableToPick>"
        f"<LatestAvailableToPick>{last}</LatestAvailableToPick>"
    )


def _timepoint(timepoint: Timepoint) -> str:
    if timepoint is IMMEDIATELY or timepoint is UNKNOWN:
        return _IMMEDIATELY if timepoint is IMMEDIATELY else _UNKNOWN
    at = timepoint.astimezone(UTC)
    instant = at.isoformat(timespec="milliseconds" if at.microsecond else "seconds").removesuffix("+00:00")
    return f"<TimepointType>DateTime</TimepointType><DateTime>{instant}Z</DateTime>"


_IMMEDIATELY: Final = "<TimepointType>Immediately</TimepointType>"
_UNKNOWN: Final = "<TimepointType>Unknown</TimepointType>"
_AVAILABLE: Final = f"<EarliestAvailability>{_IMMEDIATELY}</EarliestAvailability>"
_ON_THE_SHELF: Final = _kind(IN_STOCK, IMMEDIATELY, IMMEDIATELY)

_QUOTA: Final = Quota(rate=2, burst=30)

OPERATIONS: Final = (
    MwsOperation(
        FULFILLMENT_INVENTORY, "ListInventorySupply", list_inventory_supply, _QUOTA, bucket="ListInventorySupply"
    ),
    MwsOperation(
        FULFILLMENT_INVENTORY,
        "ListInventorySupplyByNextToken",
        list_inventory_supply_by_next_token,
        _QUOTA,
        bucket="ListInventorySupply",
    ),
)
