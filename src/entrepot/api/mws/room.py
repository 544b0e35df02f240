"""The MWS room: where to, by whom, when, signed how, for which seller, how often; then the operation.

Sources: MWS reference §1 and §3. The order of checks is ours, as no source gives one; the first that fails is said:

| check | refusal |
|---|---|
| the request line is shorter than 8190 bytes | 414, an HTML page |
| the User-Agent has at most 500 characters; no other rule of it is enforced | 400 UserAgentHeaderMalformed |
| `GET /` without parameters is a ping | – |
| GET or POST; a form of at most 1 MiB | 400 InvalidRequest, InvalidParameterValue |
| the path is that of a section, or `/` | 404 InvalidAddress |
| Action and Version are there | 400 InvalidRequest |
| the version is the section's, and the operation there; on `/` they alone say which section | 404 InvalidAddress |
| SubmitFeed comes by POST | 400 InvalidRequest |
| AWSAccessKeyId is there, and known | 400 InvalidRequest; 403 InvalidAccessKeyId |
| Signature, SignatureMethod, SignatureVersion, Timestamp or Expires, SellerId or Merchant: there and readable | 400 |
| Timestamp within 15 minutes of real time, Expires not passed | 400 RequestExpired |
| the signature, for one of three spellings of the host | 403 SignatureDoesNotMatch |
| the seller's own token, where somebody else asks; the seller sells where the endpoint is | 401 AccessDenied |
| the usage plan, then the hour's quota | 503 RequestThrottled, QuotaExceeded |
| every name and value is a text in UTF-8 | 400 InvalidParameterValue |
| the operation's parameters | the operation's own |

Parameters come in the query, and in the body if that is a form; a body that an operation streams is never taken for
one. Path and query are signed as they came, so that both `/FulfillmentInventory/2010-10-01` and that with a slash work.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, TypeVar

from entrepot.api.http import Request, Response
from entrepot.api.mws import messages
from entrepot.api.mws.messages import Refused, problem_response
from entrepot.api.mws.operation import Call, MwsOperation, Services
from entrepot.api.mws.parameters import Parameters, bad
from entrepot.api.mws.quotas import Hours, Quotas
from entrepot.api.mws.sections import HOSTS, SECTIONS, Section
from entrepot.api.operation import MIB, Throttle
from entrepot.domain.errors import Denied, Problem, TooLarge, Unavailable
from entrepot.domain.identifiers import SELLER_ID
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.services.callers import MwsAccount
from entrepot.wire import query_signing, timestamps

T = TypeVar("T")

FORM: Final = "application/x-www-form-urlencoded"
FORM_LIMIT: Final = 1 * MIB
METHODS: Final = ("GET", "POST")
ROOT: Final = ("", "/")
SELLER: Final = ("SellerId", "Merchant")  # two names of one thing
_SHOWN: Final = 100
REQUEST_LINE_MAX: Final = 8190
USER_AGENT_MAX: Final = 500
WINDOW_SECONDS: Final = 15 * 60
# A database that has not said by then who asks is away.
IDENTITY_SECONDS: Final = 10.0
# Feeds of a size that was allowed took their time.
BODY_SECONDS: Final = 900.0

# What SP-API's paths never look like: a capital, and a date alone.
_SECTION_PATH: Final = re.compile(r"/([A-Z][A-Za-z]*)/(\d{4}-\d\d-\d\d)/?")
_SECTION_BEGINS: Final = tuple(f"/{section.name}" for section in SECTIONS)

DENIALS: Final = {
    "missing": "Missing required MWSAuthToken for Seller.",
    "malformed": "AuthToken is not valid for SellerId and AWSAccountId",
}


def claims(request: Request) -> bool:
    """Whether a request is MWS's: by its path, or by the host that it is for."""
    path = request.raw_path
    return (
        path == "/"
        or _SECTION_PATH.fullmatch(path) is not None
        or path.startswith(_SECTION_BEGINS)
        or request.host in HOSTS
    )


