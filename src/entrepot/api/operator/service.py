"""The operator says something of the service: what every program reads in MWS's GetServiceStatus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from entrepot.api.http import Response
from entrepot.api.operation import Operation
from entrepot.api.operator.room import Call, success
from entrepot.domain.errors import Invalid
from entrepot.services.health import DEFAULT_LOCALE, Message


class NewMessage(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    locale: str = DEFAULT_LOCALE
    message_id: str | None = None


async def get_service(call: Call) -> Response:
    """How the service is, and the message in every language."""
    status = await call.services.health.status()
    return success({"status": status.level, "messages": _views(status.messages)})


async def set_message(call: Call) -> Response:
    """`text`, `locale` (en_US), `message_id` (as before, or made)."""
    try:
        body = msgspec.convert(call.body(), NewMessage)
    except msgspec.ValidationError as problem:
        raise Invalid("body", str(problem)) from None
    messages = await call.services.health.say(body.text, body.locale, body.message_id)
    return success({"messages": _views(messages)})


async def clear_message(call: Call) -> Response:
    """In the language of `locale`, or in all."""
    await call.services.health.unsay(call.request.one("locale"))
    return success({"messages": _views(await call.services.health.messages())})


def _views(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [
        {
            "locale": one.locale,
            "message_id": one.message_id,
            "text": one.text,
            "set_at": one.set_at.isoformat().replace("+00:00", "Z"),
        }
        for one in messages
    ]


OPERATIONS: Final = (
    Operation("getService", "GET", "/operator/v1/service", get_service),
    Operation("setServiceMessage", "PUT", "/operator/v1/service/message", set_message),
    Operation("clearServiceMessage", "DELETE", "/operator/v1/service/message", clear_message),
)
