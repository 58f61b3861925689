"""What ``/openapi.json`` says: the shapes of ``contracts``, with an example of everything.

FastAPI writes the paths and the models of replies; this adds what it cannot know: bodies that
it did not read itself, problems under their own media type, keys, headers, examples.
Source: OpenAPI 3.1.1, https://spec.openapis.org/oas/v3.1.1.html; RFC 9457.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from contracts.answers import AnswerRequest, BatchRequest, FeedbackRequest, Problem
from contracts.explanations import MEDIA_TYPE as EVENT_STREAM
from gateway.examples import EXPLAINED, REPLIES, REQUESTS, SCRAPED, all_problems, problems_of_status
from gateway.problems import MEDIA_TYPE

API_VERSION: Final = "1"
_FIRST_ERROR: Final = 400
_JSON: Final = "application/json"
_SCHEMAS: Final = "#/components/schemas/"
_BODIES: Final[dict[str, type[BaseModel]]] = {
    "/v1/answers": AnswerRequest,
    "/v1/answers/batch": BatchRequest,
    "/v1/explanations": AnswerRequest,
    "/v1/feedback": FeedbackRequest,
}
# What is not JSON, with its media type.
_TEXTS: Final = {
    "/metrics": ("text/plain", SCRAPED),
    "/v1/explanations": (EVENT_STREAM, EXPLAINED),
}
_SCOPES: Final = {"/v1/admin/traffic": "admin", "/v1/feedback": "feedback"}
_ABOUT: Final = """\
Every error is a problem document (RFC 9457). Send a key with the scope that the operation
names; only the probes and `/metrics` need none. Every reply carries `X-Request-Id`: quote it.
"""


def _header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}}


# The headers that a request may carry, and those of replies, by status ("" is every one).
_ASKED: Final = {
    "X-Request-Id": _header(
        "A name for the request; one is made where there is none or an odd one.",
        examples=["order-4711"],
    ),
    "X-Caller-Id": _header(
        "The end user for whom it is asked: traffic is split by it, stickily. By default the key.",
        pattern=r"^[\x21-\x7e]{1,128}$",
        examples=["user-7"],
    ),
    "X-Deadline-Seconds": _header(
        "Lowers the time for the reply, in seconds.",
        pattern=r"^[0-9]{1,6}(\.[0-9]{1,9})?$",
        examples=["2.5"],
    ),
    "Cache-Control": _header(
        "`no-cache` asks for an answer that was not given before.", examples=["no-cache"]
    ),
    "traceparent": _header(
        "The trace that this belongs to (W3C Trace Context); passed on.",
        examples=["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ),
}
_TOLD: Final = {
    "X-Request-Id": _header("The name of the request, to quote.", examples=["order-4711"]),
    "Retry-After": _header("Whole seconds until it is worth trying again.", examples=["1"]),
    "WWW-Authenticate": _header("What is wanted.", examples=['Bearer realm="proctor"']),
}
_TOLD_WITH: Final = {
    "401": ("WWW-Authenticate",),
    "403": ("WWW-Authenticate",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route: each of these statuses comes with a problem."""
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses
    }


def describe(app: FastAPI) -> None:
    """Let ``app`` write its document this way, once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    summary=app.summary,
                    description=_ABOUT,
                    routes=app.routes,
                )
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # FastAPI's own way to extend it


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document["components"]
    schemas = components["schemas"]
    shapes: tuple[type[BaseModel], ...] = (*_BODIES.values(), Problem)
    for shape in shapes:
        schemas |= _schemas_of(shape)
    # It is read question by question, so that a bad one spoils no other.
    questions = schemas["BatchRequest"]["properties"]["questions"]
    questions["items"] = {"$ref": f"{_SCHEMAS}AnswerRequest"}
    components["headers"] = _TOLD
    components["parameters"] = {
        name: {"name": name, "in": "header", "required": False, **about}
        for name, about in _ASKED.items()
    }
    components["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "pk_ID_SECRET",
            "description": "A key of the scope that the operation names;"
            " `proctor keys add` makes one.",
        }
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(path, operation)
    return document


def _schemas_of(shape: type[BaseModel]) -> dict[str, Any]:
    """The schema of ``shape`` and of all that it is made of, by name."""
    schema = shape.model_json_schema(ref_template=_SCHEMAS + "{model}")
    return {**schema.pop("$defs", {}), shape.__name__: schema}


def _complete(path: str, operation: dict[str, Any]) -> None:
    if path.startswith("/v1/"):
        operation["security"] = [{"key": [_SCOPES.get(path, "answer")]}]
        operation["parameters"] = [
            {"$ref": f"#/components/parameters/{name}"}
            for name in _ASKED
            if name != "Cache-Control" or path in _BODIES
        ]
    if path in _BODIES:
        operation["requestBody"] = {
            "required": True,
            "content": {
                _JSON: {
                    "schema": {"$ref": f"{_SCHEMAS}{_BODIES[path].__name__}"},
                    "examples": _named(REQUESTS[path]),
                }
            },
        }
    responses = operation["responses"]
    responses["default"] = {
        "description": "Any other problem",
        "content": {_JSON: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}},
    }
    for status, response in responses.items():
        if status == "default" or int(status) >= _FIRST_ERROR:
            _complete_problem(status, response)
        elif path in REPLIES:
            response["content"][_JSON]["example"] = _plain(REPLIES[path])
        elif path in _TEXTS:
            media_type, example = _TEXTS[path]
            response["content"] = {media_type: {"schema": {"type": "string"}, "example": example}}
        response["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("X-Request-Id", *_TOLD_WITH.get(status, ()))
        }


def _complete_problem(status: str, response: dict[str, Any]) -> None:
    """Its own media type, and an example of each problem that has the status."""
    told = all_problems() if status == "default" else problems_of_status(int(status))
    content = response["content"][_JSON]
    content["examples"] = _named(told)
    response["content"] = {MEDIA_TYPE: content}


def _named(examples: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": _plain(example)} for name, example in examples.items()}


def _plain(example: Any) -> Any:
    if isinstance(example, Problem):
        return example.model_dump(mode="json", exclude_defaults=True)
    return example.model_dump(mode="json") if isinstance(example, BaseModel) else example
