"""Projected GANs (Sauer et al. 2021, arXiv 2111.01007): a discriminator that looks through a frozen network.

Beside theirs it has a floor on layouts: without it all images of a class came to have one layout, in which colours
alone varied, since frozen features of so few images are told apart by their colours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.media.image.gans.family import Shape
from gannb.media.image.gans.layers import LEAK

if TYPE_CHECKING:
    from gannb.data.medium import Weights

SCALES = 4  # layers of the frozen network that are looked at, the last ones
MIXED = (32, 48, 64, 96)  # channels of each, once mixed at random
LEAST_SIDE = 64  # pixels, to which smaller images are brought before the frozen network sees them
AT_ONCE = 32  # images that pass through the frozen network at once before the first step
GRID = 4  # scores a side that a head gives at the most
LAYOUT = 8  # cells a side of what is compared of an image's layout


class FrozenTrunk(nn.Module):
    """Layers of a pretrained timm network, which never learn: images -> a map a scale, each of spread 1.

    Its weights are buffers: no optimiser and no switch of gradients finds them, and they are saved with the rest.
    """

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        from gannb.media.image.pretrained.network import trunk

        self.trunk, self.channels, about = trunk(weights, SCALES)
        for module in self.trunk.modules():
            for name, value in list(module.named_parameters(recurse=False)):
                delattr(module, name)
                module.register_buffer(name, value.detach())
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(about[name])[:, None, None])
        self.register_buffer("spread", torch.ones(len(self.channels)))

    def train(self, mode: bool = True) -> Self:
        """Stay as it is: batch norm keeps the statistics that it came with."""
        return super().train(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, C, H, W) in [-1, 1] -> maps (N, channels, H / stride, W / stride), the largest first."""
        return [found / spread for found, spread in zip(self._maps(x), self.spread, strict=True)]

    def _maps(self, x: Tensor) -> list[Tensor]:
        from gannb.media.image.pretrained.network import three_channels

        x = three_channels(x)
        if (least := min(x.shape[2:])) < LEAST_SIDE:
            x = F.interpolate(x, scale_factor=LEAST_SIDE / least, mode="bilinear", align_corners=False)
        return self.trunk(((x + 1) / 2 - self.mean) / self.std)

    @torch.no_grad()
    def acquaint(self, x: Tensor) -> None:
        """Take the spread of each layer from real images (N, C, H, W), in parts: maps are larger than images."""
        parts = [torch.stack([torch.stack(torch.var_mean(found)) for found in self._maps(p)]) for p in x.split(AT_ONCE)]
        weight = torch.tensor([len(p) for p in x.split(AT_ONCE)], dtype=x.dtype, device=x.device)[:, None] / len(x)
        variance, mean = torch.stack(parts).unbind(2)  # (parts, layers)
        centre = (weight * mean).sum(0)
        self.spread.copy_((weight * (variance + (mean - centre) ** 2)).sum(0).sqrt().clamp_min(1e-6))


class RandomMixing(nn.Module):
    """Mixes the channels of each map, then each map with the smaller ones, by random weights that never learn.

    Section 3.2: cross-channel and cross-scale mixing, so that the discriminator cannot rest on a few features.
    """

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        for number, (a, b) in enumerate(zip(channels, MIXED, strict=True)):
            self.register_buffer(f"across_{number}", torch.randn(b, a, 1, 1) / a**0.5)
        for number, (a, b) in enumerate(zip(MIXED[1:], MIXED[:-1], strict=True)):
            self.register_buffer(f"down_{number}", torch.randn(b, a, 3, 3) / (9 * a) ** 0.5)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Maps, the largest first -> as many, with `MIXED` channels."""
        mixed = [F.conv2d(x, getattr(self, f"across_{number}")) for number, x in enumerate(maps)]
        for number in reversed(range(len(mixed) - 1)):
            smaller = F.interpolate(mixed[number + 1], mixed[number].shape[2:], mode="bilinear", align_corners=False)
            mixed[number] = mixed[number] + F.conv2d(smaller, getattr(self, f"down_{number}"), padding=1)
        return mixed


class Head(nn.Module):
    """A discriminator of one scale: local scores, to each of which the label's own is added (`ProjectionHead`)."""

    def __init__(self, channels: int, classes: int, halvings: int, width: int = 64) -> None:
        super().__init__()
        sides = [channels, *[width] * max(1, halvings)]
        kinds = {"kernel_size": 4, "stride": 2, "padding": 1} if halvings else {"kernel_size": 3, "padding": 1}
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, **kinds)) for a, b in zip(sides[:-1], sides[1:], strict=True)
        )
        self.score = spectral_norm(nn.Conv2d(width, 1, 1))
        self.embedding = spectral_norm(nn.Embedding(classes, width))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Map (N, channels, H, W), labels (N,) -> scores (N, GRID * GRID)."""
        for layer in self.layers:
            x = F.leaky_relu(layer(x), LEAK)
        scores = self.score(x)[:, 0] + torch.einsum("nchw,nc->nhw", x, self.embedding(labels))
        return F.adaptive_avg_pool2d(scores[:, None], GRID).flatten(1)


class ProjectedDiscriminator(nn.Module):
    """Image -> frozen features, mixed at random -> a head a scale -> all of their local scores."""

    def __init__(self, shape: Shape, classes: int, weights: Weights) -> None:
        super().__init__()
        self.frozen = FrozenTrunk(weights)
        self.mixing = RandomMixing(self.frozen.channels)
        with torch.no_grad():
            height, width, channels = shape
            sides = [min(found.shape[2:]) for found in self.frozen(torch.zeros(1, channels, height, width))]
        self.heads = nn.ModuleList(Head(c, classes, _halvings(s)) for c, s in zip(MIXED, sides, strict=True))

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, None]:
        """x (N, C, H, W), labels (N,) -> scores (N, heads * GRID * GRID), no logits."""
        maps = self.mixing(self.frozen(x))
        return torch.cat([head(found, labels) for head, found in zip(self.heads, maps, strict=True)], dim=1), None


def _halvings(side: int) -> int:
    """How often a map is halved until no more than `GRID` scores a side are left."""
    return max(0, (side // GRID).bit_length() - 1)


def layouts(x: Tensor) -> Tensor:
    """What an image shows where, without its colours: (N, C, H, W) -> rows of length 1, (N, D).

    Pooled to `LAYOUT` cells a side; the mean of each channel is taken off.
    """
    cells = F.adaptive_avg_pool2d(x.float(), LAYOUT)
    return F.normalize((cells - cells.mean((2, 3), keepdim=True)).flatten(1), dim=1)
