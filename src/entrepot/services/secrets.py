"""What must be kept secret: one key file, values sealed with it, and passwords. Refuses to know whose secrets they are.

Nodes that share the key file read each other's seals, so nothing sealed is lost when a server restarts.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = b"\x01"  # of the seal's layout: version, nonce, ciphertext with its tag


class KeyFileError(Exception):
    """The key file cannot be used: damaged, or readable by others. The message says what to do."""


class Unsealable(Exception):
    """Not a seal of this key file and purpose: foreign, truncated or tampered with."""


def _hasher() -> PasswordHasher:
    """argon2id as OWASP's cheat sheet on passwords asks for at least (19 MiB, two passes, one lane): a program that
    speaks AIM sends its password with every request."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Keyring:
    """Everything that follows from one key file."""

    def __init__(
        self, key: bytes, hasher: PasswordHasher | None = None, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._subkey = lru_cache(maxsize=None)(lambda purpose: _derive(key, purpose))
        self._cipher = lru_cache(maxsize=None)(lambda purpose: AESGCM(self._subkey("seal " + purpose)))
        self._passwords = _Passwords(hasher or _hasher(), self._subkey("password cache"), tick)

    @classmethod
    def load(cls, path: Path, hasher: PasswordHasher | None = None) -> Keyring:
        """The keyring of this key file, which is made (mode 0600) if there is none. Raises KeyFileError."""
        if not path.exists():
            _make_key_file(path)
        return cls(_read_key_file(path), hasher)

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """`plain`, encrypted and authenticated for this purpose; 29 bytes longer."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher(purpose).encrypt(nonce, plain, None)

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """What was sealed for this purpose. Raises Unsealable."""
        start = len(_VERSION) + _NONCE_BYTES
        if not sealed.startswith(_VERSION) or len(sealed) < start:
            raise Unsealable
        try:
            return self._cipher(purpose).decrypt(sealed[len(_VERSION) : start], sealed[start:], None)
        except InvalidTag:
            raise Unsealable from None

    def signature(self, purpose: str, text: str) -> str:
        """The proof, in hexadecimal, that a holder of the key file wrote this text for this purpose."""
        return hmac.digest(self._subkey("sign " + purpose), text.encode("utf-8", "surrogatepass"), "sha256").hex()

    async def password_hash(self, password: str) -> str:
        """The argon2 hash to keep for a password, computed off the event loop."""
        return await self._passwords.hash(password)

    async def password_matches(self, stored: str, password: str) -> bool:
        """Whether `stored` is a hash of this password. Right answers are remembered for a minute."""
        return await self._passwords.matches(stored, password)


def token(raw: bytes) -> str:
    """`raw` in base64url without padding: safe in URLs, headers and forms."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def untoken(text: str) -> bytes:
    """The bytes of a `token`; there is exactly one spelling of each. Raises Unsealable for anything else."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raise Unsealable from None
    if token(raw) != text:  # the decoder skips letters it does not know
        raise Unsealable
    return raw


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"entrepot " + purpose.encode()).derive(key)


def _make_key_file(path: Path) -> None:
    """Write a fresh key beside `path` and link it into place: nobody ever reads half a key, and the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)


def _read_key_file(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
            raise KeyFileError(f"others may read the key file {path}: make it yours alone with `chmod 600 {path}`")
        text = file.read(4 * _KEY_BYTES)
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise KeyFileError(f"the key file {path} is damaged: restore it from a backup, or nothing sealed can be read")
    return key


class _Passwords:
    """Argon2 in threads of its own, few of them, because each check costs tens of milliseconds and megabytes."""

    _REMEMBERED_FOR = 60.0  # seconds
    _REMEMBERED = 10_000  # passwords

    def __init__(self, hasher: PasswordHasher, cache_key: bytes, tick: Callable[[], float]) -> None:
        self._hasher = hasher
        self._cache_key = cache_key
        self._tick = tick
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="password")
        self._right: OrderedDict[bytes, float] = OrderedDict()  # keyed hash of (stored, password) → until when
        self._running: dict[bytes, asyncio.Future[bool]] = {}

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, _utf8(password))

    async def matches(self, stored: str, password: str) -> bool:
        question = hmac.digest(self._cache_key, stored.encode() + b"\0" + _utf8(password), "sha256")
        if self._right.get(question, 0.0) > self._tick():
            return True
        # Callers who ask the same at the same time share one computation, and none of them can cancel it.
        running = self._running.get(question)
        if running is None:
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._threads, self._verify, stored, _utf8(password))
            self._running[question] = running
            running.add_done_callback(lambda done: self._finish(question, done))
        return await asyncio.shield(running)

    def _verify(self, stored: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def _finish(self, question: bytes, done: asyncio.Future[bool]) -> None:
        del self._running[question]
        if done.cancelled() or done.exception() or not done.result():
            return
        self._right[question] = self._tick() + self._REMEMBERED_FOR
        self._right.move_to_end(question)
        while len(self._right) > self._REMEMBERED:
            self._right.popitem(last=False)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
