"""The view that pretrained networks get of a study's items: larger than the study's own, from the same files.

A study's GANs and classifiers work on items of one small size; a network that was pretrained on larger ones would be
handicapped by them. Where the files hold more, what it needs of that is kept beside the study's copy of its data.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gannb.data.examples import Dataset
from gannb.media import medium_of
from gannb.study.folder import units_folder
from gannb.study.model import Study
from gannb.utils.doing import doing
from gannb.utils.files import write_folder
from gannb.utils.keys import digest

if TYPE_CHECKING:
    from gannb.data.medium import Weights


@dataclass(frozen=True)
class View:
    """Items of one shape, larger than the study's."""

    key: str  # of the files' content and how they are brought to the shape; what sees this view declares it
    shape: tuple[int, ...]


def find_view(study: Study, dataset: Dataset, data_key: str, weights: Weights, own_copy: bool = False) -> View | None:
    """Return the view that a pretrained network gets; None where the files hold no more than the study's own items.

    None too where there is none yet, and the files are gone or `own_copy`: what the study has made without one counts.
    Reads none of the files.
    """
    medium = medium_of(dataset)
    if (shape := medium.view_shape(dataset, weights)) is None:
        return None
    how = [getattr(study, name) for name in medium.reading_like]
    view = View(digest(dataset.fingerprint, data_key, list(shape), how), shape)
    possible = not own_copy and os.path.lexists(study.data)
    return view if possible or view_folder(units_folder(study.folder), view.key).is_dir() else None


def view_folder(folder: Path, key: str) -> Path:
    """Return where the folder that holds a study's units keeps the view with a key."""
    return folder / view_name(key)


def view_name(key: str) -> str:
    """Return the name of the folder of the view with a key."""
    return f"view-{key}"


def keep_view(study: Study, dataset: Dataset, view: View) -> None:
    """Keep a view of a study's items beside its units, which read it, unless it is there.

    Raises:
        InputError: the files are no longer those that the study was made with.
    """
    if (to := view_folder(units_folder(study.folder), view.key)).is_dir():
        return
    medium = medium_of(dataset)

    def write(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        medium.read_view(study.data, study, dataset, view.shape, folder)

    with doing(f"reading {study.data} once more, larger, for the pretrained network"):
        write_folder(to, write)


def in_view(dataset: Dataset, folder: Path) -> Dataset:
    """Return a data set with the items of a view that `keep_view` kept in a folder, memory-mapped."""
    parts = {"pool": dataset.pool} | ({} if dataset.test is None else {"test": dataset.test})
    seen = {
        name: replace(part, x=np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)))
        for name, part in parts.items()
    }
    return replace(dataset, **seen)
