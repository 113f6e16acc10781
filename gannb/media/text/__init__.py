"""Sentences: items () of fixed-width unicode."""
