"""Loading: the part of a seller's world that commands need, and no more.

What a command needs follows from the table of verbs: the papers it names, the items of those papers, and for each
item the balances of the accounts that its events may take from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

import asyncpg

from entrepot.domain.accounts import ACCOUNTS, Account, Key
from entrepot.domain.commands import (
    AgeResearch,
    ArriveTransfer,
    Command,
    CreateItem,
    EndProcessing,
    FinishPutaway,
    PlaceOrder,
    ReachExpiry,
    SetQuantity,
)
from entrepot.domain.errors import NotFound
from entrepot.domain.items import tidy
from entrepot.domain.ledger import Book
from entrepot.domain.mfn.products import product_ids
from entrepot.domain.papers import (
    Listing,
    Offer,
    Order,
    OrderItem,
    Product,
    Removal,
    Shipment,
    ShipmentItem,
    Sku,
    Source,
    Transfer,
)
from entrepot.domain.verbs import VERB_OF, VERBS
from entrepot.domain.world import World
from entrepot.storage.database import NO_INSTANT, Connection
from entrepot.storage.papers import PAPERS, paper
from entrepot.storage.worlds import LedgerRow, ledger_row

Need = tuple[str, str, str | None]  # item, account, ref (None: every ref)


@dataclass(frozen=True)
class Fetched:
    """SKUs, and their balances in some accounts, that came along with the ledger."""

    names: frozenset[str] = frozenset()
    accounts: frozenset[Account] = frozenset()
    skus: Sequence[Sku] = ()
    balances: Mapping[Key, int] = field(default_factory=dict)

    def without(self, needs: set[Need]) -> set[Need]:
        """The needs that this does not satisfy."""
        items = {sku.fnsku for sku in self.skus}
        return {need for need in needs if need[2] is not None or need[1] not in self.accounts or need[0] not in items}


_LEDGER_AND_SKUS = """
    select l.*, s.marketplaces, clock_timestamp() as real_now,
           (select min(due_at) from timers t where t.seller_id = l.seller_id) as next_due,
           array(select (k.sku, k.fnsku, k.asin, k.condition, k.barcode)
                 from skus k where k.seller_id = $1 and k.sku = any($2)) as skus,
           array(select (b.item, b.account, b.place, b.disposition, b.detail, b.ref, b.at, b.quantity)
                 from skus k join balances b on b.seller_id = $1 and b.item = k.fnsku
                 where k.seller_id = $1 and k.sku = any($2) and b.account = any($3) and b.quantity <> 0) as balances
    from ledgers l join sellers s using (seller_id)
    where l.seller_id = $1
"""


async def open_ledger(
    connection: Connection, seller_id: str, commands: Sequence[Command] = ()
) -> tuple[LedgerRow, Fetched]:
    """The seller's ledger, in a transaction that has taken its lock, and what most commands need of it."""
    names = named_papers(commands)["skus"]
    accounts = {account for command in commands for account in _takes_from(command)} - _BY_REF
    accounts = {account for account in accounts if not ACCOUNTS[account].may_owe and not ACCOUNTS[account].merchant}
    row = await connection.fetchrow(_LEDGER_AND_SKUS, seller_id, list(names), list(accounts))
    ledger = ledger_row(row)
    if ledger is None or row is None:
        raise NotFound("seller", seller_id)
    balances = {key_of(part): part[7] for part in row["balances"]}
    return ledger, Fetched(frozenset(names), frozenset(accounts), [Sku(*part) for part in row["skus"]], balances)


async def _papers(connection: Connection, kind: type, seller_id: str, column: str, values: Iterable[str]) -> list[Any]:
    wanted = list(values)
    if not wanted:
        return []
    table = PAPERS[kind]
    extra = " and closed_seq is null" if kind is Offer else ""
    query = f"select {', '.join(table.columns)} from {table.source} where seller_id = $1 and {column} = any($2){extra}"
    rows = await connection.fetch(query, seller_id, wanted)
    return [paper(kind, row) for row in rows] if "jsonb" in table.types else [kind(*row) for row in rows]


# Which shelf of the world the fields of commands, and of their lines, name papers of.
_SHELF_OF: Final = {
    "sku": "skus",
    "a": "skus",
    "b": "skus",
    "shipment": "shipments",
    "order": "orders",
    "order_item": "order_items",
    "transfer": "transfers",
    "removal": "removals",
}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
SHELVES: Final = tuple(dict.fromkeys(_SHELF_OF.values()))


_NAMING_FIELDS: Final = {
    verb.command: tuple(
        (part.name, _SHELF_OF[part.name])
        for part in fields(verb.command)  # type: ignore[arg-type]
        if part.name in _SHELF_OF
    )
    for verb in VERBS.values()
}


