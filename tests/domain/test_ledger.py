"""The book: it moves what is there, refuses what is not, and forgets a refused command as a whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.accounts import Account, Key
from entrepot.domain.errors import Invalid, Shortage
from entrepot.domain.ledger import QUANTITY_MAX, Book

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ITEM = "X000000001"
SUPPLIER = Key(ITEM, Account.X_SUPPLIER)
SHELF = Key(ITEM, Account.FC_AVAIL, "PHX6", "SELLABLE")
OTHER_SHELF = Key(ITEM, Account.FC_AVAIL, "YYZ4", "SELLABLE")
LOST = Key(ITEM, Account.X_LOST, detail="FC")


def stocked(units: int) -> Book:
    book = Book({}, NOW)
    book.begin()
    book.post(book.entry("F90"), units, SUPPLIER, SHELF)
    book.begin()
    return book


def test_a_posting_has_a_giving_then_a_receiving_line_of_equal_units() -> None:
    book = Book({}, NOW)
    entry = book.entry("F90", kind="sku", ref="A")

    book.post(entry, 5, SUPPLIER, SHELF)

    assert [(line.key, line.delta) for line in entry.lines] == [(SUPPLIER, -5), (SHELF, 5)]
    assert book.balances == {SUPPLIER: -5, SHELF: 5}
    assert (entry.event, entry.effective_at, entry.reference_kind, entry.reference) == ("F90", NOW, "sku", "A")


@pytest.mark.parametrize("quantity", [0, -1, QUANTITY_MAX + 1, 10**30])
def test_a_quantity_out_of_bounds_is_invalid_and_moves_nothing(quantity: int) -> None:
    book = stocked(5)

    with pytest.raises(Invalid) as refused:
        book.post(book.entry("F53"), quantity, SHELF, LOST)
    with pytest.raises(Invalid):
        list(book.take(quantity, [SHELF], "units"))

    assert refused.value.field == "quantity"
    assert book.balances == {SUPPLIER: -5, SHELF: 5}


def test_stock_gives_its_last_unit_and_not_one_more() -> None:
    book = stocked(5)
    entry = book.entry("F53")

    book.post(entry, 5, SHELF, LOST)
    with pytest.raises(Shortage) as refused:
        book.post(entry, 1, SHELF, LOST)

    assert (refused.value.wanted, refused.value.available) == (1, 0)
    assert book.balances[SHELF] == 0


def test_what_lies_outside_gives_no_more_than_it_received_unless_it_may_owe() -> None:
    book = stocked(5)
    book.post(book.entry("F53"), 2, SHELF, LOST)

    with pytest.raises(Shortage):
        book.post(book.entry("F54"), 3, LOST, SHELF)
    book.post(book.entry("F90"), 3, SUPPLIER, SHELF)

    assert book.balances == {SUPPLIER: -8, SHELF: 6, LOST: 2}


def test_a_move_that_its_event_does_not_know_cannot_be_posted() -> None:
    book = stocked(5)

    with pytest.raises(ValueError, match="F53 does not move FC_AVAIL to X_SUPPLIER"):
        book.post(book.entry("F53"), 1, SHELF, SUPPLIER)


def test_no_balance_goes_beyond_the_bound() -> None:
    book = stocked(QUANTITY_MAX)

    with pytest.raises(Invalid):
        book.post(book.entry("F80"), 1, Key(ITEM, Account.X_CORRECTION, detail="SOFTWARE"), SHELF)

    book.rollback()
    assert book.balances[SHELF] == QUANTITY_MAX


def test_a_rolled_back_command_leaves_balances_and_entries_as_they_were() -> None:
    book = stocked(5)
    before = dict(book.balances)
    book.post(book.entry("F53"), 2, SHELF, LOST)
    book.post(book.entry("F90"), 7, SUPPLIER, OTHER_SHELF)

    book.rollback()

    assert {key: units for key, units in book.balances.items() if units} == before
    assert [entry.event for entry in book.entries] == ["F90"]


def test_taking_empties_the_balances_in_their_order() -> None:
    book = Book({SHELF: 3, OTHER_SHELF: 4}, NOW)

    taken = list(book.take(5, [SHELF, OTHER_SHELF], "units"))

    assert taken == [(SHELF, 3), (OTHER_SHELF, 2)]


def test_a_shortage_over_several_balances_says_what_was_wanted_and_what_is_there() -> None:
    book = Book({SHELF: 3, OTHER_SHELF: 4}, NOW)

    with pytest.raises(Shortage) as refused:
        book.move(book.entry("F53"), 8, [SHELF, OTHER_SHELF], lambda key: LOST, "SKU 'A'")

    assert (refused.value.what, refused.value.wanted, refused.value.available) == ("SKU 'A'", 8, 7)
    assert book.balances == {SHELF: 3, OTHER_SHELF: 4}


def test_the_oldest_units_come_first_then_the_order_of_places() -> None:
    def shelf(place: str, hours: int) -> Key:
        return Key(ITEM, Account.FC_AVAIL, place, "SELLABLE", at=NOW + timedelta(hours=hours))

    keys = [shelf("ABE2", 2), shelf("ABE2", 1), OTHER_SHELF, SHELF, Key("X2", Account.FC_AVAIL, "ABE2", "SELLABLE")]
    book = Book(dict.fromkeys(keys, 1) | {shelf("YVR2", 0): 0}, NOW)

    found = book.holding(ITEM, Account.FC_AVAIL)

    assert found == [SHELF, OTHER_SHELF, shelf("ABE2", 1), shelf("ABE2", 2)]


@given(
    st.lists(st.tuples(st.sampled_from(["F90", "F53", "F54", "F50"]), st.integers(-2, 9)), max_size=30),
)
def test_whatever_is_posted_every_entry_and_every_item_sum_to_zero_and_stock_is_not_negative(
    attempts: list[tuple[str, int]],
) -> None:
    research = Key(ITEM, Account.FC_RESEARCH, "PHX6", "SELLABLE", "MISPLACED", at=NOW)
    moves = {"F90": (SUPPLIER, SHELF), "F53": (SHELF, LOST), "F54": (LOST, SHELF), "F50": (SHELF, research)}
    book = Book({}, NOW)

    for event, quantity in attempts:
        book.begin()
        try:
            book.post(book.entry(event), quantity, *moves[event])
        except (Shortage, Invalid):
            book.rollback()

    lines = [line for entry in book.entries for line in entry.lines]
    assert all(sum(line.delta for line in entry.lines) == 0 for entry in book.entries)
    assert sum(book.balances.values()) == 0
    assert all(units >= 0 for key, units in book.balances.items() if key != SUPPLIER)
    assert all(sum(x.delta for x in lines if x.key == key) == units for key, units in book.balances.items())
