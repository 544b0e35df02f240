"""Error logs and quick-fix files: when there is one, what is in it, and whose it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.aim.program import GUIDE, INVALID_BATCH, LOADER, NOT_FOUND, Program, outcome, wait

Make = Callable[..., Program]

HEADER = b"sku\tproduct-id\tproduct-id-type\titem-name\tprice\titem-condition\tquantity\tadd-delete\r\n"
GOOD = b"KETTLE\t0747554323\t2\tA kettle\t12.50\t11\t3\ta\r\n"
BAD = b"POT\t0747554323\t2\tA p\xf6t\tmuch\t11\t3\ta\r\n"
UIEE = b"UR|12345\r\nTI|A book\r\nPR|much\r\nXB|1\r\nXD|S\r\n\r\n"
SUMMARY = b"Feed Processing Summary:\n\tNumber of records processed\t\t%d\n\tNumber of records successful\t\t%d\n\n"


def finished(seller: Program, number: str, **headers: str) -> str:
    """The batch's line, once it is done."""

    def line() -> str | None:
        listed = seller.call("catalog-upload/get-batches", headers).text
        lines = [one for one in listed.split("<Batch>") if f"batchid={number} " in one]
        return next((one for one in lines if "status=Done" in one or "status=Failed" in one), None)

    found: str = wait(line)
    return found


def log(seller: Program, number: str, name: str = "errorlog", **headers: str) -> tuple[int, bytes]:
    return outcome(seller.call(f"download/{name}", {"BatchID": number, **headers}))


def test_a_clean_batch_has_a_log_of_its_summary_and_nothing_to_fix(new_seller: Make) -> None:
    seller = new_seller()
    number = seller.batch(body=HEADER + GOOD)

    assert "activateditems=1 numberofwarnings=0 itemsnotacivated=0 " in finished(seller, number)
    assert log(seller, number) == (200, SUMMARY % (1, 1))
    assert log(seller, number, "quickfix") == (200, NOT_FOUND)


def test_a_row_with_an_error_is_in_the_log_and_its_bytes_in_the_quick_fix_file(new_seller: Make) -> None:
    seller = new_seller()
    number = seller.batch(body=HEADER + GOOD + BAD)

    assert "activateditems=1 numberofwarnings=0 itemsnotacivated=1 " in finished(seller, number)
    status, told = log(seller, number)
    assert status == 200
    assert told.startswith(SUMMARY % (2, 1))
    header, row = told.removeprefix(SUMMARY % (2, 1)).splitlines()
    assert header == b"original-record-number\tsku\terror-code\terror-type\terror-message"
    assert row.split(b"\t")[:2] == [b"2", b"POT"]
    assert log(seller, number, "quickfix") == (200, HEADER + BAD)


def test_the_corrected_quick_fix_file_is_a_batch_of_its_own(new_seller: Make) -> None:
    seller = new_seller()
    number = seller.batch(body=HEADER + GOOD + BAD)
    finished(seller, number)

    fixed = log(seller, number, "quickfix")[1].replace(b"much", b"9.99")
    again = seller.batch(body=fixed)

    assert "activateditems=1 numberofwarnings=0 itemsnotacivated=0 " in finished(seller, again)
    assert log(seller, number, "quickfix") == (200, HEADER + BAD)


def test_the_log_has_the_older_layout_if_the_seller_wants_it(new_seller: Make) -> None:
    seller = new_seller()
    number = seller.batch(body=HEADER + BAD)
    finished(seller, number)
    seller.policy(errorlog_style="CLASSIC")

    status, told = log(seller, number)

    header, row = told.splitlines()
    assert (status, header) == (200, b"row-number\tsku\titem-name\tmessage-type\tmessage")
    assert row.split(b"\t")[:4] == [b"1", b"POT", b"A p\xf6t", b"data error"]


def test_a_file_that_fails_as_a_whole_says_why(new_seller: Make) -> None:
    seller = new_seller()
    seller.policy(fidelity="STRICT")
    twice = LOADER.replace(b"add-delete", b"quantity")  # refused since 2007; forgiven by forgiving fidelity
    number = seller.batch(body=twice, cookie=GUIDE["cookie"])

    assert "status=Failed " in finished(seller, number, **GUIDE)
    status, told = log(seller, number, **GUIDE)
    assert status == 200
    assert told.startswith(b"Feed Processing Summary:\n")
    assert told.splitlines()[-1].split(b"\t")[:4] == [b"0", b"", b"90009", b"Fatal"]
    assert log(seller, number, "quickfix", **GUIDE) == (200, NOT_FOUND)
    seller.policy(errorlog_style="CLASSIC")
    assert log(seller, number, **GUIDE)[1].splitlines()[-1].split(b"\t")[3] == b"template error"


