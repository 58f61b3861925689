"""Callers, plans and answerers for tests of routing, all in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from answerlog.memory import MemoryLog
from answerlog.records import AnswerRecord
from contracts.answers import AnsweredBy, AnswerRequest
from contracts.digests import digest_of_bytes
from contracts.models import VersionFacts
from contracts.traffic import Slot, TrafficSplit
from gateway.asked import Asked
from gateway.callers import Caller
from gateway.cohorts import slot_for
from gateway.deadlines import Deadline
from gateway.fake_answerer import FakeAnswerer
from gateway.keys import Key
from gateway.plan import Backend, FixedPlan, TrafficPlan
from gateway.routing import Router
from gateway.routing_settings import RoutingSettings
from gateway.tracing import Trace
from gateway.wire import HttpxWire

KEY = Key(id="app", scopes=frozenset({"answer"}))
TRACE = Trace("ab" * 16, "cd" * 8, flags=1)


def facts(version: str) -> VersionFacts:
    return VersionFacts(
        model="coding-mcqa",
        version=version,
        digest=digest_of_bytes(version.encode()),
        run_id="run",
        commit="commit",
        scoring="text",
    )


def backend(version: str, url: str | None = None) -> Backend:
    return Backend(url=url or f"http://v{version}", version=AnsweredBy.of(facts(version)))


def question(number: int = 0, code: str = "") -> AnswerRequest:
    return AnswerRequest(
        question=f"What does number {number} print?", code=code, choices=("1", "2", "3", "4")
    )


def people() -> Iterator[Caller]:
    number = 0
    while True:
        yield Caller(KEY, f"student-{number}", "header")
        number += 1


def somebody(slot: Slot, split: TrafficSplit) -> Caller:
    """The first caller whom ``split`` sends to ``slot``."""
    return next(one for one in people() if slot_for(split, one.hashed) == slot)


def asks(caller: Caller, seconds: float = 10.0, **changes: Any) -> Asked:
    """A request of ``caller`` with a deadline on the clock of the loop that runs."""
    clock = asyncio.get_running_loop().time
    given: dict[str, Any] = {
        "request_id": "r-1",
        "caller": caller,
        "deadline": Deadline.after(seconds, clock),
        "trace": TRACE.header,
        **changes,
    }
    return Asked(**given)


class Hosts(httpx.AsyncBaseTransport):
    """A network of fake answerers, by version; ``seen`` holds what was sent to each. Where
    ``refused`` says so, nothing listens."""

    def __init__(self, *versions: str) -> None:
        self.answerers = {f"v{one}": FakeAnswerer(facts(one)) for one in versions}
        self.seen: list[httpx.Request] = []
        self.refused: set[str] = set()
        self._ways = {
            host: httpx.ASGITransport(answerer.app) for host, answerer in self.answerers.items()
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if request.method == "POST":
            self.seen.append(request)
        if host in self.refused:
            raise httpx.ConnectError("refused", request=request)
        # A real server's reply takes a turn of the loop at least.
        await asyncio.sleep(0.01)
        return await self._ways[host].handle_async_request(request)

    def questions(self, version: str) -> int:
        return self.answerers[f"v{version}"].asked


class Scene:
    """Stable answers as version 1, the canary as version 2, and everything is written down."""

    def __init__(self, split: TrafficSplit | None = None, **settings: Any) -> None:
        self.split = split or TrafficSplit()
        self.hosts = Hosts("1", "2", "3")
        slots: dict[Slot, Backend] = {"stable": backend("1"), "canary": backend("2")}
        self.plan = FixedPlan(TrafficPlan(slots=slots, split=self.split))
        self.log = MemoryLog(keep_questions=True)
        self.settings = RoutingSettings(**settings)

    @property
    def stable(self) -> FakeAnswerer:
        return self.hosts.answerers["v1"]

    @property
    def canary(self) -> FakeAnswerer:
        return self.hosts.answerers["v2"]

    @asynccontextmanager
    async def open(self) -> Any:
        """A router at work, on the time of the loop that runs."""
        router = Router(
            self.plan,
            HttpxWire(self.hosts, connect_seconds=1.0),
            self.log,
            settings=self.settings,
            clock=asyncio.get_running_loop().time,
        )
        router.start()
        try:
            yield router
        finally:
            await router.close()

    def records(self) -> list[AnswerRecord]:
        return [line.record for line in self.log.lines()]
