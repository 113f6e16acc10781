"""Networks that classify images: the kit's own and timm's."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gannb.media.image.parameters import halvings
from gannb.utils.errors import InputError
from gannb.utils.naming import nearest


def small_cnn(shape: tuple[int, int, int], n_classes: int) -> nn.Module:
    """Return 3x3 convolutions of 32, 64, 64 channels, each with batch norm, ReLU and, if it fits, pooling.

    shape: (H, W, C) of the items. (N, C, H, W) -> (N, n_classes) logits; about 60,000 parameters. Each of the
    `halvings` of large items adds a convolution of 64 channels and doubles the strides of the first, the stem as in a
    residual network (He et al. 2016, table 1): large items are seen as a whole. There pooling follows the convolution
    at once, which costs a third less: the largest of some values stays the largest through the ReLU.
    """
    height, width, channels = shape
    layers: list[nn.Module] = []
    for number, out in enumerate((32, 64, 64) + (64,) * (deeper := halvings(shape))):
        stride = 2**deeper if number == 0 else 1
        kernel = 3 if stride <= 2 else 2 * stride - 1  # every pixel is seen
        height, width = -(-height // stride), -(-width // stride)
        pooling = [nn.MaxPool2d(2)] if min(height, width) >= 4 else []
        layers += [nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False), *(pooling if deeper else [])]
        layers += [nn.BatchNorm2d(out), nn.ReLU(inplace=True), *([] if deeper else pooling)]
        if pooling:
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
    import timm  # takes seconds, and the kit's own networks do without

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
