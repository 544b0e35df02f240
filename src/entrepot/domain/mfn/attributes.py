"""Attributes of a listing: what their instances look like, and how a submission changes what is stored.

An attribute is a list of instances; its *selectors* say which instance is which. Sources: the product type definitions
(selectors, fields, bounds) and the patch operations as the SP-API reference §4.2–4.4 has them; D-16 for channels.
How much a submission may say (`_LONGEST`, `_…_MAX`) is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cache
from typing import Any, Final, Protocol

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.conditions import CONDITIONS
from entrepot.domain.errors import Invalid
from entrepot.domain.ledger import QUANTITY_MAX
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn.issues import Issue, error, language_of, warning
from entrepot.domain.mfn.products import ASIN_ATTRIBUTE, ID_ATTRIBUTES
from entrepot.domain.papers import Instance
from entrepot.domain.texts import storable

AVAILABILITY: Final = "fulfillment_availability"
OFFER: Final = "purchasable_offer"
CHANNEL: Final = "fulfillment_channel_code"
ALL: Final = "ALL"

LEAD_TIME, LEAD_DAYS_MAX = "lead_time_to_ship_max_days", 30
# The warehouse's channel in each region.
FBA_CHANNELS: Final[dict[str, str]] = {"NA": "AMAZON_NA", "EU": "AMAZON_EU", "FE": "AMAZON_JP"}

_PLACE: Final = ("marketplace_id",)
_PLACE_AND_LANGUAGE: Final = ("marketplace_id", "language_tag")
SELECTORS: Final[dict[str, tuple[str, ...]]] = {
    AVAILABILITY: (CHANNEL,),
    OFFER: ("marketplace_id", "currency", "audience"),
    "condition_type": _PLACE,
    "condition_note": _PLACE_AND_LANGUAGE,
    "list_price": ("marketplace_id", "currency"),
    ASIN_ATTRIBUTE: ("marketplace_id", "value"),
    **dict.fromkeys(ID_ATTRIBUTES, ("marketplace_id", "type", "value")),
    "skip_offer": _PLACE,
    "merchant_shipping_group": _PLACE,
    "product_tax_code": _PLACE,
    "max_order_quantity": _PLACE,
    "gift_options": _PLACE,
    "merchant_release_date": _PLACE,
    "package_contains_sku": ("marketplace_id", "sku"),
    "item_name": _PLACE_AND_LANGUAGE,
    "brand": _PLACE_AND_LANGUAGE,
    "bullet_point": _PLACE_AND_LANGUAGE,
    "product_description": _PLACE_AND_LANGUAGE,
    "manufacturer": _PLACE_AND_LANGUAGE,
    "main_product_image_locator": _PLACE,
}
# An attribute that is not in the table is told apart by those of these that its instances have.
_USUAL_SELECTORS: Final = _PLACE_AND_LANGUAGE

# What a PUT that leaves it out does not take away.
SALES_TERMS: Final = frozenset(
    (
        OFFER, AVAILABILITY, "condition_type", "condition_note", "list_price", "product_tax_code",
        "merchant_release_date", "merchant_shipping_group", "max_order_quantity", "gift_options",
    )
)  # fmt: skip
MERGEABLE: Final = (AVAILABILITY, OFFER)

_LONGEST: Final = 100_000
_PRICE_MAX: Final = 999_999_999
_INSTANCES_MAX: Final = 1000
# Who makes more slips than this at once learns of the first ones.
_WARNINGS_MAX: Final = 100
_ISSUES_MAX: Final = 200


@dataclass
class Findings:
    """What is wrong with the instances of one attribute."""

    attribute: str
    strict: bool
    issues: list[Issue] = field(default_factory=list)
    failed: bool = False

    def wrong(self, member: str, value: object, expected: str) -> None:
        self.fail("value_invalid", member=member or self.attribute, value=value, expected=expected)

    def fail(self, meaning: str, **parameters: object) -> None:
        self.failed = True
        if len(self.issues) < _ISSUES_MAX:
            self.issues.append(error(meaning, self.attribute, **parameters))

    def misspelt(self, member: str, right: str) -> None:
        """Forgiven with a warning that names the right form; strict, as a member that nobody knows."""
        if self.strict:
            self.fail("member_unknown", member=member, attribute=self.attribute)
        elif len(self.issues) < _WARNINGS_MAX:
            parameters = {"member": member, "right": right, "attribute": self.attribute}
            self.issues.append(warning("misspelt", self.attribute, **parameters))


class Shape(Protocol):
    """What a value must be: gives it back in normal form, or finds what is wrong."""

    def clean(self, value: Any, member: str, findings: Findings) -> Any: ...


@dataclass(frozen=True)
class Text:
    longest: int = _LONGEST
    choices: tuple[str, ...] = ()
    shortest: int = 1

    def clean(self, value: Any, member: str, findings: Findings) -> Any:
        if self.choices:
            if not isinstance(value, str) or value not in self.choices:
                findings.wrong(member, value, " | ".join(self.choices))
        elif not (isinstance(value, str) and self.shortest <= len(value) <= self.longest and _storable(value)):
            findings.wrong(member, value, f"string {self.shortest}..{self.longest}")
        return value


@dataclass(frozen=True)
class Whole:
    least: int
    most: int

    def clean(self, value: Any, member: str, findings: Findings) -> Any:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or not self.least <= value <= self.most:
            findings.wrong(member, value, f"integer {self.least}..{self.most}")
        return value


class Price:
    def clean(self, value: Any, member: str, findings: Findings) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _PRICE_MAX:
            findings.wrong(member, value, f"number 0..{_PRICE_MAX}")
        return value


class Flag:
    def clean(self, value: Any, member: str, findings: Findings) -> Any:
        if not isinstance(value, bool):
            findings.wrong(member, value, "true | false")
        return value


class Instant:
    def clean(self, value: Any, member: str, findings: Findings) -> Any:
        if not isinstance(value, str) or instant(value) is None:
            findings.wrong(member, value, "YYYY-MM-DD | YYYY-MM-DDThh:mm:ssZ")
        return value


class Anything:
    def clean(self, value: Any, member: str, findings: Findings) -> Any:
        if not _storable(value):
            findings.wrong(member, value, "JSON")
        return value


@dataclass(frozen=True)
class Each:
    """An array of at least one."""

    of: Shape
    most: int = _INSTANCES_MAX

    def clean(self, value: Any, member: str, findings: Findings) -> Any:
        if not isinstance(value, list) or not 1 <= len(value) <= self.most:
            findings.wrong(member, value, f"array 1..{self.most}")
            return value
        return [self.of.clean(part, member, findings) for part in value]


@dataclass(frozen=True)
class Fields:
    """An object. One that is not `closed` may have members that are not in the table."""

    members: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    closed: bool = True

    def clean(self, value: Any, member: str, findings: Findings) -> Any:
        if not isinstance(value, dict):
            findings.wrong(member, value, "object")
            return value
        value = self.spelt(value, findings)
        for name in self.required:
            if name not in value:
                findings.fail("too_few", member=_path(member, name), attribute=findings.attribute)
        return {name: self._part(name, part, _path(member, name), findings) for name, part in value.items()}

    def _part(self, name: str, part: Any, path: str, findings: Findings) -> Any:
        shape = self.members.get(name)
        if shape is None and (self.closed or not _storable(name)):
            findings.fail("member_unknown", member=path, attribute=findings.attribute)
            return part
        return (shape or _ANYTHING).clean(part, path, findings)

    def spelt(self, value: Instance, findings: Findings) -> Instance:
        """With members that are nearly right called by their right names."""
        if all(name in self.members for name in value):
            return value
        right_names = _by_sound(tuple(self.members))
        spelt: Instance = {}
        for name, part in value.items():
            right = name if name in self.members else right_names.get(_sound(name), name)
            if right != name:
                findings.misspelt(name, right)
                if right in value or right in spelt:
                    findings.fail("member_unknown", member=name, attribute=findings.attribute)
                    continue
            spelt[right] = part
        return spelt


def _path(member: str, name: str) -> str:
    return f"{member}.{name}" if member else name


def _sound(name: str) -> str:
    """What is left of a name when spelling is forgiven: capitals, underscores, one or two l."""
    return name.lower().replace("_", "").replace("-", "").replace("fulfilment", "fulfillment")


@cache
def _by_sound(names: tuple[str, ...]) -> dict[str, str]:
    return {_sound(name): name for name in names}


_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d([T ].+)?", re.ASCII)


def instant(text: str, *, end_of_day: bool = False) -> datetime | None:
    """The instant of a date or date-time; None if it is neither. A date means its beginning, or its end."""
    if not _ISO.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
        if len(text) == len("YYYY-MM-DD") and end_of_day:
            found = datetime.combine(found.date(), time.max)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _storable(value: Any) -> bool:
    """Whether a value of JSON can be kept and read again."""
    if isinstance(value, str) and value.isascii():
        return "\0" not in value
    try:
        storable(value, "")
    except Invalid:
        return False
    return True


_ANYTHING: Final = Anything()
_TEXT: Final = Text(1000)
_PRICE: Final = Price()
_FLAG: Final = Flag()
_INSTANT: Final = Instant()
_WHERE: Final[dict[str, Shape]] = {"marketplace_id": _TEXT}
_WHERE_AND_LANGUAGE: Final[dict[str, Shape]] = {**_WHERE, "language_tag": Text(35)}


def _schedule(required: tuple[str, ...], members: Mapping[str, Shape]) -> Shape:
    return Each(Fields({"schedule": Each(Fields(members, required))}, ("schedule",)))


def _worth(shape: Shape) -> Fields:
    return Fields({**_WHERE_AND_LANGUAGE, "value": shape}, ("value",), closed=False)


_AMOUNT: Final = _schedule(("value_with_tax",), {"value_with_tax": _PRICE})
_WITHIN: Final[dict[str, Shape]] = {"start_at": _INSTANT, "end_at": _INSTANT, "value_with_tax": _PRICE}
_LEVEL: Final = Fields({"lower_bound": Whole(1, QUANTITY_MAX), "value": _PRICE}, ("lower_bound", "value"))
_PLAN: Final[dict[str, Shape]] = {"discount_type": Text(choices=("fixed", "percent")), "levels": Each(_LEVEL, 5)}

# The fields of the two attributes that may be merged, as the product type definitions have them. Answers add the
# marketplace to `fulfillment_availability`, so who sends back what he read sends it too.
AVAILABILITY_FIELDS: Final = Fields(
    {
        CHANNEL: _TEXT,
        "quantity": Whole(0, QUANTITY_MAX),
        LEAD_TIME: Whole(0, LEAD_DAYS_MAX),
        "restock_date": _INSTANT,
        "is_inventory_available": _FLAG,
        "marketplace_id": _TEXT,
    },
    (CHANNEL,),
)
OFFER_FIELDS: Final = Fields(
    {
        "marketplace_id": _TEXT,
        "currency": _TEXT,
        "audience": Text(choices=(ALL, "B2B")),
        "our_price": _AMOUNT,
        "discounted_price": _schedule(("start_at", "end_at", "value_with_tax"), _WITHIN),
        "minimum_seller_allowed_price": _AMOUNT,
        "maximum_seller_allowed_price": _AMOUNT,
        "map_price": _AMOUNT,
        "start_at": Fields({"value": _INSTANT}),
        "end_at": Fields({"value": _INSTANT}),
        "quantity_discount_plan": _schedule(("discount_type", "levels"), _PLAN),
        "automated_pricing_merchandising_rule_plan": _ANYTHING,
    }
)
_PRODUCT_ID: Final = Fields({**_WHERE, "type": Text(20), "value": Text(20)}, ("type", "value"), closed=False)
SHAPES: Final[dict[str, Fields]] = {
    AVAILABILITY: AVAILABILITY_FIELDS,
    OFFER: OFFER_FIELDS,
    "condition_type": _worth(Text(choices=tuple(c.listing for c in CONDITIONS if c.listing))),
    "condition_note": _worth(Text(2204)),
    "list_price": Fields({**_WHERE, "currency": _TEXT, "value": _PRICE, "value_with_tax": _PRICE}, closed=False),
    ASIN_ATTRIBUTE: _worth(Text(10, shortest=10)),
    **dict.fromkeys(ID_ATTRIBUTES, _PRODUCT_ID),
    "skip_offer": _worth(_FLAG),
    "merchant_shipping_group": _worth(_TEXT),
    "product_tax_code": _worth(_TEXT),
    "max_order_quantity": _worth(Whole(1, QUANTITY_MAX)),
    "merchant_release_date": _worth(_INSTANT),
    "package_contains_sku": Fields(
        {**_WHERE, "sku": Text(40), "quantity": Whole(1, 250)}, ("sku", "quantity"), closed=False
    ),
    "item_name": _worth(Text(200)),
    "brand": _worth(_TEXT),
    "bullet_point": _worth(_TEXT),
    "product_description": _worth(_ANYTHING),
    "manufacturer": _worth(_TEXT),
}
# Of any other attribute only the selectors are looked at.
_ANY_SHAPE: Final = Fields(_WHERE_AND_LANGUAGE, closed=False)


def offer_key(instance: Instance) -> str:
    """Under what a purchasable offer is stored."""
    return f"{instance['marketplace_id']}|{instance['currency']}|{instance['audience']}"


def is_fba(channel: str) -> bool:
    return channel in FBA_CHANNELS.values()


# Finds the canonical channel of a code: DEFAULT, a channel of the warehouse, or a location's id; or says what is wrong.
# The flag: the channel is to be closed, which any may be.
Resolve = Callable[[str, Findings, bool], str | None]


@dataclass(frozen=True)
class Scope:
    """What a submission is about: its marketplaces, the channels there are, and whether small slips are forgiven."""

    marketplaces: tuple[Marketplace, ...]
    channel_of: Resolve
    strict: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(marketplace.id for marketplace in self.marketplaces)


@dataclass
class Draft:
    """The submitted layer of a listing while a submission changes it; the dicts it was made of stay as they are.

    quantities: what the submission wants to be available, by merchant channel. closed: merchant channels it took away.
    names: the attributes it was about.
    """

    scope: Scope
    availability: dict[str, Instance]
    offers: dict[str, Instance]
    attributes: dict[str, list[Instance]]
    quantities: dict[str, int] = field(default_factory=dict)
    closed: dict[str, None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.availability = dict(self.availability)
        self.offers = dict(self.offers)
        self.attributes = dict(self.attributes)

    @property
    def errors(self) -> bool:
        return any(issue.severity == "ERROR" for issue in self.issues)

    # the operations

    def put(self, attributes: Mapping[str, Any], *, keep_facts: bool) -> None:
        """Replace the product facts (unless they are to be kept) and the sales terms that are there."""
        if not keep_facts:
            for name in self.attributes.keys() - SALES_TERMS - attributes.keys():
                self._drop(name)
        for name, value in attributes.items():
            if not _NAME.fullmatch(name):
                self.issues.append(error("attributes_invalid", name))
                continue
            if name not in SALES_TERMS:
                self._drop(name)
            self.replace(name, value)

    def patch(self, op: str, path: str, value: Any) -> None:
        """One operation; what is wrong with it becomes issues, and nothing of it is done."""
        name = self._attribute_of(path)
        if name is None:
            return
        if op == "delete":
            self.delete(name, value)
        elif op == "merge":
            self.merge(name, value)
        elif op in ("add", "replace"):
            self.replace(name, value)
        else:
            self.issues.append(
                error("value_invalid", name, member="op", value=op, expected="add | replace | merge | delete")
            )

    def _attribute_of(self, path: str) -> str | None:
        start, _, name = path.rpartition("/")
        if start == "/attributes" and _NAME.fullmatch(name):
            return name
        if start == "/attributes" and name:
            self.issues.append(error("attributes_invalid", name))
        else:
            self.issues.append(error("value_invalid", member="path", value=path, expected="/attributes/{name}"))
        return None

    def replace(self, name: str, value: Any) -> None:
        """Each instance takes the place of the stored one with the same selectors, as a whole; others stay.

        Instances without any selector take the place of all there are.
        """
        findings = Findings(name, self.scope.strict, self.issues)
        given = _instances(value, findings)
        bare = not any(selector in instance for instance in given for selector in self._selectors(name, given))
        cleaned = [_shape(name).clean(instance, "", findings) for instance in given]
        found = [] if findings.failed else self._addressed(name, cleaned, findings)
        if findings.failed:
            return
        self.names[name] = None
        if name == AVAILABILITY:
            self._set_channels(found)
        elif name == OFFER:
            if bare:
                self._drop(name)
            self.offers.update((offer_key(instance), instance) for instance in found)
        else:
            if bare:
                self._drop(name)
            stored = self.attributes.get(name, [])
            self.attributes[name] = replaced(stored, found, self._selectors(name, [*stored, *found]))

    def merge(self, name: str, value: Any) -> None:
        """The fields given change; a null takes its field away."""
        findings = Findings(name, self.scope.strict, self.issues)
        if name not in MERGEABLE:
            findings.wrong("op", "merge", "add | replace | delete")
            return
        nulls: list[frozenset[str]] = []
        cleaned = []
        for instance in _instances(value, findings):
            spelt = _shape(name).spelt(instance, findings)
            gone = frozenset(member for member, part in spelt.items() if part is None)
            self._refuse_nulls(name, gone, findings)
            nulls.append(gone)
            kept = {member: part for member, part in spelt.items() if part is not None}
            self._refuse_empty_selectors(name, kept, findings)
            cleaned.append(_shape(name).clean(kept, "", findings))
        if findings.failed:
            return
        for instance, gone in zip(cleaned, nulls, strict=True):
            self._merge_one(name, instance, gone, findings)

    def _refuse_nulls(self, name: str, gone: frozenset[str], findings: Findings) -> None:
        for member in sorted(gone & {"our_price", *SELECTORS[name]}):
            findings.wrong(member, "null", "!= null")
        for member in sorted(gone - _shape(name).members.keys()):
            findings.fail("member_unknown", member=member, attribute=name)

    def _refuse_empty_selectors(self, name: str, instance: Instance, findings: Findings) -> None:
        for selector in SELECTORS[name]:
            if not instance.get(selector) and selector != "marketplace_id":
                findings.fail("too_few", member=selector, attribute=name)

    def _merge_one(self, name: str, instance: Instance, gone: frozenset[str], findings: Findings) -> None:
        found = self._addressed(name, [instance], findings, whole=False)
        if findings.failed:
            return
        self.names[name] = None
        stored = self.availability if name == AVAILABILITY else self.offers
        for key, part in found:
            merged = {m: v for m, v in {**stored.get(key, {}), **part}.items() if m not in gone}
            if name == AVAILABILITY:
                if not _combinable(merged, findings):
                    return
                self._set_channels([(key, merged)], wanted="quantity" in part)
            else:
                self.offers[key] = merged

    def delete(self, name: str, value: Any) -> None:
        """Take the instances away that have the selectors given; without a value, all (of the warehouse's channels
        none: D-16)."""
        findings = Findings(name, self.scope.strict, self.issues)
        if value is None:
            self.names[name] = None
            self._drop(name)
            return
        shape = _shape(name)
        wanted = [shape.spelt(instance, findings) for instance in _instances(value, findings)]
        if findings.failed:
            return
        if name == AVAILABILITY:
            channels = [self._channel(instance, findings, closing=True) for instance in wanted]
            if not findings.failed:
                self._close([channel for channel in channels if channel])
        elif name == OFFER:
            self.offers = {
                key: stored for key, stored in self.offers.items() if not self._meant(stored, wanted, SELECTORS[name])
            }
        else:
            stored_instances = self.attributes.get(name, [])
            selectors = self._selectors(name, [*stored_instances, *wanted])
            self._keep(name, [stored for stored in stored_instances if not self._meant(stored, wanted, selectors)])
        self.names[name] = None

    # their parts

    def _selectors(self, name: str, instances: Iterable[Instance]) -> tuple[str, ...]:
        known = SELECTORS.get(name)
        if known is not None:
            return known
        there = {member for instance in instances for member in instance}
        return tuple(selector for selector in _USUAL_SELECTORS if selector in there)

    def _addressed(self, name: str, instances: list[Instance], findings: Findings, whole: bool = True) -> list[Any]:
        """The instances with all their selectors; those of channels and merged offers with their keys."""
        if name == AVAILABILITY:
            pairs = []
            for instance in instances:
                channel = self._channel(instance, findings)
                if channel is None or (whole and not _combinable(instance, findings)):
                    continue
                pairs.append((channel, {m: v for m, v in instance.items() if m != "marketplace_id"}))
            _refuse_doubles([channel for channel, _ in pairs], CHANNEL, findings)
            return pairs
        found = [full for instance in instances for full in self._filled(name, instance, findings)]
        if name != OFFER:
            return found
        if not findings.failed:
            _refuse_doubles([offer_key(instance) for instance in found], OFFER, findings)
        return found if whole else [(offer_key(instance), instance) for instance in found]

    def _filled(self, name: str, instance: Instance, findings: Findings) -> list[Instance]:
        """One instance for each marketplace meant, with the selectors that follow from it."""
        selectors = SELECTORS.get(name, ())
        chosen = instance.get("marketplace_id")
        places = [m for m in self.scope.marketplaces if chosen in (None, m.id)]
        if not places:
            findings.wrong("marketplace_id", chosen, " | ".join(self.scope.ids))
        if "marketplace_id" not in selectors:
            return [instance] if places else []
        filled = []
        for marketplace in places:
            full = dict(instance)
            defaults = {
                "marketplace_id": marketplace.id,
                "currency": marketplace.currency,
                "audience": ALL,
                "language_tag": language_of(marketplace.country),
            }
            for selector in selectors:
                if selector in defaults:
                    full.setdefault(selector, defaults[selector])
            if full.get("currency", marketplace.currency) != marketplace.currency:
                findings.wrong("currency", full["currency"], marketplace.currency)
            filled.append(full)
        return filled

    def _channel(self, instance: Instance, findings: Findings, closing: bool = False) -> str | None:
        code = instance.get(CHANNEL)
        if not isinstance(code, str) or not code:
            findings.fail("too_few", member=CHANNEL, attribute=AVAILABILITY)
            return None
        return self.scope.channel_of(code, findings, closing)

    def _set_channels(self, found: list[tuple[str, Instance]], wanted: bool = True) -> None:
        for channel, instance in found:
            self.availability[channel] = instance
            if wanted and "quantity" in instance and not is_fba(channel):
                self.quantities[channel] = instance["quantity"]
                self.closed.pop(channel, None)

    def _close(self, channels: Iterable[str]) -> None:
        for channel in channels:
            self.availability.pop(channel, None)
            self.quantities.pop(channel, None)
            if not is_fba(channel):
                self.closed[channel] = None

    def _drop(self, name: str) -> None:
        """All instances, of the marketplaces in question."""
        if name == AVAILABILITY:
            self._close([channel for channel in self.availability if not is_fba(channel)])
        elif name == OFFER:
            here = self.scope.ids
            self.offers = {key: kept for key, kept in self.offers.items() if kept["marketplace_id"] not in here}
        else:
            ids = (None, *self.scope.ids)
            self._keep(name, [kept for kept in self.attributes.get(name, []) if kept.get("marketplace_id") not in ids])

    def _keep(self, name: str, instances: list[Instance]) -> None:
        if instances:
            self.attributes[name] = instances
        else:
            self.attributes.pop(name, None)

    def _meant(self, stored: Instance, wanted: list[Instance], selectors: tuple[str, ...]) -> bool:
        """Whether a stored instance is one of those wanted: by the selectors they name, else by all they say."""
        if stored.get("marketplace_id") not in (None, *self.scope.ids):
            return False
        for instance in wanted:
            names = [selector for selector in selectors if selector in instance] or list(instance)
            if all(stored.get(name) == instance[name] for name in names):
                return True
        return False


_NAME: Final = re.compile(r"[a-z0-9_]{1,100}", re.ASCII)


def _shape(name: str) -> Fields:
    return SHAPES.get(name, _ANY_SHAPE)


def _instances(value: Any, findings: Findings) -> list[Instance]:
    """The instances of an attribute's value; an array of at least one object."""
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        findings.wrong("value" if value is None else "", value, "array of objects")
        return []
    if not value:
        findings.fail("too_few", member="value", attribute=findings.attribute)
    if len(value) > _INSTANCES_MAX:
        findings.wrong("", len(value), f"array 1..{_INSTANCES_MAX}")
        return []
    return value


