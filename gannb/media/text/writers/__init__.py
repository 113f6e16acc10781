"""What writes sentences: a language model, and MaskGAN with its maximum-likelihood start."""
