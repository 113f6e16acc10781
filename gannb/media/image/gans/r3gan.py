"""Networks in the manner of R3GAN (Huang et al. 2024, arXiv 2501.05441), narrowed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gannb.media.image.gans.family import Shape
from gannb.media.image.gans.layers import (
    LEAK,
    LabelEmbedding,
    channels_from_image,
    cropped,
    margins,
    padded,
    start_grid,
)


class PlainBlock(nn.Module):
    """1x1, 3x3, 1x1 convolution on a branch that starts at zero (Zhang et al. 2019, Fixup), added.

    Theirs is wider inside and grouped, which costs a CPU many times what it saves in the second derivatives.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 1, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, width, 1, bias=False)
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, H, W) -> the same shape."""
        return x + self.last(F.leaky_relu(self.second(F.leaky_relu(self.first(x), LEAK)), LEAK))


class R3Generator(nn.Module):
    """Noise and label -> start grid -> at each size a block, then doubling and a 1x1 convolution -> image, cropped."""

    def __init__(self, shape: Shape, classes: int, base: int = 16, noise: int = 64, embedding: int = 32) -> None:
        super().__init__()
        height, width, channels = shape
        self.grid, self.size = start_grid(height, width), (height, width)
        widths = channels_from_image(height, width, base)[::-1]
        self.embedding = LabelEmbedding(classes, embedding)
        self.start = nn.Linear(noise + embedding, widths[0] * self.grid[0] * self.grid[1])
        self.blocks = nn.ModuleList(PlainBlock(w) for w in [*widths, widths[-1]])
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(widths, [*widths[1:], widths[-1]], strict=True))
        self.last = nn.Conv2d(widths[-1], channels, 1)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) -> images (N, C, H, W) in [-1, 1]."""
        x = self.start(torch.cat([noise, self.embedding(labels)], dim=1)).unflatten(1, (-1, *self.grid))
        x = x.contiguous(memory_format=torch.channels_last)
        for block, narrow in zip(self.blocks, self.narrow, strict=False):
            x = F.interpolate(narrow(block(x)), scale_factor=2)
        return cropped(self.last(self.blocks[-1](x)), self.size).tanh()


class R3Discriminator(nn.Module):
    """The generator mirrored: at each size a block, then a 1x1 convolution and halving -> projection on the label."""

    def __init__(self, shape: Shape, classes: int, base: int = 16, features: int = 128) -> None:
        super().__init__()
        height, width, channels = shape
        widths, grid = channels_from_image(height, width, base), start_grid(height, width)
        self.pad = margins(height, width)
        self.first = nn.Conv2d(channels, widths[0], 1)
        self.blocks = nn.ModuleList(PlainBlock(w) for w in widths)
        self.widen = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(widths, [*widths[1:], widths[-1]], strict=True))
        self.features = nn.Linear(widths[-1] * grid[0] * grid[1], features)
        self.score, self.embedding = nn.Linear(features, 1), nn.Embedding(classes, features)
        nn.init.normal_(self.embedding.weight, std=features**-0.5)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, None]:
        """x (N, C, H, W), labels (N,) -> scores (N,), no logits."""
        x = self.first(padded(x, self.pad))
        for block, widen in zip(self.blocks, self.widen, strict=True):
            x = F.avg_pool2d(widen(block(x)), 2)
        h = F.leaky_relu(self.features(x.flatten(1)), LEAK)
        return self.score(h).squeeze(1) + (h * self.embedding(labels)).sum(1), None
