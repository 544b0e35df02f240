"""Who is at a door, as each generation knows him: a seller, a program that acts for one, an account of MWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import msgspec


class Seller(msgspec.Struct, frozen=True):
    """What may be shown of a seller; `fidelity` is null where the server's setting holds."""

    seller_id: str
    email: str
    name: str
    region: str
    marketplaces: list[str]
    fidelity: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a valid access token, and what it is good for. Grantless callers have a scope and no seller."""

    seller_id: str | None
    client_id: str
    roles: frozenset[str]
    marketplaces: tuple[str, ...]
    region: str | None
    fidelity: str | None
    scope: str | None


@dataclass(frozen=True, slots=True)
class MwsAccount:
    """A seller's account as MWS sees it: also a developer's, who may act for others by their tokens."""

    seller_id: str
    secret_key: str = field(repr=False)
    auth_token: str = field(repr=False)
    marketplaces: tuple[str, ...]
    fidelity: str | None
