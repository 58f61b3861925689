"""A question as it is asked: the bytes that go out are those that are hashed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from answerlog.records import question_digest
from contracts.answers import AnswerRequest
from contracts.digests import digest_of_bytes
from gateway.posed import Posed

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(
    stem=texts.filter(str.strip),
    code=st.none() | texts,
    choices=st.lists(texts.filter(str.strip), min_size=2, max_size=10, unique_by=str.strip),
)
def test_answerer_cache_and_log_mean_the_same_question(
    stem: str, code: str | None, choices: list[str]
) -> None:
    question = AnswerRequest(question=stem, code=code, choices=tuple(choices))
    posed = Posed.of(question, 3)
    assert posed.digest == digest_of_bytes(posed.body) == question_digest(question)
    assert AnswerRequest.model_validate_json(posed.body) == question
