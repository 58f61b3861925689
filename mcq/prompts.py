"""Prompt templates: how a question is written for a model.

A template is a pure function from a question to chat messages and is known by a name
that travels with the version, so that a version is always asked the way it was trained.
The checkpoint's own chat template (ChatML for Qwen: ``<|im_start|>role ... <|im_end|>``)
turns the messages into text. Templates are never changed, only added: a changed text
under an old name would change what a registered version answers.

No template here has a system message. A chat template that adds one of its own where none
is given (Qwen2.5: "You are Qwen, created by Alibaba Cloud. ...") therefore adds it: the
model is asked the way its makers tuned it, and that text travels inside the checkpoint.

Questions shown with their answers before the one that is asked (*shots*) are past turns of
the conversation. ``mmlu-1`` is for base models: no conversation, one plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from contracts.models import ScoringMethod
from contracts.questions import LETTERS, Question

Messages = list[dict[str, str]]
Template = Callable[[Question], Messages]


@dataclass(frozen=True)
class Completion:
    """A prompt that is no conversation: ``text`` as the model reads it, and what stands
    between it and the reply."""

    text: str
    before_reply: str


Prompt = Messages | Completion
PromptWriter = Callable[[Question, Sequence[Question]], Prompt]
"""From a question, and shots that know their answers, to what the model reads."""

REASONED_PARTS: Final = ("Understanding", "Analysis", "Reasoning", "Conclusion", "Answer")
"""The parts of a reasoned reply in their order, each ``Name: text``; the last is a letter."""


def code_1(question: Question) -> Messages:
    """Stem, blank line, code; no choices: the model writes the answer's text."""
    content = question.stem if question.code is None else f"{question.stem}\n\n{question.code}"
    return [{"role": "user", "content": content}]


def letter_1(question: Question) -> Messages:
    """Stem, code block, lettered choices, and the wish for nothing but the letter."""
    return _user(_lettered(question), "Reply with the letter of the right choice only.")


def reasoned_1(question: Question) -> Messages:
    """The question as in ``letter-1``, and the wish for a reasoned reply in five parts."""
    return _user(
        _lettered(question),
        "Reply in five parts, each on a new line that begins with its name and a colon:\n"
        "Understanding (what is asked), Analysis (what the code and the choices say), "
        "Reasoning (step by step), Conclusion (one sentence), "
        "Answer (the letter of the right choice only).",
    )


EXPLAIN_1_WISHES: Final = (
    "what is asked",
    "whether it is right and why",
    "what leads to the answer, step by step",
    "the result, in one sentence",
    "the letter alone",
)
"""What ``explain-1`` asks of each part: a reply that only repeats it has said nothing."""


def explain_1(question: Question) -> Messages:
    """The question as in ``letter-1``, and the wish for an explanation in five parts, as YAML.
    How it is to begin is said last: small models otherwise write the choices once more."""
    letters = ", ".join(LETTERS[: len(question.choices)])
    understanding, analysis, reasoning, conclusion, answer = EXPLAIN_1_WISHES
    return _user(
        _lettered(question),
        "Explain which choice is right. Reply with nothing but YAML, with five keys in this order:",
        f"- understanding: {understanding}\n"
        f"- analysis: for each of {letters}, {analysis}\n"
        f"- reasoning: {reasoning}\n"
        f"- conclusion: {conclusion}\n"
        f"- answer: {answer}",
        'Start your reply with "understanding:".',
    )


def _user(*paragraphs: str) -> Messages:
    return [{"role": "user", "content": "\n\n".join(paragraphs)}]


def _lettered(question: Question) -> str:
    code = [] if question.code is None else [_block(question.code)]
    choices = "\n".join(
        f"{letter}.\n{_block(choice)}" if "\n" in choice else f"{letter}. {choice}"
        for letter, choice in zip(LETTERS, question.choices, strict=False)
    )
    return "\n\n".join([question.stem, *code, choices])


def _block(code: str) -> str:
    """A Markdown code block, fenced by more backticks than stand in a row inside it
    (CommonMark 0.31, section 4.5)."""
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{code.rstrip()}\n{fence}"


TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType(
    {"code-1": code_1, "explain-1": explain_1, "letter-1": letter_1, "reasoned-1": reasoned_1}
)


def mmlu_1(question: Question, shots: Sequence[Question] = ()) -> Completion:
    """MMLU's text for base models (arXiv:2009.03300, section 4 and figure 1b): a heading,
    the shots with their letters, the question, and "Answer:"."""
    parts = ["The following are multiple choice questions (with answers)."]
    parts += [f"{_plain(shot)} {_reply(shot, by_letter=True)}" for shot in shots]
    return Completion("\n\n".join([*parts, _plain(question)]), before_reply=" ")


def _plain(question: Question) -> str:
    code = [] if question.code is None else [question.code.rstrip()]
    choices = [f"{letter}. {text}" for letter, text in zip(LETTERS, question.choices, strict=False)]
    return "\n".join([question.stem, *code, *choices, "Answer:"])


DEFAULT_TEMPLATE: Final[Mapping[ScoringMethod, str]] = MappingProxyType(
    {"text": "code-1", "letter": "letter-1"}
)
"""The template that a new version of each scoring method is asked with."""

SCORED_AFTER: Final[Mapping[str, ScoringMethod]] = MappingProxyType(
    {"code-1": "text", "letter-1": "letter", "mmlu-1": "letter"}
)
"""The scoring that fits what a template asks for; ``reasoned-1`` and ``explain-1`` ask for
prose and are for fine-tuning and explanations, not for scoring."""

KNOWN: Final = frozenset({*TEMPLATES, *SCORED_AFTER})
"""Names of all templates."""


def prompt_writer(template: str) -> PromptWriter:
    """The writer of a template's prompts. Raises ``KeyError`` for an unknown one."""
    if template == "mmlu-1":
        return mmlu_1
    write = TEMPLATES[template]
    by_letter = SCORED_AFTER.get(template) != "text"

    def conversation(question: Question, shots: Sequence[Question]) -> Messages:
        past: Messages = []
        for shot in shots:
            past += [
                *write(shot),
                {"role": "assistant", "content": _reply(shot, by_letter=by_letter)},
            ]
        return past + write(question)

    return conversation


def _reply(shot: Question, *, by_letter: bool) -> str:
    if shot.answer is None or shot.gold is None:
        raise ValueError(f"question {shot.id} does not know its answer: it cannot be a shot")
    return shot.answer if by_letter else shot.choices[shot.gold]
