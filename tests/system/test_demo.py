"""``make demo``, small: two versions all the way on the real parts."""

from __future__ import annotations

import json

import psutil
import pytest

from contracts.verdicts import Verdict
from tests.system.conftest import Work

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1200)]


def test_the_long_training_won_by_its_paired_verdict(demo: Work) -> None:
    verdict = Verdict.model_validate_json((demo.folder / "out/verdict.json").read_text())
    assert verdict.decision == "pass"
    assert verdict.champion == "1"
    assert verdict.comparison is not None
    assert verdict.comparison.difference.lower > 0
    assert verdict.comparison.mcnemar_p < 0.05
    champion = demo.json("registry", "show", "coding-mcqa@champion")
    assert champion["registered"]["version"] == "2"
    assert champion["registered"]["digest"] == verdict.digest


def test_the_first_version_came_in_by_the_bootstrap_rule(demo: Work) -> None:
    first = demo.json("registry", "show", "coding-mcqa/1")
    assert "bootstrap" in first["verdict"]["rule"]
    assert first["verdict"]["champion"] is None


def test_its_output_tells_versions_answers_ledger_and_lineage(demo: Work) -> None:
    for words in (
        "coding-mcqa/1 is champion, after nobody",
        "coding-mcqa/2 is champion, after version 1",
        "The same five held-out questions, before and after",
        "exact McNemar p",
        "alias_moved",
        "bento_built",
        "bento digest",
        "Nothing is left running",
    ):
        assert words in demo.output


def test_the_ledger_tells_who_was_champion_when(demo: Work) -> None:
    events = demo.json("registry", "history", "coding-mcqa")
    moves = [e for e in events if e["kind"] == "alias_moved" and e["data"]["alias"] == "champion"]
    assert [move["data"]["to"] for move in moves] == ["1", "2"]
    between = demo.json("registry", "show", "coding-mcqa@champion", "--at", moves[0]["at"])
    assert between["registered"]["version"] == "1"


def test_lineage_goes_from_version_to_bento_digest(demo: Work) -> None:
    lineage = demo.json("registry", "lineage", "coding-mcqa@champion")
    training = json.loads((demo.folder / "out/training.json").read_text())
    evaluation = json.loads((demo.folder / "out/evaluation.json").read_text())
    assert lineage["training run"] == training["run_id"]
    assert lineage["evaluation run"] == evaluation["run_id"]
    assert lineage["data digest"] == training["data_digest"]
    assert lineage["digest"] == training["digest"] == evaluation["digest"]
    assert lineage["commit"] == training["commit"]
    assert lineage["bento"] == "coding_mcqa:2"
    assert lineage["bento digest"].startswith("sha256:")


def test_nothing_is_left_running(demo: Work) -> None:
    left = [
        process.info
        for process in psutil.process_iter(["pid", "cmdline"])
        if str(demo.folder) in " ".join(process.info["cmdline"] or [])
    ]
    assert left == []
    assert json.loads((demo.folder / ".proctor/stack.json").read_text()) == []
