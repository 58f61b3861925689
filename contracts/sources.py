"""Where questions come from: a file, or a Hugging Face dataset at one commit.

A source says where (``path``, or ``dataset`` with ``revision``) and how its rows are to be
read (``format`` and what follows). It is the same shape for ``proctor questions``, which
reads it from the command line, and for a suite, which declares it. Knows no file system.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import parse_qsl, urlencode

from pydantic import Field, StringConstraints, ValidationError, model_validator

from contracts.errors import BadInput
from contracts.shape import Shape

FormatName = Literal["proctor", "mmlu", "columns", "codemmlu", "mmlu-redux"]

ColumnName = Literal[
    "id",
    "question",
    "code",
    "choices",
    "choice_a",
    "choice_b",
    "choice_c",
    "choice_d",
    "choice_e",
    "choice_f",
    "choice_g",
    "choice_h",
    "choice_i",
    "choice_j",
    "answer",
    "family",
    "difficulty",
]
"""What format ``columns`` reads."""

AnswerForm = Literal["letter", "index", "text"]
"""How a row names its right choice; indices count from 0."""

ErrorLabels = Literal["leave-out", "correct", "keep"]
"""What becomes of questions that annotators labelled as faulty (MMLU-Redux)."""

DEFAULT_SPLIT: Final = "test"

REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
"""OWNER/NAME of a dataset on the Hugging Face hub."""

_ADDRESS: Final = re.compile(
    r"hf://(?:datasets/)?(?P<dataset>[^/@?]+/[^/@?]+)(?:@(?P<revision>[^?]*))?(?:\?(?P<query>.*))?"
)


class QuestionSource(Shape):
    """One place of questions: ``path`` (a file, or a folder in the layout of a dataset
    repository), or ``dataset`` on the hub at ``revision``.

    Raises pydantic ``ValidationError`` unless it is exactly one of both.
    """

    path: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None, description="a file, or a folder laid out as a dataset repository"
    )
    dataset: Annotated[str, StringConstraints(pattern=f"^{REPOSITORY.pattern}$")] | None = Field(
        default=None, description="OWNER/NAME on the Hugging Face hub"
    )
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None, description="commit of the dataset, 40 hex digits: a branch would move"
    )
    config: str | None = Field(default=None, description="configuration of the dataset")
    split: str | None = Field(default=None, description="split of the dataset, by default test")
    format: FormatName | None = Field(default=None, description="of the rows; else by content")
    columns: dict[ColumnName, str] = Field(
        default_factory=dict, description="format columns: their name for each of ours"
    )
    ignore_columns: bool = Field(default=False, description="unknown columns are left out")
    answers: AnswerForm | None = Field(
        default=None, description="format columns: how answers name a choice; else by content"
    )
    error_labels: ErrorLabels = Field(
        default="leave-out",
        description="format mmlu-redux: questions labelled as faulty are left out, corrected"
        " where the label says how (else left out), or kept as they were",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.dataset is None):
            raise ValueError("a source has a path or a dataset, one of both")
        if self.dataset is not None and self.revision is None:
            raise ValueError("a dataset needs its revision: a commit of 40 hex digits")
        if self.path is not None and self.revision is not None:
            raise ValueError("a path has no revision")
        if (self.columns or self.answers) and self.format not in {None, "columns"}:
            raise ValueError(f"columns and answers are not of format {self.format}")
        if len(set(self.columns.values())) < len(self.columns):
            raise ValueError("two columns are mapped to the same name")
        return self

    @property
    def said_format(self) -> FormatName | None:
        """The format, where it is said or follows from the other settings."""
        return self.format or ("columns" if self.columns or self.answers else None)

    @property
    def address(self) -> str:
        """How messages name it: the path, or ``hf://OWNER/NAME@REVISION``, with what chooses
        among its configurations and splits."""
        place = self.path if self.path is not None else f"hf://{self.dataset}@{self.revision}"
        chosen = {"config": self.config, "split": self.split}
        query = urlencode({key: value for key, value in chosen.items() if value is not None})
        return f"{place}?{query}" if query else str(place)


def parse_source(text: str, **settings: Any) -> QuestionSource:
    """The source that ``text`` names: a path, or an address as in
    ``hf://OWNER/NAME@REVISION?config=NAME&split=NAME``.

    ``settings`` are the other fields of ``QuestionSource``; what the address says wins over
    one of ``None``, and contradicting it is refused. Raises ``BadInput``.
    """
    fields: dict[str, Any] = {key: value for key, value in settings.items() if value is not None}
    said: dict[str, str] = {"path": text}
    if text.startswith("hf:"):
        found = _ADDRESS.fullmatch(text)
        if found is None:
            raise BadInput(
                f"{text} is no address of a dataset.",
                mend="Write hf://OWNER/NAME@REVISION?config=NAME&split=NAME.",
            )
        pairs = parse_qsl(found["query"] or "", keep_blank_values=True)
        said = dict(pairs)
        unknown = sorted(said.keys() - {"config", "split"})
        if unknown or len(said) < len(pairs):
            raise BadInput(
                f"{text}: {unknown[0] if unknown else 'the same key twice'} after the question"
                " mark is not understood.",
                mend="An address takes config and split, once each.",
            )
        said["dataset"] = found["dataset"]
        if found["revision"] is not None:
            said["revision"] = found["revision"]
    for key, value in said.items():
        if fields.setdefault(key, value) != value:
            raise BadInput(f"{text} says {key} {value}, but {fields[key]} was given, too.")
    try:
        return QuestionSource.model_validate(fields)
    except ValidationError as error:
        raise BadInput(
            f"{text}: {_reason(error)}.",
            mend="A dataset is hf://OWNER/NAME@REVISION, its revision a commit of 40 hex digits:"
            " a branch would move."
            if text.startswith("hf:")
            else "`proctor questions validate --help` tells what a source may have.",
        ) from error


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    words = str(first["msg"]).removeprefix("Value error, ")
    return f"{where}: {words}" if where else words
