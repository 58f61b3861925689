"""Which slot a caller meets: a draw that is the same on every replica, for ever.

A caller's place in [0, 1) comes from SHA-256 over the salt and the caller, and the canary
takes the places below its ratio. So a caller stays where it is (sticky), a rising ratio adds
callers and moves nobody back (nested), and another salt draws anew. The log keeps callers as
``Caller.hashed``, which is what is drawn here: who was where can be told from the log alone.

Source: Tang et al., "Overlapping Experiment Infrastructure" (KDD 2010), section 4 (diversion
by hashed identity); FIPS 180-4 for SHA-256.
"""

from __future__ import annotations

import hashlib
from typing import Final

from contracts.traffic import CANARY, STABLE, Slot, TrafficSplit

# As many bits as a float holds, so that every place is exact and 1.0 cannot be reached.
_BITS: Final = 53


def cohort(salt: str, caller: str) -> float:
    """The place of ``caller`` in [0, 1): uniform, and independent between salts. No salt
    holds the NUL that stands between the two, so no two pairs are the same text."""
    drawn = hashlib.sha256(f"{salt}\0{caller}".encode(errors="surrogatepass")).digest()
    return (int.from_bytes(drawn[:8]) >> (64 - _BITS)) / (1 << _BITS)


def slot_for(split: TrafficSplit, caller: str) -> Slot:
    """The slot that ``split`` sends ``caller`` to, whether or not anything answers there."""
    return CANARY if cohort(split.salt, caller) < split.canary_ratio else STABLE
