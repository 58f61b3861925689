"""What the order of the choices does to an answer: figures over records asked in every order.

Only records of letter scoring in cyclic orders count (``QuestionRecord.orders``); where there
is none, nothing is said (``None``), for an order has no meaning there.

Source: C. Zheng et al., "Large language models are not robust multiple choice selectors",
arXiv:2309.03882 (standard deviation of recalls, section 2; PriDe, section 4).
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.questions import LETTERS
from contracts.verdicts import Interval, QuestionRecord
from evaluation.samples import sample_faults
from stats.clusters import clustered
from stats.intervals import wilson

# PriDe estimates its prior on this share of the questions.
ESTIMATED_ON: Final = 0.05


@dataclass(frozen=True)
class OrderFigures:
    """``mean``: accuracy over questions and orders, with an interval clustered by question;
    ``worst``: of the order that does worst; ``all_right``: share of questions right in every
    order; ``flipped``: share whose chosen choice is not the same in every order."""

    questions: int
    mean: Interval
    worst: float
    all_right: float
    flipped: float


def asked_in_orders(records: Sequence[QuestionRecord]) -> list[QuestionRecord]:
    return [record for record in records if len(record.orders) > 1]


def order_figures(records: Sequence[QuestionRecord], level: float) -> OrderFigures | None:
    """``None`` with fewer than two questions asked in several orders."""
    asked = asked_in_orders(records)
    if len(asked) < 2:  # noqa: PLR2004  # an interval over questions needs two
        return None
    chosen = [_chosen(record) for record in asked]
    right = [
        [choice == LETTERS.index(record.gold) for choice in choices]
        for record, choices in zip(asked, chosen, strict=True)
    ]
    with sample_faults():
        mean = clustered([sum(one) for one in right], [len(one) for one in right], level)
    by_order: defaultdict[int, list[bool]] = defaultdict(list)
    for one in right:
        for order, correct in enumerate(one):
            by_order[order].append(correct)
    # An order that few questions have (the tenth, of ten choices) is not the worst by chance.
    whole = [found for found in by_order.values() if len(found) == len(by_order[0])]
    return OrderFigures(
        questions=len(asked),
        mean=Interval(**mean._asdict(), level=level),
        worst=min(sum(found) / len(found) for found in whole),
        all_right=sum(all(one) for one in right) / len(asked),
        flipped=sum(len(set(choices)) > 1 for choices in chosen) / len(asked),
    )


def recall_deviation(records: Sequence[QuestionRecord]) -> float | None:
    """Population standard deviation, over letters, of the share of questions with that gold
    letter that are right as they stand; a ratio, 0 for a model without a favourite letter.
    ``None`` where fewer than two letters are gold."""
    recalls = [hits / asked for hits, asked in gold_positions(records).values()]
    if len(recalls) < 2:  # noqa: PLR2004
        return None
    mean = math.fsum(recalls) / len(recalls)
    return math.sqrt(math.fsum((recall - mean) ** 2 for recall in recalls) / len(recalls))


def gold_positions(records: Sequence[QuestionRecord]) -> dict[str, tuple[int, int]]:
    """Right answers and scored questions by gold letter, of letter scoring only."""
    found: dict[str, tuple[int, int]] = {}
    for record in records:
        if record.option_mass is not None and record.correct is not None:
            hits, asked = found.get(record.gold, (0, 0))
            found[record.gold] = hits + record.correct, asked + 1
    return dict(sorted(found.items()))


def option_mass(records: Sequence[QuestionRecord]) -> float | None:
    """Mean probability that the model writes one of the letters at all."""
    masses = [record.option_mass for record in records if record.option_mass is not None]
    return math.fsum(masses) / len(masses) if masses else None


def tie_rate(records: Sequence[QuestionRecord]) -> float | None:
    """Share of scored questions whose two most probable choices are equally so, where the
    lower letter was taken; ``None`` when nothing was scored."""
    scored = [record.probabilities for record in records if record.probabilities]
    tied = sum(found.count(max(found)) > 1 for found in scored)
    return tied / len(scored) if scored else None


# ------------------------------------------------------------------- PriDe


@dataclass(frozen=True)
class Debiased:
    """Accuracy after the model's liking for letters is divided out. ``priors`` by number of
    choices; ``estimated_on`` questions were asked in all orders to find them."""

    accuracy: Interval
    estimated_on: int
    questions: int
    priors: dict[int, tuple[float, ...]]


def debiased(records: Sequence[QuestionRecord], level: float, *, seed: int) -> Debiased | None:
    """PriDe. The prior over letters is the mean, over at most 5 % of the questions drawn by
    ``seed``, of the softmax of each letter's mean log-probability over orders; the others'
    probabilities as they stand are divided by it. The drawn ones are answered by their mean
    over orders. ``None`` where 5 % is less than one question of any number of choices."""
    groups: defaultdict[int, list[QuestionRecord]] = defaultdict(list)
    for record in asked_in_orders(records):
        groups[len(record.probabilities)].append(record)
    correct = asked = estimated = 0
    priors: dict[int, tuple[float, ...]] = {}
    for choices, group in sorted(groups.items()):
        size = int(ESTIMATED_ON * len(group))
        if not size:
            continue
        drawn = set(random.Random(seed).sample(range(len(group)), size))
        prior = _mean([_letter_prior(group[place]) for place in sorted(drawn)])
        priors[choices] = prior
        estimated += size
        for place, record in enumerate(group):
            choice = _by_orders(record) if place in drawn else _divided(record, prior)
            correct += choice == LETTERS.index(record.gold)
            asked += 1
    if not priors:
        return None
    with sample_faults():
        found = wilson(correct, asked, level)
    return Debiased(Interval(**found._asdict(), level=level), estimated, asked, priors)


def _letter_prior(record: QuestionRecord) -> tuple[float, ...]:
    """Softmax over letters of their mean log-probability over the orders."""
    many = len(record.orders)
    means = [
        math.fsum(math.log(max(order[place], 1e-300)) for order in record.orders) / many
        for place in range(many)
    ]
    top = max(means)
    weights = [math.exp(mean - top) for mean in means]
    return tuple(weight / math.fsum(weights) for weight in weights)


def _divided(record: QuestionRecord, prior: Sequence[float]) -> int:
    scores = [
        probability / max(share, 1e-300)
        for probability, share in zip(record.probabilities, prior, strict=True)
    ]
    return scores.index(max(scores))


def _by_orders(record: QuestionRecord) -> int:
    """The choice with the highest probability in the mean over orders."""
    many = len(record.probabilities)
    sums = [0.0] * many
    for order, found in enumerate(record.orders):
        for place, probability in enumerate(found):
            sums[(place + order) % many] += probability
    return sums.index(max(sums))


def _chosen(record: QuestionRecord) -> list[int]:
    """Which choice was taken in each order."""
    many = len(record.probabilities)
    return [(found.index(max(found)) + order) % many for order, found in enumerate(record.orders)]


def _mean(priors: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(math.fsum(values) / len(priors) for values in zip(*priors, strict=True))
