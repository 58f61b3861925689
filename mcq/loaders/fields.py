"""What formats share: lists of choices written as text, answers in three forms, ids, subjects."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final, get_args

from contracts.questions import FEWEST_CHOICES, LETTERS, MOST_CHOICES, letters_for
from contracts.sources import AnswerForm, QuestionSource
from mcq.loaders.rows import BadRecord


def choices_of(value: Any) -> list[str]:
    """The choices: a list of texts, or such a list written as JSON or as Python source, which
    is how lists stand in a CSV cell. Raises ``BadRecord``; 2 to 10 are wanted."""
    found = _parsed_list(value) if isinstance(value, str) else value
    if not isinstance(found, list | tuple):
        raise BadRecord("choices: a list of texts is wanted")
    for place, choice in enumerate(found):
        if not isinstance(choice, str):
            raise BadRecord(f"choices.{place}: a text is wanted, not {type(choice).__name__}")
    check_count(found)
    return list(found)


def check_count(choices: Sequence[str], hint: str = "") -> None:
    """Raises ``BadRecord`` unless there are 2 to 10."""
    if not FEWEST_CHOICES <= len(choices) <= MOST_CHOICES:
        raise BadRecord(
            f"{len(choices)} choices, where {FEWEST_CHOICES} to {MOST_CHOICES} are wanted{hint}"
        )


def _parsed_list(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        with warnings.catch_warnings():
            # Python warns of escapes that it does not know and leaves them as they are.
            warnings.simplefilter("ignore")
            return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise BadRecord("choices: neither a JSON list nor a Python list") from error


def text_of(fields: Mapping[str, Any], name: str) -> str | None:
    """A text field, ``None`` where it is missing, null or blank. Raises ``BadRecord``."""
    value = fields.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str):
        raise BadRecord(f"{name}: a text is wanted, not {type(value).__name__}")
    return value


def refuse_unknown(names: Iterable[str], known: Iterable[str], *, ignore: bool) -> None:
    """Raises ``BadRecord`` naming the first unknown column, unless they are ignored."""
    unknown = sorted(set(names) - set(known))
    if unknown and not ignore:
        raise BadRecord(
            f"column {unknown[0]!r} is unknown (--column maps one, --ignore-columns leaves"
            " unknown ones out)"
        )


# ------------------------------------------------------------------ answers


def _as_letter(value: Any, choices: Sequence[str]) -> int | None:
    letters = letters_for(len(choices))
    found = isinstance(value, str) and len(value.strip()) == 1 and value.strip() in letters
    return letters.index(value.strip()) if found else None


def _as_index(value: Any, choices: Sequence[str]) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,2}", value.strip()):
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < len(choices) else None


def _as_text(value: Any, choices: Sequence[str]) -> int | None:
    if not isinstance(value, str):
        return None
    found = [at for at, choice in enumerate(choices) if choice.strip() == value.strip()]
    return found[0] if len(found) == 1 else None


_READ: Final[dict[AnswerForm, Callable[[Any, Sequence[str]], int | None]]] = {
    "letter": _as_letter,
    "index": _as_index,
    "text": _as_text,
}


def readings(value: Any, choices: Sequence[str], forms: Iterable[AnswerForm]) -> dict[str, int]:
    """Index of the choice that ``value`` names, by each form that it can be read in."""
    found = {form: _READ[form](value, choices) for form in forms}
    return {form: place for form, place in found.items() if place is not None}


class Answers:
    """Reads the answers of one source: letters, indices from 0, or texts, all the same.

    Which form it is need not be said. A row that reads as two different choices is refused,
    and so is one whose form is none that all rows before it can have: a wrong guess would
    give wrong answers without a word.
    """

    def __init__(self, form: AnswerForm | None) -> None:
        self._possible: tuple[AnswerForm, ...] = get_args(AnswerForm) if form is None else (form,)

    def letter(self, value: Any, choices: Sequence[str]) -> str:
        """The letter of the right choice. Raises ``BadRecord``."""
        if value is None or (isinstance(value, str) and not value.strip()):
            raise BadRecord("the answer is blank")
        found = readings(value, choices, self._possible)
        if not found:
            kinds = {
                "letter": f"no letter of {letters_for(len(choices))}",
                "index": f"no index from 0 to {len(choices) - 1}",
                "text": "no text of one choice",
            }
            told = ", ".join(kinds[form] for form in self._possible)
            before = "" if len(self._possible) == len(kinds) else ", which answers here are"
            raise BadRecord(f"the answer {value!r:.80} is {told}{before}")
        if len(set(found.values())) > 1:
            told = ", ".join(f"{LETTERS[place]} as {form}" for form, place in found.items())
            raise BadRecord(f"the answer {value!r:.80} is {told}: say which with --answers")
        self._possible = tuple(form for form in self._possible if form in found)
        return LETTERS[next(iter(found.values()))]


# ------------------------------------------------------------------ ids and subjects


def content_id(family: str | None, stem: str, choices: Sequence[str], *more: str) -> str:
    """16 hex digits of what the question says, for formats that have no ids of their own:
    the same question has the same id in whatever file and format it comes."""
    content = json.dumps([family, stem, list(choices), *more])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


LINE_SUFFIXES: Final = (".jsonl", ".ndjson")
SUFFIXES: Final = (*LINE_SUFFIXES, ".json", ".csv", ".parquet")
"""How the name of a file that holds questions ends; anything else is a folder."""

_SPLIT_NAME: Final = re.compile(r"(?:test|dev|val|validation|train|data)(?:-\d+-of-\d+)?")
_SPLIT_END: Final = re.compile(r"_(?:test|dev|val)$")


def subject_of(source: QuestionSource) -> str | None:
    """The subject that a benchmark of one file or configuration a subject tells by its name:
    the configuration, or ``computer_security`` of ``computer_security_test.csv``, or of
    ``computer_security/test-00000-of-00001.parquet``."""
    if source.config is not None:
        return None if source.config == "default" else source.config
    if source.path is None:
        return None
    path = PurePosixPath(source.path)
    if path.suffix not in SUFFIXES:
        return None
    if _SPLIT_NAME.fullmatch(path.stem):
        return path.parent.name or None
    return _SPLIT_END.sub("", path.stem) or None
