"""Stock in the warehouse: managed inventory, by disposition, by country, and what is reserved.

Source: domain specification §2.2; in the order of the SKUs. Of several marketplaces, all countries count together.
"""

from __future__ import annotations

from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.feeds.job import Job, Result
from entrepot.reports.files import table
from entrepot.reports.types import TYPES
from entrepot.storage import report_stock as storage
from entrepot.storage.report_stock import Extent


async def managed(job: Job) -> Result:
    return _stored(job, "open")


async def managed_and_archived(job: Job) -> Result:
    return _stored(job, "archived")


async def by_disposition(job: Job) -> Result:
    return _stored(job, "by_disposition")


async def by_country(job: Job) -> Result:
    return _stored(job, "by_country")


async def reserved(job: Job) -> Result:
    return _stored(job, "reserved")


def _stored(job: Job, extent: Extent) -> Result:
    marketplaces = [MARKETPLACES[one] for one in dict.fromkeys(job.marketplaces)]
    columns = TYPES[job.feed_type].columns
    return table(marketplaces[0], columns, storage.stock(job.database, job.seller_id, marketplaces, columns, extent))
