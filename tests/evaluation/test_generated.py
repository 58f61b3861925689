"""Answers in words: an unread reply is neither wrong nor lost, and an explanation is compared."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from contracts.digests import digest_of_file
from contracts.errors import BadInput, CannotWrite, DigestMismatch, EmptySample
from contracts.questions import Question
from contracts.reports import Report
from contracts.verdicts import ExplanationAgreement, GenerationFacts, TrainingMethod
from evaluation.evaluate import EvaluateRequest, evaluate
from evaluation.generated import (
    Limits,
    check_writes,
    explain,
    generate_suite,
    generation_facts,
    prompting_of,
    replies_text,
)
from evaluation.results import read_evaluation, read_records_of, write_shape
from evaluation.shots import Shots
from evaluation.suite import Suite, read_suite
from mcq.checkpoint import checkpoint_digest
from mcq.generation import Generator
from mcq.model import LanguageModel
from proctor.params import load_params
from stats.intervals import wilson
from tests.chains import END, make_chain_checkpoint
from tests.checkpoints import make_tiny_checkpoint, opening_tokenizer
from tests.evaluation.making import (
    make_questions,
    make_record,
    make_spec,
    make_suite,
    make_training,
    write_logged_model,
    write_questions,
)

EXPERIMENT = "evaluations in words"
SAYS_B = {"\n": "B", "B": END}
SAYS_NOTHING = {"\n": "n", "n": "o", "o": END}
LIMITS = Limits(max_new_tokens=12, batch_tokens=4_000)


def make_writer(folder: Path, follows: dict[str, str], **more: int) -> Generator:
    make_chain_checkpoint(folder, follows, **more)
    return Generator.load(folder)


def generating(questions: list[Question], template: str | None = None) -> Suite:
    return replace(make_suite(questions), protocol="generate", template=template)


# --------------------------------------------------------------------- the protocol


@pytest.mark.parametrize(
    ("template", "plain"), [("codemmlu-plain-1", True), ("codemmlu-1", False), ("letter-1", False)]
)
def test_a_prompt_without_conversation_is_written_after_as_a_plain_text(
    tmp_path: Path, template: str, plain: bool
) -> None:
    tokenizer = opening_tokenizer("<|endoftext|> $A")
    make_tiny_checkpoint(tmp_path, scoring="letter", context_tokens=1_024, tokenizer=tokenizer)
    writer = Generator.load(tmp_path)
    firsts: list[int] = []

    def seen(_module: Any, _args: Any, given: dict[str, Any]) -> None:
        firsts.append(int(given["input_ids"][0, 0]))

    writer._model.register_forward_pre_hook(seen, with_kwargs=True)
    generate_suite(writer, generating(make_questions(1), template), replace(LIMITS, batch_tokens=1))
    beginning = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    assert (firsts[0] == beginning) == plain


def test_a_letter_makes_a_record_without_probabilities(tmp_path: Path) -> None:
    suite = generating(make_questions(8))
    heard: list[int] = []
    records, replies = generate_suite(
        make_writer(tmp_path, SAYS_B), suite, LIMITS, progress=heard.append
    )
    assert [record.id for record in records] == [question.id for question in suite.questions]
    assert {record.letter for record in records} == {"B"}
    assert [record.correct for record in records] == [q.answer == "B" for q in suite.questions]
    assert {(record.confidence, record.probabilities) for record in records} == {(None, ())}
    assert records[0].misconception == "off-by-1"
    assert [reply.text for reply in replies] == ["B"] * 8
    assert heard[-1] == 8
    facts = generation_facts(suite, replies, 12)
    assert (facts.unparsed, facts.unanswered, facts.cut, facts.reply_tokens) == (0, 0, 0, 8)
    assert facts.as_published is not None
    assert facts.as_published.estimate == 0.25


def test_an_unread_reply_is_counted_by_itself(tmp_path: Path) -> None:
    suite = generating(make_questions(4))
    records, replies = generate_suite(make_writer(tmp_path, SAYS_NOTHING), suite, LIMITS)
    assert [(record.letter, record.correct) for record in records] == [(None, None)] * 4
    facts = generation_facts(suite, replies, 12)
    assert (facts.unparsed, facts.unanswered) == (4, 0)
    assert facts.as_published is not None
    assert facts.as_published.estimate == 0.0, "there, and only there, they are wrong"


def test_a_prompt_without_room_is_not_an_unread_reply(tmp_path: Path) -> None:
    short, *_ = make_questions(1)
    long = short.model_copy(update={"id": "long", "stem": "x" * 600})
    suite = generating([short, long])
    writer = make_writer(tmp_path, SAYS_B, context_tokens=400)
    records, replies = generate_suite(writer, suite, LIMITS)
    assert [record.letter for record in records] == ["B", None]
    assert replies[1].text is None
    assert "no room" in (replies[1].unanswered or "")
    facts = generation_facts(suite, replies, 12)
    assert (facts.unparsed, facts.unanswered) == (0, 1)


def test_a_prompt_without_room_is_not_wrong_by_the_published_rules(tmp_path: Path) -> None:
    right = make_questions(2)[1]
    assert right.answer == "B"
    long = right.model_copy(update={"id": "long", "stem": "x" * 600})
    suite = generating([right, long])
    _, replies = generate_suite(make_writer(tmp_path, SAYS_B, context_tokens=400), suite, LIMITS)
    facts = generation_facts(suite, replies, 12)
    assert facts.unanswered == 1
    assert facts.as_published is not None
    assert facts.as_published.estimate == 1.0, "of one reply, not of two questions"
    none = generating([long])
    _, replies = generate_suite(
        make_writer(tmp_path / "b", SAYS_B, context_tokens=400), none, LIMITS
    )
    assert generation_facts(none, replies, 12).as_published is None


def test_replies_at_the_limit_are_told(tmp_path: Path) -> None:
    suite = generating(make_questions(2), template="letter-1")
    _, replies = generate_suite(make_writer(tmp_path, {"\n": "n", "n": "n"}), suite, LIMITS)
    facts = generation_facts(suite, replies, 12)
    assert (facts.cut, facts.reply_tokens) == (2, 24)
    assert facts.as_published is None, "letter-1 is no prompt of CodeMMLU's"


def test_another_template_and_shots_are_refused() -> None:
    with pytest.raises(BadInput, match="'code-1' is none of the protocol generate"):
        prompting_of(generating(make_questions(1), template="code-1"))
    with pytest.raises(BadInput, match="shows 2 questions first"):
        prompting_of(replace(generating(make_questions(1)), shots=Shots(tuple(make_questions(2)))))
    assert prompting_of(generating(make_questions(1)))[0] == "codemmlu-1"


def test_the_way_of_asking_may_be_another_for_pinned_questions(tmp_path: Path) -> None:
    """The pin is of the questions: it is checked before, and still refuses others."""
    file = write_questions(tmp_path / "test.jsonl", make_questions(5))
    plain = read_suite(make_spec(file), 5)
    pinned = make_spec(file, digest=plain.digest)
    words = read_suite(pinned, 5, "generate")
    assert words.protocol == "generate"
    assert words.questions == plain.questions
    assert words.digest != plain.digest, "records of the two are not to be paired"
    assert read_suite(pinned, 5, "scored") == plain
    write_questions(file, make_questions(6))
    with pytest.raises(DigestMismatch):
        read_suite(pinned, 5, "generate")


# ---------------------------------------------------------------------- explanations


def test_explanations_are_compared_with_the_scored_letters(tmp_path: Path) -> None:
    """Every explanation says B; the records of right answers say A."""
    suite = make_suite(make_questions(8))
    records = [
        make_record(question.id, outcome)
        for question, outcome in zip(
            suite.questions, (True, False, False, None, True, True, True, True), strict=True
        )
    ]
    agreement, replies = explain(make_writer(tmp_path, SAYS_B), suite, records, 5, LIMITS)
    estimate, lower, upper = wilson(2, 4, 0.95)
    assert agreement == ExplanationAgreement(
        template="reasoned-1",
        questions=5,
        compared=4,
        agreed=2,
        unparsed=0,
        unscored=1,
        rate=agreement.rate,
    )
    assert agreement.rate is not None
    assert (agreement.rate.estimate, agreement.rate.lower) == (estimate, lower)
    assert agreement.rate.upper == upper
    assert [reply.id for reply in replies] == [q.id for q in suite.questions[:5]]


def test_explanations_without_a_letter_have_no_rate(tmp_path: Path) -> None:
    suite = make_suite(make_questions(3))
    records = [make_record(question.id, True) for question in suite.questions]
    agreement, _ = explain(make_writer(tmp_path, SAYS_NOTHING), suite, records, 9, LIMITS)
    assert (agreement.questions, agreement.compared, agreement.unparsed) == (3, 0, 3)
    assert agreement.rate is None


@pytest.mark.parametrize("method", ["lora", "full", "none"])
def test_only_a_model_from_scratch_cannot_write(method: TrainingMethod) -> None:
    training = make_training(make_suite(make_questions(1)).digest)
    check_writes(training.model_copy(update={"method": method}), "explain")
    with pytest.raises(CannotWrite, match="this version cannot explain: it was trained from noth"):
        check_writes(training, "explain")


# ------------------------------------------------------------------ whole evaluations


def make_request(
    folder: Path,
    uri: str,
    follows: dict[str, str],
    method: TrainingMethod = "none",
    *,
    chats: bool = True,
) -> EvaluateRequest:
    digest = make_chain_checkpoint(folder / "checkpoint", follows)
    if not chats:
        (folder / "checkpoint/chat_template.jinja").unlink()
        digest = checkpoint_digest(folder / "checkpoint")
    training = write_logged_model(uri, EXPERIMENT, digest)
    write_shape(
        folder / "training.json",
        training.model_copy(update={"method": method, "scoring": "letter"}),
    )
    params = load_params(Path(__file__).parents[2] / "params.yaml")
    small = params.evaluate.model_copy(update={"max_questions": 12, "max_new_tokens": 12})
    return EvaluateRequest(
        checkpoint=folder / "checkpoint",
        training=folder / "training.json",
        suite=make_spec(write_questions(folder / "test.jsonl", make_questions(20))),
        out=folder / "out",
        params=params.model_copy(update={"experiment": EXPERIMENT, "evaluate": small}),
        tracking_uri=uri,
        commit="e" * 40,
        scores=folder / "scores",
    )


def files_of(folder: Path) -> dict[str, str]:
    """The digest of each file's bytes, by its path in ``folder``."""
    return {
        str(path.relative_to(folder)): digest_of_file(path)
        for path in folder.rglob("*")
        if path.is_file()
    }


