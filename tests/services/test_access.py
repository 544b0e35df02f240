"""Sellers, applications, authorisations and tokens, on a real database."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain import identifiers
from entrepot.domain.errors import AlreadyExists, Denied, Invalid, NotFound
from entrepot.domain.marketplaces import MARKETPLACES, by_id, in_region, named
from entrepot.services.access import CODE_SECONDS, Access, GrantRefused
from entrepot.services.access_tokens import ACCESS_TOKEN_SECONDS
from entrepot.services.credentials import SellerCredentials, SpapiCredentials
from entrepot.services.roles import ROLES, SCOPES
from entrepot.services.secrets import KeyFileError, Keyring
from entrepot.storage.database import Connection, Database

US, CA, UK, DE, JP = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1F83G8C2ARO7P", "A1PA6795UKMFR9", "A1VC38T7YXB528"
BACK = "https://app.example/back"
ODD = ["", "\0", "ü", "\ud800", "A" * 1000, "'; drop table sellers", "A1 B2"]

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KEYRING = Keyring(b"k" * 32, CHEAP)

_numbers = itertools.count(1)


class Clock:
    """Real time and the steady clock, both by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.tick = 0.0


class WatchedDatabase:
    """The database, counting the connections taken; `pause` holds readers back once they have read."""

    def __init__(self, database: Database) -> None:
        self.inner = database
        self.uses = 0
        self.broken = False
        self.pause = asyncio.Event()
        self.pause.set()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        self.uses += 1
        if self.broken:
            raise ConnectionError
        async with self.inner.read() as connection:
            yield connection
        await self.pause.wait()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Connection]:
        self.uses += 1
        async with self.inner.write() as connection:
            yield connection


class WatchedKeyring(Keyring):
    opened = 0

    def open(self, purpose: str, sealed: bytes) -> bytes:
        self.opened += 1
        return super().open(purpose, sealed)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(database: Database) -> WatchedDatabase:
    return WatchedDatabase(database)


@pytest.fixture
def access(watched: WatchedDatabase, clock: Clock) -> Access:
    return node(watched, clock)


def node(database: WatchedDatabase, clock: Clock, keyring: Keyring = KEYRING) -> Access:
    """One more server on the same database."""
    return Access(cast(Database, database), keyring, now=lambda: clock.now, tick=lambda: clock.tick)


def fresh_email() -> str:
    return f"seller{next(_numbers)}@access.example"


async def new_seller(access: Access, **more: Any) -> SellerCredentials:
    return await access.add_seller(**{"email": fresh_email(), "password": "secret", "name": "Ann's Books", **more})


def spapi(seller: SellerCredentials) -> SpapiCredentials:
    assert seller.spapi is not None
    return seller.spapi


async def access_token(access: Access, seller: SellerCredentials) -> str:
    return (await access.refresh(**msgspec.to_builtins(spapi(seller)))).access_token


async def denial(access: Access, token: str | None) -> str:
    with pytest.raises(Denied) as denied:
        await access.identify(token)
    return denied.value.reason


# Marketplaces


def test_there_are_twenty_three_marketplaces_each_in_one_region() -> None:
    regions = {region: len(in_region(region)) for region in ("NA", "EU", "FE")}

    assert regions == {"NA": 4, "EU": 16, "FE": 3}
    assert len(MARKETPLACES) == 23
    assert in_region("XX") == ()


def test_the_british_marketplace_is_uk_and_its_country_gb() -> None:
    british = by_id(UK)

    assert british is not None
    assert (british.code, british.country, british.currency) == ("UK", "GB", "GBP")
    assert named("uk") == named("GB") == named(" a1f83g8c2aro7p ") == british
    assert by_id("UK") is None
    assert named("XX") is None


# Sellers


