"""The bank's choices give nothing away, and a baseline finds what a bad bank would."""

from __future__ import annotations

import time
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.errors import EmptySample
from contracts.questions import Question
from evaluation.audit import audit, contamination
from evaluation.baselines import (
    Baseline,
    edit_distance,
    fixed_picks,
    run_baselines,
    summed_distances,
    trained_picks,
)
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
    distances = [summed_distances(one.choices) for one in questions]
    picks = trained_picks(questions, distances, seed=0)
    right = sum(pick == one.gold for pick, one in zip(picks, questions, strict=True))
    assert right < 150
    assert trained_picks(questions, distances, seed=0) == picks


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


@given(st.text(max_size=200), st.text(max_size=200))
@example("a" * 64, "a" * 63 + "b")
@example("ab" * 100, "ba" * 100)
def test_the_edit_distance_of_longer_texts_is_that_of_the_table(one: str, other: str) -> None:
    before = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        row = [at]
        for to, against in enumerate(other, start=1):
            change = before[to - 1] + (letter != against)
            row.append(min(change, before[to] + 1, row[-1] + 1))
        before = row
    assert edit_distance(one, other) == before[-1]


def test_choices_of_thousands_of_letters_take_no_time() -> None:
    """A cell of the table at a time they would take 20 s."""
    rng = Random(1)
    choices = ["".join(rng.choices("abcdefgh", k=3_000)) for _ in range(4)]
    start = time.process_time()
    distances = summed_distances(choices)
    assert time.process_time() - start < 3.0
    assert all(3 * 1_000 < distance < 3 * 3_000 for distance in distances)


def test_fixed_rules_take_the_first_of_several() -> None:
    choices = ["ab", "abc", "xyz", "a"]
    assert summed_distances(choices) == [1 + 3 + 1, 1 + 3 + 2, 3 + 3 + 3, 1 + 2 + 3]
    assert fixed_picks(choices, summed_distances(choices)) == {
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


TRUE_FALSE = ("It always holds", "It never holds")


def prose(number: int, stem: str, choices: tuple[str, ...] = TRUE_FALSE) -> Question:
    return Question(id=f"w{number}", stem=stem, choices=choices, answer="A")


COMPILER = prose(
    1,
    "Which part of a compiler turns a stream of characters into a stream of tokens that the"
    " parser then reads?",
    ("the lexer", "the linker", "the optimiser"),
)
CACHE = prose(
    2,
    "A cache holds what was asked for lately, so that a program whose accesses lie close"
    " together runs faster. Which property is that?",
    ("locality", "idempotence", "liveness"),
)


def test_questions_of_words_alone_are_no_twins_for_having_no_program() -> None:
    found = contamination(
        [COMPILER, prose(3, "Is P in NP?")], [CACHE, prose(4, "Is a DAG a tree?")]
    )
    assert (found.by_tree, found.by_grams, found.touched, found.twins) == (0, 0, 0, ())


def test_a_question_of_words_is_a_twin_however_its_choices_stand() -> None:
    turned = COMPILER.model_copy(update={"id": "t", "choices": COMPILER.choices[::-1]})
    found = contamination([COMPILER, CACHE], [turned])
    assert (found.by_tree, found.by_grams, found.touched, found.twins) == (1, 1, 1, ("w1",))


def test_a_stem_that_many_questions_have_makes_no_twins() -> None:
    stem = "Which of the following statements about the code that was shown above is true, if any?"
    found = contamination(
        [prose(1, stem, ("It halts", "It loops"))], [prose(2, stem, ("It reads", "It writes"))]
    )
    assert (found.by_tree, found.by_grams, found.touched) == (0, 0, 1)


def test_what_stands_between_apostrophes_or_after_a_hash_counts() -> None:
    """In prose they are no quotation marks, and no comment."""
    stem = "In Alice's notes on C# it says that {} is what the users' group takes for granted"
    one, other = (
        prose(at, stem.format(words))
        for at, words in enumerate(("a lock that is never held", "a thread that is never joined"))
    )
    assert contamination([one], [other]).twins == ()


SNIPPET = "def f(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total"


def about(identity: str, kind: str | None, stem: str, choices: Sequence[str]) -> Question:
    """A question about one and the same snippet."""
    return Question.model_validate(
        {
            "id": identity,
            "kind": kind,
            "stem": stem,
            "code": SNIPPET,
            "choices": choices,
            "answer": "A",
        }
    )


@pytest.mark.parametrize("kind", [None, "line", "input", "patch"])
def test_another_question_about_the_same_code_is_no_twin(kind: str | None) -> None:
    asked = about("a", kind, "Which line raises?", ["line 1", "line 2"])
    other = about("b", kind, "What is the complexity?", ["O(n)", "O(1)"])
    third = about("c", kind, "Which line raises?", ["line 3", "line 4"])
    found = contamination([asked], [other, third])
    assert (found.by_tree, found.by_grams, found.twins) == (0, 0, ())
    assert found.touched == 1, "its code was seen"


def test_what_was_asked_of_other_code_makes_no_twin() -> None:
    """The code stands in one question and the asking in another: neither gives the answer."""
    asked = about("a", None, "What is the complexity?", ["O(n)", "O(1)"])
    elsewhere = asked.model_copy(update={"id": "e", "code": "print([x for x in range(3)])"})
    code = about("c", None, "Which line raises?", ["line 1", "line 2"])
    assert contamination([asked], [elsewhere, code]).twins == ()


@pytest.mark.parametrize("kind", [None, "line", "output"])
def test_the_same_question_is_a_twin_by_other_names_and_choices_in_another_order(
    kind: str | None,
) -> None:
    asked = about("a", kind, "Which line raises?", ["line 1", "line 2"])
    renamed = SNIPPET.replace("total", "s").replace("i ", "k ").replace("+= i", "+= k")
    same = about("b", kind, "Which  line raises?", ["line 2", "line 1"])
    found = contamination([asked], [same.model_copy(update={"code": renamed})])
    assert (found.by_tree, found.by_grams, found.twins) == (1, 1, ("a",))


def test_what_a_program_prints_is_one_question_whatever_is_offered() -> None:
    asked = about("a", "output", "What does this code print?", ["1", "2"])
    offered = about("b", "output", "What is printed?", ["1", "3"])
    assert contamination([asked], [offered]).twins == ("a",)


@pytest.mark.parametrize("code", ["", "  \n", "# nothing\n"])
def test_code_without_a_statement_is_none(code: str) -> None:
    one, other = (
        Question(id=identity, stem=stem, code=code, choices=TRUE_FALSE, answer="A")
        for identity, stem in (("a", "Is P in NP?"), ("b", "Is a DAG a tree?"))
    )
    assert contamination([one], [other]).twins == ()


def test_code_of_another_language_is_read_whole() -> None:
    lines = "#include <stdio.h>\nint main() { puts(%s); return 0; }"
    found = contamination(
        [program(1, lines % "x"), program(2, lines % "y")],
        [program(3, lines % "x"), program(4, "#define F(a) puts(a)\n" + lines % "z")],
    )
    assert (found.by_tree, found.by_grams, found.touched) == (1, 1, 2)
    assert found.twins == ("p1",)


def test_an_audit_of_a_bank_finds_no_twin(bank: list[Question]) -> None:
    found = audit(bank[:300], bank[-300:], bank[:-300])
    assert found.contamination is not None
    assert found.contamination.twins == ()
    assert set(found.baselines) == {"all", "output", "input", "line", "patch"}
    alone = audit([q for q in bank[:300] if q.kind == "output"], [], None)
    assert set(alone.baselines) == {"all"}
    assert alone.contamination is None
