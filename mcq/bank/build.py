"""From drafts to questions: run, choose distractors, split, balance, write.

Question ``i`` of a seed depends on the seed and on ``i`` alone, so any number of
workers, any supported Python and any hash seed give the same bytes. Distractors are
what the program's misreadings print: of the gold's types, of similar length, different
as text and as value. A program whose misreadings give fewer than three is drawn again.

Source of the idea that the machine, not the author, says what is right: CRUXEval
(arXiv:2401.03065), where outputs are obtained by executing the function.
"""

from __future__ import annotations

import ast
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from mcq.bank.execution import Outcome, run_programs
from mcq.bank.families import DIFFICULTIES, FAMILIES
from mcq.bank.program import SPLIT_BUCKETS, bucket_of, program_hash

RECIPE: Final = "proctor-bank-1"
STEM: Final = "What does this code print?"
CHOICES: Final = 4
ATTEMPTS: Final = 60
CHUNK: Final = 200
# Shares of all programs, by bucket of their hash: the rest is for training.
TEST_BUCKETS: Final = SPLIT_BUCKETS // 10
VALIDATION_BUCKETS: Final = SPLIT_BUCKETS // 20
SPLITS: Final = ("train", "validation", "test")


@dataclass(frozen=True)
class Item:
    """A program with its gold and distractors, not yet given letters."""

    family: str
    difficulty: str
    code: str
    gold: str
    distractors: tuple[tuple[str, str, str], ...]  # printed, misconception, misread source
    program: str

    @property
    def split(self) -> str:
        bucket = bucket_of(self.program)
        if bucket < TEST_BUCKETS:
            return "test"
        return "validation" if bucket < TEST_BUCKETS + VALIDATION_BUCKETS else "train"


@dataclass
class Bank:
    """What was built: rows by split (JSON-ready mappings) and what was counted."""

    seed: int
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {split: [] for split in SPLITS}
    )
    drawn: int = 0
    twins: int = 0

    @property
    def count(self) -> int:
        return sum(len(rows) for rows in self.rows.values())


def _value(printed: str) -> object:
    """What the text denotes, for telling 0.0 from -0.0's twin; the text when nothing."""
    try:
        return ast.literal_eval(printed)
    except (ValueError, SyntaxError, MemoryError):
        return printed


def _similar(gold: str, other: str) -> bool:
    return abs(len(gold) - len(other)) <= max(3, len(gold) // 2)


def choose_distractors(
    gold: Outcome, readings: list[tuple[str, str, Outcome]], rng: Random
) -> tuple[tuple[str, str, str], ...] | None:
    """Three distractors as (printed, misconception, source), or ``None`` if there are not.

    ``readings`` are (misconception, source, outcome). Two readings that print the same
    keep the first label. Refused: other types than the gold's, a length that gives the
    answer away, a text or a value that is already among the choices.
    """
    kept: list[tuple[str, str, str]] = []
    texts, values = {gold.printed}, [_value(gold.printed)]
    for label, source, outcome in readings:
        value = _value(outcome.printed)
        if (
            outcome.status == "ok"
            and outcome.printed
            and outcome.types == gold.types
            and outcome.printed not in texts
            and value not in values
            and _similar(gold.printed, outcome.printed)
        ):
            kept.append((outcome.printed, label, source))
            texts.add(outcome.printed)
            values.append(value)
    if len(kept) < CHOICES - 1:
        return None
    return tuple(rng.sample(kept, CHOICES - 1))


def draw_item(seed: int, index: int) -> Item:
    """The item at ``index`` of ``seed``: family and difficulty take turns.

    Raises ``RuntimeError`` when a family cannot give one in ``ATTEMPTS`` draws, which is
    a fault of the grammar.
    """
    names = list(FAMILIES)
    family = names[index % len(names)]
    difficulty = DIFFICULTIES[index // len(names) % len(DIFFICULTIES)]
    rng = Random(f"{RECIPE}:{seed}:{index}")
    for _ in range(ATTEMPTS):
        draft = FAMILIES[family](rng, difficulty)
        (gold,) = run_programs([draft.source])
        if gold.status != "ok" or not gold.printed:
            continue
        outcomes = run_programs([reading.source for reading in draft.misreadings])
        readings = [
            (reading.misconception, reading.source, outcome)
            for reading, outcome in zip(draft.misreadings, outcomes, strict=True)
        ]
        distractors = choose_distractors(gold, readings, rng)
        if distractors is not None:
            program = program_hash(draft.source)
            return Item(family, difficulty, draft.source, gold.printed, distractors, program)
    raise RuntimeError(f"{family}/{difficulty} gave no question in {ATTEMPTS} draws")


def _draw_chunk(seed: int, start: int) -> list[Item]:
    return [draw_item(seed, index) for index in range(start, start + CHUNK)]


def _draw(seed: int, workers: int) -> Iterator[Item]:
    """Items in order of their index, without end; workers draw ahead in chunks."""
    # Spawned, not forked: a worker must be small and have one thread, since it forks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting = [pool.submit(_draw_chunk, seed, place * CHUNK) for place in range(workers * 2)]
        place = len(waiting)
        try:
            while True:
                chunk = waiting.pop(0).result()
                waiting.append(pool.submit(_draw_chunk, seed, place * CHUNK))
                place += 1
                yield from chunk
        finally:
            for future in waiting:
                future.cancel()


def _letters(seed: int, split: str) -> Iterator[int]:
    """Places for the gold: every four questions of a split use each letter once."""
    rng = Random(f"proctor-letters-1:{seed}:{split}")
    while True:
        block = list(range(CHOICES))
        rng.shuffle(block)
        yield from block


def _row(item: Item, place: int) -> dict[str, Any]:
    choices = [printed for printed, _, _ in item.distractors]
    labels: list[str | None] = [label for _, label, _ in item.distractors]
    sources = [source for _, _, source in item.distractors]
    choices.insert(place, item.gold)
    labels.insert(place, None)
    sources.insert(place, item.code)
    return {
        "id": item.program[:16],
        "stem": STEM,
        "code": item.code,
        "choices": choices,
        "answer": "ABCD"[place],
        "family": item.family,
        "difficulty": item.difficulty,
        "misconceptions": labels,
        "proof": {"program": item.program, "sources": sources, "printed": choices},
    }


def build_bank(
    count: int,
    seed: int,
    *,
    workers: int | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Bank:
    """``count`` questions over distinct programs. ``progress`` hears how many are done."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    bank = Bank(seed)
    letters = {split: _letters(seed, split) for split in SPLITS}
    seen: set[str] = set()
    items = _draw(seed, workers or os.cpu_count() or 1)
    try:
        for item in items:
            bank.drawn += 1
            if item.program in seen:
                bank.twins += 1
                if bank.twins > 20 * count + 1000:
                    raise RuntimeError("the families' universes are too small for this count")
                continue
            seen.add(item.program)
            bank.rows[item.split].append(_row(item, next(letters[item.split])))
            if bank.count % CHUNK == 0:
                progress(bank.count)
            if bank.count == count:
                return bank
    finally:
        items.close()  # type: ignore[attr-defined]
    raise AssertionError("unreachable: the draw has no end")
