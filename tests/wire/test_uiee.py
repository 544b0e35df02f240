"""UIEE, as booksellers' programs write it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.wire import uiee
from entrepot.wire.tsv import Unreadable
from entrepot.wire.uiee import Record

HEADER = "seller\r\nBooks\r\n10-31-2004\r\n7:14 AM\r\n\r\n"


def records(text: str) -> list[Record]:
    return uiee.document(text).records


def test_a_record_is_a_run_of_fields_and_ends_with_an_empty_line() -> None:
    found = records("UR|1\r\nTI|A title\r\n\r\nUR|2\r\nTI|Another\r\n\r\n")

    assert found == [
        Record(1, 1, 2, (("UR", "1"), ("TI", "A title"))),
        Record(2, 4, 5, (("UR", "2"), ("TI", "Another"))),
    ]


def test_repeated_tags_are_kept_in_their_order() -> None:
    [record] = records("UR|1\nKE|ships\nAA|Nobody\nKE|\nKE|sails\n\n")

    assert record.by_tag() == {"UR": ["1"], "KE": ["ships", "sails"], "AA": ["Nobody"]}
    assert [tag for tag, _ in record.fields] == ["UR", "KE", "AA", "KE", "KE"]


def test_a_header_may_stand_before_the_first_record() -> None:
    document = uiee.document(HEADER + "UR|1\r\n\r\n")

    assert document.header == ("seller", "Books", "10-31-2004", "7:14 AM")
    assert document.records == [Record(1, 6, 6, (("UR", "1"),))]


@pytest.mark.parametrize("head", ["", "seller\nCDs\n\n", "seller\n\n"])
def test_a_file_without_that_header_has_none(head: str) -> None:
    document = uiee.document(f"{head}UR|1\n\n")

    assert (document.header, len(document.records)) == ((), 1)


def test_a_header_without_its_empty_line_is_no_part_of_the_record() -> None:
    document = uiee.document("seller\nBOOKS\n2004-10-31\n07:14:00\nUR|1\n\n")

    assert (len(document.header), document.records[0].fields) == (4, (("UR", "1"),))


def test_lines_without_a_bar_after_the_tag_say_nothing() -> None:
    [record] = records("UR|1\nNT|a note\nthat goes on\nABC|no\nX|no\n\n")

    assert record.fields == (("UR", "1"), ("NT", "a note"))


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_end_in_any_of_the_three_ways_and_the_last_record_may_be_unfinished(end: str) -> None:
    for tail in ("", end, end * 5):
        assert [record.by_tag()["UR"] for record in records(f"UR|1{end}{end}{end}ur| 2 {tail}")] == [["1"], ["2"]]


def test_a_line_of_white_space_is_empty() -> None:
    assert [record.by_tag()["UR"] for record in records("UR|1\n \t\nUR|2\n")] == [["1"], ["2"]]


def test_a_value_may_hold_bars_and_tabs() -> None:
    assert records("NT|a|b\tc")[0].fields == (("NT", "a|b\tc"),)


@pytest.mark.parametrize("text", ["", "\n\n", "no fields\n", HEADER])
def test_a_file_without_fields_has_no_records(text: str) -> None:
    assert records(text) == []


@pytest.mark.parametrize("bound", ["CHARACTERS_MAX", "FIELDS_MAX", "RECORDS_MAX"])
def test_a_file_has_its_bounds(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(uiee, bound, 1)

    with pytest.raises(Unreadable, match="more than 1 "):
        uiee.document("UR|1\n\nUR|2\n\n")


TAG = st.text("ABCXYZ", min_size=2, max_size=2)
VALUE = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"])).map(str.strip)
FIELDS = st.lists(st.lists(st.tuples(TAG, VALUE), min_size=1), max_size=5)


@given(FIELDS, st.sampled_from(["", HEADER]), st.sampled_from(["\r\n", "\n"]))
def test_what_is_written_is_read(documents: list[list[tuple[str, str]]], head: str, end: str) -> None:
    written = head + "".join(
        "".join(f"{tag}|{value}{end}" for tag, value in fields) + end * (place % 3 + 1)
        for place, fields in enumerate(documents)
    )

    assert [list(record.fields) for record in records(written)] == documents


@given(st.text())
def test_any_text_can_be_read_and_every_field_is_where_the_record_says(text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    with suppress(Unreadable):
        for record in records(text):
            place = [line for line in lines[record.first_line - 1 : record.last_line] if line[2:3] == "|"]
            assert [value for _, value in record.fields] == [line[3:].strip() for line in place]
