"""What is asked of images with captions before any is opened: their name, and the parameters that are theirs alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import field_validator

from gannb.media.image.parameters import NOUNS as IMAGES
from gannb.media.image.parameters import ImageParameters
from gannb.utils.parameters import parameter

NAME = "captioned"
NOUNS = replace(IMAGES, kind="images with captions")
TOLD_CAPTIONS = ("gan_cls", "gan_int_cls", "caption_plain")  # families, by name: who names arms imports none of them
OF_LABELS = "projection"  # the family beside them that knows class labels alone


class CaptionedParameters(ImageParameters):
    """The parameters of a study of images with captions: those of images, and where the captions are."""

    captions: str | None = parameter(
        None, 1, "file or folder of the captions, where they do not lie beside the images: csv, json, jsonl or .txt"
    )
    new_captions: str | None = parameter(
        None, 3, "file of `caption,class`: sentences that the GAN is asked for beside the training set's"
    )

    @field_validator("captions", "new_captions")
    @classmethod
    def _stay_true_in_other_places(cls, file: str | None) -> str | None:
        return file and str(Path(file).expanduser().resolve())
