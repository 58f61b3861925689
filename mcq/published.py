"""The letter that CodeMMLU's own code reads in a reply, so that its tables can be compared.

For comparing, not for judging: these rules invent letters. ``mcq.parsing`` is how Proctor
reads a reply.

Source: CodeMMLU (arXiv:2410.01999), https://github.com/FSoft-AI4Code/CodeMMLU,
src/codemmlu/task_utils.py at 3e2febb (MIT).
"""

from __future__ import annotations

import re
from typing import Final

from mcq.reply_text import cut_at

PUBLISHED_STOPS: Final = ("\n\nQ:", "\n\nQuestion:", "\n\n###", "\n#", "\n<|/", "\n```")
"""Where CodeMMLU's code cuts a reply off before it reads it."""

_PUBLISHED_RULES: Final = (
    re.compile(r"(?i)answer is ([A-E])"),
    re.compile(r"(?i)([A-E]) is correct"),
    re.compile(r"([A-E])"),
)


def published_letter(reply: str) -> str | None:
    """The letter that CodeMMLU's rules find, ``None`` when they find none.

    The reply is cut at ``PUBLISHED_STOPS``, all but letters, digits and spaces is dropped,
    words longer than a letter are put in small letters; then the first of "answer is X", "X
    is correct" and any capital A to E counts, first place first. These rules invent letters
    ("A program ..." is A) and may give a small one ("answer is below" is b), which equals no
    gold letter. The repository leaves open that the two steps are run one after the other;
    they stand in this order there.
    """
    plain = re.sub(r"[^A-Za-z0-9 \n]", "", cut_at(reply, PUBLISHED_STOPS))
    words = re.split(r"[ \n]", plain)
    text = " ".join(word if len(word) == 1 else word.lower() for word in words)
    for rule in _PUBLISHED_RULES:
        if found := rule.search(text):
            return found[1]
    return None
