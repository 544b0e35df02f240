"""Product ids: their check digits, and the one form in which they are kept (invariant 38)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.errors import Invalid
from entrepot.domain.identifiers import LOADER_ID_TYPES, asin, check_digit, gtin, isbn_10_check


@pytest.mark.parametrize(
    ("text", "kind", "normal"),
    [
        ("0306406152", "ISBN", "09780306406157"),
        ("080442957X", "ISBN", "09780804429573"),
        ("9780306406157", "ISBN", "09780306406157"),
        ("4006381333931", "EAN", "04006381333931"),
        ("4901234567894", "JAN", "04901234567894"),
        ("96385074", "EAN", "00000096385074"),
        ("036000291452", "UPC", "00036000291452"),
        ("4006381333931", "UPC", "04006381333931"),
        ("10614141000415", "GTIN", "10614141000415"),
        ("036000291452", "GTIN", "00036000291452"),
    ],
)
def test_every_kind_has_one_normal_form(text: str, kind: str, normal: str) -> None:
    assert gtin(text, kind) == normal


def test_both_forms_of_an_isbn_are_one_product() -> None:
    assert gtin("0306406152", "ISBN") == gtin("978-0-306-40615-7".replace("-", ""), "ISBN")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "EAN"),
        ("123", "EAN"),
        ("4006381333930", "EAN"),
        ("4006381333931", "ISBN"),
        ("400638133393١", "EAN"),
        ("4006-381333931", "EAN"),
        (" 4006381333931", "EAN"),
        ("0000000000000", "EAN"),
        ("0000000000", "ISBN"),
        ("080442957x", "ISBN"),
        ("036000291452", "EAN"),
        ("10614141000415", "EAN"),
    ],
)
def test_a_wrong_length_form_or_check_digit_is_invalid(text: str, kind: str) -> None:
    with pytest.raises(Invalid) as refused:
        gtin(text, kind)

    assert refused.value.field == "product-id"
    assert kind in refused.value.message


def changed(text: str) -> list[str]:
    """The text with each single digit changed into each other."""
    return [
        text[:place] + other + text[place + 1 :]
        for place in range(len(text))
        for other in "0123456789"
        if other != text[place]
    ]


@given(st.sampled_from([("EAN", 12), ("EAN", 7), ("UPC", 11), ("GTIN", 13)]), st.data())
def test_every_change_of_a_single_digit_is_noticed(kind_and_size: tuple[str, int], data: st.DataObject) -> None:
    kind, size = kind_and_size
    body = data.draw(st.text("0123456789", min_size=size, max_size=size).filter(lambda digits: digits.strip("0")))
    text = body + check_digit(body)

    assert gtin(text, kind).endswith(text)
    for wrong in changed(text):
        with pytest.raises(Invalid):
            gtin(wrong, kind)


@given(st.text("0123456789", min_size=9, max_size=9).filter(lambda digits: digits.strip("0")))
def test_every_change_of_a_single_character_of_an_isbn_10_is_noticed(body: str) -> None:
    text = body + isbn_10_check(body)

    assert gtin(text, "ISBN") == "0978" + body + check_digit("978" + body)
    for wrong in [*changed(text), *([body + "X"] if text[-1] != "X" else [])]:
        with pytest.raises(Invalid):
            gtin(wrong, "ISBN")
        with pytest.raises(Invalid):
            asin(wrong)


@pytest.mark.parametrize("text", ["B00000K3CQ", "BT008FQ92Q", "0306406152", "080442957X"])
def test_an_asin_has_ten_capitals_and_digits(text: str) -> None:
    assert asin(text) == text


@pytest.mark.parametrize("text", ["", "B00000K3C", "b00000k3cq", "B00000K3CQQ", "B00000-3CQ", "0306406153"])
def test_another_text_is_no_asin(text: str) -> None:
    with pytest.raises(Invalid):
        asin(text)


def test_loader_files_number_the_types() -> None:
    assert LOADER_ID_TYPES == {"1": "ASIN", "2": "ISBN", "3": "UPC", "4": "EAN"}


@given(st.text(max_size=16), st.sampled_from(["ISBN", "UPC", "EAN", "JAN", "GTIN"]))
def test_no_text_makes_the_check_fail_in_another_way(text: str, kind: str) -> None:
    with suppress(Invalid):
        assert len(gtin(text, kind)) == 14
