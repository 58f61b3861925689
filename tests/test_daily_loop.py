"""The commands of the pages about DVC and MLflow are ones that the programs understand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from dvc.cli.parser import get_main_parser

from tests.test_readme import command_of

DOCS = Path(__file__).parents[1] / "docs"


def typed(program: str) -> list[list[str]]:
    """The words behind ``program`` in every command of the pages, comments left out."""
    found = []
    for name in ("daily-loop.md", "mlflow.md"):
        text = (DOCS / name).read_text(encoding="utf-8")
        blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        lines = [
            part for block in blocks for line in block.splitlines() for part in line.split("&&")
        ]
        lines += re.findall(rf"`({program} [^`\n]+)`", text)
        found += [shlex.split(line, comments=True) for line in lines]
    return [words[1:] for words in found if words[:1] == [program]]


@pytest.mark.parametrize("words", typed("proctor"), ids=" ".join)
def test_proctor_has_the_command_and_its_flags(words: list[str]) -> None:
    found = command_of(words)
    assert found is not None
    path, command = found
    assert not getattr(command, "commands", None), f"{path} is a group"
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("words", typed("dvc"), ids=" ".join)
def test_dvc_has_the_command_and_its_flags(words: list[str]) -> None:
    try:
        known = get_main_parser().parse_args(words)
    except Exception as error:  # noqa: BLE001 - whatever a parser raises says no
        pytest.fail(f"dvc {' '.join(words)}: {error!r}")
    assert known.func


def test_enough_commands_are_there_to_be_tested() -> None:
    assert len(typed("proctor")) > 8
    assert len(typed("dvc")) > 15
