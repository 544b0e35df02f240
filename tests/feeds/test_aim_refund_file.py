"""The batch refund file: its header, and what a row says by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.marketplaces import Marketplace, named
from entrepot.domain.mfn.orders import REFUND_REASONS
from entrepot.feeds import aim_refund_file
from entrepot.feeds.aim_refund_file import RefundRow
from entrepot.feeds.findings import HEADER_MISSING, FeedUnreadable

HEADER = "order-id\tpayments-transaction-id\trefund-amount\treason\tmessage\r\n"
ORDER, ITEM = "123-1234567-1234567", "12341234567890"


def place(code: str) -> Marketplace:
    found = named(code)
    assert found is not None
    return found


def read(*rows: str, code: str = "US") -> list[RefundRow]:
    return aim_refund_file.read((HEADER + "".join(f"{row}\r\n" for row in rows)).encode(), place(code))


def row(amount: str = "10.0", reason: str = "CouldNotShip", message: str = "") -> str:
    return f"{ORDER}\t{ITEM}\t{amount}\t{reason}\t{message}"


def test_a_row_names_order_item_amount_reason_and_message() -> None:
    [found] = read(row(message=" Sorry "))

    assert found == RefundRow(1, row(message=" Sorry "), ORDER, ITEM, "10.0", 1000, "CouldNotShip", "Sorry")
    assert found.first_problem == ""


def test_a_header_alone_is_a_valid_file_and_blank_rows_are_none() -> None:
    assert read() == []
    assert [found.number for found in read("", row(), "")] == [2]


def test_names_of_columns_are_read_in_any_case() -> None:
    content = HEADER.upper().replace("-", "_").encode("utf-8-sig")

    assert aim_refund_file.read(content, place("US")) == []
    assert aim_refund_file.recognisable(content)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "\r\n",
        "order-id\tpayments-transaction-id\trefund-amount\treason\r\n",
        "payments-transaction-id\torder-id\trefund-amount\treason\tmessage\r\n",
        "order-id\torder-item-id\trefund-amount\treason\tmessage\r\n",
        "order-id\tpayments-transaction-id\trefund-amount\treason\tmessage\tnote\r\n",
        f"{row()}\r\n",
        f"\r\n{HEADER}",
    ],
)
def test_the_header_must_be_the_five_columns_in_their_order(header: str) -> None:
    with pytest.raises(FeedUnreadable) as refused:
        aim_refund_file.read(f"{header}{row()}\r\n".encode(), place("US"))

    assert refused.value.code == HEADER_MISSING
    assert not aim_refund_file.recognisable(header.encode())


@pytest.mark.parametrize("line", [ORDER, f"{ORDER}\t{ITEM}\t10.0\tCouldNotShip", f"{row()}\tsurplus"])
def test_a_row_has_five_columns(line: str) -> None:
    [found] = read(line)

    assert (found.line, found.order_id, found.amount) == (line, "", None)
    assert "not 5" in found.shape_problem == found.first_problem


@pytest.mark.parametrize(
    ("text", "code", "amount"),
    [("10", "US", 1000), ("10.", "US", None), ("10.5", "US", 1050), ("1000", "JP", 1000), ("10,50", "DE", 1050)],
)
def test_an_amount_is_read_in_the_marketplaces_currency(text: str, code: str, amount: int | None) -> None:
    assert [found.amount for found in read(row(text), code=code)] == [amount]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0", "US"),
        ("0.00", "US"),
        ("-1", "US"),
        ("1.001", "US"),
        ("10.5", "JP"),
        ("10,5", "UK"),
        ("", "US"),
        ("$1", "US"),
    ],
)
def test_an_amount_that_is_none_is_named(text: str, code: str) -> None:
    [found] = read(row(text), code=code)

    assert (found.amount, found.amount_text) == (None, text)
    assert "amount" in found.amount_problem == found.first_problem


def test_reasons_are_those_of_the_list() -> None:
    found = read(*(row(reason=reason) for reason in (*REFUND_REASONS, "Whim")))

    assert [row.reason_problem[:6] for row in found] == [*[""] * len(REFUND_REASONS), "'Whim'"]


def test_the_message_has_a_bound() -> None:
    [found] = read(row(message="m" * 1001))

    assert "1000" in found.reason_problem


def test_a_row_that_says_what_an_earlier_one_said_is_named() -> None:
    found = read(row("10"), row("10.00"), row("10", message="again"), row("11"), row("10"))

    assert [row.repeat_problem for row in found] == [
        "",
        "The row says the same as row 1 of this file",
        "",
        "",
        "The row says the same as row 1 of this file",
    ]


def test_the_first_problem_is_that_of_the_first_rule() -> None:
    _, found = read(row("x", "Whim"), row("x", "Whim"))

    assert found.first_problem == found.amount_problem
    assert "" not in (found.amount_problem, found.reason_problem, found.repeat_problem)


@pytest.mark.parametrize("content", [b"\xff\xfe" + HEADER.encode("utf-16-le") + b"x", (HEADER + "a\r\n" * 9).encode()])
def test_what_the_reader_refuses_the_door_refuses_as_no_report_would_tell_of_it(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aim_refund_file, "ROWS_MAX", 2)

    with pytest.raises(FeedUnreadable):
        aim_refund_file.read(content, place("US"))
    assert not aim_refund_file.recognisable(content)


def test_a_file_has_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aim_refund_file, "ROWS_MAX", 2)

    for rows in (3, 9):
        with pytest.raises(FeedUnreadable, match="more than 2 rows"):
            aim_refund_file.read((HEADER + f"{row()}\n" * rows).replace("\r", "").encode(), place("US"))


@given(
    st.sampled_from([b"", HEADER.encode(), b"\xff\xfe"]), st.binary(max_size=200), st.sampled_from(["US", "JP", "DE"])
)
def test_any_bytes_are_read_or_refused(head: bytes, body: bytes, code: str) -> None:
    try:
        aim_refund_file.read(head + body, place(code))
    except FeedUnreadable:
        return

    assert aim_refund_file.recognisable(head + body)
