"""The bank's choices give nothing away, and a baseline finds what a bad bank would."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import EmptySample
from contracts.questions import Question
from evaluation.audit import audit, contamination
from evaluation.baselines import Baseline, edit_distance, fixed_picks, run_baselines, trained_picks
from mcq.bank.build import SPLITS, build_bank

POINTS = 0.02
QUESTIONS = 5_000


@pytest.fixture(scope="module")
def bank() -> list[Question]:
    made = build_bank(QUESTIONS, 3)
    return [Question.model_validate(row) for split in SPLITS for row in made.rows[split]]


def by_name(found: list[Baseline]) -> dict[str, Baseline]:
    return {line.name: line for line in found}


def test_no_baseline_is_two_points_from_chance(bank: list[Question]) -> None:
    found = run_baselines(bank, seed=1)
    assert {line.name for line in found} == {
        *("always_a", "longest", "shortest", "most_central", "trained"),
    }
    for line in found:
        assert (line.questions, line.chance) == (QUESTIONS, 0.25)
        # More than three standard deviations: chance alone does not get there.
        assert abs(line.edge) < POINTS, line


def test_no_kind_gives_itself_away(bank: list[Question]) -> None:
    """A quarter of the questions each: four standard deviations are five points."""
    for kind, lines in audit(bank, [], None).baselines.items():
        if kind != "all":
            assert all(abs(line.edge) < 0.05 for line in lines), (kind, lines)


# ------------------------------------------------------------------ they find what is there


def question(number: int, choices: list[str], gold: int) -> Question:
    return Question(id=f"q{number}", stem="What?", choices=tuple(choices), answer="ABCD"[gold])


def drawn(seed: int) -> tuple[list[str], int]:
    rng = Random(seed)
    texts = ["".join(rng.sample("abcdefghij", 6)) for _ in range(4)]
    return texts, rng.randrange(4)


def test_a_letter_that_marks_one_gold_in_four_is_learned() -> None:
    """Subtle: a "q" within the right choice of every second question."""
    questions = []
    for number in range(1_000):
        texts, gold = drawn(number)
        if number % 2:
            texts[gold] = texts[gold][:3] + "q" + texts[gold][4:]
        questions.append(question(number, texts, gold))
    trained = by_name(run_baselines(questions))["trained"]
    assert trained.accuracy.lower > 0.55


def test_distractors_around_the_gold_are_found() -> None:
    """What a bank does whose distractors are the gold with one change each."""
    questions = []
    for number in range(1_000):
        texts, gold = drawn(number)
        right = texts[gold]
        texts = [right[:at] + "z" + right[at + 1 :] for at in range(4)]
        texts[gold] = right
        questions.append(question(number, texts, gold))
    found = by_name(run_baselines(questions))
    assert found["most_central"].accuracy.estimate == 1.0
    assert found["trained"].accuracy.lower > 0.9
    assert found["always_a"].accuracy.upper < 0.35


def test_a_longer_gold_is_found() -> None:
    questions = []
    for number in range(200):
        texts, gold = drawn(number)
        texts[gold] += "x"
        questions.append(question(number, texts, gold))
    found = by_name(run_baselines(questions))
    assert found["longest"].correct == 200
    assert found["shortest"].correct < 100


def test_random_choices_give_nothing_away() -> None:
    questions = [question(number, *drawn(number)) for number in range(2_000)]
    # Standard deviation: one point.
    assert all(abs(line.edge) < 0.05 for line in run_baselines(questions, seed=3))


def test_a_question_is_never_learned_from_before_it_is_answered() -> None:
    """Golds of noise: a classifier that saw them would be right far above chance."""
    questions = [question(number, *drawn(number)) for number in range(400)]
    picks = trained_picks(questions, seed=0)
    right = sum(pick == one.gold for pick, one in zip(picks, questions, strict=True))
    assert right < 150
    assert trained_picks(questions, seed=0) == picks


def test_few_questions_are_not_trained_on_and_none_are_refused() -> None:
    questions = [question(number, *drawn(number)) for number in range(99)]
    assert "trained" not in by_name(run_baselines(questions))
    with pytest.raises(EmptySample, match="no questions"):
        run_baselines([])
    with pytest.raises(EmptySample, match="q0 does not know its answer"):
        run_baselines([questions[0].model_copy(update={"answer": None})])


def test_choices_of_other_numbers_have_their_own_chance() -> None:
    two = Question(id="two", stem="?", choices=("a", "bb"), answer="B")
    (first, *_) = run_baselines([two, question(1, ["a", "b", "c", "d"], 0)])
    assert first.chance == pytest.approx((0.5 + 0.25) / 2)


# ------------------------------------------------------------------ distances


def slow_distance(one: str, other: str) -> int:
    """The definition."""
    if not one or not other:
        return len(one) + len(other)
    return min(
        slow_distance(one[1:], other) + 1,
        slow_distance(one, other[1:]) + 1,
        slow_distance(one[1:], other[1:]) + (one[0] != other[0]),
    )


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_edit_distance_is_the_textbooks(one: str, other: str) -> None:
    assert edit_distance(one, other) == slow_distance(one, other) == edit_distance(other, one)


def test_fixed_rules_take_the_first_of_several() -> None:
    assert fixed_picks(["ab", "abc", "xyz", "a"]) == {
        "always_a": 0,
        "longest": 1,
        "shortest": 3,
        "most_central": 0,
    }


# ------------------------------------------------------------------ contamination


def program(number: int, code: str, kind: str | None = None) -> Question:
    return Question.model_validate(
        {
            "id": f"p{number}",
            "kind": kind,
            "stem": "What does this code print?",
            "code": code,
            "choices": ["1", "2"],
            "answer": "A",
        }
    )


def test_twins_are_found_by_tree_and_by_grams() -> None:
    training = [
        program(1, "a = 1\nprint(a)"),
        program(2, "x = [1, 2, 3]\nx.append(4)\nx.sort()\nprint(x)\nprint(7)"),
    ]
    held_out = [
        program(3, "b = 1\nprint(b)"),
        program(4, "y = [1, 2, 3]\ny.append(4)\ny.sort()\nprint(y)"),
        program(5, "y = [1, 2, 3]\ny.append(4)\ny.sort()\nprint(y, 5)"),
        program(6, "print(6)"),
    ]
    found = contamination(held_out, training)
    assert (found.questions, found.training) == (4, 2)
    assert (found.by_tree, found.by_grams, found.touched) == (1, 2, 3)
    assert found.twins == ("p3", "p4")


def test_an_audit_of_a_bank_finds_no_twin(bank: list[Question]) -> None:
    found = audit(bank[:300], bank[-300:], bank[:-300])
    assert found.contamination is not None
    assert found.contamination.twins == ()
    assert set(found.baselines) == {"all", "output", "input", "line", "patch"}
    alone = audit([q for q in bank[:300] if q.kind == "output"], [], None)
    assert set(alone.baselines) == {"all"}
    assert alone.contamination is None
