"""What the makers of reports share: what was asked for, as their job says it, and the finished report."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime

from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.feeds.job import Job, Result
from entrepot.reports.files import Encoding, table
from entrepot.reports.types import TYPES


def columns_of(job: Job) -> tuple[str, ...]:
    return TYPES[job.feed_type].columns


def marketplace_of(job: Job) -> Marketplace:
    """The first of them: its encoding and its time are the report's."""
    return MARKETPLACES[job.marketplaces[0]]


def span_of(job: Job) -> tuple[datetime, datetime]:
    """When it begins and ends; without length, nobody said when it begins."""
    start, end = (datetime.fromisoformat(job.options[name]) for name in ("start", "end"))
    return start, end


def finished(job: Job, rows: AsyncGenerator[bytes, None], encoding: Encoding | None = None) -> Result:
    return table(marketplace_of(job), columns_of(job), rows, encoding)
