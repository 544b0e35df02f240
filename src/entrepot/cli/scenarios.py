"""Scenario files, played through the operator API of a running server."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

from rich.markup import escape
from rich.progress import Progress

from entrepot.cli import output
from entrepot.cli.client import OperatorClient
from entrepot.cli.refusals import Refused
from entrepot.domain.errors import Invalid, Problem
from entrepot.services import scenario


def run(file: Path, data: Path, json: bool) -> None:
    """Play a scenario file against the running server, with a progress bar."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise Invalid("scenario", f"cannot read {file}: {problem}") from None
    parsed = scenario.parse(text)
    with (
        OperatorClient(data, "scenario") as client,
        Progress(console=output.errors, transient=True, disable=not sys.stderr.isatty()) as progress,
    ):
        task = progress.add_task(parsed.name, total=len(parsed.steps))
        credentials = play(parsed, client, lambda done, of: progress.update(task, completed=done))
    if output.wants_json(json):
        output.as_json({"scenario": parsed.name, "steps": len(parsed.steps), "sellers": credentials})
        return
    output.console.print(f"[green]{escape(parsed.name)}: {len(parsed.steps)} steps done[/]")
    output.table("", ("seller", "id"), [(alias, one["seller_id"]) for alias, one in credentials.items()])


def play(
    parsed: scenario.Scenario, client: OperatorClient, progress: Any = lambda done, of: None
) -> dict[str, dict[str, Any]]:
    """Play a parsed scenario through the operator API; sellers that exist already are used as they are."""
    existing = {row["email"].lower(): row["seller_id"] for row in client.call("GET", "/sellers")["sellers"]}

    async def add_seller(seller: dict[str, Any]) -> dict[str, Any]:
        known = existing.get(str(seller.get("email", "")).lower())
        if known is not None:
            answer: dict[str, Any] = client.call("GET", f"/sellers/{known}/credentials")
            return answer
        added: dict[str, Any] = client.call("POST", "/sellers", seller)
        return added

    async def act(verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = client.call("POST", f"/world/{verb}", arguments)
        except Refused as refusal:
            raise _MEANINGS.get(refusal.code, Problem)(refusal.message) from None
        return answer

    return asyncio.run(scenario.play(parsed, add_seller, act, progress))


def _meaning(kind: type[Problem]) -> type[Problem]:
    """A class of the same name that takes only the text, for a refusal that came over the wire."""
    return type(kind.__name__, (Problem,), {})


_MEANINGS: Final = {kind.__name__: _meaning(kind) for kind in Problem.__subclasses__()}
