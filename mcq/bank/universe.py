"""How many different programs a family can draw: a count and an estimate.

Of ``n`` draws, the different programs are counted as they are; how many there are in all
is estimated from coincidences, as in the birthday problem: ``n (n - 1) / 2`` pairs over
the pairs that coincide. For a family that draws some programs more often than others
this is the number of equally likely programs with as many coincidences, so less than
there are. A draw is a random variant of a random group. No program is run: variants that
the bank would not choose count too.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from random import Random

from mcq.bank.families import DIFFICULTIES, FAMILIES
from mcq.bank.group import Group
from mcq.bank.program import program_hash
from mcq.bank.sketches import SKETCHES


@dataclass(frozen=True)
class Universe:
    """``estimate`` is ``None`` when no two draws coincided: too few draws to tell."""

    family: str
    difficulty: str
    draws: int
    distinct: int
    estimate: int | None


def _program(rng: Random, family: str, difficulty: str) -> str:
    group: Group
    if family in FAMILIES:
        group = FAMILIES[family](rng, difficulty)
    else:
        group = SKETCHES[family](rng, difficulty).group
    return group.source(tuple(rng.choice(list(facet.options)) for facet in group.facets))


def estimate_universe(family: str, difficulty: str, draws: int, seed: int) -> Universe:
    """Draw ``draws`` (at least 2) programs and compare their hashes."""
    if draws < 2:  # noqa: PLR2004 - a pair is two
        raise ValueError(f"at least 2 draws are needed, not {draws}")
    rng = Random(f"proctor-universe:{seed}:{family}:{difficulty}")
    times = Counter(program_hash(_program(rng, family, difficulty)) for _ in range(draws))
    coincidences = sum(count * (count - 1) // 2 for count in times.values())
    pairs = draws * (draws - 1) // 2
    estimate = round(pairs / coincidences) if coincidences else None
    return Universe(family, difficulty, draws, len(times), estimate)


def main() -> None:
    parser = argparse.ArgumentParser(description="Count the programs of every family.")
    parser.add_argument("--draws", type=int, default=10_000, help="programs a family and level")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print("| family | difficulty | distinct programs | estimate of all |")
    print("|---|---|---:|---:|")
    for family in (*FAMILIES, *SKETCHES):
        for difficulty in DIFFICULTIES:
            found = estimate_universe(family, difficulty, given.draws, given.seed)
            pairs = found.draws * (found.draws - 1) // 2
            total = f"more than {pairs:,}" if found.estimate is None else f"{found.estimate:,}"
            print(f"| {family} | {difficulty} | {found.distinct:,} | {total} |")


if __name__ == "__main__":
    main()
