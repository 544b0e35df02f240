"""What programs are given to prove who they are: keys, secrets, refresh tokens and access tokens."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


class MwsCredentials(msgspec.Struct, frozen=True):
    access_key_id: str
    secret_key: str
    auth_token: str


class SpapiCredentials(msgspec.Struct, frozen=True):
    client_id: str
    client_secret: str
    refresh_token: str


class SellerCredentials(msgspec.Struct, frozen=True):
    """What a seller's programs need; `marketplaces` are ids, `spapi` is null once every authorisation is revoked."""

    seller_id: str
    email: str
    marketplaces: list[str]
    mws: MwsCredentials
    spapi: SpapiCredentials | None


class ApplicationCredentials(msgspec.Struct, frozen=True):
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a grant gives: an access token for `ACCESS_TOKEN_SECONDS`, and the refresh token where there is one."""

    access_token: str
    refresh_token: str | None = None
