"""AssumeRole at the hosts of STS: random credentials for everybody, and errors as AWS spells them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from lxml import etree

from entrepot.api.http import Request
from entrepot.api.sts import HOSTS, NAMESPACE, PATH, StsRoom
from entrepot.certificates import AMAZON_HOSTS
from tests.running import RunningServer

ROLE = "arn:aws:iam::123456789012:role/team/SellingPartner"
ASKED = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "guid"}
GLOBAL = "sts.amazonaws.com"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def post(server: RunningServer, path: str = "/", host: str = GLOBAL, **body: Any) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=30) as client:
        return client.post(server.url + path, headers={"host": host}, **body)


def found(response: httpx.Response) -> dict[str, str]:
    """The texts of the answer by the names of their elements, all in the namespace of STS."""
    assert response.headers["content-type"] == "text/xml"
    root = etree.fromstring(response.content)
    texts = {}
    for element in root.iter():
        name = etree.QName(element)
        assert name.namespace == NAMESPACE
        texts[name.localname] = (element.text or "").strip()
    assert UUID.fullmatch(texts["RequestId"])
    assert response.headers["x-amzn-RequestId"] == texts["RequestId"]
    return texts


def test_credentials_have_the_shape_of_aws_and_last_an_hour_of_real_time(server: RunningServer) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    answer = found(post(server, data=ASKED))

    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", answer["AccessKeyId"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", answer["SecretAccessKey"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{320}", answer["SessionToken"])
    assert answer["Arn"] == "arn:aws:sts::123456789012:assumed-role/SellingPartner/guid"
    assert re.fullmatch(r"AROA[A-Z2-7]{17}:guid", answer["AssumedRoleId"])
    assert before <= datetime.fromisoformat(answer["Expiration"]) - timedelta(hours=1) <= datetime.now(UTC)


def test_the_elements_stand_where_clients_look_for_them(server: RunningServer) -> None:
    root = etree.fromstring(post(server, data=ASKED).content)

    names = {"s": NAMESPACE}
    assert root.tag == f"{{{NAMESPACE}}}AssumeRoleResponse"
    for path in (
        "s:AssumeRoleResult/s:Credentials/s:AccessKeyId",
        "s:AssumeRoleResult/s:AssumedRoleUser/s:Arn",
        "s:ResponseMetadata/s:RequestId",
    ):
        assert root.findtext(path, namespaces=names)


def test_no_two_answers_are_the_same(server: RunningServer) -> None:
    first, second = (found(post(server, data=ASKED)) for _ in range(2))

    for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "AssumedRoleId"):
        assert first[name] != second[name]


@pytest.mark.parametrize("host", [*sorted(HOSTS), "STS.amazonaws.com:443"])
def test_every_host_of_sts_is_claimed_before_mws_sees_its_path(server: RunningServer, host: str) -> None:
    assert "AccessKeyId" in found(post(server, host=host, data=ASKED))


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_our_own_path_answers_at_any_host(server: RunningServer, path: str) -> None:
    assert "AccessKeyId" in found(post(server, path, "localhost", data=ASKED))


def test_parameters_may_stand_in_the_query(server: RunningServer) -> None:
    assert "AccessKeyId" in found(post(server, f"/?{urlencode(ASKED)}"))


def test_every_host_of_sts_leads_here() -> None:
    assert set(AMAZON_HOSTS) >= HOSTS


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in ASKED.items() if key != name}


REFUSED: dict[str, tuple[Mapping[str, str], str, str]] = {
    "nothing": ({}, "MissingAction", "The request is missing an action or a required parameter."),
    "another action": (
        {**ASKED, "Action": "GetCallerIdentity"},
        "InvalidAction",
        "Could not find operation GetCallerIdentity for version 2011-06-15",
    ),
    "markup": (
        {**ASKED, "Action": "</Message>&\0"},
        "InvalidAction",
        "Could not find operation </Message>&\ufffd for version 2011-06-15",
    ),
    "another version": (
        {**ASKED, "Version": "2010-05-08"},
        "InvalidAction",
        "Could not find operation AssumeRole for version 2010-05-08",
    ),
    "no version": (
        without("Version"),
        "InvalidAction",
        "Could not find operation AssumeRole for version NO_VERSION_SPECIFIED",
    ),
    "no role": (
        without("RoleArn"),
        "ValidationError",
        "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
    ),
    "a role with a line feed": (
        {**ASKED, "RoleArn": f"{ROLE}\n"},
        "ValidationError",
        f"{ROLE}\n is invalid",
    ),
    "neither": (
        {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": "arn"},
        "ValidationError",
        "2 validation errors detected: Value 'arn' at 'roleArn' failed to satisfy constraint: Member must have length"
        " greater than or equal to 20; Value null at 'roleSessionName' failed to satisfy constraint: Member must not"
        " be null",
    ),
    "a session's name with a blank": (
        {**ASKED, "RoleSessionName": "a b"},
        "ValidationError",
        "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must"
        r" satisfy regular expression pattern: [\w+=,.@-]*",
    ),
    "a session's name without end": (
        {**ASKED, "RoleSessionName": "a" * 65},
        "ValidationError",
        f"1 validation error detected: Value '{'a' * 65}' at 'roleSessionName' failed to satisfy constraint: Member"
        " must have length less than or equal to 64",
    ),
    "a user": (
        {**ASKED, "RoleArn": "arn:aws:iam::123456789012:user/SellingPartner"},
        "ValidationError",
        "arn:aws:iam::123456789012:user/SellingPartner is invalid",
    ),
}


@pytest.mark.parametrize(("form", "code", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals_are_spelled_as_aws_spells_them(
    server: RunningServer, form: Mapping[str, str], code: str, message: str
) -> None:
    response = post(server, data=form)

    answer = found(response)
    assert response.status_code == 400
    assert (answer["Type"], answer["Code"], answer["Message"]) == ("Sender", code, message)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"Action=AssumeRole&RoleArn=K%E4se"])
def test_what_is_no_text_is_refused(server: RunningServer, content: bytes) -> None:
    response = post(server, content=content)

    assert (response.status_code, found(response)["Code"]) == (400, "MalformedQueryString")


@pytest.mark.parametrize("content", [b"&=&&%%%", b"{}"])
def test_garbage_is_taken_for_nothing(server: RunningServer, content: bytes) -> None:
    response = post(server, content=content)

    assert (response.status_code, found(response)["Code"]) == (400, "MissingAction")


def test_a_form_has_a_thousand_parameters_at_most(server: RunningServer) -> None:
    response = post(server, content=b"a=b&" * 2_000)

    assert (response.status_code, found(response)["Message"]) == (400, "A request has at most 1000 parameters.")


def test_a_body_too_large_is_refused(server: RunningServer) -> None:
    response = post(server, content=b"a" * (64 * 1024 + 1))

    assert response.status_code == 413
    assert found(response)["Code"] == "RequestEntityTooLarge"


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [(TimeoutError, 408, "RequestTimeout"), (ZeroDivisionError, 500, "InternalFailure")],
)
def test_what_goes_wrong_outside_of_the_room_is_said_in_xml(
    problem: Callable[[], Exception], status: int, code: str
) -> None:
    response = StsRoom().failure(Request("POST", "/", "", {}, request_id="1"), problem())

    assert (response.status, f"<Code>{code}</Code>".encode() in response.body) == (status, True)


def test_neither_secrets_nor_signatures_stand_in_the_log(server: RunningServer) -> None:
    answer = found(post(server, f"/?Signature=leak-4&{urlencode(ASKED)}"))

    log = server.log.read_text()
    assert [secret for secret in (answer["SecretAccessKey"], answer["SessionToken"], "leak-4") if secret in log] == []
