"""Amazon's own model of FBA Inventory v1, as JSON Schema, to hold answers against. The model is no part of the project.

Looked for in a `contracts` folder beside the project or beside its parent's `shared` folder; tests that need it are
skipped where it is not.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = [ROOT.parent / "shared" / "contracts", ROOT.parent / "contracts", ROOT / "contracts"]
FILE = next((found for place in PLACES if (found := place / "spapi" / "models" / "fbaInventory.json").exists()), None)

needs_model = pytest.mark.skipif(FILE is None, reason="Amazon's model fbaInventory.json is not on this machine")

# In real answers, but in no published model.
UNDOCUMENTED = {"InventoryDetails": {"futureSupplyQuantity": {"type": "object"}}}


def model() -> dict[str, Any]:
    """The model as published: Swagger 2.0."""
    assert FILE is not None
    read: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read


@cache
def definitions(closed: bool) -> dict[str, Any]:
    """The model's definitions; closed ones allow no member that they do not define."""
    found: dict[str, Any] = copy.deepcopy(model()["definitions"])
    if closed:
        for name, definition in found.items():
            if definition.get("type") == "object":
                definition["properties"].update(UNDOCUMENTED.get(name, {}))
                definition["additionalProperties"] = False
    return found


def answers() -> Iterator[tuple[str, str, str, str]]:
    """(operation, method, status, name of the definition of its body) for everything the model describes."""
    for path in model()["paths"].values():
        for method, operation in path.items():
            for status, response in operation.get("responses", {}).items() if isinstance(operation, dict) else ():
                yield operation["operationId"], method.upper(), status, response["schema"]["$ref"].rpartition("/")[2]


FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """Whether a text is an ISO 8601 instant with a zone; what is no text is not for this check."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def assert_as_modelled(operation: str, response: httpx.Response) -> None:
    """The answer is one the model describes for this operation, to the last member and header."""
    described = {(name, status): body for name, _, status, body in answers()}
    definition = described[operation, str(response.status_code)]
    for closed in (False, True):
        schema = {"$ref": f"#/definitions/{definition}", "definitions": definitions(closed)}
        jsonschema.Draft4Validator(schema, format_checker=FORMATS).validate(response.json())
    assert response.headers["x-amzn-RequestId"]
    assert response.headers["content-type"] == "application/json"
