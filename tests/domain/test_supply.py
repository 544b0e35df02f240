"""Supply: what counts, when it can be picked, and how it is told row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.accounts import ACCOUNTS, Account, Key
from entrepot.domain.fba.supply import (
    NO_SUPPLY,
    SUPPLY_TYPES,
    Moment,
    Portion,
    Supply,
    SupplyRow,
    SupplyType,
    Timepoint,
    on_the_shelf,
    supply,
)
from entrepot.domain.quantities import NUMBERS, POSITION_COLUMNS, Position, number

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
AVAIL, TRANSFER, SHIPPED, RECEIVING = Account.FC_AVAIL, Account.FC_XFER, Account.IN_SHIPPED, Account.IN_RECEIVING
IN_STOCK, INBOUND, MOVING = SupplyType.IN_STOCK, SupplyType.INBOUND, SupplyType.TRANSFER
IMMEDIATELY, UNKNOWN = Moment.IMMEDIATELY, Moment.UNKNOWN


def of(*portions: tuple[Account, datetime | None, int]) -> Supply:
    return supply([Portion(*portion) for portion in portions], NOW)


def told(found: Supply) -> list[tuple[int, SupplyType, Timepoint]]:
    assert all(row.earliest == row.latest for row in found.rows)
    return [(row.quantity, row.type, row.earliest) for row in found.rows]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_what_is_free_on_the_way_or_between_centres_is_supply_and_nothing_else(account: Account) -> None:
    found = of((account, None, 5))

    assert (found.total > 0) == (account.value in {"FC_AVAIL", "FC_XFER", "IN_SHIPPED", "IN_RECEIVING"})
    assert (found.in_stock > 0) == (account is AVAIL)


def test_the_numbers_that_are_explained_count_the_accounts_that_are_supply() -> None:
    in_stock = {account for account, supply_type in SUPPLY_TYPES.items() if supply_type is IN_STOCK}

    assert {part.account for part in NUMBERS["total_supply"]} == set(SUPPLY_TYPES)
    assert {part.account for part in NUMBERS["in_stock_supply"]} == in_stock


def test_nothing_is_no_supply_and_never_available() -> None:
    assert of() == of((AVAIL, None, 0), (SHIPPED, NOW + HOUR, 0), (Account.FC_ORDER, None, 3)) == NO_SUPPLY
    assert NO_SUPPLY.earliest is None


def test_units_being_put_away_are_in_stock_from_a_later_time_on() -> None:
    found = of((AVAIL, None, 5), (AVAIL, NOW + 12 * HOUR, 13))

    assert told(found) == [(5, IN_STOCK, IMMEDIATELY), (13, IN_STOCK, NOW + 12 * HOUR)]
    assert (found.total, found.in_stock, found.earliest) == (18, 18, IMMEDIATELY)


@pytest.mark.parametrize("late", [timedelta(0), HOUR])
def test_units_whose_put_away_is_due_can_be_picked(late: timedelta) -> None:
    assert told(of((AVAIL, NOW - late, 2), (AVAIL, None, 1))) == [(3, IN_STOCK, IMMEDIATELY)]


@pytest.mark.parametrize(("account", "supply_type"), [(SHIPPED, INBOUND), (RECEIVING, INBOUND), (TRANSFER, MOVING)])
@pytest.mark.parametrize(
    ("eta", "shown"), [(NOW + HOUR, NOW + HOUR), (NOW, UNKNOWN), (NOW - HOUR, UNKNOWN), (None, UNKNOWN)]
)
def test_what_is_on_its_way_is_expected_at_its_time_and_unknown_when_late(
    account: Account, supply_type: SupplyType, eta: datetime | None, shown: Timepoint
) -> None:
    found = of((account, eta, 4))

    assert told(found) == [(4, supply_type, shown)]
    assert (found.total, found.in_stock, found.earliest) == (4, 0, shown)


def test_one_kind_at_one_time_is_one_row_and_rows_go_by_kind_and_time() -> None:
    found = of(
        (TRANSFER, None, 1),
        (TRANSFER, NOW + 2 * HOUR, 2),
        (TRANSFER, NOW - HOUR, 4),
        (SHIPPED, NOW + 3 * HOUR, 8),
        (RECEIVING, NOW + 3 * HOUR, 16),
        (SHIPPED, NOW + HOUR, 32),
        (AVAIL, NOW + HOUR, 64),
        (AVAIL, None, 128),
    )

    assert told(found) == [
        (128, IN_STOCK, IMMEDIATELY),
        (64, IN_STOCK, NOW + HOUR),
        (32, INBOUND, NOW + HOUR),
        (24, INBOUND, NOW + 3 * HOUR),
        (2, MOVING, NOW + 2 * HOUR),
        (5, MOVING, UNKNOWN),
    ]


@pytest.mark.parametrize(
    ("portions", "earliest"),
    [
        ([(AVAIL, None, 1), (SHIPPED, NOW + HOUR, 1)], IMMEDIATELY),
        ([(AVAIL, NOW + 3 * HOUR, 1), (TRANSFER, NOW + HOUR, 1)], NOW + HOUR),
        ([(SHIPPED, None, 1), (AVAIL, NOW + 3 * HOUR, 1)], NOW + 3 * HOUR),
        ([(SHIPPED, None, 14), (TRANSFER, NOW - HOUR, 1)], UNKNOWN),
    ],
)
def test_the_earliest_is_now_then_the_first_date_known_then_unknown(
    portions: list[tuple[Account, datetime | None, int]], earliest: Timepoint
) -> None:
    assert of(*portions).earliest == earliest


def test_what_is_taken_back_leaves_no_row_behind() -> None:
    found = of((AVAIL, None, 7), (SHIPPED, NOW + HOUR, 5), (AVAIL, None, -3), (SHIPPED, NOW + HOUR, -5))

    assert found == Supply(4, 4, IMMEDIATELY, (SupplyRow(4, IN_STOCK, IMMEDIATELY, IMMEDIATELY),))


@given(st.integers(0, 10**6))
def test_units_on_the_shelf_are_told_the_short_way_as_the_long(units: int) -> None:
    assert on_the_shelf(units) == of((AVAIL, None, units))


BALANCES = [
    Key("X000000001", account, disposition=disposition, at=at)
    for account, traits in ACCOUNTS.items()
    if not traits.outside and not traits.merchant
    for disposition in traits.dispositions or ("",)
    for at in ([NOW - HOUR, NOW, NOW + HOUR, NOW + 30 * HOUR, None] if "at" in traits.parts else [None])
]


@given(st.dictionaries(st.sampled_from(BALANCES), st.integers(0, 999_999_999)))
def test_of_any_balances_supply_says_what_the_quantities_say(balances: dict[Key, int]) -> None:
    """Invariants 14, 15, 16 and 17."""
    states = dict.fromkeys(Position.__dataclass_fields__, 0)
    for key, units in balances.items():
        states[POSITION_COLUMNS[key.account, key.disposition]] += units
    position = Position(**states)

    found = supply([Portion(key.account, key.at, units) for key, units in balances.items()], NOW)

    assert found.in_stock == position.available == number("in_stock_supply", balances.items(), NOW)
    assert found.total == number("total_supply", balances.items(), NOW)
    assert found.total == position.available + position.in_transfer + position.shipped + position.receiving
    assert 0 <= found.in_stock <= found.total <= position.total
    others = position.working + position.ordered + position.processing + position.unfulfillable
    assert position.total - found.total == others
    assert_rows_add_up(found, position)
    assert_earliest_is_right(found)


def assert_rows_add_up(found: Supply, position: Position) -> None:
    sums = {supply_type: sum(r.quantity for r in found.rows if r.type is supply_type) for supply_type in SupplyType}
    assert sums == {
        IN_STOCK: found.in_stock,
        MOVING: position.in_transfer,
        INBOUND: position.shipped + position.receiving,
    }
    assert all(row.quantity > 0 and row.earliest == row.latest for row in found.rows)
    assert len({(row.type, row.earliest) for row in found.rows}) == len(found.rows)


def assert_earliest_is_right(found: Supply) -> None:
    shown = {row.earliest for row in found.rows}
    dates = [timepoint for timepoint in shown if isinstance(timepoint, datetime)]
    assert (found.earliest is None) == (found.total == 0)
    assert all(date > NOW for date in dates)
    if found.earliest is IMMEDIATELY:
        assert found.in_stock > 0
    elif found.earliest is UNKNOWN:
        assert not dates
    elif found.earliest is not None:
        assert found.earliest == min(dates)
        assert IMMEDIATELY not in shown
