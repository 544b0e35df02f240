"""Who is let in, what the others are told, and what stands in every answer's head."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from entrepot.services.access import Access
from entrepot.services.secrets import Keyring
from entrepot.storage.database import Database
from tests.running import RunningServer
from tests.spapi.program import (
    CA,
    DE,
    INVALID,
    INVENTORY,
    ITEMS,
    NOT_FOUND,
    REGION,
    SUMMARIES,
    US,
    NewSeller,
    Program,
    denied,
    errors,
    next_token,
    skus_of,
    summaries_target,
)

MISSING = "Access token is missing in the request header."
MALFORMED = "The access token you provided is revoked, malformed or invalid."
EXPIRED = "The access token you provided has expired."
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def assert_denied(response: httpx.Response, details: str) -> None:
    assert (response.status_code, response.json()) == (403, denied(details))
    assert response.headers["x-amzn-ErrorType"] == "AccessDeniedException"
    assert response.headers["content-type"] == "application/json"
    assert UUID.fullmatch(response.headers["x-amzn-RequestId"])
    assert "x-amzn-RateLimit-Limit" not in response.headers


# Tokens


@pytest.mark.parametrize("token", [None, ""])
def test_a_request_without_token_is_told_that_it_is_missing(program: Program, token: str | None) -> None:
    response = program.call("GET", summaries_target(), headers={"x-amz-access-token": token})

    assert_denied(response, MISSING)


GARBAGE = {
    "a word": "garbage",
    "the prefix alone": "Atza|",
    "not base64": "Atza|***",
    "sealed by nobody": "Atza|" + "A" * 200,
    "longer than any": "Atza|" + "A" * 3000,
    "not ASCII": "Atza|\xe4",
}


@pytest.mark.parametrize("token", GARBAGE.values(), ids=GARBAGE)
def test_a_garbage_token_is_told_so(program: Program, token: str) -> None:
    response = program.call("GET", summaries_target(), headers={"x-amz-access-token": token})

    assert_denied(response, MALFORMED)


def test_a_token_changed_in_one_letter_is_garbage(program: Program) -> None:
    changed = program.token[:-1] + ("A" if program.token[-1] != "A" else "B")

    response = program.call("GET", summaries_target(), headers={"x-amz-access-token": changed})

    assert_denied(response, MALFORMED)


def test_a_refresh_token_is_no_access_token(program: Program) -> None:
    refresh_token = program.credentials["spapi"]["refresh_token"]

    response = program.call("GET", summaries_target(), headers={"x-amz-access-token": refresh_token})

    assert_denied(response, MALFORMED)


async def token_issued(program: Program, seconds_ago: float) -> str:
    """An access token as the server would have given it then: sealed with its key."""
    database = await Database.open(json.loads((program.server.data / "server.json").read_text())["database"])
    keyring = Keyring.load(program.server.data / "secret.key")
    try:
        access = Access(database, keyring, now=lambda: time.time() - seconds_ago)
        return (await access.refresh(**program.credentials["spapi"])).access_token
    finally:
        await database.close()


async def test_a_token_lives_for_an_hour_and_is_then_told_that_it_has_expired(program: Program) -> None:
    fresh, old = await token_issued(program, 3500), await token_issued(program, 3601)

    before = program.call("GET", summaries_target(), headers={"x-amz-access-token": fresh})
    after = program.call("GET", summaries_target(), headers={"x-amz-access-token": old})

    assert before.status_code == 200
    assert_denied(after, EXPIRED)


@dataclass(frozen=True)
class Application:
    """Another application that acts for the program's seller."""

    client_id: str
    client_secret: str
    token: str
    refresh_token: str


def authorized(program: Program, **application: Any) -> Application:
    made = program.server.operator("POST", "/applications", {"name": "ERP", **application})
    both = {"seller": program.seller_id, "application": made["client_id"]}
    refresh_token = program.server.operator("POST", "/authorizations", both)["refresh_token"]
    token = program.server.access_token({"spapi": {**made, "refresh_token": refresh_token}})
    return Application(made["client_id"], made["client_secret"], token, refresh_token)


def test_a_revoked_authorization_ends_its_tokens_at_once(program: Program) -> None:
    application = authorized(program)
    headers: dict[str, str | None] = {"x-amz-access-token": application.token}
    before = program.call("GET", summaries_target(), headers=headers)

    program.server.operator(
        "POST", "/authorizations/revoke", {"seller": program.seller_id, "application": application.client_id}
    )
    after = program.call("GET", summaries_target(), headers=headers)

    assert before.status_code == 200
    assert_denied(after, MALFORMED)
    assert program.summaries().status_code == 200


