"""Stock in the warehouse: managed inventory, by disposition, by country, and what is reserved.

Source: domain specification §2.2; in the order of the SKUs. Of several marketplaces, all countries count together.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.feeds.job import Job, Result
from entrepot.reports.making import columns_of, finished
from entrepot.storage import report_stock as storage
from entrepot.storage.report_stock import Extent


async def _stored(extent: Extent, job: Job) -> Result:
    marketplaces = [MARKETPLACES[one] for one in dict.fromkeys(job.marketplaces)]
    return finished(job, storage.stock(job.database, job.seller_id, marketplaces, columns_of(job), extent))


managed: Final = partial(_stored, "open")
managed_and_archived: Final = partial(_stored, "archived")
by_disposition: Final = partial(_stored, "by_disposition")
by_country: Final = partial(_stored, "by_country")
reserved: Final = partial(_stored, "reserved")
