"""The champion's pin on a suite that it was not registered with.

When the held-out questions change, the champion's registered records are of other
questions. Its own weights are fetched, checked and asked the new ones, in the suite's own way
(scored, or in words), so that a candidate can be judged against it; nothing in the registry
changes. What it was asked before, by an evaluation or a pin, is not asked again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from contracts.errors import CannotWrite, EmptySample
from contracts.params import EvaluateParams
from contracts.suites import Protocol, SuiteSpec
from contracts.verdicts import ChampionPin, QuestionRecord
from evaluation.generated import Limits, check_asks, generate_suite, prompting_of
from evaluation.reply_store import ReplyStore
from evaluation.run import Asking, score_suite
from evaluation.scores import ScoreStore
from evaluation.suite import Suite, read_suite
from mcq.generating import NEVER_WROTE
from mcq.generation import Generator
from mcq.scorer import Scorer
from registry.registry import Registry
from registry.state import VersionRecord


def pin_on(
    registry: Registry,
    model: str,
    spec: SuiteSpec,
    params: EvaluateParams,
    *,
    scores: Path,
    protocol: Protocol | None = None,
    say: Callable[[str], None] = lambda _text: None,
) -> ChampionPin:
    """The pin of ``model``'s champion on a suite as it is now, asked by ``protocol`` in place
    of the suite's own. ``scores``: the folder of what was scored and written before. ``say``
    hears what people should know. Raises as ``Registry.fetch`` and ``read_suite`` do,
    ``CannotWrite``, and ``EmptySample`` when not one question was answered."""
    champion = registry.champion(model)
    if champion is None:
        return ChampionPin(model=model)
    suite = read_suite(spec, params.max_questions, protocol)
    if suite.protocol == "generate" and champion.registered.from_scratch:
        raise CannotWrite("answer in words", NEVER_WROTE)
    ask = _written if suite.protocol == "generate" else _scored
    with tempfile.TemporaryDirectory() as scratch:
        folder = registry.fetch(champion, Path(scratch))
        records = ask(folder, champion, suite, params, scores, say)
    correct = {record.id: record.correct for record in records if record.correct is not None}
    if not correct:
        raise EmptySample(
            f"the pin of {model}/{champion.version}",
            f"it answered none of the {len(records)} questions of suite {suite.name}",
        )
    return ChampionPin(
        model=model,
        version=champion.version,
        digest=champion.digest,
        suite_digest=suite.digest,
        protocol=suite.protocol,
        max_new_tokens=params.max_new_tokens if suite.protocol == "generate" else None,
        correct=correct,
    )


def _scored(
    folder: Path,
    champion: VersionRecord,
    suite: Suite,
    params: EvaluateParams,
    scores: Path,
    say: Callable[[str], None],
) -> Sequence[QuestionRecord]:
    scorer = Scorer.load(
        folder,
        expected_digest=champion.digest,
        template=suite.template,
        precision=params.precision,
        device=params.device,
        lazy=True,
    )
    asking = Asking(
        batch_tokens=params.batch_tokens,
        shots=suite.shots,
        # As an evaluation asks, whose answers serve here.
        orders=params.orders,
        store=ScoreStore(scores, scorer.identity.digest),
        say=say,
    )
    return score_suite(scorer, suite, asking)


def _written(
    folder: Path,
    champion: VersionRecord,
    suite: Suite,
    params: EvaluateParams,
    scores: Path,
    say: Callable[[str], None],
) -> Sequence[QuestionRecord]:
    template, _ = prompting_of(suite)
    generator = Generator.load(
        folder,
        expected_digest=champion.digest,
        precision=params.precision,
        device=params.device,
        lazy=True,
    )
    check_asks(generator.tokenizer, template, suite.questions, "answer in words")
    store = ReplyStore(scores, generator.identity, template, params.max_new_tokens, say=say)
    limits = Limits(params.max_new_tokens, params.batch_tokens)
    records, _replies = generate_suite(generator, suite, limits, store=store)
    return records
