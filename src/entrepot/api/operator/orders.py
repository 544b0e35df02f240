"""The operator reads the order book of a seller; he writes it by the world's verbs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from entrepot.api.http import Request, Response
from entrepot.api.operation import Operation
from entrepot.api.operator.room import Call, success
from entrepot.domain.errors import Invalid
from entrepot.services.orders import BookedOrder

LIMIT: Final = 100


def _view(booked: BookedOrder) -> dict[str, Any]:
    return {**msgspec.to_builtins(booked.order), "items": msgspec.to_builtins(booked.items)}


async def list_orders(call: Call) -> Response:
    """`status`, `channel`, `limit` (100), `after` (the `next` of the page before)."""
    request = call.request
    page = await call.services.orders.page(
        call.parameters["seller"],
        _limit(request.one("limit")),
        _word(request, "status"),
        _word(request, "channel"),
        _after(request.one("after")),
    )
    following = f"{page.after[0].astimezone(UTC):%Y%m%dT%H%M%S.%fZ}~{page.after[1]}" if page.after else None
    return success({"orders": [_view(order) for order in page.orders], "next": following})


def _word(request: Request, name: str) -> str | None:
    value = request.one(name)
    if value is not None and not value.isalpha():
        raise Invalid(name, f"{value[:50]!r} is not a {name}")
    return value


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LIMIT)) and 1 <= int(text) <= LIMIT):
        raise Invalid("limit", f"limit is a number from 1 to {LIMIT}")
    return int(text)


def _after(text: str | None) -> tuple[datetime, str] | None:
    if not text:
        return None
    instant, _, order_id = text.partition("~")
    try:
        if "\0" in order_id:
            raise ValueError
        return datetime.strptime(instant, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC), order_id
    except ValueError:
        raise Invalid("after", "'after' is the 'next' of the page before") from None


async def get_order(call: Call) -> Response:
    return success(_view(await call.services.orders.one(call.parameters["seller"], call.parameters["order"])))


OPERATIONS: Final = (
    Operation("listOrders", "GET", "/operator/v1/sellers/{seller}/orders", list_orders),
    Operation("getOrder", "GET", "/operator/v1/sellers/{seller}/orders/{order}", get_order),
)
