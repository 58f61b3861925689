"""The demonstration: what a person would type on a first day, typed by a program.

It works in a clone of this checkout below ``.proctor/demo``, so that neither params.yaml
nor the pipeline's results here are touched. Two versions go all the way: a short training,
promoted by the bootstrap rule, then a long one, promoted by its paired verdict against the
first; the same five held-out questions are asked before and after. Every command is
printed before it runs, and whatever happens, what was started is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from contracts.errors import DemoFailed, Refused
from contracts.files import write_atomically
from contracts.questions import Question
from mcq.loaders import load_questions
from proctor.output import print_table
from proctor.processes import ProcessId, end, free_port, run_apart
from proctor.settings import STACK_FILE

ASKED: Final = 5
# Says that a folder is a demonstration's and may be removed by the next one. It holds the
# command that is at work, if one is.
MARK: Final = ".proctor/demonstration"
IDENTITY: Final = ("-c", "user.name=demonstration", "-c", "user.email=demo@localhost.invalid")
# What the environment says of another registry must not reach the demonstration's own.
UNSET: Final = (
    *("MLFLOW_TRACKING_URI", "PROCTOR_LEDGER_URL", "PROCTOR_HOME", "BENTOML_HOME"),
    *("PROCTOR_KEYS_FILE", "PROCTOR_API_KEY"),
)


@dataclass(frozen=True)
class Sizes:
    """How much is done: questions in the bank, optimizer steps of the two trainings."""

    questions: int
    short_steps: int
    long_steps: int
    minimum_accuracy: float


@dataclass(frozen=True)
class Asked:
    """One held-out question and what the gateway answered."""

    question: Question
    reply: dict[str, Any]

    @property
    def cell(self) -> str:
        mark = "right" if self.reply["letter"] == self.question.answer else "wrong"
        return f"{self.reply['letter']} {self.reply['confidence']:.2f} {mark}"


class Demo:
    """The demonstration in ``work``, which is made anew."""

    def __init__(
        self,
        work: Path,
        sizes: Sizes,
        hold: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """``hold`` puts signals off while what was started is ended."""
        self._work = work.absolute()
        self._sizes = sizes
        self._hold = hold
        self._gateway_port, self._mlflow_port = free_port(), free_port()
        environment = {key: value for key, value in os.environ.items() if key not in UNSET}
        scripts = str(Path(sys.executable).parent)
        self._environment = {
            **environment,
            "PATH": f"{scripts}{os.pathsep}{environment.get('PATH', '')}",
            "PYTHONPATH": str(self._work),
            "NO_COLOR": "1",
        }

    # ------------------------------------------------------------ the story

    def run(self) -> None:
        """Raises ``DemoFailed`` at the first command that does not end as it must."""
        began = time.monotonic()
        self._clone()
        try:
            model = self._story()
        except BaseException:
            # The first failure is the one to tell.
            with self._hold(), contextlib.suppress(DemoFailed):
                self._proctor("down")
            raise
        self._proctor("down")
        self._tables(model)
        minutes, seconds = divmod(int(time.monotonic() - began), 60)
        print(f"\nDone in {minutes} min {seconds} s. Nothing is left running; {self._work} can be")
        print("looked at: `cd` there and run `proctor up` for MLflow's pages.")

    def _story(self) -> str:
        _title("A first version: a short training")
        self._set_params(self._sizes.short_steps)
        self._commit("A short training")
        self._up()
        self._version("the first one", 1)
        model = str(self._json("params")["model"])
        self._up()
        questions = _of_each_family(load_questions(self._work / "data/questions/test.jsonl"))
        before = self._ask(questions)
        shutil.copy(self._work / "out/records.jsonl", self._work / "first-records.jsonl")

        _title("A second version: a long training, judged against the first")
        self._set_params(self._sizes.long_steps)
        self._proctor("registry", "pin")
        self._commit("A long training, against the first version")
        self._version("better on paired questions", 2)
        self._proctor("compare", "out/records.jsonl", "first-records.jsonl")
        self._up()
        after = self._ask(questions)

        _title("The same five held-out questions, before and after")
        rows = [
            (_shown(old.question), old.question.answer, old.cell, new.cell)
            for old, new in zip(before, after, strict=True)
        ]
        columns = ("question", "gold", f"{model}/1", f"{model}/2")
        print_table("", columns, rows)
        self._expect(before, "1")
        self._expect(after, "2")
        self._proctor("status")
        return model

    def _version(self, why: str, number: int) -> None:
        """The pipeline, then the two commands that change the world."""
        model = str(self._json("params")["model"])
        self._run("dvc", "repro")
        self._proctor("gate", "--strict")
        self._proctor("registry", "register")
        self._proctor("registry", "promote", f"{model}/{number}", "--why", why)

    def _tables(self, model: str) -> None:
        _title("What the registry knows")
        self._proctor("registry", "list")
        self._proctor("registry", "history", model)
        self._proctor("registry", "lineage", f"{model}@champion")

    def _expect(self, asked: list[Asked], version: str) -> None:
        for each in asked:
            answered = str(each.reply["version"]["version"])
            if answered != version:
                raise Refused(f"version {answered} answered, where {version} was live.")

    # ------------------------------------------------------------ its parts

    def _clone(self) -> None:
        """A clone of the checkout that we run from, with its uncommitted changes. It gets its
        name when it is whole: half a clone would look like somebody's folder to the next."""
        root = Path(__file__).resolve().parent.parent
        _title(f"A clone of this checkout in {self._work}")
        self._clear()
        self._work.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=self._work.parent, prefix=f".{self._work.name}."
        ) as scratch:
            clone = Path(scratch) / "clone"
            _git(root, "clone", "--quiet", "--no-hardlinks", str(root), str(clone))
            (clone / MARK).parent.mkdir()
            (clone / MARK).touch()
            words = ("ls-files", "-z", "--modified", "--others", "--exclude-standard")
            for name in filter(None, _git(root, *words).split("\0")):
                source, target = root / name, clone / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if source.is_file():
                    shutil.copy(source, target)
                else:
                    target.unlink(missing_ok=True)
            clone.replace(self._work)

    def _clear(self) -> None:
        """Remove an earlier demonstration, and nothing else: what it runs is ended first,
        also the command that goes on alone where the demonstration itself was killed."""
        if not self._work.exists() or not any(self._work.iterdir()):
            return
        if not (self._work / MARK).is_file():
            raise Refused(
                f"{self._work} holds something that is no demonstration.",
                mend="Name another folder with --work, or remove that one.",
            )
        with contextlib.suppress(ValidationError):
            end(ProcessId.model_validate_json((self._work / MARK).read_bytes()))
        if (self._work / ".proctor" / STACK_FILE).is_file():
            self._proctor("down")
        shutil.rmtree(self._work)

    def _commit(self, why: str) -> None:
        """Commit params.yaml and the pin, so that lineage names what was trained."""
        _git(self._work, "add", "--all")
        _git(self._work, *IDENTITY, "commit", "--quiet", "--allow-empty", "-m", why)

    def _set_params(self, steps: int) -> None:
        """Change four numbers in params.yaml as an editor would; comments stay."""
        path = self._work / "params.yaml"
        text = path.read_text(encoding="utf-8")
        for key, value in (
            ("questions.count", self._sizes.questions),
            ("train.steps", steps),
            ("gate.minimum_accuracy", self._sizes.minimum_accuracy),
        ):
            text = with_key(text, key, value)
        path.write_text(text, encoding="utf-8")
        print(f"params.yaml: train.steps is {steps}", flush=True)

    def _up(self) -> None:
        self._proctor(
            *("up", "--mlflow-port", str(self._mlflow_port)),
            *("--gateway-port", str(self._gateway_port)),
        )

    def _ask(self, questions: list[Question]) -> list[Asked]:
        file = "data/questions/test.jsonl"
        return [
            Asked(question, self._json("ask", "--file", file, "--id", question.id))
            for question in questions
        ]

    # ------------------------------------------------------------ commands

    def _proctor(self, *words: str) -> None:
        self._run("proctor", *words)

    def _run(self, *words: str) -> None:
        command = " ".join(words)
        print(f"\n$ {command}", flush=True)
        self._call(words, captured=False)

    def _json(self, *words: str) -> dict[str, Any]:
        flags = () if words == ("params",) else ("--json",)
        found: dict[str, Any] = json.loads(self._call(("proctor", *words, *flags), captured=True))
        return found

    def _call(self, words: tuple[str, ...], *, captured: bool) -> str:
        """``proctor`` or ``dvc`` of this very environment, on the clone's code; what it wrote
        when ``captured``. The mark says who is at work."""
        done = run_apart(
            [sys.executable, "-m", *words],
            folder=self._work,
            environment=self._environment,
            captured=captured,
            started=lambda process: write_atomically(self._work / MARK, process.model_dump_json()),
            hold=self._hold,
        )
        write_atomically(self._work / MARK, "")
        if done.returncode:
            raise DemoFailed(" ".join(words), done.returncode, self._work)
        return done.stdout or ""


