"""The words that all floors share: pydantic and the standard library only.

This package holds shapes and facts; the only thing it does outside the process is to
read and write files when asked (``digests``, ``files``). No YAML is parsed here, and nothing
above it is imported. See ``docs/architecture.md`` for the floors.
"""
