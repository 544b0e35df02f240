"""POST_INVENTORY_AVAILABILITY_DATA, done: quantities in XML. They make an offer of the warehouse merchant-fulfilled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.commands import Command, Patch, PatchListing
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.domain.mfn.attributes import AVAILABILITY, CHANNEL, LEAD_DAYS_MAX, LEAD_TIME
from entrepot.feeds import inventory_availability_file
from entrepot.feeds.applying import COMMANDS, FLAT_CODES, apply, as_they_are, perform
from entrepot.feeds.envelope import XmlFeed
from entrepot.feeds.findings import Finding
from entrepot.feeds.inventory_availability_file import Availability
from entrepot.feeds.job import Job, Result
from entrepot.feeds.patches import NOT_IN_CATALOG, NOT_IN_CATALOG_TEXT, from_warehouse, to_warehouse
from entrepot.feeds.processing import in_xml, process_file
from entrepot.services.bulk import channels_of
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow


async def process(job: Job) -> Result:
    read = partial(inventory_availability_file.read, seller_id=job.seller_id, strict=job.strict)
    return await process_file(job, read, partial(_do, job), in_xml)


async def _do(job: Job, feed: XmlFeed[Availability]) -> None:
    await apply(job, feed.messages, COMMANDS, as_they_are, partial(_chunk, job, MARKETPLACES[job.marketplaces[0]]))


async def _chunk(
    job: Job, marketplace: Marketplace, connection: Connection, ledger: LedgerRow, messages: Sequence[Availability]
) -> list[Finding]:
    known = await channels_of(connection, job.seller_id, {message.sku for message in messages})
    findings, asked = [], []
    for message in messages:
        blank = Finding(message.number, NOT_IN_CATALOG, NOT_IN_CATALOG_TEXT, "ERROR", message.message_id, message.sku)
        if message.sku in known:
            asked.append((blank, _command(job, marketplace, message, known[message.sku])))
        else:
            findings.append(blank)
    return findings + await perform(job, connection, ledger, asked, FLAT_CODES)


def _command(job: Job, marketplace: Marketplace, message: Availability, channels: Sequence[str]) -> Command:
    patches = tuple(_patches(marketplace, message, channels))
    return PatchListing(message.sku, patches, marketplaces=(marketplace.id,), strict=job.strict)


def _patches(marketplace: Marketplace, message: Availability, channels: Sequence[str]) -> Iterator[Patch]:
    if message.lookup or message.switch_to == "AFN":
        yield from to_warehouse(marketplace)
        return
    yield from from_warehouse(channels)
    op = "merge" if message.operation == "PartialUpdate" else "replace"
    yield Patch(op, f"/attributes/{AVAILABILITY}", [_instance(message)])


def _instance(message: Availability) -> dict[str, Any]:
    instance: dict[str, Any] = {CHANNEL: message.center or DEFAULT_LOCATION}
    if message.operation == "Delete":
        return {**instance, "quantity": 0}
    if message.available is not None:
        instance["is_inventory_available"] = message.available
    if message.quantity is not None:
        instance["quantity"] = message.quantity
    if message.latency is not None:
        instance[LEAD_TIME] = min(message.latency, LEAD_DAYS_MAX)
    if message.restock_date is not None:
        instance["restock_date"] = message.restock_date.isoformat()
    return instance
