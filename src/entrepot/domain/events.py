"""Every event that can move stock, as one literal table: which account receives, which gives.

A posting that is not in this table cannot be written (`Book.post` refuses it) and `verify` looks for one.
Source: the event tables F01–F91 and M01–M12 of the domain specification §1.4 and §3.2; codes `C…` and `T…` are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from entrepot.domain.accounts import WAREHOUSE_ACCOUNTS
from entrepot.domain.accounts import Account as A

Move = tuple[A, A]  # (gives, receives)


@dataclass(frozen=True)
class Event:
    code: str
    title: str
    moves: tuple[Move, ...] = ()


def _event(code: str, title: str, *moves: Move) -> tuple[str, Event]:
    return code, Event(code, title, moves)


EVENTS: Final[dict[str, Event]] = dict(
    (
        # catalogue and time (ours): they are in the journal so that it says who and when
        _event("C01", "item created"),
        _event("C02", "item closed"),
        _event("T07", "put-away done, pickable now", (A.FC_AVAIL, A.FC_AVAIL)),
        _event("T50", "research grew older (day 11, day 21)", (A.FC_RESEARCH, A.FC_RESEARCH)),
        # inbound
        _event("F01", "shipment announced", (A.X_SUPPLIER, A.IN_WORKING)),
        _event("F02", "announced quantity changed", (A.X_SUPPLIER, A.IN_WORKING), (A.IN_WORKING, A.X_SUPPLIER)),
        _event("F03", "shipment deleted before it was shipped", (A.IN_WORKING, A.X_SUPPLIER)),
        _event("F04", "shipped", (A.IN_WORKING, A.IN_SHIPPED)),
        _event("F05", "on the way, delivered, checked in, or ended with no unit left"),
        _event("F06", "receiving began", (A.IN_SHIPPED, A.IN_RECEIVING)),
        _event("F07", "received sellable", (A.IN_RECEIVING, A.FC_AVAIL), (A.IN_RECEIVING, A.FC_PROC)),
        _event("F08", "received unsellable", (A.IN_RECEIVING, A.FC_UNS)),
        _event(
            "F09",
            "received more than announced",
            (A.X_SUPPLIER, A.FC_AVAIL),
            (A.X_SUPPLIER, A.FC_PROC),
            (A.X_SUPPLIER, A.FC_UNS),
        ),
        _event("F10", "shipment closed short", (A.IN_RECEIVING, A.X_LOST), (A.IN_SHIPPED, A.X_LOST)),
        _event("F11", "shortage located after close", (A.X_LOST, A.FC_AVAIL)),
        _event("F12", "shipment cancelled after it was shipped", (A.IN_SHIPPED, A.X_SUPPLIER)),
        # orders
        _event("F20", "order placed", (A.FC_AVAIL, A.FC_ORDER)),
        _event("F20b", "order placed against units between centres", (A.FC_XFER, A.FC_ORDER)),
        _event("F21", "order cancelled", (A.FC_ORDER, A.FC_AVAIL), (A.FC_ORDER, A.FC_XFER)),
        _event("F22", "order shipped", (A.FC_ORDER, A.X_CUSTOMER)),
        _event("F23", "picker found the bin empty", (A.FC_ORDER, A.FC_RESEARCH)),
        _event("F24", "lost on the way to the customer", (A.X_CUSTOMER, A.X_LOST)),
        _event("F25", "return received sellable", (A.X_CUSTOMER, A.FC_AVAIL), (A.X_CUSTOMER, A.FC_PROC)),
        _event("F26", "return received unsellable", (A.X_CUSTOMER, A.FC_UNS)),
        _event("F27", "return received, the warehouse's fault", (A.X_CUSTOMER, A.X_AMAZON)),
        # network
        _event("F30", "transfer departed", (A.FC_AVAIL, A.FC_XFER)),
        _event("F31", "transfer arrived", (A.FC_XFER, A.FC_AVAIL), (A.FC_XFER, A.FC_PROC)),
        _event("F31b", "transfer arrived, already sold", (A.FC_ORDER, A.FC_ORDER)),
        _event("F32", "transfer lost", (A.FC_XFER, A.X_LOST)),
        _event("F40", "processing began", (A.FC_AVAIL, A.FC_PROC)),
        _event("F41", "processing ended", (A.FC_PROC, A.FC_AVAIL)),
        # trouble
        _event("F50", "missed in the bin, research opened", (A.FC_AVAIL, A.FC_RESEARCH)),
        _event("F51", "found during research", (A.FC_RESEARCH, A.FC_AVAIL)),
        _event("F52", "research ended: lost", (A.FC_RESEARCH, A.X_LOST)),
        _event("F53", "lost", (A.FC_AVAIL, A.X_LOST)),
        _event("F54", "found after the loss", (A.X_LOST, A.FC_AVAIL)),
        _event("F55", "loss reimbursed in money", (A.X_LOST, A.X_AMAZON)),
        _event("F56", "found after reimbursement, reimbursement reversed", (A.X_AMAZON, A.FC_AVAIL)),
        _event("F57", "reimbursed in kind", (A.X_AMAZON, A.FC_AVAIL)),
        _event("F58", "ownership corrected", (A.FC_AVAIL, A.X_CORRECTION), (A.X_CORRECTION, A.FC_AVAIL)),
        _event("F59", "reimbursed damaged unit left", (A.FC_UNS, A.X_AMAZON)),
        _event("F60", "damaged in the centre", (A.FC_AVAIL, A.FC_UNS)),
        _event("F60x", "damaged again in the centre", (A.FC_UNS, A.FC_UNS)),
        _event("F61", "damage suspected, then confirmed", (A.FC_AVAIL, A.FC_RESEARCH), (A.FC_RESEARCH, A.FC_UNS)),
        _event("F62", "disposition changed", (A.FC_UNS, A.FC_UNS), (A.FC_AVAIL, A.FC_UNS), (A.FC_UNS, A.FC_AVAIL)),
        _event("F63", "expired", (A.FC_AVAIL, A.FC_UNS)),
        _event("F64", "inspected, sellable after all", (A.FC_UNS, A.FC_AVAIL)),
        _event("F65", "two items found to be one", (A.FC_AVAIL, A.X_CORRECTION), (A.X_CORRECTION, A.FC_AVAIL)),
        # leaving
        _event("F70", "removal requested", (A.FC_AVAIL, A.FC_PROC), (A.FC_UNS, A.FC_PROC)),
        _event("F71", "removal cancelled", (A.FC_PROC, A.FC_AVAIL), (A.FC_PROC, A.FC_UNS)),
        _event("F72", "removal shipped to the seller", (A.FC_PROC, A.X_REMOVED)),
        _event("F73", "destroyed or donated", (A.FC_PROC, A.X_DISPOSED)),
        _event("F74", "liquidated", (A.FC_PROC, A.X_DISPOSED)),
        # corrections and beginnings
        _event(
            "F80",
            "software correction",
            (A.X_CORRECTION, A.FC_AVAIL),
            (A.FC_AVAIL, A.X_CORRECTION),
            (A.FC_UNS, A.X_CORRECTION),  # (ours) a closed item's unsellable units
        ),
        _event("F90", "stock put in directly", (A.X_SUPPLIER, A.FC_AVAIL)),
        _event("F91", "opening balance", *((A.X_CORRECTION, account) for account in WAREHOUSE_ACCOUNTS)),
        # merchant-fulfilled
        _event("C03", "listing created"),
        _event("C04", "listing deleted"),
        _event("C05", "location created"),
        _event("C06", "location changed"),
        _event("M01", "quantity set by the seller", (A.X_SELLER, A.M_AVAIL), (A.M_AVAIL, A.X_SELLER)),
        _event("M02", "order placed, not yet paid", (A.M_AVAIL, A.M_RES_PENDING)),
        _event("M03", "payment verified", (A.M_RES_PENDING, A.M_RES_UNSHIPPED)),
        _event("M04", "order cancelled", (A.M_RES_PENDING, A.M_AVAIL), (A.M_RES_UNSHIPPED, A.M_AVAIL)),
        _event(
            "M05",
            "order cancelled: no inventory",
            (A.M_RES_PENDING, A.X_SELLER),
            (A.M_RES_UNSHIPPED, A.X_SELLER),
        ),
        _event("M06", "shipment confirmed", (A.M_RES_UNSHIPPED, A.X_CUSTOMER)),
        _event("M07", "return restocked", (A.X_CUSTOMER, A.M_AVAIL)),
        _event("M08", "moved between locations", (A.M_AVAIL, A.M_AVAIL)),
        _event(
            "M09",
            "shipped from another location than reserved",
            (A.M_RES_UNSHIPPED, A.M_AVAIL),
            (A.M_AVAIL, A.M_RES_UNSHIPPED),
            (A.X_SELLER, A.M_RES_UNSHIPPED),  # what the other location lacks
        ),
        _event("M10", "listing deleted, purged or handed to the warehouse", (A.M_AVAIL, A.X_SELLER)),
        _event("M11", "location opened, closed or archived"),
        _event("M12", "refunded"),
    )
)
