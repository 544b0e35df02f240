"""Reports 2009-01-01: reports that are asked for once or on a schedule, their files, and which of them the seller has.

Source: MWS reference §7, live answers, the section's pages. A report type is SP-API's between underscores; all doors
show the seller's reports, whoever asked for them. A report's own id is that of its request with a 1 before it. Decided
here, once:

| case | answer |
|---|---|
| RequestReport or ManageReportSchedule of an unknown type | 400 InvalidReportType |
| ManageReportSchedule of a type that Amazon's list of types calls not schedulable | 400 InvalidReportType |
| a report without rows | _DONE_NO_DATA_, without an id of its own |
| a report that could not be made | _CANCELLED_; this generation has no other word |
| no StartDate | it starts where it ends; as recorded, a report of orders the day before that |
| a span beyond now, forgiving; strict | it ends now; 400 InvalidParameterValue |
| ReportOptions | `name=value`, several with ; or & between; also as parameters `ReportOptions=name`, as clients do |
| CancelReportRequests by ids | tells of all of these, as recorded; 400 InvalidReportRequestId: one is not here |
| CancelReportRequests otherwise | cancels what waits among these, and tells of that |
| the filter Acknowledged | of all types, not only of orders |
| UpdateReportAcknowledgements without Acknowledged; of a report that is not here | true, as recorded; InvalidReportId |
| ManageReportSchedule without ScheduleDate, or with one that is past | the first report is made now, as recorded |
| ManageReportSchedule: the marketplace | that of the endpoint |
| _NEVER_ | ends the type's schedules that are for it, and tells of them |
| a schedule of SP-API with a period that is not here | shown by the same rule, as _18_DAYS_ |
| GetReportScheduleList | all at once, as its page says, so nobody has a token for its ByNextToken |
| GetReport of a report that waits or is at work | 400 ReportNotReady |
| GetReport of one without a file; of one older than 90 days | 400 InvalidReportId; ReportNoLongerAvailable |
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

import msgspec

from entrepot.api.http import Response
from entrepot.api.mws.lists import (
    TOLD_MAX,
    Add,
    counted,
    file,
    marketplaces,
    missing,
    named_ids,
    opened,
    page_size,
    paged,
    required,
    spelled,
    statuses,
    told,
    waiting,
    written,
)
from entrepot.api.mws.messages import Refused
from entrepot.api.mws.operation import Call, MwsOperation, envelope, result_of
from entrepot.api.mws.parameters import bad
from entrepot.api.mws.sections import REPORTS
from entrepot.api.operation import Quota
from entrepot.domain.errors import NotFound, StaleToken
from entrepot.reports.types import NEWER, ReportType, of_mws
from entrepot.services.recurring_reports import Recurring
from entrepot.services.report_requests import (
    CANCELLED,
    DONE,
    FATAL,
    IN_PROGRESS,
    IN_QUEUE,
    NO_DATA,
    Asked,
    Report,
    Wanted,
)
from entrepot.wire import xml

KNOWN: Final = tuple(NEWER)
# What this generation calls a status, and which of ours it means.
STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "_SUBMITTED_": (IN_QUEUE,),
    "_IN_PROGRESS_": (IN_PROGRESS,),
    "_CANCELLED_": (CANCELLED, FATAL),
    "_DONE_": (DONE,),
    "_DONE_NO_DATA_": (NO_DATA,),
}
_CALLED: Final = {ours: name for name, all_ours in STATUSES.items() for ours in all_ours}
SCHEDULES: Final[Mapping[str, str]] = {
    "_15_MINUTES_": "PT15M",
    "_30_MINUTES_": "PT30M",
    "_1_HOUR_": "PT1H",
    "_2_HOURS_": "PT2H",
    "_4_HOURS_": "PT4H",
    "_8_HOURS_": "PT8H",
    "_12_HOURS_": "PT12H",
    "_1_DAY_": "P1D",
    "_2_DAYS_": "P2D",
    "_72_HOURS_": "P3D",
    "_1_WEEK_": "P7D",
    "_14_DAYS_": "P14D",
    "_15_DAYS_": "P15D",
    "_30_DAYS_": "P30D",
}
NEVER: Final = "_NEVER_"
# These are schedules of SP-API only.
_OTHERS: Final = {"PT5M": "_5_MINUTES_", "PT84H": "_84_HOURS_", "P18D": "_18_DAYS_", "P1M": "_1_MONTH_"}
_PERIODS: Final = _OTHERS | {period: name for name, period in SCHEDULES.items()}
SCHEDULE_DATE_MAX: Final = timedelta(days=366)
OPTIONS_MAX: Final = 100
_OPTIONS: Final = "ReportOptions"
_BETWEEN: Final = re.compile("[;&]")
# What stands before the number of a request in that of its report.
_OWN: Final = "1"


# Requests


async def request_report(call: Call) -> Response:
    kind = _type(call)
    asked = Asked(
        kind.name,
        marketplaces(call),
        _options(call),
        call.strict,
        call.parameters.instant("StartDate"),
        call.parameters.instant("EndDate"),
        kind.days,
    )
    result = result_of(call)
    _add_request(result, await call.services.reports.request(call.seller_id, asked, call.origin))
    return envelope(call, result)


def _type(call: Call) -> ReportType:
    name = required(call, "ReportType")
    found = of_mws(name)
    if found is None:
        known = ", ".join(one.mws for one in NEWER.values())
        raise Refused("InvalidReportType", f"The ReportType {name[:100]} is not one of {known}.")
    return found


def _options(call: Call) -> dict[str, str]:
    """The options of a report, by their own names. Raises Refused."""
    given = call.parameters.text(_OPTIONS)
    parts = [part for part in _BETWEEN.split(given or "") if part.strip()]
    parts += [
        f"{name.removeprefix(_OPTIONS + '=')}={value}"
        for name, value in call.parameters.values.items()
        if name.startswith(_OPTIONS + "=")
    ]
    options = {}
    for part in parts[: OPTIONS_MAX + 1]:
        name, equals, value = part.strip().partition("=")
        if not name.strip() or not equals or not part.strip().isprintable():
            raise bad(_OPTIONS, part, "name=value, of printable characters")
        options[name.strip()] = value.strip()
    if len(parts) > OPTIONS_MAX:
        raise bad(_OPTIONS, str(len(parts)), f"at most {OPTIONS_MAX} options")
    return options


class _Place(msgspec.Struct, array_like=True):
    """What a NextToken carries: the whole query, and where it was left."""

    wanted: Wanted
    size: int
    bookmark: str | None = None


async def get_report_request_list(call: Call) -> Response:
    named = named_ids(call, "ReportRequestIdList")
    wanted, size = _requested(call), page_size(call, named)
    return await _page(call, _Place(Wanted(KNOWN, numbers=named) if named else wanted, size), _add_request)


async def get_report_request_list_by_next_token(call: Call) -> Response:
    return await _page(call, opened(call, _Place), _add_request)


async def get_report_request_count(call: Call) -> Response:
    return counted(call, await call.services.reports.count(call.seller_id, _requested(call)))


async def cancel_report_requests(call: Call) -> Response:
    reports, named = call.services.reports, named_ids(call, "ReportRequestIdList")
    asked = _requested(call)
    if named:
        those = Wanted(KNOWN, numbers=named)
        if await reports.count(call.seller_id, those) < len(named):
            raise Refused("InvalidReportRequestId")
    else:
        those = replace(asked, statuses=waiting(asked.statuses))
    cancelled, found = await reports.cancel_all(call.seller_id, those, TOLD_MAX)
    return told(call, len(named) or cancelled, found, _add_cancelled)


async def _page(call: Call, place: _Place, add: Add[Report]) -> Response:
    page = await call.services.reports.newest(call.seller_id, place.wanted, place.bookmark, place.size)
    following = None if page.bookmark is None else _Place(place.wanted, place.size, page.bookmark)
    return paged(call, page.reports, add, following)


def _requested(call: Call) -> Wanted:
    return Wanted(
        _types(call),
        statuses=statuses(call, "ReportProcessingStatusList", STATUSES),
        created_since=call.parameters.instant("RequestedFromDate"),
        created_until=call.parameters.instant("RequestedToDate"),
    )


def _types(call: Call) -> Sequence[str]:
    """The types that a list is to be of; those that are not here are left out."""
    given = call.parameters.listed("ReportTypeList", "Type")
    return list(dict.fromkeys(kind.name for one in given if (kind := of_mws(one)))) if given else KNOWN


def _add_cancelled(parent: xml.Element, report: Report) -> None:
    """Without the id of the report itself, as in the recorded answers to CancelReportRequests."""
    _add_request(parent, report, own=False)


def _add_request(parent: xml.Element, report: Report, own: bool = True) -> None:
    element = xml.add(parent, "ReportRequestInfo")
    xml.add(element, "ReportRequestId", report.number)
    xml.add(element, "ReportType", NEWER[report.report_type].mws)
    xml.add(element, "StartDate", written(report.start))
    xml.add(element, "EndDate", written(report.end))
    xml.add(element, "Scheduled", spelled(report.schedule_id is not None))
    xml.add(element, "SubmittedDate", written(report.created_at))
    xml.add(element, "ReportProcessingStatus", _CALLED[report.status])
    if own and report.status == DONE:
        xml.add(element, "GeneratedReportId", _OWN + report.number)
    if report.started_at is not None:
        xml.add(element, "StartedProcessingDate", written(report.started_at))
        if report.finished_at is not None:
            xml.add(element, "CompletedDate", written(report.finished_at))


# Reports


async def get_report(call: Call) -> Response:
    reports, given = call.services.reports, required(call, "ReportId")
    try:
        found = await reports.find(call.seller_id, _number(given), KNOWN)
    except NotFound:
        raise Refused("InvalidReportId") from None
    if found.status in (IN_QUEUE, IN_PROGRESS):
        raise Refused("ReportNotReady")
    if found.status != DONE:
        raise Refused("InvalidReportId")
    if not await reports.count(call.seller_id, Wanted(KNOWN, numbers=[found.number])):
        raise Refused("ReportNoLongerAvailable")
    document = await reports.document(call.seller_id, found.number)
    return await file(call, document.content_type, lambda: reports.contents(document), "ReportNoLongerAvailable")


def _number(report_id: str) -> str:
    """The number of the request of a report; of what is none, no number."""
    return report_id.removeprefix(_OWN) if report_id.startswith(_OWN) else ""


async def get_report_list(call: Call) -> Response:
    named = named_ids(call, "ReportRequestIdList")
    wanted, size = _available(call), page_size(call, named)
    if named:
        wanted = Wanted(KNOWN, statuses=[DONE], numbers=named)
    return await _page(call, _Place(wanted, size), _add_report)


async def get_report_list_by_next_token(call: Call) -> Response:
    return await _page(call, opened(call, _Place), _add_report)


async def get_report_count(call: Call) -> Response:
    return counted(call, await call.services.reports.count(call.seller_id, _available(call)))


async def update_report_acknowledgements(call: Call) -> Response:
    named = named_ids(call, "ReportIdList")
    if not named:
        raise missing("ReportIdList")
    acknowledged = call.parameters.flag("Acknowledged", True)
    reports, numbers = call.services.reports, [_number(one) for one in named]
    if await reports.count(call.seller_id, Wanted(KNOWN, statuses=[DONE], numbers=numbers)) < len(named):
        raise Refused("InvalidReportId", "One or more of the provided ReportIds could not be found.")
    found = await reports.acknowledge(call.seller_id, numbers, acknowledged, KNOWN)
    return told(call, len(found), found, _add_report)


def _available(call: Call) -> Wanted:
    parameters = call.parameters
    return Wanted(
        _types(call),
        statuses=[DONE],
        acknowledged=parameters.flag("Acknowledged") if parameters.text("Acknowledged") else None,
        finished_since=parameters.instant("AvailableFromDate"),
        finished_until=parameters.instant("AvailableToDate"),
    )


def _add_report(parent: xml.Element, report: Report) -> None:
    element = xml.add(parent, "ReportInfo")
    xml.add(element, "ReportId", _OWN + report.number)
    xml.add(element, "ReportType", NEWER[report.report_type].mws)
    xml.add(element, "ReportRequestId", report.number)
    xml.add(element, "AvailableDate", written(report.finished_at or report.created_at))
    xml.add(element, "Acknowledged", spelled(report.acknowledged_at is not None))
    if report.acknowledged_at is not None:
        xml.add(element, "AcknowledgedDate", written(report.acknowledged_at))


# Schedules


async def manage_report_schedule(call: Call) -> Response:
    kind, name = _type(call), required(call, "Schedule")
    date = call.parameters.instant("ScheduleDate")
    if name == NEVER:
        return await _end(call, kind)
    if name not in SCHEDULES:
        known = ", ".join((*SCHEDULES, NEVER))
        raise Refused("InvalidScheduleFrequency", f"The Schedule {name[:100]} is not one of {known}.")
    if not kind.scheduled:
        raise Refused("InvalidReportType", f"Reports of the type {kind.mws} are not made on a schedule.")
    asked = Asked(kind.name, (call.marketplace.id,), strict=call.strict)
    made = await call.services.reports.set_recurring(
        call.seller_id, asked, SCHEDULES[name], date, call.origin, at_once=True, within=SCHEDULE_DATE_MAX
    )
    return told(call, 1, [made], _add_schedule)


async def _end(call: Call, kind: ReportType) -> Response:
    reports, ended = call.services.reports, []
    for one in await reports.recurring(call.seller_id, [kind.name]):
        if call.marketplace.id in one.marketplaces:
            with suppress(NotFound):  # another call has ended it
                await reports.drop_recurring(call.seller_id, one.schedule_id, KNOWN)
                ended.append(one)
    return told(call, len(ended), ended, _add_ended)


async def get_report_schedule_list(call: Call) -> Response:
    return paged(call, await call.services.reports.recurring(call.seller_id, _types(call)), _add_schedule)


async def get_report_schedule_list_by_next_token(call: Call) -> Response:
    required(call, "NextToken")
    raise StaleToken("no list of schedules has another page")


async def get_report_schedule_count(call: Call) -> Response:
    return counted(call, await call.services.reports.count_recurring(call.seller_id, _types(call)))


def _add_ended(parent: xml.Element, found: Recurring) -> None:
    _add_schedule(parent, found, NEVER)


def _add_schedule(parent: xml.Element, found: Recurring, name: str | None = None) -> None:
    element = xml.add(parent, "ReportSchedule")
    xml.add(element, "ReportType", NEWER[found.report_type].mws)
    xml.add(element, "Schedule", name or _PERIODS[found.period])
    xml.add(element, "ScheduledDate", written(found.next_at))


# Usage plans: MWS reference §4.
_REQUEST: Final = Quota(rate=1 / 60, burst=15)
_LIST: Final = Quota(rate=1 / 60, burst=10)
_MANY: Final = Quota(rate=1 / 45, burst=10)
_NEXT: Final = Quota(rate=1 / 2, burst=30)

OPERATIONS: Final = (
    MwsOperation(REPORTS, "RequestReport", request_report, _REQUEST, hourly=60),
    MwsOperation(REPORTS, "GetReportRequestList", get_report_request_list, _MANY, hourly=80),
    MwsOperation(REPORTS, "GetReportRequestListByNextToken", get_report_request_list_by_next_token, _NEXT, hourly=1800),
    MwsOperation(REPORTS, "GetReportRequestCount", get_report_request_count, _MANY, hourly=80),
    MwsOperation(REPORTS, "CancelReportRequests", cancel_report_requests, _MANY, hourly=80),
    MwsOperation(REPORTS, "GetReportList", get_report_list, _LIST, hourly=60),
    MwsOperation(REPORTS, "GetReportListByNextToken", get_report_list_by_next_token, _NEXT, hourly=1800),
    MwsOperation(REPORTS, "GetReportCount", get_report_count, _MANY, hourly=80),
    MwsOperation(REPORTS, "GetReport", get_report, _REQUEST, hourly=60),
    MwsOperation(REPORTS, "ManageReportSchedule", manage_report_schedule, _MANY, hourly=80),
    MwsOperation(REPORTS, "GetReportScheduleList", get_report_schedule_list, _MANY, hourly=80),
    MwsOperation(
        REPORTS, "GetReportScheduleListByNextToken", get_report_schedule_list_by_next_token, _NEXT, hourly=1800
    ),
    MwsOperation(REPORTS, "GetReportScheduleCount", get_report_schedule_count, _MANY, hourly=80),
    MwsOperation(REPORTS, "UpdateReportAcknowledgements", update_report_acknowledgements, _MANY, hourly=80),
)
