"""A seller's program that speaks MWS: signs as Signature Version 2 has it, by other means than the server's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from lxml import etree

from tests.running import RunningServer

INVENTORY, FEEDS, REPORTS, SELLERS = (
    "FulfillmentInventory/2010-10-01",
    "Feeds/2009-01-01",
    "Reports/2009-01-01",
    "Sellers/2011-07-01",
)
FORM = "application/x-www-form-urlencoded"
HASHES = {"HmacSHA256": hashlib.sha256, "HmacSHA1": hashlib.sha1}


@dataclass(frozen=True)
class Key:
    """Who signs."""

    access_key_id: str
    secret_key: str


def encoded(parameters: Mapping[str, str]) -> str:
    """A query or a form, sorted, in the encoding that is signed."""
    return "&".join(f"{_quoted(name)}={_quoted(parameters[name])}" for name in sorted(parameters, key=str.encode))


def _quoted(text: str) -> str:
    """A lone `\udce4` stands for the byte E4."""
    return quote(text, safe="-_.~", errors="surrogateescape")


def signature(key: Key, verb: str, host: str, path: str, parameters: Mapping[str, str]) -> str:
    text = f"{verb}\n{host}\n{path}\n{encoded(parameters)}"
    kind = HASHES.get(parameters.get("SignatureMethod", ""), hashlib.sha256)
    return base64.b64encode(hmac.new(key.secret_key.encode(), text.encode(), kind).digest()).decode()


def common(section: str, action: str, key: Key, seller_id: str, at: float | None = None) -> dict[str, str]:
    """The parameters of every request. `at`: real time in seconds; now."""
    moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return {
        "AWSAccessKeyId": key.access_key_id,
        "Action": action,
        "SellerId": seller_id,
        "SignatureMethod": "HmacSHA256",
        "SignatureVersion": "2",
        "Timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Version": section.rpartition("/")[2],
    }


@dataclass
class Program:
    """One seller's program. `call` answers whatever the server does."""

    server: RunningServer
    seller_id: str
    key: Key
    http: httpx.Client
    credentials: dict[str, Any]

    def call(
        self,
        section: str,
        action: str,
        parameters: Mapping[str, str] | None = None,
        *,
        method: str = "POST",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        path: str | None = None,
        host: str | None = None,
    ) -> httpx.Response:
        """By POST as a form; with a body, or by GET, all in the query. `path`, `host`: others than usual."""
        path = f"/{section}" if path is None else path
        host = f"127.0.0.1:{self.server.port}" if host is None else host
        given = {**common(section, action, self.key, self.seller_id), **(parameters or {})}
        given["Signature"] = signature(self.key, method, host, path, given)
        sent = {"host": host, **(headers or {})}
        words = encoded(given)
        if method == "GET" or body is not None:
            return self.http.request(method, f"{self.server.url}{path}?{words}", headers=sent, content=body)
        return self.http.request(
            method, f"{self.server.url}{path}", headers={"content-type": FORM, **sent}, content=words
        )

    def acting_for(self, seller: Program) -> Program:
        """The same developer, for another seller; he needs the parameter MWSAuthToken."""
        return replace(self, seller_id=seller.seller_id)

    @property
    def auth_token(self) -> str:
        return str(self.credentials["mws"]["auth_token"])


def new_program(server: RunningServer, **seller: Any) -> Program:
    credentials = server.add_seller(f"mws-{secrets.token_hex(6)}", **{"marketplaces": ["US", "CA"], **seller})
    mws = credentials["mws"]
    http = httpx.Client(trust_env=False, verify=False, timeout=60)
    key = Key(mws["access_key_id"], mws["secret_key"])
    return Program(server, str(credentials["seller_id"]), key, http, credentials)


def tree(content: bytes) -> Any:
    """An answer, read as a client would; without namespaces, which `namespace` tells."""
    root = etree.fromstring(content)
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    return root


def namespace(content: bytes) -> str:
    return str(etree.QName(etree.fromstring(content)).namespace)


def code(content: bytes) -> str:
    """The code of an error."""
    return str(tree(content).findtext("Error/Code"))


def message(content: bytes) -> str:
    return str(tree(content).findtext("Error/Message"))
