"""How questions reach versions: the knobs of ``gateway.routing``, with unit and range."""

from __future__ import annotations

from pydantic import Field

from gateway.health import HealthSettings


class RoutingSettings(HealthSettings):
    """Seconds are decimal, sizes are bytes, a ratio is from 0 to 1."""

    stable_reserve_ratio: float = Field(
        default=0.5,
        ge=0.0,
        lt=1.0,
        description="Share of a deadline that a canary leaves for stable.",
    )
    cache_entries: int = Field(
        default=10_000, ge=0, le=10_000_000, description="Answers kept in memory; 0 for none."
    )
    cache_bytes: int = Field(default=33_554_432, ge=0, description="Bytes of answers kept.")
    shadow_under_way: int = Field(
        default=64, ge=0, le=10_000, description="Copies asked of a shadow at once."
    )
    shadow_seconds: float = Field(
        default=10.0, gt=0.0, le=600.0, description="Seconds for one such copy."
    )
    shadow_drain_seconds: float = Field(
        default=5.0, ge=0.0, le=600.0, description="Seconds for copies under way at the end."
    )
