"""Periods of schedules: instants in a row, by the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.periods import END_OF_TIME, PERIODS, following, instant

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


def day(*words: int) -> datetime:
    return datetime(*words, tzinfo=UTC)  # type: ignore[misc,arg-type]


@given(st.sampled_from(sorted(PERIODS)), INSTANTS, INSTANTS)
def test_the_following_period_is_the_first_that_ends_after_now(period: str, begun: datetime, now: datetime) -> None:
    number = following(period, begun, now)

    assert instant(period, begun, number) > now
    assert number == 0 or instant(period, begun, number - 1) <= now


@given(st.sampled_from(sorted(PERIODS)), INSTANTS, st.integers(0, 1000))
def test_the_end_of_a_period_leads_back_to_its_number(period: str, begun: datetime, number: int) -> None:
    end = instant(period, begun, number)

    assert following(period, begun, end) == number + 1
    assert instant(period, begun, number - 1) < end


def test_a_month_ends_with_its_last_day_where_it_has_not_the_one_of_the_first() -> None:
    begun = day(2026, 1, 31, 8, 30)

    ends = [instant("P1M", begun, number) for number in range(-1, 4)]

    months = [
        day(2025, 12, 31, 8, 30),
        begun,
        day(2026, 2, 28, 8, 30),
        day(2026, 3, 31, 8, 30),
        day(2026, 4, 30, 8, 30),
    ]
    assert ends == months
    assert instant("P1M", begun, 25) == day(2028, 2, 29, 8, 30)


def test_eighty_four_hours_are_half_a_week() -> None:
    assert instant("PT84H", day(2026, 3, 1), 2) == instant("P7D", day(2026, 3, 1), 1) == day(2026, 3, 8)


@pytest.mark.parametrize("period", PERIODS)
def test_no_period_ends_after_the_end_of_time(period: str) -> None:
    now = datetime.max.replace(tzinfo=UTC) - timedelta(hours=1)

    assert instant(period, day(2026, 1, 1), following(period, day(2026, 1, 1), now)) == END_OF_TIME
