"""Commands that run a server, or something beside it: `serve`, `demo`, `exec`, `verify`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import structlog
import typer
import uvloop
from rich.progress import Progress

from entrepot import certificates, detour
from entrepot.cli import laboratory, output
from entrepot.cli.client import OperatorClient
from entrepot.cli.selling import Data, Json
from entrepot.datadir import DataDirectory, InUse
from entrepot.services import scenario
from entrepot.settings import DEFAULT_DATA, DEFAULT_HOST, DEFAULT_PORT, Settings


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.command("demo")(demo)
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
PublicUrl = Annotated[str | None, typer.Option(help="How clients reach the server, for absolute URLs.")]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], typer.Option(help="What to log.")]


def serve(
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    data: Data = DEFAULT_DATA,
    database: Database = None,
    limits: Limits = "amazon",
    fidelity: Fidelity = "forgiving",
    tls: Tls = False,
    public_url: PublicUrl = None,
    log_level: LogLevel = "info",
) -> None:
    """Run the server in the foreground, until SIGTERM or Ctrl-C."""
    run_server(Settings(host, port, data, database, limits, fidelity, tls, public_url, log_level))


def run_server(settings: Settings, ready: Any = None) -> None:
    from entrepot.app import serve as serving  # late: other commands need not load the server

    _configure_log(settings)
    try:
        uvloop.run(serving(settings, ready))
    except OSError as problem:
        output.errors.print(f"cannot serve: {problem}", markup=False)
        sys.exit(1)


_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _configure_log(settings: Settings) -> None:
    """One JSON object a line on standard error; readable text on a terminal."""
    people = sys.stderr.isatty()
    renderer: Any = structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer()
    trace = [] if people else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *trace,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def demo(host: Host = DEFAULT_HOST, port: Port = DEFAULT_PORT, data: Data = DEFAULT_DATA) -> None:
    """Run the server with a demo world, and print a snippet to paste."""

    async def ready(_: object) -> None:
        await asyncio.to_thread(_show_demo, data)

    run_server(Settings(host, port, data, log_level="warning"), ready)


def _show_demo(data: Path) -> None:
    client = OperatorClient(data, "scenario")
    parsed = scenario.parse(resources.files("entrepot").joinpath("demo/demo.yaml").read_text(encoding="utf-8"))
    with Progress(console=output.console, transient=True, disable=not output.console.is_terminal) as progress:
        task = progress.add_task("demo world", total=len(parsed.steps))
        credentials = laboratory.play(parsed, client, lambda done, of: progress.update(task, completed=done))
    first = next(iter(credentials.values()))
    snippet = resources.files("entrepot").joinpath("demo/snippet.py").read_text(encoding="utf-8")
    token = DataDirectory(data).operator_token()
    values = {"URL": client.url, "SELLER": first["seller_id"], "TOKEN": token, **first["spapi"]}
    for name, value in values.items():
        snippet = snippet.replace(f"<{name}>", value)
    rows = [(alias, one["seller_id"], one["email"]) for alias, one in credentials.items()]
    output.console.print(f"\n[bold green]Entrepôt serves at {client.url}[/]   (Ctrl-C stops it)\n")
    output.table("", ("seller", "id", "e-mail"), rows)
    for name, value in first["spapi"].items():
        output.console.print(f"{name:<14} [dim]{value}[/]", soft_wrap=True)
    output.console.print("\nPaste this into another terminal, in this directory:\n", style="bold")
    sys.stdout.write(f"{_python()} - <<'EOF'\n{snippet}EOF\n\n")
    sys.stdout.flush()


def _python() -> str:
    """The interpreter that has the client library: this one, written as short as can be."""
    here = Path(sys.executable)
    with contextlib.suppress(ValueError):
        return str(here.relative_to(Path.cwd()))
    return str(here)


def execute(
    command: Annotated[list[str], typer.Argument(help="The program and its arguments, after `--`.")],
    data: Data = DEFAULT_DATA,
) -> None:
    """Run a program whose calls to Amazon reach this server instead; it is refused everything else."""
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

    with _database(data, database) as url:
        report = uvloop.run(run(url))
    if json or not sys.stdout.isatty():
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
            output.console.print(f"    [red]{difference}[/]")
    output.console.print("[green]clean[/]" if report.clean else "[bold red]differences found[/]")
