"""What every figure of an evaluation shares: the level of intervals and the seed of draws.

The gate and `proctor compare` take their level from settings; these are for the rest.
"""

from __future__ import annotations

from typing import Final

# Of the two-sided intervals that evaluations report.
LEVEL: Final = 0.95
# Of the draws behind an interval or a prior: equal records give equal figures.
SEED: Final = 1
