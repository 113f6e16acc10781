"""What a study finds on this machine: external sources, weights of networks trained elsewhere, new captions.

Found once, when a study is opened, and handed to its settings: these and the plan ask no disk.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gannb.data.examples import Dataset
from gannb.media import medium_of
from gannb.study.external import load
from gannb.study.folder import units_folder
from gannb.study.model import Study
from gannb.study.source import Source
from gannb.study.view import View, find_view
from gannb.trials.arms import parse_arm
from gannb.units.kinds import ITEMS, REFERENCE_SETS
from gannb.utils import cuda
from gannb.utils.console import QUIET, talk
from gannb.utils.errors import InputError
from gannb.work.store import RECORD, parameters_at

if TYPE_CHECKING:
    from gannb.data.medium import Asked, FurtherSpace, Medium, Weights

T = TypeVar("T")
NEW_CAPTIONS = "new_captions"  # the parameter, the variation, and what its units declare


@dataclass(frozen=True, eq=False)
class AtHand:
    """The external sources, weights and feature spaces that were found."""

    external: Mapping[str, Source] = field(default_factory=dict)  # external sources by name, read and checked
    weights: Weights | None = None  # the pretrained ones; None: no arm wants them, or the study never had them here
    can_fine_tune: bool = False  # the file of these weights is there
    trunk: Weights | None = None  # those that a GAN's discriminator looks through; None: no family does, or not here
    spaces: Mapping[str, str] = field(default_factory=dict)  # feature space -> SHA-256 of the weights given for it
    new_captions: Asked = ()  # with their labels; empty: the study names no file of them
    view: View | None = None  # of items, that the pretrained network gets; None: the study's own


def look(study: Study, dataset: Dataset, data_key: str, own_copy: bool = False) -> AtHand:
    """Return what a study finds on this machine, writing nothing.

    own_copy: what it has kept of external sources serves, whatever has become of these.

    Where weights have gone since, the study's folder still knows which they were: what was made with them is found.

    Raises:
        InputError: what the study names is not there, or cannot be used; says why, and the way out.
    """
    medium = medium_of(dataset)
    weights = _weights(study, medium) if wants_pretrained(study, medium) else None
    return AtHand(
        external=load(study, dataset, data_key, own_copy),
        weights=weights,
        can_fine_tune=weights is not None and os.access(weights.file, os.R_OK),
        trunk=_weights(study, medium) if wants_trunk(study, medium) else None,
        view=find_view(study, dataset, data_key, weights, own_copy) if weights is not None else None,
        spaces={
            name: _digest_of(space, study) for name, space in medium.spaces.items() if getattr(study, space.parameter)
        },
        new_captions=_new_captions(study, dataset, medium) if names_captions(study, medium) else (),
    )


def wants_pretrained(study: Study, medium: Medium) -> bool:
    """Tell whether an arm that is asked for fine-tunes, and the medium has networks to fine-tune."""
    return any(parse_arm(name, medium).pretrained for name in study.arms) and medium.pretrained is not None


def wants_trunk(study: Study, medium: Medium) -> bool:
    """Tell whether a GAN family that is asked for looks through a pretrained network."""
    asked = {study.gan, *(parse_arm(name, medium).generator for name in study.arms)}
    return any(family.needs_weights for name, family in medium.families.items() if name in asked)


def _weights(study: Study, medium: Medium) -> Weights | None:
    """Return the pretrained weights; None where the study never had them on this machine."""
    find, recall = medium.pretrained.find, medium.pretrained.recall
    return _or_recalled(lambda: find(study.pretrained), lambda: recall(units_folder(study.folder), study.pretrained))


def _digest_of(space: FurtherSpace, study: Study) -> str:
    """Return the SHA-256 of a feature space's weights."""
    file = getattr(study, space.parameter)
    return _or_recalled(lambda: space.digest(file), lambda: recall_digest(units_folder(study.folder), space.name))


def names_captions(study: Study, medium: Medium) -> bool:
    """Tell whether a study names a file of new captions, and its items have some."""
    return medium.captions is not None and bool(getattr(study, NEW_CAPTIONS))


def _new_captions(study: Study, dataset: Dataset, medium: Medium) -> Asked:
    """Return the new captions of a study and their labels: of its file, else those that items were made of."""
    file, read = getattr(study, NEW_CAPTIONS), medium.captions.read
    return _or_recalled(
        lambda: read(file, dataset.pool, NEW_CAPTIONS), lambda: recall_new_captions(units_folder(study.folder))
    )


def recall_new_captions(folder: Path) -> Asked | None:
    """Return the new captions that a study's units record to have made items of; None: none do."""
    for record in sorted(folder.glob(f"trials/*/*.{NEW_CAPTIONS}-{ITEMS.stored_as}-*/{RECORD}")):
        if found := parameters_at(record.parent).get(NEW_CAPTIONS):
            return tuple((caption, label) for caption, label in found)
    return None


def _or_recalled(find: Callable[[], T | None], recall: Callable[[], T | None]) -> T | None:
    """Return what is found, else what is recalled; without that, InputError as `find` raises it."""
    try:
        return find() or recall()
    except InputError:
        if (recalled := recall()) is None:
            raise
        return recalled


def recall_digest(folder: Path, space: str) -> str | None:
    """Return the SHA-256 of the weights that a study's units record to have measured with in a space; None: none do."""
    for record in sorted(folder.glob(f"trials/*/{REFERENCE_SETS.stored_as}-*/{RECORD}")):
        if found := parameters_at(record.parent).get(space):
            return found
    return None


def resolve_device(name: str) -> str:
    """Return the torch device meant by the parameter `device`; where `auto` passes over a GPU, say why on stderr.

    Raises:
        InputError: the device is not there, or torch cannot use it.
    """
    kind, _, number = name.partition(":")
    if kind == "cpu":
        return name
    if name == "auto" and not cuda.may_be_there():
        return "cpu"
    import torch  # takes seconds

    again = "of a study that is there already: `gannb run` its folder with --set device=auto"
    way = f"use device=auto or device=cpu ({again})"
    if kind == "mps":  # once a device, and never tried: some augmentations cannot be computed on it
        raise InputError(f"device=mps is not supported; {way}.")
    wrong = _fault_of_card()
    if name == "auto":
        if wrong and talk() != QUIET:
            _say_once(f"gannb: this study computes on the CPU: {wrong}.")
        return "cuda" if torch.cuda.is_available() and not wrong else "cpu"
    if wrong:
        raise InputError(f"device={name} cannot be used: {wrong}.")
    if not torch.cuda.is_available() or (number and int(number) >= torch.cuda.device_count()):
        raise InputError(f"device={name} is not on this machine; {way}.")
    return name


@cache
def _fault_of_card() -> str:
    return cuda.fault()


@cache
def _say_once(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