def names_of(command: Command) -> list[tuple[str, str]]:
    """(shelf, name) of every paper that a command names; names that no paper can have are left out."""
    found = [(shelf, getattr(command, part)) for part, shelf in _NAMING_FIELDS[type(command)]]
    found += [("skus", line.sku) for line in getattr(command, "lines", ())]
    found += [("order_items", item.order_item) for item in getattr(command, "items", ())]
    return [(shelf, tidy(name)) for shelf, name in found if name and _storable(name)]


def _storable(name: str) -> bool:
    return "\0" not in name and (name.isascii() or not _SURROGATE.search(name))


def named_papers(commands: Iterable[Command]) -> dict[str, set[str]]:
    """The papers that commands name, by the shelf of the world they lie on."""
    named: dict[str, set[str]] = {shelf: set() for shelf in SHELVES}
    for command in commands:
        for shelf, name in names_of(command):
            named[shelf].add(name)
    return named


async def load(
    connection: Connection, ledger: LedgerRow, commands: Sequence[Command], fetched: Fetched | None = None
) -> World:
    """The part of the world that these commands may read or change; `fetched` need not be read again."""
    fetched = fetched or Fetched()
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
    skus = [*fetched.skus, *await _papers(connection, Sku, seller_id, "sku", names - fetched.names)]
    offers = []
    if any(VERBS[VERB_OF[type(command)]].relatives for command in commands):
        skus = await _with_relatives(connection, seller_id, commands, skus)
        offers = await _papers(connection, Offer, seller_id, "sku", {sku.sku for sku in skus} | names)
    listed = [command for command in commands if _needs_listings(command)]
    listings = await _papers(connection, Listing, seller_id, "sku", names) if listed else []
    products = await _products(connection, seller_id, listed, skus) if listed else []
    sources = await _sources(connection, seller_id) if listed else []
    world = World(
        Book({}, ledger.now), ledger.seed, ledger.counter, ledger.last_seq, ledger.marketplaces, ledger.policies,
        skus={paper.sku: paper for paper in skus},
        offers={(paper.marketplace_id, paper.sku): paper for paper in offers},
        listings={paper.sku: paper for paper in listings},
        products={paper.asin: paper for paper in products},
        sources={paper.source_id: paper for paper in sources},
        shipments={paper.shipment_id: paper for paper in shipments},
        shipment_items={(paper.shipment_id, paper.fnsku): paper for paper in shipment_items},
        orders={paper.order_id: paper for paper in orders},
        order_items={paper.order_item_id: paper for paper in order_items},
        transfers={paper.transfer_id: paper for paper in transfers},
        removals={paper.removal_id: paper for paper in removals},
    )  # fmt: skip
    needs = fetched.without(_needs(world, commands))
    world.book = Book({**fetched.balances, **await _balances(connection, seller_id, needs)}, ledger.now)
    await _load_transfers_of_balances(connection, seller_id, world)
    await _load_reserved_since(connection, seller_id, world, commands)
    return world


def _takes_from(command: Command) -> tuple[Account, ...]:
    """The accounts that a command may take from; an order's channel says whose stock it is about."""
    accounts = VERBS[VERB_OF[type(command)]].takes_from
    if isinstance(command, PlaceOrder) and command.channel is not None:
        merchant = command.channel == "MFN"
        return tuple(account for account in accounts if ACCOUNTS[account].merchant == merchant)
    return accounts


def _needs_listings(command: Command) -> bool:
    if isinstance(command, PlaceOrder) and command.channel in ("AFN", "MCF"):
        return False
    return VERBS[VERB_OF[type(command)]].listings


async def _sources(connection: Connection, seller_id: str) -> list[Source]:
    columns = ", ".join(PAPERS[Source].columns)
    query = f"select {columns} from sources where seller_id = $1 order by created_at, source_id"
    return [paper(Source, row) for row in await connection.fetch(query, seller_id)]


async def _products(
    connection: Connection, seller_id: str, commands: Sequence[Command], skus: Sequence[Sku]
) -> list[Product]:
    """The products of these SKUs, and those that the commands name by ASIN or GTIN."""
    named = [product_ids(command) for command in commands]
    asins = {sku.asin for sku in skus} | {asin for ids in named for asin in ids.asins}
    gtins = {gtin for ids in named for gtin in ids.gtins}
    found = await _papers(connection, Product, seller_id, "asin", filter(_storable, asins))
    found += await _papers(connection, Product, seller_id, "gtin", gtins)
    return found


async def _with_relatives(
    connection: Connection, seller_id: str, commands: Sequence[Command], skus: list[Any]
) -> list[Any]:
    fnskus = {sku.fnsku for sku in skus}
    asins = {command.asin.strip().upper() for command in commands if isinstance(command, CreateItem) and command.asin}
    asins |= {asin for command in commands for asin in product_ids(command).asins}
    asins = {asin for asin in asins if _storable(asin)}
    relatives = await _papers(connection, Sku, seller_id, "fnsku", fnskus)
    relatives += await _papers(connection, Sku, seller_id, "asin", asins)
    known = {sku.sku for sku in skus}
    return skus + list({sku.sku: sku for sku in relatives if sku.sku not in known}.values())


