"""Families of GANs that make sounds: on log-mel pictures, and on the wave itself."""
