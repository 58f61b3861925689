"""The front door: HTTP in, problem details out, and no model anywhere near.

``app`` puts it together. A request passes ``http_protocol`` (bounds on its head), ``edge`` (a
visit of its own), ``bodies`` (bounds on its body) and ``entry`` (key, limits, room) before a
route sees it; ``faults`` words what went wrong, ``log_lines``, ``counting`` and ``spans`` tell
of it. Routes: ``answers``, ``models``, ``admin``, ``probes``. ``plan`` says who answers,
``asking`` speaks to it, ``fake_answerer`` is an answerer without a model for tests and trials.
Imports no tensors, no MLflow, no BentoML.
"""
