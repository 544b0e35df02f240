"""Access tokens: sealed values that need no row of their own, so they outlive a restart.

A restricted data token is one that is good for a few resources only, and otherwise the same: it speaks for the same
authorisation, and lives as long. It carries a digest of each resource, so that fifty of them fit into a header.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import msgspec

from entrepot.domain.errors import Denied
from entrepot.services.secrets import Keyring, Unsealable, token, untoken

ACCESS_TOKEN_SECONDS = 3600
RESOURCES_MAX = 50
SEGMENTS_MAX = 32
_ACCESS = "Atza"
_RESTRICTED = "Atz.sprdt"
_PURPOSES = {_ACCESS: "access token", _RESTRICTED: "restricted data token"}  # by what stands before the bar
_LONGEST = 2048  # characters, as Amazon promises
_DIGEST_BYTES = 12


class Subject(NamedTuple):
    """Who a token speaks for: one authorisation of a seller, or an application alone with a scope."""

    client_id: str
    seller_id: str | None = None
    authorization_id: str | None = None
    scope: str | None = None


class Resource(NamedTuple):
    """A method, and a path's decoded segments; where a token names it, None is any segment."""

    method: str
    segments: tuple[str | None, ...]


class _Named(NamedTuple):
    """A resource that a token names: the places that may be anything, as bits, and a digest of the rest."""

    anything: int
    digest: bytes


class _Claims(msgspec.Struct, frozen=True, array_like=True):
    subject: Subject
    issued_at: float
    only: frozenset[_Named] | None = None  # None: no restriction


class AccessTokens:
    """`now` is real time in seconds since 1970."""

    def __init__(self, keyring: Keyring, now: Callable[[], float]) -> None:
        self._keyring = keyring
        self._now = now
        self._claims = lru_cache(maxsize=10_000)(self._open)

    def issue(self, subject: Subject) -> str:
        return self._sealed(_ACCESS, _Claims(subject, self._now()))

    def restricted(self, access_token: str, resources: Sequence[Resource]) -> str:
        """A token for these resources alone, 1 to 50 with at most 32 segments each, in the name of another's subject.

        Raises Denied: that one is malformed, expired, or itself restricted: else an hour could be prolonged for ever.
        """
        only = frozenset(_named(resource) for resource in resources)
        return self._sealed(_RESTRICTED, _Claims(self.subject_of(access_token), self._now(), only))

    def subject_of(self, access_token: str, asked: Resource | None = None) -> Subject:
        """For whom this was issued. Raises Denied: malformed, expired, or not for what is asked.

        Decrypts a token only once.
        """
        if len(access_token) > _LONGEST:
            raise Denied("malformed")
        claims = self._claims(access_token)
        if claims.issued_at + ACCESS_TOKEN_SECONDS <= self._now():
            raise Denied("expired")
        if claims.only is not None and (asked is None or not _is_named(asked, claims.only)):
            raise Denied("malformed")
        return claims.subject

    def _sealed(self, prefix: str, claims: _Claims) -> str:
        return f"{prefix}|{token(self._keyring.seal(_PURPOSES[prefix], msgspec.msgpack.encode(claims)))}"

    def _open(self, access_token: str) -> _Claims:
        """Raises Denied; not remembered then, so that garbage cannot push out what is in use."""
        prefix, _, rest = access_token.partition("|")
        if prefix not in _PURPOSES:
            raise Denied("malformed")
        try:
            sealed = untoken(rest)
            return msgspec.msgpack.decode(self._keyring.open(_PURPOSES[prefix], sealed), type=_Claims)
        except (Unsealable, msgspec.DecodeError):
            raise Denied("malformed") from None


def _named(resource: Resource) -> _Named:
    anything = sum(1 << place for place, segment in enumerate(resource.segments) if segment is None)
    return _Named(anything, _digest(resource, anything))


def _is_named(asked: Resource, only: frozenset[_Named]) -> bool:
    return any(_Named(places, _digest(asked, places)) in only for places in {named.anything for named in only})


def _digest(resource: Resource, anything: int) -> bytes:
    segments = [None if anything >> place & 1 else segment for place, segment in enumerate(resource.segments)]
    return sha256(msgspec.json.encode([resource.method, segments])).digest()[:_DIGEST_BYTES]
