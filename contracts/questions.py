"""Questions: stem, code, two to ten choices lettered from A.

A question may know its right letter (``answer``), what it asks (``kind``), where it comes
from (``family``, ``difficulty``), which misconception leads to each wrong choice, and a
proof: for every choice a program and what it prints. A question asked by a caller has none
of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.shape import Shape

LETTERS: Final = "ABCDEFGHIJ"
FEWEST_CHOICES: Final = 2
MOST_CHOICES: Final = len(LETTERS)

# What a question of the bank asks: what a program prints, which input gives a value, which
# line is wrong, which patch passes the tests.
QuestionKind = Literal["output", "input", "line", "patch"]
Letter = Literal["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"]
Stem = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Code = Annotated[str, StringConstraints(max_length=50_000)]
Choice = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Choices = Annotated[tuple[Choice, ...], Field(min_length=FEWEST_CHOICES, max_length=MOST_CHOICES)]


def letters_for(count: int) -> str:
    """The first ``count`` letters, as in ``"ABCD"`` for 4."""
    return LETTERS[:count]


def check_choices(choices: Sequence[str], answer: str | None = None) -> None:
    """Refuse (``ValueError``) blank choices and two choices that read the same.

    Where the right letter is known, wrong choices may repeat each other: that harms
    nobody, and MMLU has such a row. The right one must be the only one of its text.
    """
    stripped = [choice.strip() for choice in choices]
    for letter, text in zip(LETTERS, stripped, strict=False):
        if not text:
            raise ValueError(f"choice {letter} is blank")
    for place, text in enumerate(stripped):
        first = stripped.index(text)
        if first != place and (answer is None or answer in {LETTERS[first], LETTERS[place]}):
            raise ValueError(f"choices {LETTERS[first]} and {LETTERS[place]} are the same")


class Proof(Shape):
    """Why the gold is right and each distractor wrong, by execution.

    ``program`` is the hash of the gold's normalised program (64 hex digits), ``sources[i]``
    the program behind choice ``i`` and ``printed[i]`` what it printed; only the gold's
    printed what is asked for. By kind of question: ``output``, a program that prints the
    choice (the question's own code for the gold); ``input``, the function with the choice's
    call; ``line``, the code with the choice's line repaired; ``patch``, the code with the
    choice put in, printing for each test whether it holds.
    """

    program: str
    sources: tuple[str, ...]
    printed: tuple[str, ...]


class Question(Shape):
    """One question. Raises pydantic ``ValidationError`` on a bad one.

    ``error_label`` is what annotators said of it (MMLU-Redux), ``ok`` if it is sound.
    """

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    stem: Stem
    code: Code | None = None
    choices: Choices
    answer: Letter | None = None
    kind: QuestionKind | None = None
    family: str | None = None
    difficulty: str | None = None
    error_label: str | None = None
    misconceptions: tuple[str | None, ...] = ()
    proof: Proof | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.stem.strip():
            raise ValueError("the stem is blank")
        check_choices(self.choices, self.answer)
        letters = letters_for(len(self.choices))
        if self.answer is not None and self.answer not in letters:
            raise ValueError(f"the answer {self.answer} is not among the choices {letters}")
        for name, parts in (
            ("misconceptions", self.misconceptions),
            ("proof.sources", self.proof.sources if self.proof else ()),
            ("proof.printed", self.proof.printed if self.proof else ()),
        ):
            if parts and len(parts) != len(self.choices):
                raise ValueError(f"{name} has {len(parts)} entries for {len(letters)} choices")
        if self.proof and self.proof.printed:
            self._check_printed(self.proof.printed)
        return self

    def _check_printed(self, printed: tuple[str, ...]) -> None:
        """``ValueError`` when what the programs printed does not bear the choices out."""
        if self.kind in {None, "output"}:
            for letter, text, choice in zip(LETTERS, printed, self.choices, strict=False):
                if text != choice:
                    raise ValueError(f"the proof printed something else than choice {letter}")
        elif self.gold is not None and printed.count(printed[self.gold]) > 1:
            raise ValueError("by the proof another choice does what the answer does")

    @property
    def gold(self) -> int | None:
        """Index of the right choice, ``None`` when the question does not know it."""
        return None if self.answer is None else LETTERS.index(self.answer)
