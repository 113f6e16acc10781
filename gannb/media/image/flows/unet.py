"""A small UNet that gives velocities of images at a time (Ronneberger et al. 2015; Ho et al. 2020, appendix B).

Made for minutes on one CPU core: pixels are taken in squares, so that most of its work is done on a grid of 4 to 12
places a side; the skip is added, not put beside; and what a linear denoiser would say needs not be learnt.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gannb.media.image.gans.family import Shape
from gannb.media.image.gans.layers import cropped, padded

GROUPS = 8  # of channels that are normalised together
SPREAD = 0.6  # standard deviation of values of images in [-1, 1], about
FREQUENCIES = 16  # of the time
FASTEST = 100.0  # radians over the whole time


def square(side: int) -> int:
    """Pixels a side of the squares that images with this shorter side are taken in."""
    return 1 if side < 24 else 2 if side < 48 else 4


class Block(nn.Module):
    """Two convolutions, the second one's input scaled and shifted by the code; the input is added. No change at first.

    As in Dhariwal & Nichol 2021 (arXiv 2105.05233, section 3.1).
    """

    def __init__(self, a: int, b: int, code: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(GROUPS, a), nn.GroupNorm(GROUPS, b)])
        self.first, self.second = nn.Conv2d(a, b, 3, padding=1), nn.Conv2d(b, b, 3, padding=1)
        self.affine = nn.Linear(code, 2 * b)
        self.skip = nn.Conv2d(a, b, 1) if a != b else nn.Identity()
        for zero in (self.second.weight, self.second.bias):
            nn.init.zeros_(zero)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """x (N, a, H, W), code (N, code) -> (N, b, H, W)."""
        gain, bias = self.affine(code)[:, :, None, None].chunk(2, dim=1)
        h = self.first(F.silu(self.norms[0](x)))
        h = self.second(F.silu(torch.addcmul(bias, self.norms[1](h), 1 + gain)))
        return self.skip(x) + h


class UNet(nn.Module):
    """Velocities of images: down to half of the grid's side, and up again."""

    def __init__(self, shape: Shape, classes: int, base: int = 32, code: int = 128) -> None:
        super().__init__()
        height, width, channels = shape
        self.size, self.square = (height, width), square(min(height, width))
        across, down = (-side % self.square for side in (width, height))
        self.pad = (across // 2, across - across // 2, down // 2, down - down // 2)
        values = channels * self.square**2
        fine = base * max(1, self.square // 2)  # channels
        coarse = 2 * fine
        self.times = nn.Sequential(nn.Linear(2 * FREQUENCIES, code), nn.SiLU(), nn.Linear(code, code))
        self.classes = nn.Linear(classes, code, bias=False)
        nn.init.normal_(self.classes.weight)
        self.register_buffer("frequencies", torch.logspace(0, math.log10(FASTEST), FREQUENCIES), persistent=False)
        self.first, self.down = nn.Conv2d(values, fine, 3, padding=1), Block(fine, fine, code)
        self.middle = nn.ModuleList(Block(width, coarse, code) for width in (fine, coarse, coarse))
        self.narrow, self.up = nn.Conv2d(coarse, fine, 1), Block(fine, fine, code)
        self.norm, self.last = nn.GroupNorm(GROUPS, fine), nn.Conv2d(fine, values, 3, padding=1)
        for zero in (self.last.weight, self.last.bias):
            nn.init.zeros_(zero)

    def forward(self, x: Tensor, times: Tensor, shares: Tensor) -> Tensor:
        """x (N, C, H, W) at times (N,) in 0..1, the classes' shares (N, K) -> velocities (N, C, H, W).

        Preconditioned as in Karras et al. 2022 (arXiv 2206.00364, section 5): of normal pixels with a standard
        deviation of `SPREAD` the expected velocity is linear in x, and the network has to say what is left, at unit
        scale.
        """
        t = times[:, None, None, None]
        scale = (SPREAD * t).square() + (1 - t).square()  # the variance of x
        linear = (SPREAD**2 * t - (1 - t)) / scale
        left = self._network(x * scale.rsqrt(), times, shares)
        return linear * x + SPREAD * scale.rsqrt() * left

    def _network(self, x: Tensor, times: Tensor, shares: Tensor) -> Tensor:
        angles = times[:, None] * self.frequencies
        code = F.silu(self.times(torch.cat([angles.sin(), angles.cos()], 1)) + self.classes(shares))
        h = F.pixel_unshuffle(padded(x, self.pad), self.square).contiguous(memory_format=torch.channels_last)
        skip = self.down(self.first(h), code)
        h = F.avg_pool2d(skip, 2, ceil_mode=True)
        for block in self.middle:
            h = block(h, code)
        h = self.up(F.interpolate(self.narrow(h), size=skip.shape[2:]) + skip, code)
        h = self.last(F.silu(self.norm(h)))
        return cropped(F.pixel_shuffle(h, self.square), self.size)
