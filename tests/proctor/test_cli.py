"""The command line's edge: exit codes, messages, help; commands themselves are thin."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.questions import Question
from docs.generate import all_commands

ROOT = Path(__file__).parents[2]
ROW = '{"id": "q1", "stem": "What?", "choices": ["a", "b"], "answer": "A"}'


def proctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proctor", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


COMMANDS = all_commands()


# ------------------------------------------------------------------ exit codes and messages


@pytest.mark.parametrize("arguments", [["examine"], ["questions", "make"], ["params", "--loud"]])
def test_bad_usage_ends_with_2(arguments: list[str]) -> None:
    done = proctor(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such" in done.stderr


def test_bad_input_ends_with_2_and_tells_fact_and_mend(tmp_path: Path) -> None:
    path = tmp_path / "bank.jsonl"
    bad = ROW.replace("q1", "q2").replace('"A"', '"Z"')
    path.write_text(f"{ROW}\n{bad}\n")
    done = proctor("questions", "validate", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"error: {path}:2: answer: ")
    assert second == "  Correct the row or remove it."


def test_an_unknown_params_key_ends_with_2_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text() + "\nspeed: 3\n")
    done = proctor("params", "--params", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: {path}: speed: unknown key." in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_shows_the_help() -> None:
    done = proctor()
    assert "Usage: " in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


# A shell starts what runs in its background with SIGINT ignored, and children inherit that:
# the program as a shell starts it in the foreground.
FOREGROUND = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("proctor", run_name="__main__", alter_sys=True)
"""


def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    building = subprocess.Popen(
        [
            *(sys.executable, "-c", FOREGROUND, "questions", "build"),
            *("--count", "4000", "--workers", "1", "--out", str(tmp_path / "bank")),
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert building.stderr is not None
    with building.stderr:
        # The first line of progress: the build is on its way.
        assert "questions" in building.stderr.readline()
        os.killpg(building.pid, signal.SIGINT)
        rest = building.stderr.read()
    assert building.wait(timeout=60) == 130
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_told_nothing() -> None:
    """As in ``proctor params --schema | head -n 1``."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "proctor", "params", "--schema"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


# ------------------------------------------------------------------ what it prints


def test_params_prints_the_file_and_its_schema() -> None:
    shown = json.loads(proctor("params").stdout)
    schema = json.loads(proctor("params", "--schema").stdout)
    assert set(shown) == set(schema["properties"])


def test_validate_counts_and_digests(tmp_path: Path) -> None:
    path = tmp_path / "bank.jsonl"
    path.write_text(ROW)
    facts = json.loads(proctor("questions", "validate", str(path), "--json").stdout)
    assert (facts["questions"], facts["path"]) == (1, str(path))
    assert re.fullmatch("sha256:[0-9a-f]{64}", facts["digest"])
    assert facts["digest"] in proctor("questions", "validate", str(path)).stdout


def test_a_bank_is_built_and_imported_from_the_command_line(tmp_path: Path) -> None:
    out, all_of_it = tmp_path / "bank", tmp_path / "all.jsonl"
    done = proctor(
        *("questions", "build", "--count", "48", "--seed", "3", "--workers", "1"),
        *("--out", str(out)),
    )
    assert done.returncode == 0, done.stderr
    files = [str(out / f"{split}.jsonl") for split in ("train", "test")]
    imported = proctor("questions", "import", *files, "--out", str(all_of_it))
    assert imported.returncode == 0, imported.stderr
    lines = all_of_it.read_text().splitlines()
    assert f"{len(lines)} questions from 2 files" in imported.stdout
    assert all(Question.model_validate_json(line).proof for line in lines)


def test_a_bank_is_verified_and_audited_from_the_command_line(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "bank", tmp_path / "verified.jsonl"
    done = proctor(
        *("questions", "build", "--count", "120", "--seed", "3", "--out", str(out)),
        *("--kinds", "output", "--kinds", "patch"),
    )
    assert done.returncode == 0, done.stderr
    lines = (out / "train.jsonl").read_text().splitlines()
    assert {json.loads(line)["kind"] for line in lines} == {"output", "patch"}
    verified = proctor("questions", "verify", str(out), "--out", str(elsewhere), "--json")
    assert verified.returncode == 0, verified.stderr
    facts = json.loads(verified.stdout)
    assert facts["questions"] == 120
    assert len(elsewhere.read_text().splitlines()) == 120
    audited = json.loads(proctor("questions", "audit", str(out), "--json").stdout)
    assert audited["contamination"]["twins"] == []
    assert audited["baselines"]["all"][0]["name"] == "always_a"
    train, test = str(out / "train.jsonl"), str(out / "test.jsonl")
    said = proctor("questions", "audit", test, "--training", train).stdout
    assert "0 twins by syntax tree, 0 by 13-grams" in said
    assert "most_central" in said
    # Trained on what it is asked: every question is a twin.
    assert json.loads(proctor("questions", "audit", test, "--training", test, "--json").stdout)[
        "contamination"
    ]["by_grams"] == len((out / "test.jsonl").read_text().splitlines())


def test_an_altered_bank_is_named_and_ends_with_1(tmp_path: Path) -> None:
    out = tmp_path / "bank"
    built = proctor("questions", "build", "--count", "24", "--kinds", "output", "--out", str(out))
    assert built.returncode == 0, built.stderr
    first, *rest = (out / "train.jsonl").read_text().splitlines()
    row = json.loads(first)
    row["answer"] = "B" if row["answer"] == "A" else "A"
    (out / "train.jsonl").write_text("\n".join([json.dumps(row), *rest]) + "\n")
    done = proctor("questions", "verify", str(out))
    assert done.returncode == 1
    assert row["id"] in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--kinds", "essay"), "there is no kind 'essay'"),
        (("--families", "poems"), "there is no family 'poems'"),
    ],
)
def test_a_bank_of_what_there_is_not_is_refused(
    tmp_path: Path, flags: tuple[str, str], reason: str
) -> None:
    done = proctor("questions", "build", *flags, "--out", str(tmp_path / "bank"))
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert reason in done.stderr


# ------------------------------------------------------------------ help


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_command_and_option_says_what_it_does(path: str) -> None:
    command = COMMANDS[path]
    assert command.help, path
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"proctor {path}: {parameter.name} has no help"


def test_starting_is_quick_because_nothing_heavy_is_imported() -> None:
    code = (
        "import sys\nimport proctor.__main__\n"
        "heavy = {'torch', 'transformers', 'mlflow', 'bentoml', 'pandas', 'matplotlib', 'scipy'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
