"""What the rows of AIM's inventory files ask for: numbers that change, descriptions of items, or commands.

Adding and modifying leaves what a row does not say as it is; a purge makes the listing what its row says, and nothing
else. A quantity of 0 takes a listing off sale wherever its units are.
Sources: AIM reference §6 (the three modes, the quantity rules of October 2007), §8 (texts); domain specification §3.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.commands import DeleteListing, Patch, PatchListing
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn.addressing import Scope
from entrepot.domain.mfn.attributes import (
    ASIN_ATTRIBUTE,
    AVAILABILITY,
    CHANNEL,
    ID_ATTRIBUTES,
    LEAD_TIME,
    OFFER,
    is_fba,
    offer_key,
)
from entrepot.domain.mfn.describing import Description
from entrepot.domain.mfn.forms import Form, form_of
from entrepot.domain.mfn.shapes import Findings
from entrepot.domain.papers import Instance
from entrepot.feeds.aim_file import MODIFY_ONLY, AimFile, Mode
from entrepot.feeds.findings import Finding
from entrepot.feeds.patches import NOT_IN_CATALOG, WAREHOUSE, from_warehouse, offer_of, offer_patches, to_warehouse
from entrepot.feeds.sheet import CLEARED
from entrepot.services.describing import Listed
from entrepot.storage.bulk import Terms
from entrepot.storage.shop import OnSale

PURGE: Final = "purge-replace"
# AsinMatchCreate N: no new products. The text of 2006; the code that later files had for it.
NO_PRODUCT: Final = "5501"
NO_PRODUCT_TEXT: Final = "SKU {sku} cannot be matched to an existing product for the following reason: [ , ]."
_IDENTIFYING: Final = (ASIN_ATTRIBUTE, *ID_ATTRIBUTES)
_NOWHERE: Final = Listed((), frozenset())
CLOSED: Final = Listed((), frozenset(), closed=True)

# What a row is told that is about no listing, in the words of 2006 (§8).
NOT_LISTED: Final = "Item with this SKU is not found in our system."
ALREADY_CLOSED: Final = "Item with this SKU is already closed."
NOT_PROCESSED: Final = "This SKU does not exist in the Amazon.com catalog. Your inventory data was not processed."
NOT_ACTIVE: Final = "SKU {sku} provided was not active; price was not updated."


class Row(NamedTuple):
    """A row of the file: `place` is its place in the columns, `number` that in the file."""

    place: int
    number: int
    sku: str
    action: str
    price: Decimal | None
    quantity: int | None
    minimum: Decimal | None
    maximum: Decimal | None
    days: int | None
    center: str | None
    mark: int | None


def rows_of(file: AimFile) -> Iterator[Row]:
    columns = (file.numbers, file.skus, file.actions, file.prices, file.quantities, file.minima, file.maxima)
    return map(Row, range(len(file.numbers)), *columns, file.handling_times, file.centers, file.marks)


@dataclass
class Rows:
    """A file's rows, and the request they came with. shop: what was on sale when a purge began, as lines by SKU."""

    file: AimFile
    mode: Mode
    marketplace: Marketplace
    strict: bool
    options: Mapping[str, str]
    shop: Mapping[str, str] = field(default_factory=dict)

    # numbers

    def is_plain(self, row: Row) -> bool:
        """Whether the row is about an offer of the seller's own, and takes none of its terms away."""
        if not (row.action == "a" or self.mode == MODIFY_ONLY) or row.center not in (None, DEFAULT_LOCATION):
            return False
        if self.mode == PURGE and (self._lacks(row) or self._takes_away(row)):
            return False
        return CLEARED not in (row.minimum, row.maximum)

    def _takes_away(self, row: Row) -> bool:
        """Whether a purge takes terms away that are there now, by not saying them again."""
        line = self.shop.get(row.sku)
        if line is None:
            return False
        there = OnSale.of(line)
        terms = ((there.days, row.days), (there.minimum, row.minimum), (there.maximum, row.maximum))
        return bool(there.more) or any(stored and said is None for stored, said in terms)

    def is_described(self, row: Row) -> bool:
        """Whether its listing may be known to be as the row describes it. What says more is none, in a purge."""
        line = self.shop.get(row.sku)
        return line is None or OnSale.of(line).mark == str(row.mark)

    def terms(self, rows: Sequence[Row]) -> Terms:
        """The numbers of plain rows."""
        return Terms(
            [row.number for row in rows],
            [row.sku for row in rows],
            [row.quantity for row in rows],
            [row.days for row in rows],
            [_text(row.price) for row in rows],
            [_text(row.minimum) for row in rows],
            [_text(row.maximum) for row in rows],
            [row.mark for row in rows],
            offer_key(offer_of(self.marketplace)),
            msgspec.json.encode(offer_of(self.marketplace)).decode(),
        )

    # descriptions

    def descriptions(self, rows: Sequence[Row]) -> list[Description]:
        """What those rows say of their items that may be plain."""
        if self.mode == MODIFY_ONLY:
            return []
        forms: dict[str, Form] = {}
        return [found for row in rows if (found := self._description(row, forms)) is not None]

    def _description(self, row: Row, forms: dict[str, Form]) -> Description | None:
        file, place = self.file, row.place
        attributes = {}
        for name, instance in self._said(row, None):
            form = forms.get(name) or form_of(Scope((self.marketplace,), _no_channel, self.strict), name, instance)
            kept = form and form.kept(instance)
            if not form or not kept:
                return None
            forms[name], attributes[name] = form, [kept]
        condition = file.conditions[place]
        return Description(
            row.number,
            row.sku,
            row.mark,
            file.asins[place] or "",
            file.gtins[place] or "",
            condition.literal if condition else "",
            file.item_name(place),
            self._is_complete(row),
            msgspec.json.encode(attributes).decode(),
        )

    def _is_complete(self, row: Row) -> bool:
        """Whether a new listing may begin with it, as a product of its own where it has no product id."""
        own = self._may_create_products and not self.asinates
        return not self.file.missing_to_create(row.place) and (own or not self.is_nameless(row))

    @property
    def asinates(self) -> bool:
        return self.options.get("asinate") == "Y"

    @property
    def _may_create_products(self) -> bool:
        return self.options.get("asin_match_create") != "N"

    def is_nameless(self, row: Row) -> bool:
        """Whether the row has no product id."""
        return self.file.asins[row.place] is None and self.file.gtins[row.place] is None

    def _lacks(self, row: Row) -> Finding | None:
        """What the row of a purge lacks; with a quantity of 0 nothing is on sale anyway."""
        return None if row.quantity == 0 else self.file.missing_to_create(row.place)

    # commands

    def command(
        self, row: Row, known: dict[str, Listed], matched: str | None
    ) -> DeleteListing | PatchListing | Finding:
        """What a row asks for. `known` are those SKUs that are or were listed; the rows before it count.
        matched: the ASIN of the product that it was found to be."""
        there = known.get(row.sku)
        listed = None if there is None or there.closed else there
        if listed is None and (row.action != "a" or self.mode == MODIFY_ONLY):
            return Finding(row.number, NOT_IN_CATALOG, self._not_there(row, there is not None), sku=row.sku)
        if row.action != "a" and self.mode != MODIFY_ONLY:
            known[row.sku] = CLOSED
            return DeleteListing(row.sku, self.marketplace.id)
        if refused := self._refused(row, listed, matched):
            return refused
        said = {} if self.mode == MODIFY_ONLY else dict(self._said(row, matched))
        patches = self._patches(row, said, listed or _NOWHERE)
        known[row.sku] = _after(listed or _NOWHERE, said)
        return PatchListing(row.sku, patches, marketplaces=(self.marketplace.id,), strict=self.strict, mark=row.mark)

    def _not_there(self, row: Row, closed: bool) -> str:
        if self.mode != MODIFY_ONLY:
            return ALREADY_CLOSED if closed else NOT_LISTED
        return NOT_ACTIVE.format(sku=row.sku) if closed and row.quantity is None else NOT_PROCESSED

    def _refused(self, row: Row, listed: Listed | None, matched: str | None) -> Finding | None:
        if row.center not in WAREHOUSE:
            lacks = self.file.missing_to_create(row.place) if listed is None else None
            if lacks := lacks or (self._lacks(row) if self.mode == PURGE else None):
                return lacks
        if listed is None and matched is None and self.is_nameless(row) and not self._may_create_products:
            return Finding(row.number, NO_PRODUCT, NO_PRODUCT_TEXT.format(sku=row.sku), sku=row.sku)
        return None

    def _patches(self, row: Row, said: Mapping[str, Instance], listed: Listed) -> tuple[Patch, ...]:
        found = [_deleted(name) for name in sorted(self._gone(said, listed))]
        found += [Patch("replace", f"/attributes/{name}", [instance]) for name, instance in said.items()]
        found += self._fulfilled(row, listed.channels)
        if self.mode == PURGE and listed.channels:
            found.append(_deleted(OFFER))
        return (*found, *offer_patches(self.marketplace, row.price, row.minimum, row.maximum))

    def _gone(self, said: Mapping[str, Instance], listed: Listed) -> frozenset[str]:
        """What is to go before: product ids that others take the place of, and in a purge everything unsaid."""
        others = listed.attributes - said.keys() if self.mode == PURGE else frozenset()
        return others | (listed.attributes & said.keys() & {*_IDENTIFYING})

    def _said(self, row: Row, matched: str | None) -> Iterator[tuple[str, Instance]]:
        """What the row says of its item, and what the request says for those rows that do not."""
        yield from self.file.instances(row.place)
        said = {
            ASIN_ATTRIBUTE: matched,
            "expedited_shipping": "Domestic" if self.options.get("expedited") == "Y" else None,
            "item_is_marketplace": "n" if self.options.get("upload_for") == "zShop" else None,
        }
        for name, value in said.items():
            if value and not self.file.text(row.place, name):
                yield name, {"value": value}

    def _fulfilled(self, row: Row, channels: Sequence[str]) -> Iterator[Patch]:
        if row.center in WAREHOUSE:
            yield from to_warehouse(self.marketplace)
            return
        given = {"quantity": row.quantity, LEAD_TIME: row.days}
        given = {name: value for name, value in given.items() if value is not None}
        if row.quantity is not None:
            yield from from_warehouse(channels)
        if row.quantity == 0 or self.mode == PURGE:
            yield from _from_locations(channels)
        if given and (row.quantity is not None or DEFAULT_LOCATION in channels):
            operation = "replace" if self.mode == PURGE else "merge"
            yield Patch(operation, f"/attributes/{AVAILABILITY}", [{CHANNEL: DEFAULT_LOCATION, **given}])


def _no_channel(code: str, findings: Findings, closing: bool) -> None:
    """Attributes of items name no channels."""


def _after(listed: Listed, said: Mapping[str, Instance]) -> Listed:
    return Listed(tuple({*listed.channels, DEFAULT_LOCATION}), listed.attributes | said.keys())


def _deleted(name: str) -> Patch:
    return Patch("delete", f"/attributes/{name}")


def _from_locations(channels: Sequence[str]) -> Iterator[Patch]:
    """Nothing is for sale at the seller's other locations any more."""
    others = [{CHANNEL: channel} for channel in channels if channel != DEFAULT_LOCATION and not is_fba(channel)]
    if others:
        yield Patch("delete", f"/attributes/{AVAILABILITY}", others)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
