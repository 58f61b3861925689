from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from mcq.requirements import SCORED_WITH, pinned_requirements


def test_requirements_are_pinned_to_public_versions() -> None:
    pins = dict(line.split("==") for line in pinned_requirements(SCORED_WITH))
    assert tuple(pins) == SCORED_WITH
    assert all(version and "+" not in version for version in pins.values())


def test_what_is_not_installed_is_told() -> None:
    with pytest.raises(PackageNotFoundError, match="no-such-package"):
        pinned_requirements(["no-such-package"])
