"""Sentences: items () of fixed-width unicode."""

from __future__ import annotations

from gannb.media.text.medium import TEXT

__all__ = ["TEXT"]
