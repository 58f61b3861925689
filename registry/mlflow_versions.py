"""The one file that talks to MLflow's registry.

A version's tags are given when it is made, in one call, so that a version is never there
without the digest that finds it again. Errors of MLflow become ours here, the most
specific first.

MLflow is imported when it is first spoken to: that takes seconds, and what only reads the
ledger (list, history, lineage) need not wait for them.

Source: https://mlflow.org/docs/latest/ml/model-registry/
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contracts.errors import (
    DigestMismatch,
    ModelNotFound,
    ProctorError,
    RunNotFound,
    VersionNotFound,
)
from registry.mlflow_connection import connect, mlflow_faults, quick_calls
from registry.versions import DIGEST_TAG, RunFacts

if TYPE_CHECKING:
    from mlflow import MlflowClient

RECORDS: Final = "evaluation/records.jsonl"
CHECKPOINT: Final = "artifacts/checkpoint"
# MLflow says "not found" with the first, and with the second for an id of the wrong form.
_NOT_THERE: Final = "RESOURCE_DOES_NOT_EXIST"
_ABSENT: Final = {_NOT_THERE, "INVALID_PARAMETER_VALUE"}


class MlflowVersions:
    """Versions at an MLflow URI. Connects at the first use; ``TrackingAway`` in seconds."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._connected: MlflowClient | None = None

    @property
    def _client(self) -> MlflowClient:
        if self._connected is None:
            self._connected = connect(self._uri)
            import mlflow

            mlflow.set_tracking_uri(self._uri)
            mlflow.set_registry_uri(self._uri)
        return self._connected

    @contextmanager
    def _absent(self, error: ProctorError) -> Iterator[None]:
        """Raise ``error`` where MLflow says that the thing asked for is not there."""
        from mlflow.exceptions import MlflowException

        with mlflow_faults(self._uri):
            try:
                yield
            except MlflowException as fault:
                # A failed download has no code of its own: the server's is in its text.
                if fault.error_code in _ABSENT or _NOT_THERE in str(fault):
                    raise error from fault
                raise

    def check_run(self, run_id: str) -> None:
        self.run_facts(run_id)

    def run_facts(self, run_id: str) -> RunFacts:
        client = self._client
        missing = RunNotFound(run_id, self._uri)
        with quick_calls(), self._absent(missing):
            run = client.get_run(run_id)
        if run.info.lifecycle_stage != "active":
            raise missing
        return RunFacts(
            run_id=run_id,
            experiment_id=str(run.info.experiment_id),
            name=run.info.run_name or run_id,
            params=dict(run.data.params),
            tags=dict(run.data.tags),
        )

    def create(self, model: str, model_uri: str, tags: Mapping[str, str]) -> str:
        client = self._client
        import mlflow

        with self._absent(RunNotFound(model_uri, self._uri)):
            # A bad source makes MLflow answer 500 and its client retry: look first. Not in
            # haste: a version that was made after we gave up would be made twice.
            logged = client.get_logged_model(model_uri.removeprefix("models:/"))
            found = logged.tags.get(DIGEST_TAG, tags.get(DIGEST_TAG, ""))
            if found != tags.get(DIGEST_TAG, found):
                raise DigestMismatch(
                    f"logged model {model_uri}",
                    expected=tags[DIGEST_TAG],
                    found=found,
                    mend="It is of another training: run `dvc repro` so that all is of one.",
                )
            made = mlflow.register_model(
                model_uri, model, tags=dict(tags), await_registration_for=60
            )
        return str(made.version)

    def models(self) -> list[str]:
        client = self._client
        with quick_calls(), mlflow_faults(self._uri):
            found = client.search_model_versions(max_results=10_000)
        return sorted({version.name for version in found if DIGEST_TAG in version.tags})

    def tags(self, model: str) -> dict[str, dict[str, str]]:
        client = self._client
        with quick_calls(), mlflow_faults(self._uri):
            found = client.search_model_versions(f"name = '{model}'", max_results=10_000)
        return {str(version.version): dict(version.tags) for version in found}

    def aliases(self, model: str) -> dict[str, str]:
        client = self._client
        try:
            with quick_calls(), self._absent(ModelNotFound(model)):
                found = client.get_registered_model(model).aliases
        except ModelNotFound:
            return {}
        return {alias: str(version) for alias, version in found.items()}

    def set_alias(self, model: str, alias: str, version: str | None) -> None:
        client = self._client
        missing = VersionNotFound(model, version) if version is not None else ModelNotFound(model)
        with quick_calls(), self._absent(missing):
            if version is None:
                client.delete_registered_model_alias(model, alias)
            else:
                client.set_registered_model_alias(model, alias, version)

    def descriptions(self, model: str, version: str) -> tuple[str, str]:
        client = self._client
        with self._absent(VersionNotFound(model, version)):
            found = client.get_model_version(model, version)
            about = client.get_registered_model(model).description
        return about or "", found.description or ""

    def describe(self, model: str, version: str | None, text: str) -> None:
        client = self._client
        with self._absent(
            VersionNotFound(model, version) if version is not None else ModelNotFound(model)
        ):
            if version is None:
                client.update_registered_model(model, text)
            else:
                client.update_model_version(model, version, text)

    def fetch(self, model_uri: str, folder: Path) -> Path:
        client = self._client
        import mlflow

        folder.mkdir(parents=True, exist_ok=True)
        with self._absent(RunNotFound(model_uri, self._uri)):
            logged = client.get_logged_model(model_uri.removeprefix("models:/"))
            path = mlflow.artifacts.download_artifacts(
                artifact_uri=f"{logged.artifact_location}/{CHECKPOINT}",
                dst_path=str(folder),
                tracking_uri=self._uri,
            )
        return Path(path)

    def records(self, run_id: str) -> bytes:
        self.check_run(run_id)
        import mlflow

        with (
            tempfile.TemporaryDirectory() as folder,
            self._absent(RunNotFound(f"{run_id} with {RECORDS}", self._uri)),
        ):
            path = mlflow.artifacts.download_artifacts(
                run_id=run_id, artifact_path=RECORDS, dst_path=folder, tracking_uri=self._uri
            )
            return Path(path).read_bytes()
