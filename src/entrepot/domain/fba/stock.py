"""The balances that the handlers move units between, by name."""

from __future__ import annotations

from datetime import datetime

from entrepot.domain.accounts import Account, Disposition, Key
from entrepot.domain.papers import Sku

Answer = dict[str, object]


def free(sku: Sku, place: str, pickable_at: datetime | None = None) -> Key:
    return Key(sku.fnsku, Account.FC_AVAIL, place, Disposition.SELLABLE, at=pickable_at)


def unsellable(sku: Sku, place: str, disposition: str) -> Key:
    return Key(sku.fnsku, Account.FC_UNS, place, disposition)


def on_the_shelf(sku: Sku, place: str, disposition: str) -> Key:
    """Free stock or unsellable stock, as the disposition says."""
    return free(sku, place) if disposition == Disposition.SELLABLE else unsellable(sku, place, disposition)


def processing(sku: Sku, place: str, reason: str, ref: str = "", disposition: str = Disposition.SELLABLE) -> Key:
    return Key(sku.fnsku, Account.FC_PROC, place, disposition, reason, ref)


def research(sku: Sku, place: str, kind: str, opened_at: datetime) -> Key:
    return Key(sku.fnsku, Account.FC_RESEARCH, place, Disposition.SELLABLE, kind, at=opened_at)


def inbound(account: Account, fnsku: str, place: str, shipment: str, eta: datetime | None = None) -> Key:
    return Key(fnsku, account, place, ref=shipment, at=eta)


def supplier(fnsku: str) -> Key:
    return Key(fnsku, Account.X_SUPPLIER)


def lost(fnsku: str, stage: str) -> Key:
    return Key(fnsku, Account.X_LOST, detail=stage)


def correction(fnsku: str, reason: str) -> Key:
    return Key(fnsku, Account.X_CORRECTION, detail=reason)
