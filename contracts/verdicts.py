"""Results and verdicts: what training, evaluation and the gate hand to each other.

Every one of these is a JSON file that a stage writes and the next reads. They hold no
time of day, so that the same inputs give the same bytes and DVC sees that nothing
changed. A *verdict* has three values, and only ``pass`` moves anything forward.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from contracts.models import Digest, ModelName, ScoringMethod
from contracts.questions import Letter
from contracts.shape import Shape
from contracts.suites import Protocol, ShotsBy

Ratio = Annotated[float, Field(ge=0.0, le=1.0)]
Difference = Annotated[float, Field(ge=-1.0, le=1.0)]
Decision = Literal["pass", "reject", "could-not-judge"]
TrainingMethod = Literal["scratch", "lora", "full", "none"]


ENOUGH_VALIDATION: Final = 50
"""Questions that a temperature needs: of fewer, resampling does not tell how sure it is
(``docs/statistics.md``)."""


class Interval(Shape):
    """An estimate with its two-sided interval at ``level``."""

    estimate: float
    lower: float
    upper: float
    level: Ratio = 0.95


class BaseFacts(Shape):
    """The model that a training began with: where it comes from (``source``, and what names
    it there), and the digest of its folder."""

    origin: dict[str, str]
    digest: Digest


class TrainingResult(Shape):
    """``out/training.json``: which run made which checkpoint from which data.

    ``steps`` are those behind the weights that were kept: after an early stop the step of
    the lowest validation loss, 0 where nothing was trained. ``base`` is ``None`` for a model
    from scratch.
    """

    run_id: str
    model_uri: str
    experiment: str
    digest: Digest
    data_digest: Digest
    commit: str
    profile: str
    scoring: ScoringMethod
    seed: int
    steps: int
    method: TrainingMethod = "scratch"
    base: BaseFacts | None = None


class QuestionRecord(Shape):
    """How one question was answered. ``letter`` is ``None`` when it could not be scored,
    which is a fact of its own and never a wrong answer; ``correct`` is whether it is ``gold``
    (``ValueError`` when it says otherwise).

    ``option_mass`` and ``orders`` are of letter scoring only. ``orders[k][j]`` is the
    probability of letter ``j`` when the choices stood rotated by ``k``: place ``j`` then held
    choice ``(j + k) % n`` of the ``n`` choices, so ``orders[0]`` is ``probabilities``.
    """

    id: str
    family: str | None
    difficulty: str | None
    gold: Letter
    letter: Letter | None
    correct: bool | None
    confidence: Ratio | None
    probabilities: tuple[Ratio, ...]
    misconception: str | None = None
    kind: str | None = None
    option_mass: Ratio | None = None
    orders: tuple[tuple[Ratio, ...], ...] = ()

    @model_validator(mode="after")
    def _correct_is_as_the_letters_say(self) -> Self:
        if self.correct != (None if self.letter is None else self.letter == self.gold):
            raise ValueError(
                f"correct is {self.correct} with letter {self.letter} and gold {self.gold}"
            )
        return self


class GroupAccuracy(Shape):
    """Accuracy of the scored questions of one family, difficulty or other group."""

    questions: int
    correct: int
    accuracy: Interval


class FittedTemperature(Shape):
    """Temperature scaling (arXiv:1706.04599) fitted on ``questions`` validation questions,
    whose digest is ``questions_digest``. ``nats_before`` and ``nats_after`` are the mean of
    -log p(gold) over them, lower is better. ``at_bound``: the minimum lies at or beyond an end of
    the range that is searched, so that ``value`` is that end and not a measurement. ``interval``:
    by resampling the questions, absent at a bound and of fewer than ``ENOUGH_VALIDATION``.
    ``source`` names their file as it was given; ``other_families_count`` of them are of a family
    that the suite's questions do not have."""

    value: float = Field(gt=0.0)
    questions: int = Field(ge=1)
    questions_digest: Digest
    nats_before: float = Field(ge=0.0)
    nats_after: float = Field(ge=0.0)
    at_bound: bool = False
    interval: Interval | None = None
    source: str | None = None
    other_families_count: int = Field(default=0, ge=0)

    def told(self) -> str:
        """The value for people, who must not take an end of the range for a measurement."""
        bound = ", an end of the range that was searched" if self.at_bound else ""
        found = self.interval
        ends = "" if found is None else f" ({found.lower:.3f} to {found.upper:.3f})"
        return f"{self.value:.3f}{ends}{bound}"

    def told_questions(self) -> str:
        """On which questions it was fitted, after "on", and what speaks against them."""
        many = f"{self.questions} validation question{'s' * (self.questions != 1)}"
        where = f" of {self.source}" if self.source else ""
        doubts = []
        if self.questions < ENOUGH_VALIDATION:
            doubts.append(f"fewer than {ENOUGH_VALIDATION}, too few to go by")
        if self.other_families_count:
            count = self.other_families_count
            some = "all" if count == self.questions else str(count)
            doubts.append(f"{some} of families that the suite's questions do not have")
        return f"{many}{where}" + (f" ({'; '.join(doubts)})" if doubts else "")


