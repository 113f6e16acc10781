"""Families of GANs that make images from captions: what they are told of them, networks, and defaults as data."""
