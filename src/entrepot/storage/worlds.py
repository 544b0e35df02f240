"""A seller's world in and out of the database: lock, load what commands need, write what they did.

Everything a batch of commands changed is written by one statement. Balances change by addition; a giving balance is
updated only where it exists, and the table's own check keeps it from going below zero.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final, get_type_hints

import asyncpg
import msgspec

from entrepot.domain.accounts import ACCOUNTS, BUILDING_ACCOUNTS, Account, Key
from entrepot.domain.commands import Command
from entrepot.domain.ledger import Book, Entry, Line, Origin
from entrepot.domain.papers import Offer, Order, OrderItem, Removal, Shipment, ShipmentItem, Sku, Transfer
from entrepot.domain.places import country_of
from entrepot.domain.quantities import POSITION_COLUMNS, Position
from entrepot.domain.verbs import VERB_OF, VERBS
from entrepot.domain.world import Paper, Policies, Timer, World
from entrepot.storage.database import NO_INSTANT, Connection


@dataclass(frozen=True)
class Clock:
    """World time runs from `world` since the real instant `real` at `rate` (0: frozen)."""

    world: datetime
    real: datetime
    rate: float

    def at(self, real_now: datetime) -> datetime:
        return self.world + (real_now - self.real) * self.rate


@dataclass(frozen=True)
class LedgerRow:
    """A seller's ledger under lock; `real_now` is the database's clock, so that nodes need not agree on theirs."""

    seller_id: str
    seed: int
    counter: int
    last_seq: int
    last_at: datetime
    clock: Clock
    policies: Policies
    marketplaces: tuple[str, ...]
    real_now: datetime
    next_due: datetime | None

    @property
    def now(self) -> datetime:
        """World time, in whole milliseconds rounded up, and never before the last entry."""
        return max(whole_milliseconds(self.clock.at(self.real_now)), self.last_at)

    def after(self, world: World, last: Entry | None) -> LedgerRow:
        """The row as it is once a world's changes are written."""
        return replace(
            self,
            counter=world.counter,
            policies=world.policies,
            last_seq=last.seq if last else self.last_seq,
            last_at=last.effective_at if last else self.last_at,
        )


def whole_milliseconds(instant: datetime) -> datetime:
    """Rounded up: who asks for changes since an instant must not miss one that came a microsecond later."""
    return instant + timedelta(microseconds=-instant.microsecond % 1000)


_LEDGER = """
    select l.*, s.marketplaces, clock_timestamp() as real_now,
           (select min(due_at) from timers t where t.seller_id = l.seller_id) as next_due
    from ledgers l join sellers s using (seller_id)
    where l.seller_id = $1
"""


async def lock(connection: Connection, seller_id: str) -> LedgerRow | None:
    """Take the seller's lock until the transaction ends: his entries are written one batch after another."""
    return _ledger_row(await connection.fetchrow(_LEDGER + " for no key update of l", seller_id))


async def peek(connection: Connection, seller_id: str) -> LedgerRow | None:
    """The seller's ledger as it is, without lock."""
    return _ledger_row(await connection.fetchrow(_LEDGER, seller_id))


def _ledger_row(row: asyncpg.Record | None) -> LedgerRow | None:
    if row is None:
        return None
    return LedgerRow(
        row["seller_id"],
        row["seed"],
        row["counter"],
        row["last_seq"],
        row["last_at"],
        Clock(row["clock_world"], row["clock_real"], row["clock_rate"]),
        msgspec.json.decode(row["policies"], type=Policies),
        tuple(row["marketplaces"]),
        row["real_now"],
        row["next_due"],
    )


async def all_sellers(connection: Connection) -> list[str]:
    return [row["seller_id"] for row in await connection.fetch("select seller_id from ledgers order by seller_id")]


