"""Generators: what makes synthetic items from a draw."""
