"""Runs programs in forked children under limits of time, memory and files.

A fresh interpreter a program costs some 20 ms; a fork of a small, warmed, single-threaded
parent costs about 1. The child may burn ``cpu_seconds``, hold ``memory_bytes`` of address
space, open no file and write none (``RLIMIT_NOFILE`` and ``RLIMIT_FSIZE`` are zero, so
sockets are out as well) and start no process; the parent kills it, and what root may have
forked all the same, after ``wall_seconds``. This keeps an accident of a grammar of ours
from hurting the machine; it is no sandbox for hostile code.

Source: setrlimit(2), fork(2). POSIX only.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import resource
import select
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Status = Literal["ok", "raised", "killed"]


@dataclass(frozen=True)
class Limits:
    """What one child may use. Units are in the names."""

    wall_seconds: float = 5.0
    cpu_seconds: int = 2
    memory_bytes: int = 1 << 30
    output_bytes: int = 1 << 16


@dataclass(frozen=True)
class Outcome:
    """What a program did: ``printed`` without the last newline, ``types`` of what was
    printed (one name an argument of ``print``), ``detail`` of a failure."""

    status: Status
    printed: str
    types: tuple[str, ...]
    detail: str = ""


DEFAULT_LIMITS: Final = Limits()


def run_programs(sources: Sequence[str], limits: Limits = DEFAULT_LIMITS) -> list[Outcome]:
    """Run ``sources`` one after the other in one forked child; an outcome for each.

    A child that is killed takes all of its programs with it: each is ``killed``. The
    calling process must have one thread only (fork(2) copies no other).
    """
    reader, writer = os.pipe()
    gc.freeze()
    # An interrupt that comes amid the interpreter's own work around a fork would be lost there.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    child = os.fork()
    if child == 0:
        # Nothing of the parent may run in the child after this: no finally, no atexit.
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.setpgid(0, 0)
            os.close(reader)
            _serve(sources, limits, writer)
        finally:
            os._exit(0)
    os.close(writer)
    # Parent and child both name the group, so that it is there before either needs it.
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(child, child)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        data, reason = _read(reader, limits)
    finally:
        os.close(reader)
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    try:
        rows = json.loads(data)
    except ValueError:
        detail = reason or _ending(status)
        return [Outcome("killed", "", (), detail) for _ in sources]
    return [Outcome(row[0], row[1], tuple(row[2]), row[3]) for row in rows]


def _read(reader: int, limits: Limits) -> tuple[bytes, str]:
    """All that the child wrote, or the reason for which reading was given up."""
    deadline = time.monotonic() + limits.wall_seconds
    pieces: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return b"", f"ran longer than {limits.wall_seconds:g} s"
        piece = os.read(reader, 1 << 16)
        if not piece:
            return b"".join(pieces), ""
        size += len(piece)
        if size > 16 * limits.output_bytes:
            return b"", "printed too much"
        pieces.append(piece)


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended with status {os.waitstatus_to_exitcode(status)} and no report"


def _serve(sources: Sequence[str], limits: Limits, writer: int) -> None:
    """In the child: take the limits, run, report as JSON."""
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # root is not bound by this one
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    report = json.dumps([_run(source, limits) for source in sources]).encode()
    view = memoryview(report)
    while view:
        view = view[os.write(writer, view) :]


def _run(source: str, limits: Limits) -> list[Any]:
    out = io.StringIO()
    types: list[str] = []

    def recording_print(*values: object, sep: str = " ", end: str = "\n") -> None:
        types.extend(type(value).__name__ for value in values)
        text = sep.join(str(value) for value in values) + end
        if out.tell() + len(text) > limits.output_bytes:
            raise OverflowError(f"printed more than {limits.output_bytes} bytes")
        out.write(text)

    try:
        # The limits above guard this; the programs come from our own grammar.
        exec(compile(source, "<program>", "exec"), {"print": recording_print})  # noqa: S102
    except Exception as error:  # noqa: BLE001 - a program may raise whatever it likes
        return ["raised", "", [], f"{type(error).__name__}: {error}"]
    return ["ok", out.getvalue().removesuffix("\n"), types, ""]
