"""Sellers, applications, the authorisation between them, and the tokens that prove it.

Refuses to know how a door spells a request or a refusal, and what a seller has in stock.

What an access token is good for is read from the authorisation, at most a second old.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from entrepot.domain import identifiers
from entrepot.domain.errors import Denied, Invalid, NotFound, Problem
from entrepot.services.access_tokens import AccessTokens, Resource, Subject
from entrepot.services.callers import Caller, MwsAccount, Seller
from entrepot.services.credentials import (
    ApplicationCredentials,
    MwsCredentials,
    SellerCredentials,
    SpapiCredentials,
    Tokens,
)
from entrepot.services.recent import Recent
from entrepot.services.registering import (
    check_redirect_uri,
    checked_email,
    checked_fidelity,
    checked_name,
    checked_password,
    checked_seller_id,
    one_region,
)
from entrepot.services.roles import ROLES, SCOPES
from entrepot.services.secrets import KeyFileError, Keyring, Unsealable
from entrepot.storage import access as storage
from entrepot.storage.database import Connection, Database

CODE_SECONDS = 300
DEFAULT_MARKETPLACES = ("US",)
Fidelity = Literal["forgiving", "strict"]
AlsoInTransaction = Callable[[Connection, str], Awaitable[object]]


class GrantRefused(Problem):
    """No token for this. `parameter` names what was not accepted; `client_secret` stands for `client_id` as well."""

    def __init__(self, parameter: str) -> None:
        super().__init__(f"the {parameter} was not accepted")
        self.parameter = parameter


class Access:
    """The use cases. `now` is real time in seconds since 1970, `tick` a clock that never goes back."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        now: Callable[[], float] = time.time,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._now = now
        self._access_tokens = AccessTokens(keyring, now)
        self._callers = Recent(self._load_caller, tick)
        self._mws_developers = Recent(self._load_mws_developer, tick)
        self._mws_sellers = Recent(self._load_mws_seller, tick)
        self._hash_of_nobody: str | None = None

    async def check_key(self) -> None:
        """Raises KeyFileError if the database was last written with another key file; to be called at the start."""
        async with self._database.read() as connection:
            sealed = await storage.newest_secret(connection)
        try:
            if sealed is not None:
                self._unseal("client secret", sealed)
        except Unsealable:
            raise KeyFileError("the key file is not the one this database was written with") from None

    # Sellers

    async def add_seller(
        self,
        email: str,
        password: str,
        name: str,
        marketplaces: Sequence[str] = DEFAULT_MARKETPLACES,
        *,
        fidelity: Fidelity | None = None,
        seller_id: str | None = None,
        client_id: str | None = None,
        also: AlsoInTransaction | None = None,
    ) -> SellerCredentials:
        """A new seller, authorising an application of his own, or that of `client_id`.

        `marketplaces` are ids or country codes of one region; `also` is awaited with (connection, seller id) in the
        transaction. Raises Invalid, AlreadyExists (seller id or e-mail address), NotFound (application).
        """
        email = checked_email(email)
        region, marketplace_ids = one_region(marketplaces or DEFAULT_MARKETPLACES)
        mws = MwsCredentials(
            identifiers.mws_access_key_id(_seed()),
            identifiers.mws_secret_key(_seed()),
            identifiers.mws_auth_token(_seed()),
        )
        row = storage.SellerRow(
            seller_id=identifiers.seller_id(_seed()) if seller_id is None else checked_seller_id(seller_id),
            email=email,
            name=checked_name(name),
            password_hash=await self._keyring.password_hash(checked_password(password)),
            region=region,
            marketplaces=marketplace_ids,
            fidelity=checked_fidelity(fidelity),
            mws_access_key_id=mws.access_key_id,
            mws_secret_sealed=self._seal("mws secret key", mws.secret_key),
            mws_auth_token_sealed=self._seal("mws auth token", mws.auth_token),
            created_at=self._time(),
        )
        async with self._database.write() as connection:
            await storage.insert_seller(connection, row)
            if client_id is None:
                application = await self._insert_application(connection, row.name, ROLES, ())
            else:
                application = await self._application(connection, client_id)
            authorization = await self._authorization(connection, row.seller_id, application.client_id)
            if also is not None:
                await also(connection, row.seller_id)
        return self._credentials(row, application, authorization)

    async def list_sellers(self) -> list[Seller]:
        """Every seller, the oldest first."""
        async with self._database.read() as connection:
            return [_seller(row) for row in await storage.sellers(connection)]

    async def seller(self, seller_id: str) -> Seller:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return _seller(await self._seller_row(connection, seller_id))

    async def credentials(self, seller_id: str) -> SellerCredentials:
        """What `add_seller` gave, read back; of several applications, the one authorised first. Raises NotFound."""
        async with self._database.read() as connection:
            row = await self._seller_row(connection, seller_id)
            authorization = await storage.first_authorization(connection, seller_id)
            if authorization is None:
                return self._credentials(row, None, None)
            application = await self._application(connection, authorization.client_id)
        return self._credentials(row, application, authorization)

    async def login(self, email: str, password: str) -> Seller | None:
        """The seller with this e-mail address and password, or None; both refusals take the same time."""
        row = None
        if email.isprintable():
            async with self._database.read() as connection:
                row = await storage.seller_by_email(connection, email.strip())
        stored = row.password_hash if row else await self._nobody()
        matches = await self._keyring.password_matches(stored, password)
        return _seller(row) if row and matches else None

    # Applications and what sellers let them do

    async def add_application(
        self, name: str, roles: Sequence[str] = ROLES, redirect_uris: Sequence[str] = ()
    ) -> ApplicationCredentials:
        """An application that any seller can authorise. Raises Invalid: an unknown role, no absolute http(s) URI."""
        for role in roles:
            if role not in ROLES:
                raise Invalid("roles", f"'{role}' is not one of {', '.join(ROLES)}")
        for uri in redirect_uris:
            check_redirect_uri(uri)
        async with self._database.write() as connection:
            row = await self._insert_application(connection, checked_name(name), roles, redirect_uris)
        return ApplicationCredentials(row.client_id, self._secret_of(row))

    async def authorize(self, seller_id: str, client_id: str) -> str:
        """The refresh token by which this application acts for this seller; the same until revoked. Raises NotFound."""
        async with self._database.write() as connection:
            await self._application(connection, client_id)
            return self._refresh_token_of(await self._authorization(connection, seller_id, client_id))

    async def revoke(self, seller_id: str, client_id: str) -> None:
        """End an authorisation: its tokens and codes are refused from now on, by other nodes within a second.

        Raises NotFound if it is not in force.
        """
        authorization_id = None
        try:
            async with self._database.write() as connection:
                await self._seller_row(connection, seller_id)
                await self._application(connection, client_id)
                # Codes first, as in `exchange`: else the two could wait for each other.
                await storage.burn_codes(connection, seller_id, client_id, self._time())
                await storage.lock_seller(connection, seller_id)
                authorization_id = await storage.revoke(connection, seller_id, client_id, self._time())
        finally:
            if authorization_id is not None:
                self._callers.forget(Subject(client_id, seller_id, authorization_id))
        if authorization_id is None:
            raise NotFound("authorization", client_id)

    async def authorization_code(self, seller_id: str, client_id: str, redirect_uri: str) -> str:
        """A code that the application exchanges once, within five minutes, for this seller's authorisation.

        Raises NotFound, and Invalid if the URI is not registered for the application.
        """
        code = identifiers.authorization_code(_seed())
        async with self._database.write() as connection:
            await self._seller_row(connection, seller_id)
            application = await self._application(connection, client_id)
            if redirect_uri not in application.redirect_uris:
                raise Invalid("redirect_uri", "the URI is not registered for this application")
            await storage.forget_codes(connection, self._time() - timedelta(seconds=CODE_SECONDS))
            expires_at = self._time() + timedelta(seconds=CODE_SECONDS)
            row = storage.CodeRow(_digest(code), seller_id, client_id, redirect_uri, expires_at)
            await storage.insert_code(connection, row)
        return code

    # Grants: each authenticates the application first, and raises GrantRefused

    async def refresh(self, client_id: str, client_secret: str, refresh_token: str) -> Tokens:
        """A new access token for a refresh token, which stays as it is."""
        async with self._database.read() as connection:
            await self._authenticate(connection, client_id, client_secret)
            authorization = await storage.authorization_of_token(connection, _digest(refresh_token))
        if authorization is None or authorization.client_id != client_id:
            raise GrantRefused("refresh_token")
        return self._tokens(authorization)

    async def exchange(self, client_id: str, client_secret: str, code: str, redirect_uri: str) -> Tokens:
        """The tokens for an authorisation code, which is thereby used up; the seller is authorised if he was not."""
        async with self._database.write() as connection:
            await self._authenticate(connection, client_id, client_secret)
            if not redirect_uri.isprintable():
                raise GrantRefused("code")
            seller_id = await storage.redeem_code(connection, _digest(code), client_id, redirect_uri, self._time())
            if seller_id is None:
                raise GrantRefused("code")
            authorization = await self._authorization(connection, seller_id, client_id)
        return self._tokens(authorization)

    async def grantless(self, client_id: str, client_secret: str, scope: str) -> Tokens:
        """An access token for the application itself, good for one of the `SCOPES`."""
        async with self._database.read() as connection:
            await self._authenticate(connection, client_id, client_secret)
        if scope not in SCOPES:
            raise GrantRefused("scope")
        return Tokens(self._access_tokens.issue(Subject(client_id, scope=scope)))

    # Every request

    async def identify(self, access_token: str | None, asked: Resource | None = None) -> Caller:
        """Who sent this access token. Raises Denied: missing, malformed, expired or revoked.

        A restricted one is malformed for all but the resources that it names. Sends no SQL for an authorisation that
        was looked up within the last second, and decrypts a token only once.
        """
        if not access_token:
            raise Denied("missing")
        caller = await self._callers.get(self._access_tokens.subject_of(access_token, asked))
        if caller is None:
            raise Denied("revoked")
        return caller

    def restricted_token(self, access_token: str, resources: Sequence[Resource]) -> str:
        """A token that is good for these resources alone. Raises as `AccessTokens.restricted`."""
        return self._access_tokens.restricted(access_token, resources)

    async def _load_caller(self, subject: Subject) -> Caller | None:
        async with self._database.read() as connection:
            if subject.seller_id is None or subject.authorization_id is None:
                application = await storage.application(connection, subject.client_id)
                if application is None:
                    return None
                return Caller(None, subject.client_id, frozenset(application.roles), (), None, None, subject.scope)
            grant = await storage.grant(connection, subject.seller_id, subject.authorization_id)
        if grant is None:
            return None
        return Caller(
            seller_id=subject.seller_id,
            client_id=subject.client_id,
            roles=frozenset(grant.roles),
            marketplaces=tuple(grant.marketplaces),
            region=grant.region,
            fidelity=grant.fidelity,
            scope=None,
        )

    async def mws_developer(self, access_key_id: str) -> MwsAccount | None:
        """The account whose access key this is, as it was within the last second; None: nobody's."""
        if not identifiers.MWS_ACCESS_KEY_ID.fullmatch(access_key_id):
            return None
        return await self._mws_developers.get(access_key_id)

    async def mws_seller(self, developer: MwsAccount, seller_id: str, auth_token: str | None) -> MwsAccount:
        """The account that a developer may act for: his own, or whose token he has.

        Raises Denied: "missing" or "malformed" token. That there is no such seller is not said.
        """
        own = seller_id == developer.seller_id
        if own and auth_token is None:
            return developer
        if auth_token is None:
            raise Denied("missing")
        known = identifiers.SELLER_ID.fullmatch(seller_id) is not None
        seller = developer if own else await self._mws_sellers.get(seller_id) if known else None
        right = hmac.compare_digest(_digest(seller.auth_token if seller else ""), _digest(auth_token))
        if seller is None or not right:
            raise Denied("malformed")
        return seller

    async def _load_mws_developer(self, access_key_id: str) -> MwsAccount | None:
        async with self._database.read() as connection:
            return self._mws_account(await storage.seller_by_access_key(connection, access_key_id))

    async def _load_mws_seller(self, seller_id: str) -> MwsAccount | None:
        async with self._database.read() as connection:
            return self._mws_account(await storage.seller(connection, seller_id))

    def _mws_account(self, row: storage.SellerRow | None) -> MwsAccount | None:
        if row is None:
            return None
        return MwsAccount(
            row.seller_id,
            self._unseal("mws secret key", row.mws_secret_sealed),
            self._unseal("mws auth token", row.mws_auth_token_sealed),
            tuple(row.marketplaces),
            row.fidelity,
        )

    # Steps shared by the use cases

    def _tokens(self, authorization: storage.AuthorizationRow) -> Tokens:
        subject = Subject(authorization.client_id, authorization.seller_id, authorization.authorization_id)
        return Tokens(self._access_tokens.issue(subject), self._refresh_token_of(authorization))

    async def _seller_row(self, connection: Connection, seller_id: str) -> storage.SellerRow:
        row = await storage.seller(connection, seller_id) if identifiers.SELLER_ID.fullmatch(seller_id) else None
        if row is None:
            raise NotFound("seller", seller_id)
        return row

    async def _application(self, connection: Connection, client_id: str) -> storage.ApplicationRow:
        row = None
        if identifiers.CLIENT_ID.fullmatch(client_id):
            row = await storage.application(connection, client_id)
        if row is None:
            raise NotFound("application", client_id)
        return row

    async def _insert_application(
        self, connection: Connection, name: str, roles: Sequence[str], redirect_uris: Sequence[str]
    ) -> storage.ApplicationRow:
        secret = self._seal("client secret", identifiers.client_secret(_seed()))
        row = storage.ApplicationRow(
            identifiers.client_id(_seed()), name, secret, list(roles), list(redirect_uris), self._time()
        )
        await storage.insert_application(connection, row)
        return row

    async def _authorization(self, connection: Connection, seller_id: str, client_id: str) -> storage.AuthorizationRow:
        """The authorisation in force, made if there is none."""
        if not identifiers.SELLER_ID.fullmatch(seller_id) or not await storage.lock_seller(connection, seller_id):
            raise NotFound("seller", seller_id)
        row = await storage.authorization(connection, seller_id, client_id)
        if row is not None:
            return row
        refresh_token = identifiers.refresh_token(_seed())
        row = storage.AuthorizationRow(
            seller_id=seller_id,
            authorization_id=identifiers.authorization_id(_seed()),
            client_id=client_id,
            refresh_token_hash=_digest(refresh_token),
            refresh_token_sealed=self._seal("refresh token", refresh_token),
            created_at=self._time(),
        )
        await storage.insert_authorization(connection, row)
        return row

    async def _authenticate(self, connection: Connection, client_id: str, client_secret: str) -> None:
        try:
            expected = self._secret_of(await self._application(connection, client_id))
        except NotFound:
            raise GrantRefused("client_secret") from None
        if not hmac.compare_digest(_digest(expected), _digest(client_secret)):
            raise GrantRefused("client_secret")

    def _credentials(
        self,
        row: storage.SellerRow,
        application: storage.ApplicationRow | None,
        authorization: storage.AuthorizationRow | None,
    ) -> SellerCredentials:
        spapi = None
        if application is not None and authorization is not None:
            refresh_token = self._refresh_token_of(authorization)
            spapi = SpapiCredentials(application.client_id, self._secret_of(application), refresh_token)
        mws = MwsCredentials(
            row.mws_access_key_id,
            self._unseal("mws secret key", row.mws_secret_sealed),
            self._unseal("mws auth token", row.mws_auth_token_sealed),
        )
        return SellerCredentials(row.seller_id, row.email, list(row.marketplaces), mws, spapi)

    def _secret_of(self, application: storage.ApplicationRow) -> str:
        return self._unseal("client secret", application.secret_sealed)

    def _refresh_token_of(self, authorization: storage.AuthorizationRow) -> str:
        return self._unseal("refresh token", authorization.refresh_token_sealed)

    def _seal(self, purpose: str, text: str) -> bytes:
        return self._keyring.seal(purpose, text.encode())

    def _unseal(self, purpose: str, sealed: bytes) -> str:
        return self._keyring.open(purpose, sealed).decode()

    async def _nobody(self) -> str:
        """A hash that no password matches, as costly to check as any."""
        if self._hash_of_nobody is None:
            self._hash_of_nobody = await self._keyring.password_hash(secrets.token_hex())
        return self._hash_of_nobody

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)


def _seed() -> bytes:
    return secrets.token_bytes(identifiers.SEED_BYTES)


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _seller(row: storage.SellerRow) -> Seller:
    return Seller(row.seller_id, row.email, row.name, row.region, list(row.marketplaces), row.fidelity, row.created_at)
