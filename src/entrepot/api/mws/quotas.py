"""What one developer may ask for one seller: a leaking bucket for each operation, and a number of requests an hour.

Sources: MWS reference §4 (Developer Guide, "Throttling"; recorded headers and texts). Decided here: a throttled request
costs nothing of the hour, one beyond the hour does take from its bucket, and without limits the headers tell the full
quota.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from entrepot.api.http import Headers
from entrepot.api.mws.messages import Refused, milliseconds
from entrepot.api.mws.operation import MwsOperation
from entrepot.api.operation import Throttle

_HOUR: Final = 3600
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass
class Hours:
    """How many requests each key had in its hour, which begins at a minute of its own. `now`: real time in seconds."""

    now: Callable[[], float]
    most: int = 100_000
    _used: dict[tuple[str, ...], tuple[float, int]] = field(default_factory=dict)

    def ends(self, key: tuple[str, ...]) -> float:
        """When the hour of this key ends that it is now."""
        minute = hashlib.sha256(key[0].encode()).digest()[0] % 60 * 60
        return (self.now() - minute) // _HOUR * _HOUR + minute + _HOUR

    def left(self, key: tuple[str, ...], limit: int) -> int:
        """How many requests the hour still has."""
        ends, used = self._used.get(key, (0.0, 0))
        return max(0, limit - used) if ends == self.ends(key) else limit

    def spend(self, key: tuple[str, ...]) -> None:
        now = self.ends(key)
        ends, used = self._used.pop(key, (now, 0))
        self._used[key] = (now, used + 1 if ends == now else 1)
        if len(self._used) > self.most:
            del self._used[next(iter(self._used))]


@dataclass
class Quotas:
    """`throttle` None: there are no limits."""

    throttle: Throttle | None
    hours: Hours

    def spend(self, operation: MwsOperation, seller_id: str, developer_id: str) -> Headers:
        """The headers that tell of the hour, as it was before this request. Raises Refused."""
        section, action = operation.section.title, operation.action
        caller = f"{seller_id}/{developer_id}"
        bucket = (caller, section, operation.bucket or action)
        if self.throttle is not None and self.throttle.spend(bucket, operation.quota):
            raise Refused("RequestThrottled")
        if operation.hourly is None:
            return ()
        hour = (caller, section, action)
        left, ends = self.hours.left(hour, operation.hourly), self.hours.ends(hour)
        headers = _headers(operation.hourly, left, ends)
        if self.throttle is None:
            return headers
        if not left:
            text = (
                f"You exceeded your quota of {operation.hourly}.0 requests per 1 hour for operation {section}/{action}."
                f"  Your quota will reset on {_date(ends)}"
            )
            raise Refused("QuotaExceeded", text, headers)
        self.hours.spend(hour)
        return headers


def _headers(most: int, left: int, ends: float) -> Headers:
    return (
        ("x-mws-quota-max", f"{most}.0"),
        ("x-mws-quota-remaining", f"{left}.0"),
        ("x-mws-quota-resetsOn", milliseconds(ends)),
    )


def _date(at: float) -> str:
    """As Java prints a date, whatever the locale is here: `Thu Oct 24 01:30:00 UTC 2013`."""
    moment = datetime.fromtimestamp(at, UTC)
    weekday, month = _WEEKDAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{weekday} {month} {moment:%d %H:%M:%S} UTC {moment.year}"
