"""GetServiceStatus, the same in every section.

Sources: Section Reference 2010-10-01, "GetServiceStatus"; MWS reference §5.5 (live: Status and Timestamp only where
there is nothing to say), §4 (usage plan). It is signed like any other, as all recorded requests are.
"""

from __future__ import annotations

from typing import Final

from entrepot.api.http import Response
from entrepot.api.mws.messages import milliseconds
from entrepot.api.mws.operation import Call, MwsOperation, envelope, result_of
from entrepot.api.mws.sections import SECTIONS
from entrepot.api.operation import Quota
from entrepot.wire import xml

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


OPERATIONS: Final = tuple(MwsOperation(section, "GetServiceStatus", get_service_status, PLAN) for section in SECTIONS)
