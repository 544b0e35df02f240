"""Commands that run a server, or something beside it: `serve`, `worker`, `demo`, `exec`, `verify`."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
import structlog
import typer
import uvloop
from rich.markup import escape
from rich.progress import Progress

from entrepot.cli import output
from entrepot.cli.options import Data, Json
from entrepot.datadir import DataDirectory, InUse
from entrepot.domain.errors import Invalid, NotFound, Unavailable
from entrepot.settings import DEFAULT_DATA, DEFAULT_DOCUMENT_LIMIT, DEFAULT_HOST, DEFAULT_PORT, Settings


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.command("worker")(worker)
    extra = {"ignore_unknown_options": True, "allow_interspersed_args": False}
    app.command("exec", context_settings=extra, no_args_is_help=True)(execute)
    app.command("verify")(verify)


Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Database = Annotated[
    str | None, typer.Option(help="PostgreSQL URL; default: the embedded server.", envvar="ENTREPOT_DATABASE")
]
Limits = Annotated[Literal["amazon", "off"], typer.Option(help="Usage plans as documented, or none.")]
Fidelity = Annotated[
    Literal["forgiving", "strict"], typer.Option(help="strict also enforces what only gets in the way.")
]
Tls = Annotated[bool, typer.Option("--tls", help="Serve HTTPS with the data directory's own CA.")]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], typer.Option(help="What to log.", envvar="ENTREPOT_LOG_LEVEL")
]
PublicUrl = Annotated[
    str | None,
    typer.Option(help="What clients call this server; default: as it listens.", envvar="ENTREPOT_PUBLIC_URL"),
]
Documents = Annotated[
    str | None,
    typer.Option(
        help="Where documents are: a path or s3://bucket/prefix; default: the data directory.",
        envvar="ENTREPOT_DOCUMENTS",
    ),
]
DocumentLimit = Annotated[
    int, typer.Option(min=1, max=5120, help="The longest document, in MiB.", envvar="ENTREPOT_DOCUMENT_LIMIT")
]
Smtp = Annotated[
    str | None,
    typer.Option(
        help="Mail server: smtp[s]://user:password@host:port; default: mail stays in the outbox.",
        envvar="ENTREPOT_SMTP",
    ),
]
MailFrom = Annotated[
    str | None, typer.Option(help="Who mail is from; needed with --smtp.", envvar="ENTREPOT_MAIL_FROM")
]
AimPort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="One more port, for AIM clients whose header names have blanks."),
]
Slots = Annotated[int, typer.Option(min=1, max=64, help="How many files to process beside one another.")]


def serve(
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    data: Data = DEFAULT_DATA,
    database: Database = None,
    limits: Limits = "amazon",
    fidelity: Fidelity = "forgiving",
    tls: Tls = False,
    log_level: LogLevel = "info",
    public_url: PublicUrl = None,
    documents: Documents = None,
    document_limit: DocumentLimit = DEFAULT_DOCUMENT_LIMIT,
    smtp: Smtp = None,
    mail_from: MailFrom = None,
    aim_port: AimPort = None,
) -> None:
    """Run the server in the foreground, until SIGTERM or Ctrl-C."""
    if public_url is not None and not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", public_url):
        raise Invalid("public-url", "the public URL is not valid: http(s)://host[:port][/path]")
    _check_mail(smtp, mail_from)
    run_server(
        Settings(
            host,
            port,
            data,
            database,
            limits,
            fidelity,
            tls,
            log_level,
            public_url,
            documents,
            document_limit,
            smtp,
            mail_from,
            aim_port,
        )
    )


def _check_mail(smtp: str | None, mail_from: str | None) -> None:
    from entrepot.services.mail import Postbox

    if smtp is not None:
        Postbox.named(smtp, mail_from)


def worker(
    data: Data = DEFAULT_DATA,
    database: Database = None,
    documents: Documents = None,
    document_limit: DocumentLimit = DEFAULT_DOCUMENT_LIMIT,
    slots: Slots = 8,
    log_level: LogLevel = "info",
    smtp: Smtp = None,
    mail_from: MailFrom = None,
) -> None:
    """Process uploaded files beside the worker that every server has, until SIGTERM or Ctrl-C."""
    from entrepot.app import work as working

    _check_mail(smtp, mail_from)
    settings = Settings(
        data=data,
        database=database,
        documents=documents,
        document_limit=document_limit,
        log_level=log_level,
        smtp=smtp,
        mail_from=mail_from,
    )
    _configure_log(settings)
    with _database_refusals(settings.database):
        uvloop.run(working(settings, slots))


def run_server(settings: Settings, ready: Any = None) -> None:
    from entrepot.app import serve as serving  # late: other commands need not load the server

    _configure_log(settings)
    with _database_refusals(settings.database):
        uvloop.run(serving(settings, ready))


_HOST = r"(?:\[[^\]]*\]|[^\[\]:/?#@,]*)(?::\d*)?"
_URL = re.compile(rf"postgres(?:ql)?://(?:[^/?#]*@)?{_HOST}(?:,{_HOST})*(?:/[^?#]*)?(?:\?[^#]*)?")


@contextmanager
def _database_refusals(url: str | None) -> Iterator[None]:
    """Says what a database that was named answers to a wrong name, password or right; never repeats the URL."""
    import asyncpg

    not_valid = Unavailable("the database URL is not valid: postgresql://user:password@host:port/name")
    if url is not None and not _URL.fullmatch(url):
        raise not_valid
    try:
        yield
    except asyncpg.exceptions.ClientConfigurationError:
        raise not_valid from None
    except asyncpg.PostgresError as problem:
        raise Unavailable(f"the database refuses: {problem}") from None


def _json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _configure_log(settings: Settings) -> None:
    """One JSON object a line on standard error, whoever logs; readable text on a terminal."""
    level = _LEVELS[settings.log_level]
    first: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    last: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]
    if sys.stderr.isatty():
        # Plain tracebacks: rich ones show the values of variables, and so secrets.
        last = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # A line and its end in one piece: the worker writes to the same file.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    others = logging.StreamHandler(sys.stderr)
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    others.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=first, processors=[strip, *last]))
    logging.basicConfig(handlers=[others], level=max(level, logging.WARNING), force=True)


def execute(
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after `--`.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Run a program whose calls to Amazon reach this server instead; it is refused everything else."""
    from entrepot import certificates, detour

    directory = DataDirectory(data)
    url = urlsplit(directory.record().url)
    made = certificates.ensure(directory.tls)
    tls = url.scheme == "https"
    sys.exit(detour.run(command, (url.hostname or DEFAULT_HOST, url.port or DEFAULT_PORT), made, tls=tls))


