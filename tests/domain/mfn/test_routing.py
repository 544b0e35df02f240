"""D-23: which location ships, and when; over a weekend, over the change of clocks, at its cap, split or not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.commands import PlaceOrder
from entrepot.domain.errors import Shortage
from entrepot.domain.mfn.hours import UNITS, Calendar, Duration, minutes, week_of
from entrepot.domain.mfn.routing import (
    COSTS,
    FARTHER,
    SAME_COUNTRY,
    SAME_POSTAL_PREFIX,
    SAME_STATE,
    TRANSIT_DAYS,
    Address,
    Location,
    Routing,
    Throughput,
    Wanted,
    distance,
    route,
    scope_of,
)

LA, NY = "America/Los_Angeles", "America/New_York"
SEATTLE, TACOMA = Address("US", "WA", "98101"), Address("US", "WA", "98402")
NEW_YORK, TORONTO, BERLIN = Address("US", "NY", "10001"), Address("CA", "ON", "M5V 2T6"), Address("DE", "BE", "10115")
OFFICE = Calendar(LA)


def local(text: str, zone: str = LA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


WEDNESDAY = local("2026-03-04 10:00")


def place(name: str, address: Address = SEATTLE, **more: Any) -> Location:
    return Location(name, address, more.pop("calendar", OFFICE), **more)


def shared(
    lines: list[Wanted] | Wanted,
    *locations: Location,
    to: Address = SEATTLE,
    when: datetime = WEDNESDAY,
    option: str = "Standard",
    split: bool = False,
) -> Routing:
    return route([lines] if isinstance(lines, Wanted) else lines, locations, when, to, option, split)


def chosen(routing: Routing) -> list[list[tuple[str, int]]]:
    return [[(route.location_id, route.quantity) for route in routes] for routes in routing.routes]


def one(quantity: int, **stock: int) -> Wanted:
    return Wanted("A", quantity, stock)


# When a location works.


@pytest.mark.parametrize(
    ("instant", "begun"),
    [
        pytest.param("2026-03-04 10:00", "2026-03-04 10:00", id="while it is open"),
        pytest.param("2026-03-04 03:00", "2026-03-04 09:00", id="before it opens"),
        pytest.param("2026-03-04 17:00", "2026-03-05 09:00", id="at the cut-off"),
        pytest.param("2026-03-04 16:59", "2026-03-04 16:59", id="a minute before the cut-off"),
        pytest.param("2026-03-06 18:00", "2026-03-09 09:00", id="on Friday evening"),
        pytest.param("2026-03-08 12:00", "2026-03-09 09:00", id="on Sunday"),
    ],
)
def test_work_begins_at_the_first_working_instant(instant: str, begun: str) -> None:
    assert OFFICE.next_open(local(instant)) == local(begun)


@pytest.mark.parametrize(
    ("begun", "handling", "ready"),
    [
        ("2026-03-04 10:00", Duration(0, "Days"), "2026-03-04 17:00"),
        ("2026-03-04 10:00", Duration(2, "Days"), "2026-03-06 17:00"),
        ("2026-03-06 10:00", Duration(2, "Days"), "2026-03-10 17:00"),
        ("2026-03-04 10:00", Duration(0, "Minutes"), "2026-03-04 10:00"),
        ("2026-03-04 10:00", Duration(90, "Minutes"), "2026-03-04 11:30"),
        ("2026-03-04 16:30", Duration(1, "Hours"), "2026-03-05 09:00"),
        ("2026-03-06 12:00", Duration(24, "Hours"), "2026-03-09 12:00"),
        ("2026-03-06 12:00", Duration(48, "Hours"), "2026-03-10 12:00"),
    ],
)
def test_handling_is_counted_on_open_days(begun: str, handling: Duration, ready: str) -> None:
    assert OFFICE.ready(local(begun), handling) == local(ready)


def test_a_day_with_a_break_ends_with_its_last_hours() -> None:
    week = week_of(
        {"wednesday": [{"startTime": "13:00", "endTime": "18:30"}, {"startTime": "8:00", "endTime": "12:00"}]}
    )
    calendar = Calendar(LA, week)

    assert calendar.next_open(local("2026-03-04 12:30")) == local("2026-03-04 13:00")
    assert calendar.ready(local("2026-03-04 09:00"), Duration(0, "Days")) == local("2026-03-04 18:30")
    assert calendar.ready(local("2026-03-04 09:00"), Duration(1, "Days")) == local("2026-03-11 18:30")


def test_hours_may_pass_midnight_and_from_a_time_to_itself_is_closed() -> None:
    week = week_of(
        {
            "sunday": [{"startTime": "22:00", "endTime": "02:00"}],
            "tuesday": [{"startTime": "05:00", "endTime": "05:00"}],
        }
    )

    assert week == (((0, 120),), (), (), (), (), (), ((1320, 1440),))
    assert Calendar(LA, week).next_open(local("2026-03-09 01:00")) == local("2026-03-09 01:00")


@pytest.mark.parametrize(
    "text", ["", "8", "8:", ":30", "08:0", "24:00", "08:60", "-1:00", "08.30", "٠٨:٣٠", "08:30:00"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time of day"):
        minutes(text)


@pytest.mark.parametrize(
    ("begun", "days", "ready"),
    [
        # In Los Angeles the clocks change on 8 March and on 1 November 2026.
        pytest.param("2026-03-06 10:00", 1, "2026-03-10T00:00:00", id="spring: closing is 17:00 of the summer"),
        pytest.param("2026-10-30 10:00", 1, "2026-11-03T01:00:00", id="autumn: closing is 17:00 of the winter"),
    ],
)
def test_closing_time_is_that_of_the_clock_on_the_wall(begun: str, days: int, ready: str) -> None:
    assert OFFICE.ready(local(begun), Duration(days, "Days")) == datetime.fromisoformat(ready).replace(tzinfo=UTC)


def test_a_day_on_which_the_clocks_change_has_its_own_length() -> None:
    always = Calendar(LA, (((0, 24 * 60),),) * 7)

    assert always.ready(local("2026-03-07 12:00"), Duration(24, "Hours")) == local("2026-03-08 13:00")
    assert always.ready(local("2026-10-31 12:00"), Duration(24, "Hours")) == local("2026-11-01 11:00")


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([LA, NY, "Asia/Kolkata", "Australia/Lord_Howe", "Europe/London", "Pacific/Apia"]),
    st.builds(Duration, st.integers(0, 60), st.sampled_from(list(UNITS))),
    st.lists(st.tuples(st.integers(0, 23 * 60), st.integers(1, 60)), min_size=7, max_size=7),
)
def test_whatever_the_zone_and_the_hours_work_begins_and_ends_in_time(
    when: datetime, zone: str, handling: Duration, spans: list[tuple[int, int]]
) -> None:
    calendar = Calendar(zone, tuple(((opens, opens + length),) for opens, length in spans))

    begun = calendar.next_open(when)
    ready = calendar.ready(begun, handling)

    assert when <= begun <= when + timedelta(days=2)
    assert begun <= ready
    assert calendar.window(when, "Minutes") <= when < calendar.window(when, "Minutes") + timedelta(minutes=1)
    assert calendar.window(when, "Hours") <= when < calendar.window(when, "Hours") + timedelta(hours=1)
    assert calendar.window(when, "Days") <= when < calendar.window(when, "Days") + timedelta(hours=26)


# Which location.


def test_of_two_alike_the_one_with_the_most_stock_ships_and_then_the_first_by_id() -> None:
    assert chosen(shared(one(2, B=5, A=9), place("A"), place("B"))) == [[("A", 2)]]
    assert chosen(shared(one(2, B=5, A=5), place("B"), place("A"))) == [[("A", 2)]]


def test_what_is_delivered_first_comes_before_everything_else() -> None:
    quick = place("B", NEW_YORK, handling=Duration(0, "Days"), calendar=Calendar(NY))
    slow = place("A", handling=Duration(4, "Days"))

    assert chosen(shared(one(1, A=9, B=1), slow, quick)) == [[("B", 1)]]


def test_of_what_is_delivered_at_once_the_cheapest_ships() -> None:
    # Next-day delivery takes a day within a state and within a country; only the cost differs.
    assert chosen(shared(one(1, A=9, B=1), place("A", NEW_YORK), place("B", TACOMA), option="NextDay")) == [[("B", 1)]]


def test_of_what_costs_the_same_the_nearest_ships() -> None:
    assert chosen(shared(one(1, A=9, B=1), place("A", TACOMA), place("B", SEATTLE))) == [[("B", 1)]]


def test_a_location_without_enough_does_not_ship_although_it_would_be_first() -> None:
    assert chosen(shared(one(3, A=2, B=3), place("A"), place("B", BERLIN))) == [[("B", 3)]]


@pytest.mark.parametrize(("split", "available"), [(False, 3), (True, 5)])
def test_a_shortage_names_the_sku_and_what_could_have_been_had(split: bool, available: int) -> None:
    with pytest.raises(Shortage) as refused:
        shared(one(6, A=2, B=3), place("A"), place("B"), split=split)

    assert (refused.value.what, refused.value.wanted, refused.value.available) == ("SKU 'A'", 6, available)


def test_a_line_is_split_only_if_nobody_has_it_whole_and_the_seller_allows_it() -> None:
    places = [place("A"), place("B", TACOMA), place("C", NEW_YORK)]

    assert chosen(shared(one(4, A=2, B=3, C=4), *places, split=True)) == [[("C", 4)]]
    assert chosen(shared(one(4, A=2, B=3), *places, split=True)) == [[("A", 2), ("B", 2)]]
    with pytest.raises(Shortage):
        shared(one(4, A=2, B=3), *places)


def test_lines_of_one_sku_draw_on_the_same_stock() -> None:
    lines = [one(2, A=3, B=2), one(2, A=3, B=2)]

    assert chosen(shared(lines, place("A"), place("B"))) == [[("A", 2)], [("B", 2)]]
    with pytest.raises(Shortage) as refused:
        shared([*lines, one(2, A=3, B=2)], place("A"), place("B"))
    assert (refused.value.wanted, refused.value.available) == (2, 1)


def test_a_location_that_does_not_deliver_or_that_is_no_candidate_of_the_sku_does_not_ship() -> None:
    assert chosen(shared(one(1, A=9, B=1), place("A", delivers=False), place("B"))) == [[("B", 1)]]
    assert chosen(shared(one(1, B=1), place("A"), place("B"))) == [[("B", 1)]]


@pytest.mark.parametrize(
    ("unit", "since", "full"),
    [
        ("Days", "2026-03-04 00:00", True),
        ("Days", "2026-03-03 00:00", False),
        ("Hours", "2026-03-04 10:00", True),
        ("Hours", "2026-03-04 09:00", False),
        ("Minutes", "2026-03-04 10:00", True),
        ("Minutes", "2026-03-04 09:59", False),
    ],
)
def test_a_location_at_its_cap_in_this_window_gets_no_order_more(unit: str, since: str, full: bool) -> None:
    for orders, expected in ((3, "B" if full else "A"), (2, "A")):
        capped = place("A", throughput=Throughput(3, unit, local(since), orders))
        assert chosen(shared(one(1, A=9, B=1), capped, place("B"))) == [[(expected, 1)]]


def test_an_order_counts_once_for_a_location_however_many_lines_it_ships() -> None:
    capped = place("A", throughput=Throughput(1, "Days"))

    assert chosen(shared([one(1, A=9), Wanted("B", 1, {"A": 9})], capped)) == [[("A", 1)], [("A", 1)]]


def test_the_result_does_not_depend_on_the_order_in_which_locations_are_given() -> None:
    places = [place("A", TACOMA), place("B", NEW_YORK), place("C", BERLIN), place("D")]
    wanted = [one(7, A=3, B=5, C=9, D=2), one(4, A=3, B=5, C=9, D=2)]

    assert shared(wanted, *places, split=True) == shared(wanted, *reversed(places), split=True)


# What is promised.


def test_the_promise_is_from_the_first_working_instant_to_ship_by_and_transit() -> None:
    routing = shared(one(1, A=1), place("A"), to=TORONTO)

    promise = routing.promise
    assert (promise.earliest_ship, promise.latest_ship) == (WEDNESDAY, local("2026-03-06 17:00"))
    assert promise.earliest_delivery == WEDNESDAY + timedelta(days=5)
    assert promise.latest_delivery == local("2026-03-06 17:00") + timedelta(days=9)
    assert promise.ship_from == "A"


def test_the_listings_lead_time_counts_where_the_location_has_none_of_its_own() -> None:
    wanted = Wanted("A", 1, {"A": 1}, {"A": Duration(1, "Days")})

    assert shared(wanted, place("A")).promise.latest_ship == local("2026-03-05 17:00")
    own = place("A", handling=Duration(0, "Days"))
    assert shared(wanted, own).promise.latest_ship == local("2026-03-04 17:00")


def test_the_promise_of_several_lines_covers_all_of_them() -> None:
    lines = [one(1, A=1), Wanted("B", 1, {"B": 1})]
    near, far = place("A", handling=Duration(0, "Days")), place("B", BERLIN, handling=Duration(3, "Days"))

    promise = shared(lines, near, far).promise

    assert promise.latest_ship == local("2026-03-09 17:00")
    assert promise.latest_delivery == local("2026-03-09 17:00") + timedelta(days=20)
    assert promise.earliest_delivery == WEDNESDAY + timedelta(days=2)
    assert promise.ship_from == "A"


@pytest.mark.parametrize(
    ("origin", "destination", "scope", "far"),
    [
        (SEATTLE, Address("US", "wa", "981 99"), "state", SAME_POSTAL_PREFIX),
        (SEATTLE, TACOMA, "state", SAME_STATE),
        (SEATTLE, NEW_YORK, "country", SAME_COUNTRY),
        (SEATTLE, Address("US"), "country", SAME_COUNTRY),
        (Address("US"), Address("US"), "country", SAME_COUNTRY),
        (SEATTLE, TORONTO, "region", FARTHER),
        (SEATTLE, Address("FR", "WA", "98101"), "world", FARTHER),
        (Address("AQ"), Address("BV"), "world", FARTHER),
    ],
)
def test_how_far_it_is(origin: Address, destination: Address, scope: str, far: int) -> None:
    assert (scope_of(origin, destination), distance(origin, destination)) == (scope, far)


def test_the_tables_have_a_row_for_every_distance_and_every_ship_option() -> None:
    ship_options = set(get_args(get_type_hints(PlaceOrder)["ship_option"]))
    assert set(TRANSIT_DAYS) == set(COSTS) == {"state", "country", "region", "world"}
    for scope in TRANSIT_DAYS:
        assert set(TRANSIT_DAYS[scope]) == set(COSTS[scope]) == ship_options
        assert all(least <= most for least, most in TRANSIT_DAYS[scope].values())
