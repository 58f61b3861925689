"""The image of ``params.yaml``: every setting, typed, frozen, with unit and range.

YAML is parsed in ``proctor/``; here stand only shapes. ``proctor params --schema``
prints this as JSON Schema.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contracts.models import ModelName
from contracts.shape import Shape

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class QuestionsParams(Shape):
    count: int = Field(ge=24, le=1_000_000, description="questions in the bank, all splits")
    seed: int = Field(ge=0, description="seed of the bank")


class Profile(Shape):
    """A model to train. Sizes are in units of the transformer they name."""

    # A model from scratch learns to write the text of an answer; letters stay near chance.
    scoring: Literal["text"] = Field(description="how its answers are scored")
    vocabulary: int = Field(ge=260, le=200_000, description="tokens of the BPE vocabulary")
    hidden_size: int = Field(ge=8, description="width of the residual stream")
    intermediate_size: int = Field(ge=8, description="width of the MLP")
    layers: int = Field(ge=1, description="transformer blocks")
    attention_heads: int = Field(ge=1, description="query heads")
    key_value_heads: int = Field(ge=1, description="key and value heads; divides attention_heads")
    context_tokens: int = Field(ge=32, description="longest sequence, tokens")

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        if self.hidden_size % self.attention_heads:
            raise ValueError("hidden_size must be a multiple of attention_heads")
        if self.attention_heads % self.key_value_heads:
            raise ValueError("attention_heads must be a multiple of key_value_heads")
        if self.hidden_size // self.attention_heads % 2:
            # Rotary embeddings turn pairs of dimensions (arXiv:2104.09864).
            raise ValueError("hidden_size / attention_heads must be even")
        return self


class TrainParams(Shape):
    profile: str = Field(description="a key of profiles")
    seed: int = Field(ge=0, description="seed of weights and order of questions")
    steps: int = Field(ge=1, description="optimizer steps")
    batch_questions: int = Field(ge=1, description="questions a step")
    learning_rate: float = Field(gt=0.0, le=1.0, description="AdamW's peak rate")
    warmup_steps: int = Field(ge=0, description="steps of linear warm-up")
    weight_decay: float = Field(ge=0.0, le=1.0, description="AdamW's decoupled decay")
    clip_norm: float = Field(gt=0.0, description="largest norm of the gradient")
    checkpoint_every_steps: int = Field(ge=1, description="steps between resumable checkpoints")
    threads: int = Field(ge=1, le=64, description="torch threads; part of what is reproduced")


class EvaluateParams(Shape):
    suite: str = Field(description="name under which the results are kept")
    max_questions: int = Field(ge=1, description="questions taken from the held-out split")
    batch_tokens: int = Field(ge=64, description="padded tokens in one forward pass")


class GateParams(Shape):
    minimum_accuracy: Share = Field(description="accuracy ratio the lower bound must reach")
    minimum_questions: int = Field(ge=1, description="fewer scored questions: could not judge")
    margin: Share = Field(description="accuracy ratio by which a version may be worse")
    confidence: float = Field(gt=0.5, lt=1.0, description="level of the two-sided intervals")


class Params(Shape):
    """All of ``params.yaml``."""

    model: ModelName = Field(description="name of the registered model")
    experiment: str = Field(min_length=1, description="MLflow experiment of the runs")
    questions: QuestionsParams
    profiles: dict[str, Profile]
    train: TrainParams
    evaluate: EvaluateParams
    gate: GateParams

    @model_validator(mode="after")
    def _profile_exists(self) -> Self:
        if self.train.profile not in self.profiles:
            known = ", ".join(sorted(self.profiles))
            raise ValueError(f"train.profile {self.train.profile!r} is not among profiles: {known}")
        return self
