"""Reads the log in bounded memory, a page at a time, so that no reader holds up a writer.

Whoever reads on from the last ``seq`` that it saw misses no line. Feedback comes later than
the line that it is about: ``labels`` reads on in the order of feedback.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from pydantic import ValidationError

from answerlog.records import Feedback, Label, Line, Pair, Role, Summary, Tally
from answerlog.schema import SCHEMA_VERSION, answers, feedback, record_of
from answerlog.store import LogStore
from contracts.errors import AnswerLogAway
from contracts.faults import first_fault
from contracts.traffic import Slot

PAGE_LINES: Final = 1_000
_KIND: Final = ("role", "slot", "model", "version")


class LogReader:
    """Reads what a ``LogStore`` holds; where nothing was ever written, nothing. Every
    method raises ``AnswerLogAway``, and ``BadParams`` for a newer schema."""

    def __init__(self, store: LogStore, *, page_lines: int = PAGE_LINES) -> None:
        self._store = store
        self._page_lines = page_lines

    # ------------------------------------------------------------ streams

    def lines(
        self,
        *,
        after: int = 0,
        salt: str | None = None,
        slot: Slot | None = None,
        role: Role | None = None,
    ) -> Iterator[Line]:
        """Lines above ``after``, in order: of a rollout (``salt``), a slot, a role."""
        query = _WITH_FEEDBACK.where(*_of(answers, salt=salt, slot=slot, role=role))
        query = query.order_by(answers.c.seq).limit(self._page_lines)
        while page := self._rows(query.where(answers.c.seq > after)):
            yield from map(self._line, page)
            after = page[-1]["seq"]

    def last_lines(self, count: int) -> list[Line]:
        """The newest ``count``, oldest first."""
        query = _WITH_FEEDBACK.order_by(answers.c.seq.desc()).limit(count)
        return [self._line(row) for row in reversed(self._rows(query))]

    def pairs(self, *, after: int = 0, salt: str | None = None) -> Iterator[Pair]:
        """Live lines with their shadows, those that were complete after ``after``, in the
        order in which they became so. A request id that a caller uses again for the same
        question makes no further pair: the first live line and the first shadow are one."""
        query = _PAIRED.where(*_of(_second, salt=salt)).limit(self._page_lines)
        while page := self._rows(query.where(_second.c.seq > after)):
            numbers = {number for row in page for number in row.values()}
            found = self._rows(_WITH_FEEDBACK.where(answers.c.seq.in_(numbers)))
            lines = {row["seq"]: self._line(row) for row in found}
            for row in page:
                # One of the two may have been purged since.
                if row["first"] in lines and row["second"] in lines:
                    one, other = lines[row["first"]], lines[row["second"]]
                    live_first = one.record.role == "live"
                    yield Pair(
                        live=one if live_first else other, shadow=other if live_first else one
                    )
            after = page[-1]["second"]

    def labels(self, *, after: int = 0, salt: str | None = None) -> Iterator[Label]:
        """What feedback above ``after`` says, in the order of feedback, of every line that
        it judges. Where feedback on the same question of a request was given again, only
        the last one is told: a line that comes again was judged anew."""
        query = _JUDGED.where(*_of(answers, salt=salt)).limit(self._page_lines)
        done, line_done = after, None
        while page := self._rows(query.where(_beyond(done, line_done))):
            for row in page:
                line = self._line(row)
                correct = line.correct
                if correct is not None:
                    yield Label(seq=row["feedback_seq"], line=line, correct=correct)
            done, line_done = page[-1]["feedback_seq"], page[-1]["seq"]

    # ------------------------------------------------------------ sums

    def tallies(self, *, salt: str | None = None) -> list[Tally]:
        """Lines, and what feedback says of them, by role, slot and version."""
        counted = self._rows(_COUNTED.where(*_of(answers, salt=salt)))
        judged = {
            tuple(row[name] for name in _KIND): row
            for row in self._rows(_SCORED.where(*_of(answers, salt=salt)))
        }
        nothing = {"labelled": 0, "right": 0}
        tallies = []
        for row in counted:
            said = judged.get(tuple(row[name] for name in _KIND), nothing)
            tallies.append(Tally(**row, labelled=said["labelled"], right=said["right"]))
        return sorted(
            tallies, key=lambda one: (one.role, one.slot, one.model or "", one.version or "")
        )

    def summary(self) -> Summary:
        with self._store.reading() as connection:
            if connection is None:
                return Summary(
                    schema_version=None,
                    lines=0,
                    feedback=0,
                    first_at=None,
                    last_at=None,
                    size_bytes=0,
                )
            lines = connection.execute(_SPAN).one()
            return Summary(
                schema_version=SCHEMA_VERSION,
                lines=lines.lines,
                feedback=connection.scalar(_FEEDBACK_COUNT) or 0,
                first_at=lines.first_at,
                last_at=lines.last_at,
                size_bytes=self._store.size_bytes(connection),
            )

    # ------------------------------------------------------------ rows

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        """All rows of a query that is bounded, in a transaction that ends here."""
        with self._store.reading() as connection:
            return [] if connection is None else connection.execute(query).mappings().all()

    def _line(self, row: sa.RowMapping) -> Line:
        try:
            told = None
            if row["feedback_seq"] is not None:
                told = Feedback(
                    seq=row["feedback_seq"],
                    at=row["feedback_at"],
                    about=row["feedback_about"],
                    letter=row["feedback_letter"],
                    thumbs=row["feedback_thumbs"],
                )
            return Line(seq=row["seq"], record=record_of(dict(row)), feedback=told)
        except ValueError as error:
            reason = first_fault(error) if isinstance(error, ValidationError) else str(error)
            raise AnswerLogAway(
                self._store.shown, f"its line {row['seq']} is none of ours: {reason}"
            ) from error


def _kind(one: Tally) -> tuple[str, str, str, str]:
    return one.role, one.slot, one.model or "", one.version or ""


# ---------------------------------------------------------------- queries

_later = feedback.alias("later")
_first, _second = answers.alias("first"), answers.alias("second")
_COLUMNS: Final = (
    *answers.c,
    *(column.label(f"feedback_{column.name}") for column in feedback.c),
)
# Feedback that counts on a line: the last that was given on its question in its request.
_LAST_ON_LINE: Final = (
    sa.select(sa.func.max(_later.c.seq))
    .where(_later.c.pairing == answers.c.pairing)
    .correlate(answers)
    .scalar_subquery()
)
_WITH_FEEDBACK: Final = sa.select(*_COLUMNS).select_from(
    answers.outerjoin(feedback, feedback.c.seq == _LAST_ON_LINE)
)
_IS_LAST: Final = ~sa.exists().where(
    _later.c.pairing == feedback.c.pairing, _later.c.seq > feedback.c.seq
)
# A right letter judges every answer to the question, thumbs the one that the caller saw.
_IS_JUDGED: Final = sa.and_(
    _IS_LAST,
    answers.c.letter.is_not(None),
    sa.or_(feedback.c.letter.is_not(None), feedback.c.about == answers.c.seq),
)
_ON_LINES: Final = feedback.join(answers, answers.c.pairing == feedback.c.pairing)
_JUDGED: Final = (
    sa.select(*_COLUMNS)
    .select_from(_ON_LINES)
    .where(_IS_JUDGED)
    .order_by(feedback.c.seq, answers.c.seq)
)
_RIGHT: Final = sa.case(
    (feedback.c.letter == answers.c.letter, 1), (feedback.c.thumbs == "up", 1), else_=0
)
_SCORED: Final = (
    sa.select(
        *(answers.c[name] for name in _KIND),
        sa.func.count().label("labelled"),
        sa.func.sum(_RIGHT).label("right"),
    )
    .select_from(_ON_LINES)
    .where(_IS_JUDGED)
    .group_by(*(answers.c[name] for name in _KIND))
)


_SPAN: Final = sa.select(
    sa.func.count().label("lines"),
    sa.func.min(answers.c.at).label("first_at"),
    sa.func.max(answers.c.at).label("last_at"),
)
_FEEDBACK_COUNT: Final = sa.select(sa.func.count()).select_from(feedback)


def _count(condition: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0)).label(name)


_COUNTED: Final = sa.select(
    *(answers.c[name] for name in _KIND),
    sa.func.count().label("lines"),
    *(_count(answers.c.outcome == name, name) for name in ("answered", "unscored", "failed")),
    *(_count(answers.c[name].is_(True), name) for name in ("cached", "fallback")),
).group_by(*(answers.c[name] for name in _KIND))


def _is_first(line: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether no line of its role and slot came before it under the same pairing."""
    earlier = answers.alias()
    return ~sa.exists().where(
        earlier.c.pairing == line.c.pairing,
        earlier.c.role == line.c.role,
        earlier.c.slot == line.c.slot,
        earlier.c.seq < line.c.seq,
    )


_PAIRED: Final = (
    sa.select(_first.c.seq.label("first"), _second.c.seq.label("second"))
    .select_from(_second.join(_first, _first.c.pairing == _second.c.pairing))
    .where(
        _first.c.seq < _second.c.seq,
        _first.c.role != _second.c.role,
        _first.c.slot != _second.c.slot,
        _is_first(_first),
        _is_first(_second),
    )
    .order_by(_second.c.seq)
)


def _of(
    table: sa.FromClause,
    *,
    salt: str | None = None,
    slot: Slot | None = None,
    role: Role | None = None,
) -> list[sa.ColumnElement[bool]]:
    """Conditions for what was asked for."""
    wanted = {"salt": salt, "slot": slot, "role": role}
    return [table.c[name] == value for name, value in wanted.items() if value is not None]


def _beyond(seq: int, line: int | None) -> sa.ColumnElement[bool]:
    """Behind ``line`` of feedback ``seq``; without one, behind all of that feedback."""
    if line is None:
        return feedback.c.seq > seq
    return sa.and_(feedback.c.seq >= seq, sa.or_(feedback.c.seq > seq, answers.c.seq > line))
