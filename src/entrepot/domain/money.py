"""Amounts of money: decimal texts outside, whole minor units inside. Source: the minor units of ISO 4217."""

from __future__ import annotations

import re
from typing import Final

from entrepot.domain.errors import Invalid

# Currencies of the marketplaces without a minor unit; all others have two digits.
_WHOLE: Final = ("JPY",)
AMOUNT_MAX: Final = 10**15
_DECIMAL: Final = re.compile(r"(\d{1,16})(?:\.(\d{1,16}))?")


def digits_of(currency: str) -> int:
    """How many decimals an amount may have."""
    return 0 if currency in _WHOLE else 2


def minor_units(text: str, currency: str, field: str) -> int:
    """`12.5` in a currency as whole minor units (1250 cents); Invalid if it is none, negative, or too precise."""
    found, digits = _DECIMAL.fullmatch(text.strip()), digits_of(currency)
    if found is None or not text.isascii():
        raise Invalid(
            field, f"'{field}' must be an amount with at most {digits} decimals, as {decimal(1250, currency)}"
        )
    decimals = (found[2] or "").rstrip("0")
    if len(decimals) > digits:
        raise Invalid(field, f"an amount in {currency} has at most {digits} decimals")
    amount: int = int(found[1]) * 10**digits + int(decimals.ljust(digits, "0") or 0)
    if amount > AMOUNT_MAX:
        raise Invalid(field, f"'{field}' is too large")
    return amount


def decimal(amount: int, currency: str) -> str:
    """Whole minor units as people write them: 1250 cents are `12.50`."""
    digits = digits_of(currency)
    return f"{amount // 10**digits}.{amount % 10**digits:0{digits}d}" if digits else str(amount)