def _combinable(instance: Instance, findings: Findings) -> bool:
    if "quantity" in instance and "is_inventory_available" in instance:
        findings.fail(
            "combination_invalid", member="is_inventory_available", other="quantity", attribute=findings.attribute
        )
        return False
    return True


def _refuse_doubles(keys: list[str], member: str, findings: Findings) -> None:
    if len(set(keys)) < len(keys):
        double = next(key for key in keys if keys.count(key) > 1)
        findings.wrong(member, double, "1x")


def replaced(stored: list[Instance], submitted: list[Instance], selectors: tuple[str, ...]) -> list[Instance]:
    """The instances of an attribute after those submitted took the place of those with the same selectors."""

    def key(instance: Instance) -> tuple[Any, ...]:
        return tuple(instance.get(selector) for selector in selectors)

    addressed = {key(instance) for instance in submitted}
    return [instance for instance in stored if key(instance) not in addressed] + submitted


def recomposed(
    availability: Mapping[str, Instance],
    offers: Mapping[str, Instance],
    attributes: Mapping[str, list[Instance]],
    marketplace_ids: Iterable[str],
) -> dict[str, list[Instance]]:
    """All attributes as one object, as far as they are of these marketplaces."""
    ids = tuple(marketplace_ids)
    found = {
        name: [instance for instance in instances if instance.get("marketplace_id") in (None, *ids)]
        for name, instances in attributes.items()
    }
    found[OFFER] = [instance for instance in offers.values() if instance["marketplace_id"] in ids]
    ordered = sorted(availability.items(), key=lambda item: item[0] != DEFAULT_LOCATION)
    found[AVAILABILITY] = [{**instance, "marketplace_id": id_} for _, instance in ordered for id_ in ids]
    return {name: instances for name, instances in found.items() if instances}
