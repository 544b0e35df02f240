"""How SP-API says what went wrong: meaning → status, code, message, details.

Sources: the answers observed in production and in the sandbox (SP-API reference §1.3, §2.1). Every non-2xx answer
has a non-empty `errors` list with code and message, because several clients look at nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from entrepot.api.http import Headers, Response, json_response
from entrepot.domain import errors
from entrepot.services.locations import WHY_NOT


@dataclass(frozen=True)
class Spelling:
    status: int
    code: str
    message: str | None  # None, here and below: the problem's own text
    details: str | None = None


_INPUT: Final = Spelling(400, "InvalidInput", "Invalid request, please check your input.")
DENIED: Final = "Access to requested resource is denied."

ERRORS: Final[dict[type[errors.Problem], Spelling]] = {
    errors.Invalid: _INPUT,
    errors.AlreadyExists: _INPUT,
    errors.Shortage: _INPUT,
    errors.NotAllowed: _INPUT,
    errors.Archived: _INPUT,  # Supply Sources have a word of their own
    errors.KeyReused: _INPUT,
    errors.Rejected: _INPUT,  # outside of Listings, which answer 200 with the issues
    errors.StaleToken: Spelling(400, "InvalidInput", "Next token is invalid or expired", ""),
    errors.Denied: Spelling(403, "Unauthorized", DENIED),
    errors.NotFound: Spelling(404, "NotFound", "The requested resource doesn't exist."),
    errors.TooLarge: Spelling(413, "InvalidRequest", "The request payload size is greater than maximum accepted size."),
    errors.Throttled: Spelling(429, "QuotaExceeded", "You exceeded your quota for the requested resource.", ""),
    errors.Unavailable: Spelling(
        503, "ServiceUnavailable", "Service is temporarily unavailable. Please try again.", ""
    ),
}
UNPARSABLE: Final = Spelling(400, "InvalidInput", "Request has missing or invalid parameters and cannot be parsed.")
NOT_ISO: Final = "Query parameter [startDateTime] value is not a valid ISO date-time object"
TIMEOUT: Final = Spelling(408, "InvalidRequest", "The request was not received in time.", "")
CRASH: Final = Spelling(500, "InternalFailure", "We encountered an internal error. Please try again.", "")

# Why access was denied, as SP-API says it in `details`.
DENIALS: Final[dict[str, str]] = {
    "missing": "Access token is missing in the request header.",
    "malformed": "The access token you provided is revoked, malformed or invalid.",
    "revoked": "The access token you provided is revoked, malformed or invalid.",
    "expired": "The access token you provided has expired.",
    "role": "",
    "unknown_route": "",
    "region": "The marketplaces you provided are not valid for region.",
    "another_seller": "The seller id in the path is not the one that authorised this application.",  # ours
    **WHY_NOT,
}


def error(spelling: Spelling, text: str, request_id: str, headers: Headers = ()) -> Response:
    """An `errors` list of one; `text` is the problem's own, used where the table leaves the details open."""
    details = text if spelling.details is None else spelling.details
    message = text if spelling.message is None else spelling.message
    body = {"errors": [{"code": spelling.code, "message": message, "details": details}]}
    kind = (("x-amzn-ErrorType", "AccessDeniedException"),) if spelling.status == 403 else ()
    return json_response(spelling.status, body, (("x-amzn-RequestId", request_id), *kind, *headers))


class Unparsable(errors.Invalid):
    """The body is not what the operation's model says."""


class BadStartDate(errors.Invalid):
    """startDateTime is no date-time: SP-API has a sentence of its own for it."""


Handle = Callable[[Any], Awaitable[Response]]


def spelled(table: Mapping[type[errors.Problem], Spelling]) -> Callable[[Handle], Handle]:
    """For an API with spellings of its own: the problems of the table in its words, all others as everywhere."""

    def decorate(handle: Handle) -> Handle:
        @wraps(handle)
        async def answer(call: Any) -> Response:
            try:
                return await handle(call)
            except errors.Problem as problem:
                meaning = next((kind for kind in type(problem).__mro__ if kind in table), None)
                if meaning is None:
                    raise
                return error(table[meaning], problem.message, call.request.request_id, call.headers)

        return answer

    return decorate


def problem_response(problem: Exception, request_id: str, headers: Headers = ()) -> Response:
    """Any exception in this dialect; what is not a known meaning says nothing about itself."""
    if isinstance(problem, TimeoutError):
        return error(TIMEOUT, "", request_id, headers)
    if isinstance(problem, Unparsable):
        return error(UNPARSABLE, problem.message, request_id, headers)
    if isinstance(problem, BadStartDate):
        return error(Spelling(400, "InvalidInput", NOT_ISO, ""), "", request_id, headers)
    for meaning in type(problem).__mro__:
        if meaning in ERRORS:
            spelling = ERRORS[meaning]
            return error(spelling, _text(problem), request_id, headers)
    return error(CRASH, "", request_id, headers)


def _text(problem: Exception) -> str:
    if isinstance(problem, errors.Denied):
        return DENIALS[problem.reason]
    return problem.message if isinstance(problem, errors.Problem) else ""
