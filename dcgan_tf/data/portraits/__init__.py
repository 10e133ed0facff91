"""Drawn portraits: pictures whose every property is known, because a program draws them.

`people.py` decides who is shown, `layers.py` draws the parts from the shapes in `shapes.py`.
"""
