"""Augmentations: what is done at random to every image that the discriminator sees, real and fake alike.

Each is a function from (images, random key) to images that is differentiable with respect to them. A new one
is a module here, and a line in `training/objective/objective.py`.
"""
