from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.params import GateParams
from contracts.verdicts import (
    ChampionPin,
    Decision,
    EvaluationResult,
    GenerationFacts,
    QuestionRecord,
    Verdict,
)
from evaluation.gate import RULES, judge
from tests.evaluation.making import (
    CHAMPION_DIGEST,
    DIGEST,
    SUITE_DIGEST,
    make_evaluation,
    make_records,
)

PARAMS = GateParams(minimum_accuracy=0.3, minimum_questions=500, margin=0.02, confidence=0.95)
NO_CHAMPION = ChampionPin(model="coding-mcqa")


def outcomes(right: int, wrong: int = 0, unscored: int = 0) -> list[bool | None]:
    return [True] * right + [False] * wrong + [None] * unscored


def paired(
    both: int, only_candidate: int, only_champion: int, neither: int
) -> tuple[list[bool | None], list[bool | None]]:
    """Outcomes of candidate and champion with these four cells."""
    cells = [
        *[(True, True)] * both,
        *[(True, False)] * only_candidate,
        *[(False, True)] * only_champion,
        *[(False, False)] * neither,
    ]
    return [ours for ours, _ in cells], [theirs for _, theirs in cells]


def make_pin(
    champion: list[bool | None], *, suite_digest: str | None = SUITE_DIGEST, version: str = "4"
) -> ChampionPin:
    return ChampionPin(
        model="coding-mcqa",
        version=version,
        digest=CHAMPION_DIGEST,
        suite_digest=suite_digest,
        correct={
            record.id: record.correct
            for record in make_records(champion)
            if record.correct is not None
        },
    )


def verdict_on(
    candidate: list[bool | None], pin: ChampionPin, params: GateParams = PARAMS
) -> Verdict:
    records = make_records(candidate)
    return judge(make_evaluation(records), records, pin, params)


@dataclass(frozen=True)
class Row:
    """One line of the table: what is judged, and the word that is expected."""

    name: str
    candidate: list[bool | None]
    decision: Decision
    rule: str
    champion: list[bool | None] | None = None
    says: str = ""
    params: dict[str, float] = field(default_factory=dict)


def against(name: str, cells: tuple[int, int, int, int], *rest: str, **params: float) -> Row:
    candidate, champion = paired(*cells)
    decision, rule, says = rest
    return Row(name, candidate, decision, rule, champion, says, params)  # type: ignore[arg-type]


