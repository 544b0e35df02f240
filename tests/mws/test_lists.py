"""Feeds and Reports while nothing is processed: what waits and is cancelled, what is kept how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from entrepot.services.recurring_reports import Recurring
from entrepot.services.reports import Reports
from entrepot.storage.database import Database
from tests.cast import Player, new_player
from tests.mws.door import Door, content, new_door

LOADER, PRICES = "_POST_FLAT_FILE_INVLOADER_DATA_", "_POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA_"
LITER, LITE = "_GET_MERCHANT_LISTINGS_DATA_LITER_", "_GET_MERCHANT_LISTINGS_DATA_LITE_"
DAY = timedelta(days=1)


@pytest_asyncio.fixture
async def player(database: Database) -> Player:
    return await new_player(database)


@pytest.fixture
def door(player: Player, tmp_path: Path) -> Door:
    return new_door(player, tmp_path)


@pytest_asyncio.fixture
async def other(database: Database, tmp_path: Path) -> Door:
    return new_door(await new_player(database), tmp_path)


async def submitted(door: Door, kind: str = LOADER) -> str:
    found = await replace(door, body=b"sku\n").result("SubmitFeed", FeedType=kind)
    return str(found.findtext("FeedSubmissionInfo/FeedSubmissionId"))


async def requested(door: Door, kind: str = LITER) -> str:
    found = await door.result("RequestReport", ReportType=kind)
    return str(found.findtext("ReportRequestInfo/ReportRequestId"))


# Feeds


async def test_feeds_that_wait_are_cancelled_by_their_ids_and_all_named_are_told(door: Door) -> None:
    done, waiting = await submitted(door), await submitted(door)
    await door.end(done)

    ids = {"FeedSubmissionIdList__Id__1": done, "FeedSubmissionIdList__Id__2": waiting}
    result = await door.result("CancelFeedSubmissions", **ids)

    assert result.findtext("Count") == "2"
    assert [(one.findtext("FeedSubmissionId"), one.findtext("FeedProcessingStatus")) for one in result[1:]] == [
        (waiting, "_CANCELLED_"),
        (done, "_DONE_"),
    ]
    assert result[1].find("StartedProcessingDate") is None
    assert await door.refusal("GetFeedSubmissionResult", FeedSubmissionId=waiting) == (400, "FeedCanceled")


async def test_one_wrong_id_and_no_feed_is_cancelled(door: Door, other: Door) -> None:
    mine, theirs = await submitted(door), await submitted(other)

    ids = {"FeedSubmissionIdList__Id__1": mine, "FeedSubmissionIdList__Id__2": theirs}

    assert await door.refusal("CancelFeedSubmissions", **ids) == (400, "InvalidFeedSubmissionId")
    for one in (door, other):
        assert await one.count("GetFeedSubmissionCount", FeedProcessingStatusList__Status__1="_SUBMITTED_") == 1


async def test_without_ids_what_waits_is_cancelled_as_far_as_it_is_meant(door: Door) -> None:
    loader, prices, done = await submitted(door), await submitted(door, PRICES), await submitted(door, PRICES)
    await door.end(done)

    some = await door.members("CancelFeedSubmissions", FeedTypeList__Type__1=PRICES)
    rest = await door.members("CancelFeedSubmissions")

    assert [one["FeedSubmissionId"] for one in some] == [prices]
    assert [one["FeedSubmissionId"] for one in rest] == [loader]
    assert await door.count("CancelFeedSubmissions") == 0


async def test_an_id_without_a_number_is_one_of_a_list(door: Door) -> None:
    number, other = await submitted(door), await submitted(door)

    cancelled = await door.members("CancelFeedSubmissions", FeedSubmissionIdList__Id=number)
    both = await door.members(
        "GetFeedSubmissionList", FeedSubmissionIdList__Id=number, FeedSubmissionIdList__Id__1=other
    )

    assert [one["FeedSubmissionId"] for one in cancelled] == [number]
    assert [one["FeedProcessingStatus"] for one in both] == ["_SUBMITTED_", "_CANCELLED_"]


async def test_the_result_of_a_feed_that_waits_is_not_ready(door: Door) -> None:
    number = await submitted(door)

    assert await door.refusal("GetFeedSubmissionResult", FeedSubmissionId=number) == (
        404,
        "FeedProcessingResultNotReady",
    )
    assert await door.refusal("GetFeedSubmissionResult") == (400, "ValidationError")


async def test_feeds_and_their_results_are_kept_for_90_days(door: Door, player: Player) -> None:
    number = await submitted(door)
    await door.end(number)
    await player.advance(89 * DAY)

    assert await content(await door.ask("GetFeedSubmissionResult", FeedSubmissionId=number)) == b"done"
    assert await door.count("GetFeedSubmissionCount") == 1

    await player.advance(2 * DAY)

    assert await door.refusal("GetFeedSubmissionResult", FeedSubmissionId=number) == (
        400,
        "FeedProcessingResultNoLongerAvailable",
    )
    assert await door.count("GetFeedSubmissionCount") == 0


async def test_a_token_is_good_for_a_day(door: Door) -> None:
    for _ in range(2):
        await submitted(door)
    token = (await door.result("GetFeedSubmissionList", MaxCount="1")).findtext("NextToken")
    later = replace(door, clock=lambda: door.clock() + 24 * 3600 + 1)

    assert await later.refusal("GetFeedSubmissionListByNextToken", NextToken=token) == (400, "NextTokenCorrupted")
    assert len(await door.members("GetFeedSubmissionListByNextToken", NextToken=token)) == 1


async def test_a_status_that_is_named_often_does_not_make_the_token_long(door: Door) -> None:
    lists = {
        "GetFeedSubmissionList": ("FeedProcessingStatusList", submitted),
        "GetReportRequestList": ("ReportProcessingStatusList", requested),
    }
    for action, (name, add) in lists.items():
        for _ in range(2):
            await add(door)
        once, often = (
            {f"{name}__Status__{number}": "_SUBMITTED_" for number in range(1, most + 1)} for most in (1, 1000)
        )

        tokens = [(await door.result(action, MaxCount="1", **asked)).findtext("NextToken") for asked in (once, often)]

        assert len(tokens[0]) == len(tokens[1])


# Reports


async def test_requests_are_cancelled_by_their_ids_and_all_named_are_told(door: Door) -> None:
    done, waiting = await requested(door), await requested(door)
    await door.end(done)

    result = await door.result(
        "CancelReportRequests", ReportRequestIdList__Id__1=done, ReportRequestIdList__Id__2=waiting
    )

    assert result.findtext("Count") == "2"
    assert [(one.findtext("ReportRequestId"), one.findtext("ReportProcessingStatus")) for one in result[1:]] == [
        (waiting, "_CANCELLED_"),
        (done, "_DONE_"),
    ]
    assert result[2].find("GeneratedReportId") is None


async def test_one_wrong_id_and_no_request_is_cancelled(door: Door, other: Door) -> None:
    mine, theirs = await requested(door), await requested(other)

    for wrong in (theirs, "51783018499", "x"):
        ids = {"ReportRequestIdList__Id__1": mine, "ReportRequestIdList__Id__2": wrong}
        assert await door.refusal("CancelReportRequests", **ids) == (400, "InvalidReportRequestId")
    for one in (door, other):
        assert await one.count("GetReportRequestCount", ReportProcessingStatusList__Status__1="_SUBMITTED_") == 1


async def test_without_ids_requests_are_cancelled_as_far_as_they_are_meant(door: Door) -> None:
    liter, lite, done = await requested(door), await requested(door, LITE), await requested(door, LITE)
    await door.end(done)

    none = await door.members("CancelReportRequests", ReportProcessingStatusList__Status__1="_DONE_")
    some = await door.members("CancelReportRequests", ReportTypeList__Type__1=LITE)
    rest = await door.members("CancelReportRequests", ReportProcessingStatusList__Status__1="_SUBMITTED_")

    assert none == []
    assert [one["ReportRequestId"] for one in some] == [lite]
    assert [one["ReportRequestId"] for one in rest] == [liter]


async def test_only_what_is_done_has_a_report(door: Door) -> None:
    waits, empty, failed, done = [await requested(door) for _ in range(4)]
    await door.end(empty, rows=0)
    await door.end(failed, "FATAL")
    await door.end(done, body=b"sku\tquantity\n")

    requests = await door.members("GetReportRequestList")
    reports = await door.members("GetReportList")

    assert [(one["ReportRequestId"], one["ReportProcessingStatus"]) for one in requests] == [
        (done, "_DONE_"),
        (failed, "_CANCELLED_"),
        (empty, "_DONE_NO_DATA_"),
        (waits, "_SUBMITTED_"),
    ]
    assert [one.get("GeneratedReportId") for one in requests] == [f"1{done}", None, None, None]
    assert [(one["ReportId"], one["ReportRequestId"]) for one in reports] == [(f"1{done}", done)]
    assert await door.count("GetReportCount") == 1
    assert await content(await door.ask("GetReport", ReportId=f"1{done}")) == b"sku\tquantity\n"
    assert await door.refusal("GetReport", ReportId=f"1{waits}") == (400, "ReportNotReady")
    for one in (f"1{empty}", f"1{failed}", done, "1", "x", "1²", f"2{done}"):
        assert await door.refusal("GetReport", ReportId=one) == (400, "InvalidReportId")


async def test_what_has_lost_its_file_is_no_longer_available(door: Door, tmp_path: Path) -> None:
    feed, report = await submitted(door), await requested(door)
    for number in (feed, report):
        await door.end(number)
    for file in [found for found in tmp_path.rglob("*") if found.is_file()]:
        file.unlink()

    assert await door.refusal("GetReport", ReportId=f"1{report}") == (400, "ReportNoLongerAvailable")
    assert await door.refusal("GetFeedSubmissionResult", FeedSubmissionId=feed) == (
        400,
        "FeedProcessingResultNoLongerAvailable",
    )


async def test_reports_are_kept_for_90_days(door: Door, player: Player) -> None:
    number = await requested(door)
    await door.end(number)
    await player.advance(89 * DAY)

    assert (await door.ask("GetReport", ReportId=f"1{number}")).status == 200
    assert await door.count("GetReportCount") == await door.count("GetReportRequestCount") == 1

    await player.advance(2 * DAY)

    assert await door.refusal("GetReport", ReportId=f"1{number}") == (400, "ReportNoLongerAvailable")
    assert await door.count("GetReportCount") == await door.count("GetReportRequestCount") == 0


async def test_reports_are_acknowledged_and_told_apart_by_that(door: Door, player: Player) -> None:
    first, second = await requested(door), await requested(door)
    for one in (first, second):
        await door.end(one)
    now = (await player.now()).isoformat(timespec="seconds")

    result = await door.result("UpdateReportAcknowledgements", ReportIdList__Id__1=f"1{first}")

    assert result.findtext("Count") == "1"
    assert {one.tag: one.text for one in result[1]}["Acknowledged"] == "true"
    assert result[1].findtext("AcknowledgedDate") >= now
    for flag, expected in (("true", first), ("false", second)):
        assert [one["ReportRequestId"] for one in await door.members("GetReportList", Acknowledged=flag)] == [expected]
        assert await door.count("GetReportCount", Acknowledged=flag) == 1

    [again] = await door.members("UpdateReportAcknowledgements", ReportIdList__Id__1=f"1{first}", Acknowledged="false")

    assert again["Acknowledged"] == "false"
    assert "AcknowledgedDate" not in again
    assert await door.count("GetReportCount", Acknowledged="false") == 2


async def test_only_reports_of_the_sellers_own_are_acknowledged(door: Door, other: Door) -> None:
    mine, waits, theirs = await requested(door), await requested(door), await requested(other)
    await door.end(mine)
    await other.end(theirs)

    for wrong in (f"1{theirs}", f"1{waits}", "x"):
        ids = {"ReportIdList__Id__1": f"1{mine}", "ReportIdList__Id__2": wrong}
        assert await door.refusal("UpdateReportAcknowledgements", **ids) == (400, "InvalidReportId")
    assert await door.refusal("UpdateReportAcknowledgements", ReportIdList="x") == (400, "ValidationError")
    assert await door.count("GetReportCount", Acknowledged="true") == 0
    assert await other.count("GetReportCount", Acknowledged="true") == 0


# Spans and options


async def test_a_report_is_about_the_moment_of_its_request_and_one_of_orders_about_the_day_before(door: Door) -> None:
    stock = (await door.result("RequestReport", ReportType=LITER))[0]
    orders = (await door.result("RequestReport", ReportType="_GET_FLAT_FILE_ORDERS_DATA_"))[0]
    said = (
        await door.result(
            "RequestReport", ReportType=LITER, StartDate="2026-02-01T00:00:00-08:00", EndDate="2026-02-02T00:00:00"
        )
    )[0]

    assert stock.findtext("StartDate") == stock.findtext("EndDate") == stock.findtext("SubmittedDate")
    assert orders.findtext("StartDate")[11:] == orders.findtext("EndDate")[11:]
    assert orders.findtext("StartDate") < orders.findtext("EndDate")
    assert said.findtext("StartDate") == "2026-02-01T08:00:00+00:00"
    assert said.findtext("EndDate") == "2026-02-02T00:00:00+00:00"


async def test_a_span_that_cannot_be_is_refused_and_one_beyond_now_only_if_strict(door: Door) -> None:
    strict = replace(door, strict=True)
    backwards = {"StartDate": "2026-02-02", "EndDate": "2026-02-01"}

    assert await door.refusal("RequestReport", ReportType=LITER, **backwards) == (400, "InvalidParameterValue")
    assert await strict.refusal("RequestReport", ReportType=LITER, EndDate="2099-01-01") == (
        400,
        "InvalidParameterValue",
    )
    info = (await door.result("RequestReport", ReportType=LITER, EndDate="2099-01-01"))[0]
    assert info.findtext("EndDate") == info.findtext("SubmittedDate")


OPTIONS = {
    "one": ({"ReportOptions": "ShowSalesChannel=true"}, {"ShowSalesChannel": "true"}),
    "several": ({"ReportOptions": "a=1; b=x=y&c="}, {"a": "1", "b": "x=y", "c": ""}),
    "as boto sends it": ({"ReportOptions=ShowSalesChannel": "true"}, {"ShowSalesChannel": "true"}),
    "none": ({"ReportOptions": ";"}, {}),
}


@pytest.mark.parametrize("case", OPTIONS)
async def test_options_go_with_a_report(door: Door, player: Player, case: str) -> None:
    given, expected = OPTIONS[case]

    number = (await door.result("RequestReport", ReportType=LITER, **given)).findtext(".//ReportRequestId")

    sql = "select options->>$3 as found from submissions where seller_id = $1 and submission_id = $2"
    for name, value in expected.items():
        assert [row["found"] for row in await player.fetch(sql, number, f"option:{name}")] == [value]


@pytest.mark.parametrize("options", ["ShowSalesChannel", "=true", "a=\x07", ";".join(f"o{n}=1" for n in range(101))])
async def test_options_that_are_none_are_refused(door: Door, options: str) -> None:
    assert await door.refusal("RequestReport", ReportType=LITER, ReportOptions=options) == (
        400,
        "InvalidParameterValue",
    )


# Schedules

SCHEDULES = "GetReportScheduleList"


async def test_a_schedule_makes_its_first_report_at_once_and_the_next_a_period_later(
    door: Door, player: Player
) -> None:
    made = await door.result("ManageReportSchedule", ReportType=LITER, Schedule="_30_DAYS_")
    now = (await player.now()).isoformat(timespec="seconds")

    assert made.findtext("Count") == "1"
    assert [one.tag for one in made[1]] == ["ReportType", "Schedule", "ScheduledDate"]
    assert made.findtext("ReportSchedule/ScheduledDate")[:16] == now[:16]

    await Reports(player.database, door.documents).run_schedules()
    [request] = await door.members("GetReportRequestList", ReportTypeList__Type__1=LITER)
    [schedule] = await door.members(SCHEDULES)

    assert request["Scheduled"] == "true"
    assert schedule["ScheduledDate"] > now
    assert (schedule["ReportType"], schedule["Schedule"]) == (LITER, "_30_DAYS_")


async def test_a_schedule_that_another_call_ends_meanwhile_is_not_told(
    door: Door, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.result("ManageReportSchedule", ReportType=LITER, Schedule="_1_WEEK_")
    seen = await Reports(player.database, door.documents).recurring(player.id, [LITER.strip("_")])

    async def still_seen(*_: object) -> list[Recurring]:
        return seen

    first = await door.count("ManageReportSchedule", ReportType=LITER, Schedule="_NEVER_")
    monkeypatch.setattr(Reports, "recurring", still_seen)
    second = await door.count("ManageReportSchedule", ReportType=LITER, Schedule="_NEVER_")

    assert (first, second) == (1, 0)


async def test_a_type_has_one_schedule_until_it_is_ended(door: Door) -> None:
    for name in ("_15_MINUTES_", "_1_WEEK_"):
        await door.result("ManageReportSchedule", ReportType=LITER, Schedule=name)
    await door.result("ManageReportSchedule", ReportType=LITE, Schedule="_72_HOURS_")

    before = await door.members(SCHEDULES)
    [ended] = await door.members("ManageReportSchedule", ReportType=LITER, Schedule="_NEVER_")
    again = await door.count("ManageReportSchedule", ReportType=LITER, Schedule="_NEVER_")

    assert [(one["ReportType"], one["Schedule"]) for one in before] == [(LITER, "_1_WEEK_"), (LITE, "_72_HOURS_")]
    assert (ended["ReportType"], ended["Schedule"]) == (LITER, "_NEVER_")
    assert again == 0
    assert [one["ReportType"] for one in await door.members(SCHEDULES)] == [LITE]
    assert await door.count("GetReportScheduleCount") == 1
    assert await door.count("GetReportScheduleCount", ReportTypeList__Type__1=LITER) == 0


async def test_schedule_dates_are_within_a_year_and_what_is_past_is_now(door: Door, player: Player) -> None:
    now = await player.now()
    soon, far = ((now + days * DAY).isoformat(timespec="seconds") for days in (10, 367))

    async def scheduled(date: str) -> str:
        made = await door.result("ManageReportSchedule", ReportType=LITER, Schedule="_1_DAY_", ScheduleDate=date)
        return str(made.findtext("ReportSchedule/ScheduledDate"))

    assert await scheduled(soon) == soon
    assert (await scheduled("2001-01-01"))[:10] == now.isoformat()[:10]
    assert await door.refusal("ManageReportSchedule", ReportType=LITER, Schedule="_1_DAY_", ScheduleDate=far) == (
        400,
        "InvalidParameterValue",
    )


BAD_SCHEDULES = [
    ({"Schedule": "_1_DAY_"}, "ValidationError"),
    ({"ReportType": LITER}, "ValidationError"),
    ({"ReportType": LITER, "Schedule": "_5_YEARS_"}, "InvalidScheduleFrequency"),
    ({"ReportType": "_GET_NOTHING_", "Schedule": "_1_DAY_"}, "InvalidReportType"),
    (
        {"ReportType": "_GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL_", "Schedule": "_1_DAY_"},
        "InvalidReportType",
    ),
]


@pytest.mark.parametrize(("parameters", "expected"), BAD_SCHEDULES)
async def test_a_schedule_that_cannot_be_is_refused(door: Door, parameters: dict[str, str], expected: str) -> None:
    assert await door.refusal("ManageReportSchedule", **parameters) == (400, expected)
    assert await door.members(SCHEDULES) == []


async def test_no_list_of_schedules_has_another_page(door: Door, other: Door) -> None:
    await other.result("ManageReportSchedule", ReportType=LITER, Schedule="_1_DAY_")
    following = f"{SCHEDULES}ByNextToken"

    assert await door.members(SCHEDULES) == []
    assert await door.refusal(following) == (400, "ValidationError")
    assert await door.refusal(following, NextToken="x") == (400, "NextTokenCorrupted")