async def real_now(connection: Connection) -> datetime:
    """The database's clock."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now


async def create_ledger(connection: Connection, seller_id: str, seed: int, clock: Clock) -> None:
    await connection.execute(
        "insert into ledgers (seller_id, seed, last_at, clock_world, clock_real, clock_rate)"
        " values ($1, $2, $3, $3, $4, $5)",
        seller_id,
        seed,
        clock.world,
        clock.real,
        clock.rate,
    )


async def set_clock(connection: Connection, seller_id: str, clock: Clock) -> None:
    await connection.execute(
        "update ledgers set clock_world = $2, clock_real = $3, clock_rate = $4 where seller_id = $1",
        seller_id,
        clock.world,
        clock.real,
        clock.rate,
    )


async def set_seed(connection: Connection, seller_id: str, seed: int) -> None:
    await connection.execute("update ledgers set seed = $2 where seller_id = $1", seller_id, seed)


async def due_timers(connection: Connection, seller_id: str, now: datetime, limit: int) -> list[Timer]:
    """The timers that are due, oldest first, taken off the list."""
    rows = await connection.fetch(
        """
        with due as (
            select timer_no from timers where seller_id = $1 and due_at <= $2 order by due_at, timer_no limit $3
        )
        delete from timers t using due where t.seller_id = $1 and t.timer_no = due.timer_no
        returning t.timer_no, t.due_at, t.kind, t.arguments
        """,
        seller_id,
        now,
        limit,
    )
    timers = [Timer(row["timer_no"], row["due_at"], row["kind"], msgspec.json.decode(row["arguments"])) for row in rows]
    return sorted(timers, key=lambda timer: (timer.due_at, timer.timer_no))


async def sellers_with_due_timers(connection: Connection, limit: int) -> list[str]:
    """Sellers whose world clock has passed a timer."""
    rows = await connection.fetch(
        """
        select l.seller_id from ledgers l
        where exists (
            select from timers t where t.seller_id = l.seller_id
            and t.due_at <= l.clock_world + (clock_timestamp() - l.clock_real) * l.clock_rate
        ) limit $1
        """,
        limit,
    )
    return [row["seller_id"] for row in rows]


# loading


@dataclass(frozen=True)
class _Table:
    """Where a kind of paper is kept; the columns are the fields of its class."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    types: tuple[str, ...]


_SQL_TYPES: Final = {str: "text", int: "bigint", datetime: "timestamptz"}


def _table(paper: type, name: str, *key: str) -> tuple[type, _Table]:
    hints = get_type_hints(paper)
    columns = tuple(field.name for field in fields(paper))
    types = tuple(next(sql for kind, sql in _SQL_TYPES.items() if kind in _alternatives(hints[c])) for c in columns)
    return paper, _Table(name, key, columns, types)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return getattr(hint, "__args__", None) or (hint,)


PAPERS: Final[dict[type, _Table]] = dict(
    (
        _table(Sku, "skus", "sku"),
        _table(Offer, "offers", "marketplace_id", "sku", "created_seq"),
        _table(Shipment, "shipments", "shipment_id"),
        _table(ShipmentItem, "shipment_items", "shipment_id", "fnsku"),
        _table(Order, "orders", "order_id"),
        _table(OrderItem, "order_items", "order_item_id"),
        _table(Transfer, "transfers", "transfer_id"),
        _table(Removal, "removals", "removal_id"),
    )
)


async def _papers(connection: Connection, kind: type, seller_id: str, column: str, values: Iterable[str]) -> list[Any]:
    wanted = list(values)
    if not wanted:
        return []
    table = PAPERS[kind]
    extra = " and closed_seq is null" if kind is Offer else ""
    query = f"select {', '.join(table.columns)} from {table.name} where seller_id = $1 and {column} = any($2){extra}"
    return [kind(*row) for row in await connection.fetch(query, seller_id, wanted)]


def _named(commands: Sequence[Command], *names: str) -> set[str]:
    """The values of these fields over all commands, in the lines of a command too."""
    found: set[str] = set()
    for command in commands:
        for source in (command, *getattr(command, "lines", ())):
            found.update(value for name in names if isinstance(value := getattr(source, name, None), str))
    return found


def named_papers(commands: Sequence[Command]) -> dict[str, set[str]]:
    """The papers that commands name, by the shelf of the world they lie on."""
    return {
        "skus": {name.strip() for name in _clean(_named(commands, "sku", "a", "b"))},
        "shipments": _clean(_named(commands, "shipment")),
        "orders": _clean(_named(commands, "order")),
        "order_items": _clean(_named(commands, "order_item")),
        "transfers": _clean(_named(commands, "transfer")),
        "removals": _clean(_named(commands, "removal")),
    }


