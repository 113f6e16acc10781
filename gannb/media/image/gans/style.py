"""Networks in the manner of StyleGAN2 (Karras et al. 2020, arXiv 1912.04958), narrowed.

Without the noise that theirs adds at every layer: an item follows from its own noise and its label alone.
"""

from __future__ import annotations

import math

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

MAPPING_RATE = 0.01  # of the learning rate, of the mapping network (their appendix B)
GAIN = math.sqrt(2)  # of weights, since a leaky ReLU halves the mean square


class EqualLinear(nn.Module):
    """A linear layer whose weights are scaled when used, not when drawn (Karras et al. 2018, section 4.1)."""

    def __init__(self, before: int, after: int, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before) / rate)
        self.bias = nn.Parameter(torch.full((after,), bias / rate))
        self.scale, self.rate = rate * GAIN / math.sqrt(before), rate

    def forward(self, x: Tensor) -> Tensor:
        """(N, before) -> (N, after)."""
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class EqualConv(nn.Module):
    """The same as a convolution that keeps the sides."""

    def __init__(self, before: int, after: int, side: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before, side, side))
        self.bias = nn.Parameter(torch.zeros(after))
        self.scale, self.margin = GAIN / math.sqrt(before * side**2), side // 2

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H, W)."""
        return F.conv2d(x, self.weight * self.scale, self.bias, padding=self.margin)


class ModulatedConv(nn.Module):
    """A convolution whose weights each image's style scales (Karras et al. 2020, equations 1 and 3).

    The scales are applied to what comes in and to what goes out, which is the same and needs one set of weights.
    """

    def __init__(self, before: int, after: int, style: int) -> None:
        super().__init__()
        self.convolution, self.affine = EqualConv(before, after), EqualLinear(style, before, bias=1.0)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x (N, before, H, W), style (N, style) -> (N, after, H, W)."""
        scales, own = self.affine(style), self.convolution  # (N, before)
        weight = own.weight * own.scale
        norms = scales.square() @ own.weight.square().sum((2, 3)).T  # (N, after)
        norms = (norms * own.scale**2 / GAIN**2 + 1e-8).rsqrt()  # to mean square 1, but for the gain
        x = F.conv2d(x * scales[:, :, None, None], weight, padding=own.margin)
        return torch.addcmul(own.bias[:, None, None], x, norms[:, :, None, None])


class Mapping(nn.Module):
    """Noise and label, each of length 1 a value -> style (N, style)."""

    def __init__(self, noise: int, classes: int, embedding: int, style: int, layers: int) -> None:
        super().__init__()
        self.embedding = LabelEmbedding(classes, embedding)
        sides = [noise + embedding, *[style] * layers]
        self.layers = nn.ModuleList(
            EqualLinear(a, b, rate=MAPPING_RATE) for a, b in zip(sides[:-1], sides[1:], strict=True)
        )

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) -> (N, style)."""
        x = torch.cat([of_length_one(noise), of_length_one(self.embedding(labels))], dim=1)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), LEAK)
        return x


def of_length_one(x: Tensor) -> Tensor:
    """Rows (N, D), each divided by the root of its mean square."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class StyleGenerator(nn.Module):
    """A learned start grid -> at each size a modulated convolution or two, an image of each size added up -> cropped.

    Two at sizes below the image's own, where one costs a CPU as much as all the others.
    """

    def __init__(
        self, shape: Shape, classes: int, base: int = 16, noise: int = 64, embedding: int = 32, style: int = 64
    ) -> None:
        super().__init__()
        height, width, channels = shape
        self.size = (height, width)
        widths = [*channels_from_image(height, width, base)[::-1], base // 2]  # at the start grid, twice it, ...
        self.mapping = Mapping(noise, classes, embedding, style, layers=4)
        self.start = nn.Parameter(torch.randn(1, widths[0], *start_grid(height, width)))
        self.first = nn.ModuleList(ModulatedConv(a, b, style) for a, b in zip(widths[:-1], widths[1:], strict=True))
        self.second = nn.ModuleList(ModulatedConv(w, w, style) for w in widths[:-1])
        self.to_image = nn.ModuleList(EqualConv(w, channels, 1) for w in widths)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) -> images (N, C, H, W) in [-1, 1]."""
        style = self.mapping(noise, labels)
        x = self.start.expand(len(style), -1, -1, -1).contiguous(memory_format=torch.channels_last)
        image = 0.0
        for first, second, to_image in zip(self.first, self.second, self.to_image, strict=False):
            x = F.leaky_relu(second(x, style), LEAK)
            image = _doubled(image + to_image(x))
            x = F.leaky_relu(first(F.interpolate(x, scale_factor=2), style), LEAK)
        return cropped(image + self.to_image[-1](x), self.size).tanh()


class StyleBlock(nn.Module):
    """A convolution on either side of halving, beside halving and a 1x1 convolution (their figure 7c)."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.first, self.second = EqualConv(before, before), EqualConv(before, after)
        self.skip = EqualConv(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H / 2, W / 2)."""
        branch = F.leaky_relu(self.first(x), LEAK)
        branch = F.leaky_relu(self.second(F.avg_pool2d(branch, 2)), LEAK)
        return (branch + self.skip(F.avg_pool2d(x, 2))) / GAIN


class StyleDiscriminator(nn.Module):
    """Image, edge repeated up to a multiple of the start grid -> residual blocks -> projection on the label."""

    def __init__(self, shape: Shape, classes: int, base: int = 16, features: int = 128) -> None:
        super().__init__()
        height, width, channels = shape
        widths, grid = [base // 2, *channels_from_image(height, width, base)], start_grid(height, width)
        self.pad, self.by = margins(height, width), 1 / math.sqrt(features)
        self.from_image = EqualConv(channels, base // 2, 1)
        self.blocks = nn.ModuleList(StyleBlock(a, b) for a, b in zip(widths[:-1], widths[1:], strict=True))
        self.features = EqualLinear(widths[-1] * grid[0] * grid[1], features)
        self.score, self.embedding = EqualLinear(features, 1), nn.Embedding(classes, features)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, None]:
        """x (N, C, H, W), labels (N,) -> scores (N,), no logits."""
        x = F.leaky_relu(self.from_image(padded(x, self.pad)), LEAK)
        for block in self.blocks:
            x = block(x)
        h = F.leaky_relu(self.features(x.flatten(1)), LEAK)
        return self.score(h).squeeze(1) + self.by * (h * self.embedding(labels)).sum(1), None


def _doubled(x: Tensor) -> Tensor:
    """Twice the sides, in between by straight lines, which leaves no lattice."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
