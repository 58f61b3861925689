"""Explanations beside scoring: their order, their places, their end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from bentos.explaining import Explaining, writer_of
from bentos.explaining_limits import ExplainingLimits, read_limits
from contracts.answers import Answer, AnsweredBy, AnswerRequest, Problem
from contracts.errors import BadParams, CannotWrite, Overloaded, QuestionNotScored
from contracts.event_stream import SHAPES, Event, EventReader
from contracts.explanations import Explanation, ExplanationText
from contracts.models import VersionFacts
from mcq.explaining import check_explains
from mcq.generating import Piece
from mcq.generation import Generator
from mcq.model import LanguageModel
from tests.chains import END, make_chain_checkpoint
from tests.checkpoints import CHATML

ASKED = AnswerRequest(question="Which?", choices=("a", "b"))
REPLY = "reasoning: r\nanswer: B\n"


class Tokenizer:
    chat_template = CHATML

    def apply_chat_template(self, messages: list[dict[str, str]], **_: Any) -> str:
        return messages[-1]["content"]


class Written:
    """Writes ``text`` a character a step; ``steps`` counts them."""

    tokenizer = Tokenizer()

    def __init__(self, text: str = REPLY, *, fails_at: int | None = None) -> None:
        self.text = text
        self.steps = 0
        self.asked: list[tuple[str, int]] = []
        self._fails_at = fails_at

    def stream(self, prompt: str, *, max_new_tokens: int) -> Iterator[Piece]:
        self.asked.append((prompt, max_new_tokens))
        return self._pieces()

    def _pieces(self) -> Iterator[Piece]:
        yield Piece()  # the prompt's first part
        for letter in self.text:
            self.steps += 1
            if self.steps == self._fails_at:
                raise RuntimeError("out of memory")
            yield Piece(letter)
        yield Piece("", "end")


class Quiet:
    """A model at which nothing waits to be scored, but for what ``busy`` says."""

    def __init__(self) -> None:
        self.busy = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()

    async def idle(self) -> None:
        await self.free.wait()

    async def exclusively(self, deed: Callable[[], Any]) -> Any:
        await asyncio.sleep(0)
        return deed()


@pytest.fixture
def answer(facts: VersionFacts) -> Answer:
    return Answer(
        letter="A",
        probabilities={"A": 0.75, "B": 0.25},
        confidence=0.75,
        version=AnsweredBy.of(facts),
    )


Make = Callable[..., Explaining]


@pytest.fixture
def make(answer: Answer) -> Make:
    def made(writer: Any = None, model: Any = None, **limits: Any) -> Explaining:
        async def score(_request: AnswerRequest, _ends_at: float) -> Answer:
            return answer

        return Explaining(
            writer or Written(),
            model or Quiet(),
            score,
            limits=ExplainingLimits(**limits),
        )

    return made


async def read(events: AsyncIterator[bytes]) -> list[Event]:
    reader = EventReader(largest_bytes=10_000)
    return [event async for piece in events for event in reader.feed(piece)]


def run(deed: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(deed)


def test_the_answer_comes_first_then_the_text_then_the_whole(make: Make, answer: Answer) -> None:
    async def deed() -> list[Event]:
        return await read(await make(max_new_tokens=77).begin(ASKED))

    events = run(deed())
    assert [event.kind for event in events] == ["scored", *["text"] * len(REPLY), "explanation"]
    for event in events:
        SHAPES[event.kind].model_validate_json(event.data)  # type: ignore[index]
    assert Answer.model_validate_json(events[0].data) == answer
    pieces = [ExplanationText.model_validate_json(event.data).text for event in events[1:-1]]
    assert "".join(pieces) == REPLY
    told = Explanation.model_validate_json(events[-1].data)
    assert (told.text, told.parsed, told.agrees, told.truncated) == (REPLY, True, False, False)
    assert (told.parts.reasoning, told.parts.answer, told.scored) == ("r", "B", answer)


def test_what_cannot_be_read_is_a_text(make: Make) -> None:
    async def deed() -> Explanation:
        events = await read(await make(Written("no YAML: at all")).begin(ASKED))
        return Explanation.model_validate_json(events[-1].data)

    told = run(deed())
    assert (told.text, told.parsed, told.agrees) == ("no YAML: at all", False, None)
    assert not any(told.parts.model_dump().values())


def test_the_prompt_is_explain_1(make: Make) -> None:
    writer = Written()

    async def deed() -> None:
        await read(await make(writer, max_new_tokens=77).begin(ASKED))

    run(deed())
    ((prompt, limit),) = writer.asked
    assert "Reply with nothing but YAML" in prompt
    assert limit == 77


def test_a_version_that_cannot_write_says_so_before_any_event(make: Make) -> None:
    async def deed() -> None:
        await make(CannotWrite("explain", "it never learned to")).begin(ASKED)

    with pytest.raises(CannotWrite, match="this version cannot explain: it never learned to"):
        run(deed())


@pytest.mark.parametrize(
    ("scoring", "from_scratch", "can"),
    [("text", None, False), ("text", True, False), ("text", False, True), ("letter", None, True)],
)
def test_who_was_trained_from_nothing_cannot_write(
    facts: VersionFacts, scoring: str, from_scratch: bool | None, can: bool
) -> None:
    changed = facts.model_copy(update={"scoring": scoring, "from_scratch": from_scratch})
    if can:
        check_explains(changed)
    else:
        with pytest.raises(CannotWrite, match="trained from nothing"):
            check_explains(changed)


def test_a_prompt_that_cannot_be_built_is_told_before_any_event(make: Make) -> None:
    class Mute(Written):
        class tokenizer:  # noqa: N801
            chat_template = None

    async def deed() -> None:
        await make(Mute()).begin(ASKED)

    with pytest.raises(CannotWrite, match="has no chat template"):
        run(deed())


def test_what_cannot_be_scored_is_not_explained(make: Make) -> None:
    async def refused(_request: AnswerRequest, _ends_at: float) -> Answer:
        raise QuestionNotScored("it is too long")

    async def deed() -> None:
        explaining = make(at_once=1, waiting=0)
        explaining._score = refused
        for _ in range(3):  # its place is free again
            with pytest.raises(QuestionNotScored):
                await explaining.begin(ASKED)

    run(deed())


def test_a_writer_that_fails_ends_the_stream_with_a_problem(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    async def deed() -> list[Event]:
        return await read(await make(Written(fails_at=3)).begin(ASKED))

    events = run(deed())
    assert [event.kind for event in events] == ["scored", "text", "text", "problem"]
    told = Problem.model_validate_json(events[-1].data)
    assert (told.status, told.type) == (500, "/problems/unexpected")
    assert "out of memory" not in events[-1].data
    assert "out of memory" in caplog.text


def test_scoring_goes_first(make: Make) -> None:
    async def deed() -> None:
        model, writer = Quiet(), Written()
        events = await make(writer, model, patience_seconds=60).begin(ASKED)
        await anext(events)
        model.free.clear()  # questions wait
        reading = asyncio.ensure_future(read(events))
        for _ in range(20):
            await asyncio.sleep(0)
        assert writer.steps == 0
        model.free.set()
        assert (await reading)[-1].kind == "explanation"

    run(deed())


def test_where_questions_never_cease_it_goes_on_all_the_same(make: Make) -> None:
    async def deed() -> list[Event]:
        model = Quiet()
        model.free.clear()
        return await read(await make(Written("B"), model, patience_seconds=0.001).begin(ASKED))

    assert run(deed())[-1].kind == "explanation"


def test_so_many_at_once_so_many_wait_and_the_others_are_told(make: Make) -> None:
    async def deed() -> None:
        explaining = make(at_once=1, waiting=1, wait_seconds=60)
        first = await explaining.begin(ASKED)
        second = asyncio.ensure_future(explaining.begin(ASKED))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="1 explanations are being written, and 1 wait"):
            await explaining.begin(ASKED)
        assert not second.done()
        await read(first)
        assert (await read(await second))[-1].kind == "explanation"

    run(deed())


def test_who_waits_too_long_is_told(make: Make) -> None:
    async def deed() -> None:
        explaining = make(at_once=1, waiting=1, wait_seconds=0.001)
        first = await explaining.begin(ASKED)
        with pytest.raises(Overloaded, match="none ended in time") as told:
            await explaining.begin(ASKED)
        assert told.value.retry_after_seconds == 0.001
        await read(first)

    run(deed())


def test_a_caller_that_goes_away_ends_the_writing_and_frees_its_place(make: Make) -> None:
    async def deed() -> None:
        writer = Written()
        explaining = make(writer, at_once=1, waiting=0)
        events = await explaining.begin(ASKED)
        for _ in range(4):  # scored, the prompt, two letters
            await anext(events)
        await events.aclose()  # type: ignore[attr-defined]
        steps = writer.steps
        assert steps == 2
        assert (await read(await explaining.begin(ASKED)))[-1].kind == "explanation"
        assert writer.steps == steps + len(REPLY)

    run(deed())


def test_one_that_was_begun_and_never_read_frees_its_place(make: Make) -> None:
    async def deed() -> None:
        explaining = make(at_once=1, waiting=0)
        events = await explaining.begin(ASKED)
        del events
        for _ in range(5):  # its generator is closed by the event loop
            await asyncio.sleep(0)
        await read(await explaining.begin(ASKED))

    run(deed())


def test_an_explanation_ends_when_its_time_is_over(answer: Answer) -> None:
    ticks = itertools.count()

    async def score(_request: AnswerRequest, _ends_at: float) -> Answer:
        return answer

    async def deed() -> Explanation:
        explaining = Explaining(
            Written("abcdefgh"),
            Quiet(),
            score,
            limits=ExplainingLimits(longest_seconds=4),
            clock=lambda: float(next(ticks)),
        )
        events = await read(await explaining.begin(ASKED))
        return Explanation.model_validate_json(events[-1].data)

    told = run(deed())
    assert told.truncated
    assert told.text == "abcdefgh"[: len(told.text)] != ""


def test_a_real_model_explains(tmp_path: Path, make: Make) -> None:
    """The chat's reply begins after a line break: ``B``, and the end."""
    make_chain_checkpoint(tmp_path, {"\n": "B", "B": END})
    generator = Generator.load(tmp_path)

    async def deed() -> Explanation:
        events = await read(await make(generator).begin(ASKED))
        return Explanation.model_validate_json(events[-1].data)

    told = run(deed())
    assert (told.text, told.parsed, told.agrees, told.truncated) == ("B", False, False, False)


