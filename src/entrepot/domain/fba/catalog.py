"""Items come, go and merge."""

from __future__ import annotations

from entrepot.domain.accounts import WAREHOUSE_ACCOUNTS, Account, Key
from entrepot.domain.commands import CloseItem, CreateItem, MergeItems
from entrepot.domain.conditions import condition
from entrepot.domain.errors import AlreadyExists, Invalid, NotAllowed, NotFound
from entrepot.domain.fba.stock import Answer, correction, free
from entrepot.domain.items import clean_sku, clean_title
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn import opening
from entrepot.domain.papers import Offer, Sku
from entrepot.domain.places import country_of
from entrepot.domain.world import World


def create_item(world: World, command: CreateItem) -> Answer:
    """Offer a SKU in a marketplace. A SKU already offered elsewhere keeps its item; only its title may differ."""
    name = clean_sku(command.sku)
    title = clean_title(command.title)
    marketplace = world.marketplace(command.marketplace)
    if (marketplace.id, name) in world.offers:
        raise AlreadyExists("SKU", name)
    sku = world.skus.get(name) or world.add(_sku_of(world, name, command))
    if not sku.asin:  # listed before there was enough to say which product it is
        world.edit(sku).asin = _asin(world, command)
    open_offer(world, sku, marketplace, title)
    opening.announce(world, sku, marketplace, title)
    return {"sku": name, "asin": sku.asin, "fnsku": sku.fnsku}


def _sku_of(world: World, name: str, command: CreateItem) -> Sku:
    literal = condition(command.condition).literal
    asin = _asin(world, command)
    if command.barcode == "manufacturer":
        if literal != "NewItem":
            raise Invalid("barcode", "a manufacturer's barcode is for new items only")
        return Sku(name, asin, asin, literal, command.barcode)
    return new_sku(world, name, asin, literal, known=command.asin is not None)


def _asin(world: World, command: CreateItem) -> str:
    asin = (command.asin or world.new_id("asin")).strip().upper()
    if not (len(asin) == 10 and asin.isascii() and asin.isalnum()):
        raise Invalid("asin", "an ASIN has 10 letters or digits")
    return asin


def new_sku(world: World, name: str, asin: str, literal: str, *, known: bool) -> Sku:
    """A SKU under the warehouse's own barcode: one FNSKU per ASIN and condition, so such SKUs share their stock (D-6).

    known: the ASIN was not allotted just now, so others may have it.
    """
    wanted = (asin, literal, "amazon")
    twin = next((s for s in world.skus.values() if (s.asin, s.condition, s.barcode) == wanted), None) if known else None
    return Sku(name, twin.fnsku if twin else world.new_id("fnsku"), asin, literal, "amazon")


def open_offer(world: World, sku: Sku, marketplace: Marketplace, title: str) -> None:
    """The warehouse sells the SKU in a marketplace from now on."""
    entry = world.book.entry("C01", kind="sku", ref=sku.sku)
    world.touched.append((marketplace.country, sku.fnsku, entry))
    seq = world.last_seq + len(world.book.entries)
    world.add(Offer(marketplace.id, sku.sku, seq, title, entry.effective_at))


def close_item(world: World, command: CloseItem) -> Answer:
    """Take a SKU off a marketplace together with its free stock there, unless another SKU there shares that stock."""
    sku = world.sku(command.sku)
    marketplace = world.marketplace(command.marketplace)
    offer = world.offers.get((marketplace.id, sku.sku))
    if offer is None:
        raise NotFound("SKU", command.sku)
    written_off = 0 if shares_stock(world, sku, marketplace) else _write_off(world, sku, marketplace.country, command)
    opening.withdraw(world, sku, marketplace.id)
    close_offer(world, sku, marketplace, offer)
    return {"sku": sku.sku, "written_off": written_off}


def shares_stock(world: World, sku: Sku, marketplace: Marketplace) -> bool:
    """Whether another SKU on offer in the marketplace names the same item."""
    return any(
        other.fnsku == sku.fnsku and other.sku != sku.sku and (marketplace.id, other.sku) in world.offers
        for other in world.skus.values()
    )


def close_offer(world: World, sku: Sku, marketplace: Marketplace, offer: Offer) -> None:
    """The last thing that a command does: an offer taken off its shelf does not come back with a roll-back."""
    entry = world.book.entry("C02", kind="sku", ref=sku.sku)
    world.touched.append((marketplace.country, sku.fnsku, entry))
    world.edit(offer).closed_seq = world.last_seq + len(world.book.entries)
    del world.offers[marketplace.id, sku.sku]


def units_there(world: World, sku: Sku, country: str) -> int:
    """What the warehouse has or expects of an item in a country."""

    def here(key: Key) -> bool:
        return country_of(key.place) == country

    return sum(world.book.total(world.book.holding(sku.fnsku, account, here)) for account in WAREHOUSE_ACCOUNTS)


# What keeps an item from being closed: units that somebody still waits for.
_BINDING = (
    Account.IN_WORKING,
    Account.IN_SHIPPED,
    Account.IN_RECEIVING,
    Account.FC_ORDER,
    Account.FC_XFER,
    Account.FC_PROC,
    Account.FC_RESEARCH,
)


def _write_off(world: World, sku: Sku, country: str, command: CloseItem) -> int:
    def here(key: Key) -> bool:
        return country_of(key.place) == country

    bound = sum(world.book.total(world.book.holding(sku.fnsku, account, here)) for account in _BINDING)
    if bound:
        raise NotAllowed(f"SKU '{sku.sku}' has {bound} units reserved, inbound, in transfer or under research")
    free_keys = world.book.holding(sku.fnsku, Account.FC_AVAIL, here)
    unsellable = world.book.holding(sku.fnsku, Account.FC_UNS, here)
    units = world.book.total([*free_keys, *unsellable])
    if command.strict and units:
        raise NotAllowed(f"SKU '{sku.sku}' still has {units} units")
    if units:
        entry = world.book.entry("F80", kind="sku", ref=sku.sku, reason="2")
        for key in (*free_keys, *unsellable):
            world.book.post(entry, world.book.balances[key], key, correction(sku.fnsku, "DELETE"))
    return units


def merge_items(world: World, command: MergeItems) -> Answer:
    """Two SKUs are one item: free stock of `a` becomes stock of `b`, place by place (F65)."""
    a, b = world.sku(command.a, "a"), world.sku(command.b, "b")
    if a.fnsku == b.fnsku:
        raise Invalid("b", "both SKUs name the same item already")
    keys = world.holding(a, Account.FC_AVAIL)
    quantity = world.book.total(keys) if command.quantity is None else command.quantity
    if not keys:
        raise NotAllowed(f"SKU '{a.sku}' has no free stock to merge")
    entry = world.book.entry("F65", kind="sku", ref=a.sku)
    for key, units in list(world.book.take(quantity, keys, f"free stock of '{a.sku}'")):
        world.book.post(entry, units, key, correction(a.fnsku, "MERGE"))
        world.book.post(entry, units, correction(b.fnsku, "MERGE"), free(b, key.place))
    return {"quantity": quantity}
