"""How a submission changes what is stored of a listing: the operations on attributes, and the draft that they change.

Sources: the patch operations as the SP-API reference §4.2–4.4 has them; D-16 for channels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from entrepot.domain.mfn.addressing import (
    Scope,
    addressed,
    addressed_channels,
    addressed_offers,
    channel_of,
    combinable,
    instances_of,
    is_meant,
    replaced,
)
from entrepot.domain.mfn.attributes import (
    AVAILABILITY,
    MERGEABLE,
    OFFER,
    SALES_TERMS,
    SELECTORS,
    is_fba,
    selectors_of,
    shape_of,
)
from entrepot.domain.mfn.issues import Issue, error
from entrepot.domain.mfn.shapes import Findings
from entrepot.domain.papers import Instance

_NAME: Final = re.compile(r"[a-z0-9_]{1,100}", re.ASCII)


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
        """One operation; what is wrong with it becomes issues. A draft with errors is not kept."""
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
        given = instances_of(value, findings)
        bare = not any(selector in instance for instance in given for selector in selectors_of(name, given))
        cleaned = [shape_of(name).clean(instance, "", findings) for instance in given]
        if findings.failed:
            return
        if name == AVAILABILITY:
            self._replace_channels(cleaned, findings)
        elif name == OFFER:
            self._replace_offers(cleaned, bare, findings)
        else:
            self._replace_instances(name, cleaned, bare, findings)

    def _replace_channels(self, given: list[Instance], findings: Findings) -> None:
        found = addressed_channels(self.scope, given, findings)
        if not findings.failed:
            self.names[AVAILABILITY] = None
            self._set_channels(found)

    def _replace_offers(self, given: list[Instance], bare: bool, findings: Findings) -> None:
        found = addressed_offers(self.scope, given, findings)
        if findings.failed:
            return
        self.names[OFFER] = None
        if bare:
            self._drop(OFFER)
        self.offers.update(found)

    def _replace_instances(self, name: str, given: list[Instance], bare: bool, findings: Findings) -> None:
        found = addressed(self.scope, name, given, findings)
        if findings.failed:
            return
        self.names[name] = None
        if bare:
            self._drop(name)
        stored = self.attributes.get(name, [])
        self.attributes[name] = replaced(stored, found, selectors_of(name, [*stored, *found]))

    def merge(self, name: str, value: Any) -> None:
        """The fields given change; a null takes its field away."""
        findings = Findings(name, self.scope.strict, self.issues)
        if name not in MERGEABLE:
            findings.wrong("op", "merge", "add | replace | delete")
            return
        nulls: list[frozenset[str]] = []
        cleaned = []
        for instance in instances_of(value, findings):
            spelt = shape_of(name).spelt(instance, findings)
            gone = frozenset(member for member, part in spelt.items() if part is None)
            self._refuse_nulls(name, gone, findings)
            nulls.append(gone)
            kept = {member: part for member, part in spelt.items() if part is not None}
            self._refuse_empty_selectors(name, kept, findings)
            cleaned.append(shape_of(name).clean(kept, "", findings))
        if findings.failed:
            return
        for instance, gone in zip(cleaned, nulls, strict=True):
            self._merge_one(name, instance, gone, findings)

    def _refuse_nulls(self, name: str, gone: frozenset[str], findings: Findings) -> None:
        for member in sorted(gone & {"our_price", *SELECTORS[name]}):
            findings.wrong(member, "null", "!= null")
        for member in sorted(gone - shape_of(name).members.keys()):
            findings.fail("member_unknown", member=member, attribute=name)

    def _refuse_empty_selectors(self, name: str, instance: Instance, findings: Findings) -> None:
        for selector in SELECTORS[name]:
            if not instance.get(selector) and selector != "marketplace_id":
                findings.fail("too_few", member=selector, attribute=name)

    def _merge_one(self, name: str, instance: Instance, gone: frozenset[str], findings: Findings) -> None:
        if name == AVAILABILITY:
            found = addressed_channels(self.scope, [instance], findings, whole=False)
        else:
            found = addressed_offers(self.scope, [instance], findings)
        if findings.failed:
            return
        self.names[name] = None
        stored = self.availability if name == AVAILABILITY else self.offers
        for key, part in found:
            merged = {m: v for m, v in {**stored.get(key, {}), **part}.items() if m not in gone}
            if name == AVAILABILITY:
                if not combinable(merged, findings):
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
        shape = shape_of(name)
        wanted = [shape.spelt(instance, findings) for instance in instances_of(value, findings)]
        if findings.failed:
            return
        if name == AVAILABILITY:
            channels = [channel_of(self.scope, instance, findings, closing=True) for instance in wanted]
            if not findings.failed:
                self._close([channel for channel in channels if channel])
        elif name == OFFER:
            self.offers = {
                key: stored
                for key, stored in self.offers.items()
                if not is_meant(self.scope, stored, wanted, SELECTORS[name])
            }
        else:
            stored_instances = self.attributes.get(name, [])
            selectors = selectors_of(name, [*stored_instances, *wanted])
            self._keep(
                name, [stored for stored in stored_instances if not is_meant(self.scope, stored, wanted, selectors)]
            )
        self.names[name] = None

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
