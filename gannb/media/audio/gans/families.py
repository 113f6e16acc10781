"""The families of GANs that make sounds: those of images on log-mel pictures, and WaveGAN."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial

from gannb.generators.adversarial.family import HINGE, WASSERSTEIN, Family
from gannb.media.audio.augmentation.policies import Policy
from gannb.media.audio.gans.family import on_pictures
from gannb.media.image.gans.families import FAMILIES as OF_IMAGES
from gannb.utils.later import names_of

HISS = 25.0  # dB below a clip: noise on all that a discriminator hears, else it tells made clips by what is inaudible
PICTURED = ("projection", "dcgan", "acgan", "resnet", "r3gan", "wgan_gp")  # those that can make such pictures


_network = names_of("gannb.media.audio.gans.wavegan")


@lru_cache
def families(rate: int) -> Mapping[str, Family]:
    """Families by name, for clips at a rate (Hz)."""
    found = [*(on_pictures(OF_IMAGES[name], rate) for name in PICTURED), *_of_waves(rate)]
    return {family.name: family for family in found}


def default_family(shape: tuple[int, ...]) -> str:
    """Name of the family that a study gets unless it names one."""
    return "specgan"


def _of_waves(rate: int) -> list[Family]:
    """WaveGAN as published, and one that learns on a CPU."""
    return [
        Family(
            name="wavegan",  # Donahue et al. 2019, appendix D, narrowed to d = 8 (theirs: 64) and given labels
            steps=2000,
            published_steps=200_000,
            generator=_network("WaveGenerator"),
            discriminator=_network("WaveCritic"),
            loss=WASSERSTEIN,
            noise=100,
            learning_rate=1e-4,
            betas=(0.5, 0.9),
            augmentation=Policy(rate=rate),
            batch=64,
            gradient_penalty=10.0,
            discriminator_steps=5,
        ),
        Family(
            name="wavegan_fast",
            steps=1000,
            generator=_network("GatedGenerator"),
            discriminator=partial(_network("TwoViews"), rate, base=4),
            loss=HINGE,
            noise=100,
            learning_rate=4e-4,
            betas=(0.0, 0.99),
            augmentation=Policy(noise=(HISS, HISS), rate=rate),
            auxiliary_weight=0.5,
            lecam=0.3,
        ),
    ]
