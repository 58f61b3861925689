"""Metrics: one family a file, pure functions over records, ``catalogue`` names them."""
