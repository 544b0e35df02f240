"""Orders that the seller is to ship: those that were paid for within the span of the report, a line an item.

Sources: AIM reference §9.2 (Order: the Marketplace's), §9.3 (OrderReport: Seller Central's); domain specification §4.2.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.feeds.job import Job, Result
from entrepot.reports.files import table
from entrepot.reports.types import TYPES
from entrepot.services.reports import PACIFIC
from entrepot.storage import reports as storage
from entrepot.storage.reports import Layout, Span

# OrderReport has the marketplace's own time, but for Japan's.
_ZONES: Final = {"JP": "UTC"}


async def order(job: Job) -> Result:
    return _sold(job, "order", PACIFIC)


async def order_report(job: Job) -> Result:
    marketplace = _marketplace(job)
    return _sold(job, "order_report", _ZONES.get(marketplace.code, marketplace.zone))


def _sold(job: Job, layout: Layout, zone: str) -> Result:
    columns = TYPES[job.feed_type].columns
    start, end = (datetime.fromisoformat(job.options[name]) for name in ("start", "end"))
    span = Span(start, end, tuple(job.marketplaces), zone)
    return table(_marketplace(job), columns, storage.orders(job.database, job.seller_id, columns, span, layout))


def _marketplace(job: Job) -> Marketplace:
    return MARKETPLACES[job.marketplaces[0]]
