"""The families of GANs: networks and defaults. A new family is an entry in `FAMILIES`, and its networks.

Shapes of items are (H, W, C); networks work on (N, C, H, W) in [-1, 1].
"""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.augment import Policy
from gannb.generators.family import Family, Network, Shape
from gannb.generators.losses import HINGE, NON_SATURATING, RELATIVISTIC, WASSERSTEIN

LEAK = 0.2  # slope of leaky ReLU below 0
SMALLEST_CONVOLUTIONAL = 16  # pixels a side from which a study gets a convolutional family unless it names one


class LabelEmbedding(nn.Embedding):
    """A learned code for every class, and for a mixture of classes the mixture of their codes."""

    def forward(self, labels: Tensor) -> Tensor:
        """labels (N,), or the classes' shares in each row (N, classes) -> codes (N, embedding)."""
        return labels @ self.weight if labels.is_floating_point() else super().forward(labels)


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


def margins(height: int, width: int) -> tuple[int, int, int, int]:
    """Pixels to add left, right, above and below, so that halving ends at the start grid."""
    cells = 2 ** doublings(height, width)
    down, across = (g * cells - side for g, side in zip(start_grid(height, width), (height, width), strict=True))
    return across // 2, across - across // 2, down // 2, down - down // 2


def padded(x: Tensor, pad: tuple[int, int, int, int]) -> Tensor:
    """Images (N, C, H, W) with their edge repeated outwards."""
    return F.pad(x, pad, mode="replicate") if any(pad) else x


def cropped(x: Tensor, size: tuple[int, int]) -> Tensor:
    """The middle (N, C, *size) of images."""
    top, left = ((x.shape[2 + i] - size[i]) // 2 for i in (0, 1))
    return x[:, :, top : top + size[0], left : left + size[1]]


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
        self.embedding = LabelEmbedding(classes, embedding)
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
        return cropped(x, self.size).tanh()


class ConvDiscriminator(nn.Module):
    """Image, edge repeated up to a multiple of the start grid -> strided convolutions -> features -> head."""

    def __init__(self, shape: Shape, classes: int, base: int = 16, features: int = 128) -> None:
        super().__init__()
        height, width, channels = shape
        grid, widths = start_grid(height, width), channels_from_image(height, width, base)
        self.pad = margins(height, width)
        self.downs = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, stride=2, padding=1))
            for a, b in zip([channels, *widths[:-1]], widths, strict=True)
        )
        self.features = spectral_norm(nn.Linear(widths[-1] * grid[0] * grid[1], features))
        self.head = ProjectionHead(features, classes)

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """x (N, C, H, W), labels (N,) -> scores (N,), logits (N, classes)."""
        x = padded(x, self.pad)
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


# ---- deep convolutional (DCGAN): batch norm in both networks, the label as one more input ----


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


class ByClass(nn.Module):
    """One network for each class, which has never seen another: what the label chooses."""

    def __init__(self, make: Network, shape: Shape, classes: int) -> None:
        super().__init__()
        self.networks = nn.ModuleList(make(shape, 1) for _ in range(classes))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor | tuple[Tensor, None]:
        """x (N, ...), labels (N,) -> what the label's network makes of each row.

        Every network that is needed gets all rows: what it makes of one must not depend on how many it gets.
        """
        present = labels.unique().tolist()
        outputs = [self.networks[k](x, torch.zeros_like(labels)) for k in present]
        if isinstance(outputs[0], tuple):
            return chosen_by_label([scores for scores, _ in outputs], labels, present), None
        return chosen_by_label(outputs, labels, present)


def chosen_by_label(outputs: list[Tensor], labels: Tensor, present: list[int]) -> Tensor:
    """Of outputs (N, ...), one for each of the labels `present`, the row that is the label's."""
    chosen = outputs[0]
    for k, output in zip(present[1:], outputs[1:], strict=True):
        chosen = torch.where((labels == k).view(-1, *[1] * (output.ndim - 1)), output, chosen)
    return chosen


