"""The one base of every shape here: frozen, strict about keys, plain to dump."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """Frozen, and unknown keys are refused (pydantic ``ValidationError``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
