"""The composition root: settings → data directory → database → services → rooms → server, or worker.

`serve` runs all doors in one process and one event loop until SIGTERM or SIGINT: then it stops listening, finishes
what is under way, and leaves the database clean. Beside it runs one worker, a process of its own, so that no door
waits for a file; `work` is what runs there, and in every other worker.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]
from granian.server.embed import Server

from entrepot import certificates
from entrepot.api.aim import operations as aim_operations
from entrepot.api.aim.room import PREFIXES as AIM
from entrepot.api.aim.room import AimRoom
from entrepot.api.aim.room import Services as AimServices
from entrepot.api.documents import PREFIX as DOCUMENTS
from entrepot.api.documents import DocumentsRoom, Links
from entrepot.api.gateway import Gateway
from entrepot.api.http import Request
from entrepot.api.metrics import Metrics
from entrepot.api.mws import operations as mws_operations
from entrepot.api.mws.operation import Services as MwsServices
from entrepot.api.mws.room import MwsRoom
from entrepot.api.mws.room import claims as is_mws
from entrepot.api.operation import MIB, Room, Throttle
from entrepot.api.operator import mail as operator_mail
from entrepot.api.operator import operations as operator_operations
from entrepot.api.operator import orders as operator_orders
from entrepot.api.operator import reports as operator_reports
from entrepot.api.operator import service as operator_service
from entrepot.api.operator.room import OperatorRoom
from entrepot.api.operator.room import Services as OperatorServices
from entrepot.api.paging import Pager
from entrepot.api.probes import LwaRoom, ProbesRoom
from entrepot.api.spapi import fba_inventory, feeds, listings_items, supply_sources, tokens
from entrepot.api.spapi import reports as spapi_reports
from entrepot.api.spapi.room import Services as SpapiServices
from entrepot.api.spapi.room import SpapiRoom
from entrepot.api.sts import StsRoom
from entrepot.api.sts import claims as is_sts
from entrepot.datadir import DataDirectory
from entrepot.domain.errors import Problem
from entrepot.feeds.confirmation import confirm
from entrepot.mending import Mending
from entrepot.services.access import Access
from entrepot.services.batches import Batches
from entrepot.services.documents import Documents
from entrepot.services.health import Health
from entrepot.services.inventory import Inventory
from entrepot.services.ledger import Ledger
from entrepot.services.listings import Listings
from entrepot.services.locations import Locations
from entrepot.services.mail import Mail, Postbox
from entrepot.services.marks import Marks
from entrepot.services.orders import Orders
from entrepot.services.reports import Reports
from entrepot.services.secrets import Keyring
from entrepot.services.submissions import Submissions
from entrepot.services.supply import Supplies
from entrepot.services.world import WorldService
from entrepot.settings import Settings
from entrepot.storage.bytestore import ByteStore
from entrepot.storage.database import Database
from entrepot.storage.embedded import EmbeddedPostgres
from entrepot.storage.migrate import migrate, pending
from entrepot.supervision import Charge, parent_gone
from entrepot.worker import Worker

TICK_SECONDS: Final = 0.5
DRAIN_SECONDS: Final = 30
FAREWELL_SECONDS: Final = 1  # for the last bytes of the last answers
# A connection that has not sent its head by then is closed.
HEAD_MILLISECONDS: Final = 20_000
CONNECTIONS_AT_ONCE: Final = 1_000_000  # no request waits for another one's body
BACKLOG: Final = 1024

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
    documents: Documents
    reports: Reports


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
async def core(url: str, directory: DataDirectory, settings: Settings, connections: int = 10) -> AsyncIterator[Core]:
    """The services over a database whose schema is current. What is under way is finished at the end."""
    await migrate(url)
    store = await asyncio.to_thread(ByteStore.open, settings.documents or directory.documents)
    database = await Database.open(url, size=connections)
    keyring = Keyring.load(directory.key)
    access = Access(database, keyring)
    await access.check_key()
    ledger = Ledger(database)
    documents = Documents(database, store, settings.document_limit * MIB)
    try:
        yield Core(
            database,
            access,
            ledger,
            Inventory(database),
            WorldService(database, ledger),
            keyring,
            documents,
            Reports(database, documents),
        )
    finally:
        await ledger.close()
        await database.close()


def gateway(settings: Settings, parts: Core, operator_token: str) -> Gateway:
    """All doors on one port, told apart by path."""
    metrics = Metrics()
    throttle = Throttle(time.monotonic) if settings.limits == "amazon" else None
    links = Links(parts.keyring, settings.public_base, time.time)
    health = Health(parts.database, metrics.failed)
    pager = Pager(parts.keyring, time.time)
    submissions = Submissions(parts.database)
    spapi = SpapiRoom(
        SpapiServices(
            parts.access,
            parts.inventory,
            parts.ledger,
            parts.world,
            pager,
            Locations(parts.database),
            Listings(parts.database, parts.ledger),
            parts.documents,
            links,
            submissions,
            parts.reports,
            strict=settings.fidelity == "strict",
        ),
        throttle,
        fba_inventory.OPERATIONS
        + supply_sources.OPERATIONS
        + listings_items.OPERATIONS
        + feeds.OPERATIONS
        + spapi_reports.OPERATIONS
        + tokens.OPERATIONS,
    )
    sts = StsRoom()
    aim = AimRoom(
        AimServices(
            parts.access,
            Batches(parts.database, parts.documents),
            parts.reports,
            strict=settings.fidelity == "strict",
        ),
        aim_operations.OPERATIONS,
    )
    mws = MwsRoom(
        MwsServices(
            parts.access,
            health,
            pager,
            Supplies(parts.database),
            parts.documents,
            submissions,
            parts.reports,
            strict=settings.fidelity == "strict",
        ),
        throttle,
        mws_operations.OPERATIONS,
    )
    # Prefix → room. STS has hosts, and so has MWS, too; whatever nobody claims is SP-API's, which refuses unknown paths
    # in its way.
    rooms: tuple[tuple[str, Room], ...] = (
        ("/healthz", ProbesRoom(_health(parts.database), metrics)),
        ("/metrics", ProbesRoom(_health(parts.database), metrics)),
        ("/auth/o2/token", LwaRoom(parts.access)),
        (DOCUMENTS, DocumentsRoom(parts.documents, links)),
        *((prefix, aim) for prefix in AIM),
        (
            "/operator/",
            OperatorRoom(
                OperatorServices(
                    parts.access,
                    parts.world,
                    Marks(parts.database, parts.ledger),
                    Orders(parts.database),
                    Mail(parts.database),
                    parts.reports,
                    health,
                ),
                operator_token,
                operator_operations.OPERATIONS
                + operator_orders.OPERATIONS
                + operator_mail.OPERATIONS
                + operator_reports.OPERATIONS
                + operator_service.OPERATIONS,
            ),
        ),
    )

    def choose(request: Request) -> Room:
        for prefix, room in rooms:
            if request.raw_path == prefix or (prefix.endswith("/") and request.raw_path.startswith(prefix)):
                return room
        if is_sts(request):
            return sts
        return mws if is_mws(request) else spapi

    return Gateway(choose, metrics)


def _health(database: Database) -> Callable[[], Awaitable[dict[str, object]]]:
    async def health() -> dict[str, object]:
        if not await database.alive():
            return {"status": "unavailable", "database": "does not answer"}
        try:
            async with database.read() as connection:
                missing = await pending(connection)
        except Problem as problem:
            return {"status": "unavailable", "database": "ok", "migrations": problem.message}
        if missing:
            return {"status": "unavailable", "database": "ok", "migrations": f"{len(missing)} pending"}
        return {"status": "ok", "database": "ok", "migrations": "current"}

    return health


async def serve(settings: Settings, ready: Callable[[Core], Awaitable[object]] | None = None) -> None:
    """Serve until told to stop. `ready` is awaited once requests are answered."""
    stop = _stop_on_signals()
    with DataDirectory(settings.data).owned() as directory, ExitStack() as sockets:
        listener = sockets.enter_context(_bound(settings.host, settings.port))
        mended = None if settings.aim_port is None else sockets.enter_context(_bound(settings.host, settings.aim_port))
        token = directory.operator_token()
        await asyncio.to_thread(certificates.ensure, directory.tls)
        async with database_url(settings, directory) as url, core(url, directory, settings) as parts:
            if stop.is_set():
                return
            application = gateway(settings, parts, token)
            server = _server(settings, directory, application, listener)
            ticking = asyncio.create_task(_tick(parts.ledger, parts.reports))
            charge = Charge(_worker_command(), _worker_environment(settings, directory, url))
            minding = asyncio.create_task(charge.mind())
            try:
                with directory.recorded(_local_url(settings), url):
                    greeting = asyncio.create_task(_greet(ready, parts))
                    log.info("ready", url=settings.base_url, data=str(directory.path))
                    async with _mending(settings, directory, mended):
                        await _run(server, application, listener, stop)
                    greeting.cancel()
            finally:
                ticking.cancel()
                minding.cancel()
                await charge.dismiss()
                log.info("stopped")


async def work(settings: Settings, slots: int) -> None:
    """Be a worker until told to stop, or until the server that started this one is gone."""
    stop = _stop_on_signals()
    directory = DataDirectory(settings.data)
    url = settings.database or directory.record().database
    # Files are decoded into many values that all live until the file is done: to look through them often is no use.
    gc.freeze()
    gc.set_threshold(50_000)
    async with core(url, directory, settings, connections=slots + 2) as parts:
        worker = Worker(url, parts.database, parts.ledger, parts.documents, slots=slots, ended=confirm)
        postbox = None if settings.smtp is None else Postbox.named(settings.smtp, settings.mail_from)
        delivering = asyncio.create_task(Mail(parts.database, postbox).keep_delivering())
        stopping = asyncio.create_task(_stop_when(stop, worker))
        try:
            await worker.run()
        finally:
            stopping.cancel()
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)
            log.info("worker stopped")


async def _stop_when(asked: asyncio.Event, worker: Worker) -> None:
    gone = asyncio.create_task(parent_gone())
    stop = asyncio.create_task(asked.wait())
    await asyncio.wait((gone, stop), return_when=asyncio.FIRST_COMPLETED)
    worker.stop()


def _worker_command() -> list[str]:
    return [sys.executable, "-m", "entrepot", "worker"]


def _worker_environment(settings: Settings, directory: DataDirectory, url: str) -> dict[str, str]:
    """What the server's own worker is told: nothing of it stands in the list of processes."""
    told = {
        "ENTREPOT_DATA": str(directory.path),
        "ENTREPOT_DATABASE": url,
        "ENTREPOT_DOCUMENT_LIMIT": str(settings.document_limit),
        "ENTREPOT_LOG_LEVEL": settings.log_level,
    }
    optional = {
        "ENTREPOT_DOCUMENTS": settings.documents,
        "ENTREPOT_SMTP": settings.smtp,
        "ENTREPOT_MAIL_FROM": settings.mail_from,
    }
    return told | {name: value for name, value in optional.items() if value is not None}


