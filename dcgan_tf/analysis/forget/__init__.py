"""Dropping the feature maps that draw something. Radford et al. 2015, section 6.3.1."""
