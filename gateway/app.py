"""Puts the front door together: routes, their problems, and what stands around them.

Each group of routes has a file of its own (``answers``, ``models``, ``admin``, ``probes``) and
is told what it needs; this one knows all of them and nothing else does. Whoever starts the
gateway hands in the plan, the keys, the transport, the clock and the source of request ids.
Source: https://fastapi.tiangolo.com/advanced/events/
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from secrets import token_hex
from typing import Final

import httpx
from fastapi import FastAPI

from gateway.admin import admin_routes
from gateway.admission import Lane
from gateway.answers import answer_routes
from gateway.batch import batch_routes
from gateway.bodies import BodyLimit, HeldBodies
from gateway.counting import close_span, count_requests
from gateway.deadlines import Clock
from gateway.draining import Draining
from gateway.edge import Edge
from gateway.entry import Entry
from gateway.explanations import Explainers, explanation_routes
from gateway.faults import tell_faults
from gateway.feedback import feedback_routes
from gateway.keys import KeySource
from gateway.limits import KeyLimits
from gateway.log_lines import access_line
from gateway.metrics import PrometheusMeters
from gateway.models import model_routes
from gateway.openapi import API_VERSION, describe
from gateway.plan import PlanSource
from gateway.probes import probe_routes
from gateway.recording import NoRecorder, Recorder
from gateway.routing import Router
from gateway.routing_metrics import RoutingMeters
from gateway.settings import GatewaySettings
from gateway.spans import Spans
from gateway.wire import wire_over

_REQUEST_ID_BYTES: Final = 16


def random_request_id() -> str:
    """128 random bits in hex."""
    return token_hex(_REQUEST_ID_BYTES)


def create_app(
    plan: PlanSource,
    *,
    keys: KeySource,
    settings: GatewaySettings | None = None,
    meters: PrometheusMeters | None = None,
    spans: Spans | None = None,
    draining: Draining | None = None,
    recorder: Recorder | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    new_request_id: Callable[[], str] = random_request_id,
    clock: Clock = time.monotonic,
) -> FastAPI:
    """The gateway as an ASGI application. ``transport`` stands in for the network."""
    limits, draining = settings or GatewaySettings(), draining or Draining()
    meters, spans = meters or PrometheusMeters(), spans or Spans()
    wire = wire_over(
        transport,
        connect_seconds=limits.connect_seconds,
        most_connections=limits.most_connections,
    )
    recorder = recorder or NoRecorder()
    router = Router(plan, wire, recorder, settings=limits, spans=spans, clock=clock)
    meters.before_page.append(RoutingMeters(meters, router.stats).publish)
    explainers = Explainers(
        router,
        event_seconds=limits.deadline_seconds,
        connect_seconds=limits.connect_seconds,
        most_connections=limits.most_explanations,
        spans=spans,
        transport=transport,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        router.start()
        yield
        await explainers.close()
        await router.close()

    app = FastAPI(
        title="Proctor gateway",
        version=API_VERSION,
        summary="Answers multiple-choice questions about code, and says which version did.",
        lifespan=lifespan,
        redirect_slashes=False,
        # The interactive pages load scripts from another host; /openapi.json does not.
        docs_url=None,
        redoc_url=None,
    )
    entry = Entry(keys, KeyLimits(clock), clock)
    answers = Lane("answers", limits.most_answers, clock)
    bodies = HeldBodies(limits.most_body_bytes)
    explanations = Lane("explanations", limits.most_explanations, clock)
    app.state.lanes = (answers, explanations)
    _watch(meters, app.state.lanes, bodies, draining)
    seconds = limits.deadline_seconds
    app.include_router(answer_routes(entry, router, answers, deadline_seconds=seconds))
    app.include_router(batch_routes(entry, router, answers, deadline_seconds=seconds))
    app.include_router(
        explanation_routes(
            entry, explainers, explanations, deadline_seconds=limits.explanation_seconds
        )
    )
    app.include_router(feedback_routes(entry, recorder, deadline_seconds=seconds))
    app.include_router(model_routes(entry, plan, deadline_seconds=seconds))
    app.include_router(admin_routes(entry, plan, router.is_ejected, deadline_seconds=seconds))
    app.include_router(probe_routes(router.check_ready, draining, meters))
    tell_faults(app)
    # The last one added is the outermost.
    app.add_middleware(
        BodyLimit,
        limit_bytes=limits.largest_body_bytes,
        limit_seconds=limits.body_seconds,
        bodies=bodies,
    )
    app.add_middleware(
        Edge,
        new_request_id=new_request_id,
        clock=clock,
        spans=spans,
        draining=draining,
        ended=(access_line(questions=limits.log_questions), count_requests(meters), close_span),
    )
    describe(app)
    return app


def _watch(
    meters: PrometheusMeters, lanes: tuple[Lane, ...], bodies: HeldBodies, draining: Draining
) -> None:
    """Let the gauges ask those who know."""
    for lane in lanes:
        meters.watch("proctor_gateway_under_way", partial(_under_way, lane), lane=lane.name)
        meters.watch("proctor_gateway_expected_wait_seconds", partial(_wait, lane), lane=lane.name)
    meters.watch("proctor_gateway_held_body_bytes", lambda: float(bodies.held))
    meters.watch("proctor_gateway_draining", lambda: float(draining()))


def _under_way(lane: Lane) -> float:
    return lane.under_way


def _wait(lane: Lane) -> float:
    return lane.wait_seconds
