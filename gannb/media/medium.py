"""The generators of all kinds by name, and how a fitted one is read again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.external import OUTSIDE
from gannb.generators.interface import Generator
from gannb.generators.simple import SIMPLE
from gannb.media.image.gans.families import FAMILIES
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.study.model import Study


def _adversarial(family: str) -> Callable[[Study], Generator]:
    def make(study: Study) -> Generator:
        policies = {"auto": None, "none": "none", "diffaugment": "diffaugment"}
        policies |= {"policy": study.augmentation, "ada": study.augmentation}
        if study.gan_augmentation not in policies:
            raise InputError(f"gan_augmentation: {study.gan_augmentation!r} is none of {', '.join(policies)}.")
        return Adversarial(FAMILIES[family], policies[study.gan_augmentation], study.gan_augmentation == "ada")

    return make


def _simple(kind: str) -> Callable[[Study], Generator]:
    return lambda study: SIMPLE[kind]()  # which have nothing to choose


def _outside(kind: str) -> Callable[[Study], Generator]:
    return lambda study: OUTSIDE[kind](getattr(study, kind))


GENERATORS: dict[str, Callable[[Study], Generator]] = {
    **{name: _adversarial(name) for name in FAMILIES},
    **{name: _simple(name) for name in SIMPLE},
    **{name: _outside(name) for name in OUTSIDE},
}


def load(folder: Path, device: str = "cpu") -> Generator:
    """The fitted generator that `save` wrote into the folder, whichever kind it is; a network on the device.

    Raises InputError when the folder holds none.
    """
    try:
        kind = (SIMPLE | OUTSIDE).get(json.loads((Path(folder) / "generator.json").read_text())["generator"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} holds no readable generator ({error}): train it again.") from error
    loaded = (kind or Adversarial).load(folder)
    return loaded.to(device) if hasattr(loaded, "to") else loaded
