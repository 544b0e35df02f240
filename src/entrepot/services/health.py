"""How the service is: GREEN, YELLOW or RED by what can be measured, and what the operator has to say of it.

Levels and messages are those of `GetServiceStatus` (MWS reference §5.5; Section Reference: GREEN_I is GREEN with a
message). The limits are ours.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from entrepot.domain.errors import Invalid, NotFound, Unavailable
from entrepot.storage import service_messages as storage
from entrepot.storage.database import Database
from entrepot.storage.service_messages import Message

__all__ = ["DEFAULT_LOCALE", "Health", "Level", "Message", "Status"]

Level = Literal["GREEN", "GREEN_I", "YELLOW", "RED"]

DEFAULT_LOCALE: Final = "en_US"
TEXT_MAX: Final = 2000
_LOCALE: Final = re.compile(r"[a-z]{2}_[A-Z]{2}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True)
class Limits:
    """From where on a measure is bad."""

    yellow: float
    red: float


DATABASE_SECONDS: Final = Limits(1, 10)
QUEUE_SECONDS: Final = Limits(300, 3600)
FAILED_SHARE: Final = Limits(0.05, 0.5)  # of the answers of the last minutes


@dataclass(frozen=True)
class Status:
    """`message_id` is None where the operator has nothing to say."""

    level: Level
    message_id: str | None
    messages: Sequence[Message]


class Health:
    """`failed`: the share of the latest answers that were failures of ours; `tick`: a clock that never goes back."""

    def __init__(
        self, database: Database, failed: Callable[[], float], *, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._failed = failed
        self._tick = tick

    async def status(self) -> Status:
        """The level now, and the operator's message. RED where the database is away or silent; never raises."""
        began = self._tick()
        try:
            async with asyncio.timeout(DATABASE_SECONDS.red), self._database.read() as connection:
                messages = await storage.messages(connection)
                waiting = await storage.queue_age(connection)
        except (Unavailable, TimeoutError):
            return Status("RED", None, ())
        measures = (
            (self._tick() - began, DATABASE_SECONDS),
            (waiting, QUEUE_SECONDS),
            (self._failed(), FAILED_SHARE),
        )
        level = _level(measures, told=bool(messages))
        return Status(level, messages[0].message_id if messages else None, messages)

    async def messages(self) -> list[Message]:
        async with self._database.read() as connection:
            return await storage.messages(connection)

    async def say(self, text: str, locale: str = DEFAULT_LOCALE, message_id: str | None = None) -> list[Message]:
        """Set the message in one language. An id that is not given stays, or is made of the time. Raises Invalid."""
        if not _LOCALE.fullmatch(locale):
            raise Invalid("locale", "a locale is a language and a country: en_US")
        if not text.strip() or len(text) > TEXT_MAX or "\0" in text:
            raise Invalid("text", f"a message has 1 to {TEXT_MAX} characters, and no NUL")
        if message_id is not None and not _MESSAGE_ID.fullmatch(message_id):
            raise Invalid("message_id", "an id of a message has 1 to 64 letters, digits, dots, dashes and underscores")
        async with self._database.write() as connection:
            before = await storage.messages(connection)
            known = before[0].message_id if before else f"M{int(time.time())}"
            await storage.put(connection, locale, message_id or known, text.strip())
            return await storage.messages(connection)

    async def unsay(self, locale: str | None = None) -> None:
        """Take the message back, in one language or in all. Raises NotFound if there is none in this language."""
        if locale is not None and not _LOCALE.fullmatch(locale):
            raise NotFound("service message", locale)
        async with self._database.write() as connection:
            gone = await storage.delete(connection, locale)
        if locale is not None and not gone:
            raise NotFound("service message", locale)


def _level(measures: Sequence[tuple[float, Limits]], told: bool) -> Level:
    if any(value >= limits.red for value, limits in measures):
        return "RED"
    if any(value >= limits.yellow for value, limits in measures):
        return "YELLOW"
    return "GREEN_I" if told else "GREEN"
