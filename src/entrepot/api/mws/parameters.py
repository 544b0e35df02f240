"""The parameters of a request, decoded: names → values, and lists whose names count.

Sources: MWS reference §1.2 (lists: `SellerSkus.member.1`, `MarketplaceIdList.Id.1`), §1.4 (decoding), §1.5 (times).
A list may begin with a value without number (`SellerSkus.member`), as npm's mws sends a single number.
Names are case-sensitive; unknown ones are ignored; an empty value is as none, as Amazon's Java library leaves it out.
Of a name that comes twice the first value holds. What no text can hold becomes U+FFFD, as far as it must be read to
find out who asks; then it is refused, as nobody could tell two such values apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.api.mws.messages import Refused
from entrepot.wire import timestamps
from entrepot.wire.query_signing import Pairs

_DIGITS_MAX: Final = 9
_SHOWN: Final = 100
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


def bad(name: str, value: str, why: str = "") -> Refused:
    """An operation's parameter that is not as it should be; the sentence is ours."""
    return Refused("InvalidParameterValue", f"Invalid {name}: {value[:_SHOWN]}{' (' + why + ')' if why else ''}")


@dataclass(frozen=True)
class Parameters:
    """`values`: the parameters as text; `pairs`: as signed."""

    values: Mapping[str, str]
    pairs: Pairs = ()

    @classmethod
    def of(cls, pairs: Pairs) -> Parameters:
        values: dict[str, str] = {}
        for name, value in pairs:
            values.setdefault(_text(name), _text(value))
        return cls(values, pairs)

    def check(self) -> None:
        """Raises Refused where a name or a value is no text."""
        for name, value in self.pairs:
            if not (_is_text(name) and _is_text(value)):
                raise bad(_text(name)[:_SHOWN], _text(value), "a text is UTF-8, without NUL")

    def text(self, *names: str) -> str | None:
        """The value of the first of these names that has one."""
        return next((value for name in names if (value := self.values.get(name))), None)

    def listed(self, name: str, kind: str = "member") -> list[str]:
        """The values of `name.kind`, `name.kind.1`, `.2` …, in the order of their numbers, which may have gaps."""
        alone = self.text(f"{name}.{kind}")
        numbered = self._numbered(f"{name}.{kind}.")
        return [alone, *numbered] if alone is not None else numbered

    def _numbered(self, prefix: str) -> list[str]:
        named = [given for given in self.values if given.startswith(prefix)]
        usual = [self.values.get(f"{prefix}{number}") for number in range(1, len(named) + 1)]
        if all(usual):
            return [value for value in usual if value]
        found: dict[int, str] = {}
        for given in named:
            number, value = given[len(prefix) :], self.values[given]
            if value and _is_number(number):
                # Written in another way (`01`) the same number is the same place, which the first has.
                found.setdefault(int(number), value)
        return [found[number] for number in sorted(found)]

    def number(self, name: str, least: int, most: int, default: int) -> int:
        """A whole number in this range. Raises Refused."""
        value = self.text(name)
        if value is None:
            return default
        if not _is_number(value) or not least <= int(value) <= most:
            raise bad(name, value, f"a whole number from {least} to {most}")
        return int(value)

    def choice(self, name: str, values: Sequence[str], default: str) -> str:
        """One of these values, in any case. Raises Refused."""
        value = self.text(name)
        if value is None:
            return default
        found = next((one for one in values if one.lower() == value.lower()), None)
        if found is None:
            raise bad(name, value, f"one of {', '.join(values)}")
        return found

    def flag(self, name: str, default: bool = False) -> bool:
        """An xs:boolean, in any case, as Python's clients write True. Raises Refused."""
        value = self.text(name)
        if value is None:
            return default
        if value.lower() not in _FLAGS:
            raise bad(name, value, "true or false")
        return _FLAGS[value.lower()]

    def instant(self, *names: str) -> datetime | None:
        """A date and time, or a bare date (its first moment), in UTC where there is no zone. Raises Refused."""
        value = self.text(*names)
        if value is None:
            return None
        moment = _instant(value)
        if moment is None:
            raise bad(names[0], value, "a date and time in ISO 8601")
        return moment


def _instant(value: str) -> datetime | None:
    try:
        return timestamps.instant(value)
    except ValueError:
        pass
    try:
        return timestamps.instant(f"{timestamps.day(value)}T00:00:00Z")
    except ValueError:
        return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX


def _is_text(value: bytes) -> bool:
    try:
        return "\0" not in value.decode()
    except UnicodeDecodeError:
        return False


def _text(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    return text.replace("\0", "\ufffd") if "\0" in text else text