async def load(connection: Connection, ledger: LedgerRow, commands: Sequence[Command], now: datetime) -> World:
    """The part of the world that these commands may read or change."""
    seller_id = ledger.seller_id
    named = named_papers(commands)
    shipments = await _papers(connection, Shipment, seller_id, "shipment_id", named["shipments"])
    order_items = await _papers(connection, OrderItem, seller_id, "order_item_id", named["order_items"])
    order_ids = named["orders"] | {item.order_id for item in order_items}
    orders = await _papers(connection, Order, seller_id, "order_id", order_ids)
    transfers = await _papers(connection, Transfer, seller_id, "transfer_id", named["transfers"])
    removals = await _papers(connection, Removal, seller_id, "removal_id", named["removals"])
    shipment_items = await _papers(
        connection, ShipmentItem, seller_id, "shipment_id", [p.shipment_id for p in shipments]
    )
    order_items = await _papers(connection, OrderItem, seller_id, "order_id", [p.order_id for p in orders])
    names = named["skus"] | {item.sku for item in (*shipment_items, *order_items, *transfers, *removals)}
    skus = await _papers(connection, Sku, seller_id, "sku", names)
    offers = []
    if any(VERBS[VERB_OF[type(command)]].relatives for command in commands):
        skus = await _with_relatives(connection, seller_id, commands, skus)
        offers = await _papers(connection, Offer, seller_id, "sku", {sku.sku for sku in skus} | names)
    world = World(
        Book({}, now), ledger.seed, ledger.counter, ledger.last_seq, ledger.marketplaces, ledger.policies,
        skus={paper.sku: paper for paper in skus},
        offers={(paper.marketplace_id, paper.sku): paper for paper in offers},
        shipments={paper.shipment_id: paper for paper in shipments},
        shipment_items={(paper.shipment_id, paper.fnsku): paper for paper in shipment_items},
        orders={paper.order_id: paper for paper in orders},
        order_items={paper.order_item_id: paper for paper in order_items},
        transfers={paper.transfer_id: paper for paper in transfers},
        removals={paper.removal_id: paper for paper in removals},
    )  # fmt: skip
    world.book = Book(await _balances(connection, seller_id, _needs(world, commands)), now)
    await _load_transfers_of_balances(connection, seller_id, world)
    return world


def _clean(names: Iterable[str]) -> set[str]:
    return {unicodedata.normalize("NFC", name) for name in names if "\0" not in name}


async def _with_relatives(
    connection: Connection, seller_id: str, commands: Sequence[Command], skus: list[Any]
) -> list[Any]:
    fnskus = {sku.fnsku for sku in skus}
    asins = {asin.strip().upper() for asin in _clean(_named(commands, "asin"))}
    relatives = await _papers(connection, Sku, seller_id, "fnsku", fnskus)
    relatives += await _papers(connection, Sku, seller_id, "asin", asins)
    known = {sku.sku for sku in skus}
    return skus + list({sku.sku: sku for sku in relatives if sku.sku not in known}.values())


Need = tuple[str, str, str | None]  # item, account, ref (None: every ref)

# Accounts with so many balances of one item that only those of the papers at hand are loaded.
_BY_REF: Final = (
    Account.IN_WORKING, Account.IN_SHIPPED, Account.IN_RECEIVING, Account.FC_ORDER, Account.X_CUSTOMER
)  # fmt: skip


def _needs(world: World, commands: Sequence[Command]) -> set[Need]:
    needs: set[Need] = set()
    for command in commands:
        verb = VERBS[VERB_OF[type(command)]]
        papers = _papers_of(world, command)
        for account in verb.takes_from:
            if account in _BY_REF:
                needs.update((item, account, ref) for item, ref in papers)
            if account not in _BY_REF or "transfer" in vars(command):
                needs.update((item, account, None) for item, _ in papers)
        for account in verb.reads:
            needs.update((item, account, None) for item, _ in papers)
    return needs


