"""Images with captions: items (H, W, C) uint8 as images are, and one or more sentences for each."""

from __future__ import annotations

from gannb.media.captioned.medium import CAPTIONED

__all__ = ["CAPTIONED"]
