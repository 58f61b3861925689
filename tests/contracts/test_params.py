"""The image of params.yaml: every key typed, bounded, described; unknown keys refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from contracts.params import Params

ROOT = Path(__file__).parents[2]


@pytest.fixture
def raw() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    return loaded


def set_at(raw: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(raw))
    *parents, last = path.split(".")
    place = changed
    for parent in parents:
        place = place[parent]
    place[last] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("questions.count", 23),
        ("questions.seed", -1),
        ("train.steps", 0),
        ("train.steps", "many"),
        ("train.steps", 1.5),
        ("train.learning_rate", 0),
        ("train.learning_rate", 1.1),
        ("train.learning_rate", float("nan")),
        ("train.clip_norm", float("inf")),
        ("train.threads", 0),
        ("train.profile", "huge"),
        ("train.epochs", 3),
        ("evaluate.max_questions", 0),
        ("gate.minimum_accuracy", 1.01),
        ("gate.margin", -0.01),
        ("gate.confidence", 0.5),
        ("gate.confidence", 1),
        ("profiles.nano.hidden_size", 98),
        ("profiles.nano.hidden_size", 100),
        ("profiles.nano.key_value_heads", 3),
        ("profiles.nano.scoring", "guess"),
        ("profiles.nano.vocabulary", 255),
        ("model", "Coding MCQA"),
        ("experiment", ""),
        ("unknown", 1),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(raw: dict[str, Any], path: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Params.model_validate(set_at(raw, path, value))
    (fault,) = caught.value.errors()
    named = ".".join(str(part) for part in fault["loc"]) + fault["msg"]
    # A fault between keys stands at their parent and names the key in its words.
    assert path.rpartition(".")[2] in named


def test_the_projects_own_file_is_valid_and_frozen(raw: dict[str, Any]) -> None:
    params = Params.model_validate(raw)
    assert params.train.profile in params.profiles
    with pytest.raises(ValidationError, match="frozen"):
        params.train.steps = 1


def test_missing_keys_are_refused(raw: dict[str, Any]) -> None:
    for key in raw:
        with pytest.raises(ValidationError, match="Field required"):
            Params.model_validate({name: raw[name] for name in raw if name != key})


def nested_shapes(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [model]
    for field in model.model_fields.values():
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found += nested_shapes(kind)
    return found


def test_every_setting_says_what_it_is() -> None:
    for shape in nested_shapes(Params):
        assert shape.model_config["frozen"] is True
        assert shape.model_config["extra"] == "forbid"
        for name, field in shape.model_fields.items():
            group = any(
                isinstance(kind, type) and issubclass(kind, BaseModel)
                for kind in (field.annotation, *getattr(field.annotation, "__args__", ()))
            )
            assert group or field.description, f"{shape.__name__}.{name} has no description"
