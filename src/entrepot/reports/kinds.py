"""The reports that the worker makes: under which name, and who makes them. They share one lane of a seller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from entrepot.feeds.kinds import Kind
from entrepot.reports.types import TYPES
from entrepot.services.reports import LANE

# By the AIM name, as in `types`.
_MADE_BY: Final = {
    "Order": "entrepot.reports.orders:order",
    "OrderReport": "entrepot.reports.orders:order_report",
    "OpenListings": "entrepot.reports.open_listings:full",
    "OpenListingsLite": "entrepot.reports.open_listings:lite",
    "OpenListingsLiter": "entrepot.reports.open_listings:liter",
    "Preorder": "entrepot.reports.preorder:installed",
}

REPORTS: Final[Mapping[str, Kind]] = {
    one.name: Kind(one.name, LANE, "text", False, _MADE_BY[one.aim]) for one in TYPES.values() if one.aim in _MADE_BY
}