def test_logs_are_written_in_the_regions_encoding(new_seller: Make) -> None:
    japanese = new_seller(marketplaces=["JP"])
    number = japanese.batch(body=HEADER + GOOD)
    finished(japanese, number)

    told = japanese.call("download/errorlog", {"BatchID": number})

    assert told.headers["content-type"] == "text/plain; charset=Windows-31J"


def test_a_quick_fix_file_is_in_the_encoding_that_the_file_came_in(new_seller: Make) -> None:
    seller = new_seller()
    for encoding, charset in (("utf-8", "utf-8"), ("latin-1", "windows-1252")):
        row = BAD.decode("latin-1").encode(encoding)
        number = seller.batch(body=HEADER + row)
        finished(seller, number)

        answer = seller.call("download/quickfix", {"BatchID": number})

        assert answer.headers["content-type"] == f"text/plain; charset={charset}"
        assert answer.content == HEADER + row


def test_japanese_characters_of_windows_survive_in_reports_and_quick_fixes(new_seller: Make) -> None:
    seller = new_seller(marketplaces=["JP"])
    name = "株式①㈱".encode("cp932")
    good, bad = (
        row.replace(b"12.50", b"1250") for row in (GOOD.replace(b"A kettle", name), BAD.replace(b"A p\xf6t", name))
    )
    number = seller.batch(body=HEADER + good + bad)
    assert "activateditems=1 " in finished(seller, number)
    before = seller.call("manual-reports/get-report-status", {"ReportName": "OpenListings"}).content
    seller.call("manual-reports/generate-report-now", {"ReportName": "OpenListings"})
    wait(lambda: seller.call("manual-reports/get-report-status", {"ReportName": "OpenListings"}).content != before)

    report = seller.call("download/report", {"ReportName": "OpenListings"})
    fix = seller.call("download/quickfix", {"BatchID": number})

    assert name + b"\t" in report.content
    assert fix.content == HEADER + bad
    assert {answer.headers["content-type"] for answer in (report, fix)} == {"text/plain; charset=Windows-31J"}


def test_a_row_that_deletes_is_processed_too(new_seller: Make) -> None:
    seller = new_seller()
    finished(seller, seller.batch(body=HEADER + GOOD))
    number = seller.batch(body=HEADER + GOOD.replace(b"KETTLE", b"CUP") + GOOD.replace(b"\ta\r", b"\td\r"))
    finished(seller, number)

    assert log(seller, number) == (200, SUMMARY % (2, 2))


def test_while_a_batch_waits_there_is_no_log(new_seller: Make) -> None:
    seller = new_seller(clock="2026-03-31T12:00:00Z")
    seller.policy(upload_pace="HOURLY")
    seller.batch()
    number = seller.batch()

    assert log(seller, number) == (200, NOT_FOUND)
    assert log(seller, number, "quickfix") == (200, NOT_FOUND)


def test_a_uiee_batch_has_no_quick_fix_file(new_seller: Make) -> None:
    seller = new_seller()
    number = seller.batch(body=UIEE, FileFormat="UIEE")
    assert "itemsnotacivated=1 " in finished(seller, number)

    assert log(seller, number)[1].startswith(SUMMARY % (1, 0))
    assert log(seller, number, "quickfix") == (200, NOT_FOUND)


@pytest.mark.parametrize("platform", ["MARKETPLACE", "SELLER_CENTRAL"])
def test_quick_fix_files_for_seller_central_were_future_support(platform: str, new_seller: Make) -> None:
    seller = new_seller()
    number = seller.batch(body=HEADER + BAD)
    finished(seller, number)
    seller.policy(aim_platform=platform, fidelity="STRICT")

    strict = log(seller, number, "quickfix", **GUIDE)
    seller.policy(fidelity="FORGIVING")

    assert strict == (200, NOT_FOUND if platform == "SELLER_CENTRAL" else HEADER + BAD)
    assert log(seller, number, "quickfix") == (200, HEADER + BAD)


@pytest.mark.parametrize("number", [None, "", "abc", "1", "-1", "0", "2600000000000", "9" * 40, "1e5", "2599999999"])
@pytest.mark.parametrize("name", ["errorlog", "quickfix"])
def test_what_is_no_number_of_a_batch_is_an_invalid_batch(name: str, number: str | None, program: Program) -> None:
    headers = {} if number is None else {"BatchID": number}

    assert outcome(program.call(f"download/{name}", headers)) == (200, INVALID_BATCH)


def test_a_report_or_a_refund_file_is_no_batch(new_seller: Make) -> None:
    seller = new_seller()
    seller.call("manual-reports/generate-report-now", {"ReportName": "OpenListingsLite"})
    status = wait(lambda: _first_report(seller))

    assert log(seller, status) == (200, INVALID_BATCH)


def _first_report(seller: Program) -> str | None:
    listed = seller.call("manual-reports/get-report-status", {"ReportName": "OpenListingsLite"}).text
    return listed.split("reportid=")[1].split(" ")[0] if "reportid=" in listed else None
