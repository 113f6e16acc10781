"""Generators of clips without a GAN: those of every medium, with a Gaussian that is one of log-mel pictures."""

from __future__ import annotations

import numpy as np

from gannb.generators.simple import SIMPLE, Gaussian, Simple


class GaussianPictures(Gaussian):
    """A normal distribution per class of log-mel pictures, and from a picture back to a sound.

    One of samples would be noise: in which phase a sound is says nothing of what it is.
    """

    def _make(self, k: int, m: int, rng: np.random.Generator) -> np.ndarray:
        from gannb.media.audio.logmel import LogMel

        logmel = LogMel(self.medium.rate, self.x.shape[1])
        return logmel.sounds(self.drawn(logmel.pictures(self._items(k)), m, rng))


CONTROLS: dict[str, type[Simple]] = SIMPLE | {Gaussian.name: GaussianPictures}
