"""Orders, a line an item: those that were paid for within the span of the report, those of them that the seller is
still to ship, and all that were placed, or changed, within it.

Sources: AIM reference §9.2 (Order: the Marketplace's), §9.3 (OrderReport: Seller Central's, and unshipped orders);
SP-API reference §7.2 (all orders); domain specification §4.2.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from entrepot.feeds.job import Job, Result
from entrepot.reports.making import columns_of, finished, marketplace_of, span_of
from entrepot.services.report_schedules import PACIFIC
from entrepot.storage import report_orders as storage
from entrepot.storage.report_orders import Dated, Layout, Span

# OrderReport has the marketplace's own time, but for Japan's.
_ZONES: Final = {"JP": "UTC"}
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def order(job: Job) -> Result:
    return _sold(job, "order", PACIFIC)


async def order_report(job: Job) -> Result:
    return _sold(job, "order_report", _zone(job))


async def unshipped(job: Job) -> Result:
    """Those of all times, unless a span was asked for. A schedule's is not: orders wait longer than its periods."""
    start, end = span_of(job)
    named = start < end and job.submission.schedule_id is None
    span = Span(start if named else _EVER, end, tuple(job.marketplaces), _zone(job))
    return finished(job, storage.unshipped(job.database, job.seller_id, columns_of(job), span))


async def by_last_update(job: Job) -> Result:
    return _every(job, "updated_at")


async def by_order_date(job: Job) -> Result:
    return _every(job, "placed_at")


def _sold(job: Job, layout: Layout, zone: str) -> Result:
    span = Span(*span_of(job), tuple(job.marketplaces), zone)
    return finished(job, storage.orders(job.database, job.seller_id, columns_of(job), span, layout))


def _every(job: Job, dated: Dated) -> Result:
    span = Span(*span_of(job), tuple(job.marketplaces), "UTC")
    return finished(job, storage.every_order(job.database, job.seller_id, columns_of(job), span, dated))


def _zone(job: Job) -> str:
    marketplace = marketplace_of(job)
    return _ZONES.get(marketplace.code, marketplace.zone)
