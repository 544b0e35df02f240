"""Reports 2021-06-30: asked for, made, listed, downloaded, cancelled, on a schedule; and who may see what."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.domain.periods import PERIODS
from tests.acceptance.tools import database_url, sql
from tests.running import RunningServer
from tests.spapi.listing import listed as list_sku
from tests.spapi.model import MODELS, assert_as_modelled, model, needs_model
from tests.spapi.model import REPORTS as MODEL
from tests.spapi.program import CA, DE, REGION, STALE, US, NewSeller, Program, at_once, denied, new_program, outcome
from tests.spapi.test_any_request import QUERIES, SEGMENTS, assert_well_formed, send
from tests.spapi.test_feeds import HeldLock, created

REPORTS = "/reports/2021-06-30/reports"
SCHEDULES = "/reports/2021-06-30/schedules"
DOCUMENTS = "/reports/2021-06-30/documents"
LITE = "GET_MERCHANT_LISTINGS_DATA_LITE"
LITER = "GET_MERCHANT_LISTINGS_DATA_LITER"
ORDERS = "GET_FLAT_FILE_ORDERS_DATA"
START = "2026-03-31T12:00:00Z"
PATIENCE = 30.0
NOBODY = httpx.Client(trust_env=False, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")

OPERATIONS = {
    ("POST", REPORTS): "createReport",
    ("GET", REPORTS): "getReports",
    ("GET", f"{REPORTS}/"): "getReport",
    ("DELETE", f"{REPORTS}/"): "cancelReport",
    ("GET", f"{DOCUMENTS}/"): "getReportDocument",
    ("POST", SCHEDULES): "createReportSchedule",
    ("GET", SCHEDULES): "getReportSchedules",
    ("GET", f"{SCHEDULES}/"): "getReportSchedule",
    ("DELETE", f"{SCHEDULES}/"): "cancelReportSchedule",
}


def call(program: Program, method: str, target: str, **more: Any) -> httpx.Response:
    """The answer to a request, held against Amazon's model where that is."""
    response = program.call(method, target, **more)
    if MODELS is not None:
        collection = next(one for one in (REPORTS, SCHEDULES, DOCUMENTS) if target.startswith(one))
        one = "/" if target.startswith(f"{collection}/") else ""
        assert_as_modelled(OPERATIONS[method, collection + one], response, MODEL)
    return response


def ask(program: Program, kind: str = LITE, **more: Any) -> httpx.Response:
    return call(program, "POST", REPORTS, json={"reportType": kind, "marketplaceIds": [US], **more})


def asked(program: Program, kind: str = LITE, **more: Any) -> str:
    response = ask(program, kind, **more)
    assert response.status_code == 202, response.text
    assert list(response.json()) == ["reportId"]
    number: str = response.json()["reportId"]
    return number


