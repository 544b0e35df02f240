"""The token endpoint, byte for byte."""

from __future__ import annotations

import base64
import json
from typing import Any, NoReturn, cast
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.api.http import Request, Response
from entrepot.api.spapi import lwa
from entrepot.domain.errors import Unavailable
from entrepot.services.access import Access, GrantRefused
from entrepot.services.roles import SCOPES
from entrepot.services.secrets import Keyring
from entrepot.storage.database import Database

FORM = "application/x-www-form-urlencoded;charset=UTF-8"
KEYRING = Keyring(b"k" * 32, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
BACK = "https://app.example/back?a=1&b=ü"

INVALID_GRANT = {
    "error": "invalid_grant",
    "error_description": "The request has an invalid grant parameter : refresh_token. "
    "User may have revoked or didn't grant the permission.",
}
INVALID_CODE = {"error": "invalid_grant", "error_description": "The request has an invalid grant parameter : code"}
INVALID_CLIENT = {"error": "invalid_client", "error_description": "Client authentication failed"}
INVALID_SCOPE = {"error": "invalid_scope", "error_description": "The request has an invalid parameter : scope"}
UNSUPPORTED = {
    "error": "unsupported_grant_type",
    "error_description": "The authorization grant type is not supported by the authorization server",
}


def missing(parameter: str) -> dict[str, str]:
    description = f"The request is missing a required parameter : {parameter}"
    return {"error": "invalid_request", "error_description": description}


@pytest.fixture(scope="module")
def access(database: Database) -> Access:
    return Access(database, KEYRING)


@pytest.fixture(scope="module")
async def client(access: Access) -> dict[str, str]:
    """Parameters that give a token: those of a seller with an application of his own."""
    seller = await access.add_seller("ann@lwa.example", "secret", "Ann")
    assert seller.spapi is not None
    return {
        "grant_type": "refresh_token",
        "refresh_token": seller.spapi.refresh_token,
        "client_id": seller.spapi.client_id,
        "client_secret": seller.spapi.client_secret,
    }


def request(
    body: bytes | str = b"", content_type: str | None = FORM, query: str = "", method: str = "POST", **headers: str
) -> Request:
    if content_type is not None:
        headers["content-type"] = content_type
    raw = body.encode() if isinstance(body, str) else body
    return Request(method, "/auth/o2/token", query, headers, raw)


def form(parameters: dict[str, str], **changes: str | None) -> str:
    return urlencode({name: value for name, value in {**parameters, **changes}.items() if value is not None})


def body(response: Response) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(response.body)
    return decoded


async def test_a_token_is_answered_as_amazon_does(access: Access, client: dict[str, str]) -> None:
    response = await lwa.token(request(form(client)), access)

    answer = body(response)
    assert response.status == 200
    assert response.content_type == "application/json"
    assert dict(response.headers) == {"Cache-Control": "no-store", "Pragma": "no-cache"}
    assert list(answer) == ["access_token", "token_type", "expires_in", "refresh_token"]
    assert answer["access_token"].startswith("Atza|")
    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 3600
    assert isinstance(answer["expires_in"], int)
    assert answer["refresh_token"] == client["refresh_token"]
    assert (await access.identify(answer["access_token"])).client_id == client["client_id"]


def spellings(client: dict[str, str]) -> dict[str, Request]:
    """Every way in which programs are known to send the parameters."""
    as_json, as_form = json.dumps(client), form(client)
    name_and_secret = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    return {
        "form": request(as_form),
        "form, nothing escaped": request("&".join(f"{name}={value}" for name, value in client.items())),
        "form called JSON": request(as_form, "application/json"),
        "form called nothing": request(as_form, None),
        "form called text": request(as_form, "text/plain"),
        "form, unknown fields and repetitions": request("x=1&" + as_form + "&grant_type=password&client_id="),
        "JSON": request(as_json, "application/json"),
        "JSON with a charset": request(as_json, "Application/JSON; charset=utf-8"),
        "JSON called a form": request(as_json, FORM),
        "JSON called nothing": request(as_json, None),
        "JSON with a mark, blanks and other members": request(
            "\ufeff " + json.dumps({"a": [1, {}], **client, "b": None}), "application/json"
        ),
        "query": request(b"", FORM, query=as_form),
        "query and an empty JSON object": request("{}", "application/json", query=as_form),
        "query and form": request(
            form(client, grant_type=None), FORM, query="grant_type=refresh_token&client_secret=overridden"
        ),
        "Basic authentication": request(
            form(client, client_id=None, client_secret=None), authorization=f"Basic {name_and_secret}"
        ),
        "the signature of an old client": request(as_form, authorization="AWS4-HMAC-SHA256 Credential=AKIA/x"),
        "a Basic header that is none": request(as_form, authorization="Basic \xff"),
    }


@pytest.mark.parametrize("spelling", spellings(dict.fromkeys(["client_id", "client_secret", "grant_type"], "")))
async def test_parameters_are_understood_in_every_known_spelling(
    access: Access, client: dict[str, str], spelling: str
) -> None:
    response = await lwa.token(spellings(client)[spelling], access)

    assert (response.status, list(body(response))[:1]) == (200, ["access_token"])


async def test_only_basic_authentication_names_the_client(access: Access, client: dict[str, str]) -> None:
    name_and_secret = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    nameless = form(client, client_id=None, client_secret=None)

    response = await lwa.token(request(nameless, authorization=f"Bearer {name_and_secret}"), access)

    assert (response.status, body(response)) == (400, missing("client_id"))


async def test_an_application_alone_is_answered_without_a_refresh_token(access: Access) -> None:
    application = await access.add_application("ERP")
    parameters = {
        "grant_type": "client_credentials",
        "scope": SCOPES[0],
        "client_id": application.client_id,
        "client_secret": application.client_secret,
    }

    response = await lwa.token(request("&".join(f"{name}={value}" for name, value in parameters.items())), access)

    assert (response.status, list(body(response))) == (200, ["access_token", "token_type", "expires_in"])


async def test_a_code_is_exchanged_once(access: Access) -> None:
    seller = await access.add_seller("codes@lwa.example", "secret", "Ann")
    application = await access.add_application("ERP", redirect_uris=[BACK])
    parameters = {
        "grant_type": "authorization_code",
        "code": await access.authorization_code(seller.seller_id, application.client_id, BACK),
        "redirect_uri": BACK,
        "client_id": application.client_id,
        "client_secret": application.client_secret,
    }

    elsewhere = await lwa.token(request(form(parameters, redirect_uri="https://evil.example")), access)
    first = await lwa.token(request(form(parameters)), access)
    second = await lwa.token(request(form(parameters)), access)

    assert (elsewhere.status, body(elsewhere)) == (400, INVALID_CODE)
    assert (first.status, list(body(first))) == (200, ["access_token", "token_type", "expires_in", "refresh_token"])
    assert (second.status, body(second)) == (400, INVALID_CODE)


@pytest.mark.parametrize(
    ("changes", "status", "answer"),
    [
        # in the order of the checks: each row also breaks everything that is checked later
        ({"grant_type": None, "refresh_token": None}, 400, missing("grant_type")),
        ({"grant_type": "", "refresh_token": None}, 400, missing("grant_type")),
        ({"grant_type": "password", "refresh_token": None}, 400, UNSUPPORTED),
        ({"grant_type": "Refresh_Token"}, 400, UNSUPPORTED),
        ({"refresh_token": None, "client_id": None}, 400, missing("refresh_token")),
        ({"refresh_token": ""}, 400, missing("refresh_token")),
        ({"refresh_token": "Atzr|wrong", "client_id": None, "client_secret": None}, 400, missing("client_id")),
        ({"refresh_token": "Atzr|wrong", "client_secret": ""}, 400, missing("client_secret")),
        ({"refresh_token": "Atzr|wrong", "client_secret": "wrong"}, 401, INVALID_CLIENT),
        ({"refresh_token": "Atzr|wrong", "client_id": "\0"}, 401, INVALID_CLIENT),
        ({"refresh_token": "Atzr|wrong"}, 400, INVALID_GRANT),
        ({"grant_type": "client_credentials", "client_id": None}, 400, missing("scope")),
        ({"grant_type": "client_credentials", "scope": "x", "client_secret": "wrong"}, 401, INVALID_CLIENT),
        ({"grant_type": "client_credentials", "scope": "sellingpartnerapi::migration"}, 400, INVALID_SCOPE),
        ({"grant_type": "authorization_code"}, 400, missing("code")),
        ({"grant_type": "authorization_code", "code": "x"}, 400, missing("redirect_uri")),
        ({"grant_type": "authorization_code", "code": "x", "redirect_uri": "\0"}, 400, INVALID_CODE),
        ({"grant_type": "authorization_code", "code": "x", "redirect_uri": BACK}, 400, INVALID_CODE),
    ],
)
async def test_a_refusal_is_spelled_as_amazon_does(
    access: Access, client: dict[str, str], changes: dict[str, str | None], status: int, answer: dict[str, str]
) -> None:
    changed = {name: value for name, value in {**client, **changes}.items() if value is not None}

    responses = [
        await lwa.token(request(form(changed)), access),
        await lwa.token(request(json.dumps(changed), "application/json"), access),
    ]

    for response in responses:
        assert (response.status, response.content_type, body(response)) == (status, "application/json", answer)
        assert dict(response.headers) == {"Cache-Control": "no-store", "Pragma": "no-cache"}


@pytest.mark.parametrize(
    "unreadable",
    [
        b"",
        b"null",
        b"[]",
        b'"grant_type=refresh_token"',
        b"{",
        b'{"grant_type": 1, "client_id": null}',
        b'{"grant_type": {"a": "refresh_token"}}',
        b'{"grant_type": "\\ud800"}',
        b'{"grant_type": ' + b"[" * 100_000,
        b"&" * 100_000,
        b"a=1&" * 1000 + b"grant_type=refresh_token",
    ],
)
@pytest.mark.parametrize("content_type", [FORM, "application/json", None])
async def test_a_body_without_a_readable_grant_type_lacks_it(
    access: Access, unreadable: bytes, content_type: str | None
) -> None:
    response = await lwa.token(request(unreadable, content_type), access)

    assert (response.status, body(response)) == (400, missing("grant_type"))


@pytest.mark.parametrize(
    ("content", "query"),
    [(b"\xff\xfe\x00", ""), (b'{"grant_type": "\xe4"}', ""), (b"x=%ED%A0%80", ""), (b"", "x=%E4"), (b"{}", "%E4=x")],
)
async def test_what_is_not_utf_8_is_said_to_be_so(access: Access, content: bytes, query: str) -> None:
    response = await lwa.token(request(content, query=query), access)

    assert response.status == 400
    assert body(response) == {"error": "invalid_request", "error_description": "The request is not UTF-8"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "post", ""])
