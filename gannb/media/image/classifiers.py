"""Networks that classify images: the kit's own and timm's."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gannb.utils.errors import InputError
from gannb.utils.naming import nearest


def small_cnn(shape: tuple[int, int, int], n_classes: int) -> nn.Module:
    """Return three 3x3 convolutions of 32, 64, 64 channels, each with batch norm, ReLU and, if it fits, pooling.

    shape: (H, W, C) of the items. (N, C, H, W) -> (N, n_classes) logits; about 60,000 parameters.
    """
    height, width, channels = shape
    layers: list[nn.Module] = []
    for out in (32, 64, 64):
        layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
        if min(height, width) >= 4:
            layers.append(nn.MaxPool2d(2))
            height, width = height // 2, width // 2
        channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, n_classes))


class Residual(nn.Module):
    """Two 3x3 convolutions and what goes past them: (N, C, H, W) -> (N, out, H / stride, W / stride)."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding=1, bias=False), nn.BatchNorm2d(out),
        )  # fmt: skip
        same = channels == out and stride == 1
        past = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.past = nn.Identity() if same else past

    def forward(self, x: Tensor) -> Tensor:
        """Add what the convolutions find: (N, C, H, W) -> (N, C', H', W')."""
        return F.relu(self.body(x) + self.past(x))


def deep_cnn(shape: tuple[int, int, int], n_classes: int) -> nn.Module:
    """Return a residual network of 20 layers (He et al. 2016, section 4.2, n = 3): 16, 32 and 64 channels.

    shape: (H, W, C) of the items. (N, C, H, W) -> (N, n_classes) logits; about 280,000 parameters. Sides below 8 are
    not halved.
    """
    height, width, channels = shape
    layers: list[nn.Module] = [nn.Conv2d(channels, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for out in (16, 32, 64):
        for block in range(3):
            stride = 2 if block == 0 and out > 16 and min(height, width) >= 8 else 1
            layers.append(Residual(channels, out, stride))
            height, width, channels = height // stride, width // stride, out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, n_classes))


OWN = {"small_cnn": small_cnn, "deep_cnn": deep_cnn}


def build(name: str, shape: tuple[int, int, int], n_classes: int) -> nn.Module:
    """Return an untrained classifier by name: one of `OWN`, or any timm network.

    Raises:
        InputError: there is no such network, or it cannot take items of this shape.
    """
    if name in OWN:
        return OWN[name](shape, n_classes)
    import timm

    if not timm.is_model(name):
        hint = nearest(name, [*OWN, *timm.list_models()], most=3) or f"use {', '.join(OWN)} or a timm network's name."
        raise InputError(f"classifier: there is no network {name!r}; {hint}")
    network = timm.create_model(name, pretrained=False, num_classes=n_classes, in_chans=shape[2])
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(1, shape[2], *shape[:2]))
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"classifier: {name} cannot take {shape[0]}x{shape[1]} items ({reason}); set size.") from None
    return network