# ---- residual (SNGAN: Miyato et al. 2018, appendix B, figures 14 and 15) ----


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


# ---- R3GAN (Huang et al. 2024, section 4): residual, without normalisation ----


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


_FAMILIES = (
    Family(
        name="projection",
        steps=4000,  # CAS .79 to .80 on Fashion-MNIST after 4,000 to 10,000, 100 per class
        generator=ConvGenerator,
        discriminator=ConvDiscriminator,
        loss=HINGE,
        noise=64,
        learning_rate=4e-4,
        betas=(0.0, 0.99),
        auxiliary_weight=0.5,
    ),  # no augmentation: any made it worse within minutes
    Family(
        name="mlp",
        steps=1000,  # more mostly copy more: nearest-neighbour ratio .80 here, .69 after 2,000, digits, 8 per class
        generator=MlpGenerator,
        discriminator=MlpDiscriminator,
        loss=HINGE,
        noise=32,
        batch=64,
        learning_rate=1e-3,
        betas=(0.0, 0.99),
        ema=0.995,
        auxiliary_weight=0.5,
        augmentation=Policy(rotation=15, scale=0.15, p=0.7),  # no worse labels, less copying
        min_side=2,
        max_side=32,
    ),
    Family(
        name="dcgan",
        steps=4000,
        generator=DcganGenerator,
        discriminator=DcganDiscriminator,
        loss=NON_SATURATING,
        noise=100,
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        r1=1.0,  # for forms that it would leave out: see benchmarks/README.md, as for the next two
        penalty_every=4,
    ),
    Family(
        name="dcgan_per_class",
        steps=6000,  # of one class each, in turn
        generator=partial(ByClass, partial(DcganGenerator, base=16)),
        discriminator=partial(ByClass, partial(DcganDiscriminator, base=16, planes=False)),
        loss=NON_SATURATING,
        noise=100,
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        r1=1.0,  # without it all images of a class became alike
        penalty_every=4,
        one_class_batches=True,
    ),
    Family(
        name="acgan",
        steps=4000,
        generator=DcganGenerator,
        discriminator=partial(DcganDiscriminator, planes=False, class_head=True),
        loss=NON_SATURATING,
        noise=100,
        learning_rate=2e-4,
        betas=(0.5, 0.999),
        auxiliary_weight=1.0,
        r1=1.0,  # the same
        penalty_every=4,
    ),
    Family(
        name="resnet",
        steps=2000,
        generator=ResnetGenerator,
        discriminator=ResnetDiscriminator,
        loss=HINGE,
        noise=128,
        learning_rate=4e-4,
        betas=(0.0, 0.9),
        auxiliary_weight=0.5,
    ),
    Family(
        name="r3gan",
        steps=2000,
        generator=R3Generator,
        discriminator=R3Discriminator,
        loss=RELATIVISTIC,
        noise=64,
        learning_rate=4e-4,
        betas=(0.0, 0.99),
        r1=0.5,
        r2=0.5,
        penalty_every=4,  # theirs is every step; lazy, twice as many steps fit into a minute
    ),
    Family(
        name="wgan_gp",  # Gulrajani et al. 2017, section 4: no normalisation in the critic, five steps of it to one
        steps=1000,
        generator=ConvGenerator,
        discriminator=R3Discriminator,
        loss=WASSERSTEIN,
        noise=64,
        learning_rate=2e-4,
        betas=(0.0, 0.9),
        gradient_penalty=10.0,
        discriminator_steps=5,
    ),
)

FAMILIES: dict[str, Family] = {family.name: family for family in _FAMILIES}


def default_family(shape: tuple[int, ...]) -> str:
    """Name of the family that a study of items of this shape gets unless it names one: "mlp" for small images.

    Raises InputError where no family can make such items.
    """
    small = min(shape[:2]) < SMALLEST_CONVOLUTIONAL and max(shape[:2]) <= FAMILIES["mlp"].max_side
    name = "mlp" if small else "projection"
    FAMILIES[name].check(shape)
    return name
