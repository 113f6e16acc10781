"""Which number a class has in a synthetic set: the one that readers of the real items know it by."""

from __future__ import annotations

from gannb.data.examples import Dataset
from gannb.data.folders import natural_key

FOLDER = "folder"  # what a data report calls items that lay in a folder for each class


def label_names(dataset: Dataset) -> tuple[str, ...]:
    """Return the names of all classes, a label each from 0 on, those that the study holds out among them.

    Of a folder per class that is the order of torchvision's ImageFolder and of `datasets`, by the characters' codes (0,
    1, 10, 2, B c, a.1); of arrays, whose labels are numbers, their own (0, 1, 2, 10).
    """
    held_out = () if dataset.held_out is None else dataset.held_out.pool.classes
    names = (*dataset.pool.classes, *held_out)
    return tuple(sorted(names) if dataset.report.kind == FOLDER else sorted(names, key=natural_key))


def numbering_text(dataset: Dataset) -> str:
    """Return in words what the labels are."""
    if dataset.report.kind == FOLDER:
        return "in the order in which torchvision's ImageFolder and `datasets` number the real set's folders"
    return "as the real set numbers its classes"
