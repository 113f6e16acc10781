"""Small sets of clips, written as files: whole ones, and damaged ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE = 8000


def sound(seed: int, seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    """A note with overtones that begins and ends in silence, unlike those of other seeds: (T,) float in -1..1."""
    rng, time = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    pitch, parts = rng.uniform(200, 800), rng.uniform(0.2, 1, 4)
    waves = [a * np.sin(2 * np.pi * (j + 1) * pitch * time + rng.uniform(0, 6)) for j, a in enumerate(parts)]
    body = np.sum(waves, axis=0) * (1 + 0.5 * np.sin(2 * np.pi * rng.uniform(3, 9) * time))
    shape = np.clip(np.minimum(time - 0.1 * seconds, 0.9 * seconds - time) / 0.02, 0, 1)
    return 0.4 * shape * body / np.abs(body).max()


def write(path: Path, samples: np.ndarray, rate: int = RATE, **options: Any) -> Path:
    """A sound file, made with its folder. samples: (T,) or (T, C)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **options)
    return path


def folder_of(root: Path, classes: tuple[str, ...] = ("owl", "wren"), n: int = 3, **shape: Any) -> Path:
    """A folder of n clips a class, all different."""
    for k, name in enumerate(classes):
        for i in range(n):
            write(root / name / f"{name}{i}.wav", sound(1000 * k + i, **shape), shape.get("rate", RATE))
    return root


def arrays(n: int = 12, **changes: np.ndarray | None) -> dict[str, np.ndarray]:
    """A set of two classes of clips of different lengths, all in a row; changes replace arrays, None removes one."""
    clips = [np.rint(sound(i, 0.2 + 0.02 * i) * 32767).astype(np.int16) for i in range(n)]
    found = {
        "audio": np.concatenate(clips), "offsets": np.cumsum([0, *map(len, clips)]), "labels": np.arange(n) % 2,
        "rate": np.array(RATE),
    }  # fmt: skip
    return {key: array for key, array in (found | changes).items() if array is not None}


def npz(path: Path, n: int = 12, **changes: np.ndarray | None) -> Path:
    """The same as a file."""
    np.savez_compressed(path, **arrays(n, **changes))
    return path
