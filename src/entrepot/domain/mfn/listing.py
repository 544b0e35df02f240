"""A seller's submissions about a SKU: put, patch and delete a listing, set and move its quantities.

A submission is done as a whole or, with an issue of severity ERROR, not at all. It changes the submitted layer (the
`Listing` paper) and makes the live quantities what it says (M01, M10); reservations stay (D-19). Choices: a PUT keeps
the sales terms that it leaves out; a patch of an unknown SKU creates it; a quantity for a channel of the warehouse is
kept as submitted and moves nothing; taking such a channel away leaves the stock in the warehouse, and its offer open.
Sources: SP-API reference §4.2–4.4, domain specification §2.4, §3.1, §3.2, §5.2–5.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Literal

from entrepot.domain.accounts import DEFAULT_LOCATION, Account
from entrepot.domain.commands import DeleteListing, MoveQuantity, PatchListing, PutListing, SetQuantity
from entrepot.domain.conditions import condition
from entrepot.domain.errors import Invalid, NotFound, Rejected
from entrepot.domain.fba import catalog
from entrepot.domain.fba.stock import Answer
from entrepot.domain.identifiers import asin as valid_asin
from entrepot.domain.identifiers import isbn_10
from entrepot.domain.items import clean_sku, tidy
from entrepot.domain.ledger import QUANTITY_MAX
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn import locations
from entrepot.domain.mfn.addressing import Resolve, Scope
from entrepot.domain.mfn.attributes import ASIN_ATTRIBUTE, AVAILABILITY, CHANNEL, FBA_CHANNELS, ID_ATTRIBUTES
from entrepot.domain.mfn.drafting import Draft
from entrepot.domain.mfn.issues import error, warning
from entrepot.domain.mfn.live import default_beside_locations
from entrepot.domain.mfn.opening import ANY_PRODUCT, current, leave, listed_in, opened
from entrepot.domain.mfn.products import gtin14, mismatch
from entrepot.domain.mfn.shapes import Findings
from entrepot.domain.mfn.shelves import available, counted
from entrepot.domain.papers import Instance, Listing, Product, Sku
from entrepot.domain.world import World

_PRODUCT_TYPE: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
_NEW: Final = "NewItem"
# Product ids that have a check digit and a common form; others (as PZN) are kept as they are.
_NUMBERED: Final = ("ean", "gtin", "isbn", "jan", "upc")
_IDENTIFYING: Final = frozenset((ASIN_ATTRIBUTE, *ID_ATTRIBUTES, "item_name", "condition_type"))


# submissions


def put_listing(world: World, command: PutListing) -> Answer:
    name = clean_sku(command.sku)
    draft = _draft(world, name, [world.marketplace(command.marketplace)], command.strict)
    product_type = _product_type(draft, command.product_type)
    draft.put(command.attributes, keep_facts=command.requirements == "LISTING_OFFER_ONLY")
    _refuse_incomplete(world, name, draft, command)
    return _submit(world, name, draft, product_type, command.requirements)


def patch_listing(world: World, command: PatchListing) -> Answer:
    name = clean_sku(command.sku)
    marketplaces = [world.marketplace(id_) for id_ in command.marketplaces] or [world.marketplace(None)]
    draft = _draft(world, name, marketplaces, command.strict)
    product_type = _product_type(draft, command.product_type)
    if not command.patches:
        draft.issues.append(error("missing", member="patches"))
    for patch in command.patches:
        draft.patch(patch.op, patch.path, patch.value)
    return _submit(world, name, draft, product_type, mark=command.mark)


def _draft(world: World, name: str, marketplaces: Iterable[Marketplace], strict: bool) -> Draft:
    scope = Scope(tuple(dict.fromkeys(marketplaces)), _resolver(world), strict)
    listing = current(world, name)
    if listing is None:
        return Draft(scope, {}, {}, {})
    return Draft(scope, listing.availability, listing.offers, listing.attributes)


def _resolver(world: World) -> Resolve:
    """Which channel a code is, for this seller: his locations by id or code; strict, only in the programme for them."""
    region = world.marketplace(None).region

    def channel_of(code: str, findings: Findings, closing: bool) -> str | None:
        channel = tidy(code)
        if channel in (DEFAULT_LOCATION, FBA_CHANNELS[region]):
            return channel
        source = locations.find(world, channel)
        if source is None or (findings.strict and not world.policies.multi_location):
            findings.wrong(CHANNEL, code, f"{DEFAULT_LOCATION} | {FBA_CHANNELS[region]} | {locations.KIND}")
            return None
        if closing or source.status == locations.ACTIVE:
            return source.source_id
        if source.status == locations.ARCHIVED:
            findings.wrong(CHANNEL, code, f"{locations.KIND} != {locations.ARCHIVED}")
            return None
        findings.issues.append(warning("location_not_active", AVAILABILITY, value=code, status=source.status))
        return source.source_id

    return channel_of


def _product_type(draft: Draft, product_type: str) -> str:
    if not product_type:
        if draft.scope.strict:
            draft.issues.append(error("missing", member="productType"))
        else:
            draft.issues.append(warning("product_type_assumed", value=ANY_PRODUCT))
        return ANY_PRODUCT
    if not _PRODUCT_TYPE.fullmatch(product_type):
        draft.issues.append(error("value_invalid", member="productType", value=product_type, expected="A-Z 0-9 _"))
    return product_type


def _refuse_incomplete(world: World, name: str, draft: Draft, command: PutListing) -> None:
    """What the requirements of a PUT ask for. Without them a listing has no ASIN, which is an issue of its own; the
    schemas of Amazon (strict) also want a name, and a real product type."""
    sku = world.skus.get(name)
    if command.requirements == "LISTING_OFFER_ONLY":
        identified = sku is not None and sku.asin
        if not identified and not any(key in draft.attributes for key in (ASIN_ATTRIBUTE, *ID_ATTRIBUTES)):
            draft.issues.append(error("missing", ASIN_ATTRIBUTE, member=ASIN_ATTRIBUTE))
        if "condition_type" not in draft.attributes:
            draft.issues.append(error("missing", "condition_type", member="condition_type"))
    elif draft.scope.strict:
        if "item_name" not in draft.attributes:
            draft.issues.append(error("missing", "item_name", member="item_name"))
        if command.requirements == "LISTING" and command.product_type == ANY_PRODUCT:
            expected = f"!= {ANY_PRODUCT}"
            draft.issues.append(
                error("value_invalid", member="productType", value=command.product_type, expected=expected)
            )


def _submit(
    world: World,
    name: str,
    draft: Draft,
    product_type: str,
    requirements: str | None = None,
    mark: int | None = None,
) -> Answer:
    """Do a submission that has no errors."""
    _refuse(draft)
    sku = world.skus.get(name)
    if sku is None or not sku.asin or current(world, name) is None or not _IDENTIFYING.isdisjoint(draft.names):
        sku = _identified(world, name, draft, product_type)
        _refuse(draft)
    if current(world, name) is None:
        world.book.entry("C03", kind="sku", ref=name)
    listing = opened(world, name)
    listing.availability, listing.offers, listing.attributes = draft.availability, draft.offers, draft.attributes
    listed_in(listing, *draft.scope.ids)
    if product_type != ANY_PRODUCT:
        listing.product_type = product_type
    listing.requirements = requirements or listing.requirements
    listing.mark = None if mark is None else mark + bool(draft.attributes.keys() - draft.names.keys())
    submission = world.new_id("submission")
    for channel in draft.closed:
        _clear(world, name, channel)
    for channel, quantity in draft.quantities.items():
        _set(world, name, channel, quantity)
    _open_warehouse(world, sku, listing, draft)
    if AVAILABILITY in draft.names:
        draft.issues.extend(default_beside_locations(listing, world.sources, _there(world, name, DEFAULT_LOCATION)))
    return {
        "sku": name,
        "status": "ACCEPTED",
        "submission": submission,
        "asin": sku.asin,
        "issues": list(dict.fromkeys(draft.issues)),
    }


def _refuse(draft: Draft) -> None:
    if draft.errors:
        raise Rejected(list(dict.fromkeys(draft.issues)))


def _open_warehouse(world: World, sku: Sku, listing: Listing, draft: Draft) -> None:
    """A channel of the warehouse makes the SKU one of its items, in every marketplace that is submitted to."""
    for marketplace in draft.scope.marketplaces:
        if FBA_CHANNELS[marketplace.region] in listing.availability and (marketplace.id, sku.sku) not in world.offers:
            catalog.open_offer(world, sku, marketplace, _title(draft.attributes, marketplace.id) or sku.sku)


def delete_listing(world: World, command: DeleteListing) -> Answer:
    """Take a listing out of a marketplace; with the last one goes what is available (M10). An item of the warehouse
    stays on its shelf until it is empty."""
    marketplace = world.marketplace(command.marketplace)
    name = clean_sku(command.sku)
    listing = current(world, name)
    if listing is None or marketplace.id not in listing.marketplaces:
        raise NotFound("SKU", name)
    world.book.entry("C04", kind="sku", ref=name)
    leave(world, world.edit(listing), marketplace.id)
    written_off = 0
    if listing.deleted_at is not None:
        for key in world.book.holding(name, Account.M_AVAIL):
            written_off += _clear(world, name, key.place, command.reason)
    answer: Answer = {
        "sku": name,
        "status": "ACCEPTED",
        "submission": world.new_id("submission"),
        "written_off": written_off,
        "issues": [],
    }
    sku, offer = world.skus.get(name), world.offers.get((marketplace.id, name))
    if sku is not None and offer is not None:
        shared = catalog.shares_stock(world, sku, marketplace)
        if shared or not catalog.units_there(world, sku, marketplace.country):
            catalog.close_offer(world, sku, marketplace, offer)
    return answer


# which product it is


def _identified(world: World, name: str, draft: Draft, product_type: str) -> Sku:
    """The SKU with the ASIN that its attributes say; new ones are allotted. What does not match becomes issues."""
    sku = world.skus.get(name)
    gtins, isbn = _gtins(draft)
    suggested = _suggested(draft)
    titled = _title(draft.attributes, draft.scope.ids[0])
    owner = next((product.asin for product in world.products.values() if product.gtin in gtins), "") if gtins else ""
    settled = sku.asin if sku is not None and current(world, name) is not None else ""
    asin = settled or suggested or owner or isbn
    if draft.errors:  # what they say cannot be read
        return sku or Sku(name, "", "", _NEW, "amazon")
    if not asin and sku is not None and sku.asin:
        asin = sku.asin
    known = bool(asin)
    if not asin and (gtins or titled):
        asin = world.new_id("asin")
    _refuse_mismatch(world, draft, asin, suggested, owner, gtins)
    literal = _condition(draft) or (sku.condition if sku is not None else _NEW)
    if sku is None:
        sku = world.add(catalog.new_sku(world, name, asin, literal, known=known))
    elif (sku.asin, sku.condition) != (asin, literal):
        _change_item(world, sku, asin, literal, draft)
    if asin and not draft.errors:
        _describe(world, asin, gtins[0] if gtins else "", titled, product_type)
    return sku


def _gtins(draft: Draft) -> tuple[list[str], str]:
    """Product ids in their common form, and the ISBN-10 among them: a book's is its ASIN (§5.2)."""
    gtins: dict[str, None] = {}
    isbn = ""
    for name in ID_ATTRIBUTES:
        for instance in draft.attributes.get(name, ()):
            if instance["type"].lower() not in _NUMBERED:
                continue
            text = instance["value"].strip().replace("-", "").upper()
            try:
                gtins[common := gtin14(text)] = None
            except Invalid:
                expected = " | ".join(kind.upper() for kind in _NUMBERED)
                draft.issues.append(error("value_invalid", name, member=name, value=text, expected=expected))
            else:
                isbn = isbn or isbn_10(common) or ""
    return list(gtins), isbn


