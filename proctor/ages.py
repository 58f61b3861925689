"""Ages as people write them: ``30d``, ``12h``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from contracts.errors import BadInput

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE: Final = re.compile(r"([0-9]{1,6})([smhdw])")


def age_of(text: str) -> timedelta:
    """Raises ``BadInput`` for what is no age."""
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise BadInput(
            f"{text!r} is no age.",
            mend="Write a whole number and s, m, h, d or w, as in 30d.",
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
