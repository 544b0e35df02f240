"""The key file, seals, tokens and passwords."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from entrepot.services.secrets import KeyFileError, Keyring, Unsealable, token, untoken

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class WatchedHasher(PasswordHasher):
    """Cheap, and counts; `before` runs at the beginning of each check, in its thread."""

    def __init__(self, before: Callable[[], object] = lambda: None) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.before = before
        self.checks = 0

    def verify(self, hash: Any, password: Any) -> Any:
        self.checks += 1
        self.before()
        return super().verify(hash, password)


def keyring(hasher: PasswordHasher = CHEAP, tick: Callable[[], float] = lambda: 0.0) -> Keyring:
    return Keyring(b"k" * 32, hasher, tick)


# The key file


def test_the_first_start_makes_a_key_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "key"

    Keyring.load(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["key"]


def test_who_loads_the_same_key_file_opens_the_same_seals(tmp_path: Path) -> None:
    sealed = Keyring.load(tmp_path / "key").seal("page", b"plain")

    opened = Keyring.load(tmp_path / "key").open("page", sealed)

    assert opened == b"plain"


def test_servers_that_start_together_for_the_first_time_agree_on_one_key(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def load(_: int) -> Keyring:
        together.wait()
        return Keyring.load(tmp_path / "key")

    with ThreadPoolExecutor(8) as pool:
        keyrings = list(pool.map(load, range(8)))

    sealed = keyrings[0].seal("page", b"plain")
    assert [each.open("page", sealed) for each in keyrings] == [b"plain"] * 8
    assert os.listdir(tmp_path) == ["key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    Keyring.load(tmp_path / "key")
    (tmp_path / "key").chmod(mode)

    with pytest.raises(KeyFileError, match="chmod 600"):
        Keyring.load(tmp_path / "key")


@pytest.mark.parametrize("content", [b"", b"00", b"zz" * 32, b"\xff" * 64, b"00" * 33])
def test_a_damaged_key_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    Keyring.load(tmp_path / "key")
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(KeyFileError, match="damaged"):
        Keyring.load(tmp_path / "key")

    assert (tmp_path / "key").read_bytes() == content


# Seals


@given(st.binary(max_size=300))
def test_what_was_sealed_can_be_opened(plain: bytes) -> None:
    assert keyring().open("page", keyring().seal("page", plain)) == plain


def test_the_same_value_is_never_sealed_alike() -> None:
    seals = {keyring().seal("page", b"plain") for _ in range(100)}

    assert len(seals) == 100


def test_a_seal_cannot_be_opened_for_another_purpose_or_with_another_key() -> None:
    sealed = keyring().seal("page", b"plain")

    for foreign, purpose in ((keyring(), "token"), (Keyring(b"K" * 32), "page")):
        with pytest.raises(Unsealable):
            foreign.open(purpose, sealed)


def test_a_seal_with_any_byte_changed_missing_or_added_cannot_be_opened() -> None:
    sealed = keyring().seal("page", b"plain")
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    truncated = [sealed[:length] for length in range(len(sealed))]

    for damaged in [*changed, *truncated, sealed + b"\0"]:
        with pytest.raises(Unsealable):
            keyring().open("page", damaged)


# Tokens


@given(st.binary(max_size=100))
def test_a_token_is_plain_letters_and_can_be_read_back(raw: bytes) -> None:
    text = token(raw)

    assert untoken(text) == raw
    assert not set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y!Q", "YQ\n", "Y", "+/+/", "ü", "\ud800", "YQ YQ"])
def test_a_token_has_one_spelling_only(text: str) -> None:
    with pytest.raises(Unsealable):
        untoken(text)


@given(st.text())
def test_no_text_breaks_the_reading_of_tokens(text: str) -> None:
    try:
        raw = untoken(text)
    except Unsealable:
        return

    assert token(raw) == text


# Passwords


async def test_the_right_password_matches_and_no_other_does() -> None:
    stored = await keyring().password_hash("Grüße\ud800")

    assert await keyring().password_matches(stored, "Grüße\ud800")
    assert not await keyring().password_matches(stored, "grüße\ud800")
    assert not await keyring().password_matches(stored, "")
    assert "Grüße" not in stored


async def test_nothing_matches_a_damaged_hash() -> None:
    assert not await keyring().password_matches("", "")
    assert not await keyring().password_matches("$argon2id$v=19$m=8,t=1,p=1$", "secret")


async def test_a_right_password_is_computed_once_a_minute() -> None:
    time, hasher = [0.0], WatchedHasher()
    passwords = keyring(hasher, lambda: time[0])
    stored = await passwords.password_hash("secret")

    counts = []
    for time[0] in (0.0, 1.0, 59.9, 60.0, 61.0):
        assert await passwords.password_matches(stored, "secret")
        counts.append(hasher.checks)

    assert counts == [1, 1, 1, 2, 2]


async def test_a_wrong_password_is_computed_each_time() -> None:
    hasher = WatchedHasher()
    passwords = keyring(hasher)
    stored = await passwords.password_hash("secret")

    for _ in range(3):
        assert not await passwords.password_matches(stored, "guess")

    assert hasher.checks == 3


async def test_a_password_that_was_changed_is_not_answered_from_memory() -> None:
    passwords = keyring()
    before, after = await passwords.password_hash("old"), await passwords.password_hash("new")
    assert await passwords.password_matches(before, "old")

    assert not await passwords.password_matches(after, "old")
    assert await passwords.password_matches(after, "new")


async def test_callers_who_ask_the_same_at_once_share_one_computation_and_none_can_cancel_it() -> None:
    gate = threading.Event()
    hasher = WatchedHasher(before=lambda: gate.wait(10))
    passwords = keyring(hasher)
    stored = await passwords.password_hash("secret")
    callers = [asyncio.create_task(passwords.password_matches(stored, "secret")) for _ in range(5)]
    await asyncio.sleep(0)

    callers[0].cancel()
    gate.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)

    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [True] * 4
    assert hasher.checks == 1


async def test_the_event_loop_goes_on_while_a_password_is_computed() -> None:
    gate, opened = threading.Event(), []
    passwords = keyring(WatchedHasher(before=lambda: opened.append(gate.wait(10))))
    stored = await passwords.password_hash("secret")

    checking = asyncio.create_task(passwords.password_matches(stored, "secret"))
    await asyncio.sleep(0.01)
    gate.set()  # only a loop that is free gets here before the gate stops waiting

    assert await checking
    assert opened == [True]
