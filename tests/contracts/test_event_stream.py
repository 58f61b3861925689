"""Events are read as the standard says, however a stream is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.answers import Problem
from contracts.event_stream import COMMENT, Event, EventReader, EventTooLarge, event_bytes
from contracts.explanations import ExplanationText


def read(stream: bytes, cuts: list[int] | None = None, limit: int = 10_000) -> list[Event]:
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts or [])})
    reader = EventReader(largest_bytes=limit)
    return [
        event
        for begin, end in itertools.pairwise(places)
        for event in reader.feed(stream[begin:end])
    ]


@given(st.lists(st.text()), st.lists(st.integers(0, 10_000)))
def test_what_is_written_is_read_however_it_is_cut(texts: list[str], cuts: list[int]) -> None:
    stream = b"".join(COMMENT + event_bytes("text", ExplanationText(text=text)) for text in texts)
    events = read(stream, cuts)
    assert [event.kind for event in events] == ["text"] * len(texts)
    assert [ExplanationText.model_validate_json(event.data).text for event in events] == texts


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [Event("message", "a")]),
        (b"event: x\r\ndata: a\r\n\r\n", [Event("x", "a")]),
        (b"event: x\rdata: a\r\rdata: b\n\n", [Event("x", "a"), Event("message", "b")]),
        (b"data:a\ndata:  b\n\n", [Event("message", "a\n b")]),
        (b"data\n\n", [Event("message", "")]),
        (b"event: x\n\ndata: a\n\n", [Event("message", "a")]),
        (b": comment\nid: 1\nretry: 5\ndata: a\nnone\n\n", [Event("message", "a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event("message", "a")]),
        (b"data: \xff\n\n", [Event("message", "\ufffd")]),
        (b"data: a\n", []),
        (b"data: a", []),
        (b"", []),
        (b"\n\n\n", []),
    ],
)
def test_the_standards_cases(stream: bytes, events: list[Event]) -> None:
    assert read(stream) == events
    # A stream may be cut anywhere, also between the two halves of a line's end.
    assert read(stream, list(range(len(stream)))) == events


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 200, b"data: x\n" * 40, b"x" * 200])
def test_an_event_without_end_is_refused(stream: bytes) -> None:
    with pytest.raises(EventTooLarge, match="larger than 100 bytes"):
        read(stream, list(range(0, len(stream), 7)), limit=100)


def test_many_small_events_are_no_large_one() -> None:
    assert len(read(b"data: x\n\n" * 1_000, list(range(0, 9_000, 11)), limit=100)) == 1_000


def test_a_problem_is_one_line_of_data() -> None:
    problem = Problem(type="/p", title="a\nb", status=500, detail="c\r\nd")
    (event,) = read(event_bytes("problem", problem))
    assert Problem.model_validate_json(event.data) == problem
