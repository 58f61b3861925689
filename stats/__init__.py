"""Statistics as pure functions over numbers: numpy and scipy, each with its paper.

``intervals`` has proportions, ``paired`` two answers to the same questions, ``samples``
the one error that all raise. Knows no records, no files and nothing else of ours.
"""
