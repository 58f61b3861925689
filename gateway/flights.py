"""Questions under way: who asks what is being asked already waits for that answer.

A *flight* is one call to an answerer, about one question or several. It is a task of its own,
so the caller that began it may leave without harm to those that joined; when the last of them
has left, the call is cancelled. What it brings is the same for all.

Source: golang.org/x/sync/singleflight, which knows no cancellation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Bring = Callable[[], Awaitable[Sequence[T]]]
"""A call that brings one result for each key, in their order."""


class Flight(Generic[K, T]):
    """One call under way. ``ends_at`` is when it gives up, on the clock of who began it;
    ``forget`` is called when nobody may join any more."""

    def __init__(
        self, keys: Sequence[K], ends_at: float, bring: Bring[T], forget: Callable[[], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        self.ends_at = ends_at
        self._forget: Callable[[], None] | None = forget
        self._forget = forget
        self._landing: dict[K, asyncio.Future[T]] = {key: loop.create_future() for key in keys}
        self._waiting = 0
        self._call = loop.create_task(self._fly(bring))

    async def _fly(self, bring: Bring[T]) -> None:
        try:
            for landing, one in zip(self._landing.values(), await bring(), strict=True):
                landing.set_result(one)
        except Exception as error:  # noqa: BLE001 - it is raised in all who wait
            for landing in self._landing.values():
                if not landing.done():
                    landing.set_exception(error)
        finally:
            self._close()

    def _close(self) -> None:
        """Nobody may join any more: once, since another flight may take the keys then."""
        forget, self._forget = self._forget, None
        if forget is not None:
            forget()

    @contextmanager
    def waited_for(self) -> Iterator[None]:
        """Somebody waits for it in the block. It ends when nobody does any more."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting and not self._call.done():
                # At once: who comes now must not join what is about to end.
                self._close()
                self._call.cancel()

    async def landed(self, key: K) -> T:
        """What it brought for ``key``. An error of the call is raised in all who wait."""
        # Shielded: one who leaves must not take the future from the others.
        return await asyncio.shield(self._landing[key])


class Flights(Generic[K, T]):
    """The calls under way, by what they are about."""

    def __init__(self) -> None:
        self._by_key: dict[K, Flight[K, T]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def about(self, key: K) -> Flight[K, T] | None:
        return self._by_key.get(key)

    def begin(self, keys: Sequence[K], ends_at: float, bring: Bring[T]) -> Flight[K, T]:
        """Start a call about distinct ``keys``. Who begins it waits for it (``waited_for``)
        before it gives up control."""
        flight = Flight(keys, ends_at, bring, partial(self._forget, keys))
        self._by_key.update(dict.fromkeys(keys, flight))
        return flight

    def _forget(self, keys: Sequence[K]) -> None:
        for key in keys:
            self._by_key.pop(key, None)
