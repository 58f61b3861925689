"""Who looks at the gateway without a key: probes and Prometheus.

``/healthz`` says that the process runs, ``/readyz`` that a question would be answered,
``/metrics`` what was counted. None of them is ever turned away. Source: Kubernetes, liveness
and readiness probes; the text format of Prometheus.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.errors import GatewayEnding
from contracts.shape import Shape
from gateway.draining import Draining
from gateway.metrics import PrometheusMeters
from gateway.openapi import problems
from gateway.responses import as_json

CheckReady = Callable[[], Awaitable[None]]


class Health(Shape):
    status: str


def probe_routes(
    check_ready: CheckReady, draining: Draining, meters: PrometheusMeters
) -> APIRouter:
    """``check_ready`` raises ``AnswererAway`` unless a question would be answered now."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Say that the process runs", response_model=Health)
    async def healthz() -> Response:
        return as_json(Health(status="alive"))

    @router.get(
        "/readyz",
        summary="Say whether a question would be answered",
        response_model=Health,
        responses=problems(500, 503),
    )
    async def readyz() -> Response:
        if draining():
            raise GatewayEnding(
                "this gateway was told to end, and finishes what is under way.",
                mend="Send new requests to another one.",
            )
        await check_ready()
        return as_json(Health(status="ready"))

    @router.get("/metrics", summary="Tell Prometheus what was counted", response_class=Response)
    async def metrics(request: Request) -> Response:
        page, media_type = meters.page(request.headers.get("accept", ""))
        return Response(page, headers={"Content-Type": media_type})

    return router