def test_limits_are_read_from_the_environment() -> None:
    assert read_limits({}) == ExplainingLimits()
    said = {"PROCTOR_ANSWERER_EXPLANATIONS": "5", "PROCTOR_ANSWERER_EXPLANATION_TOKENS": "99"}
    assert read_limits(said) == ExplainingLimits(at_once=5, max_new_tokens=99)
    for wrong in ("0", "-1", "many", "99999"):
        with pytest.raises(BadParams, match="PROCTOR_ANSWERER_EXPLANATIONS"):
            read_limits({"PROCTOR_ANSWERER_EXPLANATIONS": wrong})


def test_a_writer_shares_the_weights_or_there_is_a_reason(
    tmp_path: Path, facts: VersionFacts
) -> None:
    digest = make_chain_checkpoint(tmp_path, {"\n": "B", "B": END})
    model = LanguageModel.load(tmp_path)
    able = facts.model_copy(update={"digest": digest, "scoring": "letter"})
    writer = writer_of(model, tmp_path, able)
    assert isinstance(writer, Generator)
    assert writer._model is model.weights
    scratch = able.model_copy(update={"from_scratch": True})
    assert "trained from nothing" in str(writer_of(model, tmp_path, scratch))
    (tmp_path / "proctor.json").unlink()
    assert "proctor.json is missing" in str(writer_of(model, tmp_path, able))
