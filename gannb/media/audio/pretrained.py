"""Fine-tuning a network that was pretrained on images, on the log-mel pictures of clips.

Where its weights are, what it is called and how its head is trained is as with images; the picture is an image that is
grey. Networks pretrained on sounds (PANNs, AST, wav2vec 2.0) come in forms of their own, which are not read here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor, nn

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, Start
from gannb.media.audio.logmel import LogMel, LogMelLayer
from gannb.media.image import pretrained as of_pictures
from gannb.media.image.pretrained import Summary, Weights

if TYPE_CHECKING:
    from gannb.data.examples import Examples


# Of the head. With the rate for photographs (1e-3) the network forgets more than it learns: spoken digits, 10 a class,
# 60 clips of others, one draw, 12 steps: 22 % with 1e-3, 47 % with 1e-4; 30 steps: 48 % with 3e-4, 55 % with 1e-4.
RATE = 1e-4


class Heard(nn.Module):
    """A pretrained network of pictures that takes waves: (N, T) in [-1, 1] -> (N, K) logits."""

    def __init__(self, rate: int, samples: int, network: of_pictures.Pretrained) -> None:
        super().__init__()
        self.picture, self.network = LogMelLayer(rate, samples), network

    def forward(self, waves: Tensor) -> Tensor:
        """(N, T) -> (N, K)."""
        return self.network(self.picture(waves))


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
        return of_pictures.upsampled_text(weights, "log-mel pictures")

    def frozen_features(
        self,
        weights: Weights,
        x: np.ndarray,
        device: str = "cpu",
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> np.ndarray:
        """Return what the pretrained network makes of the pictures of clips: (N, T) int16 -> (N, D) float32."""
        pictures = LogMel(self.rate, x.shape[1]).pictures(x)
        return of_pictures.frozen_features(weights, pictures[..., None], device, progress)

    def starting(self, weights: Weights, mixture: Mixture, features: np.ndarray) -> Start:
        """Return what gives the network to fine-tune, which takes waves; features: (N, D), frozen, for its head."""
        begin = of_pictures.starting_at(RATE, weights, mixture, features)

        def start(recipe: Recipe, items: Examples) -> tuple[nn.Module, list[Summary]]:
            network, groups = begin(recipe, items)
            return Heard(self.rate, items.shape[0], network), groups

        return start


@lru_cache
def of(rate: int) -> PretrainedForSounds:
    """Return the pretrained networks for clips at a rate (Hz)."""
    return PretrainedForSounds(rate)
