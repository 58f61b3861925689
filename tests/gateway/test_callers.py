"""Whose question it is."""

from __future__ import annotations

import hashlib

import pytest

from contracts.errors import HeaderInvalid
from gateway.callers import caller_of
from gateway.keys import Key

WEB = Key(id="web", scopes=frozenset({"answer"}))
ANYBODY = Key(id="open", scopes=frozenset({"answer"}), anonymous=True)


@pytest.mark.parametrize(
    ("key", "named", "identity", "source"),
    [
        (WEB, "user-7", "user-7", "header"),
        (WEB, None, "web", "key"),
        (ANYBODY, None, "192.0.2.1", "address"),
        (ANYBODY, "user-7", "192.0.2.1", "address"),  # nobody vouches for it
    ],
)
def test_header_then_key_then_address(
    key: Key, named: str | None, identity: str, source: str
) -> None:
    caller = caller_of(key, named, "192.0.2.1")
    assert (caller.id, caller.source) == (identity, source)
    assert caller.hashed == hashlib.sha256(f"{source}:{identity}".encode()).hexdigest()[:32]


def test_the_same_text_from_two_sources_is_two_callers() -> None:
    assert caller_of(WEB, "web", "").hashed != caller_of(WEB, None, "").hashed


@pytest.mark.parametrize("named", ["", " ", "a b", "a\tb", "é", "x" * 129, "a\x00"])
def test_an_odd_name_is_refused(named: str) -> None:
    with pytest.raises(HeaderInvalid, match="X-Caller-Id"):
        caller_of(WEB, named, "")
