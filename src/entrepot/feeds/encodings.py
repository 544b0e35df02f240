"""In what the files of old generations are written, by marketplace. Source: AIM reference §11 and §15."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from entrepot.domain.marketplaces import Marketplace


@dataclass(frozen=True)
class Encoding:
    """Python's name of it, and the content type that says so. What it has not becomes a question mark."""

    codec: str
    content_type: str


_WESTERN: Final = Encoding("cp1252", "text/plain; charset=windows-1252")
_JAPANESE: Final = Encoding("cp932", "text/plain; charset=Shift_JIS")


def encoding_of(marketplace: Marketplace) -> Encoding:
    return _JAPANESE if marketplace.code == "JP" else _WESTERN
