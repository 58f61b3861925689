"""Colours of figures and pages: Okabe and Ito's, told apart by everyone.

Two for white paper, and for each the lighter one that stands for it on black.

Source: https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

from typing import Final

# In lower case, as matplotlib writes them into a drawing.
BLUE: Final = "#0072b2"
ORANGE: Final = "#d55e00"
BLUE_ON_BLACK: Final = "#56b4e9"
ORANGE_ON_BLACK: Final = "#e69f00"