@asynccontextmanager
async def _mending(settings: Settings, directory: DataDirectory, listener: socket.socket | None) -> AsyncIterator[None]:
    """Heads of old clients are mended on this socket, if there is one."""
    if listener is None:
        yield
        return
    made = certificates.ensure(directory.tls) if settings.tls else None
    async with Mending(_local_host(settings), settings.port, made).listening(listener):
        yield


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that owns the address, so that a second server is refused; nobody can connect before it listens."""
    with ExitStack() as stack:
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Connections inherit it: a streamed answer must not wait for its head to be acknowledged.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listener.bind(address)
        except OSError as problem:
            text = f"cannot listen on {host}:{port}: {problem.strerror}"
            raise OSError(problem.errno, text) from None
        yield listener


class _Server(Server):
    """Granian on a socket of ours: one it makes itself would share its port with any other server."""

    def __init__(self, application: Gateway, listener: socket.socket, **options: Any) -> None:
        super().__init__(application, **options)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._shd = SocketHolder(os.dup(self._listener.fileno()), False, BACKLOG)  # type: ignore[call-arg,assignment]


def _server(settings: Settings, directory: DataDirectory, application: Gateway, listener: socket.socket) -> Server:
    tls: dict[str, Any] = {}
    if settings.tls:
        made = certificates.ensure(directory.tls)
        tls = {"ssl_cert": made.chain, "ssl_key": made.key}
    return _Server(
        application,
        listener,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_MILLISECONDS),
        websockets=False,
        backpressure=CONNECTIONS_AT_ONCE,
        log_enabled=False,
        **tls,
    )


def _local_url(settings: Settings) -> str:
    """Where the operator's commands on this machine find the server, whatever clients call it."""
    return replace(settings, host=_local_host(settings)).base_url


