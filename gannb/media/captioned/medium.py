"""Images with captions behind the protocol of `gannb.data.medium`: what images are, and a sentence or more for each.

Imports stand inside the methods, as in `gannb.media.image.medium`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.media.captioned.parameters import NAME, NOUNS, OF_LABELS, TOLD_CAPTIONS, CaptionedParameters
from gannb.media.image.medium import Images
from gannb.media.image.parameters import NAME as IMAGE

if TYPE_CHECKING:
    from gannb.data.examples import Dataset, Examples
    from gannb.data.medium import Captioning
    from gannb.media.image.gans.family import ImageFamily


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

    @cached_property
    def captions(self) -> Captioning:
        """The module `gannb.media.captioned.new_captions`, whose functions are those of the protocol."""
        from gannb.media.captioned import new_captions

        return new_captions

    # ---- what may be trained on it

    def arms_beside(self, gan: str) -> tuple[str, ...]:
        """Captions halfway between two, and a GAN of class labels; of a study whose own GAN knows labels, neither."""
        of_captions = gan == "auto" or gan in TOLD_CAPTIONS
        return ("real+gan.interpolated+classic", f"real+{OF_LABELS}+classic") if of_captions else ()

    @cached_property
    def families(self) -> Mapping[str, ImageFamily]:
        """Families that are told captions, and those of images, by name."""
        from gannb.media.captioned.gans.families import FAMILIES

        return FAMILIES

    def default_family(self, shape: tuple[int, ...]) -> str:
        """Matching-aware, as Reed et al. 2016. Raises InputError where it cannot make such images."""
        from gannb.media.captioned.gans.families import DEFAULT

        self.families[DEFAULT].check(shape)
        return DEFAULT

    # ---- measuring

    measures: Mapping[str, tuple[str, str]] = {
        "caption_10": (
            ".2f", "Share of the images of which a matcher, trained on other real images, finds the caption among 10: "
            "by chance .10, at the most what held-out real images get.",
        ),
        "caption_50": (".2f", "The same among 50: by chance .02."),
        "new_caption_10": (".2f", "Among 10, of images of captions that no training image has."),
        "new_caption_50": (".2f", "The same among 50."),
    }  # fmt: skip
    by_chance: Mapping[str, float] = {
        "caption_10": 0.1,
        "new_caption_10": 0.1,
        "caption_50": 0.02,
        "new_caption_50": 0.02,
    }

    def measuring_steps(self, steps: int) -> int:
        """Those of the matcher."""
        from gannb.media.captioned.matcher import steps_of

        return steps_of(steps)

    def learn_to_measure(self, real: Examples, folder: Path, steps: int, seed: int, device: str) -> None:
        """See `gannb.media.captioned.matcher.keep`."""
        from gannb.media.captioned.matcher import keep

        keep(real, folder, steps, seed, device)

    def measured(
        self, made: Examples, unseen: Examples, train: Examples, learnt: Path | None = None
    ) -> Mapping[str, float]:
        """See `gannb.media.captioned.matcher.follows`."""
        from gannb.media.captioned.matcher import follows

        return follows(made, unseen, train, learnt)

    # ---- export

    column = IMAGE
    hub_task = "text-to-image"

    @cached_property
    def reading_code(self) -> Mapping[str, str]:
        """See `gannb.media.captioned.export.READING`."""
        from gannb.media.captioned.export import READING

        return READING


CAPTIONED = Captioned()
