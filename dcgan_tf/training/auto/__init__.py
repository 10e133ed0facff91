"""`--preset auto` and budgets: what is chosen for the data, and how long it will take.

`choosing.py` finds the facts and asks the table of `config` for settings, `measuring.py` times a few real
steps, and `choice.py` is what comes of both: a complete `Config` with its reasons, and its record in the run.
"""
