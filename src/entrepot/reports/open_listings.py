"""Open listings, in four lengths: what is for sale in one marketplace now.

Source: AIM reference §9.4, §9.5; SP-API reference §7.2; in the order of the SKUs. Of several marketplaces the first
counts, as Amazon says of these reports.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from entrepot.feeds.job import Job, Result
from entrepot.reports.making import columns_of, finished, marketplace_of
from entrepot.storage import report_listings as storage
from entrepot.storage.report_listings import Extent


async def _listed(extent: Extent, job: Job) -> Result:
    rows = storage.open_listings(job.database, job.seller_id, marketplace_of(job), columns_of(job), extent)
    return finished(job, rows)


full: Final = partial(_listed, "full")
lite: Final = partial(_listed, "lite")
liter: Final = partial(_listed, "liter")
every: Final = partial(_listed, "every")  # also what is sold out
