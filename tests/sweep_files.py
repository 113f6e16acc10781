"""Files of sweeps, and a sweep of two studies as small as they can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gannb.sweep.definition import Sweep, sweep_of_file

TINY = {
    "data": "digits", "preset": "smoke", "trials": 2, "gan_steps": 5, "n_synthetic": 5, "classifier_steps": 5,
    "n_per_class": 4, "workers": 1, "arms": ["real", "real+interpolation+classic"], "grid": {"gan": ["mlp", "dcgan"]},
}  # fmt: skip


def written(folder: Path, given: dict[str, Any] | str, name: str = "sweep.yaml") -> Path:
    """A file that says what is given."""
    file = folder / name
    file.write_text(given if isinstance(given, str) else yaml.safe_dump(given, sort_keys=False))
    return file


def sweep(folder: Path, given: dict[str, Any] | str, **changes: Any) -> Sweep:
    """The sweep of such a file, whose folder lies beside it."""
    return sweep_of_file(written(folder, given), {"output_dir": str(folder / "outputs")} | changes)


def tiny(folder: Path) -> Sweep:
    """Two studies that differ in their family."""
    return sweep(folder, TINY, name="tiny")