def _papers_of(world: World, command: Command) -> set[tuple[str, str]]:
    """(item, reference) of everything a command names."""
    found = {
        (sku.fnsku, "") for name in _clean(_named([command], "sku", "a", "b")) if (sku := world.skus.get(name.strip()))
    }
    values = vars(command)
    found.update((item.fnsku, item.shipment_id) for item in world.items_of_shipment(values.get("shipment") or ""))
    named_item = world.order_items.get(values.get("order_item") or "")
    order_id = named_item.order_id if named_item else values.get("order") or ""
    found.update((item.fnsku, item.order_item_id) for item in world.items_of_order(order_id))
    if transfer := world.transfers.get(values.get("transfer") or ""):
        found.add((transfer.fnsku, transfer.transfer_id))
    if removal := world.removals.get(values.get("removal") or ""):
        found.add((removal.fnsku, removal.removal_id))
    if "fnsku" in values:
        found.add((values["fnsku"], ""))
    return found


_BALANCES = """
    select b.item, b.account, b.place, b.disposition, b.detail, b.ref, b.at, b.quantity
    from (select distinct * from unnest($2::text[], $3::text[], $4::text[]) as n(item, account, ref)) n
    join balances b on b.seller_id = $1 and b.item = n.item and b.account = n.account
        and (n.ref is null or b.ref = n.ref)
    where b.quantity <> 0
"""


async def _balances(connection: Connection, seller_id: str, needs: set[Need]) -> dict[Key, int]:
    if not needs:
        return {}
    items, accounts, refs = zip(*needs, strict=True)
    rows = await connection.fetch(_BALANCES, seller_id, items, accounts, refs)
    return {key_of(row): row["quantity"] for row in rows}


def key_of(row: asyncpg.Record) -> Key:
    at = row["at"]
    return Key(
        row["item"],
        Account(row["account"]),
        row["place"],
        row["disposition"],
        row["detail"],
        row["ref"],
        None if at == NO_INSTANT else at,
    )


async def _load_transfers_of_balances(connection: Connection, seller_id: str, world: World) -> None:
    """Orders may hold units of a transfer (F20b): its paper is then needed too."""
    wanted = {key.ref for key in world.book.balances if key.account is Account.FC_XFER}
    wanted |= {key.detail for key in world.book.balances if key.account is Account.FC_ORDER and key.detail}
    for paper in await _papers(connection, Transfer, seller_id, "transfer_id", wanted - set(world.transfers)):
        world.transfers[paper.transfer_id] = paper


# writing


class _Statement:
    """One SQL statement of several data-modifying parts, with its arguments."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.arguments: list[Any] = []

    def add(self, name: str, sql: str, columns: Sequence[tuple[str, Sequence[Any]]]) -> None:
        """Add a part; `{rows}` in it becomes `unnest` over the columns (SQL type, values)."""
        first = len(self.arguments) + 1
        arrays = ", ".join(f"${first + i}::{kind}[]" for i, (kind, _) in enumerate(columns))
        self.parts.append(f"{name} as ({sql.replace('{rows}', f'unnest({arrays})')})")
        self.arguments.extend(values for _, values in columns)

    def argument(self, value: Any) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"


@dataclass
class Written:
    """An entry as posted, with what the journal adds: its origin and the key it was asked with."""

    entry: Entry
    origin: Origin
    idempotency_key: str | None


@dataclass(frozen=True)
class Kept:
    """The answer to a command with an idempotency key, kept for replays."""

    idempotency_key: str
    request_hash: bytes
    answer: str


async def write(
    connection: Connection, ledger: LedgerRow, world: World, entries: Sequence[Written], kept: Sequence[Kept]
) -> int:
    """Write a world's changes; the new last sequence number. The entries are numbered, in their order."""
    last_seq = entries[-1].entry.seq if entries else ledger.last_seq
    statement = _Statement()
    seller = statement.argument(ledger.seller_id)
    _add_ledger(statement, seller, world, last_seq, entries[-1].entry.effective_at if entries else ledger.last_at)
    if entries:
        _add_entries(statement, seller, entries)
        giving = _add_lines_and_balances(statement, seller, [written.entry for written in entries])
        _add_positions(statement, seller, [written.entry for written in entries], world)
    else:
        giving = 0
    _add_papers(statement, seller, world)
    _add_timers_and_kept(statement, seller, world, kept)
    counted = "(select count(*) from down)" if giving else "0"
    parts = ", ".join(statement.parts)
    updated = await connection.fetchval(f"with {parts} select {counted}", *statement.arguments)
    if updated != giving:
        raise RuntimeError("a balance that should give units was not there: balances and journal differ")
    return last_seq


