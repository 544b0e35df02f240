"""AIM_BATCH_REFUND, done: each row gives money back or says why not; its report is the answer to the file.

A row is checked in the order of D-24 (domain specification §4.3). What only the file and the order book know is checked
here; money moves by the command `Refund` alone. The report's lines are the live ones (AIM reference §9.7), those of
failures ours.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from entrepot.domain.commands import Refund
from entrepot.domain.errors import NotFound
from entrepot.domain.items import tidy
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.domain.money import decimal
from entrepot.feeds import aim_refund_file
from entrepot.feeds.aim_refund_file import RefundRow
from entrepot.feeds.applying import COMMANDS, FLAT_CODES, apply, as_they_are, perform, whole
from entrepot.feeds.encodings import encoding_of
from entrepot.feeds.findings import CELL_INVALID, FeedUnreadable, Finding, counted
from entrepot.feeds.job import TEXT, Job, Result, Unreadable
from entrepot.feeds.processing_report import text_report
from entrepot.storage import refunds as storage
from entrepot.storage.database import Connection
from entrepot.storage.refunds import Paid
from entrepot.storage.worlds import LedgerRow

# So long the same file again is taken for a mistake.
AGAIN: Final = timedelta(hours=24)
_REPEATED: Final = "The same file was processed within the last 24 hours"


async def process(job: Job) -> Result:
    content = await whole(job)
    marketplace = MARKETPLACES[job.marketplaces[0]]
    try:
        rows = await to_thread(aim_refund_file.read, content, marketplace)
    except FeedUnreadable as problem:
        return Result("FATAL", TEXT, text_report(counted(0, [problem.finding]), [problem.finding]))
    if await _known(job, content):
        rows = [replace(row, repeat_problem=_REPEATED) for row in rows]
    await apply(job, rows, COMMANDS, as_they_are, partial(_chunk, job, marketplace))
    failures = {finding.number: finding.message for finding in await job.findings()}
    encoding = encoding_of(marketplace)
    lines = "".join([_line(row, failures.get(row.number), marketplace) for row in rows])
    counts = {"activated": len(rows) - len(failures), "rejected": len(failures), "warnings": 0}
    return Result("DONE", encoding.content_type, lines.encode(encoding.codec, "replace"), counts)


def _line(row: RefundRow, failure: str | None, marketplace: Marketplace) -> str:
    """How it went with a row; whoever wrote it finds it by the two ids."""
    order_id, item_id = [*map(str.strip, row.line.split("\t")), ""][:2]
    outcome = f"FAILURE {failure}"
    if failure is None and row.amount is not None:
        outcome = f"SUCCESS {decimal(row.amount, marketplace.currency)} is Refunded."
    return f"{order_id}order-item-id: {item_id}\t{outcome}\r\n"


async def _known(job: Job, content: bytes) -> bool:
    """Whether a file with these very bytes has given money back a short time before."""
    async with job.database.read() as connection:
        names = await storage.documents_before(connection, job.submission, AGAIN)
    for name in names:
        if await _same(job, name, content):
            return True
    return False


async def _same(job: Job, document_id: str, content: bytes) -> bool:
    try:
        document = await job.documents.find(job.seller_id, document_id)
        if not document.gzip and document.size != len(content):
            return False
        return b"".join([chunk async for chunk in job.documents.contents(document)]) == content
    except (NotFound, Unreadable):
        return False


# A chunk of rows


@dataclass(frozen=True)
class _Book:
    """The order book, as far as rows name it: orders with whether they were paid for, and order items."""

    orders: Mapping[str, bool]
    items: Mapping[str, Paid]

    def problem(self, row: RefundRow) -> str:
        """The first that is wrong with a row, but for what is left to give back, and for its being a repetition."""
        if row.shape_problem:
            return row.shape_problem
        order_id, item_id = tidy(row.order_id), tidy(row.order_item_id)
        if order_id not in self.orders:
            return f"There is no order '{order_id[:40]}'"
        if item_id not in self.items or self.items[item_id].order_id != order_id:
            return f"Order '{order_id}' has no order item '{item_id[:40]}'"
        if not self.orders[order_id]:
            return f"Order '{order_id}' has not been paid for"
        return row.amount_problem or row.reason_problem


async def _read(job: Job, connection: Connection, rows: Iterable[RefundRow]) -> _Book:
    rows = list(rows)
    return _Book(
        await storage.orders(connection, job.seller_id, {tidy(row.order_id) for row in rows}),
        await storage.items(connection, job.seller_id, {tidy(row.order_item_id) for row in rows}),
    )


async def _chunk(
    job: Job, marketplace: Marketplace, connection: Connection, ledger: LedgerRow, rows: Sequence[RefundRow]
) -> list[Finding]:
    book = await _read(job, connection, rows)
    problems = {row.number: problem for row in rows if (problem := book.problem(row))}
    good = [row for row in rows if row.number not in problems]
    asked = [(_blank(row), _command(row, marketplace)) for row in good if not row.repeat_problem]
    findings = await perform(job, connection, ledger, asked, FLAT_CODES)
    repeated = [row for row in good if row.repeat_problem]
    if repeated:
        left = (await _read(job, connection, repeated)).items
        problems |= dict(_of_repetitions(repeated, left, marketplace))
    findings += [replace(_blank(row), message=_said(problems[row.number])) for row in rows if row.number in problems]
    return sorted(findings, key=lambda finding: finding.number)


def _of_repetitions(
    rows: Iterable[RefundRow], items: Mapping[str, Paid], marketplace: Marketplace
) -> Iterator[tuple[int, str]]:
    for row in rows:
        left = items[tidy(row.order_item_id)].left
        if row.amount is not None and row.amount > left:
            what = f"{decimal(left, marketplace.currency)} of what was paid for it are left to refund"
            yield row.number, f"Order item '{row.order_item_id}': {what}"
        else:
            yield row.number, row.repeat_problem


def _said(problem: str) -> str:
    return f"{problem[:1].upper()}{problem[1:]}."


def _blank(row: RefundRow) -> Finding:
    return Finding(row.number, CELL_INVALID, "")


def _command(row: RefundRow, marketplace: Marketplace) -> Refund:
    amount = decimal(row.amount or 0, marketplace.currency)
    return Refund(row.order_item_id, amount, row.reason, row.order_id, row.message)
