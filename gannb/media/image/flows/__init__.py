"""Flows of images: networks and what they are trained with."""
