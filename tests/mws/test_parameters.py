"""Parameters as operations read them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.mws.messages import Refused
from entrepot.api.mws.parameters import Parameters
from entrepot.wire.query_signing import decoded


def parameters(query: bytes) -> Parameters:
    return Parameters.of(decoded(query))


def test_names_are_case_sensitive_and_the_first_of_two_values_holds() -> None:
    found = parameters(b"a=1&A=2&a=3")

    assert (found.text("a"), found.text("A"), found.text("b")) == ("1", "2", None)


def test_an_empty_value_is_as_none_and_another_name_may_have_one() -> None:
    found = parameters(b"SellerId=&Merchant=M")

    assert found.text("SellerId") is None
    assert found.text("SellerId", "Merchant") == "M"


@pytest.mark.parametrize("value", [b"K%E4se", b"K%ED%A0%80se", b"K%C3", b"K%00se", b"\xe4"])
def test_what_no_text_of_a_database_can_hold_is_refused_by_its_name(value: bytes) -> None:
    found = parameters(b"Action=a&S.member.1=K%C3%A4se&S.member.2=" + value)

    with pytest.raises(Refused) as refused:
        found.check()

    assert (refused.value.code, found.text("Action")) == ("InvalidParameterValue", "a")
    assert "S.member.2" in refused.value.message


def test_a_name_that_is_no_text_is_refused_and_a_replacement_character_is_one() -> None:
    parameters("\ufffd=\ufffd".encode()).check()

    with pytest.raises(Refused):
        parameters(b"%E4=x").check()


def test_a_list_is_in_the_order_of_its_numbers() -> None:
    found = parameters(b"S.member.10=j&S.member.2=b&S.member.1=a&S.member.4=&S.member.x=x&S.member.=y&S.Id.3=c&S=z")

    assert found.listed("S") == ["a", "b", "j"]
    assert found.listed("S", "Id") == ["c"]
    assert found.listed("T") == []


def test_a_list_may_begin_with_a_value_without_number() -> None:
    assert parameters(b"SellerSkus.member=12345").listed("SellerSkus") == ["12345"]
    assert parameters(b"SellerSkus.member.1=b&SellerSkus.member=a").listed("SellerSkus") == ["a", "b"]


def test_a_number_with_more_digits_than_any_list_has_is_no_place_in_it() -> None:
    assert parameters(b"S.member." + b"9" * 10_000 + b"=a").listed("S") == []


@pytest.mark.parametrize(("text", "wanted"), [(b"", 10), (b"1", 1), (b"100", 100), (b"007", 7)])
def test_a_number_is_read(text: bytes, wanted: int) -> None:
    assert parameters(b"MaxCount=" + text).number("MaxCount", 1, 100, 10) == wanted


@pytest.mark.parametrize("text", [b"0", b"101", b"-1", b"1.0", b"x", "١".encode(), b"9" * 5000])
def test_a_number_that_is_none_or_out_of_range_is_refused(text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        parameters(b"MaxCount=" + text).number("MaxCount", 1, 100, 10)

    assert refused.value.code == "InvalidParameterValue"
    assert refused.value.message.startswith("Invalid MaxCount: ")
    assert len(refused.value.message) < 200


def test_a_choice_is_one_of_its_values_in_any_case() -> None:
    asked = parameters(b"ResponseGroup=detailed&Other=Full")

    assert asked.choice("ResponseGroup", ("Basic", "Detailed"), "Basic") == "Detailed"
    assert asked.choice("None", ("Basic", "Detailed"), "Basic") == "Basic"
    with pytest.raises(Refused, match="InvalidParameterValue"):
        asked.choice("Other", ("Basic", "Detailed"), "Basic")


@pytest.mark.parametrize(("text", "wanted"), [(b"true", True), (b"True", True), (b"1", True), (b"false", False)])
def test_a_flag_is_read(text: bytes, wanted: bool) -> None:
    assert parameters(b"A=" + text).flag("A", not wanted) is wanted
    assert parameters(b"").flag("A", wanted) is wanted


def test_a_flag_that_is_none_is_refused() -> None:
    with pytest.raises(Refused):
        parameters(b"A=yes").flag("A")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"2015-02-26", datetime(2015, 2, 26, tzinfo=UTC)),
        (b"2015-03-28T18:11:55Z", datetime(2015, 3, 28, 18, 11, 55, tzinfo=UTC)),
        (b"2015-03-28T18:11:55.780%2B02:00", datetime(2015, 3, 28, 16, 11, 55, 780_000, tzinfo=UTC)),
        (b"2026-11-21T03:37:36", datetime(2026, 11, 21, 3, 37, 36, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read(text: bytes, wanted: datetime) -> None:
    assert parameters(b"B=" + text).instant("A", "B") == wanted


@pytest.mark.parametrize("text", [b"yesterday", b"2015-02-30", b"0001-01-01T00:00:00%2B14:00", b"1.5"])
def test_an_instant_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(Refused, match="InvalidParameterValue"):
        parameters(b"A=" + text).instant("A")


@given(st.binary(max_size=200))
def test_anything_is_read_or_refused(query: bytes) -> None:
    found = parameters(query)

    assert not [text for pair in found.values.items() for text in pair if "\0" in text]
    for name in found.values:
        for read in (found.instant, found.flag):
            with suppress(Refused):
                read(name)
