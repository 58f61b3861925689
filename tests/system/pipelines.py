"""A small pipeline in a git checkout of its own, with its own caches, against a given MLflow."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# As small as the stages take it, and a bank whose test split has enough to judge.
SIZES = {
    "count": "400",
    "steps": "20",
    "hidden_size": "32",
    "intermediate_size": "64",
    "layers": "1",
    "minimum_accuracy": "0.0",
    "minimum_questions": "10",
    "max_questions": "40",
    "threads": "1",
}
# The section of params.yaml that a key is meant in, where others have one of its name.
MEANT = {"steps": "train", "max_questions": "evaluate"}
IDENTITY = ("-c", "user.name=tests", "-c", "user.email=tests@localhost.invalid")


@dataclass(frozen=True)
class Checkout:
    """A checkout in which DVC and ``proctor`` run as a person's would."""

    folder: Path
    mlflow: str

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """``proctor``/``dvc`` and their words."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PROCTOR_", "DVC_"))}
        scripts = str(Path(sys.executable).parent)
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env={
                **kept,
                "HF_HUB_OFFLINE": "1",
                "MLFLOW_TRACKING_URI": self.mlflow,
                "NO_COLOR": "1",
                "PATH": f"{scripts}{os.pathsep}{kept.get('PATH', '')}",
                "PYTHONPATH": str(self.folder),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def good(self, *words: str, **environment: str) -> str:
        """What it prints; it must end with 0."""
        done = self.run(*words, **environment)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.good(*words, "--json"))

    def git(self, *words: str) -> str:
        return subprocess.run(
            ["git", *IDENTITY, *words], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout

    def read(self, path: str) -> Any:
        return json.loads((self.folder / path).read_text(encoding="utf-8"))

    def set(self, key: str, value: str) -> None:
        """One ``section.key`` of params.yaml, as an editor would."""
        path = self.folder / "params.yaml"
        section, _, name = key.rpartition(".")
        path.write_text(_with(path.read_text(), section, name, value))


def _with(text: str, section: str, key: str, value: str) -> str:
    """``text`` with the one ``key`` below ``section`` (anywhere when it is empty) changed."""
    before, mark, rest = text.partition(f"\n{section}:\n") if section else ("", "", text)
    pattern = re.compile(rf"(?m)^( +{key}:) .*$")
    changed, count = pattern.subn(rf"\g<1> {value}", rest, count=1)
    assert count == 1, f"params.yaml has no {section}.{key}"
    return before + mark + changed


def make_checkout(folder: Path, mlflow: str) -> Checkout:
    """The working tree as it is, committed in a repository of its own, with tiny sizes."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    checkout = Checkout(folder, mlflow)
    checkout.git("init", "--quiet", "--initial-branch", "main")
    for key, value in SIZES.items():
        section = MEANT.get(key, "")
        checkout.set(f"{section}.{key}" if section else key, value)
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "-m", "A small pipeline")
    return checkout


def stages_run(output: str) -> list[str]:
    return re.findall(r"Running stage '(\w+)'", output)
