"""Fine-tuning of a model that exists: adapters or all weights, merged into a plain checkpoint.

``replies`` reads and writes what is to be said, ``examples`` turns questions into tokens,
``packing`` puts them into passes, ``adapters`` is peft's edge, ``prepare`` puts them
together. The steps themselves are ``training.loop``'s, as for every training.
"""