def _add_ledger(statement: _Statement, seller: str, world: World, last_seq: int, last_at: datetime) -> None:
    seq, at, counter = (statement.argument(value) for value in (last_seq, last_at, world.counter))
    policies = ""
    if world.policies_changed:
        policies = f", policies = {statement.argument(msgspec.json.encode(world.policies).decode())}"
    statement.parts.append(
        f"ledger as (update ledgers set last_seq = {seq}, last_at = {at}, counter = {counter}{policies}"
        f" where seller_id = {seller})"
    )


def _add_entries(statement: _Statement, seller: str, entries: Sequence[Written]) -> None:
    statement.add(
        "written",
        "insert into entries (seller_id, seq, event, effective_at, channel, actor, idempotency_key, reference_kind,"
        f" reference, reason) select {seller}, * from {{rows}}",
        (
            ("bigint", [w.entry.seq for w in entries]),
            ("text", [w.entry.event for w in entries]),
            ("timestamptz", [w.entry.effective_at for w in entries]),
            ("text", [w.origin.channel for w in entries]),
            ("text", [w.origin.actor for w in entries]),
            ("text", [w.idempotency_key for w in entries]),
            ("text", [w.entry.reference_kind for w in entries]),
            ("text", [w.entry.reference for w in entries]),
            ("text", [w.entry.reason for w in entries]),
        ),
    )


_KEY_TYPES: Final = ("text", "text", "text", "text", "text", "text", "timestamptz")
_KEY_COLUMNS: Final = "item, account, place, disposition, detail, ref, at"


def _key_columns(keys: Sequence[Key]) -> list[tuple[str, Sequence[Any]]]:
    rows = [(k.item, k.account, k.place, k.disposition, k.detail, k.ref, k.at or NO_INSTANT) for k in keys]
    columns = zip(*rows, strict=True) if rows else ((),) * len(_KEY_TYPES)
    return list(zip(_KEY_TYPES, columns, strict=True))


def _add_lines_and_balances(statement: _Statement, seller: str, entries: Sequence[Entry]) -> int:
    """Add the lines and the balances they change; how many balances must be there to give."""
    numbered = [(entry.seq, number, line) for entry in entries for number, line in enumerate(entry.lines)]
    if not numbered:
        return 0
    statement.add(
        "posted",
        f"insert into lines (seller_id, seq, line, {_KEY_COLUMNS}, country, delta) select {seller}, * from {{rows}}",
        (
            ("bigint", [seq for seq, _, _ in numbered]),
            ("integer", [number for _, number, _ in numbered]),
            *_key_columns([line.key for _, _, line in numbered]),
            ("text", [country_of(place) if (place := line.key.place) else "" for _, _, line in numbered]),
            ("bigint", [line.delta for _, _, line in numbered]),
        ),
    )
    deltas = _net([line for _, _, line in numbered])
    down = {key: delta for key, delta in deltas.items() if delta < 0 and not ACCOUNTS[key.account].may_owe}
    up = {key: delta for key, delta in deltas.items() if key not in down}
    if down:
        statement.add(
            "down",
            f"update balances b set quantity = b.quantity + d.delta from {{rows}} as d({_KEY_COLUMNS}, delta)"
            f" where b.seller_id = {seller} and b.item = d.item and b.account = d.account and b.ref = d.ref"
            " and b.place = d.place and b.disposition = d.disposition and b.detail = d.detail and b.at = d.at"
            " returning 1",
            (*_key_columns(list(down)), ("bigint", list(down.values()))),
        )
    if up:
        statement.add(
            "up",
            f"insert into balances as b (seller_id, {_KEY_COLUMNS}, quantity) select {seller}, * from {{rows}}"
            " on conflict (seller_id, item, account, ref, place, disposition, detail, at)"
            " do update set quantity = b.quantity + excluded.quantity",
            (*_key_columns(list(up)), ("bigint", list(up.values()))),
        )
    return len(down)


def _net(lines: Iterable[Line]) -> dict[Key, int]:
    deltas: dict[Key, int] = {}
    for line in lines:
        deltas[line.key] = deltas.get(line.key, 0) + line.delta
    return {key: delta for key, delta in deltas.items() if delta}


@dataclass
class _Change:
    """What a batch does to one item in one country."""

    units: dict[str, int]
    stock_seq: int = 0
    any_seq: int = 0
    any_at: datetime = NO_INSTANT


