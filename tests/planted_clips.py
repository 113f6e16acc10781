"""Clips small enough for tests: notes with overtones, a pitch for every class."""

from __future__ import annotations

import numpy as np

from gannb.data.examples import Examples

RATE = 8000


def tone(hertz: float, rate: int = RATE, samples: int = 4096) -> np.ndarray:
    """A pure tone, (T,) int16, that fades in and out."""
    wave = np.sin(2 * np.pi * hertz * np.arange(samples) / rate) * np.hanning(samples)
    return np.rint(wave * 0.9 * 32767).astype(np.int16)


def clips(n: int = 6, classes: int = 3, rate: int = RATE, samples: int = 2048, seed: int = 0) -> Examples:
    """n clips of each class: a note of its pitch, 5 % up or down, with overtones, that begins and dies at some time."""
    rng, time = np.random.default_rng(seed), np.arange(samples) / rate
    y = np.repeat(np.arange(classes), n)
    waves = np.zeros((len(y), samples))
    for i, k in enumerate(y):
        pitch, parts = 300 * 1.5**k * rng.uniform(0.95, 1.05), rng.uniform(0.2, 1, 4)
        start = rng.uniform(0.05, 0.3) * time[-1]
        shape = np.clip((time - start) / 0.01, 0, 1) * np.exp(-((time - start).clip(0)) / (0.2 * time[-1]))
        overtones = [a * np.sin(2 * np.pi * (j + 1) * pitch * time + rng.uniform(0, 6)) for j, a in enumerate(parts)]
        waves[i] = shape * np.sum(overtones, axis=0)
    x = np.rint(waves / np.abs(waves).max(axis=1, keepdims=True) * 0.9 * 32767).astype(np.int16)
    ids = np.arange(len(y))
    return Examples(x, y, tuple(f"note {k}" for k in range(classes)), ids.astype(str), ids)
