"""The error log of an upload in both layouts, and the file of its failed rows."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.marketplaces import MARKETPLACES, Marketplace, named
from entrepot.feeds import aim_file, aim_log
from entrepot.feeds.aim_log import Layout
from entrepot.feeds.findings import Counts, FeedUnreadable, Finding, counted

US = MARKETPLACES["ATVPDKIKX0DER"]
FINDINGS = [
    Finding(0, "90009", "The file's header row is missing or invalid."),
    Finding(27, "8026", "Not authorized.", sku="1111111111"),
    Finding(28, "99003", "The title\twas shortened.", "WARNING", sku="Ü"),
]


def log(layout: Layout, findings: list[Finding], encoding: str = "cp1252") -> bytes:
    return aim_log.error_log(layout, counted(82, findings), findings, {27: "A name"}, encoding)


def test_the_classic_log_names_row_sku_item_type_and_message() -> None:
    assert log("classic", FINDINGS).decode("cp1252") == (
        "row-number\tsku\titem-name\tmessage-type\tmessage\n"
        "0\t\t\ttemplate error\tThe file's header row is missing or invalid.\n"
        "27\t1111111111\tA name\tdata error\tNot authorized.\n"
        "28\tÜ\t\tstatus message\tThe title was shortened.\n"
    )


def test_the_later_log_is_the_processing_report_byte_for_byte() -> None:
    # A live log of 2009.
    message = (
        "Seller is not authorized to list products in this category. For more details, see "
        "http://sellercentral.amazon.com/gp/errorcode/8026"
    )

    assert log("seller-central", [Finding(27, "8026", message, sku="1111111111")]) == (
        b"Feed Processing Summary:\n\tNumber of records processed\t\t82\n\tNumber of records successful\t\t81\n\n"
        b"original-record-number\tsku\terror-code\terror-type\terror-message\n"
        b"27\t1111111111\t8026\tError\t" + message.encode() + b"\n"
    )


@pytest.mark.parametrize("layout", get_args(Layout))
def test_where_there_is_nothing_to_tell_the_log_sums_up(layout: Layout) -> None:
    written = aim_log.error_log(layout, Counts(1, 0, 0, 0, 0), [], {})

    assert written == (
        b"Feed Processing Summary:\n\tNumber of records processed\t\t1\n\tNumber of records successful\t\t1\n\n"
    )


def test_what_the_encoding_cannot_say_becomes_a_question_mark() -> None:
    assert b"\t\x83\\\t" in aim_log.error_log("classic", counted(1, FINDINGS), FINDINGS, {28: "ソ"}, "cp932")
    assert b"\t?\t" in aim_log.error_log("classic", counted(1, FINDINGS), FINDINGS, {28: "ソ"}, "cp1252")


HEADER = b"TemplateType=Loader\r\nsku\tprice\tquantity\titem-name\r\n"


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_the_quick_fix_file_is_the_header_and_the_failed_rows_as_they_were(end: bytes) -> None:
    header = HEADER.replace(b"\r\n", end)
    rows = [b"A\t0\t1\tS\xfc\xdf" + end, b"B\t1\t1\t" + end, b"" + end, b"C \t-\t1\t" + end]

    assert aim_log.quick_fix(header + b"".join(rows) + end, [4, 1]) == header + rows[0] + rows[3]


def test_a_second_byte_of_shift_jis_ends_no_line() -> None:
    names = "ソ表十ポ".encode("cp932")
    row = b"A\t0\t1\t" + names + b"\r\n"

    assert aim_log.quick_fix(HEADER + row, [1]) == HEADER + row


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_stays(encoding: str) -> None:
    text = "sku\tprice\r\nA\t0\r\nB\t1\r\nC\t0\r\n"

    assert aim_log.quick_fix(text.encode(encoding), [1, 3]) == text.replace("B\t1\r\n", "").encode(encoding)


def test_the_last_row_may_lack_its_end() -> None:
    assert aim_log.quick_fix(b"sku\nA\nB", [2]) == b"sku\nB"


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"sku\nA\n", []),
        (b"sku\nA\n", [0]),
        (b"sku\nA\n", [9]),
        (b"sku\n\nA\n", [1]),
        (b"UR|A\n\n", [1]),
        (b"", [1]),
        (b"sku", [1]),
    ],
)
def test_without_failed_rows_or_a_header_there_is_no_such_file(content: bytes, rows: list[int]) -> None:
    assert aim_log.quick_fix(content, rows) is None


def test_a_corrected_quick_fix_file_reads_well() -> None:
    content = HEADER + b"A\t0\t1\tn\r\nB\t2\t1\tn\r\nC\tx\t1\tn\r\n"
    first = aim_file.read(content, "add-modify-delete", "TabDelimited", US)
    fix = aim_log.quick_fix(content, {finding.number for finding in first.findings})
    assert fix is not None

    second = aim_file.read(
        fix.replace(b"\t0\t", b"\t3\t").replace(b"\tx\t", b"\t4\t"), *("purge-replace", "TabDelimited"), US
    )

    assert (first.skus, second.skus, second.findings) == (["B"], ["A", "C"], [])


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
PLACES: list[Marketplace] = [place for code in ("US", "DE", "JP") if (place := named(code))]


@given(
    st.lists(st.tuples(CELL, st.sampled_from(["1", "0", "x", ""])), max_size=6),
    st.sampled_from(["\r\n", "\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp932", "cp1252"]),
    st.sampled_from(PLACES),
)
def test_the_failed_rows_fail_again_and_no_other(
    rows: list[tuple[str, str]], end: str, encoding: str, place: Marketplace
) -> None:
    text = "".join(f"{sku}\t{price}{end}" for sku, price in [("sku", "price"), *rows])
    content = text.encode(encoding, "replace")
    try:
        first = aim_file.read(content, "add-modify-delete", "TabDelimited", place)
    except FeedUnreadable:
        return
    failed = {finding.number for finding in first.findings}

    fix = aim_log.quick_fix(content, failed)

    assert (fix is None) == (not failed)
    if fix is not None:
        second = aim_file.read(fix, "add-modify-delete", "TabDelimited", place)
        assert (second.processed, second.skus, len(second.findings)) == (len(failed), [], len(first.findings))


@given(st.binary(max_size=100), st.sampled_from([b"", b"\xff\xfe", b"sku\n"]), st.sets(st.integers(0, 5)))
def test_any_bytes_have_a_quick_fix_file_or_none(body: bytes, head: bytes, rows: set[int]) -> None:
    aim_log.quick_fix(head + body, rows)
