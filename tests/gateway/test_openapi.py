"""The document at ``/openapi.json``: true to what the gateway does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel
from starlette.testclient import TestClient

from contracts import errors
from contracts.answers import Answer, AnswerRequest, Problem
from contracts.errors import ProctorError
from contracts.explanations import Explanation, ExplanationText
from gateway.examples import EXPLAINED, all_problems

PROBLEM = "application/problem+json"
# What a test's gateway cannot do: nothing was answered under the id of the example.
ONLY_DESCRIBED = {"/v1/feedback"}


@pytest.fixture
def document(door: TestClient) -> dict[str, Any]:
    answered: dict[str, Any] = door.get("/openapi.json").json()
    return answered


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def check(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """``value`` as the document's ``schema`` says."""
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def examples_of(content: dict[str, Any]) -> list[Any]:
    if "example" in content:
        return [content["example"]]
    return [example["value"] for example in content["examples"].values()]


def test_every_path_of_the_gateway_is_there(document: dict[str, Any]) -> None:
    wanted = {"/v1/answers", "/v1/models", "/v1/admin/traffic"}
    assert wanted | {"/healthz", "/readyz", "/metrics"} <= set(document["paths"])


def test_every_path_is_documented(document: dict[str, Any]) -> None:
    page = (Path(__file__).parents[2] / "docs/gateway.md").read_text()
    rows = set(re.findall(r"^\| `([A-Z]+) (/\S*)` \|", page, re.MULTILINE))
    assert {(method.upper(), path) for method, path, _ in operations(document)} <= rows


def test_the_example_of_an_explanation_is_a_stream_of_its_events() -> None:
    shapes: dict[str, type[BaseModel]] = {
        "scored": Answer,
        "text": ExplanationText,
        "explanation": Explanation,
    }
    events = [event.split("\n") for event in EXPLAINED.strip().split("\n\n")]
    assert [event[0] for event in events] == [f"event: {kind}" for kind in shapes]
    for event, shape in zip(events, shapes.values(), strict=True):
        shape.model_validate_json(event[1].removeprefix("data: "))


def test_errors_are_described_as_problems(document: dict[str, Any]) -> None:
    responses = document["paths"]["/v1/answers"]["post"]["responses"]
    assert set(responses) == {
        *("200", "400", "401", "403", "408", "413", "415", "422", "429"),
        *("500", "502", "503", "504", "default"),
    }
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if status != "200":
                assert list(response["content"]) == [PROBLEM]
                schema = response["content"][PROBLEM]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}


def test_every_operation_and_every_status_has_examples_of_its_schema(
    document: dict[str, Any],
) -> None:
    checked = 0
    for _, path, operation in operations(document):
        parts = [operation["requestBody"]] if "requestBody" in operation else []
        for part in [*parts, *operation["responses"].values()]:
            for content in part["content"].values():
                found = examples_of(content)
                assert found, path
                for example in found:
                    check(document, content["schema"], example)
                    checked += 1
    assert checked > 100


def test_the_requests_of_the_examples_succeed(door: TestClient, document: dict[str, Any]) -> None:
    sent = 0
    for method, path, operation in operations(document):
        if path in ONLY_DESCRIBED:
            continue
        bodies: list[Any] = [None]
        if "requestBody" in operation:
            bodies = examples_of(operation["requestBody"]["content"]["application/json"])
        for body in bodies:
            reply = door.request(method, path, json=body)
            assert reply.status_code == 200, (path, reply.text)
            (content,) = operation["responses"]["200"]["content"].items()
            assert reply.headers["content-type"].startswith(content[0])
            if content[0] == "application/json":
                check(document, content[1]["schema"], reply.json())
            sent += 1
    assert sent >= 7


def test_the_examples_of_problems_are_what_those_errors_become(document: dict[str, Any]) -> None:
    def kinds(root: type[ProctorError]) -> Iterator[type[ProctorError]]:
        for child in root.__subclasses__():
            yield child
            yield from kinds(child)

    known = {
        kind.slug: kind
        for kind in kinds(ProctorError)
        if kind.__module__.startswith(errors.__name__)
    }
    for slug, example in all_problems().items():
        assert example.type == f"/problems/{slug}"
        if slug != "unexpected":
            assert (example.status, example.title) == (known[slug].http_status, known[slug].title)
    told = document["paths"]["/v1/models"]["get"]["responses"]["default"]["content"][PROBLEM]
    assert {Problem.model_validate(example).type for example in examples_of(told)} == {
        example.type for example in all_problems().values()
    }


def test_an_explanation_is_described_as_a_stream(document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/explanations"]["post"]
    assert list(operation["responses"]["200"]["content"]) == ["text/event-stream"]
    assert "application/problem+json" in operation["responses"]["503"]["content"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/AnswerRequest"}


def test_the_question_is_described_with_an_example_that_works(
    door: TestClient, document: dict[str, Any]
) -> None:
    body = document["paths"]["/v1/answers"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/AnswerRequest"}
    described = document["components"]["schemas"]["AnswerRequest"]
    assert described == AnswerRequest.model_json_schema()
    example = {key: part["examples"][0] for key, part in described["properties"].items()}
    assert door.post("/v1/answers", json=example).status_code == 200


def test_keys_are_described_by_the_scope_that_is_needed(
    door: TestClient, document: dict[str, Any]
) -> None:
    scheme = document["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for method, path, operation in operations(document):
        reply = door.request(method, path, headers={"Authorization": ""})
        assert (reply.status_code == 401) == ("security" in operation), path
    needed = {path: operation.get("security") for _, path, operation in operations(document)}
    assert needed["/v1/answers"] == [{"key": ["answer"]}]
    assert needed["/v1/admin/traffic"] == [{"key": ["admin"]}]


def test_headers_are_described(document: dict[str, Any]) -> None:
    responses = document["paths"]["/v1/answers"]["post"]["responses"]
    for response in responses.values():
        assert "X-Request-Id" in response["headers"]
    assert "Retry-After" in responses["429"]["headers"]
    assert "WWW-Authenticate" in responses["401"]["headers"]
    for header in document["components"]["parameters"].values():
        for example in header["schema"]["examples"]:
            check(document, header["schema"], example)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            inner = [found for value in part.values() for found in references(value)]
            return inner + ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
        if isinstance(part, list):
            return [found for value in part for found in references(value)]
        return []

    for reference in references(document):
        _, _, kind, name = reference.split("/")
        assert name in document["components"][kind], reference
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_title_version_and_no_page_that_loads_scripts(
    door: TestClient, document: dict[str, Any]
) -> None:
    assert document["info"]["title"] == "Proctor gateway"
    assert document["info"]["version"] == "1"
    assert door.get("/docs").status_code == 404
