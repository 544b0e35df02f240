"""AIM's purge and replace: what the file does not name goes off sale, and only what is not like that yet is loaded.

After a crash this is done again: what was purged is not on sale any more. Sources: AIM reference §6, domain
specification §3.2 (D-22).
"""

from __future__ import annotations

from asyncio import gather, to_thread
from collections import Counter
from collections.abc import Mapping, Sequence

from entrepot.domain.marketplaces import Marketplace
from entrepot.feeds import aim_file
from entrepot.feeds.aim_file import Begun
from entrepot.feeds.aim_rows import PURGE, Rows
from entrepot.feeds.applying import whole
from entrepot.feeds.job import Job
from entrepot.feeds.purging import on_sale, take_off_sale


async def purged(
    job: Job, marketplace: Marketplace, file_format: aim_file.Format, flags: str
) -> tuple[Rows, Sequence[str], int]:
    """Take off sale what the file does not name, not even in a bad row. The rows that change something, the SKUs of all
    rows, and how many of these rows change nothing. The database reads what is on sale while the file is read. Raises
    FeedUnreadable."""
    (begun, lines), shop = await gather(_begun(job, marketplace, file_format, flags), on_sale(job, marketplace))
    changed = await to_thread(_changed, begun.skus, lines, shop)
    named = [sku for sku in begun.skus if sku]
    file = await to_thread(begun.read, changed)
    bad = {finding.sku for finding in file.findings}
    await take_off_sale(job, marketplace, shop.keys() - {*named, *bad})
    return Rows(file, PURGE, marketplace, job.strict, job.options, shop), named, len(begun.skus) - len(changed)


async def _begun(
    job: Job, marketplace: Marketplace, file_format: aim_file.Format, flags: str
) -> tuple[Begun, list[str]]:
    """The file, and each of its rows as a line like those of the shop."""
    content = await whole(job)

    def begin() -> tuple[Begun, list[str]]:
        begun = aim_file.begin(content, PURGE, file_format, marketplace, job.strict, flags)
        return begun, begun.lines()

    return await to_thread(begin)


def _changed(skus: Sequence[str], lines: Sequence[str], shop: Mapping[str, str]) -> list[int]:
    """The rows that are not just what is on sale; and all of a SKU that stands in several rows."""
    changed = {place for place, line in enumerate(lines) if shop.get(skus[place]) != line}
    if len(set(skus)) < len(skus):
        times = Counter(skus)
        changed.update(place for place, sku in enumerate(skus) if times[sku] > 1)
    return sorted(changed)