class GenerationFacts(Shape):
    """How the replies of the *generate* protocol were had, and what became of them.

    ``unparsed`` replies state no letter, ``unanswered`` prompts leave no room in the context:
    together they are the result's ``unscored``. ``cut`` replies met ``max_new_tokens``
    (some of them had stated a letter before). ``as_published`` is the accuracy by CodeMMLU's own
    rules over the replies, an unread one wrong and the unanswered left out: for its tables
    only, and ``None`` without a reply and for prompts that are not CodeMMLU's.
    ``reader_version`` says how letters were read, ``None`` for the first way.
    """

    max_new_tokens: int
    unparsed: int
    unanswered: int
    cut: int
    reply_tokens: int
    replies_digest: Digest
    as_published: Interval | None = None
    reader_version: int | None = None


class ExplanationAgreement(Shape):
    """How often a written explanation (``template``) comes to the letter that was scored.

    Of the first ``questions`` of the suite, ``compared`` have both letters; ``rate`` is
    ``agreed`` of them with Wilson's interval, ``None`` when there are none. ``unparsed``
    explanations state no letter, ``unscored`` questions had none or leave no room to explain.
    """

    template: str
    questions: int
    compared: int
    agreed: int
    unparsed: int
    unscored: int
    rate: Interval | None


class EvaluationResult(Shape):
    """``out/evaluation.json``: an evaluation of one checkpoint on one suite.

    ``protocol``, ``template`` (in place of the version's own), ``shots`` (how many), ``shots_by``,
    ``precision`` and ``scorer_version`` say how the numbers were had. ``temperature`` is
    ``None`` where there were no validation questions. ``generation`` is of the protocol
    generate, where ``unscored`` counts the replies without a letter, too; ``explanation`` of
    evaluations that were to explain.
    """

    run_id: str
    suite: str
    suite_digest: Digest
    digest: Digest
    records_digest: Digest
    questions: int
    unscored: int
    correct: int
    accuracy: Interval
    by_family: dict[str, GroupAccuracy]
    by_difficulty: dict[str, GroupAccuracy]
    protocol: Protocol = "scored"
    template: str | None = None
    shots: int = 0
    shots_by: ShotsBy = "suite"
    precision: str | None = None
    scorer_version: int | None = None
    temperature: FittedTemperature | None = None
    generation: GenerationFacts | None = None
    explanation: ExplanationAgreement | None = None

    @property
    def max_new_tokens(self) -> int | None:
        """The longest reply that was written for an answer, tokens; ``None`` where none was."""
        return None if self.generation is None else self.generation.max_new_tokens


class ChampionPin(Shape):
    """``pipelines/champion.json``: against whom the gate judges, resolved once.

    ``version`` is ``None`` when the model has no champion yet. ``correct`` tells for each
    question id of the suite whether the champion had it right. ``protocol``: how it was asked
    for this pin; ``None`` when the answers are those that it was registered with.
    ``max_new_tokens``: the longest reply that it could write for them; ``None`` where it wrote
    none, and for a version that was registered before that was kept.
    """

    model: ModelName
    version: str | None = None
    digest: Digest | None = None
    suite_digest: Digest | None = None
    protocol: Protocol | None = None
    max_new_tokens: int | None = None
    correct: dict[str, bool] = Field(default_factory=dict)


class Comparison(Shape):
    """Two versions on the same questions.

    ``difference`` is candidate minus reference accuracy. ``only_candidate`` counts the
    questions that only the candidate had right. ``smallest_detectable_difference`` is the
    difference that the exact test of this many questions with this discordance would show with
    80 % power at the level of ``difference``, its alpha 1 less that; ``None`` when they disagreed
    too seldom for any to show.
    """

    questions: int
    both: int
    only_candidate: int
    only_reference: int
    neither: int
    difference: Interval
    mcnemar_p: Ratio
    smallest_detectable_difference: float | None


class Verdict(Shape):
    """The gate's word on one checkpoint. ``rule`` names the rule that decided,
    ``reason`` says it in a sentence; ``champion`` is the version judged against,
    ``None`` by the bootstrap rule."""

    decision: Decision
    rule: str
    reason: str
    model: ModelName
    digest: Digest
    evaluation_run_id: str
    suite_digest: Digest
    records_digest: Digest
    champion: str | None
    champion_digest: Digest | None
    accuracy: Interval
    comparison: Comparison | None
    thresholds: dict[str, float]
