"""Settings come from the environment that is handed in, and every one is documented."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from proctor import settings
from proctor.settings import DEFAULT_TRACKING_URI, read_settings

ROOT = Path(__file__).parents[2]


def variables() -> set[str]:
    """What ``read_settings`` asks the environment for, found by asking."""
    asked: set[str] = set()

    class Asked(dict[str, str]):
        def get(self, key: str, _default: object = None) -> None:  # type: ignore[override]
            asked.add(key)

    read_settings(Asked())
    return asked


def test_without_variables_everything_is_on_this_machine() -> None:
    found = read_settings({})
    assert found.home == Path(".proctor").absolute()
    assert found.ledger_url == f"sqlite:///{found.home}/ledger.db"
    assert found.answer_log_url == f"sqlite:///{found.home}/answers.db"
    assert found.tracking_uri == DEFAULT_TRACKING_URI
    assert re.fullmatch(r"\S+@\S+", found.actor)
    assert found.bento_home == found.home / "bentoml"


def test_every_variable_is_taken() -> None:
    found = read_settings(
        {
            "PROCTOR_HOME": "/srv/proctor",
            "PROCTOR_LEDGER_URL": "postgresql://ledger",
            "PROCTOR_ANSWER_LOG_URL": "postgresql://answers",
            "MLFLOW_TRACKING_URI": "http://mlflow:5000",
            "PROCTOR_ACTOR": "jenkins",
        }
    )
    assert (str(found.home), found.ledger_url) == ("/srv/proctor", "postgresql://ledger")
    assert found.answer_log_url == "postgresql://answers"
    assert (found.tracking_uri, found.actor) == ("http://mlflow:5000", "jenkins")


def test_an_empty_variable_is_none_at_all() -> None:
    empty = dict.fromkeys(variables(), "")
    assert read_settings(empty) == read_settings({})


def test_a_ledger_follows_its_home() -> None:
    assert read_settings({"PROCTOR_HOME": "/srv/p"}).ledger_url == "sqlite:////srv/p/ledger.db"


def test_every_variable_is_documented() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert variables()
    for name in variables():
        assert f"``{name}``" in (settings.__doc__ or ""), name
        assert f"`{name}`" in readme, name


def test_a_user_without_a_name_still_has_one() -> None:
    """As in a container that runs under a number."""
    code = (
        "import os, pwd\n"
        "from proctor.settings import read_settings\n"
        "taken = {entry.pw_uid for entry in pwd.getpwall()}\n"
        "free = next(number for number in range(40_000, 60_000) if number not in taken)\n"
        "if os.geteuid() == 0: os.setuid(free)\n"
        "print(read_settings({'PROCTOR_HOME': '/'}).actor)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\S+@\S+\n", done.stdout)
