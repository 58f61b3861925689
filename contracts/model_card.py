"""What an answerer says of itself: the version, what it was judged by, its size, its limits."""

from __future__ import annotations

from pydantic import Field

from contracts.models import VersionFacts
from contracts.shape import Shape


class ModelSize(Shape):
    """``parameters``: numbers that were learned; ``context_tokens``: the longest prompt with
    its answer."""

    parameters: int = Field(ge=0)
    weights_bytes: int = Field(ge=0)
    context_tokens: int = Field(ge=1)


class AnswererLimits(Shape):
    """``batch_tokens``: padded tokens of one pass; ``waiting``: questions that may wait."""

    choices: int = Field(ge=2)
    questions_in_a_request: int = Field(ge=1)
    batch_tokens: int = Field(ge=1)
    waiting: int = Field(ge=1)


class Scoring(Shape):
    """How this process scores. ``device`` and ``precision`` as torch runs it, ``threads`` of
    the processor; ``prefix_tokens``: how many all prompts begin with, read once."""

    device: str
    precision: str
    threads: int = Field(ge=1)
    prefix_tokens: int = Field(ge=0)


class ModelCard(Shape):
    """``version.judged_by`` is the examination, ``version.temperature`` the calibration that
    its probabilities already have."""

    version: VersionFacts
    size: ModelSize
    limits: AnswererLimits
    scoring: Scoring
