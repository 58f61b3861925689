from __future__ import annotations

from datetime import timedelta

import pytest

from contracts.errors import BadInput
from proctor.ages import age_of


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("45s", timedelta(seconds=45)),
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        (" 2w ", timedelta(weeks=2)),
        ("0d", timedelta()),
    ],
)
def test_an_age(text: str, age: timedelta) -> None:
    assert age_of(text) == age


@pytest.mark.parametrize(
    "text", ["", "30", "d", "-1d", "1.5h", "30 d", "1y", "1D", "٣d", "9999999d"]
)
def test_no_age(text: str) -> None:
    with pytest.raises(BadInput, match="as in 30d"):
        age_of(text)