def report_of(program: Program, number: str) -> dict[str, Any]:
    response = call(program, "GET", f"{REPORTS}/{number}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def ended(program: Program, number: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while (found := report_of(program, number))["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def made(program: Program, kind: str = LITE, **more: Any) -> dict[str, Any]:
    """A report that was asked for, as it ends."""
    return ended(program, asked(program, kind, **more))


def document_of(program: Program, name: str, query: str = "") -> dict[str, str]:
    response = call(program, "GET", f"{DOCUMENTS}/{name}{query}")
    assert response.status_code == 200, response.text
    found: dict[str, str] = response.json()
    return found


def listed(program: Program, **query: str) -> list[str]:
    response = call(program, "GET", f"{REPORTS}?{urlencode(query)}")
    assert response.status_code == 200, response.text
    return [report["reportId"] for report in response.json()["reports"]]


def plan(program: Program, kind: str = LITE, period: str = "P1D", **more: Any) -> httpx.Response:
    body = {"reportType": kind, "marketplaceIds": [US], "period": period, **more}
    return call(program, "POST", SCHEDULES, json=body)


def planned(program: Program, kind: str = LITE, period: str = "P1D", **more: Any) -> dict[str, Any]:
    """A schedule that was made, as it is read."""
    response = plan(program, kind, period, **more)
    assert response.status_code == 201, response.text
    assert list(response.json()) == ["reportScheduleId"]
    found: dict[str, Any] = call(program, "GET", f"{SCHEDULES}/{response.json()['reportScheduleId']}").json()
    return found


def schedules(program: Program, *kinds: str) -> list[str]:
    response = call(program, "GET", f"{SCHEDULES}?reportTypes={','.join(kinds)}")
    assert response.status_code == 200, response.text
    return [one["reportScheduleId"] for one in response.json()["reportSchedules"]]


def advance(program: Program, by: str) -> None:
    program.server.operator("POST", "/world/advance", {"seller": program.seller_id, "by": by})


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """Status, code and details of a refusal."""
    [error] = response.json()["errors"]
    return response.status_code, error["code"], error["details"]


@pytest.fixture
def shop(new_seller: NewSeller) -> Program:
    """A seller of the test's own, whose clock stands, with one listing."""
    program = new_seller(clock=START, marketplaces=["US", "CA"])
    list_sku(program, sku="A-1")
    return program


# One report


def test_a_report_is_made_and_downloaded(shop: Program) -> None:
    found = made(shop)
    document = document_of(shop, found["reportDocumentId"])
    content = NOBODY.get(document["url"])

    assert found["processingStatus"] == "DONE"
    assert re.fullmatch(r"\d{10}", found["reportId"])
    assert (found["reportType"], found["marketplaceIds"]) == (LITE, [US])
    for name in ("dataStartTime", "dataEndTime", "createdTime", "processingStartTime", "processingEndTime"):
        assert found[name] == "2026-03-31T12:00:00+00:00"
    assert re.fullmatch(r"amzn1\.spdoc\.1\.4\.na\.[0-9a-f-]{36}\.T[0-9A-F]+\.\d+", found["reportDocumentId"])
    assert list(document) == ["reportDocumentId", "url"]
    assert document["url"].startswith(f"{shop.server.url}/documents/")
    header, row, end = content.text.split("\n")
    assert header == "seller-sku\tquantity\tprice\tproduct-id"
    assert row.startswith("A-1\t")
    assert end == ""


def test_a_long_report_comes_packed_and_says_so(shop: Program) -> None:
    for number in range(400):
        shop.world("create_item", sku=f"SKU-{number:03}-{'x' * 25}", title="A kettle")
    found = made(shop, "GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT")
    plain = document_of(shop, found["reportDocumentId"])
    encoded = document_of(shop, found["reportDocumentId"], "?enableContentEncodingUrlHeader=true")

    assert plain["compressionAlgorithm"] == encoded["compressionAlgorithm"] == "GZIP"
    with NOBODY.stream("GET", plain["url"]) as response:
        packed = b"".join(response.iter_raw())
        assert "content-encoding" not in response.headers
    with NOBODY.stream("GET", encoded["url"]) as response:
        assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed).startswith(b"item-name\t")


def test_a_report_in_which_there_is_nothing_is_cancelled_and_has_no_document(new_seller: NewSeller) -> None:
    program = new_seller(clock=START)

    found = made(program)

    assert found["processingStatus"] == "CANCELLED"
    assert "reportDocumentId" not in found
    assert "processingEndTime" in found
    number = found["reportId"]
    assert listed(program, reportTypes=LITE, processingStatuses="CANCELLED") == [number]
    assert listed(program, reportTypes=LITE, processingStatuses="DONE") == []
    [[document]] = sql(
        database_url(program.server), "select result_id from submissions where submission_id = $1", number
    )
    assert call(program, "GET", f"{DOCUMENTS}/{document}").status_code == 404
    status, code, details = refusal(call(program, "DELETE", f"{REPORTS}/{number}"))
    assert (status, code) == (400, "InvalidInput")
    assert "IN_QUEUE" in details


