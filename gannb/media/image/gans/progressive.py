"""Networks that grow from 16 pixels to the image's sides (Karras et al. 2018, arXiv 1710.10196).

Every level is there from the first step: optimisers, averages and checkpoints never change their shape. Images have
their full sides at every level, blocks of pixels at the early ones, so that losses, augmentation and grids need not
know of levels. Networks are those of `projection`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.generators.adversarial.staged import Staged
from gannb.media.image.gans.family import Shape
from gannb.media.image.gans.layers import (
    LEAK,
    ConditionalBatchNorm,
    LabelEmbedding,
    ProjectionHead,
    channels_from_image,
    cropped,
    doublings,
    margins,
    padded,
    start_grid,
)
from gannb.media.image.gans.projection import transposed

FIRST = 2  # doublings of the start grid at the first level: about 16 pixels


def levels_of(shape: Shape) -> int:
    """How many levels there are for images of a shape (H, W, C): 1 for 16 pixels, 3 for 64, 5 for 256."""
    return doublings(*shape[:2]) - FIRST + 1


class ProgressiveGenerator(Staged):
    """Noise and label -> start grid -> as many doublings as the level has -> image of that side, brought to full."""

    def __init__(self, shape: Shape, classes: int, base: int = 16, noise: int = 64, embedding: int = 32) -> None:
        super().__init__(levels_of(shape))
        height, width, channels = shape
        self.grid, self.size = start_grid(height, width), (height, width)
        widths, code = channels_from_image(height, width, base)[::-1], noise + embedding
        self.embedding = LabelEmbedding(classes, embedding)
        self.start = nn.Linear(code, widths[0] * self.grid[0] * self.grid[1])
        self.norms = nn.ModuleList(ConditionalBatchNorm(w, code) for w in widths)
        self.ups = nn.ModuleList(transposed(a, b) for a, b in zip(widths, [*widths[1:], base], strict=True))
        self.to_image = nn.ModuleList(nn.Conv2d(w, channels, 1) for w in [*widths[FIRST:], base])  # one a level

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) -> images (N, C, H, W) in [-1, 1]."""
        code = torch.cat([noise, self.embedding(labels)], dim=1)
        x = self.start(code).unflatten(1, (-1, *self.grid)).contiguous(memory_format=torch.channels_last)
        for norm, up in zip(self.norms[: FIRST + self.level], self.ups, strict=False):
            before, x = x, up(F.leaky_relu(norm(x, code), LEAK))
        image = self._image(x, self.level)
        if self.fading:
            image = self.faded(F.interpolate(self._image(before, self.level - 1), scale_factor=2), image)
        full = F.interpolate(image, scale_factor=2 ** (self.levels - 1 - self.level))
        return cropped(full, self.size).tanh()

    def _image(self, x: Tensor, level: int) -> Tensor:
        return self.to_image[level](F.leaky_relu(x, LEAK))


class ProgressiveDiscriminator(Staged):
    """Image, brought to the level's side -> strided convolutions -> features -> projection on the label."""

    def __init__(self, shape: Shape, classes: int, base: int = 16, features: int = 128) -> None:
        super().__init__(levels_of(shape))
        height, width, channels = shape
        grid, widths = start_grid(height, width), channels_from_image(height, width, base)
        self.pad = margins(height, width)
        inner = [base, *widths[:-1]]  # what each convolution is given, the largest side first
        self.downs = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, stride=2, padding=1)) for a, b in zip(inner, widths, strict=True)
        )
        given = inner[: self.levels][::-1]  # one a level, the smallest side first
        self.from_image = nn.ModuleList(spectral_norm(nn.Conv2d(channels, w, 1)) for w in given)
        self.features = spectral_norm(nn.Linear(widths[-1] * grid[0] * grid[1], features))
        self.head = ProjectionHead(features, classes)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, C, H, W), labels (N,) -> scores (N,), logits (N, classes)."""
        left_out = self.levels - 1 - self.level  # convolutions, of the largest sides
        x = F.avg_pool2d(padded(x, self.pad), 2**left_out)
        h = self._down(self._features(x, self.level), left_out)
        if self.fading:
            h = self.faded(self._features(F.avg_pool2d(x, 2), self.level - 1), h)
        for number in range(left_out + 1, len(self.downs)):
            h = self._down(h, number)
        return self.head(F.leaky_relu(self.features(h.flatten(1)), LEAK), labels)

    def _features(self, x: Tensor, level: int) -> Tensor:
        return F.leaky_relu(self.from_image[level](x), LEAK)

    def _down(self, h: Tensor, number: int) -> Tensor:
        return F.leaky_relu(self.downs[number](h), LEAK)
