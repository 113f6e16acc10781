"""What is asked of images before any is opened: their name, their words, the parameters that are theirs alone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, field_validator

from gannb.data.medium import Nouns
from gannb.utils.parameters import parameter

NAME = "image"
NOUNS = Nouns("image", "images", "pixels")
DIGITS = "digits"  # the set that comes with the kit, by name: scikit-learn's
PRETRAINED = "mobilenetv2_100"


class ImageParameters(BaseModel):
    """The parameters of a study that belong to images alone."""

    size: str | None = parameter(None, 1, "side in pixels, or HxW as `96x64`, that items are brought to")
    channels: Literal[1, 3] | None = parameter(None, 1, "1 grey or 3 colour; by default as the images are")
    resize: Literal["crop", "pad", "stretch"] | None = parameter(None, 1, "how other shapes are brought to the size")
    on_bad_image: Literal["fail", "skip"] = parameter("fail", 1, "what to do with a damaged image")
    inception: str | None = parameter(
        None, 3, "file of the standard Inception weights, for FID; needs 10,000 test items and as many made"
    )
    pretrained: str = parameter(
        PRETRAINED, 4, "what `transfer` arms fine-tune: a timm name, or weights in a folder or file", min_length=1
    )

    @field_validator("inception")
    @classmethod
    def _stay_true_in_other_folders(cls, file: str | None) -> str | None:
        return file and str(Path(file).expanduser().resolve())

    @field_validator("pretrained")
    @classmethod
    def _stay_true_with_a_path_in_it(cls, pretrained: str) -> str:
        name, equals, file = pretrained.partition("=")
        if equals:
            return f"{name}={Path(file).expanduser().resolve()}"
        is_path = "/" in pretrained or pretrained.startswith(("~", "."))
        return str(Path(pretrained).expanduser().resolve()) if is_path else pretrained
