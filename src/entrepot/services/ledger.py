"""The one way in: commands become entries. Commands of a seller that arrive together are written together.

Each seller has a lane. While one batch of a lane is being committed, the next gathers; so a hot SKU costs one
transaction per batch, not per order, and each loser still gets its own shortage. A transaction takes the seller's
lock first, lets due timers happen, then the commands, one after another, each all or none.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import msgspec

from entrepot.domain.commands import Command
from entrepot.domain.errors import Invalid, KeyReused, Problem, Unavailable
from entrepot.domain.ledger import QUANTITY_MAX, Entry, Origin
from entrepot.domain.verbs import VERB_OF, VERBS
from entrepot.domain.world import Timer, World
from entrepot.storage import loading, worlds, writing
from entrepot.storage.database import Connection, Database
from entrepot.storage.worlds import LedgerRow
from entrepot.storage.writing import Kept, Written

BATCH_MAX: Final = 500
TIMERS: Final = Origin("timer", "clock")


@dataclass(frozen=True)
class Outcome:
    """What a command did: the entries it posted, and what it answers (ids it gave). `replayed`: it did so before."""

    entries: Sequence[Entry]
    answer: dict[str, object]
    replayed: bool = False


@dataclass(frozen=True)
class Ask:
    """A command, who asks for it, and with which idempotency key."""

    command: Command
    origin: Origin
    key: str | None = None

    @property
    def request_hash(self) -> bytes:
        words = [VERB_OF[type(self.command)], self.command]
        return hashlib.blake2b(msgspec.json.encode(words), digest_size=16).digest()


@dataclass(frozen=True)
class _Waiting:
    ask: Ask
    future: asyncio.Future[Outcome]


@dataclass
class _Lane:
    waiting: deque[_Waiting] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None


class Ledger:
    """Performs commands of any seller. Safe for many nodes: the database's lock, not the lane, is what protects."""

    def __init__(self, database: Database, batch_max: int = BATCH_MAX) -> None:
        self._database = database
        self._batch_max = batch_max
        self._lanes: dict[str, _Lane] = {}

    async def perform(self, seller_id: str, command: Command, origin: Origin, key: str | None = None) -> Outcome:
        """Do one command. With an idempotency `key`, a repetition answers as the first did and changes nothing.

        Raises the command's Problem (Shortage, NotFound, NotAllowed, Invalid, AlreadyExists), KeyReused when the key
        came with another command, Unavailable when the database is away; then nothing was changed.
        """
        lane = self._lanes.setdefault(seller_id, _Lane())
        waiting = _Waiting(Ask(command, origin, key), asyncio.get_running_loop().create_future())
        lane.waiting.append(waiting)
        if lane.task is None:
            lane.task = asyncio.create_task(self._drain(seller_id, lane))
        # A caller who hangs up must not undo what others of the batch share.
        return await asyncio.shield(waiting.future)

    async def _drain(self, seller_id: str, lane: _Lane) -> None:
        batch: list[_Waiting] = []
        try:
            while lane.waiting:
                batch = [lane.waiting.popleft() for _ in range(min(len(lane.waiting), self._batch_max))]
                try:
                    await self._commit(seller_id, batch)
                except Exception as problem:
                    await self._one_by_one(seller_id, batch, problem)
        finally:
            if self._lanes.get(seller_id) is lane:
                del self._lanes[seller_id]
            lane.task = None
            # Only a lane that was cancelled leaves anybody unanswered.
            for waiting in (*batch, *lane.waiting):
                _fail(waiting, Unavailable("the server is stopping"))

    async def _one_by_one(self, seller_id: str, batch: list[_Waiting], problem: Exception) -> None:
        """A batch failed as a whole: find out whose fault it was. A commit in doubt is not tried again."""
        if len(batch) == 1 or isinstance(problem, Unavailable):
            for waiting in batch:
                _fail(waiting, _meaning(problem))
            return
        for waiting in batch:
            try:
                await self._commit(seller_id, [waiting])
            except Exception as own:
                _fail(waiting, _meaning(own))

    async def _commit(self, seller_id: str, batch: list[_Waiting]) -> None:
        async with self._database.write(worlds.locking(seller_id)) as connection:
            commands = [waiting.ask.command for waiting in batch]
            ledger, fetched = await loading.open_ledger(connection, seller_id, commands)
            if ledger.next_due is not None and ledger.next_due <= ledger.now:
                ledger, fetched = await run_timers(connection, ledger), loading.Fetched()
            results, _ = await _run(connection, ledger, [waiting.ask for waiting in batch], fetched)
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, Problem):
                _fail(waiting, result)
            elif not waiting.future.done():
                waiting.future.set_result(result)

    async def rehearse(self, seller_id: str, command: Command) -> dict[str, object]:
        """What a command would answer now; nothing of it is kept. Raises as `perform`."""
        async with self.at_work(seller_id) as (connection, ledger):
            world = await loading.load(connection, ledger, [command])
        return _do(world, command)

    @staticmethod
    async def perform_all(
        connection: Connection, ledger: LedgerRow, asks: Sequence[Ask]
    ) -> tuple[list[Outcome | Problem], LedgerRow]:
        """Do commands in a transaction that holds the seller's lock (`at_work`): what each did, or its refusal."""
        return await _run(connection, ledger, list(asks), loading.Fetched(), in_order=True)

    async def tick(self) -> int:
        """Let due timers of all sellers happen; how many sellers had any."""
        async with self._database.read() as connection:
            sellers = await worlds.sellers_with_due_timers(connection, limit=100)
        for seller_id in sellers:
            async with self.locked(seller_id) as (connection, ledger):
                await run_timers(connection, ledger)
        return len(sellers)

    @asynccontextmanager
    async def locked(self, seller_id: str) -> AsyncIterator[tuple[Connection, LedgerRow]]:
        """A transaction that holds the seller's lock, and his ledger. Raises NotFound."""
        async with self._database.write(worlds.locking(seller_id)) as connection:
            ledger, _ = await loading.open_ledger(connection, seller_id)
            yield connection, ledger

    @asynccontextmanager
    async def at_work(self, seller_id: str) -> AsyncIterator[tuple[Connection, LedgerRow]]:
        """As `locked`, after everything that is due has happened."""
        async with self.locked(seller_id) as (connection, ledger):
            if ledger.next_due is not None and ledger.next_due <= ledger.now:
                ledger = await run_timers(connection, ledger)
            yield connection, ledger

    async def close(self) -> None:
        """Wait for the commands under way."""
        while tasks := [lane.task for lane in self._lanes.values() if lane.task is not None]:
            await asyncio.gather(*tasks, return_exceptions=True)


