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
from gateway.app import create_app
from gateway.fake_answerer import FakeAnswerer
from gateway.keys import SCOPES, FixedKeys, Key, spelled
from gateway.plan import Backend, FixedPlan, TrafficPlan
from gateway.settings import GatewaySettings

OpenDoor = Callable[..., TestClient]

# What tests present that do not say otherwise: a key that may do everything.
PRESENTED = spelled("test", "0" * 64)
AUTHORIZATION = {"Authorization": f"Bearer {PRESENTED}"}


@pytest.fixture
def keys() -> FixedKeys:
    return FixedKeys({PRESENTED: Key(id="test", scopes=frozenset(SCOPES))})


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
def open_door(plan: FixedPlan, answerer: FakeAnswerer, keys: FixedKeys) -> Iterator[OpenDoor]:
    """Opens a gateway before the fake answerer to a caller with a key; keywords go to
    ``create_app``."""
    numbers = itertools.count(1)
    with ExitStack() as open_doors:

        def open_one(**changed: Any) -> TestClient:
            given: dict[str, Any] = {
                "plan": plan,
                "keys": keys,
                "transport": httpx.ASGITransport(answerer.app),
                "new_request_id": lambda: f"id-{next(numbers)}",
                "settings": GatewaySettings(deadline_seconds=5.0),
                **changed,
            }
            client = TestClient(create_app(**given), headers=AUTHORIZATION)
            return open_doors.enter_context(client)

        yield open_one


@pytest.fixture
def door(open_door: OpenDoor) -> TestClient:
    return open_door()
