"""Networks that classify sounds: on their log-mel picture, the kit's own or timm's, and on the wave itself."""

from __future__ import annotations

from torch import Tensor, nn

from gannb.media.audio.logmel import LogMel, LogMelLayer
from gannb.media.image import classifiers as of_pictures

Shape = tuple[int, ...]  # (T,)
PICTURE_WIDTHS = (8, 16, 32, 64)
WAVE_WIDTHS = (16, 32, 64, 64)


class MeanOverTime(nn.Module):
    """(N, C, H, W) -> (N, C H): where in time something is does not count, in which band it is does."""

    def forward(self, x: Tensor) -> Tensor:
        """Average over the columns, (N, C, H, W)."""
        return x.mean(dim=3).flatten(1)


def logmel_cnn(rate: int, shape: Shape, n_classes: int) -> nn.Sequential:
    """Return four 3x3 convolutions of 8 to 64 channels on the log-mel picture, each with pooling, batch norm and ReLU.

    Waves (N, T) in [-1, 1] -> (N, n_classes) logits; about 27,000 parameters.
    """
    layer = LogMelLayer(rate, shape[0])
    height, width = layer.logmel.shape
    layers: list[nn.Module] = [layer]
    channels = 1
    for out in PICTURE_WIDTHS:
        pool = (2, 2 if width >= 4 else 1)
        layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.MaxPool2d(pool)]
        layers += [nn.BatchNorm2d(out), nn.ReLU(inplace=True)]  # of the pooled values: a quarter as many
        height, width, channels = height // pool[0], width // pool[1], out
    return nn.Sequential(*layers, MeanOverTime(), nn.Linear(channels * height, n_classes))


class AddChannel(nn.Module):
    """(N, T) -> (N, 1, T)."""

    def forward(self, waves: Tensor) -> Tensor:
        """Add an axis: (N, T) -> (N, 1, T)."""
        return waves[:, None]


def raw_cnn(rate: int, shape: Shape, n_classes: int) -> nn.Sequential:
    """Return four convolutions on the wave itself, the first over 10 ms (after Dai et al. 2017, 1610.00087).

    Waves (N, T) in [-1, 1] -> (N, n_classes) logits; about 40,000 parameters at 8 kHz.
    """
    first = max(8, rate // 100)
    layers: list[nn.Module] = [AddChannel()]
    channels, left = 1, shape[0]
    for number, out in enumerate(WAVE_WIDTHS):
        kernel, stride = (first, max(1, first // 20)) if number == 0 else (3, 1)
        layers += [nn.Conv1d(channels, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm1d(out), nn.ReLU()]
        left, channels = left // stride, out
        if left >= 16:
            layers.append(nn.MaxPool1d(4))
            left //= 4
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(channels, n_classes))


OWN = {"logmel_cnn": logmel_cnn, "raw_cnn": raw_cnn}


def build(name: str, rate: int, shape: Shape, n_classes: int) -> nn.Module:
    """Return an untrained classifier of waves (N, T) by name: one of `OWN`, or any timm network on the picture.

    Raises:
        InputError: there is no such network, or it cannot take pictures of this size.
    """
    if name in OWN:
        return OWN[name](rate, shape, n_classes)
    picture = (*LogMel(rate, shape[0]).shape, 1)
    return nn.Sequential(LogMelLayer(rate, shape[0]), of_pictures.build(name, picture, n_classes))


def features(network: nn.Sequential, batch: Tensor) -> Tensor:
    """Return what `logmel_cnn` feeds to its last layer: (N, T) -> (N, D)."""
    return network[:-1](batch)


def head(network: nn.Sequential) -> nn.Linear:
    """Return the last layer of `logmel_cnn`."""
    return network[-1]
