from __future__ import annotations

from hypothesis import settings

# Files are written and read on a machine that does other work: how long it took says nothing.
settings.register_profile("loaders", deadline=None)
settings.load_profile("loaders")
