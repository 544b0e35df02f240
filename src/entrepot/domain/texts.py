"""What any text or document must be to be kept: characters that a database and every dialect can hold."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from entrepot.domain.errors import Invalid
from entrepot.domain.items import tidy

# Levels of a document of free form (ours): deeper than any that the official models know.
DEPTH_MAX: Final = 32


def clean_text(text: str, field: str, longest: int, *, shortest: int = 0) -> str:
    """The text in normal form; Invalid if it is too short, too long, or has control characters."""
    found = tidy(text)
    if not shortest <= len(found) <= longest:
        raise Invalid(field, f"'{field}' has {f'{shortest} to' if shortest else 'at most'} {longest} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in found):
        raise Invalid(field, f"'{field}' may not contain control characters")
    return found


def storable(value: Any, field: str, depth: int = 0) -> Any:
    """A document without its empty (null) members; Invalid names the part that cannot be kept."""
    if depth > DEPTH_MAX:
        raise Invalid(field, f"'{field}' is nested too deeply")
    if isinstance(value, dict):
        kept = {storable(name, field, depth + 1): part for name, part in value.items() if part is not None}
        return {name: storable(part, f"{field}.{name}", depth + 1) for name, part in kept.items()}
    if isinstance(value, list | tuple):
        return [storable(part, f"{field}[{n}]", depth + 1) for n, part in enumerate(value) if part is not None]
    if isinstance(value, str):
        if "\0" in value or any(unicodedata.category(character) == "Cs" for character in value):
            raise Invalid(field.replace("\0", ""), "texts may not contain characters that are none")
        return value
    if isinstance(value, bool | int | float):
        return value
    raise Invalid(field, f"'{field}' is not a value of JSON")