def test_a_report_tells_the_span_it_was_asked_for(shop: Program) -> None:
    span = {"dataStartTime": "2026-03-01T00:00:00-08:00", "dataEndTime": "2026-03-02T00:00:00.123Z"}

    both = report_of(shop, asked(shop, ORDERS, **span))
    end = report_of(shop, asked(shop, ORDERS, dataEndTime=span["dataEndTime"]))
    start = report_of(shop, asked(shop, ORDERS, dataStartTime=span["dataStartTime"]))

    assert (both["dataStartTime"], both["dataEndTime"]) == ("2026-03-01T08:00:00+00:00", "2026-03-02T00:00:00+00:00")
    assert (end["dataStartTime"], end["dataEndTime"]) == ("2026-03-01T00:00:00+00:00", "2026-03-02T00:00:00+00:00")
    assert start["dataEndTime"] == start["createdTime"] == "2026-03-31T12:00:00+00:00"


def test_data_beyond_now_are_not_asked_for_or_refused_where_it_is_strict(shop: Program, new_seller: NewSeller) -> None:
    span = {"dataStartTime": "2026-03-30T00:00:00Z", "dataEndTime": "2027-01-01T00:00:00Z"}
    strict = new_seller(clock=START, fidelity="strict")

    found = report_of(shop, asked(shop, ORDERS, **span))
    response = ask(strict, ORDERS, **span)

    assert found["dataEndTime"] == "2026-03-31T12:00:00+00:00"
    assert refusal(response)[:2] == (400, "InvalidInput")


def test_options_go_with_the_report(shop: Program) -> None:
    number = asked(shop, reportOptions={"custom": "true", "end": "x"})

    [[options]] = sql(database_url(shop.server), "select options from submissions where submission_id = $1", number)

    assert json.loads(options).items() >= {"option:custom": "true", "option:end": "x"}.items()
    assert json.loads(options)["end"] != "x"


def test_options_that_are_no_texts_are_taken_as_json_writes_them_or_refused_where_it_is_strict(
    new_seller: NewSeller,
) -> None:
    program, strict = new_seller(), new_seller(fidelity="strict")
    options = {"custom": True, "n": 3, "share": 0.5, "text": "x"}

    found = planned(program, reportOptions=options)
    number = asked(program, reportOptions=options)
    refusals = [
        refusal(ask(strict, reportOptions={"a": "x", "n": 3})),
        refusal(plan(strict, reportOptions={"n": True})),
    ]

    [[kept]] = sql(database_url(program.server), "select options from submissions where submission_id = $1", number)
    assert found["reportOptions"] == {"custom": "true", "n": "3", "share": "0.5", "text": "x"}
    assert json.loads(kept).items() >= {"option:custom": "true", "option:n": "3"}.items()
    assert [one[:2] for one in refusals] == [(400, "InvalidInput")] * 2
    assert all("'n' of reportOptions is not a text" in details for _, _, details in refusals)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"reportType": "GET_NOTHING"}, "GET_NOTHING"),
    ({"reportType": "AIM_PREORDER"}, "AIM_PREORDER"),
    ({"reportType": "JSON_LISTINGS_FEED"}, "JSON_LISTINGS_FEED"),
    ({"reportType": None}, "reportType"),
    ({"reportType": "\0"}, "reportType"),
    ({"marketplaceIds": []}, "marketplaceIds"),
    ({"marketplaceIds": [US] * 26}, "marketplaceIds"),
    ({"marketplaceIds": ["NOWHERE"]}, "marketplace"),
    ({"marketplaceIds": US}, "marketplaceIds"),
    ({"reportOptions": {"a": None}}, "reportOptions"),
    ({"reportOptions": {"a": [1]}}, "reportOptions"),
    ({"reportOptions": {"a": "\0"}}, "reportOptions"),
    ({"reportOptions": []}, "reportOptions"),
]
BAD_REPORTS: list[tuple[dict[str, Any], str]] = [
    *BAD,
    ({"dataStartTime": "yesterday"}, "dataStartTime"),
    ({"dataEndTime": "0001-01-01T00:00:00+14:00"}, "dataEndTime"),
    ({"dataEndTime": "0001-01-01T00:00:00Z"}, "1900"),
    ({"dataStartTime": 5}, "dataStartTime"),
    ({"dataStartTime": "2026-03-02T00:00:00Z", "dataEndTime": "2026-03-01T00:00:00Z"}, "begin after they end"),
]
BAD_SCHEDULES: list[tuple[dict[str, Any], str]] = [
    *BAD,
    ({"reportType": "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"}, "on a schedule"),
    ({"period": "P1Y"}, "P1Y"),
    ({"period": ""}, "period"),
    ({"period": None}, "period"),
    ({"nextReportCreationTime": "tomorrow"}, "nextReportCreationTime"),
    ({"nextReportCreationTime": "9999-12-31T23:59:59Z"}, "36525 days"),
    ({"nextReportCreationTime": "0001-01-01T00:00:00Z"}, "36525 days"),
]


