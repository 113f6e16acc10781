"""Labelled items, the one currency between the stages: found, grouped, put together, with a fingerprint."""
