"""Which instances of an attribute a submission means: each is found, or refused, by its selectors.

A submission may leave selectors out that follow from its marketplaces. Sources: the SP-API reference §4.2–4.4 on
selectors; D-16 for channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn.attributes import ALL, AVAILABILITY, CHANNEL, OFFER, SELECTORS, offer_key
from entrepot.domain.mfn.issues import language_of
from entrepot.domain.mfn.shapes import INSTANCES_MAX, Findings
from entrepot.domain.papers import Instance

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


def instances_of(value: Any, findings: Findings) -> list[Instance]:
    """The instances of an attribute's value; an array of at least one object."""
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        findings.wrong("value" if value is None else "", value, "array of objects")
        return []
    if not value:
        findings.fail("too_few", member="value", attribute=findings.attribute)
    if len(value) > INSTANCES_MAX:
        findings.wrong("", len(value), f"array 1..{INSTANCES_MAX}")
        return []
    return value


def channel_of(scope: Scope, instance: Instance, findings: Findings, closing: bool = False) -> str | None:
    code = instance.get(CHANNEL)
    if not isinstance(code, str) or not code:
        findings.fail("too_few", member=CHANNEL, attribute=AVAILABILITY)
        return None
    return scope.channel_of(code, findings, closing)


def addressed_channels(
    scope: Scope, instances: list[Instance], findings: Findings, whole: bool = True
) -> list[tuple[str, Instance]]:
    """What is said of the availability in each channel. whole: the instances are to be kept as they are."""
    pairs = []
    for instance in instances:
        channel = channel_of(scope, instance, findings)
        if channel is None or (whole and not combinable(instance, findings)):
            continue
        pairs.append((channel, {m: v for m, v in instance.items() if m != "marketplace_id"}))
    _refuse_doubles([channel for channel, _ in pairs], CHANNEL, findings)
    return pairs


def addressed_offers(scope: Scope, instances: list[Instance], findings: Findings) -> list[tuple[str, Instance]]:
    """The offers meant, with all their selectors, under the keys that they are stored by."""
    found = addressed(scope, OFFER, instances, findings)
    if findings.failed:
        return []
    pairs = [(offer_key(instance), instance) for instance in found]
    _refuse_doubles([key for key, _ in pairs], OFFER, findings)
    return pairs


def addressed(scope: Scope, name: str, instances: list[Instance], findings: Findings) -> list[Instance]:
    """The instances with all their selectors, one for each marketplace meant."""
    return [full for instance in instances for full in _everywhere(scope, name, instance, findings)]


def _everywhere(scope: Scope, name: str, instance: Instance, findings: Findings) -> list[Instance]:
    selectors = SELECTORS.get(name, ())
    chosen = instance.get("marketplace_id")
    places = [m for m in scope.marketplaces if chosen in (None, m.id)]
    if not places:
        findings.wrong("marketplace_id", chosen, " | ".join(scope.ids))
    if "marketplace_id" not in selectors:
        return [instance] if places else []
    found = []
    for marketplace in places:
        full = _completed(instance, selectors, marketplace)
        if full.get("currency", marketplace.currency) != marketplace.currency:
            findings.wrong("currency", full["currency"], marketplace.currency)
        found.append(full)
    return found


def _completed(instance: Instance, selectors: tuple[str, ...], marketplace: Marketplace) -> Instance:
    """With the selectors that follow from the marketplace."""
    defaults = {
        "marketplace_id": marketplace.id,
        "currency": marketplace.currency,
        "audience": ALL,
        "language_tag": language_of(marketplace.country),
    }
    full = dict(instance)
    for selector in selectors:
        if selector in defaults:
            full.setdefault(selector, defaults[selector])
    return full


def combinable(instance: Instance, findings: Findings) -> bool:
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


def is_meant(scope: Scope, stored: Instance, wanted: list[Instance], selectors: tuple[str, ...]) -> bool:
    """Whether a stored instance is one of those wanted: by the selectors they name, else by all they say."""
    if stored.get("marketplace_id") not in (None, *scope.ids):
        return False
    for instance in wanted:
        names = [selector for selector in selectors if selector in instance] or list(instance)
        if all(stored.get(name) == instance[name] for name in names):
            return True
    return False


def replaced(stored: list[Instance], submitted: list[Instance], selectors: tuple[str, ...]) -> list[Instance]:
    """The instances of an attribute after those submitted took the place of those with the same selectors."""

    def key(instance: Instance) -> tuple[Any, ...]:
        return tuple(instance.get(selector) for selector in selectors)

    taken = {key(instance) for instance in submitted}
    return [instance for instance in stored if key(instance) not in taken] + submitted


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