def _suggested(draft: Draft) -> str:
    instances = draft.attributes.get(ASIN_ATTRIBUTE)
    if not instances:
        return ""
    text: str = instances[-1]["value"].upper()
    try:
        return valid_asin(text)
    except Invalid:
        expected = "ASIN"
        draft.issues.append(
            error("value_invalid", ASIN_ATTRIBUTE, member=ASIN_ATTRIBUTE, value=text, expected=expected)
        )
        return ""


def _refuse_mismatch(world: World, draft: Draft, asin: str, suggested: str, owner: str, gtins: list[str]) -> None:
    """4005015: the ids given belong to different products."""
    if found := mismatch(asin, suggested, owner, world.products.get(asin), gtins):
        one, other = found
        draft.issues.append(error("asin_mismatch", ASIN_ATTRIBUTE, value=one, other=other))


def _condition(draft: Draft) -> str:
    instances = draft.attributes.get("condition_type")
    return condition(instances[-1]["value"]).literal if instances else ""


def _change_item(world: World, sku: Sku, asin: str, literal: str, draft: Draft) -> None:
    """Another product or condition: not of an item that the warehouse sells, and not of others that share it."""
    if any(name == sku.sku for _, name in world.offers):
        draft.issues.append(
            error("asin_mismatch", ASIN_ATTRIBUTE, value=asin, other=sku.asin)
            if asin != sku.asin
            else error(
                "value_invalid", "condition_type", member="condition_type", value=literal, expected=sku.condition
            )
        )
        return
    shared = any(other.fnsku == sku.fnsku and other.sku != sku.sku for other in world.skus.values())
    world.edit(sku)
    if shared or sku.fnsku == sku.asin:
        sku.fnsku, sku.barcode = world.new_id("fnsku"), "amazon"
    sku.asin, sku.condition = asin, literal


