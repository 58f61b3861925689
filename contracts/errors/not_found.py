"""What is not there."""

from __future__ import annotations

from contracts.errors.root import NotFound


class ModelNotFound(NotFound):
    slug = "model-not-found"
    title = "No such model"

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(
            f"there is no registered model {model!r}.", mend="See `proctor registry list`."
        )


class VersionNotFound(NotFound):
    slug = "version-not-found"
    title = "No such version"

    def __init__(self, model: str, version: str) -> None:
        self.model = model
        self.version = version
        super().__init__(f"{model} has no version {version}.", mend="See `proctor registry list`.")


class AliasNotFound(NotFound):
    slug = "alias-not-found"
    title = "No such alias"

    def __init__(self, model: str, alias: str) -> None:
        self.model = model
        self.alias = alias
        super().__init__(
            f"{model} has no {alias}.",
            mend=f"Promote a version: `proctor registry promote {model}/VERSION`."
            if alias == "champion"
            else "See `proctor registry list`.",
        )


class NotThereThen(NotFound):
    """``reason`` is what the state of that time said, without a full stop."""

    slug = "not-there-then"
    title = "Not there at that time"

    def __init__(self, reference: str, at: str, model: str, reason: str) -> None:
        self.reference = reference
        self.at = at
        self.model = model
        self.reason = reason
        super().__init__(
            f"at {at} there was no {reference} yet, or no more: then {reason}.",
            mend=f"`proctor registry history {model}` tells when it came.",
        )


class SuiteNotFound(NotFound):
    slug = "suite-not-found"
    title = "No such suite"

    def __init__(self, suite: str, where: str, known: str) -> None:
        self.suite = suite
        self.where = where
        self.known = known
        super().__init__(
            f"{where} declares no suite {suite}.", mend=f"It declares: {known}; or add it there."
        )


class DatasetNotFound(NotFound):
    slug = "dataset-not-found"
    title = "No such dataset"

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(
            f"the Hugging Face hub has no {address}: {reason}.",
            mend="Check owner, name and commit; a gated dataset needs HF_TOKEN.",
        )


class PathNotFound(NotFound):
    slug = "path-not-found"
    title = "No such path"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"there is nothing at {path}.", mend="See /openapi.json.")


class AnswerNotFound(NotFound):
    slug = "answer-not-found"
    title = "No such answer"

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        super().__init__(
            f"no answer to this key was kept under request id {request_id}.",
            mend="Quote the request_id of the reply, and its item if it was a batch.",
        )


class KeyNotFound(NotFound):
    slug = "key-not-found"
    title = "No such key"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"there is no key {key}, or it was revoked.", mend="See `proctor keys list`."
        )


class RunNotFound(NotFound):
    slug = "run-not-found"
    title = "No such MLflow run"

    def __init__(self, run_id: str, where: str) -> None:
        self.run_id = run_id
        super().__init__(
            f"MLflow at {where} has no run {run_id}.",
            mend="The results come from another tracking server: set MLFLOW_TRACKING_URI to it,"
            " or make them anew with `dvc repro -f`.",
        )


class BaseNotFound(NotFound):
    slug = "base-not-found"
    title = "No such base model"

    def __init__(self, profile: str, what: str, reason: str) -> None:
        self.profile = profile
        self.what = what
        self.reason = reason
        super().__init__(
            f"profile {profile}: {what} was not found ({reason}).",
            mend="Correct the profile in params.yaml; see docs/models.md.",
        )
