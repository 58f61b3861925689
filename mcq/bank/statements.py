"""What a question says follows from its proof: checked on text alone, nothing is run.

``verify`` runs the programs of the proof; here it is checked that these are the programs
of this very question: the code with the choice put in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

MARK: Final = "  # this line"


def fault_of(
    kind: str,
    code: str,
    choices: Sequence[str],
    gold: int,
    sources: Sequence[str],
    printed: Sequence[str],
) -> str | None:
    """Why the proof does not carry the question, or ``None`` when it does.

    ``printed`` is what the ``sources`` print. A kind that is not the bank's is a fault.
    """
    if len({len(choices), len(sources), len(printed)}) != 1:
        return "the proof has not one program for every choice"
    if printed.count(printed[gold]) != 1:
        return "a distractor's program prints what the right choice's prints"
    check = CHECKS.get(kind)
    if check is None:
        return f"the bank has no questions of kind {kind!r}"
    return check(code, choices, gold, sources, printed)


def _output(
    code: str, choices: Sequence[str], gold: int, sources: Sequence[str], printed: Sequence[str]
) -> str | None:
    if list(printed) != list(choices):
        return "a choice is not what its program prints"
    return None if sources[gold] == code else "the right choice's program is not the code"


def _input(
    code: str, choices: Sequence[str], gold: int, sources: Sequence[str], printed: Sequence[str]
) -> str | None:
    definition, _, value = code.rpartition("\n\n# ")
    if value != printed[gold]:
        return "the value in the comment is not that of the right call"
    if list(sources) != [f"{definition}\n\nprint(repr({choice}))" for choice in choices]:
        return "a program is not the function with the choice's call"
    return None


def _line(
    code: str, choices: Sequence[str], gold: int, sources: Sequence[str], printed: Sequence[str]
) -> str | None:
    program, _, value = code.rpartition("  # ")
    if value != printed[gold]:
        return "the value in the comment is not what the repaired program prints"
    shown = program.split("\n")
    for choice, source in zip(choices, sources, strict=True):
        lines = source.split("\n")
        if len(lines) != len(shown):
            return "a repair changes more than one line"
        changed = [one.strip() for one, two in zip(shown, lines, strict=True) if one != two]
        if changed != [choice]:
            return "a repair does not change the choice's line alone"
    return None


def _patch(
    code: str, choices: Sequence[str], gold: int, sources: Sequence[str], printed: Sequence[str]
) -> str | None:
    lines = code.split("\n")
    marked = [at for at, line in enumerate(lines) if line.endswith(MARK)]
    if len(marked) != 1:
        return "not one line is marked"
    indent = lines[marked[0]][: -len(lines[marked[0]].lstrip())]
    for choice, source in zip(choices, sources, strict=True):
        patched = [*lines[: marked[0]], indent + choice, *lines[marked[0] + 1 :]]
        checks = [
            f"print({line.removeprefix('assert ')})" if line.startswith("assert ") else line
            for line in patched
        ]
        if "\n".join(checks) != source:
            return "a program is not the code with the choice's line"
    if any(("False" in text.split("\n")) == (at == gold) for at, text in enumerate(printed)) or set(
        printed[gold].split("\n")
    ) != {"True"}:
        return "not exactly the right patch passes all tests"
    return None


Check = Callable[[str, Sequence[str], int, Sequence[str], Sequence[str]], str | None]
CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {"output": _output, "input": _input, "line": _line, "patch": _patch}
)
