"""The operator reads the outbox: mail to sellers, sent or not."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from entrepot.api.http import Response
from entrepot.api.operation import Operation
from entrepot.api.operator.room import Call, success
from entrepot.domain.errors import Invalid
from entrepot.services.mail import Letter

LIMIT: Final = 100
_DIGITS: Final = 18


def _view(letter: Letter) -> dict[str, Any]:
    return {
        "mail_id": letter.mail_id,
        "recipient": letter.recipient,
        "subject": letter.subject,
        "body": letter.body,
        "created_at": _instant(letter.created_at),
        "sent_at": _instant(letter.sent_at),
        "problem": letter.problem,
        "tries": letter.tries,
        "due_at": _instant(letter.due_at),
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


async def list_mail(call: Call) -> Response:
    """`seller`, `limit` (100), `after` (the `next` of the page before)."""
    seller = call.request.one("seller")
    if not seller:
        raise Invalid("seller", "a seller is required")
    page = await call.services.mail.outbox(
        seller, _number(call, "after", 10**_DIGITS), _number(call, "limit", LIMIT) or LIMIT
    )
    return success({"mail": [_view(letter) for letter in page.letters], "next": page.before})


def _number(call: Call, name: str, most: int) -> int | None:
    text = call.request.one(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and 1 <= int(text) <= most):
        raise Invalid(name, f"{name} is a number from 1 to {most}")
    return int(text)


OPERATIONS: Final = (Operation("listMail", "GET", "/operator/v1/mail", list_mail),)