def _fail(waiting: _Waiting, problem: Exception) -> None:
    if not waiting.future.done():
        waiting.future.set_exception(problem)


def _meaning(problem: Exception) -> Exception:
    if isinstance(problem, asyncpg.CheckViolationError):
        return Invalid("quantity", f"a balance may not exceed {QUANTITY_MAX} units")
    return problem


_Result = Outcome | Problem


async def _run(
    connection: Connection, ledger: LedgerRow, batch: list[Ask], fetched: loading.Fetched, in_order: bool = False
) -> tuple[list[_Result], LedgerRow]:
    """Do a batch; commands that name papers not there yet come last and alone, as another may just create them.

    `in_order`: those behind such a one that name the same come after it, too.
    """
    world = await loading.load(connection, ledger, [ask.command for ask in batch], fetched)
    later: set[int] = set()
    put_off: set[tuple[str, str]] = set()
    for number, ask in enumerate(batch):
        named = loading.names_of(ask.command)
        if len(batch) > 1 and (_names_missing(world, ask.command, named) or not put_off.isdisjoint(named)):
            later.add(number)
            put_off.update(named if in_order else ())
    sooner = [number for number in range(len(batch)) if number not in later]
    found, ledger = await _perform(connection, ledger, world, [batch[number] for number in sooner])
    results = dict(zip(sooner, found, strict=True))
    for number in sorted(later):
        world = await loading.load(connection, ledger, [batch[number].command])
        [results[number]], ledger = await _perform(connection, ledger, world, [batch[number]])
    return [results[number] for number in range(len(batch))], ledger


