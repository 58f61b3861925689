from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.usable_cpus import usable_cpus
from tests.environments import unmeasured

ROOT = Path(__file__).parents[2]
ON_ONE = """
import os
from contracts.usable_cpus import usable_cpus
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(usable_cpus())
"""


def grouped(folder: Path, own: str, limits: dict[str, str]) -> float:
    """What is usable where the process is in the groups of ``own`` and files hold ``limits``."""
    (folder / "own").write_text(own)
    for name, text in limits.items():
        path = folder / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return usable_cpus(folder / "groups", folder / "own", cores=2)


def test_without_a_limit_it_is_the_affinity(tmp_path: Path) -> None:
    every = len(os.sched_getaffinity(0))
    assert usable_cpus(tmp_path / "none", tmp_path / "none") == every
    assert usable_cpus(tmp_path / "none", tmp_path / "none", cores=7) == 7
    assert grouped(tmp_path, "0::/a\n", {"cpu.max": "max 100000", "a/cpu.max": "max"}) == 2


def test_affinity_counts() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ON_ONE],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    ("own", "limits", "found"),
    [
        ("0::/\n", {"cpu.max": "100000 100000"}, 1.0),
        ("0::/\n", {"cpu.max": "20000 100000"}, 0.2),
        ("0::/\n", {"cpu.max": "190000 100000"}, 1.9),
        ("0::/\n", {"cpu.max": "900000 100000"}, 2.0),
        ("0::/pod/box\n", {"pod/box/cpu.max": "max 100000", "pod/cpu.max": "100000 100000"}, 1.0),
        ("0::/../elsewhere\n", {"cpu.max": "100000 100000"}, 1.0),
        (
            "4:memory:/x\n3:cpu,cpuacct:/x\n",
            {"cpu/x/cpu.cfs_quota_us": "150000", "cpu/x/cpu.cfs_period_us": "100000"},
            1.5,
        ),
    ],
)
def test_a_control_group_s_limit_counts(
    tmp_path: Path, own: str, limits: dict[str, str], found: float
) -> None:
    assert grouped(tmp_path, own, limits) == found


def test_no_limit_of_version_1_is_none(tmp_path: Path) -> None:
    limits = {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}
    assert grouped(tmp_path, "3:cpu:/\n", limits) == 2
