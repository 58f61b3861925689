"""``GET /v1/models``: which versions are live, in which slots."""

# FastAPI reads these annotations while running, and `entry` is no global: no future import.
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from contracts.answers import LiveVersion, LiveVersions
from contracts.traffic import SLOTS
from gateway.asked import Asked
from gateway.entry import Entry
from gateway.openapi import problems
from gateway.plan import PlanSource
from gateway.responses import as_json


def live_versions(plan: PlanSource) -> LiveVersions:
    """Raises ``AnswererAway`` when no plan was ever known."""
    slots = plan.current().slots
    return LiveVersions(
        versions=tuple(
            LiveVersion(**slots[slot].version.model_dump(), slot=slot)
            for slot in SLOTS
            if slot in slots
        )
    )


def model_routes(entry: Entry, plan: PlanSource, *, deadline_seconds: float) -> APIRouter:
    router = APIRouter(tags=["models"])

    @router.get(
        "/v1/models",
        summary="Say which versions are live",
        response_model=LiveVersions,
        responses=problems(400, 401, 403, 429, 500, 503),
    )
    async def models(
        _: Annotated[Asked, Depends(entry.asks("answer", seconds=deadline_seconds))],
    ) -> Response:
        return as_json(live_versions(plan))

    return router
