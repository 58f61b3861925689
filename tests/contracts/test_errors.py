"""The error tree: drawn whole, every leaf raised, every message a fact and a mend."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts import errors
from contracts.errors import ProctorError

DRAWN = re.compile(r"^ *[│├└─ ]*(?P<name>[A-Z]\w+)(?P<rest>.*)")
EXIT, HTTP = re.compile(r"exit (\d)"), re.compile(r"HTTP (\d{3})")

# A message ends with what to do. These carry it in the fact (a reason, the end of a log),
# or there is nothing to do about them.
WITHOUT_MEND = {
    "AnswererBroken",
    "BadQuestion",
    "BentoNotBuilt",
    "BodyTooSlow",
    "ChildDied",
    "CouldNotJudge",
    "EmptySample",
    "HeadersTooSlow",
    "QuestionNotScored",
    "RequestTooLarge",
}


def descendants(root: type[ProctorError]) -> Iterator[type[ProctorError]]:
    for child in root.__subclasses__():
        if child.__module__.startswith(f"{errors.__name__}."):
            yield child
            yield from descendants(child)


TREE = (ProctorError, *descendants(ProctorError))


EXAMPLE_VALUES: dict[str, object] = {
    "Path": Path("some/file"),
    "int": 7,
    "int | None": 7,
    "float": 2.5,
}


def example_of(kind: type[ProctorError]) -> ProctorError:
    """An error as its constructor's annotations ask for it; a text is its field's name."""
    signature = inspect.signature(kind)
    given = {
        name: EXAMPLE_VALUES.get(str(parameter.annotation), f"some-{name}")
        for name, parameter in signature.parameters.items()
    }
    placed = [
        value
        for name, value in given.items()
        if signature.parameters[name].kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    named = {
        name: value
        for name, value in given.items()
        if signature.parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
    }
    return kind(*placed, **named)  # type: ignore[arg-type]


WITH_FIELDS = [kind for kind in TREE[1:] if "__init__" in vars(kind)]
every_error = pytest.mark.parametrize("kind", WITH_FIELDS, ids=lambda kind: kind.__name__)


def drawn() -> dict[str, tuple[int | None, int | None]]:
    """Name to (exit code, HTTP status) where the tree says them, in the tree's order."""
    assert errors.__doc__ is not None
    block = errors.__doc__.partition("::\n")[2].partition("\nAn error owns")[0]
    found: dict[str, tuple[int | None, int | None]] = {}
    for line in block.splitlines():
        if match := DRAWN.match(line):
            ends, http = EXIT.search(match["rest"]), HTTP.search(match["rest"])
            found[match["name"]] = (int(ends[1]) if ends else None, int(http[1]) if http else None)
    return found


def test_the_tree_at_the_top_of_the_file_is_the_whole_tree() -> None:
    assert list(drawn()) == [kind.__name__ for kind in TREE]


def test_the_tree_says_how_every_error_ends() -> None:
    """Exit code and status stand where they are set; below, they are inherited."""
    for kind in TREE[1:]:
        exit_code, http = drawn()[kind.__name__]
        parent = kind.__mro__[1]
        assert issubclass(parent, ProctorError)
        assert kind.exit_code == (parent.exit_code if exit_code is None else exit_code), kind
        assert kind.http_status == (parent.http_status if http is None else http), kind


def test_slugs_and_titles_are_each_errors_own() -> None:
    slugs = [kind.slug for kind in TREE]
    assert len(set(slugs)) == len(slugs)
    for kind in TREE:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.slug)
        assert kind.title
        assert not kind.title.endswith(".")
    assert [kind.slug for kind in TREE[1:]] == [
        re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower() for kind in TREE[1:]
    ]


def test_exit_codes_are_the_documented_ones() -> None:
    assert {kind.exit_code for kind in TREE} == {1, 2, 3, 4}
    assert all(400 <= kind.http_status <= 599 for kind in TREE)


def test_an_error_without_fields_takes_fact_and_mend() -> None:
    for kind in set(TREE) - set(WITH_FIELDS):
        error = kind("the fact.", mend="Mend it.")
        assert (error.fact, error.mend, str(error)) == (
            "the fact.",
            "Mend it.",
            "the fact. Mend it.",
        )


@every_error
def test_every_message_names_the_fact_and_the_mend(kind: type[ProctorError]) -> None:
    with pytest.raises(kind) as caught:
        raise example_of(kind)
    error = caught.value
    assert str(error) == f"{error.fact} {error.mend}".strip()
    assert error.fact
    assert bool(error.mend) == (kind.__name__ not in WITHOUT_MEND)


@every_error
def test_fields_are_kept_and_stand_in_the_message(kind: type[ProctorError]) -> None:
    error = example_of(kind)
    fields = {name: value for name, value in vars(error).items() if name not in {"fact", "mend"}}
    assert fields
    assert set(fields) <= set(inspect.signature(kind).parameters)
    for name, value in fields.items():
        for part in value if isinstance(value, tuple) else (value,):
            assert str(part) in str(error), name


@every_error
def test_an_error_is_the_same_in_another_process(kind: type[ProctorError]) -> None:
    error = example_of(kind)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(again) is kind
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_a_digest_is_shown_by_its_first_digits() -> None:
    error = errors.DigestMismatch(
        "checkpoint out/model",
        expected="sha256:" + "a" * 64,
        found="sha256:" + "b" * 64,
        mend="Fetch it again.",
    )
    assert error.fact == (
        "checkpoint out/model: the digest is sha256:bbbbbbbbbbbb…, but sha256:aaaaaaaaaaaa…"
        " was recorded."
    )


def test_a_process_that_was_not_ready_in_time_is_told_as_such() -> None:
    error = errors.ChildDied("gateway", None, Path("gateway.log"), "loading")
    assert "not ready in time" in error.fact
    assert "loading" in error.fact
    assert "ended with 1" in errors.ChildDied("gateway", 1, Path("gateway.log"), "").fact


def test_a_missing_challenger_does_not_ask_for_a_promotion() -> None:
    assert "promote" in errors.AliasNotFound("m", "champion").mend
    assert "promote" not in errors.AliasNotFound("m", "challenger").mend
