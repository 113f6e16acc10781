"""Networks that were pretrained on images, fine-tuned on the log-mel pictures of clips.

Where their weights are, what they are called and how their head is trained is as with images; the picture is an image
that is grey. Networks pretrained on sounds (PANNs, AST, wav2vec 2.0) come in forms of their own, which are not read
here. What needs torch is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from gannb.media.image import pretrained as of_pictures
from gannb.media.image.pretrained.weights import Weights

if TYPE_CHECKING:
    from gannb.classifiers.mixture import Mixture
    from gannb.classifiers.training import Start


class PretrainedForSounds:
    """The functions of `gannb.data.medium.Pretrained` for clips at a rate (Hz)."""

    find, recall, keep, kept = map(staticmethod, (
        of_pictures.find, of_pictures.recall, of_pictures.keep, of_pictures.kept,
    ))  # fmt: skip
    check, missing_sentence, features_width, layers, training_text = map(staticmethod, (
        of_pictures.check, of_pictures.missing_sentence, of_pictures.features_width, of_pictures.layers,
        of_pictures.training_text,
    ))  # fmt: skip

    def __init__(self, rate: int) -> None:
        self.rate = rate

    def weights_text(self, weights: Weights) -> str:
        """Return in words what network it is and how it takes clips."""
        from gannb.media.image.pretrained.network import upsampled_text

        return upsampled_text(weights, "log-mel pictures")

    def frozen_features(
        self,
        weights: Weights,
        x: np.ndarray,
        device: str = "cpu",
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> np.ndarray:
        """Return what the pretrained network makes of the pictures of clips: (N, T) int16 -> (N, D) float32."""
        from gannb.media.audio.logmel import LogMel

        pictures = LogMel(self.rate, x.shape[1]).pictures(x)
        return of_pictures.frozen_features(weights, pictures[..., None], device, progress)

    def starting(self, weights: Weights, mixture: Mixture, features: np.ndarray) -> Start:
        """Return what gives the network to fine-tune, which takes waves; features: (N, D), frozen, for its head."""
        from gannb.media.audio.pretrained.network import starting

        return starting(self.rate, weights, mixture, features)


@lru_cache
def of(rate: int) -> PretrainedForSounds:
    """Return the pretrained networks for clips at a rate (Hz)."""
    return PretrainedForSounds(rate)
