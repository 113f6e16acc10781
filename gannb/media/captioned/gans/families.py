"""The families of captioned images: three that are told captions, and those of images, which know labels."""

from __future__ import annotations

from gannb.generators.adversarial.family import HINGE
from gannb.media.captioned.gans.family import CaptionFamily
from gannb.media.image.augmentation.policies import Policy
from gannb.media.image.flows.families import FLOWS
from gannb.media.image.gans.families import FAMILIES as OF_IMAGES
from gannb.media.image.gans.family import ImageFamily
from gannb.utils.later import Later


def _family(name: str, **differing: float) -> CaptionFamily:
    return CaptionFamily(
        name=name,
        steps=1200,
        generator=Later("gannb.media.captioned.gans.networks:CaptionGenerator"),
        discriminator=Later("gannb.media.captioned.gans.networks:CaptionDiscriminator"),
        loss=HINGE,
        noise=32,
        learning_rate=4e-4,
        betas=(0.0, 0.99),
        augmentation=Policy(shift=0.12),
        **differing,
    )


OF_CAPTIONS: dict[str, CaptionFamily] = {
    family.name: family
    for family in (
        _family("gan_cls", matching_aware=0.5),
        _family("gan_int_cls", matching_aware=0.5, interpolated=1 / 3),
        _family("caption_plain"),
    )
}
FAMILIES: dict[str, ImageFamily] = {**OF_CAPTIONS, **OF_IMAGES, **FLOWS}
DEFAULT = "gan_cls"