def with_key(text: str, key: str, value: float) -> str:
    """The text of a params.yaml with one key of one section changed, as in ``train.steps``;
    every other byte stays. Raises ``Refused`` where there is no such line."""
    section, _, name = key.partition(".")
    line = re.compile(rf"^({section}:\n(?:[ #].*\n|\n)*?  {name}:) .*$", re.MULTILINE)
    changed, places = line.subn(rf"\g<1> {value}", text)
    if places != 1:
        raise Refused(f"params.yaml has {places} lines for {key}, where one is wanted.")
    return changed


def _title(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def _git(folder: Path, *words: str) -> str:
    """What git says. Raises ``Refused`` with git's own words when it fails."""
    try:
        done = subprocess.run(  # noqa: S603  # fixed words, no shell
            ["git", "-C", str(folder), *words],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise Refused("git is needed for the demonstration.", mend="Install git.") from error
    except subprocess.CalledProcessError as error:
        raise Refused(
            f"git {words[0]} failed in {folder}: {error.stderr.strip()}",
            mend="The demonstration works on a clone: run it in a git checkout.",
        ) from error
    return done.stdout


def _of_each_family(questions: list[Question]) -> list[Question]:
    """The first question of each family, ``ASKED`` in all: the five to ask."""
    first = {question.family: question for question in reversed(questions)}
    return list(first.values())[:ASKED]


def _shown(question: Question) -> str:
    return (question.code or question.stem).replace("\n", "; ")[:60]
