"""Values that several kinds of files hold: SKUs and whole numbers.

A ValueError says what is wrong with one, without a full stop.
"""

from __future__ import annotations

from entrepot.domain.errors import Invalid
from entrepot.domain.items import SKU_LENGTH_MAX, clean_sku

_LENGTHS = frozenset(range(1, SKU_LENGTH_MAX + 1))


def plain_sku(text: str) -> bool:
    """Whether it is, as most are, in normal form already: printable ASCII without blanks around. False: look closer."""
    return text.isascii() and text.isprintable() and 0 < len(text) <= SKU_LENGTH_MAX and " " not in (text[0], text[-1])


def plain_skus(texts: list[str]) -> bool:
    """Whether all of them are in normal form already; a few passes over the whole, however many they are."""
    joined = "".join(texts)
    return (
        joined.isascii()
        and joined.isprintable()
        and {len(text) for text in texts} <= _LENGTHS
        and (" " not in joined or not any([text[0] == " " or text[-1] == " " for text in texts]))  # noqa: C419
    )


def read_sku(text: str) -> str:
    """The SKU in normal form."""
    if plain_sku(text):
        return text
    try:
        return clean_sku(text)
    except Invalid as problem:
        raise ValueError(problem.message) from None


def whole(text: str, lowest: int, highest: int) -> int:
    """The whole number within the bounds, in plain digits."""
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or not lowest <= int(text) <= highest:
        raise ValueError(f"'{text[:20]}' is not a whole number from {lowest} to {highest}")
    return int(text)
