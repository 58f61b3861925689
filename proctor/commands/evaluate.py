"""``proctor evaluate``: a checkpoint on the held-out questions, as an MLflow run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from proctor.output import note, print_json
from proctor.params import DEFAULT_PATH, load_params
from proctor.progress import Progress
from proctor.settings import read_settings
from proctor.suites import DEFAULT_PATH as SUITES_PATH
from proctor.suites import examined_suite, how_asked

VALIDATION: Final = Path("data/questions/validation.jsonl")


def evaluate(
    model: Annotated[Path, typer.Option("--model", help="The checkpoint folder.")] = Path(
        "out/checkpoint"
    ),
    training: Annotated[
        Path, typer.Option("--training", help="The result of the training that made it.")
    ] = Path("out/training.json"),
    questions: Annotated[
        list[Path] | None,
        typer.Option("--questions", help="Files in place of the suite's own; repeatable."),
    ] = None,
    suites: Annotated[
        Path, typer.Option("--suites", help="The file that declares suites.")
    ] = SUITES_PATH,
    validation: Annotated[
        Path | None,
        typer.Option(
            "--validation",
            help="Questions to fit the temperature on; by default the bank's, where it is there.",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Score again what was scored before.")
    ] = False,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("out"),
    path: Annotated[Path, typer.Option("--params", help="The parameters.")] = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Score a checkpoint on the suite that params.yaml names; results go to a folder and to
    MLflow. What was scored before is not scored again, so a killed evaluation goes on where it
    was. A suite whose questions are not those of its pin is refused."""
    from evaluation.evaluate import EvaluateRequest, evaluate
    from evaluation.scores import SCORES_FOLDER
    from proctor.commit import current_commit
    from proctor.interruption import sigterm_interrupts
    from proctor.run_group import read_run_group

    params = load_params(path)
    settings = read_settings()
    if validation is None and VALIDATION.is_file():
        validation = VALIDATION
    request = EvaluateRequest(
        checkpoint=model,
        training=training,
        suite=examined_suite(params.evaluate.suite, suites, questions),
        out=out,
        params=params,
        tracking_uri=settings.tracking_uri,
        commit=current_commit(),
        scores=settings.home / SCORES_FOLDER,
        validation=validation,
        fresh=fresh,
        say=note,
        group=read_run_group(),
    )
    total = params.evaluate.max_questions
    with (
        sigterm_interrupts() as interruption,
        Progress("evaluating", total, "questions") as progress,
    ):

        def on_scored(done: int, of: int) -> None:
            interruption.checked(lambda now: progress.to(now, of))(done)

        result = evaluate(request, now_seconds=time.time, on_scored=on_scored)
    accuracy = result.accuracy
    note(
        f"accuracy {accuracy.estimate:.1%} ({accuracy.lower:.1%} to {accuracy.upper:.1%}) on"
        f" {result.questions - result.unscored} questions, {result.unscored} not scored;"
        f" {how_asked(result.protocol, result.template, result.shots)}; MLflow run {result.run_id}"
    )
    if result.temperature is not None:
        fitted = result.temperature
        note(
            f"temperature {fitted.value:.2f}, fitted on {fitted.questions} validation questions:"
            f" {fitted.nats_before:.3f} nats a question become {fitted.nats_after:.3f}"
        )
    if as_json:
        print_json(result)
