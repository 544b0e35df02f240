"""`entrepot demo`: a server with a world to look at, and a snippet to paste."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.progress import Progress

from entrepot.cli import output
from entrepot.cli.client import OperatorClient
from entrepot.cli.options import Data
from entrepot.cli.serving import Host, Port, run_server
from entrepot.datadir import DataDirectory
from entrepot.settings import DEFAULT_DATA, DEFAULT_HOST, DEFAULT_PORT, Settings


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(host: Host = DEFAULT_HOST, port: Port = DEFAULT_PORT, data: Data = DEFAULT_DATA) -> None:
    """Run the server with a demo world, and print a snippet to paste."""

    async def ready(_: object) -> None:
        await asyncio.to_thread(_show, data)

    run_server(Settings(host, port, data, log_level="warning"), ready)


def _show(data: Path) -> None:
    client = OperatorClient(data, "scenario")
    sellers = _sellers(client, data)
    ada = client.call("GET", f"/sellers/{sellers['ada']}/credentials")
    output.console.print(f"\n[bold green]Entrepôt serves at {client.url}[/]   (Ctrl-C stops it)\n")
    output.table("", ("demo seller", "id"), list(sellers.items()))
    for name, value in ada["spapi"].items():
        output.console.print(f"{name:<14} [dim]{value}[/]", soft_wrap=True)
    output.console.print("\nPaste this into another terminal, in this directory:\n", style="bold")
    sys.stdout.write(f"{_python()} - <<'EOF'\n{_snippet(client, data, ada)}EOF\n\n")
    sys.stdout.flush()


def _sellers(client: OperatorClient, data: Path) -> dict[str, str]:
    """The demo's sellers by name; its world is played at the first start, and what was played is noted."""
    note = data / "demo.json"
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(note.read_bytes(), type=dict[str, str])
    # late: other commands need not load all that stock can do
    from entrepot.cli.scenarios import play
    from entrepot.services import scenario

    parsed = scenario.parse(_file("demo.yaml"))
    with Progress(console=output.console, transient=True, disable=not output.console.is_terminal) as progress:
        task = progress.add_task("demo world", total=len(parsed.steps))
        credentials = play(parsed, client, lambda done, of: progress.update(task, completed=done))
    sellers = {alias: one["seller_id"] for alias, one in credentials.items()}
    note.write_bytes(msgspec.json.encode(sellers))
    return sellers


def _file(name: str) -> str:
    return resources.files("entrepot").joinpath(f"demo/{name}").read_text(encoding="utf-8")


def _snippet(client: OperatorClient, data: Path, credentials: dict[str, Any]) -> str:
    token = DataDirectory(data).operator_token()
    values = {"URL": client.url, "SELLER": credentials["seller_id"], "TOKEN": token, **credentials["spapi"]}
    snippet = _file("snippet.py")
    for name, value in values.items():
        snippet = snippet.replace(f"<{name}>", value)
    return snippet


def _python() -> str:
    """The interpreter that has the client library: this one, written as short as can be."""
    here = Path(sys.executable)
    with contextlib.suppress(ValueError):
        return str(here.relative_to(Path.cwd()))
    return str(here)
