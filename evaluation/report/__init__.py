"""The report of one run: the shape is ``contracts.reports``, the page is ``document``."""
