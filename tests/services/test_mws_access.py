"""Who may ask MWS for whom, on a real database."""

from __future__ import annotations

import itertools

import pytest
from argon2 import PasswordHasher

from entrepot.domain.errors import Denied
from entrepot.services.access import Access
from entrepot.services.callers import MwsAccount
from entrepot.services.credentials import SellerCredentials
from entrepot.services.secrets import Keyring
from entrepot.storage.database import Database

KEYRING = Keyring(b"k" * 32, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
_numbers = itertools.count(1)


class Clock:
    def __init__(self) -> None:
        self.tick = 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(database: Database, clock: Clock) -> Access:
    return Access(database, KEYRING, tick=lambda: clock.tick)


async def new_seller(access: Access) -> SellerCredentials:
    return await access.add_seller(f"mws{next(_numbers)}@mws-access.example", "secret", "Ann's Books", ["US", "CA"])


async def developer(access: Access, seller: SellerCredentials) -> MwsAccount:
    found = await access.mws_developer(seller.mws.access_key_id)
    assert found is not None
    return found


async def test_an_access_key_is_its_sellers(access: Access) -> None:
    seller = await new_seller(access)

    found = await developer(access, seller)

    assert (found.seller_id, found.secret_key) == (seller.seller_id, seller.mws.secret_key)
    assert (found.auth_token, list(found.marketplaces)) == (seller.mws.auth_token, seller.marketplaces)


@pytest.mark.parametrize("key", ["AKIAABCDEFGHIJKLMNOP", "", "AKIA", "\0", "\ud800", "AKIA" + "A" * 5000, "x' or 1=1"])
async def test_any_other_access_key_is_nobodys(access: Access, key: str) -> None:
    assert await access.mws_developer(key) is None


async def test_a_seller_needs_no_token_for_himself(access: Access) -> None:
    seller = await new_seller(access)
    himself = await developer(access, seller)

    assert await access.mws_seller(himself, seller.seller_id, None) == himself
    assert await access.mws_seller(himself, seller.seller_id, seller.mws.auth_token) == himself


async def test_any_developer_acts_for_a_seller_whose_token_he_has(access: Access) -> None:
    ann, dev = await new_seller(access), await new_seller(access)

    found = await access.mws_seller(await developer(access, dev), ann.seller_id, ann.mws.auth_token)

    assert found.seller_id == ann.seller_id


async def test_nobody_acts_for_a_seller_without_his_token(access: Access) -> None:
    ann, dev = await new_seller(access), await new_seller(access)
    himself = await developer(access, dev)
    told = []

    for seller_id in (ann.seller_id, "ANOB0DY", "\ud800", ""):
        for token in (None, "", dev.mws.auth_token, ann.mws.auth_token[:-1], "\ud800\0"):
            with pytest.raises(Denied) as refused:
                await access.mws_seller(himself, seller_id, token)
            told.append((token is None, refused.value.reason))

    assert set(told) == {(True, "missing"), (False, "malformed")}


async def test_a_wrong_token_is_refused_from_the_seller_himself(access: Access) -> None:
    seller = await new_seller(access)

    with pytest.raises(Denied):
        await access.mws_seller(await developer(access, seller), seller.seller_id, "amzn.mws.other")


async def test_accounts_are_looked_up_once_a_second(access: Access, clock: Clock, database: Database) -> None:
    seller = await new_seller(access)
    await developer(access, seller)
    async with database.write() as connection:
        await connection.execute("update sellers set fidelity = 'strict' where seller_id = $1", seller.seller_id)

    within = await developer(access, seller)
    clock.tick += 1
    after = await developer(access, seller)

    assert (within.fidelity, after.fidelity) == (None, "strict")
