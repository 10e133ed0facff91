"""The objective: what the two networks minimise, and what D sees of a picture.

`objective.py` puts it together from the settings: a loss of `losses.py`, penalties of `penalties.py`, and the
augmentations. A new loss or penalty is a function there with its equation.
"""
