"""The chart of accounts: what a balance may be called, and what kind of place each account is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from entrepot.domain.accounts import (
    ACCOUNTS,
    BUILDING_ACCOUNTS,
    KEPT_ACCOUNTS,
    MERCHANT_ACCOUNTS,
    WAREHOUSE_ACCOUNTS,
    Account,
    Disposition,
    Key,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SELLABLE = Disposition.SELLABLE


def test_every_account_has_its_traits() -> None:
    assert set(ACCOUNTS) == set(Account)


def test_an_account_is_outside_exactly_when_its_name_says_so() -> None:
    assert {a for a, traits in ACCOUNTS.items() if traits.outside} == {a for a in Account if a.startswith("X_")}


def test_only_the_supplier_the_sellers_counting_and_corrections_may_owe() -> None:
    owing = {account for account, traits in ACCOUNTS.items() if traits.may_owe}

    assert owing == {Account.X_SUPPLIER, Account.X_SELLER, Account.X_CORRECTION}
    assert set(KEPT_ACCOUNTS) == set(Account) - owing


def test_stock_is_the_sellers_own_inbound_or_in_a_building() -> None:
    inbound = {Account.IN_WORKING, Account.IN_SHIPPED, Account.IN_RECEIVING}
    outside = {account for account, traits in ACCOUNTS.items() if traits.outside}

    assert set(WAREHOUSE_ACCOUNTS) == inbound | set(BUILDING_ACCOUNTS)
    assert not inbound & set(BUILDING_ACCOUNTS)
    assert set(Account) == outside | set(WAREHOUSE_ACCOUNTS) | set(MERCHANT_ACCOUNTS)
    assert not set(WAREHOUSE_ACCOUNTS) & set(MERCHANT_ACCOUNTS)


def test_the_sellers_own_stock_is_that_of_the_accounts_with_m() -> None:
    assert set(MERCHANT_ACCOUNTS) == {account for account in Account if account.startswith("M_")}
    assert all("place" in ACCOUNTS[account].parts for account in MERCHANT_ACCOUNTS)


def test_only_units_in_processing_keep_any_disposition() -> None:
    bad = set(Disposition) - {SELLABLE}

    assert set(ACCOUNTS[Account.FC_PROC].dispositions) == set(Disposition)
    assert set(ACCOUNTS[Account.FC_UNS].dispositions) == bad
    for account in (Account.FC_AVAIL, Account.FC_ORDER, Account.FC_XFER, Account.FC_RESEARCH):
        assert ACCOUNTS[account].dispositions == (SELLABLE,)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"account": Account.FC_AVAIL, "disposition": "DEFECTIVE"}, id="free stock that is defective"),
        pytest.param({"account": Account.FC_AVAIL}, id="stock without a disposition"),
        pytest.param({"account": Account.FC_UNS, "disposition": "SELLABLE"}, id="unsellable stock that is sellable"),
        pytest.param({"account": Account.FC_XFER, "disposition": "EXPIRED"}, id="a transfer of expired units"),
        pytest.param({"account": Account.X_LOST, "disposition": "SELLABLE"}, id="a disposition outside"),
        pytest.param({"account": Account.X_SUPPLIER, "place": "PHX6"}, id="a centre outside"),
        pytest.param({"account": Account.X_SUPPLIER, "ref": "R1"}, id="a reference of the supplier"),
        pytest.param({"account": Account.IN_WORKING, "at": NOW}, id="an eta before it was shipped"),
        pytest.param(
            {"account": Account.FC_AVAIL, "disposition": "SELLABLE", "detail": "HOLD"}, id="a reason to be free"
        ),
        pytest.param({"account": Account.FC_UNS, "disposition": "EXPIRED", "at": NOW}, id="an age of bad units"),
        pytest.param({"account": Account.M_AVAIL, "disposition": "SELLABLE"}, id="a disposition at the seller"),
        pytest.param({"account": Account.M_AVAIL, "ref": "O1"}, id="an order of what is for sale"),
        pytest.param({"account": Account.X_SELLER, "place": "DEFAULT"}, id="a location that counts"),
    ],
)
def test_a_balance_that_makes_no_sense_has_no_key(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"has no|cannot be"):
        Key("X000000001", **wrong)  # type: ignore[arg-type]


def test_keys_of_the_same_balance_are_equal_even_when_their_words_come_as_text() -> None:
    assert Key("X1", Account.FC_UNS, "PHX6", "EXPIRED") == Key("X1", Account.FC_UNS, "PHX6", Disposition.EXPIRED)
