"""How many explanations an answerer writes, how long they may be, and how long they may take.

Two of these may be set in the environment. Imports nothing heavy: the settings are checked
before a model is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import Field

from bentos.sizing import whole_number
from contracts.shape import Shape

AT_ONCE_VARIABLE: Final = "PROCTOR_ANSWERER_EXPLANATIONS"
TOKENS_VARIABLE: Final = "PROCTOR_ANSWERER_EXPLANATION_TOKENS"


class ExplainingLimits(Shape):
    """``at_once`` are written, ``waiting`` more wait for ``wait_seconds``. Of one explanation:
    ``max_new_tokens``, and ``longest_seconds``: what is written by then is all of it. Where
    questions never cease, a step is made every ``patience_seconds`` all the same."""

    at_once: int = Field(default=2, ge=1)
    waiting: int = Field(default=8, ge=0)
    wait_seconds: float = Field(default=5.0, gt=0.0)
    max_new_tokens: int = Field(default=512, ge=1)
    longest_seconds: float = Field(default=90.0, gt=0.0)
    patience_seconds: float = Field(default=0.5, gt=0.0)


def read_limits(environment: Mapping[str, str]) -> ExplainingLimits:
    """What the environment says. Raises ``BadParams`` naming the variable."""
    said = {
        "at_once": whole_number(environment, AT_ONCE_VARIABLE, 1_000),
        "max_new_tokens": whole_number(environment, TOKENS_VARIABLE, 32_768),
    }
    given = {name: value for name, value in said.items() if value is not None}
    return ExplainingLimits.model_validate(given)
