"""Refunds: in the order of checks of D-24, never more than was paid, and never a unit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain import commands as c
from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.domain.mfn.orders import REFUND_REASONS
from entrepot.domain.money import decimal, minor_units
from entrepot.domain.papers import OrderItem
from entrepot.domain.world import World
from tests.domain.mfn.worlds import JP, US, do, events, new_world, only_item, stock


def sold(marketplace: str = US, price: str = "10", quantity: int = 2) -> tuple[World, OrderItem]:
    """An order that is paid for."""
    world = new_world((marketplace,))
    stock(world, "A", {"DEFAULT": 9})
    order = str(do(world, c.PlaceOrder(lines=(c.OrderLine("A", quantity, price),), channel="MFN"))["order"])
    do(world, c.VerifyPayment(order))
    return world, only_item(world, order)


def refund(world: World, item: OrderItem, amount: str, **more: Any) -> dict[str, Any]:
    return do(world, c.Refund(**{"order_item": item.order_item_id, "amount": amount, **more}))


def test_money_goes_back_and_no_unit_moves() -> None:
    world, item = sold()
    balances = dict(world.book.balances)

    answer = refund(world, item, "12.50", reason="CustomerReturn", message="sorry")

    assert answer == {
        "order": item.order_id, "order_item": item.order_item_id, "amount": "12.50", "refunded": "12.50",
        "currency": "USD", "message": "sorry",
    }  # fmt: skip
    assert item.refunded == 1250
    assert events(world) == ["M12"]
    assert (world.book.entries[-1].lines, world.book.entries[-1].reason) == ([], "CustomerReturn")
    assert world.book.balances == balances


def test_no_more_goes_back_than_was_paid_however_often_it_is_tried() -> None:
    world, item = sold()

    refund(world, item, "15")
    with pytest.raises(NotAllowed, match=r"5.00 USD of what was paid for it are left"):
        refund(world, item, "5.01")
    refund(world, item, "5")
    with pytest.raises(NotAllowed, match=r"0.00 USD"):
        refund(world, item, "0.01")

    assert item.refunded == 2000


def test_what_was_refunded_stays_within_what_was_paid_when_units_are_cancelled_afterwards() -> None:
    world, item = sold()
    refund(world, item, "15")

    do(world, c.CancelOrder(item.order_id, quantity=1))

    assert item.refunded <= item.price * item.ordered


def test_an_order_that_was_not_paid_or_is_cancelled_gets_nothing_back() -> None:
    world, item = sold()
    pending = str(do(world, c.PlaceOrder("A", 1, channel="MFN"))["order"])
    do(world, c.CancelOrder(item.order_id))

    for wrong in (item, only_item(world, pending)):
        with pytest.raises(NotAllowed, match="has not been paid for"):
            refund(world, wrong, "1")


@pytest.mark.parametrize(
    "amount", ["", "0", "0.00", "-1", "1.001", "1,50", "1e3", "NaN", "١", "9" * 30, "1.", ".5", " "]
)
def test_an_amount_that_is_none_is_invalid(amount: str) -> None:
    world, item = sold()

    with pytest.raises(Invalid) as refused:
        refund(world, item, amount)

    assert refused.value.field == "amount"
    assert item.refunded == 0


def test_a_currency_without_minor_units_has_whole_amounts() -> None:
    world, item = sold(JP, "1200", 1)

    with pytest.raises(Invalid):
        refund(world, item, "10.5")
    assert refund(world, item, "1200")["refunded"] == "1200"


def test_the_first_fault_is_named() -> None:
    world, item = sold()
    do(world, c.PlaceOrder("A", 1, channel="MFN", order="other"))

    with pytest.raises(NotFound, match="order item"):
        refund(world, item, "-1", order="other")
    with pytest.raises(Invalid, match="amount"):
        refund(world, item, "-1", reason="Because")
    with pytest.raises(Invalid, match="Because"):
        refund(world, item, "999", reason="Because")
    with pytest.raises(NotAllowed):
        refund(world, item, "999")


@pytest.mark.parametrize("reason", REFUND_REASONS)
def test_every_reason_of_the_specification_is_taken(reason: str) -> None:
    world, item = sold()

    refund(world, item, "1", reason=reason)

    assert item.refunded == 100


def test_a_message_that_cannot_be_kept_is_refused() -> None:
    world, item = sold()

    for message in ("\0", "\ud800", "m" * 1001):
        with pytest.raises(Invalid):
            refund(world, item, "1", message=message)
    assert item.refunded == 0


@given(st.integers(0, 10**12), st.sampled_from(["USD", "EUR", "JPY"]))
def test_an_amount_survives_writing_and_reading(amount: int, currency: str) -> None:
    assert minor_units(decimal(amount, currency), currency, "amount") == amount


def test_zeros_beyond_the_minor_unit_are_not_too_precise() -> None:
    assert minor_units("12.5000", "USD", "amount") == 1250
    assert minor_units("12.0", "JPY", "amount") == 12
