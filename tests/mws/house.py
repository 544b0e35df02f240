"""The room of MWS without a server and without a database: sellers from a table, a clock of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, Final, cast

from entrepot.api.http import Request, Response
from entrepot.api.mws.operation import Call, MwsOperation, Services, envelope, result_of
from entrepot.api.mws.operations import OPERATIONS
from entrepot.api.mws.room import MwsRoom
from entrepot.api.mws.sections import FEEDS, FULFILLMENT_INVENTORY
from entrepot.api.operation import Quota, Throttle
from entrepot.domain.errors import Problem
from entrepot.services.access import Access
from entrepot.services.callers import MwsAccount
from entrepot.services.health import Status
from entrepot.wire import xml
from tests.cast import CA, DE, UK, US
from tests.mws.program import FORM, INVENTORY, Key, common, encoded, signature

AT: Final = 1_772_366_400.0  # 2026-03-01T12:00:00Z
HOST: Final = "127.0.0.1:8080"
PLAN: Final = Quota(rate=2, burst=3)

ADA = MwsAccount("AADA00000000X", "secret of ada", "amzn.mws.ada", (US, CA), None)
BEA = MwsAccount("ABEA00000000X", "secret of bea", "amzn.mws.bea", (DE, UK), "strict")
DEV = MwsAccount("A2NKEEXAMPLEF53", "secretKEY0123456789", "amzn.mws.TEST", (US,), None)
BY_KEY = {"AKIAADAADAADA": ADA, "AKIABEABEABEA": BEA, "AKIAEXAMPLE": DEV}
ADAS, BEAS = Key("AKIAADAADAADA", ADA.secret_key), Key("AKIABEABEABEA", BEA.secret_key)


class Tabled(Access):
    """Accounts from a table."""

    def __init__(self, accounts: Mapping[str, MwsAccount]) -> None:
        super().__init__(cast(Any, None), cast(Any, None))
        self._accounts = accounts

    async def _load_mws_developer(self, access_key_id: str) -> MwsAccount | None:
        return self._accounts.get(access_key_id)

    async def _load_mws_seller(self, seller_id: str) -> MwsAccount | None:
        return next((one for one in self._accounts.values() if one.seller_id == seller_id), None)


class Healthy:
    async def status(self) -> Status:
        return Status("GREEN", None, ())


class Clock:
    def __init__(self, now: float = AT) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def echo(call: Call) -> Response:
    """Tells what the room found out."""
    result = result_of(call)
    body = b"".join([chunk async for chunk in call.chunks])
    told = (call.section.title, call.seller_id, call.marketplace.code, call.access_key_id, str(call.strict))
    for name, text in zip(("Section", "Seller", "Marketplace", "Key", "Strict"), told, strict=True):
        xml.add(result, name, text)
    xml.add(result, "Body", body.decode("latin-1"))
    for name, value in call.parameters.values.items():
        xml.add(result, "Parameter", f"{name}={value}")
    return envelope(call, result)


def failing(problem: Exception) -> Any:
    async def fail(call: Call) -> Response:
        raise problem

    return fail


ECHOES: Final = (
    MwsOperation(FULFILLMENT_INVENTORY, "ListInventorySupply", echo, PLAN, "supply"),
    MwsOperation(FULFILLMENT_INVENTORY, "ListInventorySupplyByNextToken", echo, PLAN, "supply"),
    MwsOperation(FEEDS, "SubmitFeed", echo, Quota(1 / 120, 15), hourly=30, streams=True),
    MwsOperation(FEEDS, "CancelFeedSubmissions", echo, Quota(1, 100), hourly=2),
    MwsOperation(FEEDS, "GetFeedSubmissionResult", failing(Problem("nothing that has a row")), PLAN),
    *(one for one in OPERATIONS if one.action == "GetServiceStatus"),
)


def room(
    operations: Iterable[MwsOperation] = ECHOES,
    *,
    now: Clock | None = None,
    limits: bool = False,
    strict: bool = False,
    accounts: Mapping[str, MwsAccount] = BY_KEY,
) -> MwsRoom:
    clock = now or Clock()
    nothing: Any = SimpleNamespace(limit=1000)
    parts = dict.fromkeys(Services.__dataclass_fields__, nothing)
    services = Services(**{**parts, "access": Tabled(accounts), "health": Healthy(), "strict": strict})
    return MwsRoom(services, Throttle(clock) if limits else None, tuple(operations), now=clock)


def request(
    action: str = "ListInventorySupply",
    parameters: Mapping[str, str | None] | None = None,
    *,
    section: str = INVENTORY,
    key: Key = ADAS,
    seller_id: str = ADA.seller_id,
    method: str = "GET",
    host: str = HOST,
    path: str | None = None,
    body: bytes = b"",
    form: bool = False,
    headers: Mapping[str, str] | None = None,
    signed: bool = True,
    at: float = AT,
) -> Request:
    """A good request, except for what is said; a parameter that is None is left out. `form`: all is in the body."""
    path = f"/{section}" if path is None else path
    given = common(section, action, key, seller_id, at)
    for name, value in (parameters or {}).items():
        given.pop(name, None)
        if value is not None:
            given[name] = value
    if signed and "Signature" not in (parameters or {}):
        given["Signature"] = signature(key, method, host.lower(), path, given)
    words = encoded(given)
    sent = {"host": host, **({"content-type": FORM} if form else {}), **(headers or {})}
    return Request(method, path, "" if form else words, sent, words.encode() if form else body, "request-1")


def ask(asked: MwsRoom, sent: Request, chunks: Iterable[bytes] | None = None) -> Response:
    """What the room answers; whatever it does not know is raised."""

    async def streamed(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    async def answer() -> Response:
        parts = [sent.body] if chunks is None else chunks
        return (await asked.answer_stream(sent, streamed(parts)))[1]

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(answer())
    finally:
        loop.close()
