"""What makes sounds: families of GANs, on log-mel pictures and on the wave itself, and controls without a GAN."""
