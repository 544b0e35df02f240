"""Whatever comes in, JSON goes out: requests no client would send, byte for byte, each on a connection of its own."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.running import RunningServer
from tests.spapi.program import (
    INVENTORY,
    ITEMS,
    STALE,
    SUMMARIES,
    US,
    Program,
    new_program,
    refused,
    summaries_target,
)

PATIENCE = 10.0
HTTP = {"BREW", "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "get"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def send(program: Program, method: str, target: bytes, *headers: bytes, body: bytes = b"") -> Answer:
    """Send these bytes, with the program's token and a length, and read the answer to its end."""
    length = b"content-length: %d" % len(body)
    head = [method.encode() + b" " + target + b" HTTP/1.1", b"host: x", b"connection: close", length]
    token = b"x-amz-access-token: " + program.token.encode()
    with socket.create_connection(("127.0.0.1", program.server.port), timeout=PATIENCE) as connection:
        connection.sendall(b"\r\n".join([*head, token, *headers, b"", b""]) + body)
        with http.client.HTTPResponse(connection, method=method) as response:
            response.begin()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def assert_well_formed(answer: Answer, method: str) -> None:
    """An answer that every client can read, and no crash."""
    assert answer.status < 500, answer
    assert answer.headers["x-amzn-requestid"]
    assert answer.headers["content-type"] == "application/json"
    if method == "HEAD":
        assert answer.body == b""
    elif answer.status >= 300:
        assert set(answer.json()) == {"errors"}
        for error in answer.json()["errors"]:
            assert set(error) == {"code", "message", "details"}
            assert error["code"]
            assert error["message"]
        assert answer.json()["errors"]


# What can stand in a request target at all: the HTTP server itself refuses blanks, these signs and bytes not UTF-8.
LETTERS = st.characters(codec="utf-8", exclude_characters=' #?<>`"\x7f', min_codepoint=0x21)
TEXTS = st.text(LETTERS, max_size=12).map(str.encode)
ESCAPES = st.sampled_from("%00 %FF %2F %2f %25 %C3%A4 %ED%A0%80 %F0%9F%98%80 %C3 % %zz %E2%80%AE %0D%0A".split())
SEGMENTS = st.one_of(
    TEXTS,
    st.lists(ESCAPES, max_size=4).map(lambda escapes: "".join(escapes).encode()),
    st.sampled_from([b"", b".", b"..", b"fba", b"inventory", b"v1", b"items", b"summaries", b"*"]),
    st.integers(1, 15_000).map(lambda size: b"a" * size),
)
PATHS = st.one_of(
    st.sampled_from([SUMMARIES.encode(), ITEMS.encode(), INVENTORY.encode()]),
    SEGMENTS.map(lambda segment: ITEMS.encode() + b"/" + segment),
    st.lists(SEGMENTS, max_size=4).map(lambda segments: b"/" + b"/".join(segments)),
).filter(lambda path: path != b"/")  # the root is MWS's

PARAMETERS = (
    "granularityType granularityId marketplaceIds marketplaceId details startDateTime sellerSkus sellerSku nextToken"
)
VALUES = st.one_of(
    TEXTS,
    ESCAPES.map(str.encode),
    st.sampled_from([b"", b"Marketplace", US.encode(), b"true", b"2026-01-02T03:04:05Z", b"1e9999", b"9" * 400]),
    st.integers(49, 52).map(lambda count: b"a," * count),
)
FIELDS = st.tuples(st.sampled_from(PARAMETERS.encode().split()), VALUES).map(b"=".join)
QUERIES = st.lists(st.one_of(FIELDS, TEXTS), max_size=6).map(b"&".join)
GOOD_QUERY = st.just(summaries_target().partition("?")[2].encode())

HEADER_NAMES = "x-amz-access-token x-amzn-idempotency-token content-type accept-encoding authorization cookie expect x"
HEADER_VALUES = st.binary(max_size=30).map(lambda raw: bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F))
HEADERS = st.lists(st.tuples(st.sampled_from(HEADER_NAMES.encode().split()), HEADER_VALUES).map(b": ".join), max_size=3)

SKUS = st.text(st.characters(), max_size=45)  # lone surrogates as well
MARKETPLACES = st.sampled_from([US, "A1PA6795UKMFR9", "", "\0"])
CREATIONS = st.fixed_dictionaries(
    {"sellerSku": SKUS, "marketplaceId": MARKETPLACES, "productName": st.text(max_size=9)}
)
LINES = st.fixed_dictionaries({"sellerSku": SKUS, "marketplaceId": MARKETPLACES, "quantity": st.integers(-1, 2**70)})
ADDITIONS = st.fixed_dictionaries(
    {"x-amzn-idempotency-token": st.text(min_size=1, max_size=5), "inventoryItems": st.lists(LINES, max_size=3)}
)
MEMBERS = "sellerSku marketplaceId productName quantity inventoryItems x-amzn-idempotency-token"
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), SKUS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(MEMBERS.split()), inner)),
    max_leaves=8,
)
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=200),
    st.one_of(JSON, CREATIONS, ADDITIONS).map(lambda body: json.dumps(body).encode()),
)


@pytest.fixture(scope="module")
def target(server: RunningServer) -> Iterator[Program]:
    """A seller whose stock may come to look like anything."""
    made = new_program(server)
    yield made
    made.http.close()


