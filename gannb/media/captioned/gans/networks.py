"""Convolutional networks that are told codes of captions (Reed et al. 2016, arXiv 1605.05396, figure 2).

Theirs are a DCGAN's; these are narrower, with the conditional batch norm and the projection of `projection`.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.media.captioned.encoders import WIDTH
from gannb.media.image.gans.family import Shape
from gannb.media.image.gans.layers import (
    LEAK,
    ConditionalBatchNorm,
    channels_from_image,
    cropped,
    margins,
    padded,
    start_grid,
)


class CaptionGenerator(nn.Module):
    """Noise and code -> start grid -> transposed convolutions, each doubling the sides -> a convolution -> image."""

    def __init__(self, shape: Shape, classes: int, base: int = 32, noise: int = 32) -> None:
        super().__init__()
        height, width, channels = shape
        self.grid, self.size = start_grid(height, width), (height, width)
        widths, code = channels_from_image(height, width, base)[::-1], noise + WIDTH
        self.start = nn.Linear(code, widths[0] * self.grid[0] * self.grid[1])
        self.norms = nn.ModuleList(ConditionalBatchNorm(w, code) for w in [*widths, widths[-1]])
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, stride=2, padding=1)
            for a, b in zip(widths, [*widths[1:], widths[-1]], strict=True)
        )
        self.last = nn.Conv2d(widths[-1], channels, 3, padding=1)

    def forward(self, noise: Tensor, told: Tensor) -> Tensor:
        """noise (N, noise), told (N, WIDTH) -> images (N, C, H, W) in [-1, 1]."""
        code = torch.cat([noise, told], dim=1)
        x = self.start(code).unflatten(1, (-1, *self.grid)).contiguous(memory_format=torch.channels_last)
        for norm, up in zip(self.norms[:-1], self.ups, strict=True):
            x = up(F.leaky_relu(norm(x, code), LEAK))
        return cropped(self.last(F.leaky_relu(self.norms[-1](x, code), LEAK)), self.size).tanh()


class CaptionDiscriminator(nn.Module):
    """Image -> strided convolutions -> the code at every place of the last grid -> features -> a score.

    The score is linear(h) + <linear(code), h> (Miyato & Koyama 2018, section 3). Spectral norm throughout. Codes are
    brought back to length 1, the most that it leaves to embeddings of classes: with longer ones, what the score says of
    image and caption together drowns what it says of the image alone.
    """

    def __init__(self, shape: Shape, classes: int, base: int = 32, code: int = 64, features: int = 128) -> None:
        super().__init__()
        height, width, channels = shape
        self.grid, widths = start_grid(height, width), channels_from_image(height, width, base)
        self.pad = margins(height, width)
        self.downs = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, stride=2, padding=1))
            for a, b in zip([channels, *widths[:-1]], widths, strict=True)
        )
        self.code = spectral_norm(nn.Linear(WIDTH, code))
        self.both = spectral_norm(nn.Conv2d(widths[-1] + code, 64, 1))
        self.features = spectral_norm(nn.Linear(64 * self.grid[0] * self.grid[1], features))
        self.score = spectral_norm(nn.Linear(features, 1))
        self.projection = spectral_norm(nn.Linear(WIDTH, features, bias=False))

    def forward(self, x: Tensor, told: Tensor) -> tuple[Tensor, None]:
        """x (N, C, H, W), told (N, WIDTH) -> scores (N,); there is no class head."""
        x, told = padded(x, self.pad), told / math.sqrt(WIDTH)
        for down in self.downs:
            x = F.leaky_relu(down(x), LEAK)
        code = F.leaky_relu(self.code(told), LEAK)[:, :, None, None].expand(-1, -1, *self.grid)
        x = F.leaky_relu(self.both(torch.cat([x, code], dim=1)), LEAK)
        h = F.leaky_relu(self.features(x.flatten(1)), LEAK)
        return self.score(h).squeeze(1) + (h * self.projection(told)).sum(1), None
