"""POST_ORDER_FULFILLMENT_DATA, done: each message confirms a shipment of one order, all or nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.commands import Command, ConfirmedItem, ConfirmShipment, Package
from entrepot.domain.errors import Problem
from entrepot.feeds import order_fulfillment_file
from entrepot.feeds.applying import COMMANDS, apply, as_they_are, perform
from entrepot.feeds.envelope import XmlFeed
from entrepot.feeds.findings import ORDER_DATA, Finding
from entrepot.feeds.job import Job, Result
from entrepot.feeds.order_fulfillment_file import Confirmation
from entrepot.feeds.processing import in_xml, process_file
from entrepot.storage import sources
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow

# Whatever is wrong with an order, programs know as this one code (SP-API reference §6.3).
_CODES: Final[dict[type[Problem], str]] = {Problem: ORDER_DATA}


async def process(job: Job) -> Result:
    has_sources = await _has_sources(job)
    read = partial(order_fulfillment_file.read, seller_id=job.seller_id, strict=job.strict, has_sources=has_sources)
    return await process_file(job, read, partial(_do, job), in_xml)


async def _do(job: Job, feed: XmlFeed[Confirmation]) -> None:
    await apply(job, feed.messages, COMMANDS, as_they_are, partial(_chunk, job))


async def _has_sources(job: Job) -> bool:
    """Whether the seller has locations beside the one that he was given."""
    async with job.database.read() as connection:
        return any(code != DEFAULT_LOCATION for _, code in await sources.names(connection, job.seller_id))


async def _chunk(
    job: Job, connection: Connection, ledger: LedgerRow, confirmations: Sequence[Confirmation]
) -> list[Finding]:
    asked = [(_blank(confirmation), _command(confirmation)) for confirmation in confirmations]
    return await perform(job, connection, ledger, asked, _CODES)


def _blank(confirmation: Confirmation) -> Finding:
    order = confirmation.order_id or confirmation.merchant_order_id
    return Finding(confirmation.number, "", "", message_id=confirmation.message_id, details=(("AmazonOrderID", order),))


def _command(confirmation: Confirmation) -> Command:
    items = tuple(ConfirmedItem(item.item_code or item.merchant_item_id, item.quantity) for item in confirmation.items)
    carrier = confirmation.carrier_name or confirmation.carrier_code
    return ConfirmShipment(
        # The marketplace's orders have no ids of the merchant's own: such a name finds nothing, and is told so.
        confirmation.order_id or confirmation.merchant_order_id,
        items=items,
        source=confirmation.source or None,
        package=Package(carrier, confirmation.method, confirmation.tracking, confirmation.ship_date),
    )
