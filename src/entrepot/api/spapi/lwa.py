"""The token endpoint, `POST /auth/o2/token`: how grants are asked for and answered. Refuses to know what a token holds.

Checks, in this order; the first that fails is the answer:

1. the method is POST;
2. query and body are UTF-8;
3. `grant_type` is there, and known;
4. every parameter of that grant is there (the first missing one is named);
5. the client authenticates;
6. the grant itself is good.

Parameters are taken from a form or a JSON object, whatever the content type says; what is not there, from the query,
and the client's name and secret from HTTP Basic authentication: programs that do each of these work with Amazon.
"""

from __future__ import annotations

import base64
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

import msgspec

from entrepot.api.http import Request, Response, json_response
from entrepot.domain.errors import Unavailable
from entrepot.services.access import Access, GrantRefused
from entrepot.services.access_tokens import ACCESS_TOKEN_SECONDS
from entrepot.services.credentials import Tokens


@dataclass(frozen=True, slots=True)
class Grant:
    """A way to get a token: its parameters, in the order they are asked for, and who gives it."""

    parameters: tuple[str, ...]
    give: Callable[..., Awaitable[Tokens]]


_CLIENT = ("client_id", "client_secret")

GRANTS: Mapping[str, Grant] = {
    "refresh_token": Grant(("refresh_token", *_CLIENT), Access.refresh),
    "client_credentials": Grant(("scope", *_CLIENT), Access.grantless),
    "authorization_code": Grant(("code", "redirect_uri", *_CLIENT), Access.exchange),
}

# Every refusal: status, `error`, `error_description`. Seen: recorded answers of api.amazon.com, as quoted in public
# issues (amzn/selling-partner-api-docs 125, 2527, amzn/selling-partner-api-models 1238) and client libraries.
REFUSALS: Mapping[str, tuple[int, str, str]] = {
    # seen
    "missing": (400, "invalid_request", "The request is missing a required parameter : {parameter}"),
    # seen
    "grant_type": (
        400,
        "unsupported_grant_type",
        "The authorization grant type is not supported by the authorization server",
    ),
    # seen
    "client_secret": (401, "invalid_client", "Client authentication failed"),
    # seen
    "refresh_token": (
        400,
        "invalid_grant",
        "The request has an invalid grant parameter : refresh_token. "
        "User may have revoked or didn't grant the permission.",
    ),
    # seen; also for a redirect_uri that is not the code's (ours, after RFC 6749 section 5.2)
    "code": (400, "invalid_grant", "The request has an invalid grant parameter : code"),
    # seen
    "scope": (400, "invalid_scope", "The request has an invalid parameter : scope"),
    # ours
    "method": (405, "invalid_request", "The token endpoint takes POST only"),
    # ours
    "encoding": (400, "invalid_request", "The request is not UTF-8"),
    # ours; the code is that of RFC 6749 section 4.1.2.1
    "unavailable": (503, "temporarily_unavailable", "The server cannot answer just now. Please try again."),
}

_NOT_CACHED = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


async def token(request: Request, access: Access) -> Response:
    """The answer to any request whatever: 200, 400, 401, 405, or 503 without a database; always JSON."""
    if request.method != "POST":
        return _refusal("method")
    try:
        given = _parameters(request)
    except UnicodeDecodeError:
        return _refusal("encoding")
    grant_type = given.get("grant_type")
    if not grant_type:
        return _refusal("missing", "grant_type")
    grant = GRANTS.get(grant_type)
    if grant is None:
        return _refusal("grant_type")
    for parameter in grant.parameters:
        if not given.get(parameter):
            return _refusal("missing", parameter)
    try:
        tokens = await grant.give(access, **{parameter: given[parameter] for parameter in grant.parameters})
    except GrantRefused as refused:
        return _refusal(refused.parameter)
    except Unavailable:
        return _refusal("unavailable")
    return _success(tokens)


def _success(tokens: Tokens) -> Response:
    body: dict[str, str | int] = {
        "access_token": tokens.access_token,
        "token_type": "bearer",
        "expires_in": ACCESS_TOKEN_SECONDS,
    }
    if tokens.refresh_token is not None:
        body["refresh_token"] = tokens.refresh_token
    return json_response(200, body, _NOT_CACHED)


def _refusal(reason: str, parameter: str = "") -> Response:
    status, error, description = REFUSALS[reason]
    headers = (*_NOT_CACHED, ("Allow", "POST")) if status == 405 else _NOT_CACHED
    body = {"error": error, "error_description": description.format(parameter=parameter)}
    return json_response(status, body, headers)


def _parameters(request: Request) -> Mapping[str, str]:
    """All that is given. Raises UnicodeDecodeError where it is no text."""
    body = _json(request.body) or _form(request.body.decode())
    return ChainMap(body, _form(request.query_string), _basic(request.headers.get("authorization", "")))


def _json(body: bytes) -> dict[str, str]:
    """The texts among the members of a JSON object; nothing if it is none."""
    try:
        members = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=dict[str, object])
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in members.items() if isinstance(value, str)}


def _form(text: str) -> dict[str, str]:
    """The fields of a form or a query; of several with one name, the first."""
    try:
        fields = parse_qsl(text, errors="strict", max_num_fields=100)
    except UnicodeDecodeError:
        raise
    except ValueError:
        return {}
    return dict(reversed(fields))


def _basic(authorization: str) -> dict[str, str]:
    """The client's name and secret in a Basic header; nothing in any other, such as the signatures of old clients."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, _, client_secret = base64.b64decode(credentials).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": client_id, "client_secret": client_secret}
