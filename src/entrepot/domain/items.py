"""What a SKU may look like, and the identifiers the system allots.

Allotted identifiers are a permutation of a counter: the same seed and the same commands give the same ids, and no two
are alike for one seller. Sources: domain specification §5.1 (D-25), §5.2 (D-26), §5.3, §5.7.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from entrepot.domain.errors import Invalid

SKU_LENGTH_MAX: Final = 40
TITLE_LENGTH_MAX: Final = 500
# The categories Cc and Cs: a text is looked through in one go.
_CONTROLS: Final = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")
_CAPITALS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def tidy(text: str) -> str:
    """How names are kept and compared: in normal form (NFC), without white space around them."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()


def clean_sku(text: str, field: str = "sku") -> str:
    """The SKU in normal form (NFC, no white space around it); Invalid if empty, too long or with control characters."""
    sku = tidy(text)
    if not 1 <= len(sku) <= SKU_LENGTH_MAX:
        raise Invalid(field, f"a SKU has 1 to {SKU_LENGTH_MAX} characters")
    if _CONTROLS.search(sku):
        raise Invalid(field, "a SKU may not contain control characters")
    return sku


def clean_title(text: str, field: str = "title") -> str:
    title = tidy(text)
    if not 1 <= len(title) <= TITLE_LENGTH_MAX:
        raise Invalid(field, f"a title has 1 to {TITLE_LENGTH_MAX} characters")
    if _CONTROLS.search(title):
        raise Invalid(field, "a title may not contain control characters")
    return title


def _permuted(seed: int, kind: str, counter: int, size: int) -> int:
    """The counter's place in a permutation of 0…size-1 that seed and kind choose."""
    factor, offset = _permutation(seed, kind, size)
    return (counter * factor + offset) % size


@lru_cache(maxsize=10_000)
def _permutation(seed: int, kind: str, size: int) -> tuple[int, int]:
    digest = hashlib.blake2b(f"{seed}:{kind}".encode(), digest_size=16).digest()
    # Coprime to every base used here (10 and 36 have only the primes 2, 3 and 5).
    factor = int.from_bytes(digest[8:], "big") % size // 30 * 30 + 7
    return factor, int.from_bytes(digest[:8], "big")


def _base36(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits.append(_CAPITALS[digit])
    return "".join(reversed(digits))


def _capitals(prefix: str, length: int) -> Callable[[int, str, int], str]:
    return lambda seed, kind, counter: prefix + _base36(_permuted(seed, kind, counter, 36**length), length)


def _order_id(seed: int, kind: str, counter: int) -> str:
    digits = f"{_permuted(seed, kind, counter, 10**17):017d}"
    return f"{digits[:3]}-{digits[3:10]}-{digits[10:]}"


def _order_item_id(seed: int, kind: str, counter: int) -> str:
    return f"{_permuted(seed, kind, counter, 10**13) + 10**13:014d}"


def _asin(seed: int, kind: str, counter: int) -> str:
    code = _capitals("B0", 8)(seed, kind, counter)
    # All digits would read as an ISBN (D-26): such a place is swapped for one that no counter reaches.
    return f"BX{code[2:]}" if code[2:].isdigit() else code


def _hashed(seed: int, kind: str, counter: int) -> str:
    """32 hexadecimal digits: so many that a hash will do."""
    return hashlib.blake2b(f"{seed}:{kind}:{counter}".encode(), digest_size=16).hexdigest()


def _source_id(seed: int, kind: str, counter: int) -> str:
    digits = _hashed(seed, kind, counter)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_ALLOTMENTS: Final[dict[str, Callable[[int, str, int], str]]] = {
    "asin": _asin,
    "fnsku": _capitals("X00", 7),
    "shipment": _capitals("FBA", 9),
    "transfer": _capitals("T", 10),
    "removal": _capitals("R", 10),
    "reimbursement": _capitals("C", 10),
    "source": _source_id,
    "submission": _hashed,
    "order": _order_id,
    "order_item": _order_item_id,
}


def allot(kind: str, seed: int, counter: int) -> str:
    """The identifier number `counter` of a kind in the world of that seed."""
    return _ALLOTMENTS[kind](seed, kind, counter)
