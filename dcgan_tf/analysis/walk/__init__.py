"""Walk from sample to sample through latent space. Radford et al. 2015, section 6.1."""
