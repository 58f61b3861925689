"""Settings: by option, by variable, by default; out of range and unknown ones are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.errors import BadParams
from gateway.settings import GatewaySettings, read_gateway_settings, variable_of

DOCS = Path(__file__).parents[2] / "docs/gateway.md"


def test_an_option_wins_over_a_variable_and_that_over_the_default() -> None:
    environment = {
        "PROCTOR_SERVE_DEADLINE_SECONDS": "2.5",
        "PROCTOR_SERVE_LOG_QUESTIONS": "true",
        "PROCTOR_SERVE_BACKLOG": "7",
        "PROCTOR_HOME": "elsewhere",
    }
    read = read_gateway_settings({"backlog": 9, "body_seconds": None}, environment)
    assert read == GatewaySettings(deadline_seconds=2.5, log_questions=True, backlog=9)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PROCTOR_SERVE_DEADLINE_SECONDS", "0", "deadline_seconds: Input should be greater"),
        ("PROCTOR_SERVE_DEADLINE_SECONDS", "soon", "deadline_seconds"),
        ("PROCTOR_SERVE_LOG_LEVEL", "chatty", "log_level"),
        ("PROCTOR_SERVE_MOST_BODY_BYTES", "10", "most_body_bytes is less than largest_body_bytes"),
        ("PROCTOR_SERVE_DEDLINE", "1", "PROCTOR_SERVE_DEDLINE: there is no such setting"),
    ],
)
def test_a_wrong_one_is_told(name: str, value: str, words: str) -> None:
    with pytest.raises(BadParams, match=words):
        read_gateway_settings({}, {name: value})


def test_every_setting_says_what_it_is_and_its_range() -> None:
    for name, field in GatewaySettings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        if field.annotation in {int, float}:
            assert field.metadata, f"{name} has no range"


def test_the_documentation_lists_every_setting_with_its_default() -> None:
    rows = re.findall(
        r"^\| `(--[a-z-]+)` \| `(\w+)` \| `(.*?)` \| (.*) \|$", DOCS.read_text(), re.MULTILINE
    )
    assert rows == [
        (f"--{name.replace('_', '-')}", variable_of(name), str(field.default), field.description)
        for name, field in GatewaySettings.model_fields.items()
    ]