def all_runs(uri: str) -> list[Run]:
    """The newest first."""
    client = MlflowClient(uri)
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        return []
    return list(client.search_runs([found.experiment_id], "tags.stage = 'evaluation'"))


def latest_run(uri: str) -> Run:
    return all_runs(uri)[0]


def count_runs(uri: str) -> int:
    return len(all_runs(uri))


@pytest.mark.integration
def test_an_evaluation_in_words_leaves_replies_records_and_a_report(
    mlflow_server: str, tmp_path: Path
) -> None:
    request = replace(make_request(tmp_path, mlflow_server, SAYS_B), protocol="generate")
    result = evaluate(request, now_seconds=lambda: 0.0)
    assert read_evaluation(request.out / "evaluation.json") == result
    assert (result.protocol, result.template, result.questions) == ("generate", "codemmlu-1", 12)
    assert result.generation is not None
    assert result.generation.replies_digest == digest_of_file(request.out / "replies.jsonl")
    counted = (request.out / "generation.json").read_text()
    assert GenerationFacts.model_validate_json(counted) == result.generation
    records = read_records_of(result, request.out / "records.jsonl")
    assert {record.letter for record in records} == {"B"}
    assert result.correct == sum(record.gold == "B" for record in records)
    metrics = json.loads((request.out / "metrics/evaluation.json").read_text())
    assert metrics["unparsed_questions"] == 0.0
    assert metrics["accuracy_chance_ratio"] == 0.25
    assert "brier_score" not in metrics
    client = MlflowClient(mlflow_server)
    assert client.get_run(result.run_id).data.metrics == pytest.approx(metrics)
    fetched = client.download_artifacts(result.run_id, "evaluation/replies.jsonl", str(tmp_path))
    assert Path(fetched).read_bytes() == (request.out / "replies.jsonl").read_bytes()
    page = (request.out / "report/report.html").read_text()
    assert "generate" in page
    assert "replies without a letter" in page
    assert "a written letter has no probability" in page
    assert "replies of 12 tokens at most" in page
    report = Report.model_validate_json((request.out / "report/report.json").read_text())
    assert report.header.way.max_new_tokens == 12


