"""The reports: what each is called in every generation, who has it, and its columns.

Sources: AIM reference §1 and §2 (names, platforms), §9.2–9.7 (columns, in this order); the canonical name is that of
SP-API's report of the same content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from entrepot.services.reports import OPEN_LISTINGS, ORDERS, PREORDER, REFUNDS

MARKETPLACE: Final = "MARKETPLACE"
SELLER_CENTRAL: Final = "SELLER_CENTRAL"
_BOTH: Final = (MARKETPLACE, SELLER_CENTRAL)


@dataclass(frozen=True)
class ReportType:
    """aim: its ReportName there. platforms: the kinds of AIM account that have it. generated: it can be asked for; the
    others come by themselves. dated: it is about a span of days that ends when it is asked for, not about that moment.
    columns: none, where the lines are free text."""

    name: str
    aim: str
    columns: tuple[str, ...]
    platforms: tuple[str, ...] = _BOTH
    generated: bool = True
    dated: bool = False


_TABLE: Final = (
    ReportType(
        ORDERS,
        "Order",
        (
            "payments-status", "order-id", "order-item-id", "payments-date", "payments-transaction-id", "item-name",
            "listing-id", "sku", "price", "shipping-fee", "quantity-purchased", "total-price", "purchase-date",
            "batch-id", "buyer-email", "buyer-name", "recipient-name", "ship-address-1", "ship-address-2",
            "ship-city", "ship-state", "ship-zip", "ship-country", "special-comments", "upc", "ship-method",
        ),
        dated=True,
    ),
    ReportType(
        "GET_FLAT_FILE_ORDERS_DATA",
        "OrderReport",
        (
            "order-id", "order-item-id", "purchase-date", "payments-date", "buyer-email", "buyer-name",
            "buyer-phone-number", "sku", "product-name", "quantity-purchased", "currency", "item-price", "item-tax",
            "shipping-price", "shipping-tax", "ship-service-level", "recipient-name", "ship-address-1",
            "ship-address-2", "ship-address-3", "ship-city", "ship-state", "ship-postal-code", "ship-country",
            "ship-phone-number", "delivery-start-date", "delivery-end-date", "delivery-time-zone",
            "delivery-Instructions",
        ),
        platforms=(SELLER_CENTRAL,),
        dated=True,
    ),
    ReportType(
        OPEN_LISTINGS,
        "OpenListings",
        (
            "item-name", "item-description", "listing-id", "seller-sku", "price", "quantity", "open-date", "image-url",
            "item-is-marketplace", "product-id-type", "zshop-shipping-fee", "item-note", "item-condition",
            "zshop-category1", "zshop-browse-path", "zshop-storefront-feature", "asin1", "asin2", "asin3",
            "will-ship-internationally", "expedited-shipping", "zshop-boldface", "product-id",
            "bid-for-featured-placement", "add-delete", "pending-quantity", "fulfillment-channel",
        ),
    ),
    ReportType(
        "GET_MERCHANT_LISTINGS_DATA_LITE", "OpenListingsLite", ("seller-sku", "quantity", "price", "product-id")
    ),
    ReportType("GET_MERCHANT_LISTINGS_DATA_LITER", "OpenListingsLiter", ("seller-sku", "quantity")),
    # Nobody's demand is modelled, so the operator installs one; the columns are ours.
    ReportType(PREORDER, "Preorder", ("asin", "item-name", "average-asking-price", "quantity"), generated=False),
    # What a refund file came to is its report.
    ReportType(REFUNDS, "BatchRefund", (), generated=False),
)  # fmt: skip
TYPES: Final[Mapping[str, ReportType]] = {one.name: one for one in _TABLE}

_AIM: Final = {one.aim.lower(): one for one in _TABLE}


def of_aim(name: str) -> ReportType | None:
    """The report of that ReportName, in any case of its letters."""
    return _AIM.get(name.strip().lower())
