"""The eleven functions of AIM: uploads, what became of them, reports, refunds.

Sources: the guides of 2004 and 2007 (§3–§5), AIM reference §1. What they leave open is decided here, once:

| case | answer |
|---|---|
| an upload by GET | INVALID_FILE_FORMAT: it carries no file, and must change nothing |
| a flag that the platform has not (strict) | ignored; its file is processed without |
| an UploadFor or FileFormat that is none, or that the platform has not (strict) | the documented token |
| BatchID Y or N in an upload | Y: the number, in all regions (so the clients of 2009 read it) |
| NumberOfBatches, NumberOfReports: not a number above 0; above 100 | 10; 100 |
| NumberOfDays: not from 1 to 60 | 15 |
| generate: a name that is none | INVALID_REPORT_NAME (ours); of reports that come by themselves: Preorder, too |
| generate: BatchRefund | SUCCESS: the latest summary again, under a new number; FILE_NOT_FOUND while there is none |
| status: a name that is none | an empty list |
| download: neither id nor name, or one that is none | FILE_NOT_FOUND |
| download: both | the id |
| download: the id of somebody else's report | ACCESS_DENIED |
| logs: no number, or not that of an own batch | INVALID_BATCH |
| logs: not done yet; no row to fix; the fixes of a UIEE file | FILE_NOT_FOUND |
| logs: the policy `errorlog_style` | the layout of 2009, or the CLASSIC one before |
| a file above 10 MB | INVALID_FILE_FORMAT; of a purge, which the guide does not limit, above 100 MB (ours) |
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final

from entrepot.api.aim import messages
from entrepot.api.aim.messages import Refused, element, success
from entrepot.api.aim.parameters import DEFAULT_FORMAT, DEFAULT_PROGRAM, FORMATS, PROGRAMS, number_of, value_of
from entrepot.api.aim.room import PREFIXES, Call
from entrepot.api.http import Response
from entrepot.api.operation import MIB, Operation
from entrepot.domain.errors import NotFound
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.feeds import aim_file, aim_log, aim_refund_file
from entrepot.feeds.aim_inventory import MODES
from entrepot.feeds.encodings import encoding_of, written_in
from entrepot.feeds.findings import FeedUnreadable, Finding, Severity, counted
from entrepot.feeds.kinds import UPLOADS
from entrepot.reports.types import ReportType, of_aim
from entrepot.services.batches import DONE, FATAL, Issue, NewBatch, Submission, failed_rows
from entrepot.services.documents import CONTENT_TYPE_MAX, Unreadable
from entrepot.services.report_requests import REFUNDS, Asked

UIEE: Final = "UIEE"
# 2007 guide, §3.1: the limit of files to add, modify and delete, and to modify only; ours for refunds. Purges have none
# in the guide, so theirs is the room's.
UPLOAD_MAX: Final = 10 * MIB
LONGER: Final = ("AIM_PURGE_REPLACE",)
# The code of what is said of a file that was not processed.
FILE_FAILED: Final = "90000"
# What the file is processed with: option → header.
_FLAGS: Final = {
    "asin_match_create": "AsinMatchCreate",
    "asinate": "Asinate",
    "expedited": "enable-expedited-shipping",
    "email": "email",
}


# Uploads


async def add_modify_delete(call: Call) -> Response:
    return await _upload_inventory(call, "AIM_ADD_MODIFY_DELETE")


async def modify_only(call: Call) -> Response:
    return await _upload_inventory(call, "AIM_MODIFY_ONLY")


async def purge_replace(call: Call) -> Response:
    return await _upload_inventory(call, "AIM_PURGE_REPLACE")


async def _upload_inventory(call: Call, kind: str) -> Response:
    program = _chosen(call, "UploadFor", PROGRAMS, DEFAULT_PROGRAM, "INVALID_LISTING_PROGRAM")
    file_format = _chosen(call, "FileFormat", FORMATS, DEFAULT_FORMAT, "INVALID_FILE_FORMAT")
    flags = {
        option: "Y" if call.parameters.flag(header) else "N"
        for option, header in _FLAGS.items()
        if call.parameters.text(header) is not None and call.allows(header)
    }
    options = {"format": file_format, "upload_for": program, "platform": call.platform, **flags}
    number = await _upload(call, kind, options)
    if call.parameters.flag("BatchID") and call.allows("BatchID"):
        return element("BatchID", number)
    return success()


async def batch_refund(call: Call) -> Response:
    await _upload(call, "AIM_BATCH_REFUND", {"platform": call.platform})
    return success()


def _chosen(call: Call, header: str, values: tuple[str, ...], default: str, token: str) -> str:
    """What a header chooses, by default what the guide of 2004 says."""
    given = call.parameters.text(header)
    if given is None:
        return default
    value = value_of(given, values)
    if value is None or not call.allows(f"{header}:{value}"):
        raise Refused(token)
    return value


async def _upload(call: Call, kind: str, options: dict[str, str]) -> str:
    if call.request.method != "POST":
        raise Refused("INVALID_FILE_FORMAT")
    beginning = await _beginning(call.chunks)
    if len(beginning) > UPLOAD_MAX and kind not in LONGER:
        raise Refused("INVALID_FILE_FORMAT")
    if not await asyncio.to_thread(_recognisable, kind, options, beginning):
        raise Refused("INVALID_FILE_FORMAT")
    body = _with_first(beginning, call.chunks) if len(beginning) > UPLOAD_MAX else beginning
    new = NewBatch(kind, UPLOADS[kind].lane, call.marketplace.id, options, call.strict, _content_type(call), body)
    return await call.services.batches.upload(call.seller_id, new, call.origin)


async def _beginning(chunks: AsyncIterator[bytes]) -> bytes:
    """The whole file, or more of it than most files may have: of what is longer, no more than this is in memory."""
    found, size = [], 0
    async for chunk in chunks:
        found.append(chunk)
        size += len(chunk)
        if size > UPLOAD_MAX:
            break
    return b"".join(found)


def _recognisable(kind: str, options: dict[str, str], body: bytes) -> bool:
    if kind == "AIM_BATCH_REFUND":
        return aim_refund_file.recognisable(body)
    return aim_file.recognisable(body, MODES[kind], options["format"])  # type: ignore[arg-type]


def _content_type(call: Call) -> str:
    """As the client said; it is kept, but no file is read by it."""
    given = call.request.headers.get("content-type", "").strip()
    return given if given and given.isprintable() and len(given) <= CONTENT_TYPE_MAX else "text/plain"


# What became of uploads


async def get_pending_uploads_count(call: Call) -> Response:
    count = await call.services.batches.pending_count(call.seller_id, call.marketplace.id)
    return element("PendingUploadsCount", str(count))


async def get_batches(call: Call) -> Response:
    limit = call.parameters.count("NumberOfBatches")
    found = await call.services.batches.newest(call.seller_id, call.marketplace.id, limit)
    return messages.batches(_batch(one) for one in found)


def _batch(batch: Submission) -> messages.Batch:
    counts = batch.counts
    return messages.Batch(
        batch.submission_id,
        batch.status,
        batch.created_at,
        counts.get("activated", 0),
        counts.get("warnings", 0),
        counts.get("rejected", 0),
    )


async def error_log(call: Call) -> Response:
    batch = await _named_batch(call)
    if not call.allows("errorlog") or batch.status not in (DONE, FATAL):
        raise Refused("FILE_NOT_FOUND")
    encoding = encoding_of(_marketplace(batch))
    return Response(200, await _log(call, batch, encoding.codec), encoding.content_type)


async def quick_fix(call: Call) -> Response:
    batch = await _named_batch(call)
    if not call.allows("quickfix") or batch.status != DONE or batch.options.get("format") == UIEE:
        raise Refused("FILE_NOT_FOUND")
    rows = failed_rows(await call.services.batches.findings(batch))
    body = await asyncio.to_thread(aim_log.quick_fix, await _content(call, batch), rows) if rows else None
    if body is None:
        raise Refused("FILE_NOT_FOUND")
    return Response(200, body, written_in(body, _marketplace(batch)))


async def _named_batch(call: Call) -> Submission:
    number = number_of(call.parameters.text("BatchID") or "")
    if number is None:
        raise Refused("INVALID_BATCH")
    try:
        return await call.services.batches.find(call.seller_id, str(number))
    except NotFound:
        raise Refused("INVALID_BATCH") from None


async def _log(call: Call, batch: Submission, codec: str) -> bytes:
    findings = [_finding(issue) for issue in await call.services.batches.findings(batch)]
    if batch.status == FATAL and all(finding.number for finding in findings):
        findings.insert(0, Finding(0, FILE_FAILED, await _reason(call, batch)))
    counts = counted(_processed(batch, findings), findings)
    classic = call.standing.policies.errorlog_style == "CLASSIC"
    names = await _item_names(call, batch, findings) if classic else {}
    layout: aim_log.Layout = "classic" if classic else "seller-central"
    return await asyncio.to_thread(aim_log.error_log, layout, counts, findings, names, codec)


def _processed(batch: Submission, findings: Sequence[Finding]) -> int:
    """How many rows the file had: as its processing counted, or, where it did not get so far, as far as is known."""
    counts = batch.counts
    told = counts.get("processed", counts.get("activated", 0) + counts.get("rejected", 0))
    return max([told, *(finding.number for finding in findings)])


def _marketplace(batch: Submission) -> Marketplace:
    return MARKETPLACES[batch.marketplaces[0]]


async def _reason(call: Call, batch: Submission) -> str:
    """Why a file was not processed at all: one line, or the last cell of a whole report."""
    lines = (await call.services.batches.reason(batch)).decode("utf-8", "replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "").rpartition("\t")[2].strip()


async def _item_names(call: Call, batch: Submission, findings: Sequence[Finding]) -> Mapping[int, str]:
    """What the items in the rows with findings are called, as far as the file can be read."""
    numbers = {finding.number for finding in findings}
    content, file_format = await _content(call, batch), batch.options["format"]
    try:
        return await asyncio.to_thread(aim_file.item_names, content, file_format, _marketplace(batch), numbers)  # type: ignore[arg-type]
    except FeedUnreadable:
        return {}


def _finding(issue: Issue) -> Finding:
    severity: Severity = "ERROR" if issue.severity == "ERROR" else "WARNING"
    return Finding(issue.number, issue.code, issue.message, severity, issue.message_id, issue.sku, issue.attribute)


async def _content(call: Call, batch: Submission) -> bytes:
    try:
        return await call.services.batches.content(batch)
    except Unreadable:
        raise Refused("FILE_NOT_FOUND") from None


# Reports


async def generate_report_now(call: Call) -> Response:
    wanted = _named_report(call, "generate")
    if wanted is None or not (wanted.generated or wanted.name == REFUNDS):
        raise Refused("INVALID_REPORT_NAME")
    if wanted.name == REFUNDS:
        await call.services.reports.issue_again(call.seller_id, REFUNDS, call.marketplace.id, call.origin)
    else:
        days = call.parameters.days if wanted.dated else 0
        asked = Asked(wanted.name, (call.marketplace.id,), strict=call.strict, days=days)
        await call.services.reports.request(call.seller_id, asked, call.origin)
    return success()


async def get_report_status(call: Call) -> Response:
    wanted = _named_report(call, "status")
    if wanted is None:
        return messages.reports(())
    limit = call.parameters.count("NumberOfReports")
    found = await call.services.reports.finished(call.seller_id, [wanted.name], limit, call.marketplace.id)
    return messages.reports(messages.Report(one.number, one.start, one.end) for one in found)


async def download_report(call: Call) -> Response:
    given = call.parameters.text("ReportID")
    number = await _latest(call) if given is None else str(number_of(given) or given)
    reports = call.services.reports
    try:
        document = await reports.document(call.seller_id, number)
        # The first chunk now: a report whose bytes are gone is not found, instead of half an answer.
        chunks = reports.contents(document)
        first = await anext(chunks, b"")
    except NotFound:
        raise Refused(await _why_not(call, number)) from None
    length = None if document.gzip else document.size
    return Response(200, content_type=document.content_type, stream=_with_first(first, chunks), length=length)


async def _latest(call: Call) -> str:
    """The number of the latest report of that name."""
    wanted = _named_report(call, "download")
    if wanted is None:
        raise Refused("FILE_NOT_FOUND")
    return (await call.services.reports.latest(call.seller_id, [wanted.name], call.marketplace.id)).number


async def _why_not(call: Call, number: str) -> str:
    """A number that was given to somebody else's batch or report is refused by another word than one of nobody."""
    if number_of(number) is None or not await call.services.batches.foreign(call.seller_id, number):
        return "FILE_NOT_FOUND"
    return "ACCESS_DENIED"


