"""Generates the files that are made of others: ``python -m tools.generate``, or ``--check`` to see what is stale."""