BOUNDED = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@BOUNDED
@given(st.sampled_from(sorted(HTTP)), PATHS, st.one_of(QUERIES, GOOD_QUERY), HEADERS, BODIES)
def test_no_request_gets_anything_but_an_answer(
    target: Program, method: str, path: bytes, query: bytes, headers: list[bytes], body: bytes
) -> None:
    if method == "CONNECT":
        path, query = b"example.com:443", b""

    answer = send(target, method, path + (b"?" + query if query else b""), *headers, body=body)

    assert_well_formed(answer, method)


@BOUNDED
@given(QUERIES)
def test_no_query_breaks_the_summaries(target: Program, query: bytes) -> None:
    answer = send(target, "GET", summaries_target().encode() + b"&" + query)

    assert_well_formed(answer, "GET")
    assert answer.status in (200, 400, 403)


@BOUNDED
@given(st.sampled_from([ITEMS, INVENTORY]), st.one_of(CREATIONS, ADDITIONS, JSON))
def test_no_body_breaks_a_write(target: Program, path: str, body: Any) -> None:
    answer = send(target, "POST", path.encode(), body=json.dumps(body).encode())

    assert_well_formed(answer, "POST")
    assert answer.status in (200, 400, 403, 404)


@BOUNDED
@given(SEGMENTS)
def test_no_sku_breaks_a_deletion(target: Program, segment: bytes) -> None:
    answer = send(target, "DELETE", ITEMS.encode() + b"/" + segment + b"?marketplaceId=" + US.encode())

    assert_well_formed(answer, "DELETE")
    assert answer.status in (400, 403, 404)


@BOUNDED
@given(
    st.sampled_from(
        ["/auth/o2/token", "/healthz", "/metrics", "/operator/v1/world/now", "/operator/v1/%2F", "/operator/"]
    ),
    st.sampled_from(sorted(HTTP - {"CONNECT"})),
    QUERIES,
    HEADERS,
    BODIES,
)
def test_no_request_breaks_another_door(
    target: Program, path: str, method: str, query: bytes, headers: list[bytes], body: bytes
) -> None:
    answer = send(target, method, path.encode() + b"?" + query, *headers, body=body)

    assert answer.status < 500


# What the above found, or might not find


def test_text_that_is_not_percent_encoded_is_read_as_utf_8(program: Program) -> None:
    program.stocked(3, sku="käse😀")

    read = send(program, "GET", summaries_target().encode() + b"&sellerSku=" + "käse😀".encode())
    deleted = send(program, "DELETE", f"{ITEMS}/käse😀?marketplaceId={US}".encode())

    assert [summary["sellerSku"] for summary in read.json()["payload"]["inventorySummaries"]] == ["käse😀"]
    assert (deleted.status, deleted.json()) == (200, {})


@pytest.mark.parametrize("target", [b"/\xff", b"/a b", b"/<", b"/" + b"a" * 70_000])
def test_what_is_no_http_is_refused_by_the_http_server_itself(program: Program, target: bytes) -> None:
    answer = send(program, "GET", target)

    assert (answer.status in (400, 414), answer.body, answer.headers["connection"]) == (True, b"", "close")
    assert program.summaries().status_code == 200


@pytest.mark.parametrize("size", [8_000, 60_000])
def test_a_long_path_or_query_or_token_is_answered(program: Program, size: int) -> None:
    path = send(program, "DELETE", ITEMS.encode() + b"/" + b"a" * size + b"?marketplaceId=" + US.encode())
    query = send(program, "GET", f"{SUMMARIES}?nextToken=".encode() + b"a" * size)
    header = send(program, "POST", INVENTORY.encode(), b"x-amzn-idempotency-token: " + b"a" * size, body=b"{}")

    assert (path.status, path.json()) == refused("a SKU has 1 to 40 characters")
    assert (query.status, query.json()) == (400, STALE)
    assert (header.status, header.json()) == (200, {})


def test_a_query_of_very_many_parameters_is_refused(program: Program) -> None:
    answer = send(program, "GET", summaries_target().encode() + b"&a=b" * 1000)

    assert (answer.status, answer.json()) == refused("a query has at most 1000 parameters")


def test_a_body_in_chunks_is_a_body(program: Program) -> None:
    body = f'{{"sellerSku":"chunked","marketplaceId":"{US}","productName":"A kettle"}}'.encode()

    def chunks() -> Any:
        for byte in body:
            yield bytes([byte])

    response = program.call("POST", ITEMS, content=chunks())

    assert (response.status_code, program.listed(sellerSku="chunked")) == (200, ["chunked"])


def test_a_client_that_expects_to_be_told_to_continue_is_told(program: Program) -> None:
    body = f'{{"sellerSku":"expected","marketplaceId":"{US}","productName":"A kettle"}}'.encode()
    head = f"POST {ITEMS} HTTP/1.1\r\nhost: x\r\nx-amz-access-token: {program.token}\r\ncontent-length: {len(body)}\r\n"

    with socket.create_connection(("127.0.0.1", program.server.port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + b"expect: 100-continue\r\nconnection: close\r\n\r\n")
        told = connection.recv(1000)
        connection.sendall(body)
        answer = connection.recv(1000)

    assert told.startswith(b"HTTP/1.1 100 ")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_client_that_hangs_up_in_the_middle_disturbs_nobody(program: Program) -> None:
    head = f"POST {ITEMS} HTTP/1.1\r\nhost: x\r\nx-amz-access-token: {program.token}\r\ncontent-length: 1000\r\n\r\n{{"

    for _ in range(20):
        with socket.create_connection(("127.0.0.1", program.server.port), timeout=PATIENCE) as connection:
            connection.sendall(head.encode())

    assert program.summaries().status_code == 200
    assert '"event": "crash"' not in program.server.log.read_text()