@pytest.mark.integration
def test_where_no_reply_states_a_letter_the_replies_show_why(
    mlflow_server: str, tmp_path: Path
) -> None:
    """In the run: what stands in out/ is of another evaluation, and stays whole."""
    (tmp_path / "out").mkdir()
    for name in ("evaluation.json", "replies.jsonl", "generation.json"):
        (tmp_path / "out" / name).write_text("of the evaluation before", encoding="utf-8")
    request = replace(make_request(tmp_path, mlflow_server, SAYS_NOTHING), protocol="generate")
    before = files_of(request.out)
    with pytest.raises(
        EmptySample, match=r"none of the 12 questions.*12 replies state none"
    ) as told:
        evaluate(request, now_seconds=lambda: 0.0)
    assert files_of(request.out) == before
    run = latest_run(mlflow_server)
    assert f"run {run.info.run_id} holds evaluation/replies.jsonl" in str(told.value)
    client = MlflowClient(mlflow_server)
    held = {
        name: Path(client.download_artifacts(run.info.run_id, f"evaluation/{name}", str(tmp_path)))
        for name in ("replies.jsonl", "generation.json")
    }
    lines = held["replies.jsonl"].read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["no"] * 12
    facts = GenerationFacts.model_validate_json(held["generation.json"].read_text())
    assert (facts.unparsed, facts.unanswered, facts.cut) == (12, 0, 0)
    assert facts.as_published is not None
    assert run.info.status == "FAILED"
    assert run.data.metrics["unparsed_questions"] == 12.0
    assert run.data.metrics["accuracy_published_ratio"] == 0.0