async def test_a_new_seller_gets_credentials_of_the_promised_shape(access: Access) -> None:
    seller = await new_seller(access, email="ann@access.example")

    shape = {
        "seller_id": r"A[0-9A-Z]{13}",
        "email": r"ann@access\.example",
        "marketplaces": [US],
        "mws": {
            "access_key_id": r"AKIA[A-Z2-7]{16}",
            "secret_key": r"[0-9A-Za-z]{40}",
            "auth_token": r"amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        },
        "spapi": {
            "client_id": r"amzn1\.application-oa2-client\.[0-9a-f]{32}",
            "client_secret": r"amzn1\.oa2-cs\.v1\.[0-9a-f]{64}",
            "refresh_token": r"Atzr\|[0-9A-Za-z_-]{40,}",
        },
    }
    assert_matches(json.loads(msgspec.json.encode(seller)), shape)


def assert_matches(value: Any, shape: Any) -> None:
    if isinstance(shape, dict):
        assert list(value) == list(shape)
        for name in shape:
            assert_matches(value[name], shape[name])
    elif isinstance(shape, str):
        assert re.fullmatch(shape, value)
    else:
        assert value == shape


async def test_credentials_can_be_read_back(access: Access) -> None:
    seller = await new_seller(access)

    assert await access.credentials(seller.seller_id) == seller


async def test_a_key_file_that_does_not_fit_the_database_is_noticed(
    access: Access, watched: WatchedDatabase, clock: Clock
) -> None:
    clock.now = 10_000_000_000.0  # later than whatever other tests add
    await new_seller(access)

    await access.check_key()
    with pytest.raises(KeyFileError):
        await node(watched, clock, Keyring(b"K" * 32, CHEAP)).check_key()


def test_no_identifier_is_made_from_too_few_random_bytes() -> None:
    with pytest.raises(ValueError, match="too few"):
        identifiers.client_secret(b"x" * 31)


async def test_no_two_sellers_share_a_secret(access: Access) -> None:
    ann, bob = [msgspec.to_builtins(await new_seller(access)) for _ in range(2)]

    for part in ("mws", "spapi"):
        assert not set(ann[part].values()) & set(bob[part].values())
    assert ann["seller_id"] != bob["seller_id"]


async def test_no_secret_lies_open_in_the_database(access: Access, database: Database) -> None:
    seller = await new_seller(access, password="pass-word-of-ann")
    secrets = [seller.mws.secret_key, seller.mws.auth_token, spapi(seller).client_secret, spapi(seller).refresh_token]

    async with database.read() as connection:
        rows = [
            str(dict(row))
            for table in ("sellers", "applications", "authorizations")
            for row in await connection.fetch(f"select * from {table}")
        ]

    assert any(seller.seller_id in row for row in rows)
    assert not [row for row in rows for secret in ["pass-word-of-ann", *secrets] if secret in row]


@pytest.mark.parametrize(
    ("given_names", "ids"),
    [
        ((), [US]),
        (("us", "CA"), [US, CA]),
        ((UK, "DE", "GB", "UK"), [UK, DE]),
        (("JP",), [JP]),
    ],
)
async def test_marketplaces_are_given_by_id_or_country(
    access: Access, given_names: Sequence[str], ids: list[str]
) -> None:
    seller = await new_seller(access, marketplaces=given_names)

    assert seller.marketplaces == ids
    assert (await access.seller(seller.seller_id)).marketplaces == ids


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"marketplaces": ["US", "XX"]}, "marketplaces"),
        ({"marketplaces": ["US", "DE"]}, "marketplaces"),
        ({"marketplaces": ["\0"]}, "marketplaces"),
        ({"email": "ann"}, "email"),
        ({"email": "ann@"}, "email"),
        ({"email": "a:b@access.example"}, "email"),
        ({"email": "a b@access.example"}, "email"),
        ({"email": "a\0@access.example"}, "email"),
        ({"email": "\ud800@access.example"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "Ann\0"}, "name"),
        ({"password": ""}, "password"),
        ({"fidelity": "lax"}, "fidelity"),
        ({"seller_id": "a1"}, "seller_id"),
        ({"seller_id": "A1234\n"}, "seller_id"),
    ],
)
async def test_a_seller_with_an_invalid_value_is_refused(access: Access, value: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await new_seller(access, **value)

    assert refused.value.field == field


async def test_an_email_address_is_used_once_in_whatever_case(access: Access) -> None:
    await new_seller(access, email="Carol@Access.example")

    with pytest.raises(AlreadyExists):
        await new_seller(access, email=" carol@access.EXAMPLE ")


async def test_a_seller_id_can_be_chosen_once(access: Access) -> None:
    seller = await new_seller(access, seller_id="A1CHOSEN0ID")

    with pytest.raises(AlreadyExists):
        await new_seller(access, seller_id="A1CHOSEN0ID")

    assert seller.seller_id == "A1CHOSEN0ID"


async def test_what_belongs_to_a_new_seller_is_written_in_the_same_transaction(access: Access) -> None:
    seen = []

    async def refuse(connection: Connection, seller_id: str) -> None:
        seen.append(await connection.fetchval("select name from sellers where seller_id = $1", seller_id))
        raise RuntimeError("no ledger today")

    with pytest.raises(RuntimeError):
        await new_seller(access, seller_id="A1NOLEDGER", name="Ann", also=refuse)

    assert seen == ["Ann"]
    with pytest.raises(NotFound):
        await access.seller("A1NOLEDGER")


async def test_a_seller_can_authorise_an_application_that_exists(access: Access) -> None:
    application = await access.add_application("ERP", ["Product Listing"])

    seller = await new_seller(access, client_id=application.client_id)

    assert spapi(seller).client_id == application.client_id
    assert spapi(seller).client_secret == application.client_secret
    assert (await access.identify(await access_token(access, seller))).roles == {"Product Listing"}


async def test_a_seller_for_an_unknown_application_is_not_added(access: Access) -> None:
    with pytest.raises(NotFound):
        await new_seller(access, seller_id="A1NOAPP", client_id="amzn1.application-oa2-client." + "0" * 32)

    with pytest.raises(NotFound):
        await access.seller("A1NOAPP")


async def test_sellers_are_listed_the_oldest_first(access: Access, clock: Clock) -> None:
    first = await new_seller(access, marketplaces=["DE"], fidelity="strict")
    clock.now += 1
    second = await new_seller(access)

    listed = {seller.seller_id: seller for seller in await access.list_sellers()}

    assert list(listed).index(first.seller_id) < list(listed).index(second.seller_id)
    assert listed[first.seller_id] == await access.seller(first.seller_id)
    assert (listed[first.seller_id].region, listed[first.seller_id].fidelity) == ("EU", "strict")
    assert listed[second.seller_id].fidelity is None


@pytest.mark.parametrize("name", ODD)
async def test_no_spelling_of_an_unknown_seller_or_application_does_harm(access: Access, name: str) -> None:
    seller = await new_seller(access)
    calls = [
        access.seller(name),
        access.credentials(name),
        access.authorize(name, spapi(seller).client_id),
        access.authorize(seller.seller_id, name),
        access.revoke(name, spapi(seller).client_id),
        access.revoke(seller.seller_id, name),
        access.authorization_code(name, spapi(seller).client_id, BACK),
        access.authorization_code(seller.seller_id, name, BACK),
    ]

    outcomes = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [NotFound] * len(calls)


async def test_a_seller_logs_in_with_email_and_password(access: Access) -> None:
    ann = await new_seller(access, email="Ann.Login@access.example", password="pa:ss wörd")

    found = await access.login("ann.login@ACCESS.example", "pa:ss wörd")

    assert found == await access.seller(ann.seller_id)
    assert await access.login("Ann.Login@access.example", "pass") is None
    for email in [*ODD, "nobody@access.example"]:
        assert await access.login(email, "pa:ss wörd") is None


# Applications and authorisations


async def test_an_application_has_known_roles_and_absolute_addresses_only(access: Access) -> None:
    with pytest.raises(Invalid, match="Everything"):
        await access.add_application("ERP", ["Everything"])
    for uri in (
        "",
        "app.example/back",
        "ftp://app.example",
        "https://",
        "https://app.example/#x",
        "http://[",
        "https://a\0",
    ):
        with pytest.raises(Invalid):
            await access.add_application("ERP", ROLES, [uri])


async def test_authorising_twice_gives_the_same_refresh_token_until_it_is_revoked(access: Access) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP")

    tokens = await asyncio.gather(*(access.authorize(seller.seller_id, application.client_id) for _ in range(5)))
    await access.revoke(seller.seller_id, application.client_id)
    again = await access.authorize(seller.seller_id, application.client_id)

    assert len(set(tokens)) == 1
    assert again not in tokens


async def test_what_is_not_authorised_cannot_be_revoked(access: Access) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP")

    with pytest.raises(NotFound):
        await access.revoke(seller.seller_id, application.client_id)


async def test_a_seller_who_revoked_everything_still_has_his_mws_credentials(access: Access) -> None:
    seller = await new_seller(access)

    await access.revoke(seller.seller_id, spapi(seller).client_id)

    assert await access.credentials(seller.seller_id) == msgspec.structs.replace(seller, spapi=None)


# Grants


async def test_a_refresh_token_gives_access_tokens_and_stays_as_it_is(access: Access) -> None:
    seller = await new_seller(access)

    first = await access.refresh(**msgspec.to_builtins(spapi(seller)))
    second = await access.refresh(**msgspec.to_builtins(spapi(seller)))

    assert first.access_token != second.access_token
    assert re.fullmatch(r"Atza\|[0-9A-Za-z_-]+", first.access_token)
    assert len(first.access_token) <= 2048
    assert first.refresh_token == second.refresh_token == spapi(seller).refresh_token


async def test_a_refresh_token_is_refused_to_another_application(access: Access) -> None:
    ann, bob = await new_seller(access), await new_seller(access)

    with pytest.raises(GrantRefused) as refused:
        await access.refresh(spapi(bob).client_id, spapi(bob).client_secret, spapi(ann).refresh_token)

    assert refused.value.parameter == "refresh_token"


async def test_a_token_that_is_no_refresh_token_is_refused(access: Access) -> None:
    ann = await new_seller(access)
    client = spapi(ann).client_id, spapi(ann).client_secret

    for wrong in [*ODD, await access_token(access, ann), spapi(ann).refresh_token[:-1], spapi(ann).refresh_token + "A"]:
        with pytest.raises(GrantRefused, match="refresh_token"):
            await access.refresh(*client, wrong)


async def test_every_grant_needs_the_secret_of_the_application(access: Access) -> None:
    ann, bob = spapi(await new_seller(access)), spapi(await new_seller(access))

    for client_id, secret in [(ann.client_id, bob.client_secret), *((odd, ann.client_secret) for odd in ODD)]:
        for grant in (
            access.refresh(client_id, secret, ann.refresh_token),
            access.grantless(client_id, secret, SCOPES[0]),
            access.exchange(client_id, secret, "code", BACK),
        ):
            with pytest.raises(GrantRefused, match="client_secret"):
                await grant
    for odd in ODD:
        with pytest.raises(GrantRefused, match="client_secret"):
            await access.refresh(ann.client_id, odd, ann.refresh_token)


async def test_an_application_alone_gets_a_token_without_a_seller(access: Access) -> None:
    application = await access.add_application("ERP", ["Pricing"])

    tokens = await access.grantless(application.client_id, application.client_secret, SCOPES[0])
    caller = await access.identify(tokens.access_token)

    assert tokens.refresh_token is None
    assert (caller.seller_id, caller.client_id, caller.scope) == (None, application.client_id, SCOPES[0])
    assert (caller.roles, caller.marketplaces, caller.region) == (frozenset({"Pricing"}), (), None)


@pytest.mark.parametrize("scope", ["sellingpartnerapi::migration", "", "profile", f"{SCOPES[0]} {SCOPES[1]}"])
async def test_an_unknown_scope_is_refused(access: Access, scope: str) -> None:
    application = await access.add_application("ERP")

    with pytest.raises(GrantRefused, match="scope"):
        await access.grantless(application.client_id, application.client_secret, scope)


async def test_a_code_is_exchanged_for_a_new_authorisation(access: Access) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP", redirect_uris=[BACK])
    code = await access.authorization_code(seller.seller_id, application.client_id, BACK)

    tokens = await access.exchange(application.client_id, application.client_secret, code, BACK)

    caller = await access.identify(tokens.access_token)
    assert (caller.seller_id, caller.client_id) == (seller.seller_id, application.client_id)
    assert tokens.refresh_token == await access.authorize(seller.seller_id, application.client_id)


async def test_many_codes_lead_to_one_authorisation(access: Access) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP", redirect_uris=[BACK])
    codes = [await access.authorization_code(seller.seller_id, application.client_id, BACK) for _ in range(4)]

    tokens = await asyncio.gather(
        *(access.exchange(application.client_id, application.client_secret, code, BACK) for code in codes)
    )

    assert len({each.refresh_token for each in tokens}) == 1


async def test_a_code_is_good_once_however_many_ask_at_the_same_time(access: Access) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP", redirect_uris=[BACK])
    code = await access.authorization_code(seller.seller_id, application.client_id, BACK)

    outcomes = await asyncio.gather(
        *(access.exchange(application.client_id, application.client_secret, code, BACK) for _ in range(8)),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, GrantRefused) for outcome in outcomes) == 7


