"""What the server counts, for Prometheus: requests by door, operation and status, and how long they took."""

from __future__ import annotations

from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from entrepot.api.http import Response

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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

    def page(self) -> Response:
        return Response(200, generate_latest(self.registry), CONTENT_TYPE_LATEST)