@pytest.mark.parametrize(("change", "words"), BAD_REPORTS, ids=[str(change) for change, _ in BAD_REPORTS])
def test_a_report_that_cannot_be_is_refused_with_what_is_wrong(
    program: Program, change: dict[str, Any], words: str
) -> None:
    status, code, details = refusal(ask(program, **change))

    assert (status, code) == (400, "InvalidInput")
    assert words in details


@pytest.mark.parametrize(("change", "words"), BAD_SCHEDULES, ids=[str(change) for change, _ in BAD_SCHEDULES])
def test_a_schedule_that_cannot_be_is_refused_with_what_is_wrong(
    program: Program, change: dict[str, Any], words: str
) -> None:
    status, code, details = refusal(plan(program, **change))

    assert (status, code) == (400, "InvalidInput")
    assert words in details
    assert schedules(program, LITE) == []


@pytest.mark.parametrize("missing", ["reportType", "marketplaceIds", "period"])
def test_what_the_model_requires_is_required(program: Program, missing: str) -> None:
    body = {"reportType": LITE, "marketplaceIds": [US], "period": "P1D"}
    del body[missing]

    assert refusal(call(program, "POST", SCHEDULES, json=body))[:2] == (400, "InvalidInput")
    if missing != "period":
        assert refusal(call(program, "POST", REPORTS, json=body))[:2] == (400, "InvalidInput")


def test_a_marketplace_where_the_seller_does_not_sell_is_refused(program: Program) -> None:
    assert outcome(ask(program, marketplaceIds=[DE])) == (403, denied(REGION))
    assert outcome(plan(program, marketplaceIds=[US, DE])) == (403, denied(REGION))
    response = call(program, "GET", f"{REPORTS}?reportTypes={LITE}&marketplaceIds={DE}")
    assert outcome(response) == (403, denied(REGION))


def test_members_that_clients_add_are_ignored(program: Program) -> None:
    assert ask(program, marketplaceId=US, path="/reports").status_code == 202


# Whose it is


def test_nobody_sees_another_seller_s_reports_schedules_and_documents(shop: Program, new_seller: NewSeller) -> None:
    other = new_seller()
    found, schedule = made(shop), planned(shop)
    mine = [
        f"{REPORTS}/{found['reportId']}",
        f"{DOCUMENTS}/{found['reportDocumentId']}",
        f"{SCHEDULES}/{schedule['reportScheduleId']}",
    ]

    for target in mine:
        path, name = target.rsplit("/", 1)
        unknown = "9" * len(name)
        theirs, nobodys = (call(other, "GET", f"{path}/{one}") for one in (name, unknown))
        assert (theirs.status_code, nobodys.status_code) == (404, 404)
        assert refusal(theirs)[2].replace(name, unknown) == refusal(nobodys)[2]
    for target in (mine[0], mine[2]):
        assert call(other, "DELETE", target).status_code == 404
    assert call(other, "GET", f"{REPORTS}?reportTypes={LITE}").json() == {"reports": []}
    assert schedules(other, LITE) == []
    for target in mine:
        assert call(shop, "GET", target).status_code == 200


