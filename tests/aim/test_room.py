"""The room of AIM: who may come in, under which paths, by which methods, and what only strict fidelity demands."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable

import pytest

from entrepot.api.aim.operations import OPERATIONS
from entrepot.api.aim.room import _strict
from tests.aim.program import (
    GUIDE,
    INVALID_FORMAT,
    LOADER,
    NOT_FOUND,
    PASSWORD,
    PREFIX,
    SUCCESS,
    UNAUTHORIZED,
    Program,
    basic,
    outcome,
)

COUNT = "manual-reports/get-pending-uploads-count"
STATUS = "manual-reports/get-report-status"
NONE_PENDING = b"<PendingUploadsCount>0</PendingUploadsCount>"
NO_BATCHES = b"<Batches></Batches>"

Make = Callable[..., Program]


def test_there_are_eleven_functions() -> None:
    assert len(OPERATIONS) == 11


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_function_has_both_paths_both_methods_and_a_trailing_slash(
    operation: object, method: str, program: Program
) -> None:
    path = operation.path  # type: ignore[attr-defined]

    paths = (path, f"{path}/", path.replace("/exec/", "/exe/"), path.replace("/exec/", "/exe/") + "/")
    answers = {outcome(program.call(one, method=method)) for one in paths}

    assert len(answers) == 1
    [(status, body)] = answers
    assert status == 200
    assert body.startswith(b"<")


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic QWxhZGRpbjpvGVuIHNlc2FtZQ==",
        "Basic " + base64.b64encode(b"nobody@example.test:wrong").decode(),
        "Bearer abc",
    ],
    ids=["none", "empty", "the broken one of the guide", "unknown", "another scheme"],
)
@pytest.mark.parametrize("path", [STATUS, "catalog-upload/add-modify-delete", "no/such/function"])
def test_whoever_is_not_known_is_challenged(authorization: str | None, path: str, program: Program) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    response = program.http.post(program.server.url + PREFIX + path, headers=headers, content=LOADER)

    assert outcome(response) == (401, UNAUTHORIZED)
    assert response.headers["www-authenticate"].startswith("Basic realm=")
    assert response.headers["content-type"] == "text/xml"


def test_a_wrong_password_and_credentials_encoded_twice_are_challenged(program: Program) -> None:
    email = program.credentials["email"]
    once = basic(email).removeprefix("Basic ")
    twice = "Basic " + base64.b64encode(once.encode()).decode()

    for wrong in (basic(email, "not it"), basic(email, PASSWORD + " "), twice):
        assert program.call(STATUS, {"authorization": wrong}).status_code == 401


def test_right_credentials_are_let_in_at_the_second_request_too(program: Program) -> None:
    assert [outcome(program.call(COUNT)) for _ in range(3)] == [(200, NONE_PENDING)] * 3


def test_an_unknown_function_is_not_found_and_other_methods_are_not_allowed(program: Program) -> None:
    unknown = program.call("catalog-upload/no-such-function")
    put = program.call(COUNT, method="PUT")

    assert outcome(unknown) == (404, NOT_FOUND)
    assert outcome(put) == (405, NOT_FOUND)
    assert put.headers["allow"] == "GET, POST"


def test_the_forgiving_server_asks_neither_for_cookies_nor_for_a_content_type(program: Program) -> None:
    assert outcome(program.call(COUNT, {"content-type": "application/x-www-form-urlencoded"})) == (200, NONE_PENDING)


@pytest.mark.parametrize("missing", ["cookie", "content-type"])
def test_strict_fidelity_demands_what_the_guide_demands(missing: str, new_seller: Make) -> None:
    strict = new_seller(fidelity="strict")
    rest = {name: value for name, value in GUIDE.items() if name != missing}

    assert outcome(strict.call(COUNT, GUIDE)) == (200, NONE_PENDING)
    assert outcome(strict.call(COUNT, rest)) == (200, UNAUTHORIZED)


def test_seller_central_mandates_no_cookies(new_seller: Make) -> None:
    strict = new_seller(fidelity="strict")
    strict.policy(aim_platform="SELLER_CENTRAL")

    assert outcome(strict.call(COUNT, {"content-type": "text/xml"})) == (200, NONE_PENDING)


@pytest.mark.parametrize(
    ("policy", "seller", "server", "strict"),
    [
        ("AS_SERVER", None, True, True),
        ("AS_SERVER", None, False, False),
        ("AS_SERVER", "forgiving", True, False),
        ("AS_SERVER", "strict", False, True),
        ("FORGIVING", "strict", True, False),
        ("STRICT", "forgiving", False, True),
    ],
)
def test_a_sellers_policy_goes_before_what_he_was_made_with_and_that_before_the_servers(
    policy: str, seller: str | None, server: bool, strict: bool
) -> None:
    assert _strict(policy, seller, server) is strict


def test_the_policy_of_a_seller_makes_the_door_strict(new_seller: Make) -> None:
    seller = new_seller()
    seller.policy(fidelity="STRICT")

    assert outcome(seller.call(COUNT)) == (200, UNAUTHORIZED)


def test_the_host_names_the_region_and_any_other_host_is_the_sellers_first_marketplace(new_seller: Make) -> None:
    seller = new_seller()

    seller.upload(host="secure.amazon.ca")

    listed = {host: seller.call("catalog-upload/get-batches", {"host": host}).content for host in HOSTS}
    assert listed["secure.amazon.ca"].startswith(b"<Batches> <Batch>batchid=")
    assert {host for host, body in listed.items() if body == NO_BATCHES} == {
        "secure.amazon.com",
        "merchant-query.amazon.com",
        "localhost",
    }
    assert listed["secure.amazon.co.uk"] == UNAUTHORIZED


HOSTS = ("secure.amazon.com", "merchant-query.amazon.com", "localhost", "secure.amazon.ca", "secure.amazon.co.uk")


def test_a_region_where_the_seller_does_not_sell_is_refused_without_an_http_error(program: Program) -> None:
    for host in ("secure.amazon.co.uk", "vendornet.amazon.co.jp"):
        assert outcome(program.upload(host=host)) == (200, UNAUTHORIZED)


def test_strict_fidelity_knows_no_aim_in_other_regions(new_seller: Make) -> None:
    italian = new_seller(marketplaces=["IT"])

    assert outcome(italian.call(COUNT, GUIDE)) == (200, NONE_PENDING)
    italian.policy(fidelity="STRICT")
    assert outcome(italian.call(COUNT, GUIDE)) == (200, UNAUTHORIZED)


# HTTP as old clients speak it.


def raw(program: Program, head: str, body: bytes = b"", *, between: bytes = b"") -> bytes:
    """What a server answers to exactly these bytes; `between`: what must have come before the body is sent."""
    with socket.create_connection(("127.0.0.1", program.server.port), timeout=30) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode())
        received = b""
        while between and between not in received:
            received += connection.recv(65536)
        connection.sendall(body)
        received = received.removeprefix(between)
        while chunk := connection.recv(65536):
            received += chunk
    return received


def head_of(program: Program, path: str, *lines: str, method: str = "POST", version: str = "1.1") -> str:
    first = [f"{method} {PREFIX}{path} HTTP/{version}", "Host: secure.amazon.com", "Connection: close"]
    return "\n".join([*first, f"Authorization: {basic(program.credentials['email'])}", *lines, "", ""])


def test_a_post_without_body_needs_no_content_length(program: Program) -> None:
    for lines in ([], ["Content-Length: 0"]):
        answer = raw(program, head_of(program, COUNT, *lines))
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(NONE_PENDING)


def test_a_client_may_wait_for_the_servers_leave_to_send_its_file(new_seller: Make) -> None:
    seller = new_seller()
    lines = [f"Content-Length: {len(LOADER)}", "Expect: 100-continue", "Content-Type: text/xml"]

    answer = raw(
        seller,
        head_of(seller, "catalog-upload/add-modify-delete", *lines),
        LOADER,
        between=b"HTTP/1.1 100 Continue\r\n\r\n",
    )

    assert answer.endswith(SUCCESS)


def test_a_file_may_come_in_chunks(new_seller: Make) -> None:
    seller = new_seller()
    head = head_of(seller, "catalog-upload/add-modify-delete", "Transfer-Encoding: chunked")

    answer = raw(seller, head, b"%x\r\n%b\r\n0\r\n\r\n" % (len(LOADER), LOADER))

    assert answer.endswith(SUCCESS)


def test_an_answer_to_http_1_0_ends_with_the_connection(program: Program) -> None:
    answer = raw(program, head_of(program, COUNT, version="1.0", method="GET"))

    assert answer.startswith(b"HTTP/1.0 200 ")
    assert answer.endswith(NONE_PENDING)


@pytest.mark.parametrize("name", ["Numberofbatches", "NUMBEROFBATCHES", "numberofbatches", "NumberOfBatches"])
def test_a_parameter_may_be_spelled_as_http_libraries_do(name: str, new_seller: Make) -> None:
    seller = new_seller()
    for _ in range(2):
        assert seller.upload().content == SUCCESS

    answer = raw(seller, head_of(seller, "catalog-upload/get-batches", f"{name}: 1", method="GET"))

    assert answer.count(b"<Batch>") == 1


def test_a_get_never_uploads(new_seller: Make) -> None:
    seller = new_seller()

    answers = [
        outcome(seller.call(f"catalog-upload/{mode}", body=LOADER, method="GET"))
        for mode in ("add-modify-delete", "modify-only", "purge-replace", "batch-refund")
    ]

    assert answers == [(200, INVALID_FORMAT)] * 4
    assert seller.call("catalog-upload/get-batches").content == NO_BATCHES