async def test_a_code_lives_five_minutes(access: Access, clock: Clock) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP", redirect_uris=[BACK])
    codes = [await access.authorization_code(seller.seller_id, application.client_id, BACK) for _ in range(2)]

    clock.now += CODE_SECONDS - 1
    await access.exchange(application.client_id, application.client_secret, codes[0], BACK)
    clock.now += 1

    with pytest.raises(GrantRefused, match="code"):
        await access.exchange(application.client_id, application.client_secret, codes[1], BACK)


async def test_a_code_is_only_for_the_application_and_the_address_it_was_made_for(access: Access) -> None:
    seller = await new_seller(access)
    erp = await access.add_application("ERP", redirect_uris=[BACK])
    other = await access.add_application("Other", redirect_uris=[BACK])
    code = await access.authorization_code(seller.seller_id, erp.client_id, BACK)

    for application, uri in [(other, BACK), (erp, BACK + "/"), *((erp, odd) for odd in ODD)]:
        with pytest.raises(GrantRefused, match="code"):
            await access.exchange(application.client_id, application.client_secret, code, uri)

    await access.exchange(erp.client_id, erp.client_secret, code, BACK)  # and it was not used up


async def test_a_code_is_not_given_for_an_address_that_is_not_registered(access: Access) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP", redirect_uris=[BACK])

    with pytest.raises(Invalid):
        await access.authorization_code(seller.seller_id, application.client_id, "https://evil.example")


