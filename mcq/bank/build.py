"""From drawn items to a bank: take turns, leave twins out, split, deal letters.

An item depends on the seed, its kind, family, difficulty and turn alone, so any number of
workers, any supported Python and any hash seed give the same bytes. What is left out and
where an item goes depends on the programs of all four choices alike, never on which of
them is asked (``docs/question-bank.md`` has the argument):

- an item is left out when *any* program of its four choices stood in an item before;
- the split is decided by the key of the group, which its four choices share;
- a held-out item is left out when any of its programs is a twin of training by 13-grams;
- letters are dealt from shuffled blocks.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from mcq.bank.choosing import CHOICES
from mcq.bank.contamination import all_sources, overlap
from mcq.bank.execution import Outcome, run_programs
from mcq.bank.families import DIFFICULTIES
from mcq.bank.kinds import DRAWERS, KINDS, STEMS, Item, families_of
from mcq.bank.program import SPLIT_BUCKETS, bucket_of, program_hash

RECIPE: Final = "proctor-bank-2"
ATTEMPTS: Final = 300
CHUNK: Final = 100
# Items whose programs share a child process: a fork costs more than the programs.
TOGETHER: Final = 20
# Shares of all keys, by bucket of their hash: the rest is for training.
TEST_BUCKETS: Final = SPLIT_BUCKETS // 10
VALIDATION_BUCKETS: Final = SPLIT_BUCKETS // 20
SPLITS: Final = ("train", "validation", "test")


@dataclass(frozen=True)
class Plan:
    """Which kinds and families take turns: kinds first, then families, then difficulties."""

    seed: int
    kinds: tuple[str, ...] = KINDS
    families: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        known = {family for kind in KINDS for family in families_of(kind)}
        for word, names, allowed in (
            ("kind", self.kinds, set(KINDS)),
            ("family", self.families or (), known),
        ):
            for name in names:
                if name not in allowed:
                    raise ValueError(f"there is no {word} {name!r}; known: {_list(allowed)}")
            if len(set(names)) != len(names):
                raise ValueError(f"a {word} is named twice: {_list(names)}")
        if not self.kinds or self.families == ():
            raise ValueError("a bank needs at least one kind and one family")
        for kind in self.kinds:
            if not self.families_of(kind):
                raise ValueError(f"none of the chosen families has questions of kind {kind!r}")

    def families_of(self, kind: str) -> tuple[str, ...]:
        """The chosen families that have questions of ``kind``."""
        return tuple(
            family
            for family in families_of(kind)
            if self.families is None or family in self.families
        )

    def turn(self, index: int) -> tuple[str, str, str, int]:
        """Kind, family, difficulty and turn of the item at ``index``."""
        place, at = divmod(index, len(self.kinds))
        kind = self.kinds[at]
        families = self.families_of(kind)
        place, family = divmod(place, len(families))
        turn, difficulty = divmod(place, len(DIFFICULTIES))
        return kind, families[family], DIFFICULTIES[difficulty], turn


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


@dataclass(frozen=True)
class Drawn:
    """An item with the hash of each of its programs."""

    item: Item
    hashes: tuple[str, ...]

    @property
    def program(self) -> str:
        """The hash of the gold's program."""
        # ``programs`` may begin with what is shown; the choices' own stand at its end.
        return self.hashes[self.item.gold - CHOICES]

    @property
    def split(self) -> str:
        bucket = bucket_of(self.item.key)
        if bucket < TEST_BUCKETS:
            return "test"
        return "validation" if bucket < TEST_BUCKETS + VALIDATION_BUCKETS else "train"


@dataclass
class Bank:
    """What was built: rows by split (JSON-ready mappings) and what was counted.

    ``drawn`` items were needed: ``twins`` of them used a program that stood in an item
    before, ``held_out_twins`` were covered by training's 13-grams. ``touched_share`` is the
    share (0 to 1) of the held-out questions that have *any* 13-gram in common with training.
    """

    seed: int
    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {split: [] for split in SPLITS}
    )
    drawn: int = 0
    twins: int = 0
    held_out_twins: int = 0
    touched_share: float = 0.0
    kinds: tuple[str, ...] = KINDS

    @property
    def count(self) -> int:
        return sum(len(rows) for rows in self.rows.values())


def _attempts(plan: Plan, index: int) -> Generator[Sequence[str], Sequence[Outcome], Drawn]:
    """Draw the item at ``index`` until there is one."""
    kind, family, difficulty, turn = plan.turn(index)
    rng = Random(f"{RECIPE}:{plan.seed}:{kind}:{family}:{difficulty}:{turn}")
    for _ in range(ATTEMPTS):
        item = yield from DRAWERS[kind](rng, family, difficulty)
        if item is not None:
            return Drawn(item, tuple(program_hash(source) for source in item.programs))
    raise RuntimeError(f"{kind}/{family}/{difficulty} gave no question in {ATTEMPTS} draws")


