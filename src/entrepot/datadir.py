"""The data directory: what a server keeps on its disk, and who owns it just now.

Holds the embedded database, the key file, the operator token, the local CA, documents, and while a server runs, its
address.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec


class InUse(Exception):
    """Another server owns this data directory."""


class NotRunning(Exception):
    """No server is running on this data directory."""


class Record(msgspec.Struct):
    """The running server: its address, process, and database (readable by its owner only)."""

    url: str
    pid: int
    database: str


@dataclass(frozen=True)
class DataDirectory:
    path: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def key(self) -> Path:
        return self.path / "secret.key"

    @property
    def tls(self) -> Path:
        return self.path / "tls"

    @property
    def documents(self) -> Path:
        return self.path / "documents"

    @property
    def recorded_at(self) -> Path:
        return self.path / "server.json"

    @contextmanager
    def owned(self) -> Iterator[DataDirectory]:
        """Own the directory until the end of the block; InUse if another server does. A killed owner owns nothing."""
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / "server.lock", "a", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InUse(f"another server is running on the data directory {self.path}") from None
            yield self

    def operator_token(self) -> str:
        """The operator's token, made at the first start."""
        file = self.path / "operator.token"
        if not file.exists():
            _write_private(file, secrets.token_urlsafe(32) + "\n")
        return file.read_text(encoding="utf-8").strip()

    @contextmanager
    def recorded(self, url: str, database: str) -> Iterator[None]:
        """Keep the address on disk for the operator's commands, until the end of the block."""
        record = Record(url, os.getpid(), database)
        _write_private(self.recorded_at, msgspec.json.encode(record).decode())
        try:
            yield
        finally:
            self.recorded_at.unlink(missing_ok=True)

    def record(self) -> Record:
        """The running server's record; NotRunning if there is none (a killed server's record is still there)."""
        try:
            return msgspec.json.decode(self.recorded_at.read_bytes(), type=Record)
        except (OSError, msgspec.MsgspecError):
            raise NotRunning(
                f"no server is running on the data directory {self.path} (start one: entrepot serve)"
            ) from None


def _write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, all at once."""
    temporary = file.with_name(file.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(file)