def _describe(world: World, asin: str, gtin: str, title: str, product_type: str) -> None:
    """The product of the catalogue, as far as the submission says something new about it."""
    product = world.products.get(asin)
    if product is None:
        world.add(Product(asin, gtin, product_type, title))
        return
    new = (product.gtin or gtin, product_type if product_type != ANY_PRODUCT else product.product_type, title)
    if new != (product.gtin, product.product_type, product.title):
        world.edit(product)
        product.gtin, product.product_type, product.title = new[0], new[1], title or product.title


def _title(attributes: dict[str, list[Instance]], marketplace_id: str) -> str:
    instances = attributes.get("item_name") or ()
    here = [instance for instance in instances if instance.get("marketplace_id") == marketplace_id]
    return next((str(instance["value"]) for instance in (*here, *instances)), "")


# quantities


def _there(world: World, name: str, channel: str) -> int:
    return world.book.balances.get(available(name, channel), 0)


def _set(world: World, name: str, channel: str, quantity: int) -> None:
    """What is available at a location is so many from now on (M01)."""
    more = quantity - _there(world, name, channel)
    if not more:
        return
    entry = world.book.entry("M01", kind="sku", ref=name)
    here, outside = available(name, channel), counted(name)
    world.book.post(entry, abs(more), *((outside, here) if more > 0 else (here, outside)))