def draw_items(plan: Plan, indices: Iterable[int]) -> list[Drawn]:
    """The items at ``indices`` of ``plan``; their programs run together, which changes
    nothing but the time.

    Raises ``RuntimeError`` when a family cannot give one in ``ATTEMPTS`` draws, which is
    a fault of the grammar.
    """
    drawings = [_attempts(plan, index) for index in indices]
    found: dict[int, Drawn] = {}
    asked = {place: next(drawing) for place, drawing in enumerate(drawings)}
    while asked:
        outcomes = _run(list(asked.values()))
        waiting: dict[int, Sequence[str]] = {}
        for place, given in zip(asked, outcomes, strict=True):
            try:
                waiting[place] = drawings[place].send(given)
            except StopIteration as end:
                found[place] = end.value
        asked = waiting
    return [found[place] for place in range(len(drawings))]


def _run(batch: list[Sequence[str]]) -> list[list[Outcome]]:
    """The outcomes of each list of programs. A child that was killed takes its neighbours
    with it, so each list then gets a child of its own."""
    flat = iter(run_programs([source for sources in batch for source in sources]))
    outcomes = [[next(flat) for _ in sources] for sources in batch]
    if any(outcome.status == "killed" for part in outcomes for outcome in part):
        return [run_programs(sources) for sources in batch]
    return outcomes


def _draw_chunk(plan: Plan, start: int) -> list[Drawn]:
    parts = range(start, start + CHUNK, TOGETHER)
    return [one for part in parts for one in draw_items(plan, range(part, part + TOGETHER))]


def _draw(plan: Plan, workers: int) -> Iterator[Drawn]:
    """Items in order of their index, without end; workers draw ahead in chunks."""
    # Spawned, not forked: a worker must be small and have one thread, since it forks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting = [pool.submit(_draw_chunk, plan, place * CHUNK) for place in range(workers * 2)]
        place = len(waiting)
        try:
            while True:
                chunk = waiting.pop(0).result()
                waiting.append(pool.submit(_draw_chunk, plan, place * CHUNK))
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


def row_of(drawn: Drawn, place: int) -> dict[str, Any]:
    """The row of an item whose gold gets the letter at ``place``; the three others follow
    in the order in which they were drawn."""
    item = drawn.item
    order = [at for at in range(CHOICES) if at != item.gold]
    order.insert(place, item.gold)
    return {
        "id": drawn.program[:16],
        "kind": item.kind,
        "stem": STEMS[item.kind],
        "code": item.code,
        "choices": [item.choices[at] for at in order],
        "answer": "ABCD"[place],
        "family": item.family,
        "difficulty": item.difficulty,
        "misconceptions": [item.labels[at] for at in order],
        "proof": {
            "program": drawn.program,
            "sources": [item.sources[at] for at in order],
            "printed": [item.printed[at] for at in order],
        },
    }


def _held_out_twins(kept: Sequence[Drawn]) -> set[str]:
    """The programs of the held-out items that are twins of training by 13-grams."""
    held_out = [one for one in kept if one.split != "train"]
    training = (one.item.programs for one in kept if one.split == "train")
    found = overlap([one.item.programs for one in held_out], all_sources(training))
    return {held_out[place].program for place in found.twins}


def _touched_share(kept: Sequence[Drawn]) -> float:
    """Of the held-out questions, by the code that they show; 0.0 without any."""
    held_out = [[one.item.code] for one in kept if one.split != "train"]
    return overlap(held_out, (one.item.code for one in kept if one.split == "train")).touched_share


def build_bank(
    count: int,
    seed: int,
    *,
    kinds: Sequence[str] = KINDS,
    families: Sequence[str] | None = None,
    workers: int | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Bank:
    """``count`` questions over distinct programs. ``progress`` hears how many are done.

    Raises ``ValueError`` for a kind or family that there is not, and when the families'
    universes are too small for ``count``."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    plan = Plan(seed, tuple(kinds), None if families is None else tuple(families))
    bank = Bank(seed, kinds=plan.kinds)
    seen: set[str] = set()
    kept: list[Drawn] = []
    items = _draw(plan, workers or os.cpu_count() or 1)
    try:
        while len(kept) < count:
            _fill(bank, kept, count, seen, items, progress)
            twins = _held_out_twins(kept)
            kept = [one for one in kept if one.program not in twins]
            bank.held_out_twins += len(twins)
    finally:
        items.close()  # type: ignore[attr-defined]
    bank.touched_share = _touched_share(kept)
    letters = {split: _letters(seed, split) for split in SPLITS}
    for one in kept:
        bank.rows[one.split].append(row_of(one, next(letters[one.split])))
    return bank


def _fill(
    bank: Bank,
    kept: list[Drawn],
    count: int,
    seen: set[str],
    items: Iterator[Drawn],
    progress: Callable[[int], None],
) -> None:
    """Draw until ``kept`` has ``count`` items, leaving out what uses a program again."""
    while len(kept) < count:
        drawn = next(items)
        bank.drawn += 1
        if seen.isdisjoint(drawn.hashes):
            seen.update(drawn.hashes)
            kept.append(drawn)
            if len(kept) % CHUNK == 0:
                progress(len(kept))
            continue
        bank.twins += 1
        if bank.twins > 20 * count + 1000:
            raise ValueError("the families' universes are too small for this count")
