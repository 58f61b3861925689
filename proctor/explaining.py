"""Asks a gateway for an explanation over HTTP, and hears its events as they come.

A problem reply and a problem event alike become a ``GatewayRefused`` where the caller must
change something, and a ``GatewayFailed`` where something is away. Source: RFC 9457, and the
HTML Living Standard, section 9.2 (server-sent events).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import httpx

from contracts.answers import Answer, AnswerRequest, Problem
from contracts.errors import GatewayAway
from contracts.event_stream import Event, EventReader
from contracts.explanations import MEDIA_TYPE, Explanation, ExplanationText
from proctor.asking import headers_for, raise_problem

_LARGEST_EVENT_BYTES: Final = 4_194_304


def ask_for_explanation(
    url: str,
    question: AnswerRequest,
    *,
    timeout_seconds: float,
    key: str | None = None,
    on_scored: Callable[[Answer], None] = lambda _answer: None,
    on_text: Callable[[str], None] = lambda _piece: None,
    transport: httpx.BaseTransport | None = None,
) -> Explanation:
    """The whole explanation; ``on_scored`` and ``on_text`` hear what comes before it.
    ``timeout_seconds`` is the longest silence. Raises ``GatewayRefused``, ``GatewayFailed``,
    or ``GatewayAway`` (also where something else answers, or the stream breaks off)."""
    try:
        with (
            httpx.Client(transport=transport, timeout=timeout_seconds, trust_env=False) as client,
            client.stream(
                "POST",
                f"{url.rstrip('/')}/v1/explanations",
                content=question.model_dump_json(exclude_none=True),
                headers=headers_for(key),
            ) as reply,
        ):
            if reply.headers.get("content-type", "").partition(";")[0] != MEDIA_TYPE:
                raise_problem(url, reply.status_code, reply.read())
            for event in _events(reply):
                match event.kind:
                    case "scored":
                        on_scored(Answer.model_validate_json(event.data))
                    case "text":
                        on_text(ExplanationText.model_validate_json(event.data).text)
                    case "explanation":
                        return Explanation.model_validate_json(event.data)
                    case "problem":
                        problem = Problem.model_validate_json(event.data)
                        raise_problem(url, problem.status, event.data.encode())
            raise GatewayAway(url, "its explanation breaks off")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise GatewayAway(url, str(error) or type(error).__name__) from error
    except ValueError as error:  # an event that has not its shape, or no end
        raise GatewayAway(url, "something else answers there, with a stream of its own") from error


def _events(reply: httpx.Response) -> Iterator[Event]:
    reader = EventReader(largest_bytes=_LARGEST_EVENT_BYTES)
    for piece in reply.iter_raw():
        yield from reader.feed(piece)
