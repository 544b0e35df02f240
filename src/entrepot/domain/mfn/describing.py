"""Many plain descriptions of items at once: what the rules for one, in `listing`, come to where nothing is in the way.

Plain is a row that says all of a new item, or says something new of an item that the seller ships himself, listed in
no other marketplace, and does not make another product or another condition of it. What is not plain is left out, and
for the commands to do or to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from entrepot.domain.errors import Invalid
from entrepot.domain.items import clean_sku
from entrepot.domain.mfn.opening import ANY_PRODUCT
from entrepot.domain.mfn.products import mismatch
from entrepot.domain.papers import Product

_NEW: Final = "NewItem"


class Description(NamedTuple):
    """What a row says of an item. asin, gtin (14 digits), condition, title: empty where it does not say. complete: it
    says enough for a listing to begin. attributes: all that it says, as it is kept, as JSON."""

    number: int
    sku: str
    mark: int | None
    asin: str
    gtin: str
    condition: str
    title: str
    complete: bool
    attributes: str


class Item(NamedTuple):
    """What is there under a SKU. asin: empty, if it is not known yet; title: what the listing calls it. listed: it has
    a listing; plain: its listing is one that rows may describe, or a deleted one."""

    fnsku: str
    asin: str
    condition: str
    title: str
    listed: bool
    plain: bool


@dataclass
class Facts:
    """What is there that these rows are about; what the rows before a row did is added to it.

    isbns: the ISBNs of ten characters, by the GTIN of the book. owners: the ASINs of the products with those GTINs.
    twins: the FNSKUs of items under the warehouse's barcode, by ASIN and condition.
    """

    isbns: Mapping[str, str]
    items: Mapping[str, Item]
    products: dict[str, Product]
    owners: dict[str, str]
    twins: dict[tuple[str, str], str]


class NewSku(NamedTuple):
    """A SKU under the warehouse's own barcode."""

    sku: str
    fnsku: str
    asin: str
    condition: str


@dataclass
class Plan:
    """What is to be written. whole: attributes take the place of all there are. begun: rows whose listing begins, or
    begins anew; continued: those that have one."""

    whole: bool
    skus: list[NewSku] = field(default_factory=list)
    products: dict[str, Product] = field(default_factory=dict)
    begun: list[Description] = field(default_factory=list)
    continued: list[Description] = field(default_factory=list)

    @property
    def numbers(self) -> set[int]:
        return {row.number for rows in (self.begun, self.continued) for row in rows}


NewId = Callable[[str], str]


def planned(rows: Sequence[Description], facts: Facts, new_id: NewId, whole: bool = False) -> Plan:
    """What the plain ones of these rows, each of another SKU, come to. new_id allots an id of a kind. whole: what a row
    does not say of its item is not to stay."""
    plan = Plan(whole)
    for row in rows:
        item = facts.items.get(row.sku)
        listed = item is not None and item.listed
        if not (listed or row.complete):
            continue
        if _begins(row, facts, new_id, plan) if item is None else _fits(row, item, facts, plan):
            (plan.continued if listed else plan.begun).append(row)
    return plan


def _begins(row: Description, facts: Facts, new_id: NewId, plan: Plan) -> bool:
    """A new item, if it is clear which one."""
    owner = facts.owners.get(row.gtin, "")
    known = row.asin or owner or facts.isbns.get(row.gtin, "")
    if not (known or row.gtin or row.title) or not _is_clean(row.sku):
        return False
    if known and _mismatch(row, known, owner, facts):
        return False
    asin = known or new_id("asin")
    condition = row.condition or _NEW
    fnsku = facts.twins.get((asin, condition)) or new_id("fnsku")
    facts.twins[asin, condition] = fnsku
    plan.skus.append(NewSku(row.sku, fnsku, asin, condition))
    _describe(row, asin, row.title, facts, plan)
    return True


def _fits(row: Description, item: Item, facts: Facts, plan: Plan) -> bool:
    """Whether the row is about the item that is there, as it is."""
    if not (item.plain and item.asin) or "\n" in item.title:
        return False
    if item.listed and not (row.asin or row.gtin or row.title or row.condition):
        return True
    owner = facts.owners.get(row.gtin, "")
    asin = item.asin if item.listed else row.asin or owner or facts.isbns.get(row.gtin) or item.asin
    same = asin == item.asin and (row.condition or item.condition) == item.condition
    if not same or _mismatch(row, asin, owner, facts):
        return False
    _describe(row, asin, row.title or ("" if plan.whole else item.title), facts, plan)
    return True


def _is_clean(sku: str) -> bool:
    try:
        return clean_sku(sku) == sku
    except Invalid:
        return False


def _mismatch(row: Description, asin: str, owner: str, facts: Facts) -> bool:
    return mismatch(asin, row.asin, owner, facts.products.get(asin), [row.gtin] if row.gtin else ()) is not None


def _describe(row: Description, asin: str, title: str, facts: Facts, plan: Plan) -> None:
    """The product of the catalogue, as far as the row says something new about it."""
    there = facts.products.get(asin)
    if there is None:
        product = Product(asin, row.gtin, ANY_PRODUCT, title)
    else:
        product = Product(asin, there.gtin or row.gtin, there.product_type, title or there.title)
    if product != there:
        facts.products[asin] = plan.products[asin] = product
        if product.gtin:
            facts.owners[product.gtin] = asin