async def test_old_codes_are_forgotten(access: Access, clock: Clock, database: Database) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP", redirect_uris=[BACK])

    for _ in range(3):
        await access.authorization_code(seller.seller_id, application.client_id, BACK)
        clock.now += 2 * CODE_SECONDS + 1

    async with database.read() as connection:
        left = await connection.fetchval(
            "select count(*) from authorization_codes where client_id = $1", application.client_id
        )
    assert left == 1


async def test_a_revocation_also_ends_codes_not_yet_exchanged(access: Access) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP", redirect_uris=[BACK])
    await access.authorize(seller.seller_id, application.client_id)
    code = await access.authorization_code(seller.seller_id, application.client_id, BACK)

    await access.revoke(seller.seller_id, application.client_id)

    with pytest.raises(GrantRefused, match="code"):
        await access.exchange(application.client_id, application.client_secret, code, BACK)


async def test_no_token_outlives_a_revocation_that_ran_beside_its_exchange(access: Access) -> None:
    seller = await new_seller(access)
    application = await access.add_application("ERP", redirect_uris=[BACK])

    for _ in range(10):
        await access.authorize(seller.seller_id, application.client_id)
        code = await access.authorization_code(seller.seller_id, application.client_id, BACK)
        exchanged, revoked = await asyncio.gather(
            access.exchange(application.client_id, application.client_secret, code, BACK),
            access.revoke(seller.seller_id, application.client_id),
            return_exceptions=True,
        )

        assert revoked is None
        if isinstance(exchanged, BaseException):
            assert isinstance(exchanged, GrantRefused)
        else:
            assert await denial(access, exchanged.access_token) == "revoked"


