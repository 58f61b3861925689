"""Bad input over HTTP: questions, headers, bodies, keys."""

from __future__ import annotations

from contracts.errors.root import BadInput


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


class BadFeedback(BadInput):
    """Each of ``faults`` says where and what, without a full stop."""

    slug = "bad-feedback"
    title = "Not valid feedback"

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__(
            f"not valid feedback: {'; '.join(faults)}.",
            mend="Send the request_id of the reply, and either letter or thumbs.",
        )


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


class Unauthenticated(BadInput):
    http_status = 401
    slug = "unauthenticated"
    title = "No valid key"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"{reason}.", mend="Send Authorization: Bearer KEY; `proctor keys add` makes one."
        )


class ScopeMissing(BadInput):
    http_status = 403
    slug = "scope-missing"
    title = "This key may not do that"

    def __init__(self, key: str, scope: str) -> None:
        self.key = key
        self.scope = scope
        super().__init__(
            f"the key {key} has not the scope {scope}.",
            mend="`proctor keys add --scope` makes one that has.",
        )


class HeaderInvalid(BadInput):
    """``reason`` says what is wanted, without a full stop."""

    http_status = 400
    slug = "header-invalid"
    title = "A header cannot be used"

    def __init__(self, header: str, reason: str) -> None:
        self.header = header
        self.reason = reason
        super().__init__(f"the header {header}: {reason}.", mend="Correct it or leave it out.")


class HeadersTooLarge(BadInput):
    http_status = 431
    slug = "headers-too-large"
    title = "The headers are too large"

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(
            f"path and headers are larger than {limit_bytes} bytes.", mend="Send less of them."
        )


class HeadersTooSlow(BadInput):
    http_status = 408
    slug = "headers-too-slow"
    title = "The headers did not arrive in time"

    def __init__(self, limit_seconds: float) -> None:
        self.limit_seconds = limit_seconds
        super().__init__(f"path and headers did not arrive within {limit_seconds:g} s.")


class BodyTooSlow(BadInput):
    http_status = 408
    slug = "body-too-slow"
    title = "The request did not arrive in time"

    def __init__(self, limit_seconds: float) -> None:
        self.limit_seconds = limit_seconds
        super().__init__(f"the body did not arrive within {limit_seconds:g} s.")


class TooManyRequests(BadInput):
    """``retry_after_seconds`` is when the next one will be let in, if nobody else asks."""

    http_status = 429
    slug = "too-many-requests"
    title = "Too many requests"

    def __init__(self, reason: str, *, retry_after_seconds: float) -> None:
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{reason}.", mend=f"Try again in {retry_after_seconds:.3g} s.")
