"""The forked child: what it reports, and that every limit holds.

Programs run in an interpreter of their own, since a process that forks must be small and
have one thread, and the one that runs the tests is neither.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mcq.bank.execution import Limits, Outcome

RUNNER = """
import json, os, sys, time
from mcq.bank.execution import Limits, run_programs

def living():
    # Processes of this session: this one, and what a program left behind.
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{name}/stat").read().rpartition(")")[2].split()
        except OSError:
            continue
        count += fields[3] == str(os.getsid(0)) and fields[0] not in "ZX"
    return count

task = json.load(sys.stdin)
outcomes = run_programs(task["sources"], Limits(**task["limits"]))
left = 1
if os.path.isdir("/proc/self"):
    # A killed process needs a moment to be gone.
    deadline = time.monotonic() + 5
    while (left := living()) > 1 and time.monotonic() < deadline:
        os.sched_yield()
rows = [[o.status, o.printed, o.types, o.detail] for o in outcomes]
print(json.dumps({"rows": rows, "left": left}))
"""


def run(*sources: str, **limits: float) -> list[Outcome]:
    task = json.dumps({"sources": sources, "limits": limits})
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=task,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stderr
    reply: dict[str, Any] = json.loads(done.stdout)
    assert reply["left"] == 1, "a program left a process behind"
    return [Outcome(row[0], row[1], tuple(row[2]), row[3]) for row in reply["rows"]]


def test_reports_what_was_printed_and_its_types() -> None:
    assert run("a = [1]\nprint(a, True)", 'print("x")\nprint("y")', "pass") == [
        Outcome("ok", "[1] True", ("list", "bool")),
        Outcome("ok", "x\ny", ("str", "str")),
        Outcome("ok", "", ()),
    ]


def test_a_program_that_raises_does_not_harm_its_neighbours() -> None:
    first, second, third = run("print([][1])", "a = ", "print(2)")
    assert (first.status, first.printed) == ("raised", "")
    assert first.detail.startswith("IndexError")
    assert second.detail.startswith("SyntaxError")
    assert third == Outcome("ok", "2", ("int",))


def test_programs_do_not_see_each_others_names() -> None:
    _, second = run("a = 1\nprint(a)", "print(a)")
    assert second.detail.startswith("NameError")


@pytest.mark.parametrize(
    ("source", "limits", "detail"),
    [
        ("while True: pass", {"wall_seconds": 0.5}, "ran longer than 0.5 s"),
        ("while True: pass", {"cpu_seconds": 1, "wall_seconds": 20}, "ended by SIG"),
        ("import signal\nsignal.pause()", {"wall_seconds": 0.5}, "ran longer than 0.5 s"),
        ("import os\nos._exit(3)", {}, "ended with status 3 and no report"),
        ("import os\nos.kill(os.getpid(), 9)", {}, "ended by SIGKILL"),
        ("raise SystemExit", {}, "ended with status 0 and no report"),
    ],
)
def test_a_program_that_does_not_end_well_is_killed(
    source: str, limits: dict[str, float], detail: str
) -> None:
    began = time.monotonic()
    (outcome,) = run(source, **limits)
    assert time.monotonic() - began < 15
    assert (outcome.status, outcome.printed, outcome.types) == ("killed", "", ())
    assert outcome.detail.startswith(detail)


def test_what_a_program_forks_ends_with_it() -> None:
    (outcome,) = run("import os\nfor _ in range(4): os.fork()\nwhile True: pass", wall_seconds=0.5)
    if os.geteuid() == 0:
        assert outcome == Outcome("killed", "", (), "ran longer than 0.5 s")
    else:
        assert outcome.detail.startswith("BlockingIOError")


def test_a_killed_program_takes_its_batch_with_it() -> None:
    outcomes = run("print(1)", "while True: pass", wall_seconds=0.5)
    assert [outcome.status for outcome in outcomes] == ["killed", "killed"]


@pytest.mark.parametrize("source", ["a = 'x' * (1 << 31)", "a = [[]]\nwhile True: a = a + a"])
def test_memory_is_limited(source: str) -> None:
    (outcome,) = run(source, memory_bytes=1 << 28)
    assert outcome.status == "raised"
    assert outcome.detail.startswith("MemoryError")


@pytest.mark.parametrize(
    "source",
    [
        "print(open('/dev/null').read())",
        "open('written-by-a-program', 'w').write('x')",
        "import os\nos.open('/dev/null', os.O_RDONLY)",
        "import os\nos.pipe()",
    ],
)
def test_files_are_refused(source: str) -> None:
    (outcome,) = run(source)
    assert outcome.status == "raised"
    assert "Too many open files" in outcome.detail


@pytest.mark.parametrize("source", ["print('x' * 2000)", "while True: print('xxxx')"])
def test_huge_output_is_refused(source: str) -> None:
    (outcome,) = run(source, output_bytes=1000)
    assert (outcome.status, outcome.printed) == ("raised", "")
    assert "printed more than 1000 bytes" in outcome.detail


def test_many_programs_may_not_report_more_than_fits() -> None:
    outcomes = run(*["print('x' * 900)"] * 40, output_bytes=1000)
    assert {(outcome.status, outcome.detail) for outcome in outcomes} == {
        ("killed", "printed too much")
    }


def test_default_limits_are_finite() -> None:
    limits = Limits()
    assert 0 < limits.cpu_seconds <= limits.wall_seconds < 60
    assert limits.memory_bytes <= 1 << 30


INTERRUPTED = """
import os, signal
from mcq.bank.execution import run_programs

os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGINT))
try:
    run_programs(["print(1)"])
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_in_the_middle_of_a_fork_waits_for_its_end() -> None:
    """What is raised in the interpreter's own preparations for a fork would be lost."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
