"""The places from which the seller ships: supply sources, and `DEFAULT` for who names none.

Rules: Supply Sources API 2020-07-01 as its model and examples have them (its numbers: 1004 code taken, 1005 archived).
A new location is Inactive; Archived is for ever, and keeps its code. The lengths are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.commands import CreateSource, SourceStatus, UpdateSource
from entrepot.domain.errors import AlreadyExists, Archived, Invalid, NotFound
from entrepot.domain.fba.stock import Answer
from entrepot.domain.items import tidy
from entrepot.domain.mfn.hours import DEFAULT_WEEK, Calendar, Duration, week_of
from entrepot.domain.mfn.routing import Address, Location, Throughput
from entrepot.domain.mfn.source_shapes import CAPABILITIES, CONFIGURATION, checked
from entrepot.domain.papers import Source
from entrepot.domain.texts import clean_text, storable
from entrepot.domain.world import World

KIND: Final = "supply source"
ACTIVE, INACTIVE, ARCHIVED = "Active", "Inactive", "Archived"
# The code of the location that every seller has from the beginning; the channel of that name is not this source.
DEFAULT_CODE: Final = "DEFAULT"
CODE_LENGTH_MAX: Final = 100
ALIAS_LENGTH_MAX: Final = 200
ID_LENGTH_MAX: Final = 40
# Part of an address → how long it may be.
ADDRESS_PARTS: Final = {
    "name": 200, "addressLine1": 200, "addressLine2": 200, "addressLine3": 200, "city": 100, "county": 100,
    "district": 100, "stateOrRegion": 100, "postalCode": 20, "countryCode": 2, "phone": 50,
}  # fmt: skip
REQUIRED_ADDRESS_PARTS: Final = ("name", "addressLine1", "stateOrRegion", "countryCode")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
# A location named as a channel of the warehouse could not be told from it.
_WAREHOUSE_CHANNEL: Final = re.compile(r"AMAZON_\w+")


def create_source(world: World, command: CreateSource) -> Answer:
    code = clean_text(command.code, "supplySourceCode", CODE_LENGTH_MAX, shortest=1)
    if _WAREHOUSE_CHANNEL.fullmatch(code):
        raise Invalid("supplySourceCode", f"'{code}' is a channel of the warehouse")
    if any(source.code == code for source in world.sources.values()):
        raise AlreadyExists(KIND, code)
    alias = clean_text(command.alias, "alias", ALIAS_LENGTH_MAX, shortest=1)
    address = _address(command.address)
    source_id = world.new_id("source") if command.source is None else _given_id(world, command.source)
    world.add(Source(source_id, code, alias, INACTIVE, address, {}, {}, world.now, world.now))
    world.book.entry("C05", kind="source", ref=source_id)
    return {"source": source_id, "code": code, "status": INACTIVE}


def _given_id(world: World, text: str) -> str:
    source_id = clean_text(text, "source", ID_LENGTH_MAX, shortest=1)
    if source_id == DEFAULT_LOCATION or _WAREHOUSE_CHANNEL.fullmatch(source_id):
        raise Invalid("source", f"'{source_id}' is a channel, not a location's id")
    world.refuse_existing(world.sources, KIND, source_id)
    return source_id


def _address(address: Mapping[str, Any]) -> dict[str, Any]:
    """The address with clean texts; members that the model does not know are kept."""
    found: dict[str, Any] = storable(dict(address), "address")
    for part, longest in ADDRESS_PARTS.items():
        field, required = f"address.{part}", part in REQUIRED_ADDRESS_PARTS
        text = found.get(part)
        if not (text or required):
            continue
        if not isinstance(text, str):
            raise Invalid(field, f"'{field}' is required" if text is None else f"'{field}' must be a text")
        found[part] = clean_text(text, field, longest, shortest=int(required))
    found["countryCode"] = found["countryCode"].upper()
    if not _COUNTRY.fullmatch(found["countryCode"]):
        raise Invalid("address.countryCode", "'address.countryCode' has two letters, as US")
    return found


def update_source(world: World, command: UpdateSource) -> Answer:
    """Replace what is named, each as a whole."""
    source = _changeable(world, command.source)
    changes: dict[str, Any] = {}
    if command.alias is not None:
        changes["alias"] = clean_text(command.alias, "alias", ALIAS_LENGTH_MAX, shortest=1)
    for name, shape in (("configuration", CONFIGURATION), ("capabilities", CAPABILITIES)):
        if (document := getattr(command, name)) is not None:
            changes[name] = checked(document, shape, name)
    if changes:
        world.edit(source)
        for name, value in changes.items():
            setattr(source, name, value)
        source.updated_at = world.now
        world.book.entry("C06", kind="source", ref=source.source_id)
    return {"source": source.source_id, "code": source.code, "status": source.status}


def source_status(world: World, command: SourceStatus) -> Answer:
    """Open, close or archive a location. Its units stay where they are; reservations are still to be shipped (M11)."""
    source = _changeable(world, command.source)
    if command.status != source.status:
        world.edit(source).status = command.status
        source.updated_at = world.now
        world.book.entry("M11", kind="source", ref=source.source_id, reason=command.status)
    return {"source": source.source_id, "code": source.code, "status": source.status}


def _changeable(world: World, text: str) -> Source:
    source = find(world, text)
    if source is None:
        raise NotFound(KIND, text)
    if source.status == ARCHIVED:
        raise Archived(f"{KIND} '{source.code}' has been archived and cannot be modified")
    return source


def find(world: World, text: str) -> Source | None:
    """The location of that id, or of that code."""
    name = tidy(text)
    return world.sources.get(name) or next((s for s in world.sources.values() if s.code == name), None)


def resolve(world: World, text: str, field: str = "source", *, reserved: frozenset[str] = frozenset()) -> str:
    """The location that a seller names by `DEFAULT`, an id or a code: `DEFAULT`, or the id.

    Raises Invalid if there is none, Archived if it is archived and not one of those `reserved`.
    """
    if tidy(text) == DEFAULT_LOCATION:
        return DEFAULT_LOCATION
    source = find(world, text)
    if source is None:
        raise Invalid(field, f"'{text}' is neither {DEFAULT_LOCATION} nor the id or code of a {KIND}")
    if source.status == ARCHIVED and source.source_id not in reserved:
        raise Archived(f"{KIND} '{source.code}' has been archived")
    return source.source_id


def active(world: World) -> list[str]:
    """The ids of the locations that are open for sale."""
    return sorted(source.source_id for source in world.sources.values() if source.status == ACTIVE)


# How routing sees a location.


def location_of(source: Source, zone: str, location_id: str = "") -> Location:
    """A source as a place to ship from; `zone` is its time zone if it is not configured."""
    return Location(
        location_id or source.source_id,
        Address(
            source.address.get("countryCode", ""),
            source.address.get("stateOrRegion", ""),
            source.address.get("postalCode", ""),
        ),
        Calendar(source.configuration.get("timezone", zone), _week(source)),
        _handling(source),
        _throughput(source),
        _delivers(source),
    )


def default_location(world: World, country: str, zone: str) -> Location:
    """`DEFAULT` is where the seller's default source is; without one, somewhere in the marketplace's country."""
    source = next((s for s in world.sources.values() if s.code == DEFAULT_CODE), None)
    if source is None:
        return Location(DEFAULT_LOCATION, Address(country), Calendar(zone))
    described = location_of(source, zone, DEFAULT_LOCATION)
    # What limits the source does not limit the channel: its handling time is the listing's, its orders are not counted.
    return Location(DEFAULT_LOCATION, described.address, described.calendar)


def _setting(source: Source, name: str) -> Any:
    """A member of the operational configuration, from the most specific one that has it."""
    outbound = source.capabilities.get("outbound", {})
    for part in (outbound.get("deliveryChannel", {}), outbound, source.configuration):
        if found := part.get("operationalConfiguration", {}).get(name):
            return found
    return None


def _week(source: Source) -> tuple[tuple[tuple[int, int], ...], ...]:
    hours = _setting(source, "operatingHoursByDay")
    return week_of(hours) if hours else DEFAULT_WEEK


def _handling(source: Source) -> Duration | None:
    found = _setting(source, "handlingTime")
    return Duration(found["value"], found["timeUnit"]) if found else None


def _throughput(source: Source) -> Throughput | None:
    cap = (_setting(source, "throughputConfig") or {}).get("throughputCap")
    return Throughput(cap["value"], cap["timeUnit"], source.window_start, source.window_orders) if cap else None


def _delivers(source: Source) -> bool:
    """Unless it says that it does not."""
    outbound = source.capabilities.get("outbound", {})
    return bool(outbound.get("isSupported", True) and outbound.get("deliveryChannel", {}).get("isSupported", True))
