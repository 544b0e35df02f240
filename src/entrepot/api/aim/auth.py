"""HTTP Basic, the fixed cookies and the content type: what AIM asks of every request.

Sources: 2007 guide §1.2, §1.3; AIM reference §4 (H5, H6: how clients really sent cookies and content types).
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

# The names in the guide's literal cookie; they alone count, as clients spaced, escaped and wrote the values anew.
COOKIES: Final = frozenset(
    {
        "x-main",
        "ubid-main",
        "ubid-tacbus",
        "x-tacbus",
        "ubid-tcmacb",
        "ubid-ty2kacbus",
        "session-id",
        "session-id-time",
    }
)
CONTENT_TYPE: Final = "text/xml"


def credentials(header: str | None) -> tuple[str, str] | None:
    """E-mail address and password of an `Authorization` header; None if it is absent or malformed."""
    scheme, _, encoded = (header or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
    except (ValueError, binascii.Error):
        return None
    email, colon, password = _decoded(raw).partition(":")
    return (email, password) if colon and email and password else None


def _decoded(raw: bytes) -> str:
    """UTF-8 as today's clients send it, else Latin-1 as those of the time did."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def has_cookies(header: str | None) -> bool:
    """Whether a `Cookie` header has all the guide's cookies, in any order and form."""
    given = {part.partition("=")[0].strip().lower() for part in (header or "").split(";")}
    return given >= COOKIES


def is_xml(header: str | None) -> bool:
    """Whether a `Content-Type` is the one that the guide requires, with or without parameters."""
    return (header or "").partition(";")[0].strip().lower() == CONTENT_TYPE
