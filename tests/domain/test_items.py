"""SKUs and the identifiers that are allotted."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.errors import Invalid
from entrepot.domain.items import allot, clean_sku, clean_title

FORMATS = {
    "asin": r"B[0X][0-9A-Z]{8}",
    "fnsku": r"X00[0-9A-Z]{7}",
    "shipment": r"FBA[0-9A-Z]{9}",
    "transfer": r"T[0-9A-Z]{10}",
    "removal": r"R[0-9A-Z]{10}",
    "reimbursement": r"C[0-9A-Z]{10}",
    "order": r"\d{3}-\d{7}-\d{7}",
    "order_item": r"\d{14}",
}


@pytest.mark.parametrize(
    ("text", "sku"),
    [
        ("A", "A"),
        ("0042", "0042"),
        ("  A b  C\t", "A b  C"),
        ("a", "a"),
        ("u\u0308ber", "über"),
        ("商品-1", "商品-1"),
        ("x" * 40, "x" * 40),
        (" " + "u\u0308" * 40 + " ", "ü" * 40),
        ("a/b?c&d+e%20", "a/b?c&d+e%20"),
    ],
)
def test_a_sku_is_compared_exactly_after_normal_form_and_trimming(text: str, sku: str) -> None:
    assert clean_sku(text) == sku


@pytest.mark.parametrize(
    "text", ["", "   ", "x" * 41, "a\0b", "a\tb", "a\nb", "a\x7fb", "a\x9fb", "a\ud800b"], ids=repr
)
def test_an_impossible_sku_is_invalid_and_the_field_is_named(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_sku(text, "b")

    assert refused.value.field == "b"


def test_skus_that_differ_in_case_are_different() -> None:
    assert clean_sku("sku") != clean_sku("SKU")


@given(st.text(max_size=50))
def test_cleaning_a_clean_sku_changes_nothing(text: str) -> None:
    try:
        sku = clean_sku(text)
    except Invalid:
        return

    assert clean_sku(sku) == sku
    assert 1 <= len(sku) <= 40
    assert unicodedata.is_normalized("NFC", sku)


@pytest.mark.parametrize("text", ["", " \t", "x" * 501, "two\nlines"], ids=repr)
def test_an_impossible_title_is_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        clean_title(text)


@pytest.mark.parametrize("kind", FORMATS)
def test_allotted_ids_never_repeat_and_have_their_form(kind: str) -> None:
    ids = [allot(kind, 42, counter) for counter in range(1, 100_001)]

    assert len(set(ids)) == 100_000
    assert all(map(re.compile(FORMATS[kind]).fullmatch, ids[::50]))


@pytest.mark.parametrize("kind", FORMATS)
@given(seed=st.integers(0, 2**63 - 1), counter=st.integers(0, 10**12))
def test_ids_of_any_seed_and_counter_have_their_form_and_neighbours_differ(kind: str, seed: int, counter: int) -> None:
    first, second = allot(kind, seed, counter), allot(kind, seed, counter + 1)

    assert re.fullmatch(FORMATS[kind], first)
    assert first != second
    assert allot(kind, seed, counter) == first


def test_worlds_of_different_seeds_allot_different_ids() -> None:
    assert {allot("fnsku", 1, n) for n in range(1000)}.isdisjoint({allot("fnsku", 2, n) for n in range(1000)})


def test_an_asin_never_reads_as_a_book_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.domain.items._permuted", lambda seed, kind, counter, size: counter)

    assert allot("asin", 0, 7) == "BX00000007"
    assert allot("asin", 0, 10) == "B00000000A"
