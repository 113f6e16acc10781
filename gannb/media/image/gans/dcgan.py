"""DCGAN and its kin (Radford et al. 2016, arXiv 1511.06434), one network for all classes or one a class."""

from __future__ import annotations

import torch
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


def init_dcgan(network: nn.Module) -> None:
    """Weights of convolutions and linear layers from N(0, .02) (Radford et al. 2016, section 4)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, std=0.02)


class DcganGenerator(nn.Module):
    """Noise and label -> start grid -> transposed convolutions with batch norm and ReLU -> image (Radford et al.)."""

    def __init__(self, shape: Shape, classes: int, base: int = 32, noise: int = 100, embedding: int = 32) -> None:
        super().__init__()
        height, width, channels = shape
        self.grid, self.size = start_grid(height, width), (height, width)
        widths = channels_from_image(height, width, base)[::-1]
        self.embedding = LabelEmbedding(classes, embedding)
        self.start = nn.Linear(noise + embedding, widths[0] * self.grid[0] * self.grid[1])
        layers: list[nn.Module] = []
        for a, b in zip(widths, [*widths[1:], channels], strict=True):
            layers += [nn.BatchNorm2d(a), nn.ReLU(), nn.ConvTranspose2d(a, b, 4, stride=2, padding=1)]
        self.layers = nn.Sequential(*layers)
        init_dcgan(self)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) -> images (N, C, H, W) in [-1, 1]."""
        x = self.start(torch.cat([noise, self.embedding(labels)], dim=1)).unflatten(1, (-1, *self.grid))
        return cropped(self.layers(x.contiguous(memory_format=torch.channels_last)), self.size).tanh()


class DcganDiscriminator(nn.Module):
    """Image, and with `planes` the label as a learned plane of pixels (Mirza & Osindero 2014) -> strided convolutions
    with batch norm -> a linear score, and with `class_head` the class (Odena et al. 2017)."""

    def __init__(
        self, shape: Shape, classes: int, base: int = 32, planes: bool = True, class_head: bool = False
    ) -> None:
        super().__init__()
        height, width, channels = shape
        widths, grid = channels_from_image(height, width, base), start_grid(height, width)
        self.pad, self.size = margins(height, width), (height, width)
        self.plane = nn.Embedding(classes, height * width) if planes else None
        layers: list[nn.Module] = []
        for number, (a, b) in enumerate(zip([channels + planes, *widths[:-1]], widths, strict=True)):
            layers += [nn.Conv2d(a, b, 4, stride=2, padding=1), *([nn.BatchNorm2d(b)] if number else [])]
            layers += [nn.LeakyReLU(LEAK)]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        features = widths[-1] * grid[0] * grid[1]
        self.score = nn.Linear(features, 1)
        self.label = nn.Linear(features, classes) if class_head else None
        init_dcgan(self)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None]:
        """x (N, C, H, W), labels (N,) -> scores (N,), logits (N, classes) or None."""
        if self.plane is not None:
            x = torch.cat([x, self.plane(labels).view(-1, 1, *self.size)], dim=1)
        h = self.layers(padded(x, self.pad))
        return self.score(h).squeeze(1), None if self.label is None else self.label(h)
