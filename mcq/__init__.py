"""The domain: questions, their bank, prompt templates and the scorer.

``mcq.bank`` makes questions by running programs (standard library only), ``mcq.loaders``
reads them from files, ``mcq.prompts`` writes them for a model, ``mcq.scorer`` (torch)
turns a prompt into a probability for every choice. Nothing here knows of MLflow,
BentoML or HTTP.
"""
