"""How SP-API says what the other tests cannot make happen, and that nothing of our own insides is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

import pytest

from entrepot.api.http import Request
from entrepot.api.spapi.messages import problem_response
from entrepot.api.spapi.room import Call, Services
from entrepot.domain import errors
from entrepot.services.callers import Caller
from tests.spapi.program import errors as body_of

INTERNAL = body_of("InternalFailure", "We encountered an internal error. Please try again.", "")
SPELLINGS: dict[str, tuple[Exception, int, Mapping[str, Any]]] = {
    "a crash": (RuntimeError("secret"), 500, INTERNAL),
    "a failure of the system": (OSError("secret"), 500, INTERNAL),
    "a meaning without a row": (errors.Problem("secret"), 500, INTERNAL),
    "no database": (
        errors.Unavailable("the database is starting"),
        503,
        body_of("ServiceUnavailable", "Service is temporarily unavailable. Please try again.", ""),
    ),
    "a body that trickles": (
        TimeoutError(),
        408,
        body_of("InvalidRequest", "The request was not received in time.", ""),
    ),
}


@pytest.mark.parametrize(("problem", "status", "body"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_failure_is_spelled_as_amazon_spells_it_and_says_no_more(
    problem: Exception, status: int, body: Mapping[str, Any]
) -> None:
    response = problem_response(problem, "the id")

    assert (response.status, json.loads(response.body)) == (status, body)
    assert response.headers == (("x-amzn-RequestId", "the id"),)


@pytest.mark.parametrize(
    ("of_the_server", "of_the_seller", "strict"),
    [(False, None, False), (True, None, True), (True, "forgiving", False), (False, "strict", True)],
)
def test_a_sellers_own_fidelity_goes_before_the_servers(
    of_the_server: bool, of_the_seller: str | None, strict: bool
) -> None:
    nothing = cast(Any, None)
    services = Services(**{part.name: nothing for part in fields(Services)} | {"strict": of_the_server})
    caller = Caller("A1", "client", frozenset(), (), "NA", of_the_seller, None)

    call = Call(Request("GET", "/", "", {}), {}, caller, "A1", services, ())

    assert call.strict is strict
