"""What an operator sees of a server from outside: health, metrics, and a log that tells all but the secrets."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.tools import CLIENT, connection, head, log_lines, post, stocked, summaries, wait_for
from tests.running import RunningServer

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[RunningServer]:
    running = RunningServer(place / "data", ("--limits", "off", "--log-level", "debug")).start()
    yield running
    running.stop()


def test_health_says_that_the_database_answers_and_is_current(server: RunningServer) -> None:
    answered = CLIENT.get(f"{server.url}/healthz")

    assert answered.status_code == 200
    assert answered.json() == {"status": "ok", "database": "ok", "migrations": "current"}


def counted(server: RunningServer) -> dict[tuple[str, str, str], float]:
    """Requests by door, operation and status."""
    page = CLIENT.get(f"{server.url}/metrics")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain; version=")
    [family] = [found for found in text_string_to_metric_families(page.text) if found.name == "entrepot_requests"]
    names = ("door", "operation", "status")
    return {
        tuple(sample.labels[name] for name in names): sample.value  # type: ignore[misc]
        for sample in family.samples
        if sample.name == "entrepot_requests_total"
    }


def test_metrics_count_requests_by_door_operation_and_status(server: RunningServer) -> None:
    token = server.access_token(server.add_seller("Counted"))
    before = counted(server)

    for _ in range(3):
        summaries(server, token)
    summaries(server, "garbage")
    CLIENT.get(f"{server.url}/operator/v1/sellers")

    after = counted(server)
    grown = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    assert grown == {
        ("spapi", "getInventorySummaries", "200"): 3,
        ("spapi", "getInventorySummaries", "403"): 1,
        ("operator", "unknown", "401"): 1,
        ("probes", "metrics", "200"): 1,
    }


@pytest.mark.parametrize(
    "path", ["/healthz", "/metrics", "/fba/inventory/v1/summaries", "/auth/o2/token", "/operator/v1/sellers"]
)
def test_the_log_has_a_line_with_the_request_id_of_every_answer(server: RunningServer, path: str) -> None:
    answered = CLIENT.get(f"{server.url}{path}")

    request_id = answered.headers["x-request-id"]
    assert answered.headers.get("x-amzn-requestid", request_id) == request_id
    wait_for(lambda: request_id in server.log.read_text())  # the line is written after the answer
    [line] = [line for line in log_lines(server) if line.get("request_id") == request_id]
    assert line["path"] == path
    assert line["status"] == answered.status_code
    assert {"event", "level", "timestamp", "door", "operation", "method", "ms"} <= line.keys()


def test_no_credential_is_ever_logged(server: RunningServer) -> None:
    secrets = drive_everything(server)

    logged = server.log.read_text() + (server.data / "postgres" / "postgres.log").read_text()

    assert len(log_lines(server)) > 30
    assert len(secrets) > 12
    assert {name for name, secret in secrets.items() if secret in logged} == set()


def drive_everything(server: RunningServer) -> dict[str, str]:
    """Use every credential in every place where a client may put it, rightly and wrongly; all of them, by name."""
    credentials = stocked(server, "Secretive", "SEC-1", quantity=5)
    seller_id = credentials["seller_id"]
    body = {"email": "open@example.test", "password": PASSWORD, "name": "Open"}
    other = server.operator("POST", "/sellers", body)
    post(server, "/sellers", body)  # refused: the address is taken
    post(server, "/sellers", {**body, "email": [PASSWORD]})
    uri = "https://app.example.test/callback"
    application = server.operator("POST", "/applications", {"name": "App", "redirect_uris": [uri]})
    both = {"seller": seller_id, "application": application["client_id"]}
    granted = server.operator("POST", "/authorizations", both)
    code = server.operator("POST", "/authorization-codes", {**both, "redirect_uri": uri})["code"]
    secrets = {
        "password": PASSWORD,
        "operator token": (server.data / "operator.token").read_text().strip(),
        "code": code,
        "granted": granted["refresh_token"],
        "application": application["client_secret"],
    }
    for whose, given in (("his", credentials), ("other", other)):
        secrets |= {f"{whose} {name}": given["mws"][name] for name in ("secret_key", "auth_token")}
        secrets |= {f"{whose} {name}": given["spapi"][name] for name in ("client_secret", "refresh_token")}
    tokens = ask_for_tokens(server, credentials, application, code, uri)
    assert len(tokens) == 5
    secrets |= {f"access token {number}": token for number, token in enumerate(tokens)}
    use_tokens(server, tokens[0], secrets["operator token"])
    server.operator("POST", "/authorizations/revoke", both)
    summaries(server, tokens[-1])
    server.operator("GET", f"/sellers/{seller_id}/credentials")
    return secrets


def ask_for_tokens(
    server: RunningServer, credentials: dict[str, Any], application: dict[str, str], code: str, uri: str
) -> list[str]:
    url = f"{server.url}/auth/o2/token"
    refresh = {"grant_type": "refresh_token", **credentials["spapi"]}
    client = {name: credentials["spapi"][name] for name in ("client_id", "client_secret")}
    basic = base64.b64encode(":".join(client.values()).encode()).decode()
    exchange = {"grant_type": "authorization_code", "code": code, "redirect_uri": uri, **application}
    grantless = {"grant_type": "client_credentials", "scope": "sellingpartnerapi::notifications", **application}
    without_client = {name: value for name, value in refresh.items() if name not in client}
    granted = [
        CLIENT.post(url, data=refresh),
        CLIENT.post(url, params=refresh),
        CLIENT.post(url, json=without_client, headers={"authorization": f"Basic {basic}"}),
        CLIENT.post(url, json=grantless),
        CLIENT.post(url, json=exchange),
    ]
    CLIENT.post(url, json=exchange)  # refused: a code is good once
    CLIENT.get(url, params=refresh)  # refused: POST only
    CLIENT.post(url, json={**refresh, "client_secret": credentials["spapi"]["client_secret"][:-1] + "\0"})
    return [response.json()["access_token"] for response in granted]


def use_tokens(server: RunningServer, token: str, operator_token: str) -> None:
    page = summaries(server, token, details="true")
    assert page.status_code == 200
    summaries(server, token + "x")
    summaries(server, token, nextToken=token)
    headers = {"x-amz-access-token": token}
    item = {"sellerSku": "SEC-2", "marketplaceId": "ATVPDKIKX0DER", "productName": "Secret"}
    for _ in range(2):
        CLIENT.post(f"{server.url}/fba/inventory/v1/items", json=item, headers=headers)
    CLIENT.get(f"{server.url}/nowhere", headers=headers)
    CLIENT.get(f"{server.url}/operator/v1/sellers", headers={"authorization": f"Basic {operator_token}"})
    with connection(server) as broken:
        broken.sendall(head(server, "POST", "/operator/v1/sellers", "Content-Length: 1000") + b"\r\n{")
    with connection(server) as hasty:
        hasty.sendall(head(server, "GET", "/fba/inventory/v1/summaries", f"x-amz-access-token: {token}") + b"\r\n")