@pytest.mark.parametrize("name", ["0", "x", "%00", "9" * 500, "a%2Fb", "%C2%B2"])
def test_what_never_was_is_not_found(program: Program, name: str) -> None:
    for method in ("GET", "DELETE"):
        for collection in (REPORTS, SCHEDULES):
            response = call(program, method, f"{collection}/{name}")
            assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "NotFound")
    assert call(program, "GET", f"{DOCUMENTS}/{name}").status_code == 404


def test_feeds_are_no_reports_and_reports_no_feeds(shop: Program) -> None:
    feeds = "/feeds/2021-06-30"
    feed = created(shop, b"nothing that is JSON")
    report = made(shop)
    deadline = time.monotonic() + PATIENCE
    while "resultFeedDocumentId" not in (found := shop.call("GET", f"{feeds}/feeds/{feed}").json()):
        assert time.monotonic() < deadline

    assert call(shop, "GET", f"{REPORTS}/{feed}").status_code == 404
    assert call(shop, "DELETE", f"{REPORTS}/{feed}").status_code == 404
    assert call(shop, "GET", f"{DOCUMENTS}/{found['resultFeedDocumentId']}").status_code == 404
    assert listed(shop, reportTypes=f"JSON_LISTINGS_FEED,{LITE}") == [report["reportId"]]
    assert shop.call("GET", f"{feeds}/feeds/{report['reportId']}").status_code == 404
    assert shop.call("GET", f"{feeds}/documents/{report['reportDocumentId']}").status_code == 404
    named = f"{feeds}/feeds?feedTypes={LITE},JSON_LISTINGS_FEED"
    assert [one["feedId"] for one in shop.call("GET", named).json()["feeds"]] == [feed]


def test_one_needs_a_role_for_it(server: RunningServer, new_seller: NewSeller) -> None:
    application = server.operator("POST", "/applications", {"name": "Messages", "roles": ["Selling Partner Insights"]})
    program = new_seller(application=application["client_id"])

    for (method, target), operation in OPERATIONS.items():
        path = f"{target}1" if target.endswith("/") else target
        body: dict[str, Any] = {"json": {}} if method == "POST" else {}
        response = program.call(method, path, **body)
        assert (response.status_code, response.json()) == (403, denied("")), operation


# Cancelling


def test_a_report_is_cancelled_while_it_waits_and_stays_listed(shop: Program) -> None:
    first = made(shop)["reportId"]
    # Something is in progress in the lane, so what comes now waits.
    url = database_url(shop.server)
    blocker = HeldLock(url, shop.seller_id, first)  # first, or a worker goes on with it
    sql(url, "update submissions set status = 'IN_PROGRESS' where submission_id = $1", first)
    try:
        waiting = asked(shop)
        before = report_of(shop, waiting)
        busy = call(shop, "DELETE", f"{REPORTS}/{first}")
        response = call(shop, "DELETE", f"{REPORTS}/{waiting}")
    finally:
        sql(url, "update submissions set status = 'DONE' where submission_id = $1", first)
        blocker.release()

    assert before["processingStatus"] == "IN_QUEUE"
    assert not before.keys() & {"processingStartTime", "processingEndTime", "reportDocumentId", "reportScheduleId"}
    assert refusal(busy)[:2] == (400, "InvalidInput")
    assert (response.status_code, response.json()) == (200, {})
    assert report_of(shop, waiting)["processingStatus"] == "CANCELLED"
    assert listed(shop, reportTypes=LITE, processingStatuses="CANCELLED") == [waiting]
    status, code, details = refusal(call(shop, "DELETE", f"{REPORTS}/{waiting}"))
    assert (status, code) == (400, "InvalidInput")
    assert "CANCELLED" in details


# Lists


