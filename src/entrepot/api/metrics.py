"""What the server counts, for Prometheus: requests by door, operation and status, and how long they took."""

from __future__ import annotations

from collections import deque
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from entrepot.api.http import Response

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

# Of how many answers `failed` tells; one failure among a few tells nothing.
_LATEST = 1000
_FEW = 100


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers: deque[bool] = deque()
        self._failures = 0
        requests = Counter(
            "entrepot_requests", "Answered requests", ["door", "operation", "status"], registry=self.registry
        )
        seconds = Histogram(
            "entrepot_request_seconds",
            "Time from head to answer",
            ["door", "operation"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._requests = lru_cache(maxsize=None)(requests.labels)
        self._seconds = lru_cache(maxsize=None)(seconds.labels)

    def count(self, door: str, operation: str, status: int, seconds: float) -> None:
        self._requests(door, operation, str(status)).inc()
        self._seconds(door, operation).observe(seconds)

        self._answers.append(status == 500)
        self._failures += status == 500
        if len(self._answers) > _LATEST:
            self._failures -= self._answers.popleft()

    def failed(self) -> float:
        """The share of the latest answers that were failures of ours; what is refused or throttled is none."""
        return self._failures / max(len(self._answers), _FEW)

    def page(self) -> Response:
        return Response(200, generate_latest(self.registry), CONTENT_TYPE_LATEST)
