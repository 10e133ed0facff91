"""King - man + woman: adding and subtracting mean latents. Radford et al. 2015, section 6.3.2."""
