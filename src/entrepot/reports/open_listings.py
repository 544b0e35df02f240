"""Open listings, in four lengths: what is for sale in one marketplace now.

Source: AIM reference §9.4, §9.5; SP-API reference §7.2; in the order of the SKUs. Of several marketplaces the first
counts, as Amazon says of these reports.
"""

from __future__ import annotations

from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.feeds.job import Job, Result
from entrepot.reports.files import table
from entrepot.reports.types import TYPES
from entrepot.storage import report_listings as storage
from entrepot.storage.report_listings import Extent


async def full(job: Job) -> Result:
    return _listed(job, "full")


async def lite(job: Job) -> Result:
    return _listed(job, "lite")


async def liter(job: Job) -> Result:
    return _listed(job, "liter")


async def every(job: Job) -> Result:
    """Also of what is sold out."""
    return _listed(job, "every")


def _listed(job: Job, extent: Extent) -> Result:
    marketplace = MARKETPLACES[job.marketplaces[0]]
    columns = TYPES[job.feed_type].columns
    return table(marketplace, columns, storage.open_listings(job.database, job.seller_id, marketplace, columns, extent))
