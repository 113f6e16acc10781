"""Images: items (H, W, C) uint8 with 1 or 3 channels."""

from __future__ import annotations

from gannb.media.image.medium import IMAGE

__all__ = ["IMAGE"]
