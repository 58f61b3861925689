"""The same log over SQLite, over PostgreSQL and in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest

from answerlog.memory import MemoryLog
from answerlog.reader import LogReader
from answerlog.recorder import AnswerLog, open_answer_log
from answerlog.records import AnswerRecord, Purged
from answerlog.retention import purge
from answerlog.store import LogStore
from contracts.answers import FeedbackReply, FeedbackRequest
from tests.answerlog.making import KEY, Clock
from tests.postgres import empty_database

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]


class Purge(Protocol):
    def __call__(
        self, *, callers: Sequence[str] | None = None, before: datetime | None = None
    ) -> Purged: ...


@dataclass
class Kept:
    """A log as tests use it: what records, what reads, what purges."""

    recorder: AnswerLog | MemoryLog
    reader: LogReader | MemoryLog
    purge: Purge
    clock: Clock

    def record(self, *lines: AnswerRecord) -> None:
        """Record, and wait until it can be read."""
        for line in lines:
            self.recorder.record(line)
        if isinstance(self.recorder, AnswerLog):
            self.recorder.flush()

    def feedback(self, given: FeedbackRequest, key: str = KEY) -> FeedbackReply:
        return asyncio.run(self.recorder.feedback(key, given))


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database; the same contract holds on each."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deep/answers.db"
        return
    with empty_database(request.getfixturevalue("postgres_server")) as found:
        yield found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=[*BACKENDS, "memory"])
def log(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Kept]:
    """An open log that keeps the texts of questions."""
    with ExitStack() as opened:
        if request.param == "memory":
            twin = MemoryLog(keep_questions=True, now=clock.date)
            yield Kept(twin, twin, twin.purge, clock)
            return
        found = f"sqlite:///{tmp_path}/answers.db"
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            found = opened.enter_context(empty_database(server))
        store = LogStore(found)
        recorder = opened.enter_context(open_answer_log(store, keep_questions=True, now=clock.date))

        def remove(
            *, callers: Sequence[str] | None = None, before: datetime | None = None
        ) -> Purged:
            return purge(store, callers=callers, before=before)

        # Pages so small that every stream turns some.
        yield Kept(recorder, LogReader(store, page_lines=2), remove, clock)
