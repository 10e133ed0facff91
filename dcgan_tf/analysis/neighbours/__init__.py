"""Does it memorise? The training images nearest to each sample, with held-out images as the control."""
