"""The families of GANs: networks and defaults. A new family is an entry in `FAMILIES`, and its networks.

Shapes of items are (H, W, C); networks work on (N, C, H, W) in [-1, 1].
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.augment import Policy
from gannb.generators.adversarial import HINGE, Family, Shape

LEAK = 0.2  # slope of leaky ReLU below 0


class ProjectionHead(nn.Module):
    """Scores and class logits of features.

    The score is linear(h) + <embedding of the label, h> (Miyato & Koyama 2018, section 3), the logits are
    those of an auxiliary classifier (Odena et al. 2017). Spectral norm throughout (Miyato et al. 2018).
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.score = spectral_norm(nn.Linear(features, 1))
        self.embedding = spectral_norm(nn.Embedding(classes, features))
        self.label = spectral_norm(nn.Linear(features, classes))

    def forward(self, h: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """h (N, features), labels (N,) -> scores (N,), logits (N, classes)."""
        return self.score(h).squeeze(1) + (h * self.embedding(labels)).sum(1), self.label(h)


# ---- convolutional, for images of 16 pixels a side and more ----


def doublings(height: int, width: int) -> int:
    """How often a start grid of about 4x4 is doubled to reach the image: 2 at 16, 3 at 28, 5 at 96."""
    return max(2, round(math.log2(math.sqrt(height * width) / 4)))


def start_grid(height: int, width: int) -> tuple[int, int]:
    """Size of the start grid: the smallest that covers the image once doubled."""
    return math.ceil(height / 2 ** doublings(height, width)), math.ceil(width / 2 ** doublings(height, width))


def channels_from_image(height: int, width: int, base: int) -> list[int]:
    """Channels at half the image's size, a quarter and so on: doubling, up to 8 times `base`."""
    n = doublings(height, width)
    return [base * min(8, 2 ** (j + max(0, 3 - n))) for j in range(n)]


class ConditionalBatchNorm(nn.Module):
    """Batch norm with gain and bias linear in a code (de Vries et al. 2017), close to plain at first."""

    def __init__(self, channels: int, code: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.affine = nn.Linear(code, 2 * channels)
        nn.init.normal_(self.affine.weight, std=0.02)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """x (N, C, H, W), code (N, code) -> (N, C, H, W)."""
        gain, bias = self.affine(code)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(bias, self.norm(x), 1 + gain)


class ConvGenerator(nn.Module):
    """Noise and label -> start grid -> transposed convolutions, each doubling the sides -> image, cropped."""

    def __init__(self, shape: Shape, classes: int, base: int = 16, noise: int = 64, embedding: int = 32) -> None:
        super().__init__()
        height, width, channels = shape
        self.grid, self.size = start_grid(height, width), (height, width)
        widths = channels_from_image(height, width, base)[::-1]
        code = noise + embedding
        self.embedding = nn.Embedding(classes, embedding)
        self.start = nn.Linear(code, widths[0] * self.grid[0] * self.grid[1])
        self.norms = nn.ModuleList(ConditionalBatchNorm(w, code) for w in widths)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, stride=2, padding=1)
            for a, b in zip(widths, [*widths[1:], channels], strict=True)
        )

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """noise (N, noise), labels (N,) -> images (N, C, H, W) in [-1, 1]."""
        code = torch.cat([noise, self.embedding(labels)], dim=1)
        x = self.start(code).unflatten(1, (-1, *self.grid)).contiguous(memory_format=torch.channels_last)
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(F.leaky_relu(norm(x, code), LEAK))
        top, left = ((x.shape[2 + i] - self.size[i]) // 2 for i in (0, 1))
        return x[:, :, top : top + self.size[0], left : left + self.size[1]].tanh()


class ConvDiscriminator(nn.Module):
    """Image, edge repeated up to a multiple of the start grid -> strided convolutions -> features -> head."""

    def __init__(self, shape: Shape, classes: int, base: int = 16, features: int = 128) -> None:
        super().__init__()
        height, width, channels = shape
        grid, widths = start_grid(height, width), channels_from_image(height, width, base)
        down, across = (cells * 2 ** len(widths) - side for cells, side in zip(grid, (height, width), strict=True))
        self.pad = (across // 2, across - across // 2, down // 2, down - down // 2)
        self.downs = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, stride=2, padding=1))
            for a, b in zip([channels, *widths[:-1]], widths, strict=True)
        )
        self.features = spectral_norm(nn.Linear(widths[-1] * grid[0] * grid[1], features))
        self.head = ProjectionHead(features, classes)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, C, H, W), labels (N,) -> scores (N,), logits (N, classes)."""
        x = F.pad(x, self.pad, mode="replicate") if any(self.pad) else x
        for down in self.downs:
            x = F.leaky_relu(down(x), LEAK)
        return self.head(F.leaky_relu(self.features(x.flatten(1)), LEAK), labels)


# ---- fully connected, for very small images ----


class MlpGenerator(nn.Module):
    """Noise and label -> two hidden layers with batch norm -> all pixels at once."""

    def __init__(self, shape: Shape, classes: int, hidden: int = 128, noise: int = 32, embedding: int = 16) -> None:
        super().__init__()
        height, width, channels = shape
        self.size = (channels, height, width)
        self.embedding = nn.Embedding(classes, embedding)
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


FAMILIES: dict[str, Family] = {
    "projection": Family(
        name="projection",
        steps=4000,  # CAS .79 to .80 on Fashion-MNIST after 4,000 to 10,000, 100 per class
        generator=ConvGenerator,
        discriminator=ConvDiscriminator,
        loss=HINGE,
        noise=64,
        auxiliary_weight=0.5,
        batch=32,
        learning_rate=4e-4,
        betas=(0.0, 0.99),
        ema=0.998,
        augmentation=Policy(),  # any made it worse within minutes
        min_side=16,
        max_side=1024,
    ),
    "mlp": Family(
        name="mlp",
        steps=1000,  # more mostly copy more: nearest-neighbour ratio .80 here, .69 after 2,000, digits, 8 per class
        generator=MlpGenerator,
        discriminator=MlpDiscriminator,
        loss=HINGE,
        noise=32,
        auxiliary_weight=0.5,
        batch=64,
        learning_rate=1e-3,
        betas=(0.0, 0.99),
        ema=0.995,
        augmentation=Policy(rotation=15, scale=0.15, p=0.7),  # no worse labels, less copying
        min_side=2,
        max_side=32,
    ),
}


def default_family(shape: tuple[int, ...]) -> str:
    """Name of the family that a study of items of this shape gets unless it names one: "mlp" under 16 pixels.

    Raises InputError where no family can make such items.
    """
    name = "projection" if min(shape[:2]) >= FAMILIES["projection"].min_side else "mlp"
    FAMILIES[name].check(shape)
    return name
