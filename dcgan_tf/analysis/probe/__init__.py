"""A linear classifier on the discriminator's features. Radford et al. 2015, section 5."""
