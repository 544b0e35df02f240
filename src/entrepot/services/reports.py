"""Reports: the one service of them, for all doors and for the clock. Who makes them is the worker.

| what | where |
|---|---|
| what is asked for, found again, cancelled, acknowledged | `services.report_requests` |
| the files | `services.report_files` |
| what recurs, as SP-API and MWS have it | `services.recurring_reports` |
| what comes by itself, as AIM has it | `services.report_schedules` |
"""

from __future__ import annotations

from typing import Final

from entrepot.services.recurring_reports import Recurrence, run_recurring
from entrepot.services.report_files import Files
from entrepot.services.report_requests import Requests
from entrepot.services.report_schedules import Schedules, run_order_schedules
from entrepot.storage import report_requests as storage

_SELLERS_AT_ONCE: Final = 100


class Reports(Requests, Files, Recurrence, Schedules):
    """All that is asked of reports, and what the clock does."""

    async def run_schedules(self) -> int:
        """Have all reports made that are due in their sellers' worlds, by either kind of schedule; how many."""
        async with self._database.read() as connection:
            sellers = await storage.sellers_with_due_schedules(connection, _SELLERS_AT_ONCE)
        made = 0
        for seller_id in sellers:
            async with self._locked(seller_id) as (connection, ledger):
                made += await run_order_schedules(connection, ledger) + await run_recurring(connection, ledger)
        return made