@pytest.mark.integration
def test_nothing_of_an_earlier_evaluation_stays_beside_the_result(
    mlflow_server: str, tmp_path: Path
) -> None:
    """Written, then scored and explained, then scored alone, all into one folder, in which
    other stages keep files, too."""
    request = make_request(tmp_path, mlflow_server, SAYS_B)
    request.out.mkdir()
    (request.out / "training.json").write_text("of another stage", encoding="utf-8")
    words = {"replies.jsonl", "generation.json", "explanations.jsonl"}
    for changes, left in (
        ({"protocol": "generate"}, {"replies.jsonl", "generation.json"}),
        ({"explain": 2}, {"explanations.jsonl"}),
        ({}, set()),
    ):
        evaluate(replace(request, **changes), now_seconds=lambda: 0.0)
        assert files_of(request.out).keys() & words == left
    assert (request.out / "training.json").read_text() == "of another stage"


@pytest.mark.integration
def test_a_scored_evaluation_explains_on_request(mlflow_server: str, tmp_path: Path) -> None:
    request = replace(make_request(tmp_path, mlflow_server, SAYS_B), explain=5)
    result = evaluate(request, now_seconds=lambda: 0.0)
    told = result.explanation
    assert told is not None
    assert (told.questions, told.compared, told.agreed) == (5, 5, 5)
    assert (result.protocol, result.generation) == ("scored", None)
    report = Report.model_validate_json((request.out / "report/report.json").read_text())
    assert report.header.way.max_new_tokens is None, "the answers are the scored ones"
    metrics = json.loads((request.out / "metrics/evaluation.json").read_text())
    assert metrics["explanation_agreement_ratio"] == 1.0
    assert len((request.out / "explanations.jsonl").read_text().splitlines()) == 5
    assert "agreement of explanations" in (request.out / "report/report.html").read_text()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"explain": 3}, "this version cannot explain: it was trained from nothing"),
        ({"protocol": "generate"}, "this version cannot answer in words"),
    ],
)
def test_a_model_from_scratch_is_not_asked_for_words(
    mlflow_server: str, tmp_path: Path, more: dict[str, object], said: str
) -> None:
    request = make_request(tmp_path, mlflow_server, SAYS_B, method="scratch")
    with pytest.raises(CannotWrite, match=said):
        evaluate(EvaluateRequest(**{**vars(request), **more}), now_seconds=lambda: 0.0)
    assert not request.out.exists()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("more", "deed"), [({"explain": 3}, "explain"), ({"protocol": "generate"}, "answer in words")]
)
def test_without_a_chat_template_no_work_is_begun(
    mlflow_server: str, tmp_path: Path, more: dict[str, object], deed: str
) -> None:
    request = make_request(tmp_path, mlflow_server, SAYS_B, chats=False)
    plain = request.suite.model_copy(update={"template": "mmlu-1"})
    before = count_runs(mlflow_server)
    with pytest.raises(CannotWrite, match=f"cannot {deed}: .* has no chat template") as caught:
        evaluate(
            EvaluateRequest(**{**vars(request), "suite": plain, **more}), now_seconds=lambda: 0.0
        )
    assert "codemmlu-plain-1" in caught.value.mend
    assert count_runs(mlflow_server) == before
    assert not request.out.exists()
    assert not request.scores.exists(), "nothing was scored"


