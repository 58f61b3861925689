"""Writes ``commands.md`` and ``errors.md`` from the program itself: ``python docs/generate.py``.

A test compares both files with what this gives, so that neither can fall behind.
"""  # noqa: INP001 - a script beside the pages that it writes, no package

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import typer.main  # noqa: E402

from contracts.errors import ProctorError  # noqa: E402
from proctor.__main__ import app  # noqa: E402

NOTE = "<!-- Written by docs/generate.py; change the program, then run it again. -->"


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command with what is typed to reach it, groups before what they hold."""
    yield " ".join(path), command
    for name in sorted(getattr(command, "commands", {})):
        yield from walk(command.commands[name], (*path, name))


def all_commands() -> dict[str, Any]:
    """By what is typed after ``proctor``; the whole program under the empty text."""
    return dict(walk(typer.main.get_command(app)))


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def _option_row(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    default = parameter.default
    plain = default is not None and default is not False and default != ()
    given = "required" if parameter.required else (f"`{default}`" if plain else "")
    return f"| {names} | {given} | {_cell(parameter.help)} |"


def commands_page() -> str:
    """The page of commands, as Markdown."""
    lines = [NOTE, "", "# Commands", ""]
    lines += [
        "Exit codes: 0 done, 1 refused by a verdict or a rule, 2 bad usage or bad input, 3 a",
        "needed service is away, 4 could not judge, 130 interrupted. `--help` works everywhere.",
    ]
    for path, command in all_commands().items():
        if getattr(command, "commands", None) is not None:
            if path:
                lines += ["", f"## proctor {path}", "", command.help]
            continue
        level = "###" if " " in path else "##"
        lines += ["", f"{level} proctor {path}", "", " ".join(command.help.split())]
        rows = [_option_row(one) for one in command.params if "--help" not in one.opts]
        if rows:
            lines += ["", "| what | default | meaning |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _errors(kind: type[ProctorError]) -> Iterator[type[ProctorError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _errors(child)


def errors_page() -> str:
    """The page of errors, as Markdown."""
    lines = [NOTE, "", "# Errors", ""]
    lines += [
        "Every error says a fact and, where there is one, a mend. The command line prints both",
        "and ends with the exit code; the HTTP services answer with the status and a problem",
        "document (RFC 9457) whose `type` ends in the slug.",
        "",
        "| error | kind of | slug | title | HTTP status | exit code |",
        "|---|---|---|---|---:|---:|",
    ]
    for kind in _errors(ProctorError):
        if kind.__module__.startswith("contracts.errors."):
            name, parent = kind.__name__, kind.__mro__[1].__name__
            lines.append(
                f"| {name} | {parent} | `{kind.slug}` | {kind.title}"
                f" | {kind.http_status} | {kind.exit_code} |"
            )
    return "\n".join(lines) + "\n"


PAGES = {"commands.md": commands_page, "errors.md": errors_page}

if __name__ == "__main__":
    for page_name, page in PAGES.items():
        (ROOT / "docs" / page_name).write_text(page(), encoding="utf-8")
