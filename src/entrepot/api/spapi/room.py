"""The SP-API room: match, identify, spend quota, then the operation.

Identity comes before the route: an unknown path is a 403, not a 404, and only to those with a good token; a missing
token is said first. Only a path that is no text is a 400 to anybody, as a token may be good for some paths alone. A
SigV4 `Authorization` header is ignored, as Amazon does since October 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.api.documents import Links
from entrepot.api.http import Headers, Request, Response
from entrepot.api.operation import MIB, Operation, Routes, Throttle
from entrepot.api.paging import Pager
from entrepot.api.spapi.messages import problem_response
from entrepot.domain.errors import Denied, Problem, Throttled
from entrepot.services.access import Access
from entrepot.services.access_tokens import Resource
from entrepot.services.callers import Caller
from entrepot.services.documents import Documents
from entrepot.services.inventory import Inventory
from entrepot.services.ledger import Ledger
from entrepot.services.listings import Listings
from entrepot.services.locations import Locations
from entrepot.services.reports import Reports
from entrepot.services.submissions import Submissions
from entrepot.services.world import WorldService


@dataclass(frozen=True)
class Services:
    """What the operations call."""

    access: Access
    inventory: Inventory
    ledger: Ledger
    world: WorldService
    pager: Pager
    locations: Locations
    listings: Listings
    documents: Documents
    links: Links
    submissions: Submissions
    reports: Reports
    strict: bool  # the server's fidelity, where the seller has none of his own


@dataclass(frozen=True)
class Call:
    """A request whose caller and operation are known."""

    request: Request
    parameters: Mapping[str, str]
    caller: Caller
    seller_id: str
    services: Services
    headers: Headers

    @property
    def strict(self) -> bool:
        return self.services.strict if self.caller.fidelity is None else self.caller.fidelity == "strict"


class SpapiRoom:
    name = "spapi"
    body_limit = 5 * MIB

    def __init__(self, services: Services, throttle: Throttle | None, operations: tuple[Operation, ...]) -> None:
        self._services = services
        self._throttle = throttle
        self._routes = Routes(operations)

    async def answer(self, request: Request) -> tuple[str, Response]:
        name, match = "unknown", None
        headers: Headers = ()
        try:
            match = self._routes.match(request)
            name = match.operation.name if match else name
            asked = Resource(request.method, request.segments)
            caller = await self._services.access.identify(request.headers.get("x-amz-access-token"), asked)
            if match is None or caller.seller_id is None:
                raise Denied("unknown_route")
            operation = match.operation
            if operation.roles and not operation.roles & caller.roles:
                raise Denied("role")
            headers = self._spend(operation, caller, caller.seller_id)
            _ = request.query  # one that is no text is refused even where nobody reads it
            call = Call(request, match.parameters, caller, caller.seller_id, self._services, headers)
            return name, await operation.handle(call)
        except Throttled as problem:
            return name, problem_response(problem, request.request_id, _rate(match.operation) if match else ())
        except Problem as problem:
            # The rate is told on 20x, 400 and 404, never to the unauthorised (and on 429, as clients wait by it).
            return name, problem_response(problem, request.request_id, () if isinstance(problem, Denied) else headers)

    def _spend(self, operation: Operation, caller: Caller, seller_id: str) -> Headers:
        if operation.quota is None:
            return ()
        if self._throttle is not None:
            wait = self._throttle.spend((caller.client_id, seller_id, operation.name), operation.quota)
            if not wait and operation.application_quota is not None:
                wait = self._throttle.spend((caller.client_id, operation.name), operation.application_quota)
            if wait:
                raise Throttled(wait)
        return _rate(operation)

    def failure(self, request: Request, problem: Exception) -> Response:
        return problem_response(problem, request.request_id)


def _rate(operation: Operation) -> Headers:
    return (("x-amzn-RateLimit-Limit", str(float(operation.quota.rate))),) if operation.quota else ()
