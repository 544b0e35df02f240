"""Mail to sellers: written with what it tells of, sent by SMTP where the operator named a server, kept in any case.

A message is written in the transaction that gives the reason, so there is one exactly when there is a reason. It is
sent at least once: who sends it and dies before he noted so leaves it to be sent again, under the same Message-ID.
Without a server it stays in the outbox, which the operator reads.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import formatdate
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from entrepot.domain.errors import Invalid, NotFound, Unavailable
from entrepot.storage import mail as storage
from entrepot.storage import worlds
from entrepot.storage.database import Connection, Database
from entrepot.storage.mail import Letter

__all__ = ["Letter", "Mail", "Page", "Postbox"]

POLL_SECONDS: Final = 2.0
# The server may think so long about one message: less than until the message is taken again.
SEND_SECONDS: Final = 45.0
_ANSWER_SECONDS: Final = 20.0
_DEFAULT_PORTS: Final = {"smtp": 25, "smtps": 465}

_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+")
_NOT_VALID: Final = "the address of the mail server is not valid: smtp[s]://user:password@host:port"

log = structlog.get_logger("entrepot.mail")


@dataclass(frozen=True)
class Postbox:
    """The mail server of the operator's choice, and who the mail is from."""

    host: str
    port: int
    tls: bool
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def named(cls, url: str, sender: str | None) -> Postbox:
        """From `smtp[s]://user:password@host:port`; Invalid never repeats it."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Invalid("smtp", _NOT_VALID) from None
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise Invalid("smtp", _NOT_VALID)
        if (parts.username is None) != (parts.password is None):
            raise Invalid("smtp", f"{_NOT_VALID}; a user has a password, too")
        if sender is None or not _ADDRESS.fullmatch(sender) or not _may_be_named(sender):
            raise Invalid("mail-from", "a mail server needs --mail-from: the address that the mail is from")
        return cls(
            parts.hostname,
            port or _DEFAULT_PORTS[parts.scheme],
            parts.scheme == "smtps",
            sender,
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
        )

    @property
    def starttls(self) -> bool | None:
        """Whether to ask for TLS on a plain connection: where it is offered, and before any password leaves here."""
        if self.tls:
            return False
        return True if self.user is not None and not _is_loopback(self.host) else None

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Raises what aiosmtplib raises, OSError or TimeoutError."""
        async with asyncio.timeout(SEND_SECONDS):
            await aiosmtplib.send(
                message,
                sender=self.sender,
                recipients=[recipient],
                hostname=self.host,
                port=self.port,
                username=self.user,
                password=self.password,
                timeout=_ANSWER_SECONDS,
                use_tls=self.tls,
                start_tls=self.starttls,
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


@dataclass(frozen=True)
class Page:
    letters: Sequence[Letter]
    before: int | None  # None: there is no more


class Mail:
    """`postbox`: where mail is sent through (None: it stays in the outbox)."""

    def __init__(self, database: Database, postbox: Postbox | None = None) -> None:
        self._database = database
        self._postbox = postbox

    @staticmethod
    async def write(connection: Connection, seller_id: str, recipient: str, subject: str, body: str) -> None:
        """Keep a message, in the transaction that gives the reason."""
        world = await worlds.peek(connection, seller_id)
        if world is None:
            raise NotFound("seller", seller_id)
        await storage.insert(connection, seller_id, recipient, subject, body, world.now)

    async def outbox(self, seller_id: str, before: int | None, limit: int) -> Page:
        """A seller's mail, the newest first, sent or not. Raises NotFound for an unknown seller."""
        async with self._database.read() as connection:
            if not seller_id.isprintable() or await worlds.peek(connection, seller_id) is None:
                raise NotFound("seller", seller_id)
            found = await storage.page(connection, seller_id, before, limit + 1)
        letters = found[:limit]
        return Page(letters, letters[-1].mail_id if len(found) > limit else None)

    async def deliver(self) -> int:
        """Try to send everything that is due; how many messages were tried."""
        tried = 0
        while self._postbox is not None:
            async with self._database.write() as connection:
                letter = await storage.take(connection)
            if letter is None:
                break
            tried += 1
            await self._send(self._postbox, letter)
        return tried

    async def keep_delivering(self) -> None:
        """Send what comes, until cancelled; whatever the database and the mail server do."""
        while self._postbox is not None:
            try:
                await self.deliver()
            except (Unavailable, OSError) as problem:
                log.warning("mail waits", problem=str(problem))
            except Exception:
                log.exception("mail failed")
            await asyncio.sleep(POLL_SECONDS)

    async def _send(self, postbox: Postbox, letter: Letter) -> None:
        names = {"seller": letter.seller_id, "mail": letter.mail_id, "tries": letter.tries}
        try:
            await postbox.send(_message(letter, postbox.sender), letter.recipient)
        except (aiosmtplib.SMTPException, OSError, ValueError) as problem:  # TimeoutError is an OSError
            text = _reason(problem)
            log.warning("mail not sent", **names, problem=text)
            async with self._database.write() as connection:
                await storage.mark_failed(connection, letter, text, _is_final(problem))
            return
        async with self._database.write() as connection:
            await storage.mark_sent(connection, letter)
        log.info("mail sent", **names)


def _may_be_named(address: str) -> bool:
    """Whether a message can have this address in its head. Python's parser stumbles over some, each time otherwise."""
    message = EmailMessage()
    try:
        message["To"] = address
        return len(message["To"].addresses) == 1 and bool(message.as_bytes(policy=SMTPUTF8))
    except Exception:
        return False


def _message(letter: Letter, sender: str) -> EmailMessage:
    """Raises ValueError: no message can be sent to this recipient."""
    message = EmailMessage()
    message["From"] = sender
    if not _may_be_named(letter.recipient):
        raise ValueError("no message can be sent to this address")
    message["To"] = letter.recipient
    message["Subject"] = letter.subject
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{letter.seller_id}.{letter.mail_id}.entrepot@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    return message


def _is_final(problem: Exception) -> bool:
    """Whether the same message cannot be sent at any other time, either."""
    if isinstance(problem, aiosmtplib.SMTPRecipientsRefused):
        return all(_is_permanent(one.code) for one in problem.recipients)
    if isinstance(problem, (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)):
        return _is_permanent(problem.code)
    # An address or a text that no message can have. (Errors of encodings and certificates are values, too.)
    return isinstance(problem, ValueError) and not isinstance(problem, OSError)


def _is_permanent(code: int) -> bool:
    return 500 <= code < 600


def _reason(problem: Exception) -> str:
    if isinstance(problem, aiosmtplib.SMTPRecipientsRefused):
        problem = problem.recipients[0]
    if isinstance(problem, aiosmtplib.SMTPResponseException):
        return f"{problem.code} {problem.message}"[:500]
    return (str(problem) or type(problem).__name__)[:500]
