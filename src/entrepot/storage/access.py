"""Rows of sellers, applications, authorisations and codes. Refuses to know what is inside a seal or a hash.

Every function takes a connection, so that callers compose them in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import asyncpg

from entrepot.domain.errors import AlreadyExists
from entrepot.storage.database import Connection


@dataclass(frozen=True, slots=True)
class SellerRow:
    seller_id: str
    email: str
    name: str
    password_hash: str
    region: str
    marketplaces: Sequence[str]
    fidelity: str | None
    mws_access_key_id: str
    mws_secret_sealed: bytes
    mws_auth_token_sealed: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    client_id: str
    name: str
    secret_sealed: bytes
    roles: Sequence[str]
    redirect_uris: Sequence[str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AuthorizationRow:
    seller_id: str
    authorization_id: str
    client_id: str
    refresh_token_hash: bytes
    refresh_token_sealed: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CodeRow:
    code_hash: bytes
    seller_id: str
    client_id: str
    redirect_uri: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class GrantRow:
    """What an authorisation in force permits: the application's roles on the seller's marketplaces."""

    roles: Sequence[str]
    marketplaces: Sequence[str]
    region: str
    fidelity: str | None


def _columns(row: type[Any]) -> str:
    return ", ".join(field.name for field in fields(row))


def _insert(table: str, row: type[Any]) -> str:
    values = ", ".join(f"${number}" for number, _ in enumerate(fields(row), start=1))
    return f"insert into {table} ({_columns(row)}) values ({values})"


def _values(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, field.name) for field in fields(row))


# Sellers

_SELLER = f"select {_columns(SellerRow)} from sellers"

# Which value a violated constraint is about: (kind, column).
_UNIQUE_SELLER: Mapping[str | None, tuple[str, str]] = {
    "sellers_pkey": ("seller", "seller_id"),
    "sellers_email": ("seller", "email"),
}


async def insert_seller(connection: Connection, row: SellerRow) -> None:
    """Raises AlreadyExists if the seller id or the e-mail address is taken; the transaction is then lost."""
    try:
        await connection.execute(_insert("sellers", SellerRow), *_values(row))
    except asyncpg.UniqueViolationError as violation:
        if violation.constraint_name not in _UNIQUE_SELLER:
            raise
        kind, column = _UNIQUE_SELLER[violation.constraint_name]
        raise AlreadyExists(kind, getattr(row, column)) from None


async def sellers(connection: Connection) -> list[SellerRow]:
    """Every seller, the oldest first."""
    rows = await connection.fetch(_SELLER + " order by created_at, seller_id")
    return [SellerRow(**row) for row in rows]


async def seller(connection: Connection, seller_id: str) -> SellerRow | None:
    row = await connection.fetchrow(_SELLER + " where seller_id = $1", seller_id)
    return row and SellerRow(**row)


async def seller_by_email(connection: Connection, email: str) -> SellerRow | None:
    row = await connection.fetchrow(_SELLER + " where lower(email) = lower($1)", email)
    return row and SellerRow(**row)


async def seller_by_access_key(connection: Connection, access_key_id: str) -> SellerRow | None:
    """The seller whose MWS access key this is."""
    row = await connection.fetchrow(_SELLER + " where mws_access_key_id = $1", access_key_id)
    return row and SellerRow(**row)


async def lock_seller(connection: Connection, seller_id: str) -> bool:
    """Hold the seller's authorisations still until the transaction ends. False: there is no such seller."""
    # "no key": rows that refer to the seller can still be written meanwhile.
    found = await connection.fetchval("select true from sellers where seller_id = $1 for no key update", seller_id)
    return found is True


# Applications


async def insert_application(connection: Connection, row: ApplicationRow) -> None:
    await connection.execute(_insert("applications", ApplicationRow), *_values(row))


async def application(connection: Connection, client_id: str) -> ApplicationRow | None:
    row = await connection.fetchrow(
        f"select {_columns(ApplicationRow)} from applications where client_id = $1",
        client_id,
    )
    return row and ApplicationRow(**row)