def _named_report(call: Call, verb: str) -> ReportType | None:
    """The report that ReportName names; None where it names none, or one that is not to be had (strict)."""
    wanted = of_aim(call.parameters.text("ReportName") or "")
    return wanted if wanted is not None and call.allows(f"{verb}:{wanted.aim}") else None


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


# The eleven functions; the guide of 2007 prints two of the paths with the other prefix, here all have both.
_EXEC, _EXE = (f"{prefix}seller-admin/" for prefix in PREFIXES)
_UPLOAD, _MANUAL, _DOWNLOAD = "catalog-upload/", "manual-reports/", "download/"


def _operation(name: str, path: str, handle: Callable[[Call], Awaitable[Response]]) -> Operation:
    return Operation(name, "POST", _EXEC + path, handle, aliases=(_EXE + path,))


OPERATIONS: Final = (
    _operation("addModifyDelete", f"{_UPLOAD}add-modify-delete", add_modify_delete),
    _operation("modifyOnly", f"{_UPLOAD}modify-only", modify_only),
    _operation("purgeReplace", f"{_UPLOAD}purge-replace", purge_replace),
    _operation("batchRefund", f"{_UPLOAD}batch-refund", batch_refund),
    _operation("getBatches", f"{_UPLOAD}get-batches", get_batches),
    _operation("getPendingUploadsCount", f"{_MANUAL}get-pending-uploads-count", get_pending_uploads_count),
    _operation("generateReportNow", f"{_MANUAL}generate-report-now", generate_report_now),
    _operation("getReportStatus", f"{_MANUAL}get-report-status", get_report_status),
    _operation("downloadErrorLog", f"{_DOWNLOAD}errorlog", error_log),
    _operation("downloadQuickFix", f"{_DOWNLOAD}quickfix", quick_fix),
    _operation("downloadReport", f"{_DOWNLOAD}report", download_report),
)
