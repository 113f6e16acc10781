"""A network pretrained on images that takes waves, and is fine-tuned on their log-mel pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor, nn

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, Start
from gannb.media.audio.logmel import LogMelLayer
from gannb.media.image.pretrained.network import Pretrained, starting_at
from gannb.media.image.pretrained.weights import Summary, Weights

if TYPE_CHECKING:
    from gannb.data.examples import Examples


# Of the head. With the rate for photographs (1e-3) the network forgets more than it learns: spoken digits, 10 a class,
# 60 clips of others, one draw, 12 steps: 22 % with 1e-3, 47 % with 1e-4; 30 steps: 48 % with 3e-4, 55 % with 1e-4.
RATE = 1e-4


class Heard(nn.Module):
    """A pretrained network of pictures that takes waves: (N, T) in [-1, 1] -> (N, K) logits."""

    def __init__(self, rate: int, samples: int, network: Pretrained) -> None:
        super().__init__()
        self.picture, self.network = LogMelLayer(rate, samples), network

    def forward(self, waves: Tensor) -> Tensor:
        """(N, T) -> (N, K)."""
        return self.network(self.picture(waves))


def starting(rate: int, weights: Weights, mixture: Mixture, features: np.ndarray) -> Start:
    """Return what gives the network to fine-tune, which takes waves at a rate (Hz).

    features: (N, D) of the pictures of the mixture's clips, frozen, for its head.
    """
    begin = starting_at(RATE, weights, mixture, features)

    def start(recipe: Recipe, items: Examples) -> tuple[nn.Module, list[Summary]]:
        network, groups = begin(recipe, items)
        return Heard(rate, items.shape[0], network), groups

    return start
