"""`entrepot service`: how the server is, and what its operator has to say of it to every program that asks."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from entrepot.cli import output
from entrepot.cli.client import ask
from entrepot.cli.options import Data, Json
from entrepot.services.health import DEFAULT_LOCALE
from entrepot.settings import DEFAULT_DATA

service = typer.Typer(no_args_is_help=True, help="How the service is, as MWS's GetServiceStatus tells it.")
message = typer.Typer(no_args_is_help=True, help="What the operator has to say of the service.")
service.add_typer(message, name="message")


def register(app: typer.Typer) -> None:
    app.add_typer(service, name="service")


@message.command("set")
def set_message(
    text: Annotated[str, typer.Argument(help="What every program is told.")],
    locale: Annotated[str, typer.Option(help="The language it is in.")] = DEFAULT_LOCALE,
    message_id: Annotated[str | None, typer.Option(help="Its id; default: as before, or a new one.")] = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Say something, in one language; a GREEN service is GREEN_I then."""
    body = {"text": text, "locale": locale, "message_id": message_id}
    _print(ask(data, "PUT", "/service/message", body), json)


@message.command("clear")
def clear(
    locale: Annotated[str | None, typer.Option(help="Only in this language; default: in all.")] = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Say nothing any more."""
    query = "" if locale is None else f"?locale={quote(locale, safe='')}"
    _print(ask(data, "DELETE", f"/service/message{query}"), json)


@message.command("show")
def show(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """How the service is, and what is said of it."""
    _print(ask(data, "GET", "/service"), json)


def _print(answer: dict[str, Any], json: bool) -> None:
    if output.wants_json(json):
        output.as_json(answer)
        return
    rows = [(one["locale"], one["text"], one["message_id"], one["set_at"]) for one in answer["messages"]]
    output.table(answer.get("status", ""), ("locale", "message", "id", "set"), rows)
