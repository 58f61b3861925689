"""How an answer is scored: ``text`` and ``letter``, and what both give (``Scored``).

A method turns questions into rows of tokens and rows into numbers; batching, context and
order are ``mcq.scorer``'s. Imports no torch: ``mcq.model`` computes.
"""
