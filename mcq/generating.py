"""The *generate* protocol: what is asked when the model writes its answer in words.

A *prompting* turns a question into a prompt and says where a reply may be cut. CodeMMLU's
zero-shot prompts stand here as its code has them, through the checkpoint's chat template
(``codemmlu-1``, for instructed models: its ``--instruction_prefix``) or as plain text
(``codemmlu-plain-1``, for base models). ``letter-1``, ``reasoned-1`` and ``explain-1`` are
``mcq.prompts``'. Replies are read by ``mcq.parsing``; ``mcq.generation`` writes them.

Where the public code does not say how the choices are laid out, each stands on a line of
its own as ``(A) text``, as in its examples of code.

Source: CodeMMLU (arXiv:2410.01999), https://github.com/FSoft-AI4Code/CodeMMLU,
src/codemmlu/prompts at 3e2febb (MIT): up to 1,024 new tokens, temperature 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from contracts.errors import CannotWrite
from contracts.questions import LETTERS, Question
from mcq.loaders.codemmlu import GAP
from mcq.prompts import Messages, explain_1, letter_1, reasoned_1
from mcq.tokens import prompt_text

MAX_NEW_TOKENS: Final = 1_024
"""CodeMMLU's limit of a reply."""

DEFAULT_PROMPTING: Final = "codemmlu-1"
PLAIN_PROMPTING: Final = "codemmlu-plain-1"
EXPLAINED_BY: Final = "reasoned-1"
STREAMED_BY: Final = "explain-1"
"""The prompting of explanations that are served."""

NEVER_WROTE: Final = (
    "it was trained from nothing to write the text of the right choice, and has never seen a"
    " letter or a sentence"
)

Ending = Literal["end", "stop", "length"]
"""``end``: the model ended its turn; ``stop``: it began a question of its own, where the
reply is cut; ``length``: the limit came first."""


@dataclass(frozen=True)
class Written:
    """A reply of ``tokens`` new tokens. ``text`` and ``ended`` are ``None`` when the prompt
    leaves no room in the context, and ``unanswered`` says so."""

    text: str | None
    tokens: int
    ended: Ending | None
    unanswered: str | None = None


@dataclass(frozen=True)
class Piece:
    """What a step of writing adds to a reply: ``text``, empty while the prompt is being read or
    a character is half written. ``ended`` comes with the last piece."""

    text: str = ""
    ended: Ending | None = None


@dataclass(frozen=True)
class Prompting:
    """``messages`` go through the chat template, ``plain`` is the prompt as it stands; one of
    the two is given. Replies are cut at the first of ``stops``. ``published``: its numbers
    may be compared with CodeMMLU's tables."""

    messages: Callable[[Question], Messages] | None = None
    plain: Callable[[Question], str] | None = None
    stops: tuple[str, ...] = ()
    published: bool = False

    def prompt(self, tokenizer: Any, question: Question) -> str:
        if self.plain is not None:
            return self.plain(question)
        if self.messages is None:
            raise ValueError("a prompting has messages or a plain prompt")
        return prompt_text(tokenizer, self.messages(question))


_OPENING: Final = "The following are multiple choice questions (with answers) about"
_HYPHENED: Final = "The following are multiple-choice questions (with answers) about"
_BEFORE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "code_completion": f"{_OPENING} \nprogramming problem.\n\nQuestion: Which solution below is"
        " the most likely completion the following \ncode snippet to achieve the desired goal?\n",
        "code_repair": f"{_HYPHENED} debugging a programming problem.\n\nQuestion: The"
        " implementation below is producing incorrect results. \nWhich solution below correctly"
        " identifies the bug and repairs it to achieve the desired goal?\n",
        "defect_detection": f"{_OPENING} programming problem.\n\nQuestion: Given a code snippet"
        " below, which behavior most likely to occur when execute it?\n",
    }
)
"""What stands before the question, by CodeMMLU's subject."""
_GENERAL: Final = f"{_OPENING} software development.\n\nQuestion: "


def codemmlu_text(question: Question) -> str:
    """CodeMMLU's zero-shot prompt of the question's subject (its family), the general one
    for every other family. It ends in ``Answer:`` and a space, as the original does."""
    choices = "\n".join(
        f"({letter}) {choice}" for letter, choice in zip(LETTERS, question.choices, strict=False)
    )
    if question.family == "fill_in_the_middle" and question.code is not None:
        problem = question.stem.removesuffix(f"\n\n{GAP}")
        return (
            f"{_HYPHENED} a programming problem with incomplete solution.\n\nProblem statement:"
            f" {problem}\n\nIncomplete Solution:\n{question.code}\n\nQuestion: The provided"
            " solution is missing a part, Which option below is the most likely to complete the"
            f" solution and achieve the desired goal?\n\n{choices}\n\nAnswer: "
        )
    asked = question.stem if question.code is None else f"{question.stem}\n\n{question.code}"
    before = _BEFORE.get(question.family or "")
    if before is None:
        return f"{_GENERAL}{asked}\n{choices}\n\nAnswer: "
    return f"{before}{asked}\n\n{choices}\n\nAnswer: "


_NEXT: Final = ("\n\nQuestion:", "\n\nQ:")
"""A base model goes on with a next question. CodeMMLU's code writes it and cuts it off."""


def codemmlu_1(question: Question) -> Messages:
    return [{"role": "user", "content": codemmlu_text(question)}]


PROMPTINGS: Final[Mapping[str, Prompting]] = MappingProxyType(
    {
        DEFAULT_PROMPTING: Prompting(messages=codemmlu_1, stops=_NEXT, published=True),
        PLAIN_PROMPTING: Prompting(plain=codemmlu_text, stops=_NEXT, published=True),
        "letter-1": Prompting(messages=letter_1),
        EXPLAINED_BY: Prompting(messages=reasoned_1),
        STREAMED_BY: Prompting(messages=explain_1),
    }
)
"""The promptings by the name that suites and results know them by; never changed, only added."""


def checked_prompt(tokenizer: Any, name: str, question: Question, deed: str, *, mend: str) -> str:
    """The prompt of the prompting ``name``. Raises ``CannotWrite``, with ``deed`` and ``mend``,
    where the checkpoint's chat template is missing or fails."""
    try:
        return PROMPTINGS[name].prompt(tokenizer, question)
    except Exception as error:  # transformers and Jinja raise whatever a template makes them
        known = getattr(tokenizer, "chat_template", None) is not None
        reason = f"its chat template fails ({error})" if known else "it has no chat template"
        raise CannotWrite(
            deed, f"{name} asks as in a conversation, and {reason}", mend=mend
        ) from error
