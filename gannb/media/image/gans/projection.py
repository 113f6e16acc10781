"""Convolutional networks with a projection discriminator (Miyato and Koyama 2018, arXiv 1802.05637)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.media.image.gans.family import Shape
from gannb.media.image.gans.layers import (
    LEAK,
    ConditionalBatchNorm,
    LabelEmbedding,
    Norm,
    ProjectionHead,
    channels_from_image,
    cropped,
    margins,
    padded,
    start_grid,
)


def transposed(before: int, after: int) -> nn.Module:
    """A transposed convolution that doubles the sides."""
    return nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)


def resized(before: int, after: int) -> nn.Module:
    """Doubling, then a convolution: no lattice, for two to three times the work (Odena et al. 2016, "Checkerboard")."""
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, padding=1))


class ConvGenerator(nn.Module):
    """Noise and label -> start grid -> layers that double the sides, `up` makes each -> image, cropped."""

    def __init__(
        self,
        shape: Shape,
        classes: int,
        base: int = 16,
        noise: int = 64,
        embedding: int = 32,
        up: Callable[[int, int], nn.Module] = transposed,
    ) -> None:
        super().__init__()
        height, width, channels = shape
        self.grid, self.size = start_grid(height, width), (height, width)
        widths = channels_from_image(height, width, base)[::-1]
        code = noise + embedding
        self.embedding = LabelEmbedding(classes, embedding)
        self.start = nn.Linear(code, widths[0] * self.grid[0] * self.grid[1])
        self.norms = nn.ModuleList(ConditionalBatchNorm(w, code) for w in widths)
        self.ups = nn.ModuleList(up(a, b) for a, b in zip(widths, [*widths[1:], channels], strict=True))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) -> images (N, C, H, W) in [-1, 1]."""
        code = torch.cat([noise, self.embedding(labels)], dim=1)
        x = self.start(code).unflatten(1, (-1, *self.grid)).contiguous(memory_format=torch.channels_last)
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(F.leaky_relu(norm(x, code), LEAK))
        return cropped(x, self.size).tanh()


class ConvDiscriminator(nn.Module):
    """Image, edge repeated up to a multiple of the start grid -> strided convolutions -> features -> head.

    norm: of each layer's weights, spectral (Miyato et al. 2018) or none.
    """

    def __init__(
        self, shape: Shape, classes: int, base: int = 16, features: int = 128, norm: Norm = spectral_norm
    ) -> None:
        super().__init__()
        height, width, channels = shape
        grid, widths = start_grid(height, width), channels_from_image(height, width, base)
        self.pad = margins(height, width)
        self.downs = nn.ModuleList(
            norm(nn.Conv2d(a, b, 4, stride=2, padding=1)) for a, b in zip([channels, *widths[:-1]], widths, strict=True)
        )
        self.features = norm(nn.Linear(widths[-1] * grid[0] * grid[1], features))
        self.head = ProjectionHead(features, classes, norm)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, C, H, W), labels (N,) -> scores (N,), logits (N, classes)."""
        x = padded(x, self.pad)
        for down in self.downs:
            x = F.leaky_relu(down(x), LEAK)
        return self.head(F.leaky_relu(self.features(x.flatten(1)), LEAK), labels)
