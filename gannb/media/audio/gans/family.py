"""What a family of GANs of images on the log-mel pictures of clips is (Donahue et al. 2019, "SpecGAN")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

from gannb.generators.adversarial.family import Family, Network
from gannb.media.audio.augmentation.policies import Policy
from gannb.media.audio.scale import Scale
from gannb.media.image.gans.family import ImageFamily
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from torch import nn

    from gannb.data.medium import Medium
    from gannb.media.audio.gans.specgan import Pictures

STEPS = 1000  # about a minute of a CPU at a second of sound


@dataclass(frozen=True, kw_only=True)
class SpecGan(Family):
    """A family of images on the pictures of clips at a rate (Hz)."""

    rate: int
    of_pictures: ImageFamily

    def form(self, medium: Medium, shape: tuple[int, ...]) -> Pictures:
        """Pictures, and back to clips."""
        from gannb.media.audio.gans.specgan import Pictures
        from gannb.media.audio.logmel import LogMel

        return Pictures(medium, LogMel(self.rate, shape[0]))

    def check(self, shape: tuple[int, ...], families: Mapping[str, Family] | None = None) -> None:
        """Raise InputError where pictures of such clips are too large for the family."""
        height, width = Scale(self.rate, shape[0]).shape
        if max(height, width) > self.of_pictures.max_side:
            raise InputError(
                f"gan: {self.name} makes pictures of at most {self.of_pictures.max_side} columns, and a clip of "
                f"{shape[0] / self.rate:g} s has {width}; set seconds."
            )


def on_pictures(family: ImageFamily, rate: int) -> SpecGan:
    """The family of images, as it is, on log-mel pictures of clips at a rate."""
    about: dict[str, Any] = {each.name: getattr(family, each.name) for each in fields(Family)}
    about |= {name: partial(_network, about[name], rate) for name in ("generator", "discriminator")}
    about |= {"steps": STEPS, "augmentation": Policy(rate=rate)}
    name = "specgan" if family.name == "projection" else f"specgan_{family.name}"
    return SpecGan(**about | {"name": name}, rate=rate, of_pictures=family)


def _network(make: Network, rate: int, shape: tuple[int, ...], classes: int) -> nn.Module:
    return make((*Scale(rate, shape[0]).shape, 1), classes)