def _clear(world: World, name: str, channel: str, reason: Literal["DELETE", "PURGE"] = "DELETE") -> int:
    """Nothing is available at a location any more (M10)."""
    units = _there(world, name, channel)
    if units:
        entry = world.book.entry("M10", kind="sku", ref=name, reason=reason)
        world.book.post(entry, units, available(name, channel), counted(name, reason))
    return units


def set_quantity(world: World, command: SetQuantity) -> Answer:
    sku = world.sku(command.sku)
    if not 0 <= command.quantity <= QUANTITY_MAX:
        raise Invalid("quantity", f"a quantity must be between 0 and {QUANTITY_MAX}")
    place = locations.resolve(world, command.source)
    quantity = max(0, command.quantity + _moved_since(world, sku.sku, place, command.as_of, command.as_of_seq))
    listing = _of(world, sku)
    _submitted(listing, place, quantity, command.source)
    _set(world, sku.sku, place, quantity)
    return {"sku": sku.sku, "source": place, "quantity": quantity}


def _moved_since(world: World, name: str, place: str, as_of: datetime | None, as_of_seq: int | None) -> int:
    """Units that orders took (negative) or gave back since the seller counted, those of this batch included (D-20)."""
    if as_of is None and as_of_seq is None:
        return 0
    moved = world.moved_since.get((name, as_of, as_of_seq), {}).get(place, 0)
    if as_of is not None and world.now <= as_of:
        return moved
    shelf = available(name, place)
    for entry in world.book.entries:
        if entry.event in ("M02", "M04"):
            moved += sum(line.delta for line in entry.lines if line.key == shelf)
    return moved


def move_quantity(world: World, command: MoveQuantity) -> Answer:
    """From one location to another (M08), which is two settings at once."""
    sku = world.sku(command.sku)
    origin = locations.resolve(world, command.origin, "origin")
    destination = locations.resolve(world, command.destination, "destination")
    if origin == destination:
        raise Invalid("destination", "origin and destination must differ")
    entry = world.book.entry("M08", kind="sku", ref=sku.sku)
    world.book.post(entry, command.quantity, available(sku.sku, origin), available(sku.sku, destination))
    listing = _of(world, sku)
    answer: dict[str, Any] = {"sku": sku.sku}
    for place, code in ((origin, command.origin), (destination, command.destination)):
        _submitted(listing, place, _there(world, sku.sku, place), code)
        answer["origin" if place == origin else "destination"] = place
    return {**answer, "quantity": command.quantity}


def _of(world: World, sku: Sku) -> Listing:
    """The listing of a SKU that is there, about to change; NotFound if it was deleted."""
    listing = world.listings.get(sku.sku)
    if listing is not None and listing.deleted_at is not None:
        raise NotFound("SKU", sku.sku)
    listing = opened(world, sku.sku)
    if not listing.marketplaces:
        listed_in(listing, world.marketplaces[0])
    return listing


def _submitted(listing: Listing, place: str, quantity: int, code: str) -> None:
    """A quantity that came without its listing: the rest of the instance stays, except that it is always available."""
    instance = {**listing.availability.get(place, {CHANNEL: tidy(code)}), "quantity": quantity}
    instance.pop("is_inventory_available", None)
    listing.availability = {**listing.availability, place: instance}