def test_pages_list_the_newest_reports_first(shop: Program) -> None:
    kinds = (LITE, LITER, LITE, LITER, LITE)
    numbers = [asked(shop, kind, marketplaceIds=[US, CA] if kind is LITER else [US]) for kind in kinds]
    both = f"{LITE},{LITER}"
    answer = call(shop, "GET", f"{REPORTS}?reportTypes={LITE}&reportTypes={LITER}&pageSize=2").json()
    found = [one["reportId"] for one in answer["reports"]]

    while "nextToken" in answer:
        answer = call(shop, "GET", f"{REPORTS}?nextToken={answer['nextToken']}").json()
        assert len(answer["reports"]) <= 2
        found += [one["reportId"] for one in answer["reports"]]

    assert found == numbers[::-1]
    assert listed(shop, reportTypes=f"X,{LITER}") == [numbers[3], numbers[1]]
    assert listed(shop, reportTypes="X") == []
    assert listed(shop, reportTypes=both, marketplaceIds=CA) == [numbers[3], numbers[1]]
    assert listed(shop, reportTypes=both, createdSince="2026-03-31T12:00:01Z") == []
    assert len(listed(shop, reportTypes=both, createdUntil="2026-03-31T12:00:00Z")) == 5
    assert listed(shop, reportTypes=both, createdUntil="2026-03-31T11:59:59Z") == []
    assert listed(shop, reportTypes=both, processingStatuses="FATAL") == []


def test_reports_of_the_last_90_days_are_listed_unless_more_are_wanted(shop: Program) -> None:
    number = made(shop)["reportId"]
    advance(shop, "P90D")
    just = listed(shop, reportTypes=LITE)
    advance(shop, "PT1S")

    assert just == [number]
    assert listed(shop, reportTypes=LITE) == []
    assert listed(shop, reportTypes=LITE, createdSince=START) == [number]


def test_what_aim_s_seller_has_by_himself_is_listed_too(new_seller: NewSeller) -> None:
    program = new_seller(clock=START)

    assert listed(program, reportTypes="GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT")


BAD_QUERIES = [
    "",
    "?reportTypes=",
    f"?reportTypes={','.join(['X'] * 11)}",
    f"?reportTypes={LITE}&pageSize=0",
    f"?reportTypes={LITE}&pageSize=101",
    f"?reportTypes={LITE}&pageSize=x",
    f"?reportTypes={LITE}&processingStatuses=NO_DATA",
    f"?reportTypes={LITE}&processingStatuses=BAD_VALUE,IN_PROGRESS",
    f"?reportTypes={LITE}&createdSince=yesterday",
    f"?reportTypes={LITE}&createdUntil=9",
    f"?reportTypes={LITE}&marketplaceIds={','.join([US] * 11)}",
    f"?reportTypes={LITE}&marketplaceIds=NOWHERE",
    "?nextToken=nonsense",
]


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_question_for_reports_that_cannot_be_is_refused(program: Program, query: str) -> None:
    response = call(program, "GET", f"{REPORTS}{query}")

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "InvalidInput")


@pytest.mark.parametrize("query", ["", "?reportTypes=", f"?reportTypes={','.join(['X'] * 11)}"])
def test_a_question_for_schedules_names_one_to_ten_types(program: Program, query: str) -> None:
    assert refusal(call(program, "GET", f"{SCHEDULES}{query}"))[:2] == (400, "InvalidInput")


def test_a_token_is_good_for_its_seller_only_and_alone_where_it_is_strict(new_seller: NewSeller) -> None:
    program, other = new_seller(fidelity="strict"), new_seller()
    for _ in range(2):
        asked(program)
    token = call(program, "GET", f"{REPORTS}?reportTypes={LITE}&pageSize=1").json()["nextToken"]

    assert outcome(call(other, "GET", f"{REPORTS}?nextToken={token}")) == (400, STALE)
    assert call(program, "GET", f"{REPORTS}?nextToken={token}&pageSize=1").status_code == 400
    assert call(program, "GET", f"{REPORTS}?nextToken={token}").status_code == 200


# Schedules


