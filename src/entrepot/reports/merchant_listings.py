"""Merchant listings: all that a seller has in one marketplace, or those that can, or cannot, be bought now.

Source: SP-API reference §7.2; in the order of the SKUs. Of several marketplaces the first counts.
"""

from __future__ import annotations

from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.feeds.job import Job, Result
from entrepot.reports.files import table
from entrepot.reports.types import TYPES
from entrepot.storage import report_listings as storage
from entrepot.storage.report_listings import Status


async def every(job: Job) -> Result:
    return _listed(job)


async def active(job: Job) -> Result:
    return _listed(job, "Active")


async def inactive(job: Job) -> Result:
    return _listed(job, "Inactive")


def _listed(job: Job, status: Status | None = None) -> Result:
    marketplace = MARKETPLACES[job.marketplaces[0]]
    columns = TYPES[job.feed_type].columns
    rows = storage.merchant_listings(job.database, job.seller_id, marketplace, columns, status)
    return table(marketplace, columns, rows)