async def test_only_post_is_allowed(access: Access, client: dict[str, str], method: str) -> None:
    response = await lwa.token(request(form(client), method=method, query=form(client)), access)

    assert response.status == 405
    assert body(response)["error"] == "invalid_request"
    assert dict(response.headers)["Allow"] == "POST"


async def test_a_server_without_a_database_says_so_in_json(client: dict[str, str]) -> None:
    class Stopped:
        def read(self) -> NoReturn:
            raise Unavailable("stopping")

    response = await lwa.token(request(form(client)), Access(cast(Database, Stopped()), KEYRING))

    assert (response.status, body(response)["error"]) == (503, "temporarily_unavailable")


def test_every_refusal_of_a_grant_has_a_row() -> None:
    refusals = {parameter for grant in lwa.GRANTS.values() for parameter in grant.parameters}

    assert refusals - {"client_id", "redirect_uri"} <= set(lwa.REFUSALS)
    assert GrantRefused("code").parameter in lwa.REFUSALS


# Whatever comes in, JSON goes out

_NAMES = st.sampled_from(["grant_type", "refresh_token", "client_id", "client_secret", "scope", "code", "redirect_uri"])
_VALUES = st.one_of(st.text(), st.sampled_from([*lwa.GRANTS, *SCOPES, "amzn1.application-oa2-client." + "0" * 32]))
_PARAMETERS = st.dictionaries(_NAMES, _VALUES)
_FORMS = _PARAMETERS.map(lambda given: urlencode(given, errors="surrogatepass").encode())
_JSON = st.dictionaries(_NAMES, st.one_of(_VALUES, st.none(), st.integers(), st.lists(st.text()))).map(
    lambda given: json.dumps(given).encode()
)
_TYPES = st.one_of(st.none(), st.sampled_from([FORM, "application/json", "text/xml", ";"]), st.text())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.one_of(st.binary(), _FORMS, _JSON),
    content_type=_TYPES,
    query=st.one_of(st.text(), _FORMS.map(bytes.decode)),
    authorization=st.one_of(st.text(), st.binary().map(lambda raw: "Basic " + base64.b64encode(raw).decode())),
    method=st.sampled_from(["POST", "POST", "POST", "GET"]),
)
async def test_no_request_breaks_the_token_endpoint(
    access: Access, content: bytes, content_type: str | None, query: str, authorization: str, method: str
) -> None:
    response = await lwa.token(request(content, content_type, query, method, authorization=authorization), access)

    assert response.status in (400, 401, 405)
    assert set(body(response)) == {"error", "error_description"}


@settings(max_examples=200, deadline=None)
@given(changed=_NAMES, value=st.text(min_size=1), grant_type=st.sampled_from(sorted(lwa.GRANTS)))
async def test_no_parameter_breaks_an_otherwise_good_request(
    access: Access, client: dict[str, str], changed: str, value: str, grant_type: str
) -> None:
    good = {**client, "scope": SCOPES[0], "code": "x", "redirect_uri": BACK, "grant_type": grant_type}

    response = await lwa.token(request(json.dumps({**good, changed: value}), "application/json"), access)

    assert response.status in (200, 400, 401)
    assert ("access_token" in body(response)) == (response.status == 200)
