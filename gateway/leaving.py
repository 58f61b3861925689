"""Ends the work for a caller that has gone away.

An ASGI server says ``http.disconnect`` to whoever waits for the next message of a request;
nobody does while a question is being answered, so this does, beside the work. The work is
then cancelled, and with it what it asked of an answerer: a closed connection tells the
answerer to stop. Source: the ASGI specification, HTTP "Disconnect",
https://asgi.readthedocs.io/en/latest/specs/www.html#disconnect-receive-event
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")


async def while_there(receive: Receive, work: Awaitable[T]) -> T:
    """What ``work`` gives. Raises ``ClientDisconnect`` when the caller leaves before, with
    ``work`` cancelled. The request's body must have been read: its messages would be lost."""
    working = asyncio.current_task()
    assert working is not None  # noqa: S101 - a coroutine is run by a task
    left = False

    def cancel(_: asyncio.Task[None]) -> None:
        nonlocal left
        left = True
        working.cancel()

    watching = asyncio.create_task(_left(receive))
    watching.add_done_callback(cancel)
    try:
        return await work
    except asyncio.CancelledError:
        # As asyncio.timeout does: only a cancellation of our own becomes something else.
        if left and working.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        watching.remove_done_callback(cancel)
        watching.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
