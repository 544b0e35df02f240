"""The inventory ledger as sellers read it: which events show in it, as what, for which reason, and in which column.

The ledger knows where units are and in what condition, not whether they may be picked. So a move shows only if it
changes what a centre has of a disposition. Sources: domain specification §1.4 (rows of each event), §2.2 (D-10, D-11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from entrepot.domain.accounts import Account, Disposition

EventType = Literal["Adjustments", "CustomerReturns", "Receipts", "Shipments", "VendorReturns", "WhseTransfers"]
EVENT_TYPES: Final[tuple[EventType, ...]] = (
    "Adjustments", "CustomerReturns", "Receipts", "Shipments", "VendorReturns", "WhseTransfers",
)  # fmt: skip
Side = Literal["gives", "receives"]

# Units of these accounts are in a centre or, where a sold one still has its transfer (`Key.detail`), between two.
IN_CENTRES: Final = (
    Account.FC_AVAIL,
    Account.FC_ORDER,
    Account.FC_PROC,
    Account.FC_RESEARCH,
    Account.FC_UNS,
)
BETWEEN_CENTRES: Final = (Account.FC_XFER, Account.FC_ORDER)

# It is no event of the ledger: what a seller begins with was there before everything.
OPENING: Final = "F91"


@dataclass(frozen=True, slots=True)
class Row:
    """How a side of an event's moves shows. said: only where the entry gives this reason. was: only for units that had
    this disposition. opposite: with the other sign."""

    event: str
    side: Side
    type: EventType
    reason: str = ""
    said: str = ""
    was: str = ""
    opposite: bool = False

    @property
    def column(self) -> str:
        """The summary's column."""
        if self.type != "Adjustments":
            return _COLUMN_OF_TYPE[self.type]
        if self.reason == "P":
            return "Other Events" if self.event in _CHANGES else "Damaged"
        return COLUMN_OF_REASON[self.reason]


_COLUMN_OF_TYPE: Final[Mapping[EventType, str]] = {
    "Receipts": "Receipts",
    "Shipments": "Customer Shipments",
    "CustomerReturns": "Customer Returns",
    "VendorReturns": "Vendor Returns",
    "WhseTransfers": "Warehouse Transfer In/Out",
}
# D-11. A row P goes where the row goes that it follows.
COLUMN_OF_REASON: Final[Mapping[str, str]] = {
    **dict.fromkeys("FN", "Found"),
    **dict.fromkeys("M5", "Lost"),
    **dict.fromkeys("EHKU67", "Damaged"),
    **dict.fromkeys("DG", "Disposed"),
    **dict.fromkeys("Q34O12J", "Other Events"),
}
# What a unit was before it was damaged again.
_DAMAGED_AGAIN: Final = {
    Disposition.CUSTOMER_DAMAGED: "H",
    Disposition.DEFECTIVE: "K",
    Disposition.DISTRIBUTOR_DAMAGED: "U",
    Disposition.CARRIER_DAMAGED: "6",
    Disposition.EXPIRED: "7",
}
_CHANGES: Final = ("F62", "F63", "F64")


def _adjusted(event: str, gives: str = "", receives: str = "") -> tuple[Row, ...]:
    rows = (Row(event, "gives", "Adjustments", gives), Row(event, "receives", "Adjustments", receives))
    return tuple(row for row in rows if row.reason)


def _as_said(event: str, side: Side, reasons: str) -> tuple[Row, ...]:
    """The entry's own reason is the row's."""
    return tuple(Row(event, side, "Adjustments", reason, said=reason) for reason in reasons)


ROWS: Final[tuple[Row, ...]] = (
    *(Row(event, "receives", "Receipts") for event in ("F07", "F08", "F09", "F11", "F90")),
    Row("F22", "gives", "Shipments"),
    *(Row(event, "receives", "CustomerReturns") for event in ("F25", "F26")),
    Row("F30", "gives", "WhseTransfers"),
    *(Row(event, "receives", "WhseTransfers") for event in ("F31", "F31b")),
    # Lost on the way: it arrives where it was expected, and is lost there.
    Row("F32", "gives", "WhseTransfers", opposite=True),
    Row("F32", "gives", "Adjustments", "M"),
    *_adjusted("F52", gives="M"),
    *_as_said("F53", "gives", "M5"),
    *_adjusted("F54", receives="F"),
    *_adjusted("F56", receives="N"),
    *_adjusted("F57", receives="N"),
    *_adjusted("F58", gives="O", receives="N"),
    *_adjusted("F59", gives="O"),
    *_adjusted("F60", gives="E", receives="P"),
    *(Row("F60x", "gives", "Adjustments", reason, was=was) for was, reason in _DAMAGED_AGAIN.items()),
    *_adjusted("F60x", receives="P"),
    *_adjusted("F61", gives="E", receives="P"),
    *(row for event in _CHANGES for row in _adjusted(event, gives="Q", receives="P")),
    *_adjusted("F65", gives="4", receives="3"),
    *(Row(event, "gives", "VendorReturns") for event in ("F72", "F74")),
    *_as_said("F73", "gives", "DG"),
    *_as_said("F80", "gives", "2"),
    *_as_said("F80", "receives", "1J"),
)

# Rows that tell how many of their units are accounted for by now. What is lost is, when it is found or paid for; what
# is damaged, when a damaged unit of that centre was paid for, has left, or is fine after all; the oldest first (ours).
LOSSES: Final = ("M", "5")
LOST, FOUND, DAMAGED = "M", "F", "E"
