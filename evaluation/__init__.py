"""How good a checkpoint is, whether it is better than another, and whether it passes.

``suite`` chooses the questions, ``run`` turns scores into records and a result,
``metrics`` and ``report`` describe records, ``tracking`` is the one file that speaks to
MLflow, ``evaluate`` puts these together. ``compare`` pairs two sets of records, ``gate``
gives the verdict; both are pure. ``results`` reads and writes the files between stages.
"""
