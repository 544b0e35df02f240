"""The composition root: settings → data directory → database → services → rooms → server.

`serve` runs all of it in one process and one event loop until SIGTERM or SIGINT: then it stops listening, finishes
what is under way, and leaves the database clean.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from entrepot import certificates
from entrepot.api.gateway import Gateway
from entrepot.api.http import Request
from entrepot.api.metrics import Metrics
from entrepot.api.operation import Room, Throttle
from entrepot.api.operator import operations as operator_operations
from entrepot.api.operator.room import OperatorRoom
from entrepot.api.operator.room import Services as OperatorServices
from entrepot.api.paging import Pager
from entrepot.api.probes import LwaRoom, ProbesRoom
from entrepot.api.spapi import fba_inventory
from entrepot.api.spapi.room import Services as SpapiServices
from entrepot.api.spapi.room import SpapiRoom
from entrepot.datadir import DataDirectory
from entrepot.services.access import Access
from entrepot.services.inventory import Inventory
from entrepot.services.ledger import Ledger
from entrepot.services.secrets import Keyring
from entrepot.services.world import WorldService
from entrepot.settings import Settings
from entrepot.storage.database import Database
from entrepot.storage.embedded import EmbeddedPostgres
from entrepot.storage.migrate import migrate, pending

TICK_SECONDS: Final = 0.5
DRAIN_SECONDS: Final = 30
# A connection that has not sent its head by then is closed.
HEAD_MILLISECONDS: Final = 20_000
CONNECTIONS_AT_ONCE: Final = 1_000_000  # no request waits for another one's body

log = structlog.get_logger("entrepot")


@dataclass(frozen=True)
class Core:
    """Everything behind the doors."""

    database: Database
    access: Access
    ledger: Ledger
    inventory: Inventory
    world: WorldService
    keyring: Keyring


@asynccontextmanager
async def database_url(settings: Settings, directory: DataDirectory) -> AsyncIterator[str]:
    """The database that was named, or the embedded one, running until the end of the block."""
    if settings.database is not None:
        yield settings.database
        return
    embedded = EmbeddedPostgres(directory.postgres)
    url = await asyncio.to_thread(embedded.start)
    try:
        yield url
    finally:
        await asyncio.to_thread(embedded.stop)


@asynccontextmanager
async def core(url: str, directory: DataDirectory) -> AsyncIterator[Core]:
    """The services over a database whose schema is current. What is under way is finished at the end."""
    await migrate(url)
    database = await Database.open(url)
    keyring = Keyring.load(directory.key)
    access = Access(database, keyring)
    await access.check_key()
    ledger = Ledger(database)
    try:
        yield Core(database, access, ledger, Inventory(database), WorldService(database, ledger), keyring)
    finally:
        await ledger.close()
        await database.close()


def gateway(settings: Settings, parts: Core, operator_token: str) -> Gateway:
    """All doors on one port, told apart by path."""
    metrics = Metrics()
    throttle = Throttle(time.monotonic) if settings.limits == "amazon" else None
    spapi = SpapiRoom(
        SpapiServices(
            parts.access,
            parts.inventory,
            parts.ledger,
            parts.world,
            Pager(parts.keyring, time.time),
            strict=settings.fidelity == "strict",
        ),
        throttle,
        fba_inventory.OPERATIONS,
    )
    # Prefix → room; whatever nobody claims is SP-API's, which refuses unknown paths in its own way.
    rooms: tuple[tuple[str, Room], ...] = (
        ("/healthz", ProbesRoom(_health(parts.database), metrics)),
        ("/metrics", ProbesRoom(_health(parts.database), metrics)),
        ("/auth/o2/token", LwaRoom(parts.access)),
        (
            "/operator/",
            OperatorRoom(OperatorServices(parts.access, parts.world), operator_token, operator_operations.OPERATIONS),
        ),
    )

    def choose(request: Request) -> Room:
        for prefix, room in rooms:
            if request.raw_path == prefix or (prefix.endswith("/") and request.raw_path.startswith(prefix)):
                return room
        return spapi

    return Gateway(choose, metrics)


def _health(database: Database) -> Callable[[], Awaitable[dict[str, object]]]:
    async def health() -> dict[str, object]:
        if not await database.alive():
            return {"status": "unavailable", "database": "does not answer"}
        async with database.read() as connection:
            missing = await pending(connection)
        if missing:
            return {"status": "unavailable", "database": "ok", "migrations": f"{len(missing)} pending"}
        return {"status": "ok", "database": "ok", "migrations": "current"}

    return health


async def serve(settings: Settings, ready: Callable[[Core], Awaitable[object]] | None = None) -> None:
    """Serve until told to stop. `ready` is awaited once requests are answered."""
    with DataDirectory(settings.data).owned() as directory:
        token = directory.operator_token()
        async with database_url(settings, directory) as url, core(url, directory) as parts:
            stopped = asyncio.Event()
            server = _server(settings, directory, gateway(settings, parts, token))
            _stop_on_signals(server, stopped)
            serving = asyncio.create_task(_run(server))
            ticking = asyncio.create_task(_tick(parts.ledger))
            try:
                await _listening(settings, serving)
                with directory.recorded(settings.base_url, url):
                    log.info("ready", url=settings.base_url, data=str(directory.path))
                    greeting = asyncio.create_task(_greet(ready, parts))
                    await serving
                    greeting.cancel()
            finally:
                ticking.cancel()
                log.info("stopped")


def _server(settings: Settings, directory: DataDirectory, application: Gateway) -> Server:
    tls: dict[str, Any] = {}
    if settings.tls:
        made = certificates.ensure(directory.tls)
        tls = {"ssl_cert": made.chain, "ssl_key": made.key}
    server = Server(
        application,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_MILLISECONDS),
        websockets=False,
        backlog=1024,
        backpressure=CONNECTIONS_AT_ONCE,
        log_enabled=False,
        **tls,
    )
    server.workers_kill_timeout = DRAIN_SECONDS
    return server


def _stop_on_signals(server: Server, stopped: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopped.is_set():
            sys.exit(1)  # asked twice: do not wait for those under way
        stopped.set()
        log.info("stopping")
        server.stop()  # type: ignore[no-untyped-call]

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)


async def _run(server: Server) -> None:
    # Granian's own waiting ends so when a request outlasts the time for draining.
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await server.serve()


async def _listening(settings: Settings, serving: asyncio.Task[None]) -> None:
    """Wait until a connection is accepted, or the server ended (the port is taken, say)."""
    while True:
        if serving.done():
            await serving
            raise OSError(f"cannot listen on {settings.host}:{settings.port}")
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.02)


async def _greet(ready: Callable[[Core], Awaitable[object]] | None, parts: Core) -> None:
    if ready is not None:
        try:
            await ready(parts)
        except Exception:
            log.exception("greeting failed")


async def _tick(ledger: Ledger) -> None:
    """Let time-driven entries happen in worlds whose clock runs by itself."""
    while True:
        await asyncio.sleep(TICK_SECONDS)
        try:
            await ledger.tick()
        except Exception as problem:
            log.warning("tick failed", problem=str(problem))