# The papers that a command may name, and the verbs that are there to create them.
_CREATORS: Final = {"skus": ("create_item", "put_listing", "patch_listing"), "orders": ("place_order",)}


def _names_missing(world: World, command: Command, named: Sequence[tuple[str, str]]) -> bool:
    verb = VERB_OF[type(command)]
    return any(name not in getattr(world, shelf) and verb not in _CREATORS.get(shelf, ()) for shelf, name in named)


async def _perform(
    connection: Connection, ledger: LedgerRow, world: World, asks: list[Ask]
) -> tuple[list[_Result], LedgerRow]:
    keys = [ask.key for ask in asks if ask.key]
    kept = await writing.kept_answers(connection, ledger.seller_id, keys) if keys else {}
    results: list[_Result] = []
    written: list[Written] = []
    new: list[Kept] = []
    for ask in asks:
        if ask.key and ask.key in kept:
            results.append(_replay(kept[ask.key], ask))
            continue
        before = len(world.book.entries)
        try:
            answer = _do(world, ask.command)
        except Problem as problem:
            results.append(problem)
            continue
        entries = world.book.entries[before:]
        for entry in entries:
            entry.seq = ledger.last_seq + len(written) + 1
            written.append(Written(entry, ask.origin, ask.key))
        results.append(Outcome(entries, answer))
        if ask.key:
            kept[ask.key] = Kept(ask.key, ask.request_hash, msgspec.json.encode([entries, answer]).decode())
            new.append(kept[ask.key])
    if written or new or world.changed or world.policies_changed:
        await writing.write(connection, ledger, world, written, new)
        ledger = ledger.after(world, written[-1].entry if written else None)
    return results, ledger


def _do(world: World, command: Command) -> dict[str, object]:
    world.begin()
    try:
        return VERBS[VERB_OF[type(command)]].perform(world, command)
    except Problem:
        world.rollback()
        raise


def _replay(kept: Kept, ask: Ask) -> Outcome | Problem:
    if kept.request_hash != ask.request_hash:
        return KeyReused("this idempotency key was used with a different request")
    entries, answer = msgspec.json.decode(kept.answer, type=tuple[list[Entry], dict[str, object]])
    return Outcome(entries, answer, replayed=True)


async def run_timers(connection: Connection, ledger: LedgerRow) -> LedgerRow:
    """Let everything happen that is due by the ledger's now, in order, each at its own instant."""
    while due := await worlds.due_timers(connection, ledger.seller_id, ledger.now, BATCH_MAX):
        commands = [_timed(timer) for timer in due]
        world = await loading.load(connection, ledger, commands)
        written: list[Written] = []
        for timer, command in zip(due, commands, strict=True):
            before = len(world.book.entries)
            world.book.now = max(timer.due_at, written[-1].entry.effective_at if written else ledger.last_at)
            with suppress(Problem):  # what does not fit stays where it is, and stops nobody
                _do(world, command)
            for entry in world.book.entries[before:]:
                entry.seq = ledger.last_seq + len(written) + 1
                written.append(Written(entry, TIMERS, None))
        if written:
            await writing.write(connection, ledger, world, written, [])
            ledger = ledger.after(world, written[-1].entry)
    return ledger


def _timed(timer: Timer) -> Command:
    return msgspec.convert(timer.arguments, VERBS[timer.kind].command)
