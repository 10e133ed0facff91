"""The steps: how the two networks learn.

`step.py` is one of them, with the paper's equations beside the code; `several.py` takes several in one call.
`adam.py` is the optimizer, and `averaging.py` the average that draws. What is minimised is in `objective/`.
"""
