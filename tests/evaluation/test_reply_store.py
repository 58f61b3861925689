"""Replies are kept to the byte, under all that decides them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.kept_lines import KeptLines
from evaluation.reply_store import ReplyLine, ReplyStore
from mcq.generating import Written
from mcq.generation import Generator
from tests.chains import END, make_chain_checkpoint

PROMPTS = ["one", "two\n", "three"]
WRITTEN = [
    Written("B", 1, "end"),
    Written("\u2028 C\n\0 \U0001f600", 4, "length"),
    Written(None, 0, None, "9 tokens leave no room for a reply in 8"),
]


def store(folder: Path, **changed: object) -> ReplyStore:
    facts: dict[str, object] = {"identity": "i", "prompting": "letter-1", "max_new_tokens": 12}
    return ReplyStore(folder, **{**facts, **changed})  # type: ignore[arg-type]


def test_a_store_that_is_not_there_knows_nothing_and_makes_nothing(tmp_path: Path) -> None:
    assert store(tmp_path / "scores").known(PROMPTS) == {}
    assert not (tmp_path / "scores").exists()


def test_what_was_added_is_known_by_its_prompt(tmp_path: Path) -> None:
    store(tmp_path).add(PROMPTS, WRITTEN)
    found = store(tmp_path).known(["three", "other", "two", "two\n", "one", "one"])
    assert found == {0: WRITTEN[2], 3: WRITTEN[1], 4: WRITTEN[0], 5: WRITTEN[0]}


@pytest.mark.parametrize(
    "changed", [{"identity": "j"}, {"prompting": "reasoned-1"}, {"max_new_tokens": 13}]
)
def test_replies_had_in_another_way_are_others(tmp_path: Path, changed: dict[str, object]) -> None:
    store(tmp_path).add(PROMPTS, WRITTEN)
    assert store(tmp_path, **changed).known(PROMPTS) == {}


def test_fresh_knows_none_and_adds(tmp_path: Path) -> None:
    store(tmp_path).add(PROMPTS[:1], WRITTEN[:1])
    fresh = store(tmp_path, fresh=True)
    assert fresh.known(PROMPTS) == {}
    fresh.add(PROMPTS[:1], [Written("C", 1, "end")])
    assert store(tmp_path).known(PROMPTS) == {0: Written("C", 1, "end")}, "the later stands"


def test_damaged_lines_are_passed_over_and_told(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.add(PROMPTS, WRITTEN)
    first, *rest = kept.path.read_bytes().splitlines(keepends=True)
    kept.path.write_bytes(first.replace(b'"text":"B"', b'"text":"C"') + b"".join(rest)[:-9])
    said: list[str] = []
    assert store(tmp_path, say=said.append).known(PROMPTS) == {1: WRITTEN[1]}
    assert "2 damaged lines were passed over" in said[0]
    kept.add(PROMPTS[:1], WRITTEN[:1])
    assert kept.known(PROMPTS)[0] == WRITTEN[0], "not glued to the torn line before it"


def test_what_decides_a_reply_is_in_the_generator_s_identity(tmp_path: Path) -> None:
    make_chain_checkpoint(tmp_path / "a", {"x": "B", "B": END})
    make_chain_checkpoint(tmp_path / "b", {"x": "C", "C": END})
    one, same, other = (
        Generator.load(tmp_path / name, lazy=True).identity for name in ("a", "a", "b")
    )
    assert one == same
    assert one != other


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])),
    tokens=st.integers(min_value=0, max_value=2**40),
)
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, tokens: int
) -> None:
    path = tmp_path_factory.mktemp("kept") / "x.jsonl"
    line = ReplyLine(prompt="p", text=text, tokens=tokens, ended="stop", unanswered=None)
    lines = KeptLines(path, ReplyLine)
    lines.add([line, line])
    assert list(lines.read()) == [line, line]
