"""Statistics as pure functions over numbers: numpy and scipy, each with its paper.

``intervals`` has proportions, ``clusters`` those of trials that go together, ``paired`` two
answers to the same questions, ``bootstrap`` these resampled, ``multiple`` many tests at once,
``binned_error`` the calibration error, ``samples`` the one error that all raise. Knows no
records, no files and nothing else of ours.
"""
