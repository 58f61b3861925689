from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from registry.ledger import Ledger
from registry.registry import Registry
from registry.versions import MemoryVersions
from tests.registry.making import Evidence


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def store() -> MemoryVersions:
    return MemoryVersions()


@pytest.fixture
def registry(ledger: Ledger, store: MemoryVersions) -> Registry:
    return Registry(ledger, store, actor="tester", commit="c0ffee")


@pytest.fixture(scope="session")
def logged(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> list[Evidence]:
    """Three checkpoints with their runs in the real MLflow; tests register them under
    names of their own."""
    from tests.registry.logging_models import in_mlflow

    home = tmp_path_factory.mktemp("logged")
    return [in_mlflow(mlflow_server, home, seed) for seed in range(3)]


@pytest.fixture
def model_name() -> str:
    """A name that no other test registers under."""
    return f"mcqa-{uuid4().hex[:12]}"
