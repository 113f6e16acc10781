"""Fully connected networks, for the smallest images."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.media.image.gans.family import Shape
from gannb.media.image.gans.layers import LEAK, LabelEmbedding, ProjectionHead


class MlpGenerator(nn.Module):
    """Noise and label -> two hidden layers with batch norm -> all pixels at once."""

    def __init__(self, shape: Shape, classes: int, hidden: int = 128, noise: int = 32, embedding: int = 16) -> None:
        super().__init__()
        height, width, channels = shape
        self.size = (channels, height, width)
        self.embedding = LabelEmbedding(classes, embedding)
        self.layers = nn.Sequential(
            nn.Linear(noise + embedding, hidden),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(LEAK),
            nn.Linear(hidden, hidden),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(LEAK),
            nn.Linear(hidden, math.prod(self.size)),
            nn.Tanh(),
        )

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) -> images (N, C, H, W) in [-1, 1]."""
        return self.layers(torch.cat([noise, self.embedding(labels)], dim=1)).unflatten(1, self.size)


class MlpDiscriminator(nn.Module):
    """All pixels at once -> two hidden layers -> head."""

    def __init__(self, shape: Shape, classes: int, hidden: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            spectral_norm(nn.Linear(math.prod(shape), hidden)),
            nn.LeakyReLU(LEAK),
            spectral_norm(nn.Linear(hidden, hidden)),
            nn.LeakyReLU(LEAK),
        )
        self.head = ProjectionHead(hidden, classes)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, C, H, W), labels (N,) -> scores (N,), logits (N, classes)."""
        return self.head(self.layers(x), labels)
