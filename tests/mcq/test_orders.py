from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.questions import LETTERS, Proof, Question
from mcq.orders import choice_at, rotated, rotations


def a_question(choices: int, gold: int) -> Question:
    texts = tuple(f"choice {number}" for number in range(choices))
    return Question(
        id="q",
        stem="Which?",
        choices=texts,
        answer=LETTERS[gold],
        misconceptions=tuple(f"of {text}" for text in texts),
        proof=Proof(program="0" * 64, sources=texts, printed=texts),
    )


@given(st.integers(2, 10), st.data())
def test_everything_that_belongs_to_a_choice_turns_with_it(
    choices: int, data: st.DataObject
) -> None:
    gold = data.draw(st.integers(0, choices - 1))
    order = data.draw(st.integers(0, choices - 1))
    asked = a_question(choices, gold)
    turned = Question.model_validate(rotated(asked, order).model_dump())
    assert turned.choices == tuple(
        asked.choices[choice_at(place, order, choices)] for place in range(choices)
    )
    assert turned.gold is not None
    assert choice_at(turned.gold, order, choices) == gold
    assert turned.misconceptions == tuple(f"of {text}" for text in turned.choices)
    assert turned.proof is not None
    assert turned.proof.sources == turned.proof.printed == turned.choices


@given(st.integers(2, 10))
def test_over_all_orders_every_choice_stands_once_at_every_letter(choices: int) -> None:
    asked = a_question(choices, 0)
    turns = [rotated(asked, order).choices for order in rotations(asked, "cyclic")]
    assert len(turns) == choices
    for place in range(choices):
        assert sorted(turn[place] for turn in turns) == sorted(asked.choices)
    assert list(rotations(asked, "single")) == [0]
    assert rotated(asked, 0) is asked


def test_a_question_without_an_answer_turns_too() -> None:
    asked = Question(id="q", stem="Which?", choices=("a", "b", "c"))
    assert rotated(asked, 2).choices == ("c", "a", "b")
    assert rotated(asked, 2).answer is None