def verify(data: Data = DEFAULT_DATA, database: Database = None, json: Json = False) -> None:
    """Recompute every balance from the journal and check the invariants; exit code 1 on any difference."""
    from entrepot.services.verification import verify as check
    from entrepot.storage.database import Database as Opened

    async def run(url: str) -> Any:
        opened = await Opened.open(url)
        try:
            with Progress(console=output.errors, transient=True, disable=not sys.stderr.isatty()) as progress:
                task = progress.add_task("verify", total=None)
                return await check(opened, lambda done, of: progress.update(task, completed=done, total=of))
        finally:
            await opened.close()

    with _database(data, database) as url, _database_refusals(url):
        report = uvloop.run(run(url))
    if output.wants_json(json):
        output.as_json(report)
    else:
        _print_report(report)
    sys.exit(0 if report.clean else 1)


@contextmanager
def _database(data: Path, database: str | None) -> Iterator[str]:
    """The named database; else the running server's; else the embedded one, started for the while."""
    directory = DataDirectory(data)
    if database is not None:
        yield database
        return
    if not directory.postgres.exists():
        if not directory.recorded_at.exists():
            raise NotFound("database", str(directory.postgres))
        yield directory.record().database  # named when the server was started
        return
    try:
        with directory.owned():
            from entrepot.storage.embedded import EmbeddedPostgres

            embedded = EmbeddedPostgres(directory.postgres)
            try:
                yield embedded.start()
            finally:
                embedded.stop()
    except InUse:
        yield directory.record().database


def _print_report(report: Any) -> None:
    for check in report.checks:
        mark = "[green]✓[/]" if not check.differences else "[red]✗[/]"
        output.console.print(f"{mark} {check.name}  [dim]{check.checked} checked[/]")
        for difference in check.differences:
            output.console.print(f"    [red]{escape(str(difference))}[/]")
    output.console.print("[green]clean[/]" if report.clean else "[bold red]differences found[/]")