def _local_host(settings: Settings) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104
    return everywhere.get(settings.host, settings.host)


def _stop_on_signals() -> asyncio.Event:
    """Set at the first SIGTERM or SIGINT, however early it comes. A second one does not wait for what is under way."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def stop() -> None:
        if asked.is_set():
            _give_up()
            sys.exit(1)
        log.info("stopping")
        asked.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)
    return asked


async def _run(server: Server, application: Gateway, listener: socket.socket, stop: asyncio.Event) -> None:
    """Answer requests until `stop`; then accept no more, and finish those under way."""
    listener.listen(BACKLOG)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
        raise RuntimeError("the HTTP server ended by itself")
    listener.close()
    server.stop()  # type: ignore[no-untyped-call]
    drained = asyncio.create_task(_drained(application))
    await asyncio.wait((serving, drained), timeout=DRAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    _give_up()


def _give_up() -> None:
    """What is still under way ends with the process; that Granian complains of it is nobody's concern."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)


async def _drained(application: Gateway) -> None:
    """Wait for the requests under way, but not for connections that have not sent a whole head."""
    await application.idle.wait()
    await asyncio.sleep(FAREWELL_SECONDS)


async def _greet(ready: Callable[[Core], Awaitable[object]] | None, parts: Core) -> None:
    if ready is not None:
        try:
            await ready(parts)
        except Exception:
            log.exception("greeting failed")


async def _tick(ledger: Ledger, reports: Reports) -> None:
    """Let time-driven entries happen in worlds whose clock runs by itself, and have the reports made that are due."""
    while True:
        await asyncio.sleep(TICK_SECONDS)
        try:
            await ledger.tick()
            await reports.run_schedules()
        except Exception as problem:
            log.warning("tick failed", problem=str(problem))
