"""Every knob of a gateway process, with unit and range.

``proctor gateway serve`` has an option and an environment variable for each of them
(``--deadline-seconds``, ``PROCTOR_SERVE_DEADLINE_SECONDS``). The prefix is not
``PROCTOR_GATEWAY_``: Kubernetes sets such variables of its own for a service of that name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from contracts.errors import BadParams
from contracts.faults import first_fault
from gateway.routing_settings import RoutingSettings

PREFIX: Final = "PROCTOR_SERVE_"
LogLevel = Literal["debug", "info", "warning", "error"]


class GatewaySettings(RoutingSettings):
    """Limits of one gateway process. Seconds are decimal, sizes are bytes."""

    deadline_seconds: float = Field(
        default=10.0, gt=0.0, le=600.0, description="Seconds for one answer, or for one batch."
    )
    explanation_seconds: float = Field(
        default=120.0, gt=0.0, le=3_600.0, description="Seconds for one explanation."
    )
    connect_seconds: float = Field(
        default=1.0, gt=0.0, le=60.0, description="Seconds to reach an answerer."
    )
    most_connections: int = Field(
        default=100, ge=1, le=10_000, description="Connections to answerers at once."
    )
    most_answers: int = Field(
        default=2_048, ge=1, le=100_000, description="Questions under way at once."
    )
    most_explanations: int = Field(
        default=64, ge=1, le=10_000, description="Explanations under way at once."
    )
    # The longest valid question is 170,000 characters, 12 bytes each where JSON escapes
    # them as surrogate pairs: no valid question is too large.
    largest_body_bytes: int = Field(
        default=2_097_152, ge=1, le=1_073_741_824, description="Bytes of one request's body."
    )
    most_body_bytes: int = Field(
        default=268_435_456, ge=1, description="Bytes of all bodies that are held at once."
    )
    body_seconds: float = Field(
        default=10.0, gt=0.0, le=600.0, description="Seconds for a body to arrive in."
    )
    largest_headers_bytes: int = Field(
        default=16_384, ge=256, le=1_048_576, description="Bytes of one request's path and headers."
    )
    headers_seconds: float = Field(
        default=10.0, gt=0.0, le=600.0, description="Seconds for path and headers to arrive in."
    )
    idle_seconds: int = Field(
        default=75, ge=1, le=3_600, description="Seconds that an idle connection is kept open."
    )
    backlog: int = Field(
        default=2_048, ge=1, le=65_535, description="Connections that may wait to be accepted."
    )
    drain_seconds: float = Field(
        default=1.0,
        ge=0.0,
        le=600.0,
        description="Seconds from SIGTERM, when /readyz turns 503, to the last new connection.",
    )
    grace_seconds: int = Field(
        default=15, ge=1, le=3_600, description="Seconds for what is under way after that."
    )
    keys_seconds: float = Field(
        default=1.0, gt=0.0, le=60.0, description="Seconds between looks at the file of keys."
    )
    log_level: LogLevel = Field(default="info", description="The least that is logged.")
    log_questions: bool = Field(
        default=False, description="Write questions into the log, as they were asked."
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        max_length=1_000,
        description="Addresses whose X-Forwarded-For is believed, separated by commas.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.most_body_bytes < self.largest_body_bytes:
            raise ValueError("most_body_bytes is less than largest_body_bytes")
        return self


def variable_of(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def read_gateway_settings(
    given: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> GatewaySettings:
    """What was ``given`` by name (``None`` is not), else what the environment says, else the
    defaults. Raises ``BadParams`` for a value out of range or a variable that is none."""
    values: dict[str, Any] = {}
    for name, text in environment.items():
        if name.startswith(PREFIX):
            field = name.removeprefix(PREFIX).lower()
            if field not in GatewaySettings.model_fields:
                raise BadParams(name, "there is no such setting.")
            values[field] = text
    values |= {field: value for field, value in given.items() if value is not None}
    try:
        return GatewaySettings.model_validate(values)
    except ValidationError as error:
        raise BadParams("a setting of the gateway", first_fault(error)) from error
