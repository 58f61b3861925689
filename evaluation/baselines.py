"""Baselines that never read the question: what the choices alone give away.

Fixed ones (always A, the longest, the shortest, the most central choice) and a trained
one: a linear classifier over hashed characters, character n-grams and lengths of a
choice, each relative to the question's other choices, cross-validated by question. Where
they stay at chance, a model's accuracy comes from the question. scikit-learn is imported
in this file only.

Source: answering from partial input as a test of a dataset, arXiv:1803.02324 (hypothesis
only). What the examined version makes of the choices is in ``evaluation.unread``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.errors import EmptySample
from contracts.questions import Question
from contracts.verdicts import Interval
from evaluation.defaults import LEVEL
from evaluation.samples import sample_faults
from stats.intervals import wilson

FOLDS: Final = 5
FEWEST_TO_TRAIN: Final = 100
FEATURES: Final = 1 << 14


@dataclass(frozen=True)
class Baseline:
    """How often a rule that sees only the choices is right. ``chance`` is the mean of one
    over the number of choices, what guessing has."""

    name: str
    questions: int
    correct: int
    accuracy: Interval
    chance: float

    @property
    def edge(self) -> float:
        """Accuracy above chance; a difference of ratios, 0 where nothing is given away."""
        return self.accuracy.estimate - self.chance


def edit_distance(one: str, other: str) -> int:
    """Levenshtein's distance: fewest insertions, deletions and replacements of a letter.

    The column of the usual table as two numbers of a bit a letter of ``one``, where it grows and
    where it falls; a letter of ``other`` is a dozen operations on them, whatever their length.
    Source: G. Myers, Journal of the ACM 46 (1999) 395-415, in H. Hyyro's form (report A-2003-1,
    University of Tampere, 2003).
    """
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    if not one or not other:
        return len(one) + len(other)
    places: defaultdict[str, int] = defaultdict(int)
    for at, letter in enumerate(one):
        places[letter] |= 1 << at
    whole, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    grows, falls, distance = whole, 0, len(one)
    for letter in other:
        equal = places.get(letter, 0)
        diagonal = (((equal & grows) + grows) ^ grows) | equal | falls
        right_grows, right_falls = falls | ~(diagonal | grows), grows & diagonal
        distance += bool(right_grows & last) - bool(right_falls & last)
        right_grows, right_falls = right_grows << 1 | 1, right_falls << 1
        grows = (right_falls | ~(diagonal | right_grows)) & whole
        falls = right_grows & diagonal & whole
    return distance


def summed_distances(choices: Sequence[str]) -> list[int]:
    """The summed edit distance of each choice to the others."""
    sums = [0] * len(choices)
    for at, one in enumerate(choices):
        for to in range(at):
            distance = edit_distance(one, choices[to])
            sums[at] += distance
            sums[to] += distance
    return sums


def _first(values: Sequence[int], wanted: int) -> int:
    return list(values).index(wanted)


def fixed_picks(choices: Sequence[str], distances: Sequence[int]) -> dict[str, int]:
    """The place that each fixed rule picks; the first of several. ``distances``: the
    ``summed_distances`` of the choices."""
    lengths = [len(choice) for choice in choices]
    return {
        "always_a": 0,
        "longest": _first(lengths, max(lengths)),
        "shortest": _first(lengths, min(lengths)),
        "most_central": _first(distances, min(distances)),
    }


def trained_picks(
    questions: Sequence[Question], distances: Sequence[Sequence[int]], seed: int
) -> list[int]:
    """The place that the trained classifier picks in each question, while that question
    was in no fold that it learned from. ``distances``: the ``summed_distances`` of each
    question's choices. Deterministic for a seed."""
    from sklearn.linear_model import SGDClassifier

    features, owners, right = _features(questions, distances)
    picks = [0] * len(questions)
    for fold in _folds(len(questions), seed):
        held_out = [row for row, owner in enumerate(owners) if owner in fold]
        learned = [row for row, owner in enumerate(owners) if owner not in fold]
        model = SGDClassifier(
            loss="log_loss", alpha=1e-4, max_iter=10, tol=None, average=True, random_state=seed
        )
        model.fit(features[learned], [right[row] for row in learned])
        best: dict[int, float] = {}
        scores = model.decision_function(features[held_out])
        places = _places(owners)
        for row, score in zip(held_out, scores, strict=True):
            owner = owners[row]
            if owner not in best or score > best[owner]:
                best[owner] = float(score)
                picks[owner] = places[row]
    return picks


