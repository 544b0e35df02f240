"""POST_FLAT_FILE_INVLOADER_DATA, done: a row adds or updates an offer, or takes it away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.commands import Command, DeleteListing, Patch, PatchListing
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.domain.mfn.attributes import ASIN_ATTRIBUTE, AVAILABILITY, CHANNEL, ID_ATTRIBUTES, LEAD_TIME
from entrepot.feeds import flat_files
from entrepot.feeds.applying import COMMANDS, FLAT_CODES, apply, as_they_are, perform
from entrepot.feeds.findings import Finding
from entrepot.feeds.flat_files import LoaderColumns, LoaderRow
from entrepot.feeds.job import Job, Result
from entrepot.feeds.kinds import PURGE
from entrepot.feeds.patches import WAREHOUSE, from_warehouse, offer_patches, to_warehouse
from entrepot.feeds.processing import in_text, process_file
from entrepot.feeds.purging import on_sale, take_off_sale
from entrepot.services.bulk import channels_of
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow


async def process(job: Job) -> Result:
    marketplace = MARKETPLACES[job.marketplaces[0]]
    read = partial(flat_files.inventory_loader, marketplace_id=marketplace.id)
    return await process_file(job, read, partial(_do, job, marketplace), in_text)


async def _do(job: Job, marketplace: Marketplace, file: LoaderColumns) -> None:
    if job.options.get(PURGE) == "true":
        named = {*file.skus, *(finding.sku for finding in file.findings)}
        await take_off_sale(job, marketplace, (await on_sale(job, marketplace)).keys() - named)
    await apply(job, list(file.rows()), COMMANDS, as_they_are, partial(_chunk, job, marketplace))


async def _chunk(
    job: Job, marketplace: Marketplace, connection: Connection, ledger: LedgerRow, rows: Sequence[LoaderRow]
) -> list[Finding]:
    known = await channels_of(connection, job.seller_id, {row.sku for row in rows})
    commands = ((row, _command(job, marketplace, row, known.get(row.sku, ()))) for row in rows)
    # A row that names a listing and changes nothing of it is done as it stands.
    asked = [
        (Finding(row.number, "", "", sku=row.sku), command)
        for row, command in commands
        if not (isinstance(command, PatchListing) and not command.patches and row.sku in known)
    ]
    return await perform(job, connection, ledger, asked, FLAT_CODES)


def _command(job: Job, marketplace: Marketplace, row: LoaderRow, channels: Sequence[str]) -> Command:
    if row.action != "a":
        return DeleteListing(row.sku, marketplace.id)
    patches = [
        *_product(row),
        *_fulfilment(marketplace, row, channels),
        *offer_patches(marketplace, row.price, row.minimum, row.maximum),
        *_terms(row),
    ]
    return PatchListing(row.sku, tuple(patches), marketplaces=(marketplace.id,), strict=job.strict)


def _replace(name: str, instance: dict[str, Any]) -> Patch:
    return Patch("replace", f"/attributes/{name}", [instance])


def _product(row: LoaderRow) -> Iterator[Patch]:
    if row.asin is not None:
        yield _replace(ASIN_ATTRIBUTE, {"value": row.asin})
    if row.gtin is not None:
        yield _replace(ID_ATTRIBUTES[0], {"type": "gtin", "value": row.gtin})


def _fulfilment(marketplace: Marketplace, row: LoaderRow, channels: Sequence[str]) -> Iterator[Patch]:
    center = row.center or DEFAULT_LOCATION
    if center.upper() in WAREHOUSE:
        yield from to_warehouse(marketplace)
        return
    given = {"quantity": row.quantity, LEAD_TIME: row.handling_time}
    given = {name: value for name, value in given.items() if value is not None}
    if row.quantity is not None:
        yield from from_warehouse(channels)
    if given and (row.quantity is not None or channels):
        yield Patch("merge", f"/attributes/{AVAILABILITY}", [{CHANNEL: center, **given}])


def _terms(row: LoaderRow) -> Iterator[Patch]:
    values = {
        "condition_type": row.condition.listing if row.condition else None,
        "condition_note": row.note,
        "product_tax_code": row.tax_code,
        "merchant_shipping_group": row.shipping_group,
    }
    yield from (_replace(name, {"value": value}) for name, value in values.items() if value is not None)
