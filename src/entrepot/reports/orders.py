"""Orders, a line an item: those that were paid for within the span of the report, those of them that the seller is
still to ship, and all that were placed, or changed, within it.

Sources: AIM reference §9.2 (Order: the Marketplace's), §9.3 (OrderReport: Seller Central's, and unshipped orders);
SP-API reference §7.2 (all orders); domain specification §4.2.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final

from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.feeds.job import Job, Result
from entrepot.reports.files import table
from entrepot.reports.types import TYPES
from entrepot.services.reports import PACIFIC
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
    start, end = _asked(job)
    named = start < end and job.submission.schedule_id is None
    span = Span(start if named else _EVER, end, tuple(job.marketplaces), _zone(job))
    return _table(job, storage.unshipped(job.database, job.seller_id, _columns(job), span))


async def by_last_update(job: Job) -> Result:
    return _every(job, "updated_at")


async def by_order_date(job: Job) -> Result:
    return _every(job, "placed_at")


def _sold(job: Job, layout: Layout, zone: str) -> Result:
    span = Span(*_asked(job), tuple(job.marketplaces), zone)
    return _table(job, storage.orders(job.database, job.seller_id, _columns(job), span, layout))


def _every(job: Job, dated: Dated) -> Result:
    span = Span(*_asked(job), tuple(job.marketplaces), "UTC")
    return _table(job, storage.every_order(job.database, job.seller_id, _columns(job), span, dated))


def _table(job: Job, rows: AsyncGenerator[bytes, None]) -> Result:
    return table(_marketplace(job), _columns(job), rows)


def _columns(job: Job) -> tuple[str, ...]:
    return TYPES[job.feed_type].columns


def _asked(job: Job) -> tuple[datetime, datetime]:
    start, end = (datetime.fromisoformat(job.options[name]) for name in ("start", "end"))
    return start, end


def _zone(job: Job) -> str:
    marketplace = _marketplace(job)
    return _ZONES.get(marketplace.code, marketplace.zone)


def _marketplace(job: Job) -> Marketplace:
    return MARKETPLACES[job.marketplaces[0]]
