"""The test laboratory: the verbs that move stock, by name, and the clock of each seller's world.

Every seller has a world with its own clock, so tests beside one another do not disturb each other; a clock verb
without a seller means all worlds there are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, get_args, get_type_hints

import msgspec

from entrepot.domain.commands import Command
from entrepot.domain.durations import duration
from entrepot.domain.errors import Invalid, NotFound
from entrepot.domain.ledger import Origin
from entrepot.domain.verbs import VERBS
from entrepot.services.explanation import Explanation, explain
from entrepot.services.ledger import Ledger, Outcome, run_timers
from entrepot.storage import worlds
from entrepot.storage.database import Connection, Database
from entrepot.storage.worlds import Clock, LedgerRow

FASTEST: Final = 1_000_000.0
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Time:
    """A world's clock: what time it is there, and how fast it runs (0: frozen, 1: real time)."""

    now: datetime
    rate: float


class WorldService:
    """What may be done to a seller's world."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger

    async def perform(
        self, seller_id: str, verb: str, arguments: Mapping[str, Any], origin: Origin, key: str | None = None
    ) -> Outcome:
        """Do a verb of the table, with its command's fields as arguments. Raises as `Ledger.perform`."""
        return await self._ledger.perform(seller_id, command_of(verb, arguments), origin, key)

    async def now(self, seller_id: str) -> Time:
        async with self._database.read() as connection:
            row = await worlds.peek(connection, seller_id)
        if row is None:
            raise NotFound("seller", seller_id)
        return Time(row.now, row.clock.rate)

    async def explain(
        self,
        seller_id: str,
        sku: str,
        number: str,
        marketplace: str | None = None,
        at: datetime | None = None,
        source: str | None = None,
    ) -> Explanation:
        """Which balances make up a number of a SKU, now or at a past instant, and which entries changed it last."""
        return await explain(self._database, seller_id, sku, number, marketplace, at, source)

    async def advance(self, seller_id: str | None, span: str | float) -> Time:
        """Let time pass at once; what is due happens in order, each at its own instant."""
        wait = duration(span)
        return await self._turn(seller_id, lambda row: replace(row.clock, world=row.now + wait, real=row.real_now))

    async def advance_to(self, seller_id: str | None, instant: datetime) -> Time:
        """Let time pass up to an instant; never back."""
        wanted = instant if instant.tzinfo else instant.replace(tzinfo=UTC)

        def turned(row: LedgerRow) -> Clock:
            if wanted < row.now:
                raise Invalid("to", f"the clock of this world stands at {row.now.isoformat()} and never goes back")
            return replace(row.clock, world=wanted, real=row.real_now)

        return await self._turn(seller_id, turned)

    async def run(self, seller_id: str | None, rate: float) -> Time:
        """Let time run at a rate: 1 is real time, 0 frozen, 60 a minute a second."""
        if not 0 <= rate <= FASTEST:
            raise Invalid("rate", f"a rate lies between 0 and {FASTEST:.0f}")
        return await self._turn(seller_id, lambda row: Clock(row.now, row.real_now, rate))

    async def seed(self, seller_id: str, seed: int) -> None:
        """Choose the identifiers that this world will allot: same seed, same commands, same identifiers."""
        if not 0 <= seed < 2**63:
            raise Invalid("seed", "a seed is a whole number from 0 to 2^63 - 1")
        async with self._ledger.locked(seller_id) as (connection, row):
            if row.counter:
                raise Invalid("seed", "this world has allotted identifiers already")
            await worlds.set_seed(connection, seller_id, seed)

    async def _turn(self, seller_id: str | None, turned: Callable[[LedgerRow], Clock]) -> Time:
        if seller_id is not None:
            return await self._turn_one(seller_id, turned)
        async with self._database.read() as connection:
            everyone = await worlds.all_sellers(connection)
        times = [await self._turn_one(one, turned) for one in everyone]
        if not times:
            raise NotFound("seller", "(none yet)")
        return times[0]

    async def _turn_one(self, seller_id: str, turned: Callable[[LedgerRow], Clock]) -> Time:
        async with self._ledger.locked(seller_id) as (connection, row):
            row = await run_timers(connection, row)
            clock = turned(row)
            if clock.world > LATEST:
                raise Invalid("duration", f"time ends on {LATEST.date()}")
            await worlds.set_clock(connection, seller_id, clock)
            row = await run_timers(connection, replace(row, clock=clock))
            return Time(row.now, clock.rate)


def command_of(verb: str, arguments: Mapping[str, Any]) -> Command:
    """The command of a verb; Invalid names the first argument that is unknown, missing or of the wrong kind."""
    entry = VERBS.get(verb)
    if entry is None or entry.timer:
        raise NotFound("verb", verb)
    known = {field.name for field in fields(entry.command)}  # type: ignore[arg-type]
    for name in arguments:
        if name not in known:
            raise Invalid(name, f"'{verb}' has no argument '{name}'; it takes {', '.join(sorted(known))}")
    _refuse_unknown(arguments, entry.command)
    try:
        command = msgspec.convert(arguments, entry.command, strict=False)
    except msgspec.ValidationError as problem:
        text = str(problem)
        raise Invalid(_field_in(text), text) from None
    return _in_utc(command)


def _refuse_unknown(given: Mapping[str, Any], kind: type) -> None:
    """Invalid where an object inside the arguments has a member that nobody would read."""
    hints = get_type_hints(kind)
    for name, value in given.items():
        inner = next((part for part in (hints.get(name), *get_args(hints.get(name))) if is_dataclass(part)), None)
        for one in value if isinstance(value, list | tuple) else (value,):
            if inner is None or not isinstance(one, Mapping):
                continue
            known = {part.name for part in fields(inner)}
            for member in one:
                if member not in known:
                    text = f"'{name}' has no member '{member}'; it has {', '.join(sorted(known))}"
                    raise Invalid(f"{name}.{member}", text)


def _field_in(text: str) -> str:
    """The member that a decoding error is about: `… - at `$.quantity`` or `missing required field `sku``."""
    if "`$." in text:
        return text.rsplit("`$.", 1)[1].rstrip("`")
    return text.split("`")[1] if "`" in text else ""


def _in_utc(command: Command) -> Command:
    """Instants in UTC, which is also what those without a zone mean; Invalid outside of recorded time."""
    instants = {name: _utc(name, value) for name, value in vars(command).items() if isinstance(value, datetime)}
    return replace(command, **instants) if instants else command  # type: ignore[type-var]


def _utc(name: str, instant: datetime) -> datetime:
    with contextlib.suppress(OverflowError):
        found = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
        if EARLIEST <= found <= LATEST:
            return found
    raise Invalid(name, f"'{name}' must lie between {EARLIEST.date()} and {LATEST.date()}")


async def new_world(connection: Connection, seller_id: str, seed: int, start: datetime | None = None) -> None:
    """The ledger of a new seller, its clock at real time, or frozen at `start`."""
    real = await worlds.real_now(connection)
    await worlds.create_ledger(connection, seller_id, seed, Clock(start or real, real, 1.0 if start is None else 0.0))
