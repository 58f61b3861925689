"""Bad input in files, settings and references, and results that do not fit together."""

from __future__ import annotations

from pathlib import Path

from contracts.errors.root import BadInput


class KeysInvalid(BadInput):
    slug = "keys-invalid"
    title = "The file of API keys cannot be used"

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is not a usable file of keys: {reason}.",
            mend="Correct it, take back one that was good, or remove it and make keys anew with"
            " `proctor keys add`.",
        )


class BadRow(BadInput):
    """A row of a question file or of a dataset (then ``path`` is its address).

    ``line`` counts from 1 and is where the row begins; in Parquet files and in datasets,
    which have no lines, it is the row's number.
    """

    slug = "bad-row"
    title = "A row of a question file is bad"

    def __init__(self, path: Path | str, line: int, reason: str) -> None:
        self.path = path
        self.line = line
        self.reason = reason
        super().__init__(f"{path}:{line}: {reason}", mend="Correct the row or remove it.")


class BadSuites(BadInput):
    """The file that declares suites, or a suite's name, cannot be used."""

    slug = "bad-suites"
    title = "The suites are not declared well"

    def __init__(self, source: str, reason: str, *, mend: str = "Correct it.") -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"{source}: {reason}", mend=mend)


class BadParams(BadInput):
    slug = "bad-params"
    title = "A setting is wrong"

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(
            f"{source}: {reason}",
            mend="`proctor params --schema` prints every key with unit and range."
            if source.endswith((".yaml", ".yml"))
            else "Correct it and run this again.",
        )


class BadReference(BadInput):
    slug = "bad-reference"
    title = "Not a model reference"

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f"{text!r} is not a model reference.",
            mend="Write NAME/VERSION, as in coding-mcqa/3, or NAME@ALIAS, as in"
            " coding-mcqa@champion.",
        )


class CheckpointInvalid(BadInput):
    slug = "checkpoint-invalid"
    title = "Not a usable checkpoint"

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is not a usable checkpoint: {reason}.", mend="`proctor train` makes one."
        )


class BaseInvalid(BadInput):
    slug = "base-invalid"
    title = "Not a usable base model"

    def __init__(self, profile: str, path: Path, reason: str) -> None:
        self.profile = profile
        self.path = path
        self.reason = reason
        super().__init__(
            f"profile {profile}: {path} is not a usable base: {reason}.",
            mend="A base is a Hugging Face folder with config.json, weights as safetensors,"
            " tokenizer.json and a chat template, and no code of its own: see docs/models.md.",
        )


class BentoInvalid(BadInput):
    slug = "bento-invalid"
    title = "Not a usable bento"

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is not a usable bento: {reason}.", mend="`proctor bento build` makes one."
        )


class ResultsInvalid(BadInput):
    """An evaluation, a verdict or another file of results that cannot be read."""

    slug = "results-invalid"
    title = "A results file cannot be read"

    def __init__(self, path: Path, reason: str, *, mend: str = "Run `dvc repro` again.") -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}", mend=mend)


class GatewayRefused(BadInput):
    """What a gateway's problem document (RFC 9457) says, with a status below 500."""

    slug = "gateway-refused"
    title = "The gateway refused the question"

    def __init__(self, problem: str, status: int, detail: str, request_id: str | None) -> None:
        self.problem = problem
        self.status = status
        self.detail = detail
        self.request_id = request_id
        super().__init__(
            f"{problem} ({status}): {detail}", mend=f"Request {request_id}." if request_id else ""
        )


class ExtraMissing(BadInput):
    """``extra`` is the name of the optional dependencies that hold ``module``."""

    slug = "extra-missing"
    title = "An optional part is not installed"

    def __init__(self, wanted: str, module: str, extra: str) -> None:
        self.wanted = wanted
        self.module = module
        self.extra = extra
        super().__init__(
            f"{wanted} needs {module}, which is not installed.",
            mend=f"Install it with `pip install 'proctor[{extra}]'`.",
        )


class SuitesDiffer(BadInput):
    """Two sets of records that cannot be paired."""

    slug = "suites-differ"
    title = "The results are not of the same questions"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the two results are not of the same questions: {reason}.",
            mend="Evaluate both versions on the same suite.",
        )


class ProtocolsDiffer(BadInput):
    """Two versions that were asked the same questions in different ways."""

    slug = "protocols-differ"
    title = "The results were not had in the same way"

    def __init__(self, first: str, second: str, what: str, ours: str, theirs: str) -> None:
        self.first, self.second, self.what = first, second, what
        self.ours, self.theirs = ours, theirs
        super().__init__(
            f"{first} and {second} were not asked in the same way: {what} is {ours} for the"
            f" first and {theirs} for the second.",
            mend="Evaluate both on one suite that names protocol, template and shots.",
        )


class EmptySample(BadInput):
    """A statistic was asked of an empty or a non-finite sample."""

    slug = "empty-sample"
    title = "Nothing to compute from"

    def __init__(self, statistic: str, reason: str) -> None:
        self.statistic = statistic
        self.reason = reason
        super().__init__(f"{statistic} cannot be computed: {reason}.")
