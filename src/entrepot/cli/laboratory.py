"""Commands about stock: the world's verbs and clock, scenario files, `explain` and `verify`."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
import typer
from rich.markup import escape
from rich.progress import Progress

from entrepot.cli import output
from entrepot.cli.client import OperatorClient, Refused, ask
from entrepot.cli.selling import Data, Json
from entrepot.domain.errors import Invalid, Problem
from entrepot.domain.verbs import VERBS
from entrepot.services import scenario
from entrepot.settings import DEFAULT_DATA

CLOCK_VERBS: Final = {
    "now": "",
    "advance": "DURATION",
    "advance_to": "TO",
    "freeze": "",
    "run": "RATE",
    "seed": "SEED",
    "assert": "--sku --number --value",
    "explain": "--sku --number [--at]",
}
# Arguments that are lists or objects.
_STRUCTURED: Final = frozenset(
    "lines items numbers buyer address package attributes patches marketplaces configuration capabilities".split()
)
_POSITIONAL: Final = {"advance": "duration", "advance_to": "to", "run": "rate", "seed": "seed"}


def register(app: typer.Typer) -> None:
    extra = {"ignore_unknown_options": True, "allow_extra_args": True}
    app.command("world", context_settings=extra, no_args_is_help=True)(world)
    app.command("explain")(explain)


def world(
    context: typer.Context,
    verb: Annotated[str, typer.Argument(help="A verb (`verbs` lists them), or `run FILE` for a scenario.")],
    seller: Annotated[str | None, typer.Option(help="Seller id; clock verbs without it turn every clock.")] = None,
    idempotency_key: Annotated[str | None, typer.Option(help="A repetition changes nothing.")] = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Move stock and time: `entrepot world add_stock --seller ID --sku X --quantity 5`, `entrepot world run FILE`."""
    verb = verb.replace("-", "_")
    if verb == "verbs":
        _list_verbs()
        return
    arguments, positional = _arguments(context.args)
    if verb == "run" and positional and not _is_number(positional[0]):
        run_scenario(Path(positional.pop(0)), data, json)
        return
    if positional and verb in _POSITIONAL:
        arguments[_POSITIONAL[verb]] = positional.pop(0)
    if positional:
        raise Invalid("", f"what is '{positional[0]}'? Arguments are written --name value")
    for name, value in (("seller", seller), ("idempotency_key", idempotency_key)):
        if value is not None:
            arguments[name] = value
    answer = ask(data, "POST", f"/world/{quote(verb, safe='')}", arguments)
    if output.wants_json(json):
        output.as_json(answer)
    elif verb == "explain":
        output.explanation(answer)
    else:
        output.entries(answer)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _arguments(words: list[str]) -> tuple[dict[str, Any], list[str]]:
    """`--name value`, `--name=value`, `--flag`; the values of what is no single value are JSON."""
    named: dict[str, Any] = {}
    positional: list[str] = []
    waiting: str | None = None
    for word in words:
        if word.startswith("--"):
            if waiting is not None:
                named[waiting] = True
            name, equals, value = word[2:].partition("=")
            waiting = name.replace("-", "_")
            if equals:
                named[waiting], waiting = _value(waiting, value), None
        elif waiting is not None:
            named[waiting], waiting = _value(waiting, word), None
        else:
            positional.append(word)
    if waiting is not None:
        named[waiting] = True
    return named, positional


def _value(name: str, text: str) -> Any:
    if name not in _STRUCTURED:
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as problem:
        raise Invalid(name, f"--{name} takes JSON: {problem}") from None


def _list_verbs() -> None:
    rows = [(name, _signature(name), " ".join(verb.events)) for name, verb in VERBS.items() if not verb.timer]
    rows += [(name, arguments, "") for name, arguments in CLOCK_VERBS.items()]
    output.table("", ("verb", "arguments", "events"), rows)


def _signature(verb: str) -> str:
    required: list[str] = []
    optional: list[str] = []
    for part in fields(VERBS[verb].command):  # type: ignore[arg-type]
        needed = part.default is MISSING
        (required if needed else optional).append(f"--{part.name}" if needed else f"[--{part.name}]")
    return " ".join(required + optional)


def run_scenario(file: Path, data: Path, json: bool) -> None:
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


def explain(
    sku: str,
    number: Annotated[str, typer.Argument(help="As the API calls it: fulfillableQuantity, totalQuantity …")],
    seller: Annotated[str, typer.Option(help="Seller id.")],
    marketplace: Annotated[str | None, typer.Option(help="Marketplace id; default: the seller's first.")] = None,
    at: Annotated[str | None, typer.Option(help="A past instant of that world, ISO 8601.")] = None,
    source: Annotated[str | None, typer.Option(help="For the seller's own stock: one location, by id or code.")] = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Say which balances make up a number of a SKU, and which entries last changed it."""
    body = {"seller": seller, "sku": sku, "number": number, "marketplace": marketplace, "at": at, "source": source}
    given = {name: value for name, value in body.items() if value is not None}
    answer = ask(data, "POST", "/world/explain", given)
    if output.wants_json(json):
        output.as_json(answer)
    else:
        output.explanation(answer)
