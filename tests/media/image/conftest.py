"""Real photographs, read once for all tests of a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from gannb.data.examples import Dataset
from gannb.media.image.reading import read

FEW = 8  # every so many photographs


@pytest.fixture(scope="session")
def flowers(shared_data: Path) -> Dataset:
    """Photographs of flowers, 32x32, with their test set."""
    return read(str(shared_data / "flowers"), size="32")


@pytest.fixture(scope="session")
def few_flowers(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of some 370 of them, at least 60 of each class, 96x96, without a test set."""
    folder = tmp_path_factory.mktemp("flowers")
    for kind in (shared_data / "flowers" / "train").iterdir():
        (folder / kind.name).mkdir()
        for photograph in sorted(kind.iterdir())[::FEW]:
            (folder / kind.name / photograph.name).symlink_to(photograph)
    return folder
