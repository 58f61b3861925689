"""How many processors this process may use: what the kernel's scheduler allows it.

A machine's own count says nothing in a container, where a run would start a scorer, with a copy
of the weights, for each of the host's processors.

Source: sched_setaffinity(2); Linux's Documentation/admin-guide/cgroup-v2.rst, ``cpu.max`` (a
group is bound by its parents' limits, too), and scheduler/sched-bwc.rst for version 1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

GROUPS: Final = Path("/sys/fs/cgroup")
OWN_GROUPS: Final = Path("/proc/self/cgroup")


def usable_cpus(
    groups: Path = GROUPS, own: Path = OWN_GROUPS, *, cores: int | None = None
) -> float:
    """Processors' worth of time, above 0: the least that affinity and any limit of a control
    group allow, 1.5 for one and a half. ``groups``: where these are mounted; ``own``: the file
    that names this process's; ``cores`` that it may run on, asked of the system when not given."""
    return min([cores or _affinity(), *_limits(groups, own)])


def _affinity() -> int:
    # Only Linux tells one.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _limits(groups: Path, own: Path) -> Iterator[float]:
    """Processors that each limit allows; none for a group without one."""
    for folder in _folders(groups, own):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        if not period:
            quota = _text(folder / "cpu.cfs_quota_us")
            period = _text(folder / "cpu.cfs_period_us")
        try:
            allowed = int(quota) / int(period)
        except (ValueError, ZeroDivisionError):
            continue  # "max", or no such file
        if allowed > 0:  # version 1 writes -1 for no limit
            yield allowed


def _folders(groups: Path, own: Path) -> Iterator[Path]:
    """Of this process's groups and of all groups above them. A container often sees its own group
    as the root, whatever ``own`` calls it."""
    for line in _text(own).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number != "0" and "cpu" not in controllers.split(","):
            continue
        mounted = groups if number == "0" else groups / "cpu"
        group = PurePosixPath(path.lstrip("/"))
        for part in (group, *group.parents):
            yield mounted / part


def _text(path: Path) -> str:
    """Empty where it cannot be read."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
