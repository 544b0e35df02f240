"""Many plain changes of listings at once: quantities of locations, and the prices and quantities of flat files.

A change is plain if its listing is there and nothing but numbers change; then thousands are done by one statement.
What is not plain is named, and left to the commands, which alone know all rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.ledger import QUANTITY_MAX
from entrepot.domain.mfn.attributes import CHANNEL, LEAD_DAYS_MAX, LEAD_TIME
from entrepot.storage import bulk as storage
from entrepot.storage import sources
from entrepot.storage.bulk import Instances
from entrepot.storage.database import Connection

# Changes in one transaction: it holds the seller's lock for less than half a second.
CHUNK: Final = 12_000


@dataclass(slots=True)
class Availability:
    """Instances of `fulfillment_availability` that replace those of the same channels of a SKU."""

    number: int
    sku: str
    instances: Sequence[Any]


# How a seller may name each location that is active → its place in the ledger.
Places = Mapping[str, str]


ONLY_DEFAULT: Final[Places] = {DEFAULT_LOCATION: DEFAULT_LOCATION}


async def places_of(connection: Connection, seller_id: str) -> Places:
    open_ones = await sources.names(connection, seller_id)
    places = {name: source_id for source_id, code in open_ones for name in (code, source_id)}
    return {**places, **ONLY_DEFAULT}


def plain_instances(changes: Iterable[Availability], places: Places) -> Instances:
    """The plain ones of these changes, each of another SKU, sorted by it."""
    rows = Instances([], [], [], [], [], [], [])
    columns: tuple[list[Any], ...] = tuple(vars(rows).values())
    numbers, skus, availability, quantity_numbers, quantity_skus, quantity_places, quantities = columns
    for change in changes:
        by_place = _by_place(change.instances, places)
        if by_place is None:
            continue
        numbers.append(change.number)
        skus.append(change.sku)
        availability.append(_encode(by_place).decode())
        for place, instance in by_place.items():
            quantity_numbers.append(change.number)
            quantity_skus.append(change.sku)
            quantity_places.append(place)
            quantities.append(instance["quantity"])
    return rows


_encode: Final = msgspec.json.Encoder().encode


def _by_place(instances: Sequence[Any], places: Places) -> dict[str, dict[str, Any]] | None:
    """The instances by place, if each has a quantity and perhaps a lead time, and no place occurs twice."""
    found: dict[str, dict[str, Any]] = {}
    for instance in instances:
        place = places.get(str(instance.get(CHANNEL))) if isinstance(instance, dict) else None
        if place is None or place in found or not _plain(instance):
            return None
        found[place] = instance
    return found or None


def _plain(instance: Mapping[str, Any]) -> bool:
    quantity = instance.get("quantity")
    if type(quantity) is not int or not 0 <= quantity <= QUANTITY_MAX:
        return False
    if len(instance) == 2:
        return True
    days = instance.get(LEAD_TIME)
    return len(instance) == 3 and type(days) is int and 0 <= days <= LEAD_DAYS_MAX


async def channels_of(connection: Connection, seller_id: str, skus: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Which of these SKUs are listed, each with its channels."""
    return await storage.channels(connection, seller_id, list(skus))
