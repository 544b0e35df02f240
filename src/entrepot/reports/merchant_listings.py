"""Merchant listings: all that a seller has in one marketplace, or those that can, or cannot, be bought now.

Source: SP-API reference §7.2; in the order of the SKUs. Of several marketplaces the first counts.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from entrepot.feeds.job import Job, Result
from entrepot.reports.making import columns_of, finished, marketplace_of
from entrepot.storage import report_listings as storage
from entrepot.storage.report_listings import Status


async def _listed(status: Status | None, job: Job) -> Result:
    rows = storage.merchant_listings(job.database, job.seller_id, marketplace_of(job), columns_of(job), status)
    return finished(job, rows)


every: Final = partial(_listed, None)
active: Final = partial(_listed, "Active")
inactive: Final = partial(_listed, "Inactive")