class MwsRoom:
    """`now`: real time in seconds; `throttle`: None where there are no limits."""

    name = "mws"
    body_seconds = BODY_SECONDS

    def __init__(
        self,
        services: Services,
        throttle: Throttle | None,
        operations: tuple[MwsOperation, ...],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._services = services
        self._now = now
        self._quotas = Quotas(throttle, Hours(now))
        self._operations = {(one.section, one.action): one for one in operations}
        self._streaming = frozenset(one.action for one in operations if one.streams)
        self.body_limit = services.documents.limit

    async def answer(self, request: Request) -> tuple[str, Response]:
        return await self.answer_stream(request, _once(request.body))

    async def answer_stream(self, request: Request, chunks: AsyncIterator[bytes]) -> tuple[str, Response]:
        if _line_length(request) >= REQUEST_LINE_MAX:
            return "refused", messages.too_long()
        if request.method == "GET" and request.raw_path in ROOT and not request.query_string:
            return "ping", messages.ping(request.request_id, self._now())
        name, section = "unknown", _section_of(request)
        try:
            _check_user_agent(request)
            parameters, rest = await self._parameters(request, chunks)
            operation = self._operation(request, parameters)
            name, section = operation.name, operation.section
            try:
                return name, await self._operate(request, parameters, operation, rest)
            except Unavailable:
                if operation.outage is None:
                    raise
                return name, operation.outage(operation.section, request.request_id, self._now())
        except (Refused, Problem, TimeoutError) as problem:
            return name, problem_response(problem, section, request.request_id, self._now(), form="gateway")

    async def _operate(
        self, request: Request, parameters: Parameters, operation: MwsOperation, chunks: AsyncIterator[bytes]
    ) -> Response:
        access_key_id, developer = await self._developer(parameters)
        _check_common(parameters)
        _check_time(parameters, self._now())
        _check_signature(request, parameters, developer)
        seller = await self._seller(parameters, developer)
        marketplace = _marketplace(request, seller)
        quota = self._quotas.spend(operation, seller.seller_id, developer.seller_id)
        call = Call(
            request,
            parameters,
            operation.section,
            operation.action,
            seller.seller_id,
            seller.marketplaces,
            marketplace,
            access_key_id,
            self._now(),
            self._services.strict if seller.fidelity is None else seller.fidelity == "strict",
            self._services,
            chunks,
        )
        try:
            parameters.check()
            response = await operation.handle(call)
        except (Refused, Problem, TimeoutError) as problem:
            response = problem_response(problem, operation.section, request.request_id, call.at)
        return replace(response, headers=(*response.headers, *quota))

    def failure(self, request: Request, problem: Exception) -> Response:
        return problem_response(problem, _section_of(request), request.request_id, self._now())

    # Where to

    async def _parameters(
        self, request: Request, chunks: AsyncIterator[bytes]
    ) -> tuple[Parameters, AsyncIterator[bytes]]:
        """All parameters, and what is left of the body."""
        if request.method not in METHODS:
            raise Refused("InvalidRequest", f"The HTTP method {request.method[:20]} is not supported.")
        query = query_signing.decoded(request.query_string.encode("utf-8", "surrogatepass"))
        alone = Parameters.of(query)
        if alone.text("Action") in self._streaming:
            return alone, chunks
        if request.method == "POST" and request.headers.get("content-type", "").lower().startswith(FORM):
            return Parameters.of([*query, *query_signing.decoded(await _whole(chunks))]), _nothing()
        return alone, _nothing()

    def _operation(self, request: Request, parameters: Parameters) -> MwsOperation:
        sections = _sections(request, parameters)
        action = parameters.text("Action") or ""
        found = next((one for section in sections if (one := self._operations.get((section, action)))), None)
        if found is None:
            text = f"Operation {action[:_SHOWN]} is not available for section {sections[0].title}"
            raise Refused("InvalidAddress", text)
        if found.streams and request.method != "POST":
            raise Refused("InvalidRequest", f"Operation {action} is available by POST only.")
        return found

    # By whom, and for whom

    async def _developer(self, parameters: Parameters) -> tuple[str, MwsAccount]:
        access_key_id = _required(parameters, "AWSAccessKeyId")
        developer = await _soon(self._services.access.mws_developer(access_key_id))
        if developer is None:
            raise Refused("InvalidAccessKeyId")
        return access_key_id, developer

    async def _seller(self, parameters: Parameters, developer: MwsAccount) -> MwsAccount:
        seller_id = parameters.text(*SELLER) or ""
        try:
            token = parameters.text("MWSAuthToken")
            return await _soon(self._services.access.mws_seller(developer, seller_id, token))
        except Denied as denied:
            raise Refused("AccessDenied", DENIALS[denied.reason]) from None


async def _soon(lookup: Coroutine[Any, Any, T]) -> T:
    """What a lookup finds. Raises Unavailable where the database says nothing."""
    try:
        async with asyncio.timeout(IDENTITY_SECONDS):
            return await lookup
    except TimeoutError:
        raise Unavailable("the database does not answer") from None


def _section_of(request: Request) -> Section | None:
    """The section of a path, with or without a slash at its end."""
    path = request.raw_path.removesuffix("/")
    return next((section for section in SECTIONS if section.path == path), None)


def _sections(request: Request, parameters: Parameters) -> list[Section]:
    """The sections that a request may mean: the path's, or, on `/`, all of its version. Raises Refused."""
    path = request.raw_path
    section = _section_of(request)
    if section is None and path not in ROOT:
        name, _, version = path.strip("/").partition("/")
        raise _invalid_section(name, version)
    _required(parameters, "Action")
    version = _required(parameters, "Version")
    found = [one for one in SECTIONS if one.version == version and section in (None, one)]
    if not found:
        raise _invalid_section(section.name if section else version, version)
    return found


def _invalid_section(name: str, version: str) -> Refused:
    text = f"Invalid Section name or version provided - {name[:_SHOWN]}/{version[:_SHOWN]}"
    return Refused("InvalidAddress", text)


def _marketplace(request: Request, seller: MwsAccount) -> Marketplace:
    """The seller's first, of those that the host is for, if it is a host of Amazon's. Raises Refused."""
    codes = HOSTS.get(request.host)
    own = [MARKETPLACES[one] for one in seller.marketplaces]
    found = next((one for one in own if codes is None or one.code in codes), None)
    if found is None:
        raise Refused("AccessDenied")
    return found


# The checks of what every request brings; each raises Refused


def _check_user_agent(request: Request) -> None:
    if len(request.headers.get("user-agent", "")) > USER_AGENT_MAX:
        example = '(e.g. "MyAppName/build123 (Language=Java/1.2)")'
        text = f"Problem with required MWS User-Agent header {example}: it is longer than {USER_AGENT_MAX} characters."
        raise Refused("UserAgentHeaderMalformed", text)


def _check_common(parameters: Parameters) -> None:
    _required(parameters, "Signature")
    method = _required(parameters, "SignatureMethod")
    if method not in query_signing.METHODS:
        raise bad("SignatureMethod", method, f"one of {', '.join(query_signing.METHODS)}")
    version = _required(parameters, "SignatureVersion")
    if version != query_signing.VERSION:
        raise bad("SignatureVersion", version, query_signing.VERSION)
    if parameters.text("Expires") is None:
        _required(parameters, "Timestamp")
    seller_id = _required(parameters, *SELLER)
    if not SELLER_ID.fullmatch(seller_id):
        raise Refused("InvalidParameterValue", f"Invalid seller id: {seller_id[:_SHOWN]}")


def _check_time(parameters: Parameters, now: float) -> None:
    """By real time: what the clocks of sellers' worlds show is no matter here."""
    expires = _moment(parameters, "Expires")
    if expires is not None and expires < now:
        text = f"Request has expired. Expires date: {(parameters.text('Expires') or '')[:_SHOWN]}"
        raise Refused("RequestExpired", text)
    signed = _moment(parameters, "Timestamp")
    if signed is not None and abs(signed - now) > WINDOW_SECONDS:
        where = "past" if signed < now else "future"
        given = (parameters.text("Timestamp") or "")[:_SHOWN]
        text = f"Request signature is too far in the {where} and has expired. Timestamp date: {given}"
        raise Refused("RequestExpired", text)


def _moment(parameters: Parameters, name: str) -> float | None:
    value = parameters.text(name)
    if value is None:
        return None
    try:
        return timestamps.instant(value).timestamp()
    except ValueError:
        raise bad(name, value, "a date and time in ISO 8601") from None


def _check_signature(request: Request, parameters: Parameters, developer: MwsAccount) -> None:
    good = query_signing.verifies(
        developer.secret_key,
        parameters.text("SignatureMethod") or "",
        request.method,
        query_signing.hosts(request.headers.get("host", "")),
        request.raw_path,
        parameters.pairs,
        parameters.text("Signature") or "",
    )
    if not good:
        raise Refused("SignatureDoesNotMatch")


def _required(parameters: Parameters, *names: str) -> str:
    """The value of the first of these names that has one. Raises Refused."""
    value = parameters.text(*names)
    if value is None:
        raise Refused("InvalidRequest", f"parameter {names[0]} failed a validation check: value cannot be empty.")
    return value


# Bodies


def _line_length(request: Request) -> int:
    target = f"{request.raw_path}?{request.query_string}" if request.query_string else request.raw_path
    return len(f"{request.method} {target} HTTP/1.1".encode("utf-8", "surrogatepass"))


async def _whole(chunks: AsyncIterator[bytes]) -> bytes:
    """A form. Raises TooLarge beyond its limit."""
    form = bytearray()
    async for chunk in chunks:
        form += chunk
        if len(form) > FORM_LIMIT:
            raise TooLarge(FORM_LIMIT)
    return bytes(form)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield
