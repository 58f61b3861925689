"""The pages of a version in MLflow: its model card, and what its name stands for.

A model card says what a version is, how well it answers, what the gate said of it and where
it comes from (Mitchell et al., "Model Cards for Model Reporting", arXiv:1810.03993). Pure:
from evidence to Markdown. MLflow keeps 5,000 characters of a description; the rows of the
families give way when a card would be longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.markdown import table
from contracts.models import CHALLENGER, CHAMPION
from contracts.suites import without_answer
from contracts.verdicts import EvaluationResult, GroupAccuracy, Interval, TrainingResult
from registry.state import VersionRecord
from registry.versions import RunFacts

# Of mlflow.store.model_registry.dbmodels.models: String(5000).
DESCRIPTION_CHARACTERS: Final = 5_000
# How a card of ours begins. MLflow's list of versions shows the first line, as it is typed.
MARK: Final = "Model card: "
DATA_CARD: Final = "data-card.md"
WEAKEST: Final = 3
_SCORING: Final = {
    "text": "the likelihood of each choice's text",
    "letter": "the probability of each choice's letter",
}


def model_page(model: str) -> str:
    """What the registered model ``model`` is, for its page."""
    return (
        f"**{model}** answers multiple-choice questions about code with a letter and a"
        " probability for every choice.\n\n"
        "A version is a checkpoint that passed the gate; each has a model card on its page."
        f" `{CHAMPION}` answers the world, `{CHALLENGER}` is on trial. Aliases follow the"
        " ledger: move them with `proctor registry promote`, never here"
        " (`proctor registry verify` finds it), and ask"
        f" `proctor registry history {model}` who moved what, when and why."
    )


def model_card(
    record: VersionRecord,
    training: TrainingResult,
    evaluation: EvaluationResult,
    runs: Mapping[str, RunFacts],
) -> str:
    """The card of a version, at most ``DESCRIPTION_CHARACTERS`` long. ``runs``: the facts of
    the training's and the evaluation's run, by id."""
    families = sorted(
        evaluation.by_family.items(), key=lambda item: item[1].accuracy.estimate, reverse=True
    )
    text = ""
    for shown in range(len(families), -1, -1):
        text = _card(record, training, evaluation, runs, families[:shown], len(families) - shown)
        if len(text) <= DESCRIPTION_CHARACTERS:
            return text
    end = "\n\n… (cut: MLflow keeps no more)\n"
    return text[: DESCRIPTION_CHARACTERS - len(end)] + end


def _card(
    record: VersionRecord,
    training: TrainingResult,
    evaluation: EvaluationResult,
    runs: Mapping[str, RunFacts],
    families: Sequence[tuple[str, GroupAccuracy]],
    hidden: int,
) -> str:
    trained = runs[training.run_id]
    accuracy = _interval(evaluation.accuracy)
    sections = [
        f"{MARK}{training.profile}, {_kept(training)}, {accuracy}, {record.verdict.decision}",
        f"## {record.model}/{record.version}",
        _what(training, trained.params),
        "## Accuracy",
        _accuracy(evaluation, families, hidden),
        "## Gate",
        _gate(record),
        "## Training data",
        _data(training, trained),
        "## Limits and licence",
        _limits(evaluation, base_of(training)),
        "## How to load it",
        _loading(record),
        "## Lineage",
        _lineage(record, runs),
    ]
    return "\n\n".join(sections) + "\n"


def _what(training: TrainingResult, params: Mapping[str, str]) -> str:
    most = _number(params.get("finetune.steps"))
    kept = f"weights of step {training.steps:,} of at most {most}"
    how = {
        "scratch": f"trained from scratch, {training.steps} steps",
        "none": "the base as it is",
        "full": f"all weights fine-tuned, {kept}",
        "lora": f"fine-tuned by adapters that were merged, {kept}",
    }[training.method]
    rows = [
        ("profile", f"`{training.profile}`"),
        ("base", base_of(training) or "none: weights drawn from the seed"),
        ("method", f"{how}, seed {training.seed}"),
        ("parameters", _number(params.get("parameters"))),
        ("scoring", f"`{training.scoring}`: {_SCORING[training.scoring]}"),
    ]
    return table(("what", "value"), rows)


def _kept(training: TrainingResult) -> str:
    """``steps`` is what stands behind the weights that were kept: of a fine-tuning, which
    stops early, the step of the lowest validation loss."""
    match training.method:
        case "scratch":
            return f"{training.steps} steps"
        case "none":
            return "as it is"
        case _:
            return f"step {training.steps}"


def base_of(training: TrainingResult) -> str | None:
    """The model that a training began from, for people; ``None`` from scratch."""
    if training.base is None:
        return None
    match training.base.origin:
        case {"source": "hub", "repository": repository, "revision": revision}:
            return f"{repository} at {revision}"
        case {"source": "package", "package": package, "version": version}:
            return f"{package} {version} (PyPI)"
        case {"source": "folder", "path": path}:
            return f"local folder `{path}`"
        case _:
            return f"`{training.base.digest}`"


def _accuracy(
    evaluation: EvaluationResult, families: Sequence[tuple[str, GroupAccuracy]], hidden: int
) -> str:
    scored = evaluation.questions - evaluation.unscored
    whole = (
        f"**{_interval(evaluation.accuracy)}** on {scored} held-out questions of the suite"
        f" `{evaluation.suite}`; {evaluation.unscored} {without_answer(evaluation.protocol)}."
        f" Intervals are Wilson's at {evaluation.accuracy.level:.0%}."
    )
    rows = [(name, group.questions, _interval(group.accuracy)) for name, group in families]
    if fitted := evaluation.temperature:
        whole += (
            f" Temperature fitted on {fitted.told_questions()}: {fitted.told()}"
            f" ({fitted.nats_before:.3f} nats a question become {fitted.nats_after:.3f});"
            " confidences are told without it."
        )
    more = f"\n\n{hidden} more families stand in the evaluation's run." if hidden else ""
    return (
        whole + ("\n\n" + table(("family", "questions", "accuracy"), rows) if rows else "") + more
    )


def _gate(record: VersionRecord) -> str:
    verdict = record.verdict
    against = f"version {verdict.champion}" if verdict.champion else "nobody (first version)"
    return f"**{verdict.decision}** (`{verdict.rule}`), judged against {against}: {verdict.reason}"


def _data(training: TrainingResult, run: RunFacts) -> str:
    counts = ", ".join(
        f"{_number(run.params[key])} for {what}"
        for key, what in (
            ("questions.train", "training"),
            ("questions.validation", "validation"),
            # A fine-tuning counts what it takes of them.
            ("examples.train", "fine-tuning"),
            ("examples.validation", "validation"),
        )
        if key in run.params
    )
    card = f"[data card](#/experiments/{run.experiment_id}/runs/{run.run_id}/artifacts/{DATA_CARD})"
    return f"Questions: {counts or 'not counted'}. Digest `{training.data_digest}`; see the {card}."


def _limits(evaluation: EvaluationResult, base: str | None) -> str:
    ordered = sorted(evaluation.by_family.items(), key=lambda item: item[1].accuracy.estimate)
    weakest = ", ".join(
        f"{name} ({group.accuracy.estimate:.0%})" for name, group in ordered[:WEAKEST]
    )
    return (
        "For questions with 2 to 10 choices like those of the suite; nothing is known of others."
        " A confidence is no more than how sure the model is."
        + (f" Weakest families: {weakest}." if weakest else "")
        + (
            f" Weights: under the licence of their base, {base}."
            if base
            else " Weights: made here, under the project's licence (Apache-2.0)."
        )
    )


def _loading(record: VersionRecord) -> str:
    name = f"{record.model}/{record.version}"
    return (
        "```python\n"
        f'model = mlflow.pyfunc.load_model("models:/{name}")\n'
        'model.predict(pd.DataFrame([{"question": "What does this code print?",\n'
        '    "code": "print(\'ab\' * 2)", "choices": ["abab", "aabb"]}]))\n'
        "```\n\n"
        f"To serve: `proctor bento build {name} --out v{record.version}.bento`."
    )


def _lineage(record: VersionRecord, runs: Mapping[str, RunFacts]) -> str:
    registered, verdict = record.registered, record.verdict
    rows = [
        ("version", f"{record.model}/{record.version}"),
        ("checkpoint", f"`{registered.digest}`"),
        ("training", _link(runs[registered.run_id])),
        ("evaluation", _link(runs[verdict.evaluation_run_id])),
        ("suite", f"`{verdict.suite_digest}`"),
        ("verdict", f"`{verdict.verdict_digest}`"),
        ("data", f"`{registered.data_digest}`"),
        ("commit", f"`{registered.commit}`"),
    ]
    return table(("step", "value"), rows)


def _link(run: RunFacts) -> str:
    name = run.name.replace("|", "\\|").replace("[", "(").replace("]", ")")
    return f"[{name}](#/experiments/{run.experiment_id}/runs/{run.run_id})"


def _interval(found: Interval) -> str:
    return f"{found.estimate:.1%} ({found.lower:.1%} to {found.upper:.1%})"


def _number(text: str | None) -> str:
    """Digits in groups of three; ``unknown`` when nothing was recorded."""
    return f"{int(text):,}" if text is not None and text.isdigit() else text or "unknown"
