"""In what the files of old generations are written, by marketplace.

Sources: AIM reference §11 and §15. Japan's files are Windows-31J: clients first took them for Shift_JIS, then for that,
as live files had characters that only it has.
"""

from __future__ import annotations

import codecs
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from entrepot.domain.marketplaces import Marketplace


@dataclass(frozen=True)
class Encoding:
    """Python's name of it, and the content type that says so. What it has not becomes a question mark."""

    codec: str
    content_type: str


_WESTERN: Final = Encoding("cp1252", "text/plain; charset=windows-1252")
_JAPANESE: Final = Encoding("cp932", "text/plain; charset=Windows-31J")
_UTF_8: Final = "text/plain; charset=utf-8"
_UTF_16: Final = "text/plain; charset=utf-16"


def encoding_of(marketplace: Marketplace) -> Encoding:
    return _JAPANESE if marketplace.code == "JP" else _WESTERN


def written_in(content: bytes, marketplace: Marketplace) -> str:
    """The content type of a seller's own bytes, as they were read; plain ASCII is in the marketplace's encoding too."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _UTF_16
    if not content.isascii():
        with suppress(UnicodeDecodeError):
            content.decode()
            return _UTF_8
    return encoding_of(marketplace).content_type
