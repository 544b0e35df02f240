"""Amazon's own schemas of the listings feed and of its report, and its examples. They are no part of the project."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.spapi.model import PLACES

FEED = "listings-feed-schema-v2.json"
FEED_EXAMPLE = "listings-feed-schema-v2.example.json"
REPORT = "listings-feed-processing-report-schema-v2.json"
REPORT_EXAMPLE = "listings-feed-processing-report-schema-v2.example.json"


def contract(name: str) -> Any:
    """The file, read; the test is skipped where it is not on this machine."""
    path = next((found for place in PLACES if (found := place / "spapi" / "schemas" / "feeds" / name).exists()), None)
    if path is None:
        pytest.skip(f"Amazon's schema {name} is not on this machine")
    return json.loads(path.read_text(encoding="utf-8"))


def is_valid(document: Any, schema: str) -> bool:
    return bool(jsonschema.Draft7Validator(contract(schema)).is_valid(document))


def validate(document: Any, schema: str) -> None:
    jsonschema.Draft7Validator(contract(schema)).validate(document)
