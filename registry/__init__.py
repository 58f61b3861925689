"""Versions, aliases and lineage: what is live, what was live, and why.

The ledger (SQL, append-only, chained by hash) decides; MLflow's registry holds the
versions and shows the aliases that the ledger decided. ``events`` are the facts,
``state`` the fold over them, ``ledger`` their store, ``registry`` the moves, ``projection``
what shows them in MLflow, ``mlflow_versions`` the one file that talks to MLflow's registry.
Knows no torch and no HTTP server.
"""
