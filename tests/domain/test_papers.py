"""What the papers count, and what may follow what in the life of a shipment."""

from __future__ import annotations

from entrepot.domain.papers import SHIPMENT_STATES, OrderItem, Removal, ShipmentItem, Transfer

FINAL = {"CLOSED", "CANCELLED", "DELETED"}


def test_a_shipment_ends_in_exactly_three_ways() -> None:
    assert {state for state, after in SHIPMENT_STATES.items() if not after} == FINAL


def test_every_state_of_a_shipment_is_reached_from_working_and_leads_to_an_end() -> None:
    reached: set[str] = set()
    todo = ["WORKING"]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += SHIPMENT_STATES[state]

    assert reached == set(SHIPMENT_STATES)
    assert all("CLOSED" in after for state, after in SHIPMENT_STATES.items() if state not in FINAL | {"WORKING"})


def test_only_a_working_shipment_is_deleted_and_none_is_cancelled_once_receiving_began() -> None:
    assert [state for state, after in SHIPMENT_STATES.items() if "DELETED" in after] == ["WORKING"]
    assert "CANCELLED" not in SHIPMENT_STATES["RECEIVING"]


def test_papers_say_what_is_left_of_them() -> None:
    item = OrderItem("1", "o", "a", "X1", ordered=10, cancelled=1, shipped=6, returned=2, lost=1)
    transfer = Transfer("t", "X1", "a", "PHX6", "YYZ4", None, sent=10, arrived=1, lost=2, sold=3)
    removal = Removal("r", "X1", "a", "SELLABLE", "RETURN", requested=10, cancelled=1, shipped=2, disposed=3)
    shipped = ShipmentItem("s", "X1", "a", announced=10, received=4, cancelled=1, lost=2)

    assert (item.reserved, item.with_customer) == (3, 3)
    assert transfer.on_the_way == 4
    assert removal.remaining == 4
    assert shipped.remaining == 3
