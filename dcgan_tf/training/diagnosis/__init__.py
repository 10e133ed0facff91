"""Diagnosis: training says by name what is going wrong.

`looks.py` measures the networks every 50 steps. `conditions.py` has the table of what can go wrong: a pure
function of the records in stats.jsonl. `watch.py` is the hook that reports. A new condition is an entry of
the table, and a line in `docs/stability.md`.
"""