@pytest.mark.integration
def test_a_base_model_is_asked_in_plain_text(mlflow_server: str, tmp_path: Path) -> None:
    request = make_request(tmp_path, mlflow_server, {" ": "B", "B": END}, chats=False)
    suite = request.suite.model_copy(
        update={"protocol": "generate", "template": "codemmlu-plain-1"}
    )
    result = evaluate(replace(request, suite=suite), now_seconds=lambda: 0.0)
    assert (result.template, result.unscored) == ("codemmlu-plain-1", 0)


class Killed(Exception):
    """As SIGTERM ends an evaluation: out of its progress."""


@pytest.mark.integration
@pytest.mark.parametrize("more", [{"protocol": "generate"}, {"explain": 12}])
def test_a_killed_evaluation_goes_on_with_the_replies_that_it_has(
    mlflow_server: str, tmp_path: Path, more: dict[str, object]
) -> None:
    """A batch is a prompt here; killed after the fifth reply, seven are left to write."""
    made = make_request(tmp_path, mlflow_server, SAYS_B)
    params = made.params.evaluate.model_copy(update={"batch_tokens": 1})
    made = replace(made, params=made.params.model_copy(update={"evaluate": params}))
    request = EvaluateRequest(**{**vars(made), **more})
    # Twelve with their question, and the same by their choices alone.
    scored = 24 if "explain" in more else 0

    def dies(done: int, total: int) -> None:
        assert total == scored + 12
        if done == scored + 5:
            raise Killed

    with pytest.raises(Killed):
        evaluate(request, now_seconds=lambda: 0.0, on_scored=dies)
    assert count_kept_replies(request.scores) == 5
    heard: list[int] = []
    evaluate(request, now_seconds=lambda: 0.0, on_scored=lambda done, _of: heard.append(done))
    assert count_kept_replies(request.scores) == 12, "five were not written again"
    assert heard[-8:] == list(range(scored + 5, scored + 13))
    evaluate(request, now_seconds=lambda: 0.0)
    assert count_kept_replies(request.scores) == 12, "an unchanged run writes nothing"
    evaluate(replace(request, fresh=True), now_seconds=lambda: 0.0)
    assert count_kept_replies(request.scores) == 24


def count_kept_replies(scores: Path) -> int:
    lines = [line for path in scores.iterdir() for line in path.read_text().splitlines()]
    # Beside replies lie scores, and what the suite gives away.
    return sum("prompt" in json.loads(line).get("entry", {}) for line in lines)


@pytest.mark.integration
def test_explanations_are_written_without_the_scorer_s_weights(
    mlflow_server: str, tmp_path: Path
) -> None:
    request = replace(make_request(tmp_path, mlflow_server, SAYS_B), explain=5)
    before = count_models()
    beside: list[tuple[int, int]] = []

    def look(done: int, _total: int) -> None:
        beside.append((done, count_models() - before))

    evaluate(request, now_seconds=lambda: 0.0, on_scored=look)
    # Twelve with their question, and the same by their choices alone.
    assert (24, 1) in beside, "while it scores there is one"
    # The scores are done, no explanation is begun; and when the last is written.
    assert {(24, 0), (29, 0)} <= set(beside)
    assert (29, 1) not in beside


def count_models() -> int:
    gc.collect()
    return sum(type(one) is LanguageModel for one in gc.get_objects())


@pytest.mark.integration
def test_words_are_not_compared_with_words(mlflow_server: str, tmp_path: Path) -> None:
    request = make_request(tmp_path, mlflow_server, SAYS_B)
    with pytest.raises(BadInput, match="Leave out --explain"):
        evaluate(replace(request, protocol="generate", explain=2), now_seconds=lambda: 0.0)


def test_the_same_replies_are_the_same_bytes(tmp_path: Path) -> None:
    suite, writer = generating(make_questions(6)), make_writer(tmp_path, SAYS_B)
    first, second = (
        replies_text(generate_suite(writer, suite, Limits(12, tokens))[1])
        for tokens in (200, 8_000)
    )
    assert first == second
