"""Commands about sellers, their orders, applications and the authorisation between them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from entrepot.cli import output
from entrepot.cli.client import ask
from entrepot.cli.options import Data, Json
from entrepot.settings import DEFAULT_DATA

seller = typer.Typer(no_args_is_help=True, help="Sellers: add, list, show their credentials.")
application = typer.Typer(no_args_is_help=True, help="Developer applications, and what sellers allow them.")

order = typer.Typer(no_args_is_help=True, help="The order book of a seller; `world place_order` and others write it.")


def register(app: typer.Typer) -> None:
    app.add_typer(seller, name="seller")
    app.add_typer(application, name="application")
    app.add_typer(order, name="order")


def _print_credentials(credentials: dict[str, Any], as_json: bool) -> None:
    if output.wants_json(as_json):
        output.as_json(credentials)
        return
    rows = [(name, value) for name, value in credentials.items() if not isinstance(value, dict | list)]
    rows.append(("marketplaces", ", ".join(credentials["marketplaces"])))
    for group in ("mws", "spapi"):
        rows += [(f"{group}.{name}", value) for name, value in (credentials[group] or {}).items()]
    output.table("", ("credential", "value"), rows)


@seller.command("add")
def add(
    email: Annotated[str, typer.Option()],
    password: Annotated[str, typer.Option()],
    name: Annotated[str, typer.Option()],
    marketplace: Annotated[list[str] | None, typer.Option(help="Id or country code; repeat for several.")] = None,
    fidelity: Annotated[str | None, typer.Option(help="forgiving or strict; default: as the server.")] = None,
    application_id: Annotated[
        str | None, typer.Option("--application", help="Authorise this application instead of one of his own.")
    ] = None,
    seller_id: Annotated[str | None, typer.Option(help="Choose the seller id.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the identifiers his world allots.")] = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Add a seller and print the credentials of all three generations."""
    body = {"email": email, "password": password, "name": name, "marketplaces": marketplace or ["US"]}
    extra = {"fidelity": fidelity, "application": application_id, "seller_id": seller_id, "seed": seed}
    body |= {key: value for key, value in extra.items() if value is not None}  # type: ignore[misc]
    _print_credentials(ask(data, "POST", "/sellers", body), json)