async def newest_secret(connection: Connection) -> bytes | None:
    """The sealed secret of the application that was added last, if there is any."""
    secret: bytes | None = await connection.fetchval(
        "select secret_sealed from applications order by created_at desc limit 1"
    )
    return secret


# Authorisations


_AUTHORIZATION = f"select {_columns(AuthorizationRow)} from authorizations where revoked_at is null"


async def insert_authorization(connection: Connection, row: AuthorizationRow) -> None:
    await connection.execute(_insert("authorizations", AuthorizationRow), *_values(row))


async def authorization(connection: Connection, seller_id: str, client_id: str) -> AuthorizationRow | None:
    """The authorisation in force between this seller and this application."""
    row = await connection.fetchrow(_AUTHORIZATION + " and seller_id = $1 and client_id = $2", seller_id, client_id)
    return row and AuthorizationRow(**row)


async def first_authorization(connection: Connection, seller_id: str) -> AuthorizationRow | None:
    """The oldest of the seller's authorisations in force."""
    row = await connection.fetchrow(
        _AUTHORIZATION + " and seller_id = $1 order by created_at, authorization_id limit 1", seller_id
    )
    return row and AuthorizationRow(**row)


async def authorization_of_token(connection: Connection, refresh_token_hash: bytes) -> AuthorizationRow | None:
    """The authorisation in force that this refresh token stands for."""
    row = await connection.fetchrow(_AUTHORIZATION + " and refresh_token_hash = $1", refresh_token_hash)
    return row and AuthorizationRow(**row)


async def grant(connection: Connection, seller_id: str, authorization_id: str) -> GrantRow | None:
    """What this authorisation permits now; None if it is revoked or was never there."""
    row = await connection.fetchrow(
        """
        select applications.roles, sellers.marketplaces, sellers.region, sellers.fidelity
          from authorizations join sellers using (seller_id) join applications using (client_id)
         where seller_id = $1 and authorization_id = $2 and revoked_at is null
        """,
        seller_id,
        authorization_id,
    )
    return row and GrantRow(**row)


async def revoke(connection: Connection, seller_id: str, client_id: str, at: datetime) -> str | None:
    """Revoke the authorisation in force; its id, or None if there is none."""
    authorization_id: str | None = await connection.fetchval(
        """
        update authorizations set revoked_at = $3
         where seller_id = $1 and client_id = $2 and revoked_at is null
        returning authorization_id
        """,
        seller_id,
        client_id,
        at,
    )
    return authorization_id


# Codes


async def insert_code(connection: Connection, row: CodeRow) -> None:
    await connection.execute(_insert("authorization_codes", CodeRow), *_values(row))


async def redeem_code(
    connection: Connection, code_hash: bytes, client_id: str, redirect_uri: str, at: datetime
) -> str | None:
    """Use a code up: the seller who gave it, or None if it is not (or no longer) good for this application and URI."""
    seller_id: str | None = await connection.fetchval(
        """
        update authorization_codes set used_at = $4
         where code_hash = $1 and client_id = $2 and redirect_uri = $3 and used_at is null and expires_at > $4
        returning seller_id
        """,
        code_hash,
        client_id,
        redirect_uri,
        at,
    )
    return seller_id


async def burn_codes(connection: Connection, seller_id: str, client_id: str, at: datetime) -> None:
    """Use up every code of this seller for this application."""
    await connection.execute(
        "update authorization_codes set used_at = $3 where seller_id = $1 and client_id = $2 and used_at is null",
        seller_id,
        client_id,
        at,
    )


async def forget_codes(connection: Connection, expired_before: datetime) -> None:
    """Delete what expired before this, except what another transaction holds just now."""
    await connection.execute(
        """
        delete from authorization_codes where code_hash in (
            select code_hash from authorization_codes where expires_at < $1 for update skip locked)
        """,
        expired_before,
    )
