"""``proctor evaluate``: a checkpoint on the held-out questions, as an MLflow run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from contracts.errors import BadInput
from contracts.params import Device, Orders, Precision
from contracts.suites import Protocol, without_answer
from contracts.verdicts import EvaluationResult
from proctor.output import note, print_json
from proctor.params import DEFAULT_PATH, EvaluateOptions, load_params, with_options
from proctor.progress import Progress
from proctor.settings import read_settings
from proctor.suites import DEFAULT_PATH as SUITES_PATH
from proctor.suites import chosen_suite, how_asked

if TYPE_CHECKING:
    from evaluation.batches import ClusterSettings
    from evaluation.evaluate import EvaluateRequest

VALIDATION: Final = Path("data/questions/validation.jsonl")
LEARNED: Final = Path("data/questions/train.jsonl")

# ------------------------------------------------------------------ what is examined
Checkpoint = Annotated[Path, typer.Option("--model", help="The checkpoint folder.")]
Training = Annotated[
    Path, typer.Option("--training", help="The result of the training that made it.")
]

# ------------------------------------------------------------------ on what, and how
SuiteName = Annotated[
    str | None,
    typer.Option("--suite", help="NAME or NAME@VERSION; without a version the highest."),
]
MaxQuestions = Annotated[
    int | None, typer.Option("--max-questions", min=1, help="So many of the suite, the first.")
]
AskedOrders = Annotated[
    Orders | None,
    typer.Option("--orders", help="By letter: in every rotation of the choices, or once."),
]
AskedPrecision = Annotated[
    Precision | None,
    typer.Option("--precision", help="Of the forward pass; fp32 where bf16 has no units."),
]
AskedDevice = Annotated[
    Device | None,
    typer.Option("--device", help="Where the model runs; auto takes a GPU where there is one."),
]
AskedProtocol = Annotated[
    Protocol | None,
    typer.Option(
        "--protocol",
        help="In place of the suite's own: scored, or generate (written, letter parsed).",
    ),
]
Explain = Annotated[
    int,
    typer.Option(
        "--explain",
        min=0,
        help="So many questions are explained in words: does that come to the same letter?",
    ),
]

# ------------------------------------------------------------------------- which files
Questions = Annotated[
    list[Path] | None,
    typer.Option("--questions", help="Files in place of the suite's own; repeatable."),
]
SuitesFile = Annotated[Path, typer.Option("--suites", help="The file that declares suites.")]
Validation = Annotated[
    Path | None,
    typer.Option(
        "--validation",
        help="Questions to fit the temperature on; by default the bank's, where it is there.",
    ),
]
TrainedOn = Annotated[
    Path | None,
    typer.Option(
        "--trained-on",
        help="Questions to check contamination with; by default the bank's, where it is there.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Score again what was scored before.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.")]
ParamsFile = Annotated[Path, typer.Option("--params", help="The parameters.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

# ------------------------------------------------------------------ on which machines
EngineName = Annotated[
    Literal["local", "ray"],
    typer.Option("--engine", help="Where to score: in this process or over a Ray cluster."),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        help="The cluster: HOST:PORT, or auto; without it one is started for this run.",
    ),
]
RayWorkers = Annotated[
    int | None,
    typer.Option("--ray-workers", min=1, help="Scorers, one CPU each; by default all CPUs."),
]


def evaluate(
    *,
    model: Checkpoint = Path("out/checkpoint"),
    training: Training = Path("out/training.json"),
    suite: SuiteName = None,
    max_questions: MaxQuestions = None,
    orders: AskedOrders = None,
    precision: AskedPrecision = None,
    device: AskedDevice = None,
    protocol: AskedProtocol = None,
    explain: Explain = 0,
    questions: Questions = None,
    suites: SuitesFile = SUITES_PATH,
    validation: Validation = None,
    trained_on: TrainedOn = None,
    fresh: Fresh = False,
    engine: EngineName = "local",
    ray_address: RayAddress = None,
    ray_workers: RayWorkers = None,
    out: Out = Path("out"),
    path: ParamsFile = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Score a checkpoint on a suite; results go to a folder and to MLflow. What was scored
    before is not scored again, so a killed evaluation goes on where it was. Other questions
    than a suite's pin are refused. What of --suite, --max-questions, --orders, --precision and
    --device is not given is as params.yaml says."""
    from evaluation.evaluate import EvaluateRequest

    cluster = _cluster(engine, ray_address, ray_workers)
    options = EvaluateOptions(suite, max_questions, orders, precision, device)
    params = with_options(load_params(path), options)
    request = EvaluateRequest(
        checkpoint=model,
        training=training,
        suite=chosen_suite(params.evaluate.suite, suites, questions),
        out=out,
        params=params,
        validation=validation or _where_there(VALIDATION),
        learned=trained_on or _where_there(LEARNED),
        fresh=fresh,
        protocol=protocol,
        explain=explain,
        cluster=cluster,
        **_here(),
    )
    result = _evaluated(request)
    _tell(result)
    if as_json:
        print_json(result)