# Who sent this token


async def test_a_token_tells_the_seller_his_marketplaces_and_the_roles(access: Access) -> None:
    seller = await new_seller(access, marketplaces=["UK", "DE"], fidelity="strict")

    caller = await access.identify(await access_token(access, seller))

    assert (caller.seller_id, caller.client_id) == (seller.seller_id, spapi(seller).client_id)
    assert (caller.roles, caller.marketplaces, caller.region) == (frozenset(ROLES), (UK, DE), "EU")
    assert (caller.fidelity, caller.scope) == ("strict", None)


async def test_sellers_who_share_an_application_are_told_apart(access: Access) -> None:
    application = await access.add_application("ERP")
    ann = await new_seller(access, client_id=application.client_id)
    bob = await new_seller(access, client_id=application.client_id, marketplaces=["JP"])

    callers = [await access.identify(await access_token(access, seller)) for seller in (ann, bob)]
    await access.revoke(ann.seller_id, application.client_id)

    assert [caller.seller_id for caller in callers] == [ann.seller_id, bob.seller_id]
    assert [caller.marketplaces for caller in callers] == [(US,), (JP,)]
    assert (await access.identify(await access_token(access, bob))).seller_id == bob.seller_id


@pytest.mark.parametrize("absent", [None, ""])
async def test_no_token_is_missing(access: Access, absent: str | None) -> None:
    assert await denial(access, absent) == "missing"


