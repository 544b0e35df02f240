"""The arithmetic of every number: which balances count, and how old research is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.accounts import ACCOUNTS, WAREHOUSE_ACCOUNTS, Account, Disposition, Key
from entrepot.domain.quantities import (
    MERCHANT_NUMBERS,
    NUMBERS,
    POSITION_COLUMNS,
    RESEARCH_DAYS,
    Position,
    number,
    research_day,
)

OPENED = datetime(2026, 3, 1, 12, tzinfo=UTC)
ITEM = "X000000001"
DAY, INSTANT = timedelta(days=1), timedelta(milliseconds=1)
BANDS = ("researching_in_short_term", "researching_in_mid_term", "researching_in_long_term")

# The published formulas, number by number, over one unit in each balance that there can be.
FORMULAS = {
    "fulfillable": {"FC_AVAIL"},
    "inbound_working": {"IN_WORKING"},
    "inbound_shipped": {"IN_SHIPPED"},
    "inbound_receiving": {"IN_RECEIVING"},
    "pending_customer_order": {"FC_ORDER"},
    "pending_transshipment": {"FC_XFER"},
    "fc_processing": {"FC_PROC"},
    "total_reserved": {"FC_ORDER", "FC_XFER", "FC_PROC"},
    "total_researching": {"FC_RESEARCH"},
    "researching_in_short_term": {"FC_RESEARCH"},
    "researching_in_mid_term": set(),
    "researching_in_long_term": set(),
    "total_unfulfillable": {"FC_UNS"},
    "total": {
        "FC_AVAIL", "FC_ORDER", "FC_XFER", "FC_PROC", "FC_UNS", "IN_WORKING", "IN_SHIPPED", "IN_RECEIVING",
    },
    "in_stock_supply": {"FC_AVAIL"},
    "total_supply": {"FC_AVAIL", "FC_XFER", "IN_SHIPPED", "IN_RECEIVING"},
}  # fmt: skip
BAD = {"customer_damaged", "warehouse_damaged", "distributor_damaged", "carrier_damaged", "defective", "expired"}


def every_balance() -> list[Key]:
    return [
        Key(ITEM, account, disposition=disposition, at=OPENED if account is Account.FC_RESEARCH else None)
        for account, traits in ACCOUNTS.items()
        for disposition in traits.dispositions or ("",)
    ]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_number_counts_the_accounts_of_its_formula(name: str) -> None:
    counted = {key.account.value for key in every_balance() if number(name, [(key, 1)], OPENED)}

    assert counted == FORMULAS[name]


@pytest.mark.parametrize("name", sorted(BAD))
def test_an_unsellable_number_counts_its_disposition_only(name: str) -> None:
    counted = [key for key in every_balance() if number(name, [(key, 1)], OPENED)]

    assert [(key.account, key.disposition) for key in counted] == [(Account.FC_UNS, Disposition(name.upper()))]


def test_there_is_no_number_without_a_formula() -> None:
    assert set(NUMBERS) == set(FORMULAS) | BAD


def test_numbers_add_units_up() -> None:
    balances = [(key, units) for units, key in enumerate(every_balance(), 1)]

    assert number("total_reserved", balances, OPENED) == sum(
        units for key, units in balances if key.account in (Account.FC_ORDER, Account.FC_XFER, Account.FC_PROC)
    )


@pytest.mark.parametrize(
    ("age", "day"),
    [
        (timedelta(0), 1),
        (DAY - INSTANT, 1),
        (DAY, 2),
        (10 * DAY - INSTANT, 10),
        (10 * DAY, 11),
        (20 * DAY - INSTANT, 20),
        (20 * DAY, 21),
        (60 * DAY - INSTANT, 60),
        (60 * DAY, 61),
        (-DAY, 1),
    ],
)
def test_the_days_of_research_are_counted_from_one(age: timedelta, day: int) -> None:
    assert research_day(OPENED, OPENED + age) == day


@pytest.mark.parametrize(
    ("day", "band"), [(1, 0), (10, 0), (11, 1), (20, 1), (21, 2), (RESEARCH_DAYS, 2), (RESEARCH_DAYS + 1, 2)]
)
def test_research_is_short_to_day_10_mid_to_day_20_and_long_from_day_21(day: int, band: int) -> None:
    key = Key(ITEM, Account.FC_RESEARCH, disposition="SELLABLE", detail="MISPLACED", at=OPENED)
    moment = OPENED + (day - 1) * DAY

    found = [number(name, [(key, 7)], moment) for name in BANDS]

    assert found == [7 if band == at else 0 for at in range(3)]


@given(st.lists(st.integers(0, 10**6), min_size=14, max_size=14))
def test_a_position_adds_up_as_the_balances_in_its_states_do(units: list[int]) -> None:
    states = dict(zip(Position.__dataclass_fields__, units, strict=True))
    balances = []
    for key in every_balance():
        state = POSITION_COLUMNS.get((key.account, key.disposition))
        if state and not (key.account is Account.FC_PROC and key.disposition != "SELLABLE"):
            balances.append((key, states[state]))
    position = Position(**states)

    assert len(balances) == 14
    assert position.reserved == number("total_reserved", balances, OPENED)
    assert position.unfulfillable == number("total_unfulfillable", balances, OPENED)
    assert position.total == number("total", balances, OPENED)
    assert position.available == number("fulfillable", balances, OPENED)
    assert position.total == position.available + position.reserved + position.unfulfillable + sum(units[11:])


def test_every_kind_of_the_warehouses_stock_has_a_state_in_a_position() -> None:
    inside = {(key.account, key.disposition) for key in every_balance() if key.account in WAREHOUSE_ACCOUNTS}

    assert set(POSITION_COLUMNS) == inside


def test_the_numbers_of_the_sellers_own_stock_count_his_accounts() -> None:
    counted = {name: {part.account.value for part in parts} for name, parts in MERCHANT_NUMBERS.items()}

    assert counted == {
        "mfn_available": {"M_AVAIL"},
        "mfn_default": {"M_AVAIL"},
        "mfn_pending": {"M_RES_PENDING"},
        "mfn_unshipped": {"M_RES_UNSHIPPED"},
        "mfn_reserved": {"M_RES_PENDING", "M_RES_UNSHIPPED"},
    }
