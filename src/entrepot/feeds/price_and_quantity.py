"""POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA, done: a blank cell leaves things as they are.

Plain rows go by the thousand, in the order of their SKUs. Rows of items that the warehouse fulfils are done one by one:
a quantity makes such an offer merchant-fulfilled (the change log of the quantity attribute, domain specification §3.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from operator import attrgetter

import msgspec

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.commands import Patch, PatchListing
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.domain.mfn.attributes import AVAILABILITY, CHANNEL, LEAD_TIME, offer_key
from entrepot.feeds import flat_files
from entrepot.feeds.applying import FLAT_CODES, apply, origin, perform
from entrepot.feeds.findings import Finding
from entrepot.feeds.flat_files import CLEARED, PriceQuantityColumns
from entrepot.feeds.flat_files import PriceQuantityRow as Row
from entrepot.feeds.job import Job, Result
from entrepot.feeds.patches import (
    NOT_IN_CATALOG,
    NOT_IN_CATALOG_TEXT,
    from_warehouse,
    offer_of,
    offer_patches,
    to_warehouse,
)
from entrepot.feeds.processing import in_text, process_file
from entrepot.services.bulk import CHUNK, channels_of
from entrepot.storage.bulk import Submitted, Terms, merge_terms
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow


async def process(job: Job) -> Result:
    marketplace = MARKETPLACES[job.marketplaces[0]]
    read = partial(flat_files.price_quantity, marketplace_id=marketplace.id)
    return await process_file(job, read, partial(_do, job, marketplace), in_text)


async def _do(job: Job, marketplace: Marketplace, file: PriceQuantityColumns) -> None:
    rows = sorted(file.rows(), key=attrgetter("sku"))
    await apply(job, rows, CHUNK, partial(_prepared, marketplace), partial(_chunk, job, marketplace))


@dataclass(frozen=True)
class _Prepared:
    """Rows, and the plain ones among them as columns."""

    rows: Sequence[Row]
    terms: Terms


def _prepared(marketplace: Marketplace, rows: Sequence[Row]) -> _Prepared:
    times = Counter(row.sku for row in rows)
    return _Prepared(rows, _terms(marketplace, [row for row in rows if times[row.sku] == 1 and _is_plain(row)]))


async def _chunk(
    job: Job, marketplace: Marketplace, connection: Connection, ledger: LedgerRow, prepared: _Prepared
) -> list[Finding]:
    submitted = Submitted(job.submission_id, (marketplace.id,), origin(job))
    ledger, left = await merge_terms(connection, ledger, prepared.terms, submitted)
    done = set(prepared.terms.numbers) - left
    others = [row for row in prepared.rows if row.number not in done]
    known = await channels_of(connection, job.seller_id, {row.sku for row in others})
    findings = [
        Finding(row.number, NOT_IN_CATALOG, NOT_IN_CATALOG_TEXT, sku=row.sku) for row in others if row.sku not in known
    ]
    commands = ((row, _command(job, marketplace, row, known[row.sku])) for row in others if row.sku in known)
    # A row may leave everything as it is.
    asked = [(Finding(row.number, "", "", sku=row.sku), command) for row, command in commands if command.patches]
    return findings + await perform(job, connection, ledger, asked, FLAT_CODES)


def _terms(marketplace: Marketplace, rows: Sequence[Row]) -> Terms:
    columns = zip(*rows, strict=True) if rows else ((),) * len(Row._fields)
    numbers, skus, prices, minima, maxima, quantities, days, _ = columns
    offer = offer_of(marketplace)
    base = msgspec.json.encode(offer).decode()
    price, minimum, maximum = _texts(prices), _texts(minima), _texts(maxima)
    marks = [None] * len(numbers)
    return Terms(numbers, skus, quantities, days, price, minimum, maximum, marks, offer_key(offer), base)


def _texts(prices: Sequence[Decimal | None]) -> list[str | None]:
    return [None if price is None else str(price) for price in prices]


def _is_plain(row: Row) -> bool:
    """Whether only numbers of the merchant's own offer change, and none is taken away."""
    return row.channel in (None, DEFAULT_LOCATION) and CLEARED not in (row.minimum, row.maximum)


def _command(job: Job, marketplace: Marketplace, row: Row, channels: Sequence[str]) -> PatchListing:
    patches = [
        *_fulfilment(marketplace, row, channels),
        *offer_patches(marketplace, row.price, row.minimum, row.maximum),
    ]
    return PatchListing(row.sku, tuple(patches), marketplaces=(marketplace.id,), strict=job.strict)


def _fulfilment(marketplace: Marketplace, row: Row, channels: Sequence[str]) -> Iterator[Patch]:
    if row.channel is not None and row.channel != DEFAULT_LOCATION:
        yield from to_warehouse(marketplace)
        return
    given = {"quantity": row.quantity, LEAD_TIME: row.handling_time}
    given = {name: value for name, value in given.items() if value is not None}
    merchant = row.quantity is not None or row.channel is not None
    if merchant:
        yield from from_warehouse(channels)
    if given and (merchant or DEFAULT_LOCATION in channels):
        yield Patch("merge", f"/attributes/{AVAILABILITY}", [{CHANNEL: DEFAULT_LOCATION, **given}])
