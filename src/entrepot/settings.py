"""What a server is told at its start, read once. Only the composition root and the command line read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8700
DEFAULT_DATA = Path("data")
DEFAULT_DOCUMENT_LIMIT: Final = 256  # MiB


@dataclass(frozen=True)
class Settings:
    """host, port: where to listen. data: the data directory. database: a PostgreSQL URL (None: the embedded one).
    limits: usage plans as documented, or off. fidelity: see the manual. tls: HTTPS with the server's own CA.
    public_url: what clients call the server (None: as it listens). documents: where uploaded and made documents are,
    a path or `s3://bucket/prefix` (None: the data directory). document_limit: the longest of them, in MiB.
    smtp, mail_from: the mail server, with its secret, and who mail is from (None: mail stays in the outbox).
    aim_port: where request heads of old AIM clients are mended (None: nowhere)."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    data: Path = DEFAULT_DATA
    database: str | None = None
    limits: Literal["amazon", "off"] = "amazon"
    fidelity: Literal["forgiving", "strict"] = "forgiving"
    tls: bool = False
    log_level: str = "info"
    public_url: str | None = None
    documents: str | None = None
    document_limit: int = DEFAULT_DOCUMENT_LIMIT
    smtp: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    aim_port: int | None = None

    @property
    def base_url(self) -> str:
        scheme = "https" if self.tls else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    @property
    def public_base(self) -> str:
        """What absolute URLs begin with; never taken from a request."""
        return (self.public_url or self.base_url).rstrip("/")
