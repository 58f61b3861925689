"""How many threads a worker gives to torch: one, unless the environment says otherwise.

For single questions on a shared CPU one thread was fastest: two contended for the cores
and took six times as long for a batch of sixteen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from contracts.errors import BadParams

THREADS_VARIABLE: Final = "PROCTOR_ANSWERER_THREADS"
_MOST: Final = 64


def read_threads(environment: Mapping[str, str]) -> int:
    """1 to 64. Raises ``BadParams``."""
    text = environment.get(THREADS_VARIABLE, "1")
    if not re.fullmatch("[1-9][0-9]?", text) or int(text) > _MOST:
        raise BadParams(THREADS_VARIABLE, f"{text!r} is not a whole number from 1 to {_MOST}.")
    return int(text)