@seller.command("list")
def list_all(data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """List the sellers."""
    answer = ask(data, "GET", "/sellers")
    if output.wants_json(json):
        output.as_json(answer)
        return
    columns = ("seller_id", "name", "email", "region", "marketplaces", "fidelity")
    rows = [{**row, "marketplaces": ", ".join(row["marketplaces"])} for row in answer["sellers"]]
    output.table("", columns, [[row[column] for column in columns] for row in rows])


@seller.command("show")
def show(seller_id: str, data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """Print a seller's credentials again."""
    _print_credentials(ask(data, "GET", f"/sellers/{quote(seller_id, safe='')}/credentials"), json)


@seller.command("schedule")
def schedule(
    seller_id: str,
    report: Annotated[str, typer.Option(help="Which report, by its AIM name.")] = "Order",
    hours: Annotated[
        int | None, typer.Option(help="A report every so many hours; 0: none. Left out: only shows what there is.")
    ] = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Set, or show, which reports are made by themselves."""
    path = f"/sellers/{quote(seller_id, safe='')}/report-schedules"
    answer = ask(data, "GET", path) if hours is None else ask(data, "PUT", path, {"report": report, "hours": hours})
    if output.wants_json(json):
        output.as_json(answer)
        return
    rows = [(one["report"], one["hours"], one["due_at"]) for one in answer["schedules"]]
    output.table("", ("report", "hours", "next"), rows)


@seller.command("preorder")
def preorder(
    seller_id: str,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="In UTF-8, with tabs between the cells.")],
    marketplace: Annotated[str | None, typer.Option(help="Its id; default: the seller's first.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Install AIM's Preorder report, which nobody generates."""
    try:
        content = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is not in UTF-8") from None
    body = {"content": content, **({"marketplace": marketplace} if marketplace else {})}
    output.as_json(ask(data, "POST", f"/sellers/{quote(seller_id, safe='')}/preorder-report", body))


@application.command("add")
def add_application(
    name: Annotated[str, typer.Option()],
    role: Annotated[list[str] | None, typer.Option(help="Repeat for several; default: all.")] = None,
    redirect_uri: Annotated[list[str] | None, typer.Option(help="Where consent may lead; repeat for several.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Add a developer application; prints its client id and secret."""
    body: dict[str, Any] = {"name": name, "redirect_uris": redirect_uri or []}
    if role:
        body["roles"] = role
    output.as_json(ask(data, "POST", "/applications", body))


Client = Annotated[str, typer.Option("--application", help="Client id of the application.")]
Who = Annotated[str, typer.Option("--seller", help="Seller id.")]


@application.command("authorize")
def authorize(seller_id: Who, client_id: Client, data: Data = DEFAULT_DATA) -> None:
    """Let an application act for a seller; prints the refresh token."""
    body = {"seller": seller_id, "application": client_id}
    output.as_json(ask(data, "POST", "/authorizations", body))


@application.command("code")
def code(
    seller_id: Who, client_id: Client, redirect_uri: Annotated[str, typer.Option()], data: Data = DEFAULT_DATA
) -> None:
    """Give consent as the seller would: prints an authorisation code, good once, for five minutes."""
    body = {"seller": seller_id, "application": client_id, "redirect_uri": redirect_uri}
    output.as_json(ask(data, "POST", "/authorization-codes", body))


@application.command("revoke")
def revoke(seller_id: Who, client_id: Client, data: Data = DEFAULT_DATA) -> None:
    """Take the authorisation back: refresh and access tokens stop working."""
    body = {"seller": seller_id, "application": client_id}
    output.as_json(ask(data, "POST", "/authorizations/revoke", body))


@order.command("list")
def list_orders(
    seller_id: Annotated[str, typer.Option("--seller")],
    status: Annotated[str | None, typer.Option(help="As Pending, Unshipped, Shipped.")] = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """The newest hundred orders of a seller."""
    query = f"?status={quote(status, safe='')}" if status else ""
    answer = ask(data, "GET", f"/sellers/{quote(seller_id, safe='')}/orders{query}")
    if output.wants_json(json):
        output.as_json(answer)
        return
    rows = [
        (
            one["order_id"],
            one["placed_at"],
            one["channel"],
            one["status"],
            ", ".join(f"{item['ordered']} × {item['sku']}" for item in one["items"]),
            one["promise"].get("latest_ship", ""),
        )
        for one in answer["orders"]
    ]
    output.table("", ("order", "placed", "channel", "status", "items", "ship by"), rows)


@order.command("show")
def show_order(
    order_id: Annotated[str, typer.Argument()],
    seller_id: Annotated[str, typer.Option("--seller")],
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """An order with its items, the locations that ship it, and what was promised."""
    answer = ask(data, "GET", f"/sellers/{quote(seller_id, safe='')}/orders/{quote(order_id, safe='')}")
    if output.wants_json(json):
        output.as_json(answer)
        return
    items = answer.pop("items")
    output.table("", ("order", answer["order_id"]), [(name, _told(value)) for name, value in answer.items()])
    columns = ("item", "sku", "ordered", "cancelled", "shipped", "returned", "from")
    rows = [
        (
            one["order_item_id"],
            one["sku"],
            one["ordered"],
            one["cancelled"],
            one["shipped"],
            one["returned"],
            ", ".join(f"{route['quantity']} from {route['source']}" for route in one["routes"]),
        )
        for one in items
    ]
    output.table("items", columns, rows, right=columns[2:6])


def _told(value: Any) -> str:
    """An object as `name: value` lines, without what is empty."""
    if not isinstance(value, dict):
        return "" if value is None else str(value)
    return "\n".join(f"{name}: {_told(inner)}" for name, inner in value.items() if inner not in (None, "", {}))
