"""What a family of GANs of images is: a family with the sides that it can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gannb.generators.adversarial.family import Family
from gannb.media.image.augmentation import Policy
from gannb.utils.errors import InputError
from gannb.utils.naming import few_of

Shape = tuple[int, int, int]  # (H, W, C)


@dataclass(frozen=True, kw_only=True)
class ImageFamily(Family):
    """Networks for shapes (H, W, C), which work on images (N, C, H, W) in [-1, 1]."""

    augmentation: Policy = Policy()
    min_side: int = 8  # pixels
    max_side: int = 1024

    def check(self, shape: tuple[int, ...], families: Mapping[str, ImageFamily] | None = None) -> None:
        """Raise InputError where the family cannot make images of this shape; see `Family.check`."""
        if len(shape) != 3 or not 1 <= shape[2] <= 4:
            raise InputError(
                f"gan: {self.name} makes images of 1 to 4 channels, not items of shape {shape}; set channels."
            )
        if not self.has_side(shape):
            able = [name for name, other in (families or {}).items() if other.has_side(shape)]
            other = f"use {few_of(able)}, or set size." if able else "set size."
            raise InputError(
                f"gan: {self.name} makes images of {self.min_side} to {self.max_side} pixels a side, not "
                f"{shape[0]}x{shape[1]}; {other}"
            )

    def has_side(self, shape: tuple[int, ...]) -> bool:
        """Tell whether images of this shape (H, W, C) are neither too small nor too large for it."""
        return self.min_side <= min(shape[:2]) <= max(shape[:2]) <= self.max_side
