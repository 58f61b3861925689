"""Prompt templates: how a question is written for a model.

A template is a pure function from a question to chat messages and is known by a name
that travels with the version, so that a version is always asked the way it was trained.
The checkpoint's own chat template (ChatML for Qwen: ``<|im_start|>role ... <|im_end|>``)
turns the messages into text. Templates are never changed, only added: a changed text
under an old name would change what a registered version answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from contracts.questions import Question

Messages = list[dict[str, str]]
Template = Callable[[Question], Messages]


def code_1(question: Question) -> Messages:
    """Stem, blank line, code; no choices: the model writes the answer's text."""
    content = question.stem if question.code is None else f"{question.stem}\n\n{question.code}"
    return [{"role": "user", "content": content}]


TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType({"code-1": code_1})