def _folds(questions: int, seed: int) -> list[set[int]]:
    from random import Random

    order = list(range(questions))
    Random(f"proctor-baseline-folds:{seed}").shuffle(order)
    return [set(order[fold::FOLDS]) for fold in range(FOLDS)]


def _places(owners: Sequence[int]) -> list[int]:
    """Each row's place among the choices of its question."""
    places: list[int] = []
    for row, owner in enumerate(owners):
        same = row > 0 and owners[row - 1] == owner
        places.append(places[-1] + 1 if same else 0)
    return places


def _features(
    questions: Sequence[Question], distances: Sequence[Sequence[int]]
) -> tuple[Any, list[int], list[int]]:
    """Rows of features, a row a choice, with its question's place and whether it is right.

    Hashed n-grams of one to three characters and of the whole text, less the mean of the
    question's choices; length, digits and summed edit distance, less theirs.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import HashingVectorizer

    texts = [choice for question in questions for choice in question.choices]
    owners = [at for at, question in enumerate(questions) for _ in question.choices]
    right = [int(at == q.gold) for q in questions for at in range(len(q.choices))]
    hashed = HashingVectorizer(
        analyzer="char", ngram_range=(1, 3), n_features=FEATURES, lowercase=False, norm="l2"
    )
    whole = HashingVectorizer(
        analyzer=lambda text: [text], n_features=FEATURES, lowercase=False, norm=None
    )
    plain = [
        [len(choice) / 10, sum(c.isdigit() for c in choice) / 10, distance / 10]
        for question, found in zip(questions, distances, strict=True)
        for choice, distance in zip(question.choices, found, strict=True)
    ]
    table = hstack(
        [hashed.transform(texts), whole.transform(texts), csr_matrix(plain)], format="csr"
    )
    rows = range(len(texts))
    shape = (len(texts), len(questions))
    member = csr_matrix(([1.0] * len(texts), (rows, owners)), shape=shape)
    shares = [1.0 / len(questions[owner].choices) for owner in owners]
    share = csr_matrix((shares, (owners, rows)), shape=shape[::-1])
    return (table - member @ (share @ table)).tocsr(), owners, right


def run_baselines(questions: Sequence[Question], seed: int = 0) -> list[Baseline]:
    """Every baseline over ``questions``; the trained one where there are at least 100.

    Raises ``EmptySample`` for no questions or one that does not know its answer."""
    name = "the baselines"
    if not questions:
        raise EmptySample(name, "no questions")
    golds: list[int] = []
    for question in questions:
        if question.gold is None:
            raise EmptySample(name, f"question {question.id} does not know its answer")
        golds.append(question.gold)
    picks: dict[str, list[int]] = {}
    distances = [summed_distances(question.choices) for question in questions]
    for question, found in zip(questions, distances, strict=True):
        for rule, place in fixed_picks(question.choices, found).items():
            picks.setdefault(rule, []).append(place)
    if len(questions) >= FEWEST_TO_TRAIN:
        picks["trained"] = trained_picks(questions, distances, seed)
    chance = sum(1.0 / len(question.choices) for question in questions) / len(questions)
    return [_baseline(rule, places, golds, chance) for rule, places in picks.items()]


def _baseline(rule: str, places: list[int], golds: list[int], chance: float) -> Baseline:
    correct = sum(one == two for one, two in zip(places, golds, strict=True))
    with sample_faults():
        estimate, lower, upper = wilson(correct, len(golds), LEVEL)
    accuracy = Interval(estimate=estimate, lower=lower, upper=upper, level=LEVEL)
    return Baseline(rule, len(golds), correct, accuracy, chance)
