"""GetServiceStatus, the same in every section.

Sources: Section Reference 2010-10-01, "GetServiceStatus"; MWS reference §5.5 (live: Status and Timestamp only where
there is nothing to say), §4 (usage plan). It is signed like any other, as all recorded requests are; but while the
database is away nobody can be identified, and whoever asks is told RED.
"""

from __future__ import annotations

from typing import Final

from entrepot.api.http import Response
from entrepot.api.mws.messages import enveloped, milliseconds
from entrepot.api.mws.operation import Call, MwsOperation, envelope, result_of
from entrepot.api.mws.sections import SECTIONS, Section
from entrepot.api.operation import Quota
from entrepot.wire import xml

_NAME: Final = "GetServiceStatus"
PLAN: Final = Quota(rate=1 / 300, burst=2)


async def get_service_status(call: Call) -> Response:
    status = await call.services.health.status()
    result = result_of(call)
    xml.add(result, "Status", status.level)
    xml.add(result, "Timestamp", milliseconds(call.at))
    if status.message_id is not None:
        xml.add(result, "MessageId", status.message_id)
        messages = xml.add(result, "Messages")
        for one in status.messages:
            message = xml.add(messages, "Message")
            xml.add(message, "Locale", one.locale)
            xml.add(message, "Text", one.text)
    return envelope(call, result)


def outage(section: Section, request_id: str, at: float) -> Response:
    result = f"<{_NAME}Result><Status>RED</Status><Timestamp>{milliseconds(at)}</Timestamp></{_NAME}Result>"
    return enveloped(section, _NAME, request_id, at, result.encode())


OPERATIONS: Final = tuple(MwsOperation(section, _NAME, get_service_status, PLAN, outage=outage) for section in SECTIONS)
