"""What ``/openapi.json`` says: the shapes of ``contracts``, with problems where they are.

FastAPI writes error models under the media type of the success, and knows no body that it
did not read itself; both are put right here. Source: OpenAPI 3.1, RFC 9457.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from contracts.answers import AnswerRequest, Problem
from gateway.problems import MEDIA_TYPE

API_VERSION: Final = "1"
_FIRST_ERROR: Final = 400
_JSON: Final = "application/json"


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route: each of these statuses comes with a problem."""
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses
    }


def describe(app: FastAPI) -> None:
    """Let ``app`` write its document this way, once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _corrected(
                get_openapi(
                    title=app.title, version=app.version, summary=app.summary, routes=app.routes
                )
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # FastAPI's own way to extend it


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    schemas["AnswerRequest"] = AnswerRequest.model_json_schema()
    document["paths"]["/v1/answers"]["post"]["requestBody"] = {
        "required": True,
        "content": {_JSON: {"schema": {"$ref": "#/components/schemas/AnswerRequest"}}},
    }
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if int(status) >= _FIRST_ERROR:
                    response["content"] = {MEDIA_TYPE: response["content"][_JSON]}
    return document
