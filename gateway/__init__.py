"""The front door: HTTP in, problem details out, and no model anywhere near.

``app`` puts it together, ``asking`` speaks to an answerer, ``plan`` says which one,
``problems`` words what went wrong, ``edge`` guards ids and sizes, ``fake_answerer`` is an
answerer without a model for tests and trials. Imports no tensors, no MLflow, no BentoML.
"""
