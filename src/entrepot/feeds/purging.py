"""What goes off sale because a file, which is all that is to be on sale, does not name it.

Sources: AIM reference §6, domain specification §3.2 (D-22).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from entrepot.domain.commands import DeleteListing
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn.attributes import offer_key
from entrepot.feeds.applying import FLAT_CODES, origin, perform
from entrepot.feeds.findings import CELL_INVALID, FeedUnreadable, Finding
from entrepot.feeds.job import Job
from entrepot.feeds.patches import offer_of
from entrepot.services.bulk import CHUNK
from entrepot.storage import shop
from entrepot.storage.bulk import Submitted

# 2007 guide, §3.1: for sellers with fewer; a rule for strict fidelity.
PURGE_MAX: Final = 50_000
PURGE_REFUSED: Final = "Purge and replace is for sellers with fewer than 50,000 listings."


async def on_sale(job: Job, marketplace: Marketplace) -> Mapping[str, str]:
    """What the seller has on sale himself, as lines (`storage.shop`) by SKU. Raises FeedUnreadable: it is too much."""
    async with job.database.read() as connection:
        lines = await shop.lines(connection, job.seller_id, marketplace.id, offer_key(offer_of(marketplace)))
    if job.strict and len(lines) >= PURGE_MAX:
        raise FeedUnreadable(CELL_INVALID, PURGE_REFUSED)
    return {line.partition("\t")[0]: line for line in lines}


async def take_off_sale(job: Job, marketplace: Marketplace, skus: Collection[str]) -> None:
    """Chunk by chunk; done again after a crash, it goes on with what is left."""
    submitted = Submitted(job.submission_id, (marketplace.id,), origin(job))
    surplus = sorted(skus)
    for start in range(0, len(surplus), CHUNK):
        async with job.ledger.at_work(job.seller_id) as (connection, ledger):
            ledger, others = await shop.purge(connection, ledger, surplus[start : start + CHUNK], submitted)
            asked = [(Finding(0, "", "", sku=sku), DeleteListing(sku, marketplace.id, "PURGE")) for sku in others]
            await perform(job, connection, ledger, asked, FLAT_CODES)
            await job.progress(connection, job.applied)
