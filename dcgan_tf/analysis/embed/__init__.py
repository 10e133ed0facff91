"""The discriminator's features, for TensorBoard's Embedding Projector."""
