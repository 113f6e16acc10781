"""The generators of a medium by name: its GAN families, its controls and the external ones; made, and read again.

The GAN itself is imported where one is needed: whoever asks for a name must not wait for torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.generators.external import CONFIDENCE, EXTERNAL, Pseudo
from gannb.generators.interface import RECORD, Generator
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.data.medium import Medium, Weights

# Of `gan_augmentation`: they give the discriminator the classifiers' policy, the second as its sureness demands.
OF_THE_STUDY = ("policy", "ada")


def names(medium: Medium) -> list[str]:
    """Return the names of all generators of a medium."""
    return [*medium.families, *medium.controls, *EXTERNAL]


def make(
    medium: Medium,
    name: str,
    *,
    gan_augmentation: str = "auto",
    augmentation: str = "auto",
    kept: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
    weights: Weights | None = None,
    confidence: float = CONFIDENCE,
) -> Generator:
    """Return a generator by name, not yet fitted.

    gan_augmentation, augmentation: the study's parameters, for a GAN (see `discriminator_policy`), and the latter for
    what labels unlabelled items. kept: the folder that the study keeps of an external generator. settings: where what
    the family asks of a study is, by name; without them as the family has it. weights: of the pretrained network that a
    family looks through. confidence: see `Pseudo`. Raises InputError where
    `gan_augmentation` is unknown.
    """
    if name == Pseudo.name:
        return Pseudo(medium, kept, augmentation, confidence)
    if name in medium.families:
        family = medium.families[name] if settings is None else medium.families[name].set_as(settings)
        family = family if weights is None else family.given(weights)
        return medium.trained(name)(medium, family, *discriminator_policy(medium, gan_augmentation, augmentation))
    return EXTERNAL[name](medium, kept) if name in EXTERNAL else medium.controls[name](medium)


def discriminator_policy(medium: Medium, gan_augmentation: str, augmentation: str) -> tuple[str | None, bool]:
    """Return the policy that the discriminator sees items under, None for the family's own, and whether it adapts.

    Raises InputError where `gan_augmentation` is neither `auto`, `policy`, `ada` nor one of the medium's.
    """
    policies = {"auto": None} | {name: name for name in medium.gan_policies} | dict.fromkeys(OF_THE_STUDY, augmentation)
    if gan_augmentation not in policies:
        raise InputError(f"gan_augmentation: {gan_augmentation!r} is none of {', '.join(policies)}.")
    return policies[gan_augmentation], gan_augmentation == "ada"


def load(folder: Path, medium: Medium, device: str = "cpu") -> Generator:
    """Return the fitted generator that `save` wrote into the folder, whichever kind it is; a network on the device.

    Raises InputError when the folder holds none.
    """
    try:
        name = json.loads((Path(folder) / RECORD).read_text())["generator"]
        kind = (EXTERNAL | dict(medium.controls)).get(name) or _trained(name, medium)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} holds no readable generator ({error}): train it again.") from error
    return kind.load(folder, medium).to(device)


def _trained(name: str, medium: Medium) -> type[Generator]:
    """Return what is fitted as a medium's families say. Raises KeyError where it has no family of the name."""
    if name not in medium.families:
        raise KeyError(name)
    return medium.trained(name)
