"""Instants and days in documents."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.wire.timestamps import day, instant


@pytest.mark.parametrize(
    "text",
    [
        "2023-01-01T01:01:01+00:00",
        "2023-01-01T01:01:01Z",
        "2023-01-01T01:01:01",
        "2023-01-01 01:01:01 Z",
        "2023-01-01T02:01:01+01:00",
        "2022-12-31T17:01:01-0800",
        "2023-01-01T01:01:01.000000000Z",
    ],
)
def test_an_instant_is_read_into_utc(text: str) -> None:
    assert instant(text) == datetime(2023, 1, 1, 1, 1, 1, tzinfo=UTC)
    assert instant(text).tzinfo is UTC


def test_fractions_of_seconds_are_kept() -> None:
    assert instant("2023-01-01T01:01:01.5Z").microsecond == 500_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2023-01-01",
        "2023-02-30T00:00:00Z",
        "2023-01-01T25:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "२०२३-01-01T00:00Z",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date and time"):
        instant(text)


@pytest.mark.parametrize("text", ["2023-01-31", "2023-01-31Z", "2023-01-31+01:00"])
def test_a_day_is_read_without_its_zone(text: str) -> None:
    assert day(text) == date(2023, 1, 31)


@pytest.mark.parametrize("text", ["", "2023-02-30", "20230131", "2023-W05-2", "2023-01-31T00:00:00Z"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date"):
        day(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_instant_is_read_as_it_was_written(moment: datetime) -> None:
    assert instant(moment.isoformat()) == moment


@given(
    st.text(max_size=40)
    | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}\Z")
)
def test_no_text_makes_the_reader_fail_in_another_way(text: str) -> None:
    for read in (instant, day):
        with suppress(ValueError):
            read(text)