def test_a_token_is_not_taken_from_an_authorization_header(program: Program) -> None:
    headers = {"x-amz-access-token": None, "authorization": f"Bearer {program.token}"}

    response = program.call("GET", summaries_target(), headers=headers)

    assert_denied(response, MISSING)


SIGNATURE: dict[str, str | None] = {
    "authorization": "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260102/us-east-1/execute-api/aws4_request, "
    "SignedHeaders=host;x-amz-access-token;x-amz-date, Signature=0",
    "x-amz-date": "20150102T030405Z",
    "x-amz-security-token": "stale",
}


def test_the_signature_of_an_old_client_is_ignored(program: Program) -> None:
    signed = program.call("GET", summaries_target(), headers=SIGNATURE)
    signed_only = program.call("GET", summaries_target(), headers={**SIGNATURE, "x-amz-access-token": None})

    assert signed.status_code == 200
    assert_denied(signed_only, MISSING)


# Hosts that clients send to a server on 127.0.0.1:8801
HOSTS = ["127.0.0.1:8801", "27.0.0.1:8801", "127.0.0.1", "sellingpartnerapi-eu.amazon.com", "api.amazon.com", "a b/c"]


@pytest.mark.parametrize("host", HOSTS)
def test_any_host_header_is_as_good_as_another(program: Program, host: str) -> None:
    response = program.call("GET", summaries_target(), headers={"host": host})

    assert response.status_code == 200


# Routes, roles, marketplaces

UNKNOWN_ROUTES = [
    ("GET", "//"),
    ("GET", "/fba/inventory/v1"),
    ("GET", f"{SUMMARIES}/"),
    ("GET", f"/{SUMMARIES}"),
    ("GET", "/fba/inventory/v1/Summaries"),
    ("GET", "/fba/inventory/v2/summaries"),
    ("GET", "/fba/inventory/v1/items/../summaries"),
    ("GET", "/fba/inventory/v1%2Fsummaries"),
    ("POST", SUMMARIES),
    ("HEAD", SUMMARIES),
    ("OPTIONS", SUMMARIES),
    ("GET", ITEMS),
    ("PUT", ITEMS),
    ("PATCH", f"{ITEMS}/SKU"),
    ("GET", f"{ITEMS}/SKU"),
    ("DELETE", f"{ITEMS}/"),
    ("DELETE", f"{ITEMS}/S/1?marketplaceId={US}"),
    ("BREW", ITEMS),
]


@pytest.mark.parametrize(("method", "path"), UNKNOWN_ROUTES)
def test_an_unknown_route_or_method_is_denied_without_details(program: Program, method: str, path: str) -> None:
    known = program.call(method, path)
    nobody = program.call(method, path, headers={"x-amz-access-token": None})

    if method == "HEAD":
        assert (known.status_code, known.content, nobody.status_code) == (403, b"", 403)
    else:
        assert_denied(known, "")
        assert_denied(nobody, MISSING)


OPERATIONS: dict[str, tuple[str, Callable[[str], str], Callable[[str], Any]]] = {
    "getInventorySummaries": ("GET", summaries_target, lambda marketplace: None),
    "createInventoryItem": (
        "POST",
        lambda marketplace: ITEMS,
        lambda marketplace: {"sellerSku": "NONE", "marketplaceId": marketplace, "productName": "A kettle"},
    ),
    "addInventory": (
        "POST",
        lambda marketplace: INVENTORY,
        lambda marketplace: {
            "x-amzn-idempotency-token": "t",
            "inventoryItems": [{"sellerSku": "NONE", "marketplaceId": marketplace, "quantity": 1}],
        },
    ),
    "deleteInventoryItem": (
        "DELETE",
        lambda marketplace: f"{ITEMS}/NONE?marketplaceId={marketplace}",
        lambda marketplace: None,
    ),
}


def do(program: Program, operation: str, marketplace: str = US, **headers: str) -> httpx.Response:
    method, target, body = OPERATIONS[operation]
    return program.call(method, target(marketplace), json=body(marketplace), headers={**headers})


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_application_without_the_role_is_denied_without_details(program: Program, operation: str) -> None:
    application = authorized(program, roles=["Pricing", "Inventory and Order Tracking"])

    response = do(program, operation, **{"x-amz-access-token": application.token})

    assert_denied(response, "")


