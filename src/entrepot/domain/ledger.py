"""Double entry: an entry moves whole units between balances, and a book refuses what is not there.

A `Book` is the part of one seller's balances that a set of commands needs, in memory, under the seller's lock.
Commands post to it one after another; each sees what the one before did. What was posted is written by storage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from entrepot.domain.accounts import ACCOUNTS, Account, Key
from entrepot.domain.errors import Invalid, Shortage
from entrepot.domain.events import EVENTS

# Units in one command and in one balance (ours, domain specification §1.6).
QUANTITY_MAX = 999_999_999


@dataclass(frozen=True, slots=True)
class Line:
    """One side of a move: `delta` units (never 0) to the balance `key`."""

    key: Key
    delta: int


@dataclass(frozen=True, slots=True)
class Move:
    """`quantity` units (at least 1) of one item, from one balance to another."""

    quantity: int
    gives: Key
    receives: Key

    @property
    def lines(self) -> tuple[Line, Line]:
        return Line(self.gives, -self.quantity), Line(self.receives, self.quantity)


@dataclass(slots=True)
class Entry:
    """One event in the journal, and the units that it moves."""

    event: str
    effective_at: datetime
    reference_kind: str = ""
    reference: str = ""
    reason: str = ""
    moves: list[Move] = field(default_factory=list)
    seq: int = 0

    @property
    def lines(self) -> list[Line]:
        """Both sides of each move, giving then receiving: they sum to zero."""
        return [line for move in self.moves for line in move.lines]


@dataclass(frozen=True)
class Origin:
    """Who asked for an entry, through which door; the journal keeps both."""

    channel: str
    actor: str


class Book:
    """Balances to decide on, and the entries decided so far."""

    def __init__(self, balances: dict[Key, int], now: datetime) -> None:
        self.balances = balances
        self.now = now
        self.entries: list[Entry] = []
        self._keys: dict[tuple[str, Account], set[Key]] = {}
        for key in balances:
            self._keys.setdefault((key.item, key.account), set()).add(key)
        self._undo: list[tuple[Key, int]] = []
        self._entries_before = 0

    def begin(self) -> None:
        """Start one command: what follows can be undone as a whole."""
        self._undo.clear()
        self._entries_before = len(self.entries)

    def rollback(self) -> None:
        """Forget everything since `begin`: a refused command changes nothing."""
        for key, delta in reversed(self._undo):
            self.balances[key] -= delta
        self._undo.clear()
        del self.entries[self._entries_before :]

    def entry(self, event: str, *, kind: str = "", ref: str = "", reason: str = "") -> Entry:
        """Open an entry of an event; `kind` and `ref` name the shipment, order… it belongs to."""
        entry = Entry(EVENTS[event].code, self.now, kind, ref, reason)
        self.entries.append(entry)
        return entry

    def post(self, entry: Entry, quantity: int, gives: Key, receives: Key) -> None:
        """Move `quantity` units. Raises Shortage if `gives` has fewer, Invalid beyond the bounds."""
        check_quantity(quantity)
        if (gives.account, receives.account) not in EVENTS[entry.event].moves:
            raise ValueError(f"{entry.event} does not move {gives.account} to {receives.account}")
        available = self.balances.get(gives, 0)
        if available < quantity and not ACCOUNTS[gives.account].may_owe:
            raise Shortage(str(gives.account), quantity, max(available, 0))
        if gives.item != receives.item:
            raise ValueError(f"{gives.item} does not become {receives.item}")
        self._add(gives, -quantity)
        self._add(receives, quantity)
        entry.moves.append(Move(quantity, gives, receives))

    def _add(self, key: Key, delta: int) -> None:
        balance = self.balances.get(key, 0) + delta
        if abs(balance) > QUANTITY_MAX and not ACCOUNTS[key.account].may_owe:
            raise Invalid("quantity", f"a balance may not exceed {QUANTITY_MAX} units")
        self.balances[key] = balance
        self._keys.setdefault((key.item, key.account), set()).add(key)
        self._undo.append((key, delta))

    def holding(self, item: str, account: Account, where: Callable[[Key], bool] = lambda key: True) -> list[Key]:
        """The balances of an account that hold units, in a fixed order: oldest instant, then place, then the rest."""
        keys = self._keys.get((item, account), ())
        return sorted((key for key in keys if self.balances[key] > 0 and where(key)), key=_fixed_order)

    def total(self, keys: Iterable[Key]) -> int:
        return sum(self.balances[key] for key in keys)

    def take(self, quantity: int, keys: list[Key], what: str) -> Iterator[tuple[Key, int]]:
        """Share `quantity` out over the balances in their order: (balance, units). Raises as `post`."""
        check_quantity(quantity)
        available = self.total(keys)
        if available < quantity:
            raise Shortage(what, quantity, available)
        for key in keys:
            units = min(quantity, self.balances[key])
            if units:
                yield key, units
            quantity -= units
            if not quantity:
                return

    def move(self, entry: Entry, quantity: int, keys: list[Key], to: Callable[[Key], Key], what: str) -> None:
        """Move `quantity` units out of the balances in their order, each to where `to` says."""
        for key, units in list(self.take(quantity, keys, what)):
            self.post(entry, units, key, to(key))


def check_quantity(quantity: int) -> None:
    """Invalid unless it is a number of units that a command may name."""
    if not 1 <= quantity <= QUANTITY_MAX:
        raise Invalid("quantity", f"a quantity must be between 1 and {QUANTITY_MAX}")


def _fixed_order(key: Key) -> tuple[float, str, str, str, str]:
    return (key.at.timestamp() if key.at else float("-inf"), key.place, key.disposition, key.detail, key.ref)
