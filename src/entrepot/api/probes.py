"""The paths that belong to nobody's dialect: health, metrics, and LWA's token endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from entrepot.api.http import Request, Response, json_response
from entrepot.api.metrics import Metrics
from entrepot.api.operation import KIB
from entrepot.api.spapi import lwa
from entrepot.domain.errors import TooLarge
from entrepot.services.access import Access


class ProbesRoom:
    """`GET /healthz`: 200 once it can serve (the database answers, its migrations are current). `GET /metrics`."""

    name = "probes"
    body_limit = 0

    def __init__(self, health: Callable[[], Awaitable[dict[str, object]]], metrics: Metrics) -> None:
        self._health = health
        self._metrics = metrics

    async def answer(self, request: Request) -> tuple[str, Response]:
        if request.method not in ("GET", "HEAD"):
            return "refused", json_response(405, {"status": "method not allowed"}, (("Allow", "GET, HEAD"),))
        if request.raw_path == "/metrics":
            return "metrics", self._metrics.page()
        report = await self._health()
        return "healthz", json_response(200 if report["status"] == "ok" else 503, report)

    def failure(self, request: Request, problem: Exception) -> Response:
        status = {TooLarge: 413, TimeoutError: 408}.get(type(problem), 500)
        return json_response(status, {"status": "error", "request_id": request.request_id})


class LwaRoom:
    """`POST /auth/o2/token`: tokens, with LWA's own flat error bodies."""

    name = "lwa"
    body_limit: Final = 64 * KIB

    def __init__(self, access: Access) -> None:
        self._access = access

    async def answer(self, request: Request) -> tuple[str, Response]:
        response = await lwa.token(request, self._access)
        headers = (*response.headers, ("x-amzn-RequestId", request.request_id))
        return "token", Response(response.status, response.body, response.content_type, headers)

    def failure(self, request: Request, problem: Exception) -> Response:
        status, code, text = (500, "server_error", "The authorization server met an unexpected condition")
        if isinstance(problem, TooLarge | TimeoutError):
            status, code = (413 if isinstance(problem, TooLarge) else 408), "invalid_request"
            text = "The request is too large" if status == 413 else "The request was not received in time"
        body = {"error": code, "error_description": text}
        return json_response(status, body, (("x-amzn-RequestId", request.request_id),))
