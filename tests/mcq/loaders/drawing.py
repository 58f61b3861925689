"""What hypothesis draws for every loader: texts as files can hold them, choices, questions."""

from __future__ import annotations

from hypothesis import strategies as st

from contracts.questions import LETTERS, Question

# Surrogates cannot be written as UTF-8; what surrounds a text belongs to it.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip())
)
choices = st.lists(texts, min_size=2, max_size=10, unique_by=lambda text: text.strip())

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, list[str], int]:
    """A stem, choices, and the place of the right one."""
    options = draw(choices)
    return draw(texts), options, draw(st.integers(0, len(options) - 1))


many_asked = st.lists(asked(), min_size=1, max_size=4, unique_by=lambda one: (one[0], *one[1]))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    stem, options, gold = draw(asked())
    return Question(
        id=draw(texts),
        stem=stem,
        code=draw(st.none() | texts),
        choices=tuple(options),
        answer=draw(st.sampled_from([None, LETTERS[gold]])),  # type: ignore[arg-type]
        family=draw(st.none() | texts),
        difficulty=draw(st.none() | texts),
    )
