"""What a family of GANs that make images from captions is: one of images, told codes of captions in place of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gannb.media.image.gans.family import ImageFamily
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.media.captioned.gans.conditioning import Captions


@dataclass(frozen=True, kw_only=True)
class CaptionFamily(ImageFamily):
    """Networks that take codes (N, WIDTH) of captions, see `encoders`, in the place of labels."""

    matching_aware: float = (
        0.0  # weight of real images with captions of others (Reed et al. 2016, algorithm 1); 0: none
    )
    interpolated: float = 0.0  # share of the captions of made images that lie halfway between two (their equation 5)
    encoder_share: float = 0.5  # steps of the encoder before the first one of the GAN, as a share of the GAN's
    most_encoder_steps: int = 1000
    # by its discriminator an item is real beside its caption, which is chosen before the item is made
    variations: tuple[str, ...] = ("averaged", "truncated", "by_classifier", "fresh", "interpolated", "new_captions")

    takes_captions: ClassVar[bool] = True

    def conditioning(self, draw: Examples) -> Captions:
        """Codes of the captions of a draw. Raises InputError where an image has none."""
        without = len(draw) if draw.captions is None else int((draw.captions == "").all(1).sum())
        if without:
            raise InputError(
                f"captions: {without} of {len(draw)} training images have none, and {self.name} needs one of each; "
                "give them, or use a GAN of class labels, as gan=projection."
            )
        from gannb.media.captioned.gans.conditioning import Captions

        return Captions(self, draw.captions, draw.y, draw.classes)

    def kept_conditioning(self, about: Mapping[str, Any]) -> Captions:
        """The same of what a fitted generator has written."""
        from gannb.media.captioned.gans.conditioning import Captions

        return Captions(self, np.array(about["captions"], dtype=str), np.array(about["labels"]), about["classes"])
