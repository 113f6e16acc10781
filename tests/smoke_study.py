"""The finished smoke study (see conftest.py) with other parameters, and its arms."""

from __future__ import annotations

from pathlib import Path

from gannb.experiment.experiment import Experiment
from gannb.study.folder import open_study

ARMS = (
    "real",
    "real+classic",
    "real+gan",
    "real+gan+classic",
    "fewer+classic",
    "real+more+classic",
)


def changed(folder: Path, **changes) -> Experiment:
    """The study of a folder with other parameters; nothing is written."""
    return Experiment.preview(open_study(folder, **changes))
