"""What is needed and away, late or full."""

from __future__ import annotations

from pathlib import Path

from contracts.errors.root import ProctorError, ServiceAway


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


class AnswerLogAway(ServiceAway):
    slug = "answer-log-away"
    title = "The answer log does not answer"

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"the answer log at {url} does not answer ({reason}).",
            mend="See PROCTOR_ANSWER_LOG_URL; nothing was acknowledged, so try again.",
        )


class Overloaded(ServiceAway):
    """``retry_after_seconds`` is a guess at when there will be room."""

    slug = "overloaded"
    title = "Too much is under way"

    def __init__(self, reason: str, *, retry_after_seconds: float) -> None:
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{reason}.", mend=f"Try again in {retry_after_seconds:.3g} s.")


class GatewayEnding(ServiceAway):
    slug = "gateway-ending"
    title = "This gateway is about to end"


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


class ScoredTooLate(ServiceAway):
    http_status = 504
    slug = "scored-too-late"
    title = "The deadline passed before the question's turn"

    def __init__(self, waited_seconds: float) -> None:
        self.waited_seconds = waited_seconds
        super().__init__(
            f"the question waited {waited_seconds:.3g} s, and its deadline passed before its turn.",
            mend="Try again shortly, or allow more time.",
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
