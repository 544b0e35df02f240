"""AIM's inventory uploads, done: add-modify-delete, modify-only and purge-replace.

Rows go by the thousand: those whose listing is known by the same mark change numbers only, those that describe an item
anew are written at once, too; only what is no plain case is left to commands. A purge first takes off sale what the
file does not name, then loads the file: rows that the shop already is like are done by that.

Sources: AIM reference §6 (the three modes), §8 (counts).
"""

from __future__ import annotations

from asyncio import to_thread
from bisect import bisect_left
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final, cast

from entrepot.domain.commands import Command, DeleteListing
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.mfn.issues import MEANINGS
from entrepot.feeds import aim_file
from entrepot.feeds.aim_file import Format, Mode
from entrepot.feeds.aim_purge import purged
from entrepot.feeds.aim_rows import CLOSED, PURGE, Row, Rows, rows_of
from entrepot.feeds.applying import FLAT_CODES, apply, origin, perform, whole
from entrepot.feeds.findings import FeedUnreadable, Finding, counted
from entrepot.feeds.job import TEXT, Job, Result
from entrepot.services.bulk import CHUNK
from entrepot.services.describing import describe, listings_of
from entrepot.storage import shop
from entrepot.storage.bulk import Submitted, Terms, merge_terms
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow

MODES: Final[dict[str, Mode]] = {
    "AIM_ADD_MODIFY_DELETE": "add-modify-delete",
    "AIM_MODIFY_ONLY": "modify-only",
    "AIM_PURGE_REPLACE": PURGE,
}
# AIM reference §8: the codes that its logs have for what listings say otherwise.
_CODES: Final = {MEANINGS["asin_mismatch"].code: "5503"}


async def process(job: Job) -> Result:
    mode, marketplace = MODES[job.feed_type], MARKETPLACES[job.marketplaces[0]]
    file_format, flags = cast(Format, job.options["format"]), _flags(job)
    submitted = Submitted(job.submission_id, (marketplace.id,), origin(job))
    try:
        if mode == PURGE:
            rows, named, same = await purged(job, marketplace, file_format, flags)
        else:
            content = await whole(job)
            file = await to_thread(aim_file.read, content, mode, file_format, marketplace, job.strict, flags)
            rows, named, same = Rows(file, mode, marketplace, job.strict, job.options), file.skus, 0
    except FeedUnreadable as problem:
        return await _refused(job, problem)
    upload = _Upload(job, rows, submitted, named, same)
    changed = sorted(rows_of(rows.file), key=attrgetter("sku"))
    await apply(job, changed, CHUNK, upload.prepared, upload.chunk, upload.positions(changed), len(named))
    return Result("DONE", TEXT, None, await _counts(upload, changed))


def _flags(job: Job) -> str:
    """What of the request decides what rows mean."""
    return " ".join(job.options.get(name, "") for name in ("upload_for", "expedited"))


async def _refused(job: Job, problem: FeedUnreadable) -> Result:
    """The end of a file that is none; why, is a finding about the whole of it."""
    if not await job.findings():
        async with job.database.write() as connection:
            await job.progress(connection, 0, [Finding(0, problem.code, problem.message)])
    return Result("FATAL", TEXT, None)


async def _counts(upload: _Upload, rows: Sequence[Row]) -> dict[str, int]:
    """The file's own findings are kept like those of its rows, once: as if it had one row more."""
    job, file, all_of_it = upload.job, upload.rows.file, len(upload.named) + 1
    if job.applied < all_of_it:
        async with job.database.write() as connection:
            await job.progress(connection, all_of_it, file.findings, all_of_it)
    findings = await job.findings()
    counts = counted(file.processed, findings)
    refused = {finding.number for finding in findings if finding.severity == "ERROR"}
    return {
        "processed": file.processed,
        "activated": upload.same + sum(row.action == "a" and row.number not in refused for row in rows),
        "rejected": counts.refused,
        "warnings": counts.warnings,
    }


@dataclass(frozen=True)
class _Prepared:
    """Rows that change something or may do; the plain ones among them, and the numbers of those as columns."""

    rows: Sequence[Row]
    plain: Sequence[Row]
    terms: Terms


@dataclass(frozen=True)
class _Upload:
    """A file under way, or what of it changes anything. named: the SKUs of all its rows; `same` of these rows are what
    is on sale."""

    job: Job
    rows: Rows
    submitted: Submitted
    named: Sequence[str]
    same: int

    def positions(self, rows: Sequence[Row]) -> Sequence[int]:
        """How far the file is with each of these rows done: its place among all, in the order of their SKUs. So an
        attempt goes on behind the one before, though other rows may be what is on sale then."""
        if len(rows) == len(self.named):
            return range(1, len(rows) + 1)
        order, behind = sorted(self.named), Counter[str]()
        found = []
        for row in rows:
            behind[row.sku] += 1
            found.append(bisect_left(order, row.sku) + behind[row.sku])
        return found

    def prepared(self, rows: Sequence[Row]) -> _Prepared:
        times = Counter(row.sku for row in rows)
        plain = [row for row in rows if times[row.sku] == 1 and self.rows.is_plain(row)]
        return _Prepared(rows, plain, self.rows.terms([row for row in plain if self.rows.is_described(row)]))

    async def chunk(self, connection: Connection, ledger: LedgerRow, prepared: _Prepared) -> list[Finding]:
        terms = prepared.terms
        ledger, left = await merge_terms(connection, ledger, terms, self.submitted)
        done = set(terms.numbers) - left
        new = [row for row in prepared.plain if row.number not in done]
        said = await to_thread(self.rows.descriptions, new)
        ledger, described = await describe(connection, ledger, said, self.submitted, self.rows.mode == PURGE)
        if described:
            terms = self.rows.terms([row for row in new if row.number in described])
            ledger, left = await merge_terms(connection, ledger, terms, self.submitted)
            done |= described - left
        return await self._one_by_one(connection, ledger, prepared.rows, done)

    async def _one_by_one(
        self, connection: Connection, ledger: LedgerRow, rows: Sequence[Row], done: Container[int]
    ) -> list[Finding]:
        """What is not done yet, as commands."""
        others = [row for row in rows if row.number not in done]
        known = dict(await listings_of(connection, self.job.seller_id, {row.sku for row in others}))
        matched = await self._matched(connection, [row for row in others if known.get(row.sku, CLOSED).closed])
        findings: list[Finding] = []
        asked: list[tuple[Finding, Command]] = []
        for row in others:
            command = self.rows.command(row, known, matched.get(row.number))
            if isinstance(command, Finding):
                findings.append(command)
            elif isinstance(command, DeleteListing) or command.patches:
                asked.append((Finding(row.number, "", "", sku=row.sku), command))
        told = await perform(self.job, connection, ledger, asked, FLAT_CODES)
        return findings + [replace(finding, code=_CODES.get(finding.code, finding.code)) for finding in told]

    async def _matched(self, connection: Connection, rows: Sequence[Row]) -> dict[int, str]:
        """Asinate: the ASINs of new books without an ISBN, by their titles."""
        if not self.rows.asinates:
            return {}
        file = self.rows.file
        titles = {row.number: file.item_name(row.place).lower() for row in rows if self.rows.is_nameless(row)}
        found = await shop.products_called(connection, self.job.seller_id, sorted({*titles.values()} - {""}))
        return {number: found[title] for number, title in titles.items() if title in found}
