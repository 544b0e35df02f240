"""Amazon's own models, as JSON Schema, to hold answers against. The models are no part of the project.

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
MODELS = next((found for place in PLACES if (found := place / "spapi" / "models").is_dir()), None)
FBA_INVENTORY, LISTINGS, SUPPLY_SOURCES = "fbaInventory", "listingsItems_2021-08-01", "supplySources_2020-07-01"
FEEDS = "feeds_2021-06-30"
REPORTS = "reports_2021-06-30"
FILE = MODELS / f"{FBA_INVENTORY}.json" if MODELS else None

needs_model = pytest.mark.skipif(MODELS is None, reason="Amazon's models are not on this machine")

# In real answers, but in no published model.
UNDOCUMENTED = {"InventoryDetails": {"futureSupplyQuantity": {"type": "object"}}}


@cache
def model(name: str = FBA_INVENTORY) -> dict[str, Any]:
    """A model as published: Swagger 2.0."""
    assert MODELS is not None
    read: dict[str, Any] = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    return read


@cache
def definitions(closed: bool, of: str = FBA_INVENTORY) -> dict[str, Any]:
    """The model's definitions; closed ones allow no member that they do not define."""
    found: dict[str, Any] = copy.deepcopy(model(of)["definitions"])
    if closed:
        for definition in found.values():
            if parts := definition.pop("allOf", None):  # closed, one part would not allow what another one adds
                whole = [found[part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in parts]
                definition["properties"] = {name: value for part in whole for name, value in part["properties"].items()}
        for name, definition in found.items():
            if definition.get("type", "object") == "object" and "properties" in definition:
                definition["properties"].update(UNDOCUMENTED.get(name, {}))
                definition["additionalProperties"] = False
    return found


def answers(of: str = FBA_INVENTORY) -> Iterator[tuple[str, str, str, str | None]]:
    """(operation, method, status, name of the definition of its body, if it has one) for all that a model describes."""
    for path in model(of)["paths"].values():
        for method, operation in path.items():
            for status, response in operation.get("responses", {}).items() if isinstance(operation, dict) else ():
                body = response["schema"]["$ref"].rpartition("/")[2] if "schema" in response else None
                yield operation["operationId"], method.upper(), status, body


FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """Whether a text is an ISO 8601 instant with a zone; what is no text is not for this check."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def assert_as_modelled(operation: str, response: httpx.Response, of: str = FBA_INVENTORY) -> None:
    """The answer is one the model describes for this operation, to the last member and header.

    Without the models on this machine nothing is checked here; the tests go on with what they know themselves.
    """
    if MODELS is None:
        return
    described = {(name, status): body for name, _, status, body in answers(of)}
    definition = described[operation, str(response.status_code)]
    assert response.headers["x-amzn-RequestId"]
    if response.status_code == 204:  # whatever the model says of its body
        assert response.content == b""
        return
    assert response.headers["content-type"] == "application/json"
    if definition is None:  # nothing is said of a body: then there is nothing in it
        assert response.json() == {}
        return
    for closed in (False, True):
        schema = {"$ref": f"#/definitions/{definition}", "definitions": definitions(closed, of)}
        jsonschema.Draft4Validator(schema, format_checker=FORMATS).validate(response.json())
