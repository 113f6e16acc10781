"""SpecGAN: networks that make log-mel pictures, from which sounds are found (Donahue et al. 2019, arXiv 1802.04208).

The networks, losses and training loop are those of images. Theirs differs: linear magnitudes normalised by frequency,
WGAN-GP, no classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gannb.generators.adversarial.form import AsTheyAre
from gannb.media.audio.augmentation.policies import Policy
from gannb.media.audio.augmentation.transforms import Draws
from gannb.media.audio.features import of_pictures, scaled
from gannb.media.audio.logmel import LogMel
from gannb.media.image import IMAGE

if TYPE_CHECKING:
    from gannb.data.medium import Medium

BLACK = -1.0  # an encoded picture where nothing is


class Pictures(AsTheyAre):
    """The log-mel pictures of clips, encoded as images are: (N, T) int16 and (N, 1, H, W) in [-1, 1]."""

    def __init__(self, medium: Medium, logmel: LogMel) -> None:
        super().__init__(medium)
        self.logmel = logmel

    def stored(self, x: np.ndarray, device: str) -> Tensor:
        """Clips (N, T) int16 as pictures (N, 1, H, W) uint8."""
        return IMAGE.stored(self.logmel.pictures(x)[..., None], device)

    def encode(self, stored: Tensor) -> Tensor:
        """Pictures (N, 1, H, W) uint8 as floats in [-1, 1]."""
        return IMAGE.encode(stored)

    def decode(self, values: Tensor) -> np.ndarray:
        """What a network made, (N, 1, H, W), as pictures (N, H, W) uint8."""
        return IMAGE.decode(values)[..., 0]

    def items(self, made: np.ndarray) -> np.ndarray:
        """Pictures (N, H, W) uint8 as clips (N, T) int16."""
        return self.logmel.sounds(made)

    def raw_features(self, made: np.ndarray) -> np.ndarray:
        """Pictures (N, H, W) uint8 -> (N, D) float32."""
        return scaled(of_pictures(made))

    def augment(
        self, batch: Tensor, policy: Policy, rng: torch.Generator, chance: Tensor | None, clamp: bool
    ) -> Tensor:
        """Pictures (N, 1, H, W) in [-1, 1], each transformed by its own draw."""
        return augment(batch, policy, self.logmel, rng, chance)

    def place(self, network: nn.Module, device: str) -> nn.Module:
        """The network, channels last in memory."""
        return IMAGE.place(network, device)


def augment(
    pictures: Tensor, policy: Policy, logmel: LogMel, rng: torch.Generator, chance: Tensor | None = None
) -> Tensor:
    """What a policy of sounds does to their pictures (N, 1, H, W) in [-1, 1]: speed, shift and masks.

    Of gain a picture shows nothing, and noise is not added. Differentiable in the pictures; an empty policy gives them
    back. chance: as in `gannb.media.audio.augmentation.transforms.augment`.
    """
    drawn = Draws(len(pictures), rng, pictures.device, chance)
    if policy.speed or policy.shift:
        pictures = _moved(pictures, logmel, drawn.both_ways(policy.speed), drawn.both_ways(policy.shift))
    if policy.time_mask:
        columns = policy.time_mask * logmel.rate / logmel.hop
        pictures = _masked(pictures, 3, drawn.share(columns), drawn.place())
    if policy.frequency_mask:
        pictures = _masked(pictures, 2, drawn.share(policy.frequency_mask * pictures.shape[2]), drawn.place())
    return pictures


def _moved(pictures: Tensor, logmel: LogMel, faster: Tensor, later: Tensor) -> Tensor:
    """Pictures of what is played 1 + faster (N,) times as fast, about the middle, and so many seconds later, (N,)."""
    height, width = pictures.shape[2:]
    seconds = torch.arange(width, device=pictures.device) * logmel.hop / logmel.rate
    middle = seconds[-1] / 2
    column = ((seconds - middle - later[:, None]) * (1 + faster[:, None]) + middle) * logmel.rate / logmel.hop
    hertz = torch.from_numpy(logmel.frequencies).float().to(pictures.device) / (1 + faster[:, None])  # (N, H)
    mel = torch.log10(1 + hertz / 700)
    ends = np.log10(1 + logmel.frequencies[[0, -1]] / 700)
    row = (mel - ends[0]) / (ends[1] - ends[0]) * (height - 1)
    across, down = (2 * place / (size - 1) - 1 for place, size in ((column, width), (row, height)))
    grid = torch.stack(torch.broadcast_tensors(across[:, None, :], down[:, :, None]), dim=-1)  # (N, H, W, 2)
    return F.grid_sample(pictures - BLACK, grid, align_corners=True) + BLACK


def _masked(pictures: Tensor, axis: int, length: Tensor, where: Tensor) -> Tensor:
    """Pictures black over a length (N,) of rows or columns, at a place 0..1 (N,)."""
    size = pictures.shape[axis]
    place = torch.arange(size, device=pictures.device) + 0.5
    start = (where * (size - length))[:, None]
    hit = (place > start) & (place < start + length[:, None])  # (N, size)
    return pictures.masked_fill(hit[:, None, :, None] if axis == 2 else hit[:, None, None, :], BLACK)
