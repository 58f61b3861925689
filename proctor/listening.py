"""A socket to listen on, or why there is none."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import socket
import struct
import sys
from typing import Final

from contracts.errors import BadParams, PortBusy

_BACKLOG: Final = 2_048
# Of asm-generic/socket.h and linux/bpf_common.h (BPF_RET | BPF_K: so many bytes pass, none).
_ATTACH_FILTER: Final = 26
_BPF_RETURN: Final = 0x06


def listen(service: str, host: str, port: int, backlog: int = _BACKLOG) -> socket.socket:
    """A socket that listens. Raises ``PortBusy``, or ``BadParams`` for an address that is
    not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # By this protocol asyncio knows that it may send what it has at once (TCP_NODELAY): else a
    # reply's body waits up to 40 ms for the acknowledgement of its head.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(backlog)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortBusy(service, host, port) from error
        raise BadParams("--host", f"cannot listen on {host}:{port} ({error.strerror}).") from error
    return listening


def take_the_last(listening: socket.socket) -> list[socket.socket]:
    """Stop listening; the connections that had come by then, still to be served.

    Closing alone would reset those that the system had taken and nobody had accepted, whose
    callers may have sent their request already. So new ones are first kept from coming (on
    Linux: the packets that would open them are dropped, and a caller that tries again is
    refused), then those that are there are accepted, then it is closed. Source: socket(7),
    SO_ATTACH_FILTER; https://docs.kernel.org/networking/filter.html."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            program = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN, 0, 0, 0))
            filtered = struct.pack("HL", 1, ctypes.addressof(program))
            listening.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, filtered)
    listening.setblocking(False)
    last = []
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            last.append(connection)
    listening.close()
    return last
