"""``GET /v1/admin/traffic``: the plan in force, and which backends are left out of it.

Needs the scope ``admin``. It only shows: what moves traffic is an event of the ledger.
"""

# FastAPI reads these annotations while running, and `entry` is no global: no future import.
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from contracts.administration import SlotTraffic, TrafficInForce
from contracts.traffic import SLOTS, Slot
from gateway.asked import Asked
from gateway.entry import Entry
from gateway.openapi import problems
from gateway.plan import Backend, PlanSource
from gateway.responses import as_json

IsEjected = Callable[[Slot, Backend], bool]


def traffic_in_force(plan: PlanSource, is_ejected: IsEjected) -> TrafficInForce:
    """Raises ``AnswererAway`` when no plan was ever known."""
    current = plan.current()
    return TrafficInForce(
        slots=tuple(
            SlotTraffic(
                slot=slot,
                url=backend.url,
                version=backend.version,
                ejected=is_ejected(slot, backend),
            )
            for slot in SLOTS
            if (backend := current.slots.get(slot)) is not None
        ),
        split=current.split,
    )


def admin_routes(
    entry: Entry, plan: PlanSource, is_ejected: IsEjected, *, deadline_seconds: float
) -> APIRouter:
    router = APIRouter(tags=["administration"])

    @router.get(
        "/v1/admin/traffic",
        summary="Say which traffic goes where",
        response_model=TrafficInForce,
        responses=problems(400, 401, 403, 429, 500, 503),
    )
    async def traffic(
        _: Annotated[Asked, Depends(entry.asks("admin", seconds=deadline_seconds))],
    ) -> Response:
        return as_json(traffic_in_force(plan, is_ejected))

    return router