async def test_everything_that_is_not_an_access_token_is_malformed(
    access: Access, watched: WatchedDatabase, clock: Clock
) -> None:
    seller = await new_seller(access)
    token = await access_token(access, seller)
    foreign = await access_token(node(watched, clock), seller)
    stranger = node(watched, clock, Keyring(b"K" * 32, CHEAP))
    wrong = [
        spapi(seller).refresh_token,
        spapi(seller).client_secret,
        "Atza|",
        "Atza",
        "Atzr|" + token.removeprefix("Atza|"),
        "Atza|ü",
        "Atza|\ud800",
        "\0",
        " " + token,
        token + " ",
        token + "=",
        token * 2,
        "A" * 1_000_000,
        "Atza|" + "A" * 1_000_000,
    ]
    truncated = [token[:length] for length in range(1, len(token))]
    changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]

    reasons = {await denial(access, text) for text in [*wrong, *truncated, *changed]}

    assert reasons == {"malformed"}
    assert await denial(stranger, foreign) == "malformed"


async def test_no_text_at_all_breaks_identification(access: Access) -> None:
    @settings(max_examples=300)
    @given(st.one_of(st.text(min_size=1), st.text(min_size=1).map("Atza|".__add__)))
    def check(text: str) -> None:
        with pytest.raises(Denied) as denied:
            access.identify(text).send(None)
        assert denied.value.reason == "malformed"

    check()


async def test_a_token_lives_an_hour(access: Access, clock: Clock) -> None:
    token = await access_token(access, await new_seller(access))

    clock.now += ACCESS_TOKEN_SECONDS - 0.001
    await access.identify(token)
    clock.now += 0.001

    assert await denial(access, token) == "expired"


async def test_a_token_outlives_a_restart_and_is_understood_by_every_node(
    access: Access, watched: WatchedDatabase, clock: Clock
) -> None:
    seller = await new_seller(access)
    token = await access_token(access, seller)

    restarted = node(watched, clock, Keyring(b"k" * 32, CHEAP))

    assert (await restarted.identify(token)).seller_id == seller.seller_id


