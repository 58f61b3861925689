"""The document at ``/openapi.json``: true to what the gateway does."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from contracts.answers import AnswerRequest


@pytest.fixture
def document(door: TestClient) -> dict[str, Any]:
    answered: dict[str, Any] = door.get("/openapi.json").json()
    return answered


def test_errors_are_described_as_problems(document: dict[str, Any]) -> None:
    responses = document["paths"]["/v1/answers"]["post"]["responses"]
    assert set(responses) == {"200", "400", "413", "415", "422", "500", "502", "503", "504"}
    for status, response in responses.items():
        wanted = "application/json" if status == "200" else "application/problem+json"
        assert list(response["content"]) == [wanted]
    schema = responses["422"]["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Problem"}


def test_the_question_is_described_with_an_example_that_works(
    door: TestClient, document: dict[str, Any]
) -> None:
    body = document["paths"]["/v1/answers"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/AnswerRequest"}
    described = document["components"]["schemas"]["AnswerRequest"]
    assert described == AnswerRequest.model_json_schema()
    example = {key: part["examples"][0] for key, part in described["properties"].items()}
    assert door.post("/v1/answers", json=example).status_code == 200


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            inner = [found for value in part.values() for found in references(value)]
            return inner + ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
        if isinstance(part, list):
            return [found for value in part for found in references(value)]
        return []

    schemas = document["components"]["schemas"]
    assert {ref.rpartition("/")[2] for ref in references(document)} <= set(schemas)
    assert "HTTPValidationError" not in schemas


def test_title_version_and_no_page_that_loads_scripts(
    door: TestClient, document: dict[str, Any]
) -> None:
    assert document["info"]["title"] == "Proctor gateway"
    assert document["info"]["version"] == "1"
    assert door.get("/docs").status_code == 404
