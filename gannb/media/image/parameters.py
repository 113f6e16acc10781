"""What is asked of images before any is opened: their name, their words, the parameters that are theirs alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pydantic import field_validator

from gannb.data.medium import Nouns
from gannb.media.parameters import Transfer
from gannb.utils.parameters import parameter

NAME = "image"
NOUNS = Nouns("image", "images", "pixels")
DIGITS = "digits"  # the set that comes with the kit, by name: scikit-learn's
DIGITS_PER_CLASS = 8  # of the default study's draws
FLOW_STEPS, GUIDANCE = 10, 1.0  # of the family `flow`
SMALL_SIDE = 32  # pixels, which a study takes minutes with


class ImageParameters(Transfer):
    """The parameters of a study that belong to images alone."""

    size: str | None = parameter(None, 1, "side in pixels, or HxW as `96x64`, that items are brought to")
    channels: Literal[1, 3] | None = parameter(None, 1, "1 grey or 3 colour; by default as the images are")
    resize: Literal["crop", "pad", "stretch"] | None = parameter(None, 1, "how other shapes are brought to the size")
    on_bad_image: Literal["fail", "skip"] = parameter("fail", 1, "what to do with a damaged image")
    flow_steps: int = parameter(
        FLOW_STEPS,
        2,
        "of the family `flow`: Euler steps from noise to an image, each a pass through its network",
        ge=1,
        le=200,
    )
    guidance: float = parameter(
        GUIDANCE, 2, "of the family `flow`: above 1, images are led further into their class: clearer and less varied",
        ge=1.0, le=10.0,
    )  # fmt: skip
    inception: str | None = parameter(
        None, 3, "file of the standard Inception weights, for FID; needs 10,000 test items and as many made"
    )

    @field_validator("inception")
    @classmethod
    def _stay_true_in_other_folders(cls, file: str | None) -> str | None:
        return file and str(Path(file).expanduser().resolve())


def halvings(shape: tuple[int, ...]) -> int:
    """Return how often items of a shape (H, W, C) are halved until `small_cnn` sees as much of them as of small ones.

    None up to `SMALL_SIDE`, the side that its three convolutions are made for; one up to twice that side, and so on.
    """
    return max(0, math.ceil(math.log2(min(shape[:2]) / SMALL_SIDE)))
