"""A sweep of two studies as small as they can be, finished."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sweep_files
from conftest import made_once

from gannb.sweep.definition import read_sweep
from gannb.sweep.running import Ran, run_sweep


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The folder of a finished sweep, and what its run said. To be read only: `tiny` is a copy to change."""
    return made_once(tmp_path_factory, "sweeps", _made)


def _made(outputs: Path) -> tuple[Path, Ran]:
    sweep = sweep_files.tiny(outputs)
    return sweep.folder, run_sweep(sweep)


@pytest.fixture
def tiny(made: tuple[Path, Ran], tmp_path: Path) -> Path:
    """A copy of the finished sweep, to be changed."""
    folder = Path(shutil.copytree(made[0], tmp_path / made[0].name))
    assert read_sweep(folder).folder == folder
    return folder
