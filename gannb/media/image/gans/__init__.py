"""Families of GANs that make images: networks, and their defaults as data."""
