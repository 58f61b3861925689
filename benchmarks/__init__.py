"""Measurements of the real parts, each runnable by hand: ``python -m benchmarks.NAME``."""
