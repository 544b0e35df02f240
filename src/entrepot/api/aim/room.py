"""The AIM room: who is it, which operation, for which region and platform, then the operation.

Every request brings HTTP Basic credentials; nothing of a body is read before they are found right. GET is as good as
POST, a trailing slash as none, and `/exe/` as `/exec/` (AIM reference §3.1, §4 H1, H4).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from entrepot.api.aim import auth
from entrepot.api.aim.availability import available, marketplace_of, served
from entrepot.api.aim.messages import Refused, not_authenticated, problem_response
from entrepot.api.aim.parameters import Parameters
from entrepot.api.http import Request, Response
from entrepot.api.operation import MIB, Operation, Routes
from entrepot.domain.errors import Invalid, Problem
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.services.access import Access
from entrepot.services.batches import Batches, Standing
from entrepot.services.callers import Seller
from entrepot.services.reports import Reports

PREFIXES: Final = ("/exec/panama/", "/exe/panama/")
METHODS: Final = ("GET", "POST")
# Of the longest files, which are stored while they come; most kinds have a limit of their own (`operations`).
BODY_LIMIT: Final = 100 * MIB
# Clients of the time wait ten minutes for an upload.
BODY_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Services:
    """What the operations call."""

    access: Access
    batches: Batches
    reports: Reports
    strict: bool  # the server's fidelity, where the seller has none of his own


@dataclass(frozen=True)
class Call:
    """A request whose seller and operation are known, and what holds for it."""

    request: Request
    chunks: AsyncIterator[bytes]
    parameters: Parameters
    seller: Seller
    marketplace: Marketplace
    standing: Standing
    strict: bool
    services: Services

    @property
    def seller_id(self) -> str:
        return self.seller.seller_id

    @property
    def platform(self) -> str:
        return self.standing.policies.aim_platform

    @property
    def now(self) -> datetime:
        return self.standing.now

    @property
    def origin(self) -> Origin:
        """Who asked, for the journal."""
        return Origin("aim", self.seller.email)

    def allows(self, feature: str) -> bool:
        """Whether a feature may be used: with strict fidelity only where the guide has it."""
        return not self.strict or available(feature, self.marketplace.code, self.platform)


class AimRoom:
    name = "aim"
    body_limit = BODY_LIMIT
    body_seconds = BODY_SECONDS

    def __init__(self, services: Services, operations: tuple[Operation, ...]) -> None:
        self._services = services
        self._routes = Routes(operations)

    async def answer(self, request: Request) -> tuple[str, Response]:
        return await self.answer_stream(request, _nothing())

    async def answer_stream(self, request: Request, chunks: AsyncIterator[bytes]) -> tuple[str, Response]:
        name = "unknown"
        try:
            seller = await self._identify(request)
            operation = self._operation(request)
            name = operation.name
            return name, await operation.handle(await self._call(request, chunks, seller))
        except (Refused, Problem, TimeoutError) as problem:
            return name, problem_response(problem)

    async def _identify(self, request: Request) -> Seller:
        given = auth.credentials(request.headers.get("authorization"))
        seller = None if given is None else await self._services.access.login(*given)
        if seller is None:
            raise not_authenticated()
        return seller

    def _operation(self, request: Request) -> Operation:
        # An operation's method is POST, as in the guide.
        plain = replace(request, method="POST", raw_path=request.raw_path.rstrip("/"))
        try:
            match = self._routes.match(plain)
        except Invalid:  # a path that is no text is none of ours
            match = None
        if match is None:
            raise Refused("FILE_NOT_FOUND", 404)
        if request.method not in METHODS:
            raise Refused("FILE_NOT_FOUND", 405, (("Allow", ", ".join(METHODS)),))
        return match.operation

    async def _call(self, request: Request, chunks: AsyncIterator[bytes], seller: Seller) -> Call:
        standing = await self._services.batches.standing(seller.seller_id)
        marketplace = marketplace_of(request.host) or MARKETPLACES[seller.marketplaces[0]]
        strict = _strict(standing.policies.fidelity, seller.fidelity, self._services.strict)
        call = Call(
            request,
            chunks,
            Parameters.of(request.headers),
            seller,
            marketplace,
            standing,
            strict,
            self._services,
        )
        if marketplace.id not in seller.marketplaces or (strict and not _as_the_guide_demands(call)):
            raise Refused("CUSTOMER_UNAUTHORIZED")
        return call

    def failure(self, request: Request, problem: Exception) -> Response:
        return problem_response(problem)


def _strict(policy: str, of_the_seller: str | None, of_the_server: bool) -> bool:
    """The seller's policy goes first, then what he was made with, then the server's fidelity."""
    if policy != "AS_SERVER":
        return policy == "STRICT"
    return of_the_server if of_the_seller is None else of_the_seller == "strict"


def _as_the_guide_demands(call: Call) -> bool:
    """A region that had AIM; the content type; and the cookies, which Seller Central does not mandate."""
    headers = call.request.headers
    return (
        served(call.marketplace.code, call.platform)
        and auth.is_xml(headers.get("content-type"))
        and (call.platform == "SELLER_CENTRAL" or auth.has_cookies(headers.get("cookie")))
    )


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield
