"""What the discriminator's filters respond to, by guided backpropagation (Radford et al. 2015, 6.2)."""