TABLE = [
    # ------------------------------------------------------ could not judge
    Row("too few", outcomes(499), "could-not-judge", "too-few-questions", says="only 499"),
    Row(
        "too few scored of many",
        outcomes(499, unscored=700),
        "could-not-judge",
        "too-few-questions",
        says="only 499",
    ),
    Row(
        "too few, though surely harmful",
        outcomes(0, 400),
        "could-not-judge",
        "too-few-questions",
        champion=outcomes(400),
    ),
    Row(
        "bootstrap between",
        outcomes(160, 340),
        "could-not-judge",
        "bootstrap-minimum-accuracy",
        says="questions settle it",
    ),
    Row(
        "bootstrap exactly at the minimum",
        outcomes(150, 350),
        "could-not-judge",
        "bootstrap-minimum-accuracy",
        says="no number of questions",
    ),
    Row(
        "bootstrap that only passes because it skipped",
        outcomes(300, 200, 1_000),
        "could-not-judge",
        "bootstrap-unscored-questions",
        says="1000 of 1500",
    ),
    Row(
        "too few in common",
        outcomes(600, 0),
        "could-not-judge",
        "too-few-common-questions",
        champion=outcomes(300, unscored=300),
        says="only 300",
    ),
    against(
        "between harm and non-inferiority",
        (400, 60, 60, 480),
        "could-not-judge",
        "not-enough-evidence",
        "neither surely worse nor surely within the margin of 2.0 points",
    ),
    against(
        "worse than the margin, not surely",
        (400, 30, 55, 115),
        "could-not-judge",
        "not-enough-evidence",
        "questions settle it",
        margin=0.02,
        confidence=0.999,
    ),
    against(
        "not inferior, accuracy open",
        (290, 30, 2, 678),
        "could-not-judge",
        "not-enough-evidence",
        "nor surely at the minimum of 30.0%",
    ),
    against(
        "no difference seen, no disagreement, no margin",
        (400, 0, 0, 200),
        "could-not-judge",
        "not-enough-evidence",
        "no number of questions",
        margin=0.0,
    ),
    Row(
        "passes only because it skipped what the champion knew",
        outcomes(600, 100, 300),
        "could-not-judge",
        "unscored-questions",
        champion=outcomes(590, 110) + outcomes(300),
        says="300 of 1000",
    ),
    Row(
        "harmful but for what it skipped",
        outcomes(702, 286, 12),
        "could-not-judge",
        "unscored-questions",
        champion=outcomes(700) + outcomes(0, 288) + outcomes(12),
        says="12 of 1000",
        params={"margin": 0.2},
    ),
    # ---------------------------------------------------------------- reject
    Row(
        "bootstrap below",
        outcomes(100, 400),
        "reject",
        "bootstrap-minimum-accuracy",
        says="surely below the minimum of 30.0%",
    ),
    against("below the minimum", (100, 50, 0, 850), "reject", "minimum-accuracy", "15.0%"),
    against("harm", (500, 10, 90, 400), "reject", "harm", "surely worse"),
    against(
        "harm within the margin is harm",
        (700, 2, 12, 286),
        "reject",
        "harm",
        "surely worse",
        margin=0.2,
    ),
    against(
        "below the minimum and harmful: the minimum is named",
        (100, 0, 100, 800),
        "reject",
        "minimum-accuracy",
        "surely below",
    ),
    # ------------------------------------------------------------------ pass
    Row(
        "bootstrap at least the minimum",
        outcomes(300, 200),
        "pass",
        "bootstrap-minimum-accuracy",
        says="there is no champion yet",
    ),
    Row(
        "bootstrap despite a few unscored",
        outcomes(300, 200, 5),
        "pass",
        "bootstrap-minimum-accuracy",
    ),
    against("better", (500, 120, 30, 350), "pass", "non-inferiority", "surely better"),
    against(
        "not worse by the margin",
        (700, 4, 4, 292),
        "pass",
        "non-inferiority",
        "surely not worse by more than 2.0%",
    ),
    Row(
        "better despite a few unscored",
        outcomes(700, 100, 5),
        "pass",
        "non-inferiority",
        champion=outcomes(500, 300, 5),
    ),
    Row(
        "what the champion could not score is no question of the pair",
        outcomes(700, 100),
        "pass",
        "non-inferiority",
        champion=outcomes(500, 200, 100),
        says="700 common questions",
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_table_of_rules(row: Row) -> None:
    pin = NO_CHAMPION if row.champion is None else make_pin(row.champion)
    params = PARAMS.model_copy(update=row.params)
    verdict = verdict_on(row.candidate, pin, params)
    assert (verdict.decision, verdict.rule) == (row.decision, row.rule), verdict.reason
    assert row.says in verdict.reason
    assert verdict.reason.endswith(".")
    assert verdict.champion == pin.version
    assert verdict.champion_digest == pin.digest


def test_every_rule_that_stands_first_in_the_docstring_is_in_the_table() -> None:
    import evaluation.gate

    text = evaluation.gate.__doc__ or ""
    told = {line.split()[0] for line in text.splitlines() if line[:1].islower() and "  " in line}
    decided = {row.rule for row in TABLE} | {
        "already-champion",
        "suite-differs",
        "limits-differ",
        "questions-differ",
    }
    assert {name.removesuffix("...") for name in told} >= {
        name for name in decided if not name.startswith("bootstrap")
    }
    assert len(RULES) == 11


def test_the_champions_own_weights_are_not_judged() -> None:
    candidate, champion = paired(500, 200, 0, 300)
    pin = make_pin(champion).model_copy(update={"digest": DIGEST})
    verdict = verdict_on(candidate, pin)
    assert (verdict.decision, verdict.rule) == ("could-not-judge", "already-champion")
    assert "coding-mcqa/4" in verdict.reason


@pytest.mark.parametrize("digest", [None, "sha256:" + "0" * 64])
def test_a_pin_of_another_suite_judges_nobody(digest: str | None) -> None:
    candidate, champion = paired(500, 200, 0, 300)
    verdict = verdict_on(candidate, make_pin(champion, suite_digest=digest))
    assert (verdict.decision, verdict.rule) == ("could-not-judge", "suite-differs")
    assert (
        "`proctor registry pin --suite bank-test --max-questions 1000 --protocol scored`"
        in verdict.reason
    )
    assert verdict.comparison is None


def test_a_pin_of_other_questions_judges_nobody() -> None:
    candidate, champion = paired(500, 200, 0, 300)
    pin = make_pin(champion)
    pin = pin.model_copy(update={"correct": {**pin.correct, "stranger": True}})
    verdict = verdict_on(candidate, pin)
    assert (verdict.decision, verdict.rule) == ("could-not-judge", "questions-differ")
    assert "stranger" in verdict.reason


def test_records_of_nothing_are_too_few() -> None:
    evaluation = make_evaluation(make_records(outcomes(10)))
    verdict = judge(evaluation, (), NO_CHAMPION, PARAMS)
    assert (verdict.decision, verdict.rule) == ("could-not-judge", "too-few-questions")
    assert verdict.accuracy == evaluation.accuracy


def test_a_verdict_says_on_what_it_was_given() -> None:
    candidate, champion = paired(500, 120, 30, 350)
    records = make_records(candidate)
    evaluation = make_evaluation(records)
    params = PARAMS.model_copy(update={"confidence": 0.9})
    verdict = judge(evaluation, records, make_pin(champion), params)
    assert verdict.model == "coding-mcqa"
    assert verdict.digest == evaluation.digest
    assert verdict.evaluation_run_id == evaluation.run_id
    assert verdict.suite_digest == evaluation.suite_digest
    assert verdict.records_digest == evaluation.records_digest
    assert verdict.thresholds == {
        "minimum_accuracy": 0.3,
        "minimum_questions": 500.0,
        "margin": 0.02,
        "confidence": 0.9,
    }
    # The gate's own level, not the one of the report.
    assert verdict.accuracy.level == 0.9
    assert verdict.comparison is not None
    assert verdict.comparison.difference.level == 0.9
    assert (verdict.comparison.only_candidate, verdict.comparison.only_reference) == (120, 30)


def test_the_number_of_questions_it_asks_for_is_enough() -> None:
    """A table as seen, only larger by what the sentence says, is settled."""
    candidate, champion = paired(400, 60, 60, 480)
    reason = verdict_on(candidate, make_pin(champion)).reason
    needed = int(reason.split("about ")[1].split(" questions")[0].replace(",", ""))
    assert 2_000 < needed < 4_000
    scale = needed / 1_000
    larger = paired(*(round(cell * scale) for cell in (400, 60, 60, 480)))
    assert verdict_on(larger[0], make_pin(larger[1])).decision == "pass"


SMALL = GateParams(minimum_accuracy=0.2, minimum_questions=20, margin=0.1, confidence=0.8)
MAYBE = st.none() | st.booleans()


@st.composite
def cases(
    draw: st.DrawFn,
) -> tuple[list[bool | None], list[bool | None], GateParams]:
    """Small samples under lax rules, so that every decision happens; few of one kind."""
    size = draw(st.integers(1, 120))
    right = draw(st.sampled_from([(True,), (True, True, True, False), (True, False), (False,)]))
    noise = draw(st.lists(MAYBE, max_size=15))
    pattern = list(itertools.islice(itertools.cycle(right), size))
    candidate: list[bool | None] = [*noise[:size], *pattern[len(noise) :]]
    flips = draw(st.sets(st.integers(0, size - 1), max_size=15))
    champion = [
        (not value if place in flips and value is not None else value)
        for place, value in enumerate(candidate)
    ]
    margin = draw(st.sampled_from([0.0, 0.05, 0.1, 0.3]))
    return candidate, champion, SMALL.model_copy(update={"margin": margin})


@given(cases(), st.booleans())
def test_fewer_than_the_minimum_never_pass(
    case: tuple[list[bool | None], list[bool | None], GateParams], bootstrap: bool
) -> None:
    candidate, champion, params = case
    pin = NO_CHAMPION if bootstrap else make_pin(champion)
    assume(any(value is not None for value in candidate))
    verdict = verdict_on(candidate, pin, params)
    if sum(value is not None for value in candidate) < params.minimum_questions:
        assert verdict.decision == "could-not-judge"


@given(cases())
def test_without_a_margin_never_both_pass_against_each_other(
    case: tuple[list[bool | None], list[bool | None], GateParams],
) -> None:
    candidate, champion, params = case
    assume(any(value is not None for value in candidate))
    strict = params.model_copy(update={"margin": 0.0})
    one = verdict_on(candidate, make_pin(champion), strict)
    other = verdict_on(champion, make_pin(candidate), strict)
    assert not one.decision == other.decision == "pass"


@given(cases(), st.booleans())
def test_one_more_right_answer_never_takes_a_pass_away(
    case: tuple[list[bool | None], list[bool | None], GateParams], bootstrap: bool
) -> None:
    candidate, champion, params = case
    pin = NO_CHAMPION if bootstrap else make_pin(champion)
    assume(any(value is not None for value in candidate))
    before = verdict_on(candidate, pin, params)
    for place, value in enumerate(candidate):
        if value is True:
            continue
        better = [*candidate[:place], True, *candidate[place + 1 :]]
        after = verdict_on(better, pin, params)
        if before.decision == "pass":
            assert after.decision == "pass"
        if after.decision == "reject":
            assert before.decision != "pass"
        break


@given(cases())
def test_leaving_a_question_unscored_never_wins_a_pass(
    case: tuple[list[bool | None], list[bool | None], GateParams],
) -> None:
    """Whoever skips what it would have got wrong gains nothing."""
    candidate, champion, params = case
    assume(False in candidate and sum(value is not None for value in candidate) > 1)
    skipped: list[bool | None] = [None if value is False else value for value in candidate]
    assume(any(value is not None for value in skipped))
    for pin in (NO_CHAMPION, make_pin(champion)):
        if verdict_on(skipped, pin, params).decision == "pass":
            assert verdict_on(candidate, pin, params).decision == "pass"


def test_replies_without_a_letter_are_not_questions_to_shorten() -> None:
    records = make_records(outcomes(300, 200, 1_000))
    written = make_evaluation(records).model_copy(update={"protocol": "generate"})
    verdict = judge(written, records, NO_CHAMPION, PARAMS)
    assert verdict.rule == "bootstrap-unscored-questions"
    assert "1000 of 1500 questions were answered without a letter" in verdict.reason
    assert "shorten" not in verdict.reason
    scored = judge(make_evaluation(records), records, NO_CHAMPION, PARAMS)
    assert "shorten them" in scored.reason


def written_up_to(tokens: int, records: Sequence[QuestionRecord]) -> EvaluationResult:
    """An evaluation in words whose replies had at most ``tokens`` tokens."""
    facts = GenerationFacts(
        max_new_tokens=tokens,
        unparsed=0,
        unanswered=0,
        cut=0,
        reply_tokens=0,
        replies_digest=DIGEST,
    )
    return make_evaluation(records).model_copy(update={"protocol": "generate", "generation": facts})


@pytest.mark.parametrize(("pinned", "told"), [(64, "64 tokens"), (None, "does not tell")])
def test_replies_of_another_limit_judge_nobody(pinned: int | None, told: str) -> None:
    """What was cut short has other letters: the difference would be the limit's."""
    candidate, champion = paired(500, 200, 0, 300)
    records = make_records(candidate)
    pin = make_pin(champion).model_copy(update={"protocol": "generate", "max_new_tokens": pinned})
    verdict = judge(written_up_to(1_024, records), records, pin, PARAMS)
    assert (verdict.decision, verdict.rule) == ("could-not-judge", "limits-differ")
    assert told in verdict.reason
    assert "evaluate.max_new_tokens: 1024" in verdict.reason
    assert verdict.comparison is None


def test_replies_of_one_limit_are_judged() -> None:
    candidate, champion = paired(500, 200, 0, 300)
    records = make_records(candidate)
    pin = make_pin(champion).model_copy(update={"protocol": "generate", "max_new_tokens": 1_024})
    assert judge(written_up_to(1_024, records), records, pin, PARAMS).decision == "pass"


def test_a_pin_of_another_protocol_is_named() -> None:
    candidate, champion = paired(500, 200, 0, 300)
    pin = make_pin(champion, suite_digest="sha256:" + "5" * 64)
    verdict = verdict_on(candidate, pin.model_copy(update={"protocol": "generate"}))
    assert verdict.rule == "suite-differs"
    assert "a suite asked by the protocol generate" in verdict.reason
