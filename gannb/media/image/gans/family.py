"""What a family of GANs of images is: a family with the sides that it can do, and what some need beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from gannb.generators.adversarial.family import Family
from gannb.media.image.augmentation.policies import Policy
from gannb.utils.errors import InputError
from gannb.utils.later import Later
from gannb.utils.naming import few_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gannb.data.medium import Weights

Shape = tuple[int, int, int]  # (H, W, C)
PROJECTED_DISCRIMINATOR = Later("gannb.media.image.gans.projected:ProjectedDiscriminator")
LAYOUTS = Later("gannb.media.image.gans.projected:layouts")


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


@dataclass(frozen=True, kw_only=True)
class ProjectedFamily(ImageFamily):
    """A family whose discriminator looks through a pretrained network: `given` says which."""

    needs_weights = True
    floor = 4.0  # of the layout floor
    weights: Weights | None = None

    def given(self, weights: Weights) -> Self:
        """The family with the weights of the network that its discriminator looks through."""
        discriminator = partial(PROJECTED_DISCRIMINATOR, weights=weights)
        return replace(self, discriminator=discriminator, weights=weights)

    def about(self) -> dict[str, Any]:
        """The network and how it takes images: the weights themselves are saved with the discriminator."""
        return {"trunk": {"network": self.weights.network, "model_args": self.weights.model_args}}

    def kept_as(self, about: Mapping[str, Any]) -> Self:
        """The family as `about` says, its network without weights: they are read with the rest."""
        from gannb.media.image.pretrained import Weights as TimmWeights

        return self.given(TimmWeights(file="", digest="", settings={}, **about["trunk"]))

    def acquaint(self, discriminator: nn.Module, x: Tensor) -> None:
        """Let the frozen network see real images (N, C, H, W), for the spread of its layers."""
        discriminator.frozen.acquaint(x)

    def layouts(self, x: Tensor) -> Tensor:
        """Rows (N, D) of images (N, C, H, W), see `projected.layouts`."""
        return LAYOUTS(x)


def without_weights(shape: Shape, classes: int) -> nn.Module:
    """Stand for the discriminator of a family that was not given weights. Raises InputError."""
    raise InputError("gan: projected looks through a pretrained network, and was given none; set pretrained.")


class StyleFamily(ImageFamily):
    """A family whose augmentation follows how far the discriminator overfits (ADA: Karras et al., arXiv 2006.06676)."""

    adaptive = True
