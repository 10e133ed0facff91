"""Drawn portraits: images whose properties are all known, because a program draws them.

`people.py` decides who is shown, `layers.py` draws the parts from the shapes in `shapes.py`.
"""