def test_a_schedule_says_when_it_makes_its_next_report(shop: Program) -> None:
    bare = planned(shop)
    full = planned(
        shop,
        LITER,
        "PT4H",
        marketplaceIds=[US, CA],
        reportOptions={"custom": "true"},
        nextReportCreationTime="2026-04-01T02:00:00+02:00",
    )
    past = planned(shop, ORDERS, "P1M", nextReportCreationTime="2026-01-31T00:00:00Z")

    assert bare == {
        "reportScheduleId": bare["reportScheduleId"],
        "reportType": LITE,
        "marketplaceIds": [US],
        "period": "P1D",
        "nextReportCreationTime": "2026-04-01T12:00:00+00:00",
    }
    assert full == {
        "reportScheduleId": full["reportScheduleId"],
        "reportType": LITER,
        "marketplaceIds": [US, CA],
        "period": "PT4H",
        "nextReportCreationTime": "2026-04-01T00:00:00+00:00",
        "reportOptions": {"custom": "true"},
    }
    assert past["nextReportCreationTime"] == "2026-04-30T00:00:00+00:00"
    assert schedules(shop, LITER, LITE, "X") == [bare["reportScheduleId"], full["reportScheduleId"]]


def test_a_schedule_replaces_the_one_of_the_same_type_and_marketplaces(shop: Program) -> None:
    first = planned(shop, marketplaceIds=[US, CA])["reportScheduleId"]
    beside = [planned(shop)["reportScheduleId"], planned(shop, LITER, marketplaceIds=[US, CA])["reportScheduleId"]]

    second = planned(shop, period="P7D", marketplaceIds=[CA, US, CA])

    assert call(shop, "GET", f"{SCHEDULES}/{first}").status_code == 404
    assert (second["period"], second["marketplaceIds"]) == ("P7D", [CA, US])
    assert schedules(shop, LITE, LITER) == [*beside, second["reportScheduleId"]]


def test_reports_are_made_as_the_world_s_clock_goes_and_one_where_it_jumps(shop: Program) -> None:
    schedule = planned(shop, period="PT12H")
    number = schedule["reportScheduleId"]
    advance(shop, "PT11H")
    time.sleep(0.7)  # the server looks for what is due twice a second
    assert listed(shop, reportTypes=LITE) == []

    advance(shop, "PT1H")
    first = awaited(shop, 1)[0]
    advance(shop, "PT50H")
    second = awaited(shop, 2)[0]
    time.sleep(0.7)

    assert len(listed(shop, reportTypes=LITE)) == 2
    assert first["reportScheduleId"] == second["reportScheduleId"] == number
    spans = [(one["dataStartTime"], one["dataEndTime"]) for one in (first, second)]
    assert spans == [
        ("2026-03-31T12:00:00+00:00", "2026-04-01T00:00:00+00:00"),
        ("2026-04-01T00:00:00+00:00", "2026-04-03T00:00:00+00:00"),
    ]
    assert ended(shop, first["reportId"])["processingStatus"] == "DONE"
    following = call(shop, "GET", f"{SCHEDULES}/{number}").json()["nextReportCreationTime"]
    assert following == "2026-04-03T12:00:00+00:00"


def awaited(program: Program, count: int) -> list[dict[str, Any]]:
    """The reports of the first schedule's type, as soon as there are so many."""
    deadline = time.monotonic() + PATIENCE
    while len(found := call(program, "GET", f"{REPORTS}?reportTypes={LITE}").json()["reports"]) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    reports: list[dict[str, Any]] = found
    return reports


def test_a_cancelled_schedule_makes_no_reports_but_those_it_made_stay(shop: Program) -> None:
    number = planned(shop)["reportScheduleId"]
    advance(shop, "P1D")
    [report] = awaited(shop, 1)

    response = call(shop, "DELETE", f"{SCHEDULES}/{number}")
    advance(shop, "P3D")
    time.sleep(0.7)

    assert (response.status_code, response.json()) == (200, {})
    assert call(shop, "GET", f"{SCHEDULES}/{number}").status_code == 404
    assert call(shop, "DELETE", f"{SCHEDULES}/{number}").status_code == 404
    assert schedules(shop, LITE) == []
    assert listed(shop, reportTypes=LITE) == [report["reportId"]]


