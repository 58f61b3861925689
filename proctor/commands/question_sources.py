"""The flags that say where questions are and how their rows are to be read."""

from __future__ import annotations

from typing import Annotated

import typer

from contracts.errors import BadInput
from contracts.sources import AnswerForm, ErrorLabels, FormatName, QuestionSource, parse_source

SOURCE_HELP = (
    "A .jsonl, .json, .csv or .parquet file, a folder laid out as a dataset repository, or"
    " hf://OWNER/NAME@REVISION?config=NAME&split=NAME."
)

Format = Annotated[
    FormatName | None, typer.Option("--format", help="Format of the rows; else by content.")
]
Revision = Annotated[
    str | None, typer.Option("--revision", help="Commit of the dataset, 40 hex digits.")
]
Config = Annotated[str | None, typer.Option("--config", help="Configuration of the dataset.")]
Split = Annotated[str | None, typer.Option("--split", help="Split of the dataset; else test.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="OURS=THEIRS: what our column is called there; repeatable."),
]
IgnoreColumns = Annotated[
    bool, typer.Option("--ignore-columns", help="Leave unknown columns out; else refused.")
]
Answers = Annotated[
    AnswerForm | None,
    typer.Option("--answers", help="How answers name a choice; else by content."),
]
Labels = Annotated[
    ErrorLabels,
    typer.Option(
        "--error-labels",
        help="Questions that MMLU-Redux labels as faulty: left out, corrected where the label"
        " says how, or kept.",
    ),
]


def source_of(
    text: str,
    *,
    format_name: FormatName | None,
    revision: str | None,
    config: str | None,
    split: str | None,
    columns: list[str] | None,
    ignore_columns: bool,
    answers: AnswerForm | None,
    error_labels: ErrorLabels,
) -> QuestionSource:
    """The source as the flags describe it. Raises ``BadInput``."""
    mapping = {}
    for pair in columns or ():
        ours, equals, theirs = pair.partition("=")
        if not (equals and ours and theirs) or ours in mapping:
            raise BadInput(
                f"--column {pair} is not understood.",
                mend="Write OURS=THEIRS, each of ours once, as in --column question=prompt.",
            )
        mapping[ours] = theirs
    return parse_source(
        text,
        format=format_name,
        revision=revision,
        config=config,
        split=split,
        columns=mapping,
        ignore_columns=ignore_columns,
        answers=answers,
        error_labels=error_labels,
    )
