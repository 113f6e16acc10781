"""Residual networks in the manner of SNGAN (Miyato et al. 2018, arXiv 1802.05957)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.media.image.gans.family import Shape
from gannb.media.image.gans.layers import (
    ConditionalBatchNorm,
    LabelEmbedding,
    ProjectionHead,
    channels_from_image,
    cropped,
    margins,
    padded,
    start_grid,
)


class UpBlock(nn.Module):
    """Conditional batch norm, ReLU, doubling, convolution, twice; the doubled input is added."""

    def __init__(self, a: int, b: int, code: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([ConditionalBatchNorm(a, code), ConditionalBatchNorm(b, code)])
        self.first, self.second = nn.Conv2d(a, b, 3, padding=1), nn.Conv2d(b, b, 3, padding=1)
        self.skip = nn.Conv2d(a, b, 1)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """x (N, a, H, W), code (N, code) -> (N, b, 2H, 2W)."""
        h = self.first(F.interpolate(self.norms[0](x, code).relu(), scale_factor=2))
        return self.second(self.norms[1](h, code).relu()) + F.interpolate(self.skip(x), scale_factor=2)


class DownBlock(nn.Module):
    """Two convolutions, average pooling, the pooled input added; the first block does not start with a ReLU."""

    def __init__(self, a: int, b: int, first: bool) -> None:
        super().__init__()
        self.is_first = first
        self.first = spectral_norm(nn.Conv2d(a, b, 3, padding=1))
        self.second = spectral_norm(nn.Conv2d(b, b, 3, padding=1))
        self.skip = spectral_norm(nn.Conv2d(a, b, 1))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, a, 2H, 2W) -> (N, b, H, W)."""
        h = self.second(self.first(x if self.is_first else x.relu()).relu())
        return F.avg_pool2d(h, 2) + self.skip(F.avg_pool2d(x, 2))


class ResnetGenerator(nn.Module):
    """Noise and label -> start grid -> residual blocks, each doubling the sides -> image, cropped."""

    def __init__(self, shape: Shape, classes: int, base: int = 16, noise: int = 128, embedding: int = 32) -> None:
        super().__init__()
        height, width, channels = shape
        self.grid, self.size = start_grid(height, width), (height, width)
        widths = channels_from_image(height, width, base)[::-1]
        code = noise + embedding
        self.embedding = LabelEmbedding(classes, embedding)
        self.start = nn.Linear(code, widths[0] * self.grid[0] * self.grid[1])
        self.blocks = nn.ModuleList(UpBlock(a, b, code) for a, b in zip(widths, [*widths[1:], widths[-1]], strict=True))
        self.norm, self.last = nn.BatchNorm2d(widths[-1]), nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) -> images (N, C, H, W) in [-1, 1]."""
        code = torch.cat([noise, self.embedding(labels)], dim=1)
        x = self.start(code).unflatten(1, (-1, *self.grid)).contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            x = block(x, code)
        return cropped(self.last(self.norm(x).relu()), self.size).tanh()


class ResnetDiscriminator(nn.Module):
    """Image -> residual blocks, each halving the sides -> sum over pixels -> head."""

    def __init__(self, shape: Shape, classes: int, base: int = 16) -> None:
        super().__init__()
        height, width, channels = shape
        widths = channels_from_image(height, width, base)
        self.pad = margins(height, width)
        pairs = list(zip([channels, *widths[:-1]], widths, strict=True))
        self.blocks = nn.Sequential(*(DownBlock(a, b, first=number == 0) for number, (a, b) in enumerate(pairs)))
        self.head = ProjectionHead(widths[-1], classes)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, C, H, W), labels (N,) -> scores (N,), logits (N, classes)."""
        return self.head(self.blocks(padded(x, self.pad)).relu().sum(dim=(2, 3)), labels)
