"""What a value in an attribute must be, and what is found wrong with one that is not.

A shape gives a value back in its normal form; names that are nearly right are forgiven, with a warning. How much a
submission may say (`_LONGEST`, `…_MAX`) is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cache
from typing import Any, Final, Protocol

from entrepot.domain.errors import Invalid
from entrepot.domain.mfn.issues import Issue, error, warning
from entrepot.domain.papers import Instance
from entrepot.domain.texts import storable

INSTANCES_MAX: Final = 1000
_LONGEST: Final = 100_000
_PRICE_MAX: Final = 999_999_999
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


ANYTHING: Final = Anything()


@dataclass(frozen=True)
class Each:
    """An array of at least one."""

    of: Shape
    most: int = INSTANCES_MAX

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
        return (shape or ANYTHING).clean(part, path, findings)

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
