"""The whole error tree of Proctor.

::

    ProctorError
    ├── BadInput                 exit 2, HTTP 422
    │   ├── BadQuestion             a question breaks the rules of questions
    │   ├── QuestionNotScored       a valid question that this version cannot score
    │   ├── CannotWrite             a version that cannot answer or explain in words
    │   ├── RequestMalformed        a body that cannot be read (HTTP 400)
    │   ├── RequestTooLarge         a body beyond the limit (HTTP 413)
    │   ├── WrongMediaType          a body that is not JSON (HTTP 415)
    │   ├── WrongMethod             a path that knows no such method (HTTP 405)
    │   ├── BadRow                  a row of a question file (names file and line)
    │   ├── BadSuites               the file of suites, or a suite's name
    │   ├── BadParams               params.yaml or a flag
    │   ├── BadReference            a model reference that cannot be read
    │   ├── CheckpointInvalid       a checkpoint folder that is not one
    │   ├── BaseInvalid             weights of a profile that cannot be used
    │   ├── BentoInvalid            a file or folder that is no bento of ours
    │   ├── ResultsInvalid          an evaluation or verdict file that cannot be read
    │   ├── GatewayRefused          the gateway's problem, said again: the caller's to mend
    │   ├── ExtraMissing            an optional part of Proctor is not installed
    │   ├── SuitesDiffer            two results that are not of the same questions
    │   ├── ProtocolsDiffer         two results whose questions were asked in different ways
    │   └── EmptySample             statistics asked of nothing, or of NaN
    ├── Refused                  exit 1, HTTP 409
    │   ├── GateNotPassed           no pass, so nothing moves forward
    │   ├── DigestMismatch          bytes differ from what was recorded
    │   ├── ProofBroken             a question whose programs do not print what it says
    │   ├── ExperimentDeleted       MLflow's experiment was deleted in its pages
    │   ├── ChampionMoved           the champion is not the one that was judged against
    │   ├── AliasTampered           an alias was moved behind the ledger's back
    │   ├── LedgerCorrupt           the chain of hashes does not hold
    │   ├── BentoNotBuilt           a bento could not be built
    │   ├── DemoFailed              a command of the demonstration ended badly
    │   └── StackConflict           the local stack cannot be started as asked
    │       ├── StackFileDamaged       the file of what runs cannot be read
    │       ├── PortBusy               another program listens there
    │       └── ChildDied              a process of ours ended while starting
    ├── NotFound                 exit 2, HTTP 404
    │   ├── ModelNotFound
    │   ├── VersionNotFound
    │   ├── AliasNotFound
    │   ├── NotThereThen            it is there, but was not at the time asked about
    │   ├── SuiteNotFound
    │   ├── DatasetNotFound         the hub has no such dataset at that revision
    │   ├── PathNotFound            no such path at the gateway
    │   ├── RunNotFound
    │   └── BaseNotFound            the hub or the index has no such model
    ├── ServiceAway              exit 3, HTTP 503
    │   ├── TrackingAway            MLflow does not answer
    │   │   └── TrackingForbidden      MLflow answers, and refuses us
    │   ├── MoveNotShown            a move was decided, and MLflow does not show it yet
    │   ├── VersionNotShown         a version was registered, and MLflow lacks some of it yet
    │   ├── LedgerAway              the ledger's database does not answer
    │   ├── AnswererAway            no answerer behind a slot
    │   ├── AnswererBroken          an answerer whose reply cannot be trusted (HTTP 502)
    │   ├── DeadlinePassed          no answer in time (HTTP 504)
    │   ├── GatewayAway             the gateway does not answer
    │   ├── HubAway                 the Hugging Face hub does not answer
    │   ├── IndexAway               the package index does not answer
    │   ├── ClusterAway             a Ray cluster that cannot be joined, or whose workers are gone
    │   ├── GatewayFailed           the gateway's problem, said again: something is away
    │   └── StorageFull             the disk is full
    └── CouldNotJudge            exit 4, HTTP 409

An error owns its message: it takes typed fields, states the fact and says how to
mend it. ``exit_code`` is what the command line ends with, ``http_status`` and
``slug`` make the RFC 9457 problem that the HTTP services answer with.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class ProctorError(Exception):
    """The root. Catch it at an edge (command line, HTTP), nowhere else.

    ``fact`` says what is wrong, ``mend`` what to do about it.
    """

    exit_code: ClassVar[int] = 2
    http_status: ClassVar[int] = 500
    slug: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"

    def __init__(self, fact: str, *, mend: str = "") -> None:
        self.fact = fact
        self.mend = mend
        super().__init__(f"{fact} {mend}".strip())

    def __reduce__(self) -> tuple[object, ...]:
        # An exception is otherwise made anew from its message, which no constructor here takes.
        return _remade, (type(self), self.args), self.__dict__


def _remade(kind: type[ProctorError], args: tuple[object, ...]) -> ProctorError:
    """An error that another process raised, before its fields are set."""
    return kind.__new__(kind, *args)


# --------------------------------------------------------------- bad input


class BadInput(ProctorError):
    """What was given cannot be used; nothing was changed."""

    exit_code = 2
    http_status = 422
    slug = "bad-input"
    title = "The request cannot be used"


class BadQuestion(BadInput):
    """Each of ``faults`` says where and what, without a full stop."""

    slug = "bad-question"
    title = "Not a valid question"

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__(f"not a valid question: {'; '.join(faults)}.")


class QuestionNotScored(BadInput):
    slug = "question-not-scored"
    title = "This version cannot score the question"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the question cannot be scored: {reason}.")


class CannotWrite(BadInput):
    """``deed``: what was asked of the version, as in "explain"."""

    slug = "cannot-write"
    title = "This version cannot answer in words"

    def __init__(
        self,
        deed: str,
        reason: str,
        *,
        mend: str = "Score it, or take a version whose training began with a language model.",
    ) -> None:
        self.deed = deed
        self.reason = reason
        super().__init__(f"this version cannot {deed}: {reason}.", mend=mend)


class RequestMalformed(BadInput):
    http_status = 400
    slug = "request-malformed"
    title = "The request cannot be read"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the body cannot be read: {reason}.", mend="Send one JSON object.")


class RequestTooLarge(BadInput):
    http_status = 413
    slug = "request-too-large"
    title = "The request is too large"

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"the body is larger than {limit_bytes} bytes.")


class WrongMediaType(BadInput):
    http_status = 415
    slug = "wrong-media-type"
    title = "The request is not JSON"

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(
            f"the content type is {found or 'missing'}.", mend="Send application/json, as UTF-8."
        )


class WrongMethod(BadInput):
    http_status = 405
    slug = "wrong-method"
    title = "The method is not allowed here"

    def __init__(self, method: str, path: str) -> None:
        self.method = method
        self.path = path
        super().__init__(f"{path} does not know {method}.", mend="See /openapi.json.")


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


# ----------------------------------------------------------------- refused


class Refused(ProctorError):
    """The input is well-formed, and the answer is no."""

    exit_code = 1
    http_status = 409
    slug = "refused"
    title = "Refused"


class GateNotPassed(Refused):
    slug = "gate-not-passed"
    title = "The gate was not passed"

    def __init__(self, subject: str, reason: str, *, mend: str = "") -> None:
        self.subject = subject
        self.reason = reason
        super().__init__(f"{subject} did not pass the gate: {reason}", mend=mend)


class DigestMismatch(Refused):
    slug = "digest-mismatch"
    title = "Bytes differ from what was recorded"

    def __init__(self, subject: str, *, expected: str, found: str, mend: str) -> None:
        self.subject = subject
        self.expected = expected
        self.found = found
        super().__init__(
            f"{subject}: the digest is {found[:19]}…, but {expected[:19]}… was recorded.",
            mend=mend,
        )


class ProofBroken(Refused):
    """Items of a bank did not stand their verification; ``question`` is the first."""

    slug = "proof-broken"
    title = "A question's proof does not hold"

    def __init__(self, folder: Path, question: str, reason: str, questions: int) -> None:
        self.folder = folder
        self.question = question
        self.reason = reason
        self.questions = questions
        super().__init__(
            f"{folder}: {questions} of its questions do not hold, first {question}: {reason}.",
            mend="The bank was altered: build it anew with `proctor questions build`.",
        )


class ExperimentDeleted(Refused):
    """``experiment`` is its name or its id, whichever MLflow told."""

    slug = "experiment-deleted"
    title = "The experiment was deleted"

    def __init__(self, experiment: str) -> None:
        self.experiment = experiment
        super().__init__(
            f"MLflow's experiment {experiment} was deleted in its pages: no run can be added.",
            mend="`mlflow experiments search --view deleted_only` tells its id and `mlflow"
            " experiments restore -x ID` brings it back; or name another experiment in"
            " params.yaml.",
        )


class ChampionMoved(Refused):
    """The alias moved between the judgement and the move; the mover lost."""

    slug = "champion-moved"
    title = "The champion is another one by now"

    def __init__(self, model: str, *, judged_against: str, present: str) -> None:
        self.model = model
        self.judged_against = judged_against
        self.present = present
        super().__init__(
            f"{model}: the verdict was given against {judged_against}, but the champion is"
            f" {present} by now; nothing was moved.",
            mend="Judge again: `proctor registry pin`, `dvc repro gate`,"
            " `proctor registry register`, then promote.",
        )


class AliasTampered(Refused):
    slug = "alias-tampered"
    title = "An alias was moved behind the ledger's back"

    def __init__(self, model: str, alias: str, *, ledger: str, found: str) -> None:
        self.model = model
        self.alias = alias
        self.ledger = ledger
        self.found = found
        super().__init__(
            f"{model}@{alias} points to {found} in MLflow, but the ledger says {ledger}:"
            " it was moved behind the ledger's back.",
            mend="See `proctor registry verify`; `proctor registry repair --restore` sets the"
            " alias to what the ledger says.",
        )


class LedgerCorrupt(Refused):
    slug = "ledger-corrupt"
    title = "The ledger's chain does not hold"

    def __init__(self, seq: int, reason: str) -> None:
        self.seq = seq
        self.reason = reason
        super().__init__(
            f"the ledger is damaged at event {seq}: {reason}.",
            mend="Restore the ledger's database from a backup; nothing was changed.",
        )


class BentoNotBuilt(Refused):
    slug = "bento-not-built"
    title = "The bento could not be built"

    def __init__(self, subject: str, reason: str) -> None:
        self.subject = subject
        self.reason = reason
        super().__init__(f"the bento of {subject} could not be built: {reason}")


class DemoFailed(Refused):
    """A command of the demonstration did not end as it must."""

    slug = "demo-failed"
    title = "The demonstration failed"

    def __init__(self, command: str, returncode: int, work: Path) -> None:
        self.command = command
        self.returncode = returncode
        super().__init__(
            f"`{command}` ended with {returncode}.",
            mend=f"Its output is above; logs of the services are in {work}/.proctor/logs.",
        )


class StackConflict(Refused):
    slug = "stack-conflict"
    title = "The local stack cannot do that"


class StackFileDamaged(StackConflict):
    """Nobody knows what of ours runs: nothing is started beside it, nothing ended."""

    slug = "stack-file-damaged"
    title = "The file of what runs cannot be read"

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} does not tell what `proctor up` started: {reason}.",
            mend="MLflow, answerer and gateway may still run: find them with `ps -ef`, end them"
            f" by their ids, remove {path.name}, then run `proctor up`.",
        )


class PortBusy(StackConflict):
    slug = "port-busy"
    title = "The port is taken"

    def __init__(self, service: str, host: str, port: int) -> None:
        self.service = service
        self.port = port
        super().__init__(
            f"{service} cannot start: {host}:{port} is taken by another program.",
            mend=f"End that program, or choose another port: --{service}-port of `proctor up`,"
            " --port of the others.",
        )


class ChildDied(StackConflict):
    slug = "child-died"
    title = "A process ended while it was starting"

    def __init__(self, service: str, returncode: int | None, log: Path, tail: str) -> None:
        self.service = service
        self.returncode = returncode
        self.log = log
        ended = "was not ready in time" if returncode is None else f"ended with {returncode}"
        super().__init__(f"{service} {ended}; the end of {log}:\n{tail}\n")


# --------------------------------------------------------------- not found


class NotFound(ProctorError):
    exit_code = 2
    http_status = 404
    slug = "not-found"
    title = "Not found"


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


# ------------------------------------------------------------ service away


class ServiceAway(ProctorError):
    exit_code = 3
    http_status = 503
    slug = "service-away"
    title = "A needed service is away"


class TrackingAway(ServiceAway):
    slug = "tracking-away"
    title = "MLflow does not answer"

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = uri
        self.reason = reason
        super().__init__(
            f"MLflow at {uri} does not answer ({reason}).",
            mend="Start it with `proctor up`, or set MLFLOW_TRACKING_URI to one that runs.",
        )


class TrackingForbidden(TrackingAway):
    """MLflow answers 403: it does not know the name that it is called by (``host``), or does
    not let us in (``host`` is ``None``)."""

    slug = "tracking-forbidden"
    title = "MLflow refuses us"

    def __init__(self, uri: str, reason: str, *, host: str | None) -> None:
        self.uri = uri
        self.reason = reason
        self.host = host
        ProctorError.__init__(
            self,
            f"MLflow at {uri} refuses us (403: {reason[:200]}).",
            mend="Give MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or"
            " MLFLOW_TRACKING_TOKEN."
            if host is None
            else f"Start that MLflow with `--allowed-hosts {host}` (or set"
            " MLFLOW_SERVER_ALLOWED_HOSTS there), or set MLFLOW_TRACKING_URI to a name that"
            " it allows.",
        )


class MoveNotShown(ServiceAway):
    """MLflow went away between a decision and its showing: the decision stands."""

    slug = "move-not-shown"
    title = "The move is decided, but MLflow does not show it yet"

    def __init__(self, model: str, reason: str) -> None:
        self.model = model
        self.reason = reason
        super().__init__(
            f"{model}: the ledger holds the decision, but MLflow does not show it yet ({reason}).",
            mend="When MLflow is back, `proctor registry repair` finishes it.",
        )


class VersionNotShown(ServiceAway):
    """MLflow went away when the ledger held a new version already: the version stands."""

    slug = "version-not-shown"
    title = "The version is registered, but MLflow does not show all of it yet"

    def __init__(self, model: str, version: str, reason: str) -> None:
        self.model = model
        self.version = version
        self.reason = reason
        super().__init__(
            f"{model}/{version} is registered, but MLflow does not show its challenger or its"
            f" page yet ({reason}).",
            mend="The version stands. When MLflow is back, run `proctor registry register` again:"
            " it makes no second version, it shows what is missing.",
        )


class LedgerAway(ServiceAway):
    slug = "ledger-away"
    title = "The ledger's database does not answer"

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"the ledger at {url} does not answer ({reason}).",
            mend="Check the database, or set PROCTOR_LEDGER_URL.",
        )


class AnswererAway(ServiceAway):
    slug = "answerer-away"
    title = "No answerer is ready"

    def __init__(self, slot: str, reason: str) -> None:
        self.slot = slot
        self.reason = reason
        super().__init__(f"slot {slot} cannot answer: {reason}.", mend="Try again shortly.")


class AnswererBroken(ServiceAway):
    """The reply of an answerer breaks the contract: it is not passed on."""

    http_status = 502
    slug = "answerer-broken"
    title = "The answerer gave no valid answer"

    def __init__(self, slot: str, reason: str) -> None:
        self.slot = slot
        self.reason = reason
        super().__init__(f"slot {slot} gave no valid answer: {reason}.")


class DeadlinePassed(ServiceAway):
    http_status = 504
    slug = "deadline-passed"
    title = "No answer in time"

    def __init__(self, slot: str, seconds: float) -> None:
        self.slot = slot
        self.seconds = seconds
        super().__init__(
            f"slot {slot} did not answer within {seconds:g} s.", mend="Try again shortly."
        )


class GatewayAway(ServiceAway):
    slug = "gateway-away"
    title = "The gateway does not answer"

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"the gateway at {url} does not answer ({reason}).",
            mend="Start it with `proctor up`, or name another with --url.",
        )


class HubAway(ServiceAway):
    """What was asked for lies on the Hugging Face hub, which cannot be reached."""

    slug = "hub-away"
    title = "The Hugging Face hub does not answer"

    def __init__(self, wanted: str, endpoint: str, reason: str, *, mend: str) -> None:
        self.wanted = wanted
        self.endpoint = endpoint
        self.reason = reason
        super().__init__(
            f"{wanted} is not on this machine, and the Hugging Face hub at {endpoint} cannot be"
            f" reached ({reason}).",
            mend=mend,
        )


class IndexAway(ServiceAway):
    slug = "index-away"
    title = "The package index does not answer"

    def __init__(self, profile: str, release: str, reason: str, works_offline: str) -> None:
        self.profile = profile
        self.release = release
        self.reason = reason
        super().__init__(
            f"profile {profile}: {release} is not on this machine, and pip cannot reach the"
            f" package index ({reason}).",
            mend=f"{works_offline} pip's own settings count (PIP_INDEX_URL, PIP_FIND_LINKS,"
            " PIP_CERT).",
        )


class ClusterAway(ServiceAway):
    """``address`` as it was asked for; ``local`` for a cluster of this process's own."""

    slug = "cluster-away"
    title = "The Ray cluster does not work"

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(
            f"the Ray cluster {address}: {reason}.",
            mend="See `ray status`; every node needs the checkpoint's folder, Proctor of this"
            " version and a free CPU.",
        )


class GatewayFailed(ServiceAway):
    """What a gateway's problem document (RFC 9457) says, with a status of 500 or above."""

    slug = "gateway-failed"
    title = "The gateway could not answer"

    def __init__(self, problem: str, status: int, detail: str, request_id: str | None) -> None:
        self.problem = problem
        self.status = status
        self.detail = detail
        self.request_id = request_id
        super().__init__(
            f"{problem} ({status}): {detail}", mend=f"Request {request_id}." if request_id else ""
        )


class StorageFull(ServiceAway):
    slug = "storage-full"
    title = "No space left"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"no space is left to write {path}; what stood there before is unharmed.",
            mend="Free some space and run the same command again.",
        )


# --------------------------------------------------------- could not judge


class CouldNotJudge(ProctorError):
    """The evidence is missing or too small: neither a pass nor a reject."""

    exit_code = 4
    http_status = 409
    slug = "could-not-judge"
    title = "Could not judge"

    def __init__(self, subject: str, reason: str) -> None:
        self.subject = subject
        self.reason = reason
        super().__init__(f"{subject} could not be judged: {reason}")
