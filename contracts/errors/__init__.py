"""The whole error tree of Proctor.

::

    ProctorError
    ├── BadInput                 exit 2, HTTP 422
    │   ├── BadQuestion             a question breaks the rules of questions
    │   ├── QuestionNotScored       a valid question that this version cannot score
    │   ├── CannotWrite             a version that cannot answer or explain in words
    │   ├── BadFeedback             feedback that says nothing about an answer
    │   ├── RequestMalformed        a body that cannot be read (HTTP 400)
    │   ├── RequestTooLarge         a body beyond the limit (HTTP 413)
    │   ├── WrongMediaType          a body that is not JSON (HTTP 415)
    │   ├── WrongMethod             a path that knows no such method (HTTP 405)
    │   ├── Unauthenticated         no key, or none that is known (HTTP 401)
    │   ├── ScopeMissing            a key that may not do this (HTTP 403)
    │   ├── HeaderInvalid           a header that cannot be used (HTTP 400)
    │   ├── HeadersTooLarge         headers beyond the limit (HTTP 431)
    │   ├── HeadersTooSlow          headers that do not arrive in time (HTTP 408)
    │   ├── BodyTooSlow             a body that does not arrive in time (HTTP 408)
    │   ├── TooManyRequests         a key beyond its rate or its requests at once (HTTP 429)
    │   ├── KeysInvalid             a file of API keys that cannot be used
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
    │   ├── KeyTaken                an API key of that name is or was there
    │   ├── ChampionMoved           the champion is not the one that was judged against
    │   ├── AliasTampered           an alias was moved behind the ledger's back
    │   ├── LedgerCorrupt           the chain of hashes does not hold
    │   ├── SlotEmpty               callers cannot be sent where nothing answers
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
    │   ├── AnswerNotFound          no answer was kept under that request id
    │   ├── KeyNotFound             no such API key, or it was revoked
    │   ├── RunNotFound
    │   └── BaseNotFound            the hub or the index has no such model
    ├── ServiceAway              exit 3, HTTP 503
    │   ├── TrackingAway            MLflow does not answer
    │   │   └── TrackingForbidden      MLflow answers, and refuses us
    │   ├── MoveNotShown            a move was decided, and MLflow does not show it yet
    │   ├── VersionNotShown         a version was registered, and MLflow lacks some of it yet
    │   ├── LedgerAway              the ledger's database does not answer
    │   ├── AnswerLogAway           the answer log's database does not answer
    │   ├── Overloaded              more is under way than can be answered in time
    │   ├── GatewayEnding           a gateway that was told to end takes nobody new
    │   ├── AnswererAway            no answerer behind a slot
    │   ├── AnswererBroken          an answerer whose reply cannot be trusted (HTTP 502)
    │   ├── DeadlinePassed          no answer in time (HTTP 504)
    │   ├── ScoredTooLate           a question whose deadline passed before its turn (HTTP 504)
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

from contracts.errors.bad_calls import (
    BadFeedback,
    BadQuestion,
    BodyTooSlow,
    CannotWrite,
    HeaderInvalid,
    HeadersTooLarge,
    HeadersTooSlow,
    QuestionNotScored,
    RequestMalformed,
    RequestTooLarge,
    ScopeMissing,
    TooManyRequests,
    Unauthenticated,
    WrongMediaType,
    WrongMethod,
)
from contracts.errors.bad_files import (
    BadParams,
    BadReference,
    BadRow,
    BadSuites,
    BaseInvalid,
    BentoInvalid,
    CheckpointInvalid,
    EmptySample,
    ExtraMissing,
    GatewayRefused,
    KeysInvalid,
    ProtocolsDiffer,
    ResultsInvalid,
    SuitesDiffer,
)
from contracts.errors.not_found import (
    AliasNotFound,
    AnswerNotFound,
    BaseNotFound,
    DatasetNotFound,
    KeyNotFound,
    ModelNotFound,
    NotThereThen,
    PathNotFound,
    RunNotFound,
    SuiteNotFound,
    VersionNotFound,
)
from contracts.errors.refused import (
    AliasTampered,
    BentoNotBuilt,
    ChampionMoved,
    ChildDied,
    DemoFailed,
    DigestMismatch,
    ExperimentDeleted,
    GateNotPassed,
    KeyTaken,
    LedgerCorrupt,
    PortBusy,
    ProofBroken,
    SlotEmpty,
    StackConflict,
    StackFileDamaged,
)
from contracts.errors.root import (
    BadInput,
    CouldNotJudge,
    NotFound,
    ProctorError,
    Refused,
    ServiceAway,
)
from contracts.errors.services import (
    AnswererAway,
    AnswererBroken,
    AnswerLogAway,
    ClusterAway,
    DeadlinePassed,
    GatewayAway,
    GatewayEnding,
    GatewayFailed,
    HubAway,
    IndexAway,
    LedgerAway,
    MoveNotShown,
    Overloaded,
    ScoredTooLate,
    StorageFull,
    TrackingAway,
    TrackingForbidden,
    VersionNotShown,
)

__all__ = [
    "AliasNotFound",
    "AliasTampered",
    "AnswerLogAway",
    "AnswerNotFound",
    "AnswererAway",
    "AnswererBroken",
    "BadFeedback",
    "BadInput",
    "BadParams",
    "BadQuestion",
    "BadReference",
    "BadRow",
    "BadSuites",
    "BaseInvalid",
    "BaseNotFound",
    "BentoInvalid",
    "BentoNotBuilt",
    "BodyTooSlow",
    "CannotWrite",
    "ChampionMoved",
    "CheckpointInvalid",
    "ChildDied",
    "ClusterAway",
    "CouldNotJudge",
    "DatasetNotFound",
    "DeadlinePassed",
    "DemoFailed",
    "DigestMismatch",
    "EmptySample",
    "ExperimentDeleted",
    "ExtraMissing",
    "GateNotPassed",
    "GatewayAway",
    "GatewayEnding",
    "GatewayFailed",
    "GatewayRefused",
    "HeaderInvalid",
    "HeadersTooLarge",
    "HeadersTooSlow",
    "HubAway",
    "IndexAway",
    "KeyNotFound",
    "KeyTaken",
    "KeysInvalid",
    "LedgerAway",
    "LedgerCorrupt",
    "ModelNotFound",
    "MoveNotShown",
    "NotFound",
    "NotThereThen",
    "Overloaded",
    "PathNotFound",
    "PortBusy",
    "ProctorError",
    "ProofBroken",
    "ProtocolsDiffer",
    "QuestionNotScored",
    "Refused",
    "RequestMalformed",
    "RequestTooLarge",
    "ResultsInvalid",
    "RunNotFound",
    "ScopeMissing",
    "ScoredTooLate",
    "ServiceAway",
    "SlotEmpty",
    "StackConflict",
    "StackFileDamaged",
    "StorageFull",
    "SuiteNotFound",
    "SuitesDiffer",
    "TooManyRequests",
    "TrackingAway",
    "TrackingForbidden",
    "Unauthenticated",
    "VersionNotFound",
    "VersionNotShown",
    "WrongMediaType",
    "WrongMethod",
]
