"""Reads ``evaluation/suites.yaml``, finds a suite in it, and writes a pin into it.

``${NAME}`` in a source's path stands for a variable of the environment, so that a suite of
files that may not be copied can be declared for everyone. The environment is an argument.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from contracts.errors import BadSuites, SuiteNotFound
from contracts.files import write_atomically
from contracts.sources import QuestionSource
from contracts.suites import ShotsBy, SuiteRef, Suites, SuiteSpec
from evaluation.askable import never_askable
from proctor.strict_yaml import parse_yaml

DEFAULT_PATH: Final = Path("evaluation/suites.yaml")

_VARIABLE: Final = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def load_suites(path: Path = DEFAULT_PATH) -> Suites:
    """Raises ``BadSuites`` naming the file, the key and what is wrong with it; a suite that no
    version could be asked is wrong, too."""
    raw = parse_yaml(_text(path), lambda reason: BadSuites(str(path), reason))
    try:
        suites = Suites.model_validate(raw)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}:"
            f" {_words(fault['type'], fault['msg'])}"
            for fault in error.errors(include_url=False)
        ]
        raise BadSuites(str(path), "; ".join(faults) + ".") from error
    reasons = ((place, never_askable(spec)) for place, spec in enumerate(suites.suites))
    if faults := [f"suites.{place}.{reason}" for place, reason in reasons if reason is not None]:
        raise BadSuites(str(path), "; ".join(faults) + ".")
    return suites


def find_suite(name: str, path: Path, environment: Mapping[str, str]) -> SuiteSpec:
    """The suite ``NAME`` or ``NAME@VERSION``, its variables filled in. Raises ``BadSuites``
    and ``SuiteNotFound``."""
    spec = declared_suite(name, path)
    sources = tuple(_filled(spec.ref, source, environment) for source in spec.sources)
    shots = tuple(_filled(spec.ref, source, environment) for source in spec.shots)
    return spec.model_copy(update={"sources": sources, "shots": shots})


def chosen_suite(
    name: str,
    path: Path,
    questions: Sequence[Path] | None,
    environment: Mapping[str, str] = os.environ,
) -> SuiteSpec:
    """What an evaluation is to read: the suite, or with ``questions`` the suite in these files
    (filter and pin stay). Raises ``BadSuites`` and ``SuiteNotFound``."""
    if not questions:
        return find_suite(name, path, environment)
    spec = declared_suite(name, path)
    sources = tuple(QuestionSource(path=str(one)) for one in questions)
    shots = tuple(_filled(spec.ref, source, environment) for source in spec.shots)
    return spec.model_copy(update={"sources": sources, "shots": shots})


def how_asked(protocol: str, template: str | None, shots: int, shots_by: ShotsBy) -> str:
    """In words: the protocol, and what differs from a version's own template without shots."""
    words = [protocol]
    words += [f"template {template}"] if template else []
    whose = " of the question's own family" if shots_by == "family" else ""
    words += [f"{shots} shots{whose}"] if shots else []
    return ", ".join(words)


def declared_suite(name: str, path: Path) -> SuiteSpec:
    """As ``find_suite``, but as it is declared."""
    ref = SuiteRef.parse(name)
    suites = load_suites(path)
    found = suites.find(ref)
    if found is None:
        known = ", ".join(str(suite.ref) for suite in suites.suites) or "none"
        raise SuiteNotFound(str(ref), str(path), known)
    return found


def write_pin(path: Path, ref: SuiteRef, digest: str) -> None:
    """Write ``digest`` into the declaration of ``ref``; the rest of the file, comments too,
    stays as it is. Raises ``BadSuites``, ``StorageFull``."""
    text = _text(path)
    node = _suite_node(text, ref)
    keys = {key.value: (key, value) for key, value in node.value}
    if "digest" in keys:
        _, old = keys["digest"]
        start, end, new = old.start_mark.index, old.end_mark.index, digest
    else:
        key, version = keys["version"]
        # After the line, so that a comment on it stays there.
        line_end = text.find("\n", version.end_mark.index)
        start = end = len(text) if line_end < 0 else line_end
        new = f"\n{' ' * key.start_mark.column}digest: {digest}"
    changed = text[:start] + new + text[end:]
    if _digest_in(changed, ref) != digest:
        raise BadSuites(
            str(path),
            f"the digest of {ref} cannot be written into a declaration of this form.",
            mend=f"Write it by hand: digest: {digest}",
        )
    write_atomically(path, changed)


def _digest_in(text: str, ref: SuiteRef) -> str | None:
    """What ``text`` pins ``ref`` to; ``None`` also where it is no file of suites."""
    try:
        raw = parse_yaml(text, lambda reason: BadSuites("the changed file", reason))
        found = Suites.model_validate(raw).find(ref)
    except (BadSuites, ValidationError):
        return None
    return None if found is None else found.digest


def _suite_node(text: str, ref: SuiteRef) -> yaml.MappingNode:
    """The node of the suite that ``load_suites`` has found."""
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    listed = next(value for key, value in root.value if key.value == "suites")
    for node in listed.value:
        facts = {key.value: value.value for key, value in node.value}
        if facts["name"] == ref.name and int(facts["version"]) == ref.version:
            return node  # type: ignore[no-any-return]
    raise ValueError(f"{ref} is not declared")


def _filled(
    ref: SuiteRef, source: QuestionSource, environment: Mapping[str, str]
) -> QuestionSource:
    if source.path is None:
        return source
    for name in _VARIABLE.findall(source.path):
        if not environment.get(name):
            raise BadSuites(
                f"suite {ref}",
                f"{source.path} needs the environment variable {name}, which is not set.",
                mend=f"Set {name} to the folder that holds the rest of this path.",
            )
    path = _VARIABLE.sub(lambda found: environment[found[1]], source.path)
    return source.model_copy(update={"path": path})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadSuites(
            str(path), "there is no such file.", mend="Name another with --suites."
        ) from error
    except UnicodeDecodeError as error:
        raise BadSuites(str(path), f"not UTF-8: {error}") from error


def _words(kind: str, message: str) -> str:
    return "unknown key" if kind == "extra_forbidden" else message.removeprefix("Value error, ")
