"""Which products a command names: ASINs as they are, other product ids in their common form of 14 digits.

Source: domain specification §5.2–5.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from entrepot.domain.commands import Command, CreateItem, PatchListing, PutListing
from entrepot.domain.errors import Invalid
from entrepot.domain.identifiers import gtin, isbn_10
from entrepot.domain.mfn.attributes import ASIN_ATTRIBUTE, ID_ATTRIBUTES
from entrepot.domain.papers import Product


@dataclass(frozen=True)
class ProductIds:
    """asins: in capitals. gtins: 14 digits each."""

    asins: frozenset[str] = frozenset()
    gtins: frozenset[str] = frozenset()


ISBN_10_LENGTH: Final = 10
NO_IDS: Final = ProductIds()


def product_ids(command: Command) -> ProductIds:
    """The ids in a command's attributes, as far as they can be read; what is wrong with others is found later."""
    if isinstance(command, CreateItem):
        return ProductIds(frozenset([command.asin.strip().upper()])) if command.asin else NO_IDS
    if isinstance(command, PutListing):
        return _ids(command.attributes.items())
    if isinstance(command, PatchListing):
        return _ids((patch.path.rsplit("/", 1)[-1], patch.value) for patch in command.patches)
    return NO_IDS


def _ids(attributes: Iterable[tuple[str, Any]]) -> ProductIds:
    asins: set[str] = set()
    gtins: set[str] = set()
    for name, instances in attributes:
        if name == ASIN_ATTRIBUTE:
            asins.update(text.strip().upper() for text in _values(instances))
        elif name in ID_ATTRIBUTES:
            for text in _values(instances):
                with suppress(Invalid):
                    gtins.add(common := gtin14(text))
                    asins.update(filter(None, [isbn_10(common)]))
    return ProductIds(frozenset(asins), frozenset(gtins)) if asins or gtins else NO_IDS


def mismatch(
    asin: str, suggested: str, owner: str, product: Product | None, gtins: Sequence[str]
) -> tuple[str, str] | None:
    """What does not fit together, where the ids given are of different products. asin: what was chosen; suggested: the
    ASIN given; owner: that of the product with a GTIN given; product: that of `asin`."""
    pairs = [(suggested, asin), (asin, owner)]
    if product is not None and product.gtin and gtins and product.gtin not in gtins:
        pairs.append((asin, gtins[0]))
    return next(((one, other) for one, other in pairs if one and other and one != other), None)


def gtin14(text: str) -> str:
    """The 14 digits of any product id: an ISBN of 10 or 13, UPC, EAN, JAN or GTIN. Invalid: it is none."""
    text = _tidy(text)
    return gtin(text, "ISBN" if len(text) == ISBN_10_LENGTH else "GTIN")


def _tidy(text: str) -> str:
    return re.sub("[ -]", "", text).upper()


def _values(instances: Any) -> Iterator[str]:
    for instance in instances if isinstance(instances, list) else ():
        value = instance.get("value") if isinstance(instance, dict) else None
        if isinstance(value, str):
            yield value
