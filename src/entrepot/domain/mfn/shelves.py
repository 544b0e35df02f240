"""The accounts of what a seller counts himself: a SKU's units at a location, and where they come from and go to."""

from __future__ import annotations

from entrepot.domain.accounts import Account, Key


def available(sku: str, place: str) -> Key:
    """What can be sold at a location."""
    return Key(sku, Account.M_AVAIL, place)


def counted(sku: str, reason: str = "COUNT") -> Key:
    """Where units come from, or go to, that the seller counts in or out."""
    return Key(sku, Account.X_SELLER, detail=reason)
