"""Turning heads, or changing any attribute, along one direction. Radford et al. 2015, section 6.3.2."""
