"""Reports 2021-06-30: reports that are asked for once or on a schedule, and their documents.

Source: the Reports 2021-06-30 reference and its model. What no document says is decided here, once:

| case | answer |
|---|---|
| createReport or createReportSchedule of an unknown type | 400 InvalidInput, which |
| getReports or getReportSchedules of an unknown type | there are none |
| createReportSchedule of a type that Amazon's list of types calls not schedulable | 400 InvalidInput |
| a report without rows | CANCELLED, without a document, as the model says |
| a span of data beyond now, forgiving | it ends now: programs do not know the time of a seller's world |
| a span of data beyond now, strict; one that ends before it begins | 400 InvalidInput |
| cancelReport of a report that is not IN_QUEUE | 400 InvalidInput, nothing changes |
| a report, schedule or document of another seller, and one that is no report's | 404, as one that never was |
| a schedule without nextReportCreationTime | its first report is made a period from now |
| a schedule whose nextReportCreationTime is past | its periods are counted from there, the next is the first |
| nextToken beside other parameters, forgiving | they are ignored |
| nextToken beside other parameters, strict | 400 InvalidInput |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from entrepot.api.http import Response
from entrepot.api.operation import Operation, Quota
from entrepot.api.spapi.decoding import (
    array,
    body,
    boolean,
    checked_marketplace,
    instant,
    listed_marketplaces,
    moment,
    origin,
    resumed,
    shown,
    success,
    whole,
    words,
    written,
)
from entrepot.api.spapi.messages import Unparsable
from entrepot.api.spapi.room import Call
from entrepot.domain.errors import Invalid
from entrepot.domain.periods import PERIODS
from entrepot.reports.types import NEWER
from entrepot.services import report_requests as service
from entrepot.services.recurring_reports import Recurring
from entrepot.services.report_requests import CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE, NO_DATA, Asked, Wanted

TYPES_MAX: Final = 10
MARKETPLACES_MAX: Final = 25
PAGE_SIZE: Final = 10
PAGE_SIZE_MAX: Final = 100
TOKEN_SECONDS: Final = 24 * 3600.0

KNOWN: Final = tuple(NEWER)
# What this generation calls a status, and which of ours it means.
STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    CANCELLED: (CANCELLED, NO_DATA),
    DONE: (DONE,),
    FATAL: (FATAL,),
    IN_PROGRESS: (IN_PROGRESS,),
    IN_QUEUE: (IN_QUEUE,),
}
_CALLED: Final = {ours: name for name, all_ours in STATUSES.items() for ours in all_ours}

# Texts in the model; forgiving fidelity takes the others as JSON writes them.
Options = dict[str, str | bool | int | float]
Marketplaces = Annotated[list[str], msgspec.Meta(min_length=1, max_length=MARKETPLACES_MAX)]


# Reports


class CreateReportSpecification(msgspec.Struct):
    reportType: str
    marketplaceIds: Marketplaces
    reportOptions: Options | None = None
    dataStartTime: str | None = None
    dataEndTime: str | None = None


class CreateReportResponse(msgspec.Struct):
    reportId: str


class Report(msgspec.Struct, omit_defaults=True):
    reportId: str
    reportType: str
    marketplaceIds: list[str]
    dataStartTime: str
    dataEndTime: str
    createdTime: str
    processingStatus: str
    reportScheduleId: str | None = None
    processingStartTime: str | None = None
    processingEndTime: str | None = None
    reportDocumentId: str | None = None


class GetReportsResponse(msgspec.Struct, omit_defaults=True):
    reports: list[Report]
    nextToken: str | None = None


async def create_report(call: Call) -> Response:
    wanted = body(call.request, CreateReportSpecification)
    asked = Asked(
        _known(wanted.reportType),
        _sold_in(call, wanted.marketplaceIds),
        _options(call, wanted.reportOptions),
        call.strict,
        moment("dataStartTime", wanted.dataStartTime),
        moment("dataEndTime", wanted.dataEndTime),
        NEWER[wanted.reportType].days,
    )
    report = await call.services.reports.request(call.seller_id, asked, origin(call))
    return success(call, CreateReportResponse(report.number), 202)


async def get_report(call: Call) -> Response:
    found = await call.services.reports.find(call.seller_id, call.parameters["reportId"], KNOWN)
    return success(call, _report(found))


async def cancel_report(call: Call) -> Response:
    await call.services.reports.cancel(call.seller_id, call.parameters["reportId"], KNOWN)
    return success(call, {})


class _Place(msgspec.Struct, array_like=True):
    """What a nextToken carries: the whole query, and where it was left."""

    wanted: Wanted
    size: int
    bookmark: str


async def get_reports(call: Call) -> Response:
    services, request = call.services, call.request
    purpose = f"getReports {call.seller_id}"
    if place := resumed(call, purpose, _Place, TOKEN_SECONDS):
        wanted, size, bookmark = place.wanted, place.size, place.bookmark
    else:
        wanted, size, bookmark = _wanted(call), whole(request, "pageSize", PAGE_SIZE, PAGE_SIZE_MAX), None
    page = await services.reports.newest(call.seller_id, wanted, bookmark, size)
    following = None if page.bookmark is None else services.pager.seal(purpose, _Place(wanted, size, page.bookmark))
    return success(call, GetReportsResponse([_report(one) for one in page.reports], following))


def _wanted(call: Call) -> Wanted:
    request = call.request
    statuses = words(request, "processingStatuses", STATUSES)
    return Wanted(
        _types(call, "reportTypes takes 1 to {most} report types, or nextToken stands alone"),
        listed_marketplaces(call),
        [ours for one in statuses for ours in STATUSES[one]],
        created_since=instant(request, "createdSince"),
        created_until=instant(request, "createdUntil"),
    )


def _types(call: Call, problem: str) -> list[str]:
    """Those of the parameter reportTypes that we know."""
    types = array(call.request, "reportTypes")
    if not 1 <= len(types) <= TYPES_MAX:
        raise Invalid("reportTypes", problem.format(most=TYPES_MAX))
    return [one for one in types if one in KNOWN]


def _report(report: service.Report) -> Report:
    return Report(
        report.number,
        report.report_type,
        list(report.marketplaces),
        written(report.start),
        written(report.end),
        written(report.created_at),
        _CALLED[report.status],
        report.schedule_id,
        written(report.started_at) if report.started_at else None,
        written(report.finished_at) if report.finished_at else None,
        None if report.status == NO_DATA else report.document_id,
    )


# Documents


class ReportDocument(msgspec.Struct, omit_defaults=True):
    reportDocumentId: str
    url: str
    compressionAlgorithm: str | None = None


async def get_report_document(call: Call) -> Response:
    encoded = boolean(call.request, "enableContentEncodingUrlHeader")
    name = call.parameters["reportDocumentId"]
    document = await call.services.reports.document_named(call.seller_id, name, KNOWN)
    url = call.services.links.download(call.seller_id, document.document_id, encoded=encoded and document.gzip)
    return success(call, ReportDocument(document.document_id, url, "GZIP" if document.gzip else None))


# Schedules


class CreateReportScheduleSpecification(msgspec.Struct):
    reportType: str
    marketplaceIds: Marketplaces
    period: str
    reportOptions: Options | None = None
    nextReportCreationTime: str | None = None


class CreateReportScheduleResponse(msgspec.Struct):
    reportScheduleId: str


class ReportSchedule(msgspec.Struct, omit_defaults=True):
    reportScheduleId: str
    reportType: str
    marketplaceIds: list[str]
    period: str
    nextReportCreationTime: str
    reportOptions: dict[str, str] | None = None


class ReportScheduleList(msgspec.Struct):
    reportSchedules: list[ReportSchedule]


async def create_report_schedule(call: Call) -> Response:
    wanted = body(call.request, CreateReportScheduleSpecification)
    if wanted.period not in PERIODS:
        raise Invalid("period", f"period is one of {', '.join(PERIODS)}, not '{shown(wanted.period)}'")
    marketplaces = _sold_in(call, wanted.marketplaceIds)
    report_type = _known(wanted.reportType)
    if not NEWER[report_type].scheduled:
        raise Invalid("reportType", f"reports of {report_type} are not made on a schedule")
    asked = Asked(report_type, marketplaces, _options(call, wanted.reportOptions), call.strict)
    begun = moment("nextReportCreationTime", wanted.nextReportCreationTime)
    made = await call.services.reports.set_recurring(call.seller_id, asked, wanted.period, begun, origin(call))
    return success(call, CreateReportScheduleResponse(made.schedule_id), 201)


async def get_report_schedules(call: Call) -> Response:
    types = _types(call, "reportTypes takes 1 to {most} report types")
    found = await call.services.reports.recurring(call.seller_id, types)
    return success(call, ReportScheduleList([_schedule(one) for one in found]))


async def get_report_schedule(call: Call) -> Response:
    name = call.parameters["reportScheduleId"]
    return success(call, _schedule(await call.services.reports.recurring_one(call.seller_id, name, KNOWN)))


async def cancel_report_schedule(call: Call) -> Response:
    await call.services.reports.drop_recurring(call.seller_id, call.parameters["reportScheduleId"], KNOWN)
    return success(call, {})


def _schedule(found: Recurring) -> ReportSchedule:
    return ReportSchedule(
        found.schedule_id,
        found.report_type,
        list(found.marketplaces),
        found.period,
        written(found.next_at),
        found.options or None,
    )


# What bodies have in common


def _known(report_type: str) -> str:
    if report_type not in KNOWN:
        raise Invalid("reportType", f"reportType '{shown(report_type)}' is not one of {', '.join(KNOWN)}")
    return report_type


def _sold_in(call: Call, marketplace_ids: list[str]) -> list[str]:
    return [checked_marketplace(call, one) for one in dict.fromkeys(marketplace_ids)]


def _options(call: Call, given: Options | None) -> dict[str, str]:
    options = {name: _option(call, name, value) for name, value in (given or {}).items()}
    if not all(text.isprintable() for pair in options.items() for text in pair):
        raise Invalid("reportOptions", "reportOptions are printable texts")
    return options


def _option(call: Call, name: str, value: str | bool | int | float) -> str:
    if isinstance(value, str):
        return value
    if call.strict:
        raise Unparsable("body", f"The request body is not valid: '{shown(name)}' of reportOptions is not a text")
    return msgspec.json.encode(value).decode()


# Usage plans: the model's. Roles: those that any of the reports takes.
_SUBMIT: Final = Quota(rate=0.0167, burst=15)
_ONE: Final = Quota(rate=2, burst=15)
_MANY: Final = Quota(rate=0.0222, burst=10)
_ROLES: Final = frozenset({"Product Listing", "Amazon Fulfillment", "Inventory and Order Tracking"})
_BASE: Final = "/reports/2021-06-30"
_REPORTS, _SCHEDULES, _DOCUMENTS = f"{_BASE}/reports", f"{_BASE}/schedules", f"{_BASE}/documents"
_SCHEDULE: Final = f"{_SCHEDULES}/{{reportScheduleId}}"

OPERATIONS: Final = (
    Operation("createReport", "POST", _REPORTS, create_report, _SUBMIT, _ROLES),
    Operation("getReports", "GET", _REPORTS, get_reports, _MANY, _ROLES),
    Operation("getReport", "GET", f"{_REPORTS}/{{reportId}}", get_report, _ONE, _ROLES),
    Operation("cancelReport", "DELETE", f"{_REPORTS}/{{reportId}}", cancel_report, _MANY, _ROLES),
    Operation("getReportDocument", "GET", f"{_DOCUMENTS}/{{reportDocumentId}}", get_report_document, _SUBMIT, _ROLES),
    Operation("createReportSchedule", "POST", _SCHEDULES, create_report_schedule, _MANY, _ROLES),
    Operation("getReportSchedules", "GET", _SCHEDULES, get_report_schedules, _MANY, _ROLES),
    Operation("getReportSchedule", "GET", _SCHEDULE, get_report_schedule, _MANY, _ROLES),
    Operation("cancelReportSchedule", "DELETE", _SCHEDULE, cancel_report_schedule, _MANY, _ROLES),
)