# Accounts with so many balances of one item that only those of the papers at hand are loaded.
_BY_REF: Final = frozenset(
    (
        Account.IN_WORKING,
        Account.IN_SHIPPED,
        Account.IN_RECEIVING,
        Account.FC_ORDER,
        Account.M_RES_PENDING,
        Account.M_RES_UNSHIPPED,
        Account.X_CUSTOMER,
    )
)


def _needs(world: World, commands: Sequence[Command]) -> set[Need]:
    needs: set[Need] = set()
    for command in commands:
        papers = _papers_of(world, command)
        for account in _takes_from(command):
            if ACCOUNTS[account].may_owe:
                continue
            items = [(item, ref) for names, ref in papers for item in _items(account, *names)]
            if account in _BY_REF:
                needs.update((item, account, ref) for item, ref in items)
            if account not in _BY_REF or isinstance(command, ArriveTransfer):
                needs.update((item, account, None) for item, _ in items)
        for account in VERBS[VERB_OF[type(command)]].reads:
            needs.update((item, account, None) for names, _ in papers for item in _items(account, *names))
    return needs


def _items(account: Account, fnsku: str, sku: str) -> tuple[str, ...]:
    """What an account calls the item: the warehouse by its FNSKU, the seller by its SKU; a customer may have both."""
    if account is Account.X_CUSTOMER:
        return fnsku, sku
    return (sku,) if ACCOUNTS[account].merchant else (fnsku,)


def _papers_of(world: World, command: Command) -> set[tuple[tuple[str, str], str]]:
    """((FNSKU, SKU), reference) of everything a command names."""
    found: set[tuple[tuple[str, str], str]] = set()
    for shelf, name in names_of(command):
        paper = getattr(world, shelf).get(name)
        if paper is None:
            continue
        if isinstance(paper, Sku):
            found.add(((paper.fnsku, paper.sku), ""))
        elif isinstance(paper, Shipment):
            found.update(((item.fnsku, item.sku), name) for item in world.items_of_shipment(name))
        elif isinstance(paper, Order | OrderItem):
            items = world.items_of_order(paper.order_id)
            found.update(((item.fnsku, item.sku), item.order_item_id) for item in items)
        else:
            found.add(((paper.fnsku, paper.sku), name))
    if isinstance(command, AgeResearch | EndProcessing | FinishPutaway | ReachExpiry):
        found.add(((command.fnsku, ""), ""))
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
    """The key in the first seven columns: item, account, place, disposition, detail, ref, at."""
    item, account, place, disposition, detail, ref, at = row[:7]
    return Key(item, Account(account), place, disposition, detail, ref, None if at == NO_INSTANT else at)


async def _load_transfers_of_balances(connection: Connection, seller_id: str, world: World) -> None:
    """Orders may hold units of a transfer (F20b): its paper is then needed too."""
    wanted = {key.ref for key in world.book.balances if key.account is Account.FC_XFER}
    wanted |= {key.detail for key in world.book.balances if key.account is Account.FC_ORDER and key.detail}
    for transfer in await _papers(connection, Transfer, seller_id, "transfer_id", wanted - set(world.transfers)):
        world.transfers[transfer.transfer_id] = transfer


# Units reserved (M02) and released (M04) at each location after an entry or an instant.
# The greatest number that an entry can have: PostgreSQL's bigint.
_SEQ_MAX: Final = 2**63 - 1
_RESERVED_SINCE: Final = """
    select l.place, sum(l.delta)::bigint as delta
    from lines l join entries e on e.seller_id = l.seller_id and e.seq = l.seq
    where l.seller_id = $1 and l.item = $2 and l.account = 'M_AVAIL' and e.event in ('M02', 'M04')
    and l.seq > greatest($3, case when $4::timestamptz is not null then first_seq_since($1, $4) - 1 else 0 end)
    and ($4::timestamptz is null or e.effective_at > $4)
    group by l.place
"""


async def _load_reserved_since(
    connection: Connection, seller_id: str, world: World, commands: Sequence[Command]
) -> None:
    """What was reserved since a seller counted (D-20)."""
    for command in commands:
        if isinstance(command, SetQuantity) and (command.as_of, command.as_of_seq) != (None, None):
            sku = tidy(command.sku)
            seq = max(0, min(command.as_of_seq or 0, _SEQ_MAX))
            rows = await connection.fetch(_RESERVED_SINCE, seller_id, sku, seq, command.as_of)
            world.moved_since[sku, command.as_of, command.as_of_seq] = {row["place"]: row["delta"] for row in rows}
