"""Layers that the families' networks share."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gannb.generators.adversarial.family import Network
from gannb.media.image.gans.family import Shape

LEAK = 0.2  # slope of leaky ReLU below 0
Norm = Callable[[nn.Module], nn.Module]  # what holds the weights of a layer


def as_it_is(layer: nn.Module) -> nn.Module:
    """The layer with its weights free."""
    return layer


class LabelEmbedding(nn.Embedding):
    """A learned code for every class, and for a mixture of classes the mixture of their codes."""

    def forward(self, labels: Tensor) -> Tensor:
        """labels (N,), or the classes' shares in each row (N, classes) -> codes (N, embedding)."""
        return labels @ self.weight if labels.is_floating_point() else super().forward(labels)


class ProjectionHead(nn.Module):
    """Scores and class logits of features.

    The score is linear(h) + <embedding of the label, h> (Miyato & Koyama 2018, section 3), the logits are
    those of an auxiliary classifier (Odena et al. 2017). norm: of each layer's weights (Miyato et al. 2018), or none.
    """

    def __init__(self, features: int, classes: int, norm: Norm = spectral_norm) -> None:
        super().__init__()
        self.score = norm(nn.Linear(features, 1))
        self.embedding = norm(nn.Embedding(classes, features))
        self.label = norm(nn.Linear(features, classes))

    def forward(self, h: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """h (N, features), labels (N,) -> scores (N,), logits (N, classes)."""
        return self.score(h).squeeze(1) + (h * self.embedding(labels)).sum(1), self.label(h)


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


class ByClass(nn.Module):
    """One network for each class, which has never seen another: what the label chooses.

    present: the classes among the labels, where whoever calls it knows them: a GPU has to be waited for otherwise.
    """

    present: list[int] | None = None

    def __init__(self, make: Network, shape: Shape, classes: int) -> None:
        super().__init__()
        self.networks = nn.ModuleList(make(shape, 1) for _ in range(classes))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor | tuple[Tensor, None]:
        """x (N, ...), labels (N,) -> what the label's network makes of each row.

        Every network that is needed gets all rows: what it makes of one must not depend on how many it gets.
        """
        present = self.present or labels.unique().tolist()
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
