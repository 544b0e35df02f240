"""MWS against real server processes: what of the room depends on the rest of the house."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.mws.program import FEEDS, FORM, INVENTORY, Program, code, common, encoded, signature, tree
from tests.running import RunningServer

NewProgram = Callable[..., Program]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [f"/{INVENTORY}", f"/{INVENTORY}/", "/"])
def test_the_status_is_answered_on_every_path(program: Program, method: str, path: str) -> None:
    response = program.call(INVENTORY, "GetServiceStatus", method=method, path=path)

    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/xml"
    assert response.headers["x-mws-request-id"] == tree(response.content).findtext("ResponseMetadata/RequestId")
    assert tree(response.content).tag == "GetServiceStatusResponse"


@pytest.mark.parametrize("signed_as", ["127.0.0.1:{}", "127.0.0.1", "http://127.0.0.1:{}"])
def test_each_spelling_of_the_host_is_accepted(program: Program, signed_as: str) -> None:
    host = signed_as.format(program.server.port)
    given = common(INVENTORY, "GetServiceStatus", program.key, program.seller_id)
    given["Signature"] = signature(program.key, "POST", host, f"/{INVENTORY}", given)

    response = program.http.post(
        f"{program.server.url}/{INVENTORY}", headers={"content-type": FORM}, content=encoded(given)
    )

    assert response.status_code == 200, response.text


def test_the_operators_message_is_told_to_every_program(program: Program, server: RunningServer) -> None:
    server.operator("PUT", "/service/message", {"text": "We move house.", "message_id": "M1"})
    try:
        told = tree(program.call(FEEDS, "GetServiceStatus").content)[0]
    finally:
        server.operator("DELETE", "/service/message")

    assert [one.tag for one in told] == ["Status", "Timestamp", "MessageId", "Messages"]
    assert (told.findtext("Status"), told.findtext("MessageId")) == ("GREEN_I", "M1")
    assert told.findtext("Messages/Message/Locale") == "en_US"
    assert told.findtext("Messages/Message/Text") == "We move house."


def test_one_seller_acts_for_another_by_his_token_only(new_program: NewProgram) -> None:
    ada, dev = new_program(), new_program()
    acting = dev.acting_for(ada)

    with_token = acting.call(INVENTORY, "GetServiceStatus", {"MWSAuthToken": ada.auth_token})
    without = acting.call(INVENTORY, "GetServiceStatus")
    with_own = acting.call(INVENTORY, "GetServiceStatus", {"MWSAuthToken": dev.auth_token})

    assert [one.status_code for one in (with_token, without, with_own)] == [200, 401, 401]
    assert code(without.content) == "AccessDenied"


def test_a_host_of_mws_has_all_paths_answered_by_it(program: Program) -> None:
    response = program.call(INVENTORY, "GetServiceStatus", path="/Orders/2013-09-01", host="mws.amazonservices.com")
    unknown = program.http.get(f"{program.server.url}/any/thing", headers={"host": "mws-eu.amazonservices.com"})
    elsewhere = program.http.get(f"{program.server.url}/any/thing")

    assert [(one.status_code, code(one.content)) for one in (response, unknown)] == [(404, "InvalidAddress")] * 2
    assert elsewhere.headers["content-type"] == "application/json"


def test_the_seller_must_sell_where_the_endpoint_is(program: Program) -> None:
    canada = program.call(INVENTORY, "GetServiceStatus", host="mws.amazonservices.ca")
    europe = program.call(INVENTORY, "GetServiceStatus", host="mws-eu.amazonservices.com")

    assert (canada.status_code, europe.status_code) == (200, 401)


def test_a_form_that_is_too_large_is_refused_and_read_to_its_end(program: Program) -> None:
    response = program.http.post(
        f"{program.server.url}/{INVENTORY}", headers={"content-type": FORM}, content=b"a=" + b"x" * 2_000_000
    )

    assert (response.status_code, code(response.content)) == (400, "InvalidParameterValue")
    assert program.call(INVENTORY, "GetServiceStatus").status_code == 200


def test_a_long_request_line_is_refused(program: Program) -> None:
    response = program.call(INVENTORY, "GetServiceStatus", {"A": "x" * 9000}, method="GET")

    assert (response.status_code, response.headers["content-type"]) == (414, "text/html; charset=iso-8859-1")


def test_bytes_that_are_no_text_are_refused_and_nothing_more(program: Program) -> None:
    head = f"GET /{INVENTORY}?Action=\xff%ff%00&Version=\x80 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", program.server.port), timeout=10) as connection:
        connection.sendall(head.encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.split(b" ")[1] in (b"400", b"404")


@pytest.fixture
def limited(limited_server: RunningServer, new_program: NewProgram) -> Program:
    return new_program(limited_server)


def test_a_server_with_limits_throttles(limited: Program) -> None:
    answers = [limited.call(INVENTORY, "GetServiceStatus") for _ in range(4)]

    assert [one.status_code for one in answers] == [200, 200, 503, 503]
    assert code(answers[2].content) == "RequestThrottled"
    assert tree(answers[2].content).findtext("Error/Type") == ""
    assert not [name for name in answers[2].headers if name.startswith("x-mws-quota")]


def test_no_secret_is_in_the_log(program: Program) -> None:
    program.call(INVENTORY, "GetServiceStatus", {"MWSAuthToken": program.auth_token}, method="GET")
    program.call(INVENTORY, "GetServiceStatus", {"MWSAuthToken": program.auth_token, "Signature": "x"}, method="GET")

    log = program.server.log.read_text()
    assert program.auth_token not in log
    assert program.key.secret_key not in log
    assert "Signature=" not in log
