"""The gateway in front of the answerer without a model, both in this process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from contracts.answers import AnsweredBy
from contracts.digests import digest_of_bytes
from contracts.models import VersionFacts
from gateway.app import GatewaySettings, create_app
from gateway.fake_answerer import FakeAnswerer
from gateway.plan import Backend, FixedPlan, TrafficPlan

OpenDoor = Callable[..., TestClient]


@pytest.fixture(scope="session")
def facts() -> VersionFacts:
    return VersionFacts(
        model="coding-mcqa",
        version="3",
        digest=digest_of_bytes(b"weights"),
        run_id="run",
        commit="commit",
        scoring="text",
    )


@pytest.fixture
def answerer(facts: VersionFacts) -> FakeAnswerer:
    return FakeAnswerer(facts)


@pytest.fixture
def plan(facts: VersionFacts) -> FixedPlan:
    backend = Backend(url="http://answerer", version=AnsweredBy.of(facts))
    return FixedPlan(TrafficPlan(slots={"stable": backend}))


@pytest.fixture
def open_door(plan: FixedPlan, answerer: FakeAnswerer) -> Iterator[OpenDoor]:
    """Opens a gateway before the fake answerer; keywords go to ``create_app``."""
    numbers = itertools.count(1)
    with ExitStack() as open_doors:

        def open_one(**changed: Any) -> TestClient:
            given: dict[str, Any] = {
                "plan": plan,
                "transport": httpx.ASGITransport(answerer.app),
                "new_request_id": lambda: f"id-{next(numbers)}",
                "settings": GatewaySettings(deadline_seconds=5.0),
                **changed,
            }
            return open_doors.enter_context(TestClient(create_app(**given)))

        yield open_one


@pytest.fixture
def door(open_door: OpenDoor) -> TestClient:
    return open_door()
