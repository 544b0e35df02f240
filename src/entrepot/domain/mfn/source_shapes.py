"""What the parts of a supply source must look like, as one literal table; what is not in it is kept as it came.

Source: the definitions SupplySourceConfiguration and SupplySourceCapabilities of the Supply Sources model 2020-07-01.
Stricter than the model where routing must be able to use a value; more lenient where the model's own examples are:
`ORDER` for `Order`, `2:00` for `02:00`, an empty e-mail address, which is as none. `1.0` is the whole number 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from zoneinfo import available_timezones

from entrepot.domain.errors import Invalid
from entrepot.domain.mfn.hours import UNITS, WEEKDAYS, Duration, minutes, week_of
from entrepot.domain.texts import storable

Leaf = Callable[[Any, str], Any]
TEXT_MAX: Final = 1000
HANDLING_MAX: Final = Duration(365, "Days")
COUNT_MAX: Final = 10**9
_EMAIL: Final = re.compile(r"([a-zA-Z0-9_\-.]+)@([a-zA-Z0-9_\-.]+)\.([a-zA-Z]{2,5})")


def _text(value: Any, path: str) -> Any:
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        raise Invalid(path, f"'{path}' must be a text of at most {TEXT_MAX} characters")
    return value


def _email(value: Any, path: str) -> Any:
    if _text(value, path) and not _EMAIL.fullmatch(value):
        raise Invalid(path, f"'{path}' must be an e-mail address")
    return value or None


def _flag(value: Any, path: str) -> Any:
    if not isinstance(value, bool):
        raise Invalid(path, f"'{path}' must be true or false")
    return value


def _count(value: Any, path: str) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
        raise Invalid(path, f"'{path}' must be a whole number from 0 to {COUNT_MAX}")
    return value


def _cap(value: Any, path: str) -> Any:
    count = _count(value, path)
    if count == 0:
        raise Invalid(path, f"'{path}' must be at least 1")
    return count


def _one_of(*allowed: str) -> Leaf:
    def check(value: Any, path: str) -> Any:
        for word in allowed:
            if isinstance(value, str) and value.casefold() == word.casefold():
                return word
        raise Invalid(path, f"'{path}' must be one of {', '.join(allowed)}")

    return check


def _zone(value: Any, path: str) -> Any:
    if not isinstance(value, str) or value not in available_timezones():
        raise Invalid(path, f"'{path}' must be a time zone's id, as America/Los_Angeles")
    return value


def _time(value: Any, path: str) -> Any:
    try:
        minute = minutes(_text(value, path))
    except ValueError:
        raise Invalid(path, f"'{path}' must be a time of day, HH:mm") from None
    return f"{minute // 60:02d}:{minute % 60:02d}"


_UNIT: Final = _one_of(*UNITS)
_CONTACT: Final = {"primary": {"email": _email, "phone": _text}}
_ADDRESS_PARTS: Final = (
    "name", "addressLine1", "addressLine2", "addressLine3", "city", "county", "district", "stateOrRegion", "postalCode",
    "countryCode", "phone",
)  # fmt: skip
_ADDRESS: Final = dict.fromkeys(_ADDRESS_PARTS, _text)
_DURATION: Final = {"value": _count, "timeUnit": _UNIT}
_OPERATIONAL: Final = {
    "contactDetails": _CONTACT,
    "throughputConfig": {"throughputCap": {"value": _cap, "timeUnit": _UNIT}, "throughputUnit": _one_of("Order")},
    "operatingHoursByDay": {day: [{"startTime": _time, "endTime": _time}] for day in WEEKDAYS},
    "handlingTime": _DURATION,
}
_PARKING: Final = {
    "parkingCostType": _one_of("Free", "Other"),
    "parkingSpotIdentificationType": _one_of("Numbered", "Other"),
    "numberOfParkingSpots": _count,
}
CONFIGURATION: Final[dict[str, Any]] = {"operationalConfiguration": _OPERATIONAL, "timezone": _zone}
CAPABILITIES: Final[dict[str, Any]] = {
    "outbound": {
        "isSupported": _flag,
        "operationalConfiguration": _OPERATIONAL,
        "returnLocation": {
            "supplySourceId": _text,
            "addressWithContact": {"contactDetails": _CONTACT, "address": _ADDRESS},
        },
        "deliveryChannel": {"isSupported": _flag, "operationalConfiguration": _OPERATIONAL},
        "pickupChannel": {
            "inventoryHoldPeriod": _DURATION,
            "isSupported": _flag,
            "operationalConfiguration": _OPERATIONAL,
            "inStorePickupConfiguration": {"isSupported": _flag, "parkingConfiguration": _PARKING},
            "curbsidePickupConfiguration": {
                "isSupported": _flag,
                "operationalConfiguration": _OPERATIONAL,
                "parkingWithAddressConfiguration": {**_PARKING, "address": _ADDRESS},
            },
        },
    },
    "services": {"isSupported": _flag, "operationalConfiguration": _OPERATIONAL},
}


def checked(document: dict[str, Any], shape: dict[str, Any], path: str) -> dict[str, Any]:
    """The document in its canonical form, without empty members; Invalid names the part that is wrong."""
    kept: dict[str, Any] = _checked(storable(document, path), shape, path)
    for settings, where in _operational(kept, path):
        _usable(settings, where)
    return kept


def _checked(value: Any, shape: Any, path: str) -> Any:
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            raise Invalid(path, f"'{path}' must be an object")
        parts = {n: _checked(v, shape[n], f"{path}.{n}") if n in shape else v for n, v in value.items()}
        return {name: part for name, part in parts.items() if part is not None}
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise Invalid(path, f"'{path}' must be a list")
        return [_checked(part, shape[0], f"{path}[{number}]") for number, part in enumerate(value)]
    return shape(value, path)


def _operational(document: dict[str, Any], path: str) -> list[tuple[dict[str, Any], str]]:
    """Every operational configuration in a document, and where it is."""
    found = []
    for name, part in document.items():
        if isinstance(part, dict):
            found += [(part, f"{path}.{name}")] * (name == "operationalConfiguration")
            found += _operational(part, f"{path}.{name}")
    return found


def _usable(settings: dict[str, Any], path: str) -> None:
    """What routing must be able to work with, beyond the shape."""
    for name, part in (
        ("handlingTime", settings.get("handlingTime")),
        ("throughputConfig.throughputCap", settings.get("throughputConfig", {}).get("throughputCap")),
    ):
        if part is not None and not part.keys() >= {"value", "timeUnit"}:
            raise Invalid(f"{path}.{name}", f"'{name}' needs a value and a timeUnit")
    handling = settings.get("handlingTime")
    if handling and Duration(handling["value"], handling["timeUnit"]).span > HANDLING_MAX.span:
        raise Invalid(f"{path}.handlingTime", f"'handlingTime' is at most {HANDLING_MAX.value} {HANDLING_MAX.unit}")
    if "throughputConfig" in settings:
        settings["throughputConfig"].setdefault("throughputUnit", "Order")
    _usable_hours(settings.get("operatingHoursByDay"), f"{path}.operatingHoursByDay")


def _usable_hours(hours: dict[str, Any] | None, path: str) -> None:
    if not hours:
        return
    for day in WEEKDAYS:
        for number, span in enumerate(hours.get(day, ())):
            if not span.keys() >= {"startTime", "endTime"}:
                raise Invalid(f"{path}.{day}[{number}]", "opening hours need a startTime and an endTime")
    if not any(week_of(hours)):
        raise Invalid(path, f"'{path}' says that it is never open; without it a location is open on working days")
