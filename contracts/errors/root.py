"""The root of all errors, and its five branches."""

from __future__ import annotations

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


class BadInput(ProctorError):
    """What was given cannot be used; nothing was changed."""

    exit_code = 2
    http_status = 422
    slug = "bad-input"
    title = "The request cannot be used"


class Refused(ProctorError):
    """The input is well-formed, and the answer is no."""

    exit_code = 1
    http_status = 409
    slug = "refused"
    title = "Refused"


class NotFound(ProctorError):
    exit_code = 2
    http_status = 404
    slug = "not-found"
    title = "Not found"


class ServiceAway(ProctorError):
    exit_code = 3
    http_status = 503
    slug = "service-away"
    title = "A needed service is away"


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