async def test_a_revoked_token_is_refused_here_at_once_and_elsewhere_within_a_second(
    access: Access, watched: WatchedDatabase, clock: Clock
) -> None:
    seller, elsewhere = await new_seller(access), node(watched, clock)
    token = await access_token(access, seller)
    await access.identify(token)
    await elsewhere.identify(token)

    await access.revoke(seller.seller_id, spapi(seller).client_id)

    assert await denial(access, token) == "revoked"
    clock.tick += 1.0
    assert await denial(elsewhere, token) == "revoked"
    with pytest.raises(GrantRefused, match="refresh_token"):
        await access.refresh(**msgspec.to_builtins(spapi(seller)))


async def test_a_token_stays_revoked_when_the_seller_authorises_again(access: Access) -> None:
    seller = await new_seller(access)
    token = await access_token(access, seller)
    await access.revoke(seller.seller_id, spapi(seller).client_id)

    await access.authorize(seller.seller_id, spapi(seller).client_id)

    assert await denial(access, token) == "revoked"


async def test_a_look_up_that_a_revocation_overtook_is_not_remembered(access: Access, watched: WatchedDatabase) -> None:
    seller = await new_seller(access)
    token = await access_token(access, seller)
    watched.pause.clear()
    overtaken = asyncio.create_task(access.identify(token))
    await asyncio.sleep(0.05)
    assert not overtaken.done()

    await access.revoke(seller.seller_id, spapi(seller).client_id)
    watched.pause.set()
    await overtaken

    assert await denial(access, token) == "revoked"


async def test_within_a_second_no_request_needs_the_database_or_the_key(watched: WatchedDatabase, clock: Clock) -> None:
    keyring = WatchedKeyring(b"k" * 32, CHEAP)
    access = node(watched, clock, keyring)
    token = await access_token(access, await new_seller(access))
    watched.uses = keyring.opened = 0

    uses = []
    for clock.tick in (0.0, 0.5, 0.999, 1.0, 1.5, 2.0):
        await access.identify(token)
        uses.append(watched.uses)

    assert uses == [1, 1, 1, 2, 2, 3]
    assert keyring.opened == 1


async def test_nothing_longer_than_a_token_is_decrypted(watched: WatchedDatabase, clock: Clock) -> None:
    keyring = WatchedKeyring(b"k" * 32, CHEAP)

    reason = await denial(node(watched, clock, keyring), "Atza|" + "AQAA" * 512)

    assert (reason, keyring.opened) == ("malformed", 0)


async def test_requests_at_the_same_time_share_one_look_up(access: Access, watched: WatchedDatabase) -> None:
    token = await access_token(access, await new_seller(access))
    watched.uses = 0

    callers = await asyncio.gather(*(access.identify(token) for _ in range(50)))

    assert len(set(callers)) == 1
    assert watched.uses == 1


async def test_one_caller_who_gives_up_does_not_spoil_the_look_up_of_the_others(
    access: Access, watched: WatchedDatabase
) -> None:
    token = await access_token(access, await new_seller(access))
    watched.pause.clear()
    first, second = [asyncio.create_task(access.identify(token)) for _ in range(2)]
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.sleep(0)
    watched.pause.set()

    assert (await second).client_id


async def test_a_failed_look_up_is_tried_again(access: Access, watched: WatchedDatabase) -> None:
    token = await access_token(access, await new_seller(access))
    watched.broken = True
    with pytest.raises(ConnectionError):
        await access.identify(token)

    watched.broken = False

    assert (await access.identify(token)).client_id


async def test_a_change_of_the_seller_is_seen_within_a_second(access: Access, database: Database, clock: Clock) -> None:
    seller = await new_seller(access)
    token = await access_token(access, seller)
    await access.identify(token)

    async with database.write() as connection:
        await connection.execute("update sellers set fidelity = 'strict' where seller_id = $1", seller.seller_id)
    clock.tick += 1.0

    assert (await access.identify(token)).fidelity == "strict"
