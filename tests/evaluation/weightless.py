"""A scorer that must do without its weights."""

from __future__ import annotations

from mcq.model import LanguageModel
from mcq.scorer import Scorer


class Weightless(Scorer):
    """Whoever wants its weights has made a mistake."""

    @property
    def model(self) -> LanguageModel:
        raise AssertionError("the weights were read")
