"""DVC's experiments: the one file of the command line that speaks to DVC about them.

An experiment runs the pipeline in a folder of its own with some parameters changed
(``dvc exp run --temp -S``): the working tree is not touched, the results are in DVC's cache
and under a git reference of the experiment's name.

Source: https://dvc.org/doc/command-reference/exp/run
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from contracts.errors import Refused, ResultsInvalid

END_SECONDS: Final = 60.0
_DVC: Final = (sys.executable, "-m", "dvc")


def experiment_names() -> set[str]:
    """Names of the experiments of the commit that is checked out. Raises ``Refused`` where
    DVC and git have no repository."""
    done = subprocess.run(  # noqa: S603  # our own words, no shell
        [*_DVC, "exp", "list", "--name-only"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        reason = said.splitlines()[0] if said else f"it ended with {done.returncode}"
        raise Refused(
            f"DVC cannot list its experiments here: {reason}",
            mend="Experiments live in git: run this in a checkout with at least one commit.",
        )
    return set(done.stdout.split())


def run_experiment(
    name: str, settings: Sequence[tuple[str, str]], environment: Mapping[str, str]
) -> int:
    """Run the pipeline as the experiment ``name`` with ``settings`` (key of params.yaml,
    value) changed; DVC's exit status. What DVC prints goes to standard error. Interrupted,
    it passes the interruption on to the stage that runs and waits for it to end."""
    words = [word for key, value in settings for word in ("--set-param", f"{key}={value}")]
    scripts = Path(sys.executable).parent
    path = f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"
    child = subprocess.Popen(  # noqa: S603  # our own words, no shell
        [*_DVC, "exp", "run", "--temp", "--name", name, *words],
        env={**os.environ, "PATH": path, **environment},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        # A session of its own: the stage is reached through its group, and by us only.
        start_new_session=True,
    )
    try:
        return child.wait()
    except BaseException:
        _end(child)
        raise


def _end(child: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(END_SECONDS)
            return


def read_output(name: str, path: str) -> str:
    """The text of an output file of the experiment ``name``. Raises ``ResultsInvalid``."""
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        text: str = dvc.api.read(path, repo=".", rev=name, encoding="utf-8")
    except (DvcException, OSError) as error:
        raise ResultsInvalid(
            Path(path), f"experiment {name} does not have it: {error}", mend="Run it again."
        ) from error
    return text
