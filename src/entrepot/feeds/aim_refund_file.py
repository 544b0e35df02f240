"""AIM's batch refund file: a row gives money back for an item of an order, and is named in the report as it was sent.

What a row says by itself is checked here, in the order of the rules; whether there is such an order, and what was paid,
the ledger knows. Sources: AIM reference §10 (columns); domain specification §4.3, D-24 (rules).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from entrepot.domain.errors import Invalid
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn.orders import MESSAGE_LENGTH_MAX, REFUND_REASONS
from entrepot.domain.money import decimal, minor_units
from entrepot.feeds import sheet
from entrepot.feeds.findings import HEADER_MISSING, XML_FATAL, FeedUnreadable
from entrepot.wire import tsv

# In this order. The second holds the order item's id.
COLUMNS: Final = ("order-id", "payments-transaction-id", "refund-amount", "reason", "message")
ROWS_MAX: Final = 200_000


@dataclass(frozen=True, slots=True)
class RefundRow:
    """One row. amount: in minor units of the marketplace's currency.

    The problems are what is wrong with it by D-24, or empty: shape (rule 1: five columns; nothing else is known then),
    amount (5), reason (6), repeat (8: an earlier row of this file says the same). Between rules 1 and 5 come those
    about the order, before 8 the one about what was paid.
    """

    number: int
    line: str
    order_id: str = ""
    order_item_id: str = ""
    amount_text: str = ""
    amount: int | None = None
    reason: str = ""
    message: str = ""
    shape_problem: str = ""
    amount_problem: str = ""
    reason_problem: str = ""
    repeat_problem: str = ""

    @property
    def first_problem(self) -> str:
        """Of those that the row has by itself; empty: none."""
        return self.shape_problem or self.amount_problem or self.reason_problem or self.repeat_problem


def read(content: bytes, marketplace: Marketplace) -> list[RefundRow]:
    """The rows, without blank ones. FeedUnreadable: the header is not the right one, or it is no text."""
    lines = _lines(content, marketplace.code)
    seen: dict[tuple[object, ...], int] = {}
    return [_row(number, line, marketplace, seen) for number, line in enumerate(lines, 1) if line.strip()]


def recognisable(content: bytes) -> bool:
    """Whether `read` reads it, in whatever encoding: a file that was taken is always answered by a report."""
    try:
        return _lines(content, "US") is not None
    except FeedUnreadable:
        return False


def _lines(content: bytes, code: str) -> list[str]:
    """The lines below the header."""
    text = sheet.text(content, code)
    if text.count("\n") + text.count("\r") > 2 * ROWS_MAX + 2:
        raise FeedUnreadable(XML_FATAL, f"The file has more than {ROWS_MAX} rows.")
    header, *lines = tsv.lines(text) or [""]
    if _names(header) != COLUMNS:
        raise FeedUnreadable(HEADER_MISSING, f"The header row must be: {', '.join(COLUMNS)}.")
    if len(lines) > ROWS_MAX:
        raise FeedUnreadable(XML_FATAL, f"The file has more than {ROWS_MAX} rows.")
    return lines


def _names(header: str) -> tuple[str, ...]:
    return tuple(tsv.column_name(cell) for cell in header.split("\t"))


def _row(number: int, line: str, marketplace: Marketplace, seen: dict[tuple[object, ...], int]) -> RefundRow:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) != len(COLUMNS):
        return RefundRow(number, line, shape_problem=f"The row has {len(cells)} columns, not {len(COLUMNS)}")
    order_id, item_id, amount_text, reason, message = cells
    amount, amount_problem = _amount(amount_text, marketplace)
    key = (item_id, amount_text if amount is None else amount, reason, message)
    first = seen.setdefault(key, number)
    return RefundRow(
        number,
        line,
        order_id,
        item_id,
        amount_text,
        amount,
        reason,
        message,
        amount_problem=amount_problem,
        reason_problem=_reason_problem(reason, message),
        repeat_problem="" if first == number else f"The row says the same as row {first} of this file",
    )


def _amount(text: str, marketplace: Marketplace) -> tuple[int | None, str]:
    if marketplace.code in sheet.COMMA_CODES:
        text = text.replace(",", ".", 1)
    currency = marketplace.currency
    try:
        amount = minor_units(text, currency, "refund-amount")
    except Invalid as problem:
        return None, problem.message
    return (amount, "") if amount else (None, f"'refund-amount' must be more than {decimal(0, currency)}")


def _reason_problem(reason: str, message: str) -> str:
    if reason not in REFUND_REASONS:
        return f"'{reason[:40]}' is not one of the reasons {', '.join(REFUND_REASONS)}"
    if len(message) > MESSAGE_LENGTH_MAX:
        return f"'message' has at most {MESSAGE_LENGTH_MAX} characters"
    return ""
