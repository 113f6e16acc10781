"""What units read of each other: the study's data, a draw, items, and the networks that measure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb import media
from gannb.data.counts import first_of_each
from gannb.data.examples import Dataset, Examples
from gannb.study.data_copy import data_folder
from gannb.study.view import in_view, view_folder
from gannb.trials import splits
from gannb.trials.design import Design
from gannb.trials.splits import Draw
from gannb.units.parameters import Drawing
from gannb.utils.files import read_json, read_noted, write_json
from gannb.work.unit import Task

if TYPE_CHECKING:
    from gannb.data.medium import Medium

SPACES = "spaces.json"  # beside the units: where the weights of further feature spaces lie, by their digest


def dataset_of(task: Task) -> Dataset:
    """Return the study's data, from its own copy; in the larger view of them where the unit declares one."""
    key = next(u.parameters["data"] for u in task.unit.closure() if "data" in u.parameters)
    dataset = Dataset.load(data_folder(task.study, key))
    if view := task.parameters.get("view"):
        return in_view(dataset, view_folder(task.study, view))
    return dataset


def shown(x: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Return items that were made (N, ...) in the shape of the real ones that a unit sees."""
    shape = dataset.pool.shape
    return x if x.shape[1:] == shape else media.medium_of(dataset).enlarged(x, shape)


def note_spaces(folder: Path, files: Mapping[str, str]) -> None:
    """Note beside a study's units where the weights of further feature spaces lie, by their digest."""
    noted = read_noted(folder / SPACES)
    if not files.items() <= noted.items():
        write_json(folder / SPACES, noted | files)


def file_of_space(task: Task, name: str) -> str:
    """Return the file of the weights of a further feature space that a unit measures in."""
    return read_json(task.study / SPACES)[task.parameters[name]]


def medium_of(task: Task) -> Medium:
    """Return the medium of the study's data."""
    return media.medium_of(dataset_of(task))


def draw_of(drawing: Drawing, dataset: Dataset) -> Draw:
    """Return what the parameters of a unit of drawing draw from a data set."""
    return splits.make_draw(dataset, design_of(drawing), drawing["trial"])


def design_of(drawing: Drawing) -> Design:
    """Return how trials are made, from the parameters of a unit of drawing."""
    return Design(**{name: value for name, value in drawing.items() if name not in ("data", "trial")})


def read_draw(folder: Path) -> Draw:
    """Return the draw kept in a unit's folder."""
    with np.load(folder / "draw.npz", allow_pickle=False) as stored:
        return Draw(stored["train"], stored["reserve"], stored["test"])


def read_items(folder: Path, dataset: Dataset) -> Examples:
    """Return the synthetic items kept in a unit's folder."""
    x, y = (np.load(folder / f"{name}.npy", allow_pickle=False, mmap_mode="r") for name in "xy")
    ids = np.char.add("synthetic-", np.arange(len(y)).astype(str))
    captions = folder / "captions.npy"
    said = np.load(captions, allow_pickle=False)[:, None] if captions.is_file() else None
    return Examples(x, np.asarray(y), dataset.pool.classes, ids, np.arange(len(y)), said)


def read_shares(folder: Path) -> np.ndarray:
    """Return the shares of the classes (M, K) in items between two of them, as a unit's folder keeps them."""
    return np.load(folder / "shares.npy", allow_pickle=False)


def measured_of(made: Examples, counts: np.ndarray, n_synthetic: int | str) -> Examples:
    """Return those of a source's items that quality is measured on: all, or of what is to balance a draw a part.

    Of the latter it is the first of each class, as many as the draw has: `counts`, (K,).
    """
    return made.take(first_of_each(made.y, counts)) if n_synthetic == "balance" else made


def read_features(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices (N,) of items and their frozen features (N, D), as a unit's folder keeps them."""
    index, features = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("index", "features"))
    return index, features


def load_classifier(medium: Medium, file: Path, like: Examples, device: str = "cpu") -> Any:
    """Return a trained measuring classifier of a medium, kept in a file, for items like those given."""
    from safetensors.torch import load_file  # takes torch, see `gannb.units`

    network = medium.classifier(medium.measuring_classifier, like.shape, like.n_classes)
    network.load_state_dict(load_file(file))
    return network.to(device).eval()
