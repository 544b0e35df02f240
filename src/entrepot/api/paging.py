"""Page tokens: sealed, bound to a seller and an operation, dead after their time.

A token carries the whole query, so a caller may send it alone. It is stateless: any node with the same key opens it.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from entrepot.domain.errors import StaleToken
from entrepot.services.secrets import Keyring, Unsealable, token, untoken

T = TypeVar("T")

TOKEN_LENGTH_MAX = 8192


@dataclass(frozen=True)
class Pager:
    """Seals and opens; `now` is real time in seconds."""

    keyring: Keyring
    now: Callable[[], float]

    def seal(self, purpose: str, content: object) -> str:
        """An opaque text, safe in a URL. `purpose` names the operation and the seller it is good for."""
        return token(self.keyring.seal(purpose, msgspec.msgpack.encode((self.now(), content))))

    def open(self, purpose: str, text: str, kind: type[T], seconds: float) -> T:
        """What was sealed, if it was for this purpose and at most `seconds` ago; else StaleToken."""
        if len(text) > TOKEN_LENGTH_MAX:
            raise StaleToken("the token is too long to be one of ours")
        try:
            raw = self.keyring.open(purpose, untoken(text))
            issued, content = msgspec.msgpack.decode(raw, type=tuple[float, kind])  # type: ignore[valid-type]
        except (Unsealable, ValueError, binascii.Error, msgspec.MsgspecError):
            raise StaleToken("the token is damaged or for another query") from None
        if not 0 <= self.now() - issued <= seconds:
            raise StaleToken("the token has expired")
        return content
