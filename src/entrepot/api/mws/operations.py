"""Every operation of MWS that is here, section by section."""

from __future__ import annotations

from typing import Final

from entrepot.api.mws import feeds, fulfillment_inventory, reports, sellers, service_status

OPERATIONS: Final = (
    fulfillment_inventory.OPERATIONS
    + feeds.OPERATIONS
    + reports.OPERATIONS
    + sellers.OPERATIONS
    + service_status.OPERATIONS
)
