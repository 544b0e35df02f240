"""Reports through the door: names and numbers that are good or not, and what is listed and fetched."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.aim.program import GUIDE, LOADER, NOT_FOUND, SUCCESS, Program, outcome, wait

Make = Callable[..., Program]

GENERATE = "manual-reports/generate-report-now"
STATUS = "manual-reports/get-report-status"
DOWNLOAD = "download/report"
NO_REPORTS = b"<Reports></Reports>"
INVALID_NAME = b"<BusinessLogicError>INVALID_REPORT_NAME</BusinessLogicError>"
DENIED = b"<BusinessLogicError>ACCESS_DENIED</BusinessLogicError>"
CLOCK = "2010-01-11T03:00:02Z"
REFUNDS = (
    b"order-id\tpayments-transaction-id\trefund-amount\treason\tmessage\r\n"
    b"123-1234567-1234567\t12341234567890\t10.0\tGeneralAdjustment\t\r\n"
)


def numbers(seller: Program, name: str, **headers: str) -> list[str]:
    listed = seller.call(STATUS, {"ReportName": name, **headers}).text
    return re.findall(r"reportid=([0-9]+) ", listed)


def generated(seller: Program, name: str, **headers: str) -> str:
    """The number of a new report, once it is listed."""
    before = numbers(seller, name)
    assert seller.call(GENERATE, {"ReportName": name, **headers}).content == SUCCESS
    found: list[str] = wait(lambda: [one for one in numbers(seller, name) if one not in before])
    return found[0]


@pytest.mark.parametrize("name", ["Order", "OrderReport", "OpenListings", "OpenListingsLite", "openlistingsliter"])
def test_a_report_that_is_asked_for_is_listed_when_it_is_done_and_can_be_fetched(name: str, new_seller: Make) -> None:
    seller = new_seller()

    number = generated(seller, name)

    by_number, by_name = seller.call(DOWNLOAD, {"ReportID": number}), seller.call(DOWNLOAD, {"ReportName": name})
    assert outcome(by_number) == outcome(by_name)
    assert by_number.headers["content-type"] == "text/plain; charset=windows-1252"
    assert b"\t" in by_number.content
    assert not by_number.content.startswith(b"<")


def test_the_newest_report_is_listed_first_and_as_many_as_are_wanted(new_seller: Make) -> None:
    seller = new_seller()
    made = [generated(seller, "OpenListingsLite") for _ in range(3)]

    assert numbers(seller, "OpenListingsLite") == made[::-1]
    assert numbers(seller, "OpenListingsLite", NumberOfReports="2") == made[:0:-1]
    assert numbers(seller, "OpenListingsLite", NumberOfReports="none") == made[::-1]


@pytest.mark.parametrize(("days", "start"), [(None, "12-27"), ("5", "01-06"), ("60", "11-12"), ("400", "12-27")])
def test_an_order_report_covers_so_many_days_before_now(days: str | None, start: str, new_seller: Make) -> None:
    seller = new_seller(clock="2010-01-11T20:00:02Z")
    number = generated(seller, "Order", **({} if days is None else {"NumberOfDays": days}))

    listed = seller.call(STATUS, {"ReportName": "Order"}).text
    year = "2010" if start.startswith("01") else "2009"
    assert (
        f"<Report>reportstarttime={start}-{year}:12-00-02 reportendtime=01-11-2010:12-00-02 reportid={number} </Report>"
    ) in listed


def test_open_listings_show_a_moment_whatever_days_are_asked_for(new_seller: Make) -> None:
    seller = new_seller(clock=CLOCK)
    number = generated(seller, "OpenListingsLite", NumberOfDays="15")

    assert seller.call(STATUS, {"ReportName": "OpenListingsLite"}).text == (
        "<Reports> <Report>reportstarttime=01-10-2010:19-00-02 reportendtime=01-10-2010:19-00-02"
        f" reportid={number} </Report></Reports>"
    )


@pytest.mark.parametrize("name", [None, "", "SoldListings", "Preorder", "x" * 5000, "GET_FLAT_FILE_ORDERS_DATA"])
def test_what_cannot_be_asked_for_is_said_by_a_token_of_our_own(name: str | None, program: Program) -> None:
    headers = {} if name is None else {"ReportName": name}

    assert outcome(program.call(GENERATE, headers)) == (200, INVALID_NAME)


def test_there_is_no_batch_refund_report_to_be_issued_before_the_first_refund_file(program: Program) -> None:
    assert outcome(program.call(GENERATE, {"ReportName": "BatchRefund"})) == (200, NOT_FOUND)
    assert outcome(program.call(STATUS, {"ReportName": "BatchRefund"})) == (200, NO_REPORTS)


def test_the_latest_batch_refund_report_is_issued_again_under_a_new_number(new_seller: Make) -> None:
    seller = new_seller()
    seller.upload("batch-refund", REFUNDS)
    [first] = wait(lambda: numbers(seller, "BatchRefund"))

    second = generated(seller, "BatchRefund")

    assert numbers(seller, "BatchRefund") == [second, first]
    assert int(second) > int(first)
    again, before = (seller.call(DOWNLOAD, {"ReportID": number}) for number in (second, first))
    assert outcome(again) == outcome(before)
    assert b"order-item-id: " in again.content
    assert seller.call(GENERATE, {"ReportName": "BatchRefund", "host": "secure.amazon.ca"}).content == NOT_FOUND


def test_every_region_of_a_new_seller_has_a_first_report_of_open_listings(new_seller: Make) -> None:
    seller = new_seller()

    american = wait(lambda: numbers(seller, "OpenListings", host="secure.amazon.com"))
    canadian = wait(lambda: numbers(seller, "OpenListings", host="secure.amazon.ca"))
    assert (len(american), len(canadian)) == (1, 1)


def test_what_a_refund_file_came_to_is_its_report(new_seller: Make) -> None:
    seller = new_seller()
    assert seller.upload("batch-refund", REFUNDS).content == SUCCESS

    [number] = wait(lambda: numbers(seller, "BatchRefund"))

    report = seller.call(DOWNLOAD, {"ReportID": number}).content
    assert report.startswith(b"123-1234567-1234567order-item-id: 12341234567890\tFAILURE ")
    assert report == seller.call(DOWNLOAD, {"ReportName": "BatchRefund"}).content
    assert seller.call("catalog-upload/get-batches").content == b"<Batches></Batches>"


@pytest.mark.parametrize("name", [None, "SoldListings", "Preorder"])
def test_the_status_of_what_is_not_there_is_an_empty_list(name: str | None, program: Program) -> None:
    headers = {} if name is None else {"ReportName": name}

    assert outcome(program.call(STATUS, headers)) == (200, NO_REPORTS)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ReportName": "SoldListings"},
        {"ReportName": "Preorder"},
        {"ReportName": "Preorder", "productline": "Books", "frequency": "2"},
        {"ReportName": "OpenListingsLiter"},
        {"ReportID": "abc"},
        {"ReportID": "1"},
        {"ReportID": "9999999999"},
        {"ReportID": "9" * 60},
    ],
)
def test_a_report_that_is_not_there_is_a_file_not_found(headers: dict[str, str], new_seller: Make) -> None:
    assert outcome(new_seller().call(DOWNLOAD, headers)) == (200, NOT_FOUND)


def test_the_report_of_another_is_denied_and_an_own_batch_is_no_report(new_seller: Make) -> None:
    one, other = new_seller(), new_seller()
    report, batch = generated(one, "OpenListingsLite"), one.batch()

    assert outcome(other.call(DOWNLOAD, {"ReportID": report})) == (200, DENIED)
    assert outcome(other.call(DOWNLOAD, {"ReportID": batch})) == (200, DENIED)
    assert outcome(one.call(DOWNLOAD, {"ReportID": batch})) == (200, NOT_FOUND)


def test_a_number_may_have_zeros_before_it(new_seller: Make) -> None:
    seller = new_seller()
    report, batch = generated(seller, "OpenListingsLite"), seller.batch()
    wait(lambda: seller.call("download/errorlog", {"BatchID": batch}).content != NOT_FOUND)

    again = seller.call(DOWNLOAD, {"ReportID": f"00{report}"})

    assert outcome(again) == outcome(seller.call(DOWNLOAD, {"ReportID": report}))
    assert seller.call("download/errorlog", {"BatchID": f"0{batch}"}).content.startswith(b"Feed Processing")


def test_of_a_number_and_a_name_the_number_counts(new_seller: Make) -> None:
    seller = new_seller()
    lite = generated(seller, "OpenListingsLite")
    generated(seller, "OpenListings")

    both = seller.call(DOWNLOAD, {"ReportID": lite, "ReportName": "OpenListings"})

    assert both.content == seller.call(DOWNLOAD, {"ReportID": lite}).content


def test_the_order_report_of_upgraded_accounts_is_theirs_with_strict_fidelity(new_seller: Make) -> None:
    seller = new_seller()
    number = generated(seller, "OrderReport")
    seller.policy(fidelity="STRICT")

    headers = {**GUIDE, "ReportName": "OrderReport"}
    marketplace = [seller.call(path, headers).content for path in (GENERATE, STATUS, DOWNLOAD)]
    seller.policy(aim_platform="SELLER_CENTRAL")
    upgraded = [seller.call(path, headers).content for path in (GENERATE, STATUS)]

    assert marketplace == [INVALID_NAME, NO_REPORTS, NOT_FOUND]
    assert upgraded[0] == SUCCESS
    assert number.encode() in upgraded[1]


def test_reports_are_those_of_the_hosts_region(new_seller: Make) -> None:
    seller = new_seller()
    american = generated(seller, "OpenListingsLite")

    canadian = {"host": "secure.amazon.ca"}
    assert seller.call(GENERATE, {"ReportName": "OpenListingsLite", **canadian}).content == SUCCESS
    [made] = wait(lambda: numbers(seller, "OpenListingsLite", **canadian))

    assert numbers(seller, "OpenListingsLite") == [american]
    assert made != american


def test_a_long_report_is_whole_and_not_packed(new_seller: Make) -> None:
    seller = new_seller()
    row = b"SKU-%05d\t0747554323\t2\t12.50\t11\t3\ta\r\n"
    rows = b"".join(row % number for number in range(3_000))
    seller.upload(body=LOADER.split(b"\r\n")[0] + b"\r\n" + rows)
    wait(lambda: b"status=Done" in seller.call("catalog-upload/get-batches").content)

    number = generated(seller, "OpenListingsLiter")
    answer = seller.call(DOWNLOAD, {"ReportID": number, "accept-encoding": "identity"})

    assert "content-encoding" not in answer.headers
    header, *lines = answer.content.split(b"\n")
    assert header == b"seller-sku\tquantity"
    assert sorted(lines) == sorted([b"SKU-%05d\t3" % number for number in range(3_000)] + [b""])
