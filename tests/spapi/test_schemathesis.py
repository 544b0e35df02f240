"""Requests that schemathesis makes up from Amazon's own model, good and bad, against the server."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

from tests.spapi.model import model, needs_model
from tests.spapi.program import INVENTORY, ITEMS, SUMMARIES, US, Program

pytestmark = needs_model

OPERATIONS = [("GET", SUMMARIES), ("POST", ITEMS), ("POST", INVENTORY), ("DELETE", f"{ITEMS}/{{sellerSku}}")]
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def narrowed(method: str, path: str) -> dict[str, Any]:
    """The model, whose marketplaces are ones the seller has: else no made-up request would get past that check."""
    narrow = model()
    for parameter in narrow["paths"][path][method.lower()]["parameters"]:
        if parameter["name"] in ("marketplaceId", "granularityId"):
            parameter["enum"] = [US]
        if parameter["name"] == "marketplaceIds":
            parameter.update(minItems=1, items={"type": "string", "enum": [US]})
    for body in ("CreateInventoryItemRequest", "InventoryItem"):
        narrow["definitions"][body]["properties"]["marketplaceId"]["enum"] = [US]
    return narrow


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_one_that_the_model_describes(
    program: Program, method: str, path: str, mode: GenerationMode
) -> None:
    operation = schemathesis.openapi.from_dict(narrowed(method, path))[path][method]
    seen = set()

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        response = case.call(base_url=program.server.url, headers={"x-amz-access-token": program.token})

        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)
        if response.status_code != 200:
            [error] = response.json()["errors"]
            assert error["code"]
            assert error["message"]

    ask()

    assert seen - {403}  # the token was good: not all was refused for want of one
