"""The reports that the worker makes: under which name, and who makes them. They share one lane of a seller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrepot.feeds.kinds import Kind
from entrepot.services.report_requests import LANE, OPEN_LISTINGS, ORDERS, PREORDER

_MADE_BY: Final = {
    OPEN_LISTINGS: "entrepot.reports.open_listings:full",
    "GET_MERCHANT_LISTINGS_DATA_LITE": "entrepot.reports.open_listings:lite",
    "GET_MERCHANT_LISTINGS_DATA_LITER": "entrepot.reports.open_listings:liter",
    "GET_FLAT_FILE_OPEN_LISTINGS_DATA": "entrepot.reports.open_listings:every",
    "GET_MERCHANT_LISTINGS_ALL_DATA": "entrepot.reports.merchant_listings:every",
    "GET_MERCHANT_LISTINGS_DATA": "entrepot.reports.merchant_listings:active",
    "GET_MERCHANT_LISTINGS_INACTIVE_DATA": "entrepot.reports.merchant_listings:inactive",
    "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA": "entrepot.reports.warehouse_stock:managed",
    "GET_FBA_MYI_ALL_INVENTORY_DATA": "entrepot.reports.warehouse_stock:managed_and_archived",
    "GET_AFN_INVENTORY_DATA": "entrepot.reports.warehouse_stock:by_disposition",
    "GET_AFN_INVENTORY_DATA_BY_COUNTRY": "entrepot.reports.warehouse_stock:by_country",
    "GET_RESERVED_INVENTORY_DATA": "entrepot.reports.warehouse_stock:reserved",
    "GET_LEDGER_DETAIL_VIEW_DATA": "entrepot.reports.ledger:detail",
    "GET_LEDGER_SUMMARY_VIEW_DATA": "entrepot.reports.ledger:summary",
    ORDERS: "entrepot.reports.orders:order",
    "GET_FLAT_FILE_ORDERS_DATA": "entrepot.reports.orders:order_report",
    "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA": "entrepot.reports.orders:unshipped",
    "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING": "entrepot.reports.orders:unshipped",
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL": "entrepot.reports.orders:by_last_update",
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL": "entrepot.reports.orders:by_order_date",
    PREORDER: "entrepot.reports.preorder:installed",
}

REPORTS: Final[Mapping[str, Kind]] = {name: Kind(name, LANE, "text", False, maker) for name, maker in _MADE_BY.items()}