_STATES: Final = tuple(field.name for field in fields(Position))
_ADD_STATES: Final = ", ".join(f"{state} = p.{state} + excluded.{state}" for state in _STATES)
_POSITIONS: Final = (
    f"insert into positions as p (seller_id, country, item, {', '.join(_STATES)}, stock_seq, any_seq, any_at)"
    " select {seller}, * from {rows} on conflict (seller_id, country, item) do update set"
    f" {_ADD_STATES}, stock_seq = greatest(p.stock_seq, excluded.stock_seq),"
    " any_seq = excluded.any_seq, any_at = excluded.any_at"
)
_INSIDE: Final = frozenset(BUILDING_ACCOUNTS)


def _add_positions(statement: _Statement, seller: str, entries: Sequence[Entry], world: World) -> None:
    changes: dict[tuple[str, str], _Change] = {}
    for entry in entries:
        for line in entry.lines:
            if line.key.place:
                change = changes.setdefault((country_of(line.key.place), line.key.item), _Change({}))
                state = POSITION_COLUMNS[line.key.account, line.key.disposition]
                change.units[state] = change.units.get(state, 0) + line.delta
                change.any_seq, change.any_at = entry.seq, entry.effective_at
                if line.key.account in _INSIDE:
                    change.stock_seq = entry.seq
    for country, item, entry in world.touched:
        change = changes.setdefault((country, item), _Change({}))
        change.stock_seq = max(change.stock_seq, entry.seq)
        if entry.seq > change.any_seq:
            change.any_seq, change.any_at = entry.seq, entry.effective_at
    if not changes:
        return
    statement.add(
        "moved",
        _POSITIONS.replace("{seller}", seller),
        (
            ("text", [country for country, _ in changes]),
            ("text", [item for _, item in changes]),
            *(("bigint", [change.units.get(state, 0) for change in changes.values()]) for state in _STATES),
            ("bigint", [change.stock_seq for change in changes.values()]),
            ("bigint", [change.any_seq for change in changes.values()]),
            ("timestamptz", [change.any_at for change in changes.values()]),
        ),
    )


def _add_papers(statement: _Statement, seller: str, world: World) -> None:
    by_kind: dict[type, list[Paper]] = {}
    for paper in world.changed.values():
        by_kind.setdefault(type(paper), []).append(paper)
    for kind, papers in by_kind.items():
        table = PAPERS[kind]
        changes = ", ".join(f"{column} = excluded.{column}" for column in table.columns if column not in table.key)
        statement.add(
            f"paper_{table.name}",
            f"insert into {table.name} (seller_id, {', '.join(table.columns)}) select {seller}, * from {{rows}}"
            f" on conflict (seller_id, {', '.join(table.key)}) do update set {changes}",
            [
                (kind_of_column, [getattr(paper, column) for paper in papers])
                for column, kind_of_column in zip(table.columns, table.types, strict=True)
            ],
        )


def _add_timers_and_kept(statement: _Statement, seller: str, world: World, kept: Sequence[Kept]) -> None:
    if world.timers:
        statement.add(
            "scheduled",
            f"insert into timers (seller_id, timer_no, due_at, kind, arguments) select {seller}, * from {{rows}}",
            (
                ("bigint", [timer.timer_no for timer in world.timers]),
                ("timestamptz", [timer.due_at for timer in world.timers]),
                ("text", [timer.kind for timer in world.timers]),
                ("jsonb", [msgspec.json.encode(timer.arguments).decode() for timer in world.timers]),
            ),
        )
    if kept:
        statement.add(
            "kept",
            f"insert into commands (seller_id, idempotency_key, request_hash, answer) select {seller}, * from {{rows}}",
            (
                ("text", [k.idempotency_key for k in kept]),
                ("bytea", [k.request_hash for k in kept]),
                ("text", [k.answer for k in kept]),
            ),
        )


async def kept_answers(connection: Connection, seller_id: str, keys: Sequence[str]) -> dict[str, Kept]:
    rows = await connection.fetch(
        "select idempotency_key, request_hash, answer from commands where seller_id = $1 and idempotency_key = any($2)",
        seller_id,
        keys,
    )
    return {row["idempotency_key"]: Kept(*row) for row in rows}
