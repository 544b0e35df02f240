"""Tab-delimited text, as spreadsheets and programs write it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.wire import tsv
from entrepot.wire.tsv import Unreadable

TEXT = "sku\tnote\nA-1\t€É\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("cp1252"),
    ],
)
def test_the_usual_encodings_are_told_apart(content: bytes) -> None:
    assert tsv.decoded(content) == TEXT


def test_the_caller_may_name_another_fall_back() -> None:
    assert tsv.decoded("商品".encode("cp932"), fallback="cp932") == "商品"


def test_bytes_that_the_fall_back_does_not_know_are_read_as_latin_1() -> None:
    assert tsv.decoded(b"a\x81\xff") == "a\x81ÿ"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "workbook"),
        (TEXT.encode("utf-16-le"), "zero bytes"),
        (b"\xff\xfea", "UTF-16-LE"),
        (b"\xef\xbb\xbf\xff", "UTF-8"),
        (b"\xff\xfe\0\0", "zero characters"),
    ],
)
def test_what_is_no_text_is_unreadable_and_says_why(content: bytes, message: str) -> None:
    with pytest.raises(Unreadable) as refused:
        tsv.decoded(content)

    assert message in refused.value.message


@pytest.mark.parametrize("text", ["a\nb\n", "a\r\nb\r\n", "a\rb\r", "a\nb", "a\r\nb\r\n\r\n"])
def test_lines_end_in_any_of_the_three_ways(text: str) -> None:
    assert tsv.lines(text) == ["a", "b"]


def test_only_line_ends_end_lines() -> None:
    assert tsv.lines("a\x0b\x85\u2028b\n") == ["a\x0b\x85\u2028b"]


@pytest.mark.parametrize("cell", ["item-note", "Item_Note", " ITEM-NOTE ", '"item-note"'])
def test_names_of_columns_are_compared_in_one_form(cell: str) -> None:
    assert tsv.column_name(cell) == "item-note"


def test_a_quotation_mark_is_a_character_like_any_other() -> None:
    table = tsv.Table(["sku", "note"], ['A\t17" screen', 'B\t"quoted"'])

    _, cells, _ = tsv.columns(table)

    assert cells == [["A", "B"], ['17" screen', '"quoted"']]


def test_lines_of_a_template_before_the_header_are_skipped() -> None:
    table = tsv.table("TemplateType=Offer\tVersion=2014\n\nSKU\tPrice\nA\t1\n", "sku")

    assert table == tsv.Table(["sku", "price"], ["A\t1"])


def test_a_text_without_the_key_has_no_table() -> None:
    assert tsv.table("a\tb\n" * 10 + "sku\n", "sku") is None
    assert tsv.table("", "sku") is None


def test_short_records_are_filled_up_and_blank_ones_left_out() -> None:
    table = tsv.Table(["a", "b", "c"], ["1\t2\t3", "", "4", " \t \t", "5\t6\t7\t\t", "8\t9\t10\t11"])

    assert tsv.columns(table) == ([1, 3, 5], [["1", "4", "5"], ["2", "", "6"], ["3", "", "7"]], [6])


def test_a_table_without_records_has_empty_columns() -> None:
    assert tsv.columns(tsv.Table(["a", "b"], [])) == ([], [[], []], [])
    assert tsv.columns(tsv.Table(["a", "b"], ["", "\t"])) == ([], [[], []], [])


def test_a_cell_never_breaks_its_line() -> None:
    assert tsv.written(["a", "b"], [["x\ty", "1\r\n2\n3\r4"]]) == b"a\tb\nx y\t1 2 3 4\n"


def test_what_an_encoding_cannot_say_becomes_a_question_mark() -> None:
    assert tsv.written(["a"], [["é商"]], "iso-8859-1") == b"a\n\xe9?\n"


CELLS = st.text(st.characters(exclude_characters="\t\r\n\0\ufeff", exclude_categories=["Cs"]), min_size=1).filter(
    str.strip
)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    table = tsv.table(tsv.decoded(tsv.written(["k", "v"], rows)), "k")
    assert table is not None

    _, (keys, values), _ = tsv.columns(table)

    assert list(zip(keys, values, strict=True)) == rows


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_in_another_way(content: bytes) -> None:
    with suppress(Unreadable):
        text = tsv.decoded(content)
        numbers, cells, too_long = tsv.columns(tsv.Table(["a", "b"], tsv.lines(text)))

        assert [len(column) for column in cells] == [len(numbers)] * 2
        assert not set(numbers) & set(too_long)
