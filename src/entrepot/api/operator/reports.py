"""The operator says which reports of a seller are made by themselves, and how often; and installs what is not made."""

from __future__ import annotations

from typing import Any, Final

from entrepot.api.http import Response
from entrepot.api.operation import Operation
from entrepot.api.operator.room import Call, success
from entrepot.domain.errors import Invalid
from entrepot.reports.types import TYPES, ReportType, of_aim
from entrepot.services.report_requests import PREORDER


async def list_schedules(call: Call) -> Response:
    found = await call.services.reports.schedules(call.parameters["seller"])
    views = [
        {
            "report": (TYPES[one.report_type].aim if one.report_type in TYPES else None) or one.report_type,
            "type": one.report_type,
            "hours": one.hours,
            "due_at": one.due_at.isoformat().replace("+00:00", "Z"),
        }
        for one in found
    ]
    return success({"schedules": views})


async def set_schedule(call: Call) -> Response:
    """`report` by its AIM or its newer name, `hours`: the length of its periods; 0: no more."""
    body = call.body()
    _only(body, "report", "hours")
    report = _report(body.get("report"))
    hours = body.get("hours")
    if isinstance(hours, bool) or not isinstance(hours, int):
        raise Invalid("hours", "'hours' is a whole number")
    await call.services.reports.set_schedule(call.parameters["seller"], report.name, hours)
    return await list_schedules(call)


async def install_preorder(call: Call) -> Response:
    """`content`: the whole file. `marketplace`: its id; by default the seller's first one."""
    body = call.body()
    _only(body, "content", "marketplace")
    content, marketplace = body.get("content"), body.get("marketplace")
    if not isinstance(content, str):
        raise Invalid("content", "'content' is the text of the file")
    if marketplace is not None and not isinstance(marketplace, str):
        raise Invalid("marketplace", "'marketplace' is the id of a marketplace")
    columns = TYPES[PREORDER].columns
    number = await call.services.reports.install_preorder(call.parameters["seller"], columns, content, marketplace)
    return success({"report": number})


def _only(body: dict[str, Any], *names: str) -> None:
    for name in body:
        if name not in names:
            raise Invalid(name, f"there is no member '{name}' here; there are {' and '.join(names)}")


def _report(name: object) -> ReportType:
    found = (TYPES.get(name) or of_aim(name)) if isinstance(name, str) else None
    if found is None or not found.generated or found.aim is None:
        known = ", ".join(one.aim for one in TYPES.values() if one.generated and one.aim)
        raise Invalid("report", f"'report' is one of {known}")
    return found


OPERATIONS: Final = (
    Operation("listReportSchedules", "GET", "/operator/v1/sellers/{seller}/report-schedules", list_schedules),
    Operation("setReportSchedule", "PUT", "/operator/v1/sellers/{seller}/report-schedules", set_schedule),
    Operation("installPreorderReport", "POST", "/operator/v1/sellers/{seller}/preorder-report", install_preorder),
)
