"""What every benchmark shares: targets with a direction, and how a result is handed over."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Target:
    """``direction`` (``>=`` or ``<=``) says on which side of ``target`` the value should be.
    ``judged`` is false where the measurement was disturbed: such a value meets nothing."""

    name: str
    value: float
    target: float
    direction: str
    judged: bool = True

    @property
    def met(self) -> bool:
        """A value that is no number meets nothing."""
        if not self.judged or math.isnan(self.value):
            return False
        return self.value >= self.target if self.direction == ">=" else self.value <= self.target


def as_rows(targets: Sequence[Target]) -> list[dict[str, Any]]:
    """``[{name, value, target, direction, judged, met}]``, as every result lists its targets."""
    return [{**asdict(target), "met": target.met} for target in targets]


def hand_over(result: Mapping[str, Any], path: Path | None) -> int:
    """Print the result, write it to ``path`` too; the exit code: 0 when every target is met."""
    text = json.dumps(result, indent=2)
    print(text)
    if path is not None:
        path.write_text(text + "\n", encoding="utf-8")
    return 0 if all(target["met"] for target in result["targets"]) else 1
