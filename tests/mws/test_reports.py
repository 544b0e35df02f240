"""Reports 2009-01-01 against a server: asked for, made, listed page by page, and read."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.api.mws.reports import OPERATIONS, SCHEDULES, STATUSES
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.reports.types import NEWER
from tests.cast import CA, US
from tests.mws import recorded
from tests.mws.program import REPORTS, Program, code, namespace, tree
from tests.running import RunningServer

LITER, AFN = "_GET_MERCHANT_LISTINGS_DATA_LITER_", "_GET_AFN_INVENTORY_DATA_"
NAMESPACE = "http://mws.amazonaws.com/doc/2009-01-01/"
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
PATIENCE = 30.0
LIST, REQUESTS = "GetReportList", "GetReportRequestList"


def requested(program: Program, kind: str = AFN, **more: str) -> str:
    response = program.call(REPORTS, "RequestReport", {"ReportType": kind, **named(more)})
    assert response.status_code == 200, response.text
    return str(tree(response.content).findtext("RequestReportResult/ReportRequestInfo/ReportRequestId"))


def named(parameters: dict[str, str]) -> dict[str, str]:
    return {name.replace("__", "."): value for name, value in parameters.items()}


def listed(program: Program, action: str = REQUESTS, **parameters: str) -> list[dict[str, str]]:
    response = program.call(REPORTS, action, named(parameters))
    assert response.status_code == 200, response.text
    return [{one.tag: one.text for one in member} for member in tree(response.content)[0] if len(member)]


def count(program: Program, action: str, **parameters: str) -> int:
    response = program.call(REPORTS, action, named(parameters))
    assert response.status_code == 200, response.text
    return int(str(tree(response.content)[0].findtext("Count")))


def ended(program: Program, number: str) -> dict[str, str]:
    deadline = time.monotonic() + PATIENCE
    while True:
        [found] = listed(program, ReportRequestIdList__Id__1=number)
        if found["ReportProcessingStatus"] not in ("_SUBMITTED_", "_IN_PROGRESS_"):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def report(program: Program, number: str) -> httpx.Response:
    return program.call(REPORTS, "GetReport", {"ReportId": number})


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, code(response.content)


def stock(program: Program, sku: str = "KETTLE", quantity: int = 4) -> None:
    program.server.world("create_item", seller=program.seller_id, sku=sku, title="A kettle")
    program.server.world("add_stock", seller=program.seller_id, sku=sku, quantity=quantity)


def test_a_report_is_requested_made_and_read(program: Program) -> None:
    stock(program)
    answer = program.call(REPORTS, "RequestReport", {"ReportType": AFN})
    info = tree(answer.content)[0][0]
    found = ended(program, info.findtext("ReportRequestId"))
    response = report(program, found["GeneratedReportId"])

    assert namespace(answer.content) == NAMESPACE
    assert [one.tag for one in info] == [
        "ReportRequestId",
        "ReportType",
        "StartDate",
        "EndDate",
        "Scheduled",
        "SubmittedDate",
        "ReportProcessingStatus",
    ]
    assert (info.findtext("ReportType"), info.findtext("Scheduled")) == (AFN, "false")
    assert info.findtext("ReportProcessingStatus") == "_SUBMITTED_"
    assert info.findtext("StartDate") == info.findtext("EndDate") == info.findtext("SubmittedDate")
    assert found["ReportProcessingStatus"] == "_DONE_"
    assert found["GeneratedReportId"] == f"1{found['ReportRequestId']}"
    for name in ("SubmittedDate", "StartedProcessingDate", "CompletedDate"):
        assert DATE.fullmatch(found[name])
    header, *lines = response.text.splitlines()
    assert header.startswith("seller-sku\tfulfillment-channel-sku\tasin\t")
    assert ["KETTLE", "SELLABLE", "4"] in [[line.split("\t")[column] for column in (0, 4, 5)] for line in lines]
    assert response.headers["content-type"].startswith("text/plain;charset=")
    digest = base64.b64encode(hashlib.md5(response.content).digest()).decode()
    assert response.headers["content-md5"] == digest
    assert response.headers["x-mws-request-id"]


def test_a_long_report_comes_whole(program: Program) -> None:
    for number in range(120):
        program.server.world("create_item", seller=program.seller_id, sku=f"SKU-{number:03}", title="A kettle " * 20)

    response = report(
        program, ended(program, requested(program, "_GET_FBA_MYI_ALL_INVENTORY_DATA_"))["GeneratedReportId"]
    )

    assert len(response.text.splitlines()) == 121
    assert int(response.headers["content-length"]) == len(response.content) > 8 * 1024


def test_all_generations_see_the_same_reports(server: RunningServer, program: Program) -> None:
    stock(program)
    headers = {"x-amz-access-token": server.access_token(program.credentials)}
    root = f"{server.url}/reports/2021-06-30/reports"
    body = {"reportType": AFN.strip("_"), "marketplaceIds": [US]}
    theirs = program.http.post(root, headers=headers, json=body).json()["reportId"]
    mine = requested(program)
    for one in (theirs, mine):
        ended(program, one)

    there = program.http.get(f"{root}?reportTypes={AFN.strip('_')}", headers=headers).json()["reports"]

    assert [one["reportId"] for one in there] == [mine, theirs]
    assert [one["ReportRequestId"] for one in listed(program, ReportTypeList__Type__1=AFN)] == [mine, theirs]
    assert report(program, f"1{theirs}").status_code == 200


@pytest.mark.parametrize("kind", NEWER.values(), ids=lambda kind: kind.name)
def test_every_type_can_be_requested(program: Program, kind: Any) -> None:
    found = ended(program, requested(program, kind.mws))

    assert found["ReportType"] == kind.mws
    assert found["ReportProcessingStatus"] in ("_DONE_", "_DONE_NO_DATA_")
    assert ("GeneratedReportId" in found) == (found["ReportProcessingStatus"] == "_DONE_")


def test_a_report_is_for_the_marketplaces_that_are_named(program: Program) -> None:
    here, there = requested(program), requested(program, MarketplaceIdList__Id__1=CA)
    headers = {"x-amz-access-token": program.server.access_token(program.credentials)}

    reports = [
        program.http.get(f"{program.server.url}/reports/2021-06-30/reports/{one}", headers=headers).json()
        for one in (here, there)
    ]

    assert [one["marketplaceIds"] for one in reports] == [[US], [CA]]


BAD_REQUESTS = [
    ({}, "ValidationError"),
    ({"ReportType": "_GET_NOTHING_"}, "InvalidReportType"),
    ({"ReportType": AFN.strip("_")}, "InvalidReportType"),
    ({"ReportType": "_AIM_PREORDER_"}, "InvalidReportType"),
    ({"ReportType": AFN, "StartDate": "yesterday"}, "InvalidParameterValue"),
    ({"ReportType": AFN, "EndDate": "2026-02-30"}, "InvalidParameterValue"),
    ({"ReportType": AFN, "MarketplaceIdList.Id.1": "A1F83G8C2ARO7P"}, "InvalidParameterValue"),
]


@pytest.mark.parametrize(("parameters", "expected"), BAD_REQUESTS)
def test_a_request_that_cannot_be_is_refused(program: Program, parameters: dict[str, str], expected: str) -> None:
    before = count(program, "GetReportRequestCount")

    assert refusal(program.call(REPORTS, "RequestReport", parameters)) == (400, expected)
    assert count(program, "GetReportRequestCount") == before


@pytest.mark.parametrize("action", [REQUESTS, LIST])
def test_lists_come_page_by_page_the_newest_first(program: Program, action: str) -> None:
    stock(program)
    numbers = [requested(program) for _ in range(5)]
    for one in numbers:
        ended(program, one)

    pages = [program.call(REPORTS, action, {"MaxCount": "2", "ReportTypeList.Type.1": AFN})]
    while tree(pages[-1].content)[0].findtext("HasNext") == "true":
        token = tree(pages[-1].content)[0].findtext("NextToken")
        pages.append(program.call(REPORTS, f"{action}ByNextToken", {"NextToken": token}))

    found = [one.text for page in pages for one in tree(page.content).iter("ReportRequestId")]
    assert found == numbers[::-1]
    assert [one.tag for one in tree(pages[0].content)[0]][:2] == ["NextToken", "HasNext"]
    assert len(pages) == 3


def test_lists_and_counts_are_filtered(program: Program) -> None:
    stock(program)
    full, empty = requested(program), requested(program, "_GET_RESERVED_INVENTORY_DATA_")
    for one in (full, empty):
        ended(program, one)
    future, past = "2999-01-01T00:00:00Z", "2000-01-01"

    def requests(**parameters: str) -> list[str]:
        found = [one["ReportRequestId"] for one in listed(program, MaxCount="100", **parameters)]
        assert count(program, "GetReportRequestCount", **parameters) == len(found)
        return found

    def reports(**parameters: str) -> list[str]:
        found = [one["ReportRequestId"] for one in listed(program, LIST, MaxCount="100", **parameters)]
        assert count(program, "GetReportCount", **parameters) == len(found)
        return found

    assert requests(ReportTypeList__Type__1=AFN) == reports(ReportTypeList__Type__1=AFN) == [full]
    assert requests(ReportTypeList__Type__1="_GET_ORDERS_DATA_") == []
    assert {full} <= set(requests(ReportProcessingStatusList__Status__1="_DONE_"))
    assert full not in requests(ReportProcessingStatusList__Status__1="_CANCELLED_")
    assert full in requests(RequestedFromDate=past, RequestedToDate=future)
    assert requests(RequestedFromDate=future) == requests(RequestedToDate=past) == []
    assert full in reports(AvailableFromDate=past, AvailableToDate=future)
    assert reports(AvailableFromDate=future) == reports(AvailableToDate=past) == []
    assert [one["ReportId"] for one in listed(program, LIST, ReportRequestIdList__Id__1=full, MaxCount="1")] == [
        f"1{full}"
    ]


BAD_LISTS = [
    {"MaxCount": "0"},
    {"MaxCount": "101"},
    {"MaxCount": "ten"},
    {"ReportProcessingStatusList.Status.1": "DONE"},
    {"RequestedFromDate": "yesterday"},
    {"RequestedToDate": "0"},
    {f"ReportRequestIdList.Id.{place}": str(place) for place in range(1, 102)},
]


@pytest.mark.parametrize("parameters", BAD_LISTS, ids=lambda one: "&".join(one)[:40])
def test_a_question_for_requests_that_cannot_be_is_refused(program: Program, parameters: dict[str, str]) -> None:
    assert refusal(program.call(REPORTS, REQUESTS, parameters)) == (400, "InvalidParameterValue")


def test_nobody_sees_another_sellers_reports(new_program: Callable[..., Program]) -> None:
    program, other = new_program(), new_program()
    stock(program)
    number = requested(program)
    ended(program, number)
    requested(program)
    token = tree(program.call(REPORTS, REQUESTS, {"MaxCount": "1"}).content)[0].findtext("NextToken")

    assert refusal(report(other, f"1{number}")) == (400, "InvalidReportId")
    assert listed(other, ReportRequestIdList__Id__1=number) == []
    assert listed(other, LIST, ReportRequestIdList__Id__1=number) == []
    for action, name, value, expected in (
        ("CancelReportRequests", "ReportRequestIdList.Id.1", number, "InvalidReportRequestId"),
        ("UpdateReportAcknowledgements", "ReportIdList.Id.1", f"1{number}", "InvalidReportId"),
        ("GetReportRequestListByNextToken", "NextToken", token, "NextTokenCorrupted"),
    ):
        assert refusal(other.call(REPORTS, action, {name: value})) == (400, expected)
    assert program.call(REPORTS, "GetReportRequestListByNextToken", {"NextToken": token}).status_code == 200


def test_a_token_of_one_list_is_none_of_another(program: Program) -> None:
    for _ in range(2):
        requested(program)
    token = tree(program.call(REPORTS, REQUESTS, {"MaxCount": "1"}).content)[0].findtext("NextToken")

    assert refusal(program.call(REPORTS, f"{LIST}ByNextToken", {"NextToken": token})) == (400, "NextTokenCorrupted")
    assert refusal(program.call(REPORTS, f"{LIST}ByNextToken")) == (400, "ValidationError")


def test_reports_are_asked_for_on_the_bare_path_too(program: Program) -> None:
    response = program.call(REPORTS, REQUESTS, path="/")

    assert namespace(response.content) == NAMESPACE
    assert tree(response.content).tag == f"{REQUESTS}Response"


def test_the_answers_have_the_quota_of_the_hour(program: Program) -> None:
    for operation in OPERATIONS:
        response = program.call(REPORTS, operation.action)

        assert response.headers["x-mws-quota-max"] == f"{operation.hourly}.0"
        assert response.headers["x-mws-quota-remaining"] == f"{operation.hourly}.0"


# As recorded


@recorded.needs_live
@pytest.mark.parametrize(
    "line", recorded.live("/Reports/"), ids=lambda line: f"{recorded.action(line)} {line['recorded_at']}"
)
def test_the_recorded_answers_have_the_same_form(program: Program, line: dict[str, Any]) -> None:
    action, content = recorded.action(line), line["response"]["body"].encode()
    stock(program)
    numbers = [requested(program), requested(program)]
    for one in numbers:
        ended(program, one)
    if action == "GetReportScheduleList" and b"<ReportSchedule>" in content:
        program.call(REPORTS, "ManageReportSchedule", {"ReportType": AFN, "Schedule": "_30_DAYS_"})
    parameters = {"ReportTypeList.Type.1": AFN, "ReportType": AFN, "Schedule": "_30_DAYS_"}
    if line["response"]["status"] == 200:
        parameters |= {f"ReportRequestIdList.Id.{place}": one for place, one in enumerate(numbers, 1)}
    else:
        parameters |= {"ReportRequestIdList.Id.1": "51783018499"}
    parameters |= {f"ReportIdList.Id.{place}": f"1{one}" for place, one in enumerate(numbers, 1)}

    response = program.call(REPORTS, action, parameters)

    live, ours = tree(content), tree(response.content)
    assert response.status_code == line["response"]["status"]
    assert (ours.tag, namespace(response.content)) == (live.tag, namespace(content))
    # Of the recorded requests the last one is told, which had a report; so has ours.
    assert recorded.shape(ours) == recorded.shape(live)
    assert [one.text for one in ours.iter("Code", "Message")] == [one.text for one in live.iter("Code", "Message")]
    headers = dict(line["response"]["headers"])
    assert response.headers["content-type"] == headers["content-type"]
    assert response.headers["x-mws-quota-max"] == headers["x-mws-quota-max"]


# Whatever comes


NAMES = (
    "ReportType",
    "ReportOptions",
    "StartDate",
    "EndDate",
    "MaxCount",
    "NextToken",
    "ReportId",
    "ReportIdList.Id.1",
    "ReportRequestIdList.Id.1",
    "ReportTypeList.Type.1",
    "ReportProcessingStatusList.Status.1",
    "RequestedFromDate",
    "RequestedToDate",
    "AvailableFromDate",
    "AvailableToDate",
    "Acknowledged",
    "Schedule",
    "ScheduleDate",
    "MarketplaceIdList.Id.1",
)
LIKELY = (AFN, *STATUSES, *SCHEDULES, *MARKETPLACES, "1", "true", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(OPERATIONS),
    st.dictionaries(st.sampled_from(NAMES), st.text(max_size=30) | st.sampled_from(LIKELY), max_size=6),
)
def test_no_parameters_are_too_much(program: Program, operation: Any, parameters: dict[str, str]) -> None:
    response = program.call(REPORTS, operation.action, parameters)

    assert response.status_code < 500
    assert response.headers["content-type"].startswith("text/xml")
