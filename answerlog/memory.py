"""The answer log in memory: for tests and trials. Passes the tests of the one in a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from answerlog.records import (
    AnswerRecord,
    Feedback,
    Label,
    Line,
    Pair,
    Purged,
    Role,
    Summary,
    Tally,
)
from answerlog.schema import pairing
from answerlog.shelf import check_letter
from contracts.answers import FeedbackReply, FeedbackRequest
from contracts.errors import AnswerNotFound
from contracts.times import stamp, utc_now
from contracts.traffic import Slot


class MemoryLog:
    """Recorder and reader in one. It keeps the last ``most_lines``, and forgets everything
    when the process ends: its feedback is on no disk."""

    def __init__(
        self,
        *,
        keep_questions: bool = False,
        most_lines: int = 10_000,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._keep_questions = keep_questions
        self._most_lines = most_lines
        self._now = now
        self._records: dict[int, AnswerRecord] = {}
        self._feedback: dict[int, tuple[bytes, Feedback]] = {}
        self._lines = self._told = 0

    # ------------------------------------------------------------ writing

    def record(self, line: AnswerRecord) -> None:
        if not self._keep_questions and line.question is not None:
            line = line.model_copy(update={"question": None})
        self._lines += 1
        self._records[self._lines] = line
        if len(self._records) > self._most_lines:
            self._forget([next(iter(self._records))])

    async def feedback(self, key_id: str, given: FeedbackRequest) -> FeedbackReply:
        """Raises ``AnswerNotFound``, ``BadFeedback``."""
        for seq, record in reversed(self._records.items()):
            asked = record.request_id, record.item, record.key_id
            if asked != (given.request_id, given.item, key_id):
                continue
            if record.role != "live" or record.outcome != "answered":
                continue
            check_letter(given, record.choices)
            at = stamp(self._now())
            self._told += 1
            told = Feedback(
                seq=self._told, at=at, about=seq, letter=given.letter, thumbs=given.thumbs
            )
            self._feedback[self._told] = (pairing(record), told)
            return FeedbackReply(request_id=given.request_id, item=given.item, recorded_at=at)
        raise AnswerNotFound(given.request_id)

    def purge(
        self, *, callers: Sequence[str] | None = None, before: datetime | None = None
    ) -> Purged:
        gone = [
            seq
            for seq, record in self._records.items()
            if (callers is None or record.caller in callers)
            and (before is None or record.at < stamp(before))
        ]
        told = self._forget(gone)
        return Purged(lines=len(gone), feedback=told, compacted=True)

    def _forget(self, numbers: Sequence[int]) -> int:
        lines = set(numbers)
        for seq in lines:
            del self._records[seq]
        gone = [seq for seq, (_, told) in self._feedback.items() if told.about in lines]
        for seq in gone:
            del self._feedback[seq]
        return len(gone)

    # ------------------------------------------------------------ reading

    def lines(
        self,
        *,
        after: int = 0,
        salt: str | None = None,
        slot: Slot | None = None,
        role: Role | None = None,
    ) -> Iterator[Line]:
        last = dict(self._feedback.values())
        for seq, record in list(self._records.items()):
            wanted = ((salt, record.salt), (slot, record.slot), (role, record.role))
            if seq > after and all(asked in {None, found} for asked, found in wanted):
                yield Line(seq=seq, record=record, feedback=last.get(pairing(record)))

    def last_lines(self, count: int) -> list[Line]:
        return list(self.lines())[-count:]

    def pairs(self, *, after: int = 0, salt: str | None = None) -> Iterator[Pair]:
        firsts: dict[tuple[bytes, Role, Slot], Line] = {}
        for line in self.lines():
            record = line.record
            here = (pairing(record), record.role, record.slot)
            if here in firsts:
                continue
            firsts[here] = line
            role: Role = "shadow" if record.role == "live" else "live"
            slot: Slot = "canary" if record.slot == "stable" else "stable"
            other = firsts.get((here[0], role, slot))
            if other is not None and line.seq > after and salt in {None, record.salt}:
                live = record.role == "live"
                yield Pair(live=line if live else other, shadow=other if live else line)

    def labels(self, *, after: int = 0, salt: str | None = None) -> Iterator[Label]:
        last = {key: told.seq for key, told in self._feedback.values()}
        for seq in sorted(set(last.values())):
            for line in self.lines(salt=salt):
                told, correct = line.feedback, line.correct
                if told is not None and told.seq == seq > after and correct is not None:
                    yield Label(seq=seq, line=line, correct=correct)

    def tallies(self, *, salt: str | None = None) -> list[Tally]:
        kinds: dict[tuple[str, str, str, str], list[Line]] = {}
        for line in self.lines(salt=salt):
            one = line.record
            kinds.setdefault((one.role, one.slot, one.model or "", one.version or ""), []).append(
                line
            )
        return [_tally(kinds[kind]) for kind in sorted(kinds)]

    def summary(self) -> Summary:
        times = [record.at for record in self._records.values()]
        return Summary(
            schema_version=None,
            lines=len(times),
            feedback=len(self._feedback),
            first_at=min(times, default=None),
            last_at=max(times, default=None),
            size_bytes=0,
        )


def _tally(lines: Sequence[Line]) -> Tally:
    records = [line.record for line in lines]
    return Tally(
        role=records[0].role,
        slot=records[0].slot,
        model=records[0].model,
        version=records[0].version,
        lines=len(lines),
        answered=sum(one.outcome == "answered" for one in records),
        unscored=sum(one.outcome == "unscored" for one in records),
        failed=sum(one.outcome == "failed" for one in records),
        cached=sum(one.cached for one in records),
        fallback=sum(one.fallback for one in records),
        labelled=sum(line.correct is not None for line in lines),
        right=sum(line.correct is True for line in lines),
    )
