"""Images with captions behind the protocol of `gannb.data.medium`: what images are, and a sentence or more for each.

Imports stand inside the methods, as in `gannb.media.image.medium`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.media.captioned.parameters import NAME, NOUNS, CaptionedParameters
from gannb.media.image.medium import Images
from gannb.media.image.parameters import NAME as IMAGE

if TYPE_CHECKING:
    from gannb.data.examples import Dataset, Examples


class Captioned(Images):
    """What the kit knows of images with captions; see `gannb.data.medium.Medium` for what each part means."""

    name = NAME
    nouns = NOUNS

    # ---- parameters

    parameters = CaptionedParameters
    meanings: Mapping[str, str] = {}
    embedded: Mapping[str, int | None] = {}
    reading = ("data", "captions", "size", "channels", "resize", "groups", "on_bad_image")
    read_beside = ("captions",)
    before = ("image", "text")  # a captioned image is an image, and its captions may lie in .txt files

    # ---- reading

    def recognises(self, data: str) -> bool:
        """See `gannb.media.captioned.sources.recognises`."""
        from gannb.media.captioned.sources import recognises

        return recognises(data)

    def takes_files_below(self, data: str) -> bool:
        """Tell whether `data` is a folder."""
        return Path(data).is_dir()

    def read(self, data: str, study: Any) -> Dataset:
        """See `gannb.media.captioned.reading.read`."""
        from gannb.media.captioned.reading import read

        return read(
            data, captions=study.captions, size=study.size, channels=study.channels, resize=study.resize,
            groups=study.groups, on_bad_image=study.on_bad_image,
        )  # fmt: skip

    def read_like(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """Images with or without captions, see `gannb.media.image.reading.read_like`; of these no caption is used."""
        return super().read_like(data, like, study)

    # ---- export

    column = IMAGE
    hub_task = "text-to-image"

    @cached_property
    def reading_code(self) -> Mapping[str, str]:
        """See `gannb.media.captioned.export.READING`."""
        from gannb.media.captioned.export import READING

        return READING


CAPTIONED = Captioned()
