"""The operator's room: every path under /operator/v1, for holders of the operator token only."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from entrepot.api.http import Request, Response, json_response
from entrepot.api.operation import MIB, Operation, Routes
from entrepot.domain import errors
from entrepot.domain.errors import Denied, Invalid, NotFound, Problem
from entrepot.services.access import Access
from entrepot.services.health import Health
from entrepot.services.mail import Mail
from entrepot.services.marks import Marks
from entrepot.services.orders import Orders
from entrepot.services.reports import Reports
from entrepot.services.world import WorldService

# meaning → status; the code is the meaning's own name.
ERRORS: Final[dict[type[Problem], int]] = {
    errors.Invalid: 400,
    errors.Rejected: 400,
    errors.StaleToken: 400,
    errors.Denied: 401,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.Shortage: 409,
    errors.NotAllowed: 409,
    errors.Archived: 409,
    errors.KeyReused: 409,
    errors.TooLarge: 413,
    errors.Throttled: 429,
    errors.Unavailable: 503,
}


@dataclass(frozen=True)
class Services:
    access: Access
    world: WorldService
    marks: Marks
    orders: Orders
    mail: Mail
    reports: Reports
    health: Health


@dataclass(frozen=True)
class Call:
    request: Request
    parameters: Mapping[str, str]
    services: Services

    def body(self) -> dict[str, Any]:
        """The JSON object of the body ({} when there is none)."""
        if not self.request.body:
            return {}
        try:
            decoded = msgspec.json.decode(self.request.body)
            _refuse_unstorable(decoded)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise Invalid("body", "the body is not valid JSON, or nested too deep") from None
        if not isinstance(decoded, dict):
            raise Invalid("body", "the body must be a JSON object")
        return decoded


def _refuse_unstorable(value: object) -> None:
    """PostgreSQL's text has no NUL character."""
    if isinstance(value, str):
        if "\0" in value:
            raise Invalid("body", "a text may not contain the character NUL")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_unstorable(name)
            _refuse_unstorable(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner)


class OperatorRoom:
    name = "operator"
    body_limit = 16 * MIB

    def __init__(self, services: Services, token: str, operations: tuple[Operation, ...]) -> None:
        self._services = services
        self._token = token.encode()
        self._routes = Routes(operations)

    async def answer(self, request: Request) -> tuple[str, Response]:
        name = "unknown"
        try:
            self._identify(request)
            match = self._routes.match(request)
            if match is None:
                raise NotFound("operation", f"{request.method} {request.raw_path[:200]}")
            name = match.operation.name
            _ = request.query  # one that is no text is refused even where nobody reads it
            return name, await match.operation.handle(Call(request, match.parameters, self._services))
        except Problem as problem:
            return name, self.failure(request, problem)

    def _identify(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            raise Denied("missing", "the operator token is needed: Authorization: Bearer …")

    def failure(self, request: Request, problem: Exception) -> Response:
        if isinstance(problem, Problem):
            status = next((ERRORS[kind] for kind in type(problem).__mro__ if kind in ERRORS), 500)
            details = {name: value for name, value in vars(problem).items() if name != "message"}
            error = {"code": type(problem).__name__, "message": problem.message, **details}
        elif isinstance(problem, TimeoutError):
            status, error = 408, {"code": "Timeout", "message": "the request was not received in time"}
        else:
            status, error = 500, {"code": "InternalError", "message": "an internal error", "id": request.request_id}
        return json_response(status, {"errors": [error]})


def success(value: object, status: int = 200) -> Response:
    return json_response(status, value)
