"""Choices cannot tell the right one: they are the same whichever it is.

Every item is drawn four times from one seed, each time with another gold forced upon the
one draw that decides it. If the choices, the key that decides the split and the programs
that decide about twins stay what they are, then given all of these every choice is the
right one with probability 1/4. In an interpreter of its own, since programs are forked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mcq.bank.kinds import KINDS, families_of

ROOT = Path(__file__).parents[3]

FORCED = """
import json, sys
from random import Random
from mcq.bank.choosing import CHOICES
from mcq.bank.execution import run_programs
from mcq.bank.families import DIFFICULTIES
from mcq.bank.kinds import DRAWERS, families_of

class Forced(Random):
    '''Draws as ``Random`` does, but for the gold. ``asked`` counts those draws.'''
    gold = None
    asked = 0
    def randrange(self, start, stop=None, step=1):
        drawn = super().randrange(start, stop, step)
        if stop is None and start == CHOICES:
            self.asked += 1
            return drawn if self.gold is None else self.gold
        return drawn

def draw(kind, family, difficulty, seed, gold):
    rng = Forced(seed)
    rng.gold = gold
    for _ in range(100):
        drawing = DRAWERS[kind](rng, family, difficulty)
        sources = next(drawing)
        try:
            while True:
                sources = drawing.send(run_programs(sources))
        except StopIteration as end:
            if end.value is not None:
                assert rng.asked == 1, "one draw decides the gold"
                return end.value
    raise AssertionError("no item")

kind = sys.argv[1]
for family in families_of(kind):
    for difficulty in DIFFICULTIES:
        items = [draw(kind, family, difficulty, 7, gold) for gold in (0, 1, 2, 3)]
        free = draw(kind, family, difficulty, 7, None)
        print(json.dumps([
            [item.gold, item.choices, item.key, item.programs, item.code, item.printed]
            for item in [*items, free]
        ]))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_the_question_depends_on_which_is_right(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORCED, kind],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 3 * len(families_of(kind))
    for items in lines:
        assert [item[0] for item in items[:4]] == [0, 1, 2, 3]
        for place in (1, 2, 3):  # choices, key, programs
            assert all(item[place] == items[0][place] for item in items)
        # What is asked does depend on it: another code or another value or other tests.
        assert len({item[4] for item in items[:4]}) == 4
        assert items[4][4] in {item[4] for item in items[:4]}


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_one_is_drawn_evenly(kind: str) -> None:
    """The rank of the gold among the sorted choices of 600 items: each some 150 times."""
    code = (
        "import json\nfrom mcq.bank.build import Plan, draw_items\n"
        f"found = draw_items(Plan(3, ({kind!r},)), range(600))\n"
        "print(json.dumps([[one.item.gold, one.item.choices] for one in found]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    items: list[list[Any]] = json.loads(done.stdout)
    ranks = Counter(sorted(choices).index(choices[gold]) for gold, choices in items)
    # Standard deviation of each count: 10.6.
    assert all(abs(ranks[rank] - 150) < 45 for rank in range(4)), ranks
