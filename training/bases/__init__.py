"""Where a model that exists already comes from: a local folder, the hub, or a package.

``resolve`` gives a ``Base``: a local Hugging Face folder with its digest and origin,
whatever its source. ``checkpoint`` makes a Proctor checkpoint of one, as it is. Trains
nothing, knows no MLflow; weights are read by ``mcq.weights``.
"""