@pytest.mark.parametrize("role", ["Amazon Fulfillment", "Product Listing"])
def test_either_of_two_roles_suffices(program: Program, role: str) -> None:
    application = authorized(program, roles=[role])

    response = do(program, "getInventorySummaries", **{"x-amz-access-token": application.token})

    assert response.status_code == 200


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_token_without_seller_opens_no_seller_operation(program: Program, operation: str) -> None:
    form = {"grant_type": "client_credentials", "scope": "sellingpartnerapi::notifications"}
    answer = program.http.post("/auth/o2/token", data={**form, **program.credentials["spapi"]}).json()

    response = do(program, operation, **{"x-amz-access-token": answer["access_token"]})

    assert_denied(response, "")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("marketplace", [DE, "A1AM78C64UM0Y8"], ids=["another region's", "one he does not sell in"])
def test_a_marketplace_that_is_not_the_sellers_is_denied(program: Program, operation: str, marketplace: str) -> None:
    response = do(program, operation, marketplace)

    assert_denied(response, REGION)


# The head of every answer


def answers(program: Program) -> dict[str, httpx.Response]:
    """One answer of each kind."""
    return {
        "200": program.summaries(),
        "200 of a write": program.create(program.new_sku()),
        "400": program.summaries(granularityType="Country"),
        "400 of a write": program.create(""),
        "403": program.call("GET", "/unknown"),
        "404": program.add(("NONE", 1)),
        "413": program.call("POST", ITEMS, content=b" " * (5 * 1024 * 1024 + 1)),
    }


LIMITS = {"200": "2.0", "200 of a write": "5.0", "400": "2.0", "400 of a write": "5.0", "404": "5.0"}


def test_the_rate_is_told_with_every_answer_that_a_plan_was_applied_to(program: Program) -> None:
    found = {name: response.headers.get("x-amzn-RateLimit-Limit") for name, response in answers(program).items()}

    assert found == {"403": None, "413": None, **LIMITS}


def test_the_request_id_of_every_answer_is_in_the_servers_log(program: Program, server: RunningServer) -> None:
    responses = answers(program)
    responses["token"] = program.http.post("/auth/o2/token")

    ids = {response.headers["x-amzn-RequestId"]: response.status_code for response in responses.values()}
    logged = wait_for_lines(server, set(ids))

    assert all(UUID.fullmatch(request_id) for request_id in ids)
    assert len(ids) == len(responses)
    assert {request_id: line["status"] for request_id, line in logged.items()} == ids
    assert {line["door"] for line in logged.values()} == {"spapi", "lwa"}


def wait_for_lines(server: RunningServer, request_ids: set[str]) -> dict[str, dict[str, Any]]:
    """The log's lines about these requests: each is written once its answer was sent."""
    deadline = time.monotonic() + 10
    while True:
        lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
        found = {line["request_id"]: line for line in lines if line.get("request_id") in request_ids}
        if len(found) == len(request_ids) or time.monotonic() > deadline:
            return found
        time.sleep(0.02)


def test_no_token_and_no_secret_stands_in_the_log(program: Program, server: RunningServer) -> None:
    responses = [
        program.summaries(),
        program.call("GET", "/unknown?refresh_token=leak-1", headers={"x-amz-access-token": "Atza|leak-2"}),
        program.http.post("/auth/o2/token", data={"client_secret": "leak-3", **program.credentials["spapi"]}),
    ]

    wait_for_lines(server, {response.headers["x-amzn-RequestId"] for response in responses})
    log = server.log.read_text()

    secrets = [program.token, *program.credentials["spapi"].values(), "leak-1", "leak-2", "leak-3"]
    known = program.credentials["spapi"]["client_id"]  # a name, not a secret
    assert [secret for secret in secrets if secret in log and secret != known] == []


def test_refusals_are_spelled_as_amazon_spells_them(program: Program) -> None:
    found = {name: response.json() for name, response in answers(program).items() if not response.is_success}

    assert found == {
        "400": errors("InvalidInput", INVALID, "granularityType is required and must be Marketplace"),
        "400 of a write": errors("InvalidInput", INVALID, "a SKU has 1 to 40 characters"),
        "403": denied(""),
        "404": errors("NotFound", NOT_FOUND, "SKU 'NONE' does not exist"),
        "413": errors(
            "InvalidRequest",
            "The request payload size is greater than maximum accepted size.",
            "the request body exceeds 5242880 bytes",
        ),
    }


def test_tokens_outlive_a_restart_of_the_server(new_seller: NewSeller, limited_server: RunningServer) -> None:
    program = new_seller(on=limited_server, marketplaces=["US", "CA"])
    for number in range(51):
        program.world("create_item", sku=f"{number:02}", title="A kettle", marketplace=CA)
    page_token = next_token(program.summaries(CA))

    limited_server.stop()
    limited_server.start()
    second_page = program.summaries(CA, nextToken=page_token)

    assert skus_of(second_page) == ["50"]
