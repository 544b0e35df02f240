"""The reports: what each is called in every generation, who has it, and its columns.

The canonical name is that of SP-API; MWS has underscores around it. Both know every type whose name begins with GET_;
AIM knows those that have a name there.

Sources: AIM reference §1 and §2 (names), §9.2–9.7 (columns, in this order; also of unshipped orders); SP-API
reference §7.2; domain specification §2.2 and §2.5. Which order reports may be scheduled: Amazon's list of report types.
Where Amazon's list has other columns than live files and the programs that read them, those of the files: the short
open listings have the same names in all generations, and unshipped orders the name of the buyer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from entrepot.services.report_requests import OPEN_LISTINGS, ORDERS, PREORDER, REFUNDS

# What MWS and SP-API call theirs.
_NEWER: Final = "GET_"


@dataclass(frozen=True)
class ReportType:
    """aim: its ReportName there, if it has one. generated: it can be asked for; the others come by themselves. dated:
    it is about a span of days that ends when it is asked for, not about that moment. days: of how many, where MWS and
    SP-API are not told when it begins. scheduled: a schedule may ask for it. columns: none, where the lines are free
    text."""

    name: str
    columns: tuple[str, ...]
    aim: str | None = None
    generated: bool = True
    dated: bool = False
    days: int = 0
    scheduled: bool = True

    @property
    def mws(self) -> str:
        """Its name in MWS."""
        return f"_{self.name}_"

    @property
    def newer(self) -> bool:
        """Whether MWS and SP-API know it."""
        return self.name.startswith(_NEWER)


_OPEN_LISTINGS: Final = (
    "item-name", "item-description", "listing-id", "seller-sku", "price", "quantity", "open-date", "image-url",
    "item-is-marketplace", "product-id-type", "zshop-shipping-fee", "item-note", "item-condition",
    "zshop-category1", "zshop-browse-path", "zshop-storefront-feature", "asin1", "asin2", "asin3",
    "will-ship-internationally", "expedited-shipping", "zshop-boldface", "product-id",
    "bid-for-featured-placement", "add-delete", "pending-quantity", "fulfillment-channel",
)  # fmt: skip
_MERCHANT_LISTINGS: Final = (*_OPEN_LISTINGS, "merchant-shipping-group")
_LISTINGS: Final = (
    ReportType(OPEN_LISTINGS, _OPEN_LISTINGS, aim="OpenListings"),
    ReportType(
        "GET_MERCHANT_LISTINGS_DATA_LITE", ("seller-sku", "quantity", "price", "product-id"), aim="OpenListingsLite"
    ),
    ReportType("GET_MERCHANT_LISTINGS_DATA_LITER", ("seller-sku", "quantity"), aim="OpenListingsLiter"),
    ReportType("GET_FLAT_FILE_OPEN_LISTINGS_DATA", ("sku", "asin", "price", "quantity")),
    ReportType("GET_MERCHANT_LISTINGS_ALL_DATA", (*_MERCHANT_LISTINGS, "status")),
    ReportType("GET_MERCHANT_LISTINGS_DATA", _MERCHANT_LISTINGS),
    ReportType("GET_MERCHANT_LISTINGS_INACTIVE_DATA", _MERCHANT_LISTINGS),
)

# The form of 21 columns: some programs find these by their places, so what came later is left out.
_MANAGED: Final = (
    "sku", "fnsku", "asin", "product-name", "condition", "your-price", "mfn-listing-exists",
    "mfn-fulfillable-quantity", "afn-listing-exists", "afn-warehouse-quantity", "afn-fulfillable-quantity",
    "afn-unsellable-quantity", "afn-reserved-quantity", "afn-total-quantity", "per-unit-volume",
    "afn-inbound-working-quantity", "afn-inbound-shipped-quantity", "afn-inbound-receiving-quantity",
    "afn-researching-quantity", "afn-reserved-future-supply", "afn-future-supply-buyable",
)  # fmt: skip
_STOCK: Final = (
    ReportType("GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA", _MANAGED),
    ReportType("GET_FBA_MYI_ALL_INVENTORY_DATA", _MANAGED),
    ReportType(
        "GET_AFN_INVENTORY_DATA",
        (
            "seller-sku", "fulfillment-channel-sku", "asin", "condition-type", "Warehouse-Condition-code",
            "Quantity Available",
        ),
    ),
    ReportType(
        "GET_AFN_INVENTORY_DATA_BY_COUNTRY",
        (
            "seller-sku", "fulfillment-channel-sku", "asin", "condition-type", "country",
            "quantity-for-local-fulfillment",
        ),
    ),
    ReportType(
        "GET_RESERVED_INVENTORY_DATA",
        (
            "sku", "fnsku", "asin", "product-name", "reserved_qty", "reserved_customerorders",
            "reserved_fc-transfers", "reserved_fc-processing", "program",
        ),
    ),
)  # fmt: skip

_LEDGER: Final = (
    ReportType(
        "GET_LEDGER_DETAIL_VIEW_DATA",
        (
            "Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Reference ID", "Quantity", "Fulfillment Center",
            "Disposition", "Reason", "Country", "Reconciled Quantity", "Unreconciled Quantity", "Date and Time",
        ),
        dated=True,
    ),
    ReportType(
        "GET_LEDGER_SUMMARY_VIEW_DATA",
        (
            "Date", "FNSKU", "ASIN", "MSKU", "Title", "Disposition", "Starting Warehouse Balance",
            "In Transit Between Warehouses", "Receipts", "Customer Shipments", "Customer Returns", "Vendor Returns",
            "Warehouse Transfer In/Out", "Found", "Lost", "Damaged", "Disposed", "Other Events",
            "Ending Warehouse Balance", "Unknown Events", "Location",
        ),
        dated=True,
    ),
)  # fmt: skip

_EVERY_ORDER: Final = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status",
    "fulfillment-channel", "sales-channel", "order-channel", "url", "ship-service-level", "product-name", "sku",
    "asin", "item-status", "quantity", "currency", "item-price", "item-tax", "shipping-price", "shipping-tax",
    "gift-wrap-price", "gift-wrap-tax", "item-promotion-discount", "ship-promotion-discount", "ship-city",
    "ship-state", "ship-postal-code", "ship-country", "promotion-ids", "is-business-order",
    "purchase-order-number", "price-designation",
)  # fmt: skip
_UNSHIPPED: Final = (
    "order-id", "order-item-id", "purchase-date", "payments-date", "reporting-date", "promise-date",
    "days-past-promise", "buyer-email", "buyer-name", "buyer-phone-number", "sku", "product-name",
    "quantity-purchased", "quantity-shipped", "quantity-to-ship", "ship-service-level", "recipient-name",
    "ship-address-1", "ship-address-2", "ship-address-3", "ship-city", "ship-state", "ship-postal-code",
    "ship-country",
)  # fmt: skip
_ORDERS: Final = (
    ReportType(
        ORDERS,
        (
            "payments-status", "order-id", "order-item-id", "payments-date", "payments-transaction-id", "item-name",
            "listing-id", "sku", "price", "shipping-fee", "quantity-purchased", "total-price", "purchase-date",
            "batch-id", "buyer-email", "buyer-name", "recipient-name", "ship-address-1", "ship-address-2",
            "ship-city", "ship-state", "ship-zip", "ship-country", "special-comments", "upc", "ship-method",
        ),
        aim="Order",
        dated=True,
        days=1,
    ),
    ReportType(
        "GET_FLAT_FILE_ORDERS_DATA",
        (
            "order-id", "order-item-id", "purchase-date", "payments-date", "buyer-email", "buyer-name",
            "buyer-phone-number", "sku", "product-name", "quantity-purchased", "currency", "item-price", "item-tax",
            "shipping-price", "shipping-tax", "ship-service-level", "recipient-name", "ship-address-1",
            "ship-address-2", "ship-address-3", "ship-city", "ship-state", "ship-postal-code", "ship-country",
            "ship-phone-number", "delivery-start-date", "delivery-end-date", "delivery-time-zone",
            "delivery-Instructions",
        ),
        aim="OrderReport",
        dated=True,
        days=1,
    ),
    ReportType("GET_FLAT_FILE_ACTIONABLE_ORDER_DATA", _UNSHIPPED, dated=True),
    ReportType(
        "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING",
        (*_UNSHIPPED, "is-business-order", "purchase-order-number", "price-designation", "is-prime"),
        dated=True,
    ),
    ReportType(
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", _EVERY_ORDER, dated=True, days=30, scheduled=False
    ),
    ReportType(
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", _EVERY_ORDER, dated=True, days=30, scheduled=False
    ),
)  # fmt: skip

_INSTALLED: Final = (
    # Nobody's demand is modelled, so the operator installs one; the columns are ours.
    ReportType(PREORDER, ("asin", "item-name", "average-asking-price", "quantity"), aim="Preorder", generated=False),
    # What a refund file came to is its report.
    ReportType(REFUNDS, (), aim="BatchRefund", generated=False),
)

TYPES: Final[Mapping[str, ReportType]] = {
    one.name: one for one in (*_LISTINGS, *_STOCK, *_LEDGER, *_ORDERS, *_INSTALLED)
}
# Those that MWS and SP-API know.
NEWER: Final[Mapping[str, ReportType]] = {one.name: one for one in TYPES.values() if one.newer}

_AIM: Final = {one.aim.lower(): one for one in TYPES.values() if one.aim is not None}
_MWS: Final = {one.mws: one for one in NEWER.values()}


def of_aim(name: str) -> ReportType | None:
    """The report of that ReportName, in any case of its letters."""
    return _AIM.get(name.strip().lower())


def of_mws(name: str) -> ReportType | None:
    """The report of that ReportType, as `_GET_MERCHANT_LISTINGS_DATA_`."""
    return _MWS.get(name)
