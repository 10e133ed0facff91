"""Find the latents that draw given images best: of photographs, and of real images. Zhu et al. 2016, 4.1."""