def _where_there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _here() -> dict[str, Any]:
    """What of a request is this place's and not the command line's."""
    from evaluation.scores import SCORES_FOLDER
    from proctor.commit import current_commit
    from proctor.run_group import read_run_group

    settings = read_settings()
    return {
        "tracking_uri": settings.tracking_uri,
        "scores": settings.home / SCORES_FOLDER,
        "commit": current_commit(),
        "group": read_run_group(),
        "say": note,
    }


def _cluster(
    engine: Literal["local", "ray"], address: str | None, workers: int | None
) -> ClusterSettings | None:
    """``None`` where this process scores."""
    from evaluation.batches import LOCAL_CLUSTER, ClusterSettings

    if engine == "ray":
        return ClusterSettings(address or LOCAL_CLUSTER, workers)
    if address is not None or workers is not None:
        raise BadInput(
            "--ray-address and --ray-workers are of another engine.", mend="Add --engine ray."
        )
    return None


def _evaluated(request: EvaluateRequest) -> EvaluationResult:
    """Under a bar; SIGTERM ends it as Ctrl-C does. Raises ``BadInput`` for a GPU and a cluster,
    whose workers have none, and what ``evaluation.evaluate.evaluate`` raises."""
    from evaluation.evaluate import evaluate
    from proctor.interruption import sigterm_interrupts

    device = request.params.evaluate.device
    if request.cluster is not None and device != "cpu":
        raise BadInput(
            f"the workers of a cluster score on CPUs, and the device is {device}.",
            mend="Add --device cpu, or leave out --engine ray.",
        )
    total = request.params.evaluate.max_questions
    with (
        sigterm_interrupts() as interruption,
        Progress("evaluating", total, "questions") as progress,
    ):

        def on_scored(done: int, of: int) -> None:
            interruption.checked(lambda now: progress.to(now, of))(done)

        return evaluate(request, now_seconds=time.time, on_scored=on_scored)


def _tell(result: EvaluationResult) -> None:
    accuracy = result.accuracy
    asked = how_asked(result.protocol, result.template, result.shots, result.shots_by)
    note(
        f"accuracy {accuracy.estimate:.1%} ({accuracy.lower:.1%} to {accuracy.upper:.1%}) on"
        f" {result.questions - result.unscored} questions, {result.unscored}"
        f" {without_answer(result.protocol)}; {asked}; MLflow run {result.run_id}"
    )
    if result.temperature is not None:
        fitted = result.temperature
        note(
            f"temperature {fitted.told()}, fitted on {fitted.told_questions()}:"
            f" {fitted.nats_before:.3f} nats a question become {fitted.nats_after:.3f}"
        )
    _tell_written(result)


def _tell_written(result: EvaluationResult) -> None:
    """What the model wrote in words, if it did."""
    if (facts := result.generation) is not None:
        note(
            f"{facts.unparsed} replies state no letter (in replies.jsonl), {facts.cut} met the"
            f" limit of {facts.max_new_tokens} tokens"
        )
        if (published := facts.as_published) is not None:
            note(
                f"by CodeMMLU's own rules, an unread reply wrong: {published.estimate:.1%}"
                f" ({published.lower:.1%} to {published.upper:.1%})"
            )
    if (told := result.explanation) is not None:
        rate = told.rate
        share = (
            "none states a letter"
            if rate is None
            else (
                f"{rate.estimate:.1%} ({rate.lower:.1%} to {rate.upper:.1%}) of {told.compared}"
                " come to the scored letter"
            )
        )
        note(
            f"explanations: {share}; {told.unparsed} state no letter, {told.unscored} not compared"
        )
