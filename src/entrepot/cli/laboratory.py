"""Commands about stock: the world's verbs and clock, and `explain`."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
import typer

from entrepot.cli import output
from entrepot.cli.client import ask
from entrepot.cli.options import Data, Json
from entrepot.domain.errors import Invalid
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
        _run_scenario(Path(positional.pop(0)), data, json)
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


def _run_scenario(file: Path, data: Path, json: bool) -> None:
    from entrepot.cli.scenarios import run  # late, as in `_list_verbs`

    run(file, data, json)


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
    from entrepot.domain.verbs import VERBS  # late: other commands need not load all that stock can do

    rows = [(name, _signature(verb.command), " ".join(verb.events)) for name, verb in VERBS.items() if not verb.timer]
    rows += [(name, arguments, "") for name, arguments in CLOCK_VERBS.items()]
    output.table("", ("verb", "arguments", "events"), rows)


def _signature(command: type) -> str:
    required: list[str] = []
    optional: list[str] = []
    for part in fields(command):
        needed = part.default is MISSING
        (required if needed else optional).append(f"--{part.name}" if needed else f"[--{part.name}]")
    return " ".join(required + optional)


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
