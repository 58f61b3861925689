"""Requirements of what travels (a logged model, a bento), pinned to what is installed here."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version


def pinned(packages: Iterable[str]) -> list[str]:
    """``name==version`` of each package, public versions: a local suffix such as ``+cpu``
    names one machine's build, which no index has. Raises ``PackageNotFoundError`` (standard
    library) for one that is not installed."""
    return [f"{name}=={version(name).partition('+')[0]}" for name in packages]
