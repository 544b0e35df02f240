"""Why is this number what it is: the balances that it adds up, and who changed it last, now or at a past instant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from entrepot.domain.accounts import ACCOUNTS, DEFAULT_LOCATION, Account
from entrepot.domain.errors import Invalid, NotFound
from entrepot.domain.events import EVENTS
from entrepot.domain.items import clean_sku, tidy
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.domain.mfn.locations import ACTIVE
from entrepot.domain.quantities import MERCHANT_NUMBERS, NUMBERS, SERVED_FROM_EVERYWHERE, default_places
from entrepot.storage import explanation as storage
from entrepot.storage import worlds
from entrepot.storage.database import Connection, Database
from entrepot.storage.explanation import Balance, Counted
from entrepot.storage.worlds import LedgerRow

CHANGES_SHOWN: Final = 10


@dataclass(frozen=True)
class Posted:
    """An entry of the journal: what happened, when in the world and when in fact, who asked through which door."""

    seq: int
    event: str
    title: str
    effective_at: datetime
    recorded_at: datetime
    channel: str
    actor: str
    reference_kind: str
    reference: str
    reason: str


@dataclass(frozen=True)
class Share:
    """A balance that counts, `units` of it, and the entry that changed them last."""

    account: str
    meaning: str
    place: str
    disposition: str
    detail: str
    ref: str
    at: datetime | None
    units: int
    changed: Posted


@dataclass(frozen=True)
class Change:
    """An entry that changed the number, and by how much."""

    entry: Posted
    delta: int


@dataclass(frozen=True)
class Explanation:
    """A number of a SKU in a marketplace: `value` is the sum of the shares, at world time `at`, after entry `seq`.

    `skus` are all SKUs that share the item's stock; `changes` the last entries that changed the number, newest first.
    """

    sku: str
    skus: Sequence[str]
    fnsku: str
    marketplace_id: str
    number: str
    at: datetime
    seq: int
    value: int
    shares: Sequence[Share]
    changes: Sequence[Change]


def number_named(name: str) -> str:
    """The number a name means: ours, or that of an API (`fulfillableQuantity`); Invalid if there is none."""
    words = re.split("[ _-]+", re.sub("(?<![A-Z])([A-Z])", r"_\1", name).lower())
    number = "_".join(word for word in words if word not in ("", "quantity"))
    if number not in NUMBERS and number not in MERCHANT_NUMBERS:
        known = ", ".join((*NUMBERS, *MERCHANT_NUMBERS))
        raise Invalid("number", f"'{name}' is not a number of stock; known: {known}")
    return number


async def explain(
    database: Database,
    seller_id: str,
    sku: str,
    number: str,
    marketplace_id: str | None = None,
    at: datetime | None = None,
    source: str | None = None,
) -> Explanation:
    """Explain a number, in the seller's first marketplace unless one is named, now or at a past instant.

    The numbers of stock that the seller has himself are of no marketplace; `source`, an id or a code, says of which
    location. Stock that serves from other countries counts as the seller's policy is now: the journal does not say how
    it was. Raises NotFound for an unknown seller or SKU, Invalid for another's marketplace or location, an unknown
    number, or an instant that the world has not reached.
    """
    name = number_named(number)
    async with (
        database.read() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        ledger = await worlds.peek(connection, seller_id)
        if ledger is None:
            raise NotFound("seller", seller_id)
        marketplace = _marketplace(ledger, marketplace_id)
        instant, seq = await _moment(connection, ledger, at)
        skus = await storage.skus_of_item(connection, seller_id, clean_sku(sku))
        if not skus:
            raise NotFound("SKU", sku)
        item, counted = skus[0]["fnsku"], _counted(name, marketplace.country, ledger.policies.remote_serving)
        if name in MERCHANT_NUMBERS:
            item, counted = clean_sku(sku), await _merchant_counted(connection, ledger, seq, name, source)
            skus = [row for row in skus if row["sku"] == item]
        accounts = {c.part.account for c in counted}
        balances = await storage.balances(connection, seller_id, item, accounts, seq)
        shares = [balance for balance in balances if any(_counts(c, balance, instant) for c in counted)]
        changes = await storage.changes(connection, seller_id, item, seq, counted, CHANGES_SHOWN)
        posted = await storage.entries(connection, seller_id, {balance.changed_seq for balance in shares})
    return Explanation(
        clean_sku(sku),
        [row["sku"] for row in skus],
        item,
        marketplace.id,
        name,
        instant,
        seq,
        sum(balance.units for balance in shares),
        [_share(balance, posted[balance.changed_seq]) for balance in shares],
        [Change(_posted(row), row["delta"]) for row in changes],
    )


def _marketplace(ledger: LedgerRow, marketplace_id: str | None) -> Marketplace:
    chosen = marketplace_id or ledger.marketplaces[0]
    if chosen not in ledger.marketplaces:
        raise Invalid("marketplace", f"'{chosen}' is not one of this seller's marketplaces")
    return MARKETPLACES[chosen]


async def _moment(connection: Connection, ledger: LedgerRow, at: datetime | None) -> tuple[datetime, int]:
    """The instant meant, and the last entry that had happened then."""
    if at is None:
        return ledger.now, ledger.last_seq
    if at.tzinfo is None:
        raise Invalid("at", "an instant needs a time zone")
    if at > ledger.now:
        raise Invalid("at", f"the clock of this world stands at {ledger.now.isoformat()}")
    return at, await storage.last_seq(connection, ledger.seller_id, at)


def _counted(name: str, country: str, remote_serving: bool) -> list[Counted]:
    """What counts in a country; free stock elsewhere serves it too, if the seller lets it (D-17)."""
    everywhere = remote_serving and name in SERVED_FROM_EVERYWHERE
    return [
        Counted(part, None if everywhere and part.account is Account.FC_AVAIL else country)
        for part in NUMBERS.get(name, ())
    ]


async def _merchant_counted(
    connection: Connection, ledger: LedgerRow, seq: int, name: str, source: str | None
) -> list[Counted]:
    """What counts of the seller's own stock: at one location, at those that DEFAULT stands for, or at all."""
    sources = await storage.sources(connection, ledger.seller_id, None if seq == ledger.last_seq else seq)
    places = None
    if source is not None:
        wanted = tidy(source)
        ids = [DEFAULT_LOCATION] if wanted == DEFAULT_LOCATION else []
        ids += [row["source_id"] for row in sources if wanted in (row["source_id"], row["code"])]
        if not ids:
            raise Invalid("source", f"'{source}' is not a location of this seller")
        places = frozenset(ids[:1])
    elif name == "mfn_default":
        places = default_places(row["source_id"] for row in sources if row["status"] == ACTIVE)
    return [Counted(part, None, places) for part in MERCHANT_NUMBERS[name]]


def _counts(counted: Counted, balance: Balance, instant: datetime) -> bool:
    if counted.places is not None and balance.key.place not in counted.places:
        return False
    return counted.country in (None, balance.country) and counted.part.counts(balance.key, instant)


def _share(balance: Balance, row: asyncpg.Record) -> Share:
    key = balance.key
    return Share(
        key.account.value,
        ACCOUNTS[key.account].meaning,
        key.place,
        key.disposition,
        key.detail,
        key.ref,
        key.at,
        balance.units,
        _posted(row),
    )


def _posted(row: asyncpg.Record) -> Posted:
    event = EVENTS.get(row["event"])
    return Posted(
        row["seq"],
        row["event"],
        event.title if event else "",
        row["effective_at"],
        row["recorded_at"],
        row["channel"],
        row["actor"],
        row["reference_kind"],
        row["reference"],
        row["reason"],
    )
