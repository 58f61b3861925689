from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

import pytest

from contracts.requirements import pinned


def test_every_package_is_pinned_to_the_public_version_installed_here() -> None:
    lines = pinned(["pydantic", "torch"])
    assert lines[0] == f"pydantic=={version('pydantic')}"
    assert re.fullmatch(r"torch==[0-9.]+", lines[1]), "a local suffix names one machine's build"


def test_what_is_not_installed_cannot_be_pinned() -> None:
    with pytest.raises(PackageNotFoundError):
        pinned(["no-such-package-of-ours"])