@needs_model
def test_the_periods_are_those_of_the_model() -> None:
    assert (
        list(PERIODS)
        == model(MODEL)["definitions"]["CreateReportScheduleSpecification"]["properties"]["period"]["enum"]
    )


# Usage plans

RATES = {"createReport": "0.0167", "getReport": "2.0", "getReportDocument": "0.0167"}


@pytest.mark.parametrize(("method", "target"), OPERATIONS, ids=OPERATIONS.values())
def test_each_operation_tells_the_rate_of_its_plan(program: Program, method: str, target: str) -> None:
    path = f"{target}1" if target.endswith("/") else target
    body: dict[str, Any] = {"json": {}} if method == "POST" else {}

    response = call(program, method, path, **body)

    assert response.status_code in (400, 404)
    assert response.headers["x-amzn-RateLimit-Limit"] == RATES.get(OPERATIONS[method, target], "0.0222")


def test_requests_beyond_the_plan_are_refused_as_the_model_says(
    new_seller: NewSeller, limited_server: RunningServer
) -> None:
    limited = new_seller(on=limited_server)

    statuses = [one.status_code for one in at_once(16, lambda: ask(limited, "GET_NOTHING"))]

    assert sorted(statuses) == [400] * 15 + [429]


# Whatever comes in


@pytest.fixture(scope="module")
def target(server: RunningServer) -> Iterator[Program]:
    made_up = new_program(server)
    yield made_up
    made_up.http.close()


BOUNDED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = st.one_of(st.text(st.characters(), max_size=12), st.sampled_from([US, LITE, START, "P1D", "P1M", "\0", ""]))
INSTANTS = st.one_of(TEXTS, st.datetimes().map(lambda at: f"{at.isoformat()}Z"), st.sampled_from(["0001-01-01", None]))
MEMBERS = st.fixed_dictionaries(
    {
        "reportType": st.one_of(st.just(LITE), TEXTS),
        "marketplaceIds": st.one_of(st.just([US]), st.lists(TEXTS, max_size=3), TEXTS),
        "period": st.one_of(st.sampled_from(sorted(PERIODS)), TEXTS),
    },
    optional={
        "reportOptions": st.one_of(st.dictionaries(TEXTS, TEXTS, max_size=3), TEXTS, st.none()),
        "dataStartTime": INSTANTS,
        "dataEndTime": INSTANTS,
        "nextReportCreationTime": INSTANTS,
    },
)


@BOUNDED
@given(st.sampled_from([REPORTS, SCHEDULES]), MEMBERS)
def test_no_body_breaks_an_order_for_reports(target: Program, path: str, body: dict[str, Any]) -> None:
    answer = send(target, "POST", path.encode(), body=json.dumps(body).encode())

    assert_well_formed(answer, "POST")
    assert answer.status in (201, 202, 400, 403)


@BOUNDED
@given(st.sampled_from([REPORTS, SCHEDULES]), QUERIES)
def test_no_query_breaks_a_list_of_reports(target: Program, path: str, query: bytes) -> None:
    answer = send(target, "GET", f"{path}?reportTypes={LITE}".encode() + b"&" + query)

    assert_well_formed(answer, "GET")
    assert answer.status in (200, 400, 403)


@BOUNDED
@given(
    st.sampled_from([REPORTS, SCHEDULES, DOCUMENTS]),
    st.sampled_from(["GET", "DELETE"]),
    st.one_of(SEGMENTS, st.text(st.characters(codec="utf-8"), max_size=9).map(lambda text: quote(text, "").encode())),
)
def test_no_name_breaks_a_question_for_one(target: Program, path: str, method: str, segment: bytes) -> None:
    answer = send(target, method, path.encode() + b"/" + segment)

    assert_well_formed(answer, method)
    assert answer.status in (400, 403, 404)
