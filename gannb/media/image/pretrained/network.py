"""Fine-tuning a pretrained network: its frozen features, a new head, then the whole network.

The network's own normalisation and input size are kept: items are augmented in their own size, then upsampled to its.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gannb.classifiers.depth import weighted_layers
from gannb.classifiers.heads import RATE, fitted_head, set_head
from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import WEIGHT_DECAY, Recipe, Start
from gannb.media.image.pretrained.weights import Summary, Weights
from gannb.media.image.tensors import encode, stored
from gannb.utils.errors import InputError, said_by

if TYPE_CHECKING:
    from gannb.data.examples import Examples

LAYER_DECAY = 0.75  # of the rate from each layer to the one below it (Bao et al. 2022 have .65 to .75 when fine-tuning)
AT_ONCE = 32  # items in a forward pass without gradients


def three_channels(x: Tensor) -> Tensor:
    """Return items (N, C, H, W) as (N, 3, H, W): grey ones fill three channels, of four the first three are taken."""
    return x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x[:, :3]


class Pretrained(nn.Module):
    """A pretrained timm network that takes items as the other classifiers do.

    (N, C, H, W) in [-1, 1] -> (N, K) logits, see `three_channels`. Batch
    normalisation keeps the statistics it was pretrained with: a few small batches give none that are better.
    """

    def __init__(self, weights: Weights, n_classes: int) -> None:
        super().__init__()
        self.network = _load(weights)
        config = _settings(self.network)
        self.size, self.interpolation = tuple(config["input_size"][1:]), config["interpolation"]
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(config[name])[:, None, None], persistent=False)
        self.network.reset_classifier(n_classes)
        head = self.network.get_classifier()
        if not isinstance(head, nn.Linear):
            raise InputError(f"pretrained: {weights.network} does not end in one linear layer; use another network.")
        self.head = head

    def prepared(self, x: Tensor) -> Tensor:
        """Bring items (N, C, H, W) in [-1, 1] to the network's channels, size and normalisation."""
        x = three_channels(x)
        mode = self.interpolation if self.interpolation in ("bicubic", "bilinear") else "bicubic"
        x = F.interpolate(x, self.size, mode=mode, antialias=True).clamp(-1, 1)
        return (((x + 1) / 2 - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits: (N, C, H, W) in [-1, 1] -> (N, K)."""
        if self.training:
            return self.network(self.prepared(x))
        return torch.cat([self.network(self.prepared(part)) for part in x.split(AT_ONCE)])

    def features(self, x: Tensor) -> Tensor:
        """Return what the last layer is given: (N, C, H, W) -> (N, D)."""
        parts = (self.network.forward_features(self.prepared(part)) for part in x.split(AT_ONCE))
        return torch.cat([self.network.forward_head(part, pre_logits=True) for part in parts])

    def train(self, mode: bool = True) -> Pretrained:
        """Switch to training, all but batch normalisation."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self

    def groups(self, rate: float) -> list[Summary]:
        """Return the parameters with their rates: those of the head, and ever less for the layers below."""
        from timm.optim import param_groups_layer_decay

        found = param_groups_layer_decay(self.network, weight_decay=WEIGHT_DECAY, layer_decay=LAYER_DECAY)
        return [{"params": g["params"], "weight_decay": g["weight_decay"], "lr": rate * g["lr_scale"]} for g in found]


def _load(weights: Weights) -> nn.Module:
    """Return the network with its pretrained head; InputError where the file does not fit."""
    import timm

    try:
        overlay = {"file": weights.file, **weights.settings}
        return timm.create_model(
            weights.network, pretrained=True, pretrained_cfg_overlay=overlay, **weights.model_args
        ).eval()
    except Exception as error:  # timm and safetensors raise many kinds for a file that does not fit
        raise InputError(
            f"pretrained: {weights.file} does not hold the weights of {weights.network} ({said_by(error)}); give "
            "the file that belongs to this network."
        ) from None


def trunk(weights: Weights, scales: int) -> tuple[nn.Module, list[int], Summary]:
    """Return the last `scales` layers of each size of a network, their channels, and how it takes images.

    The network maps normalised images (N, 3, H, W) to a list of maps, the largest first. Weights that name no file
    leave it untrained, for whoever reads them from elsewhere. Raises InputError where it has fewer sizes.
    """
    import timm

    overlay = {"file": weights.file} if weights.file else {}
    log = logging.getLogger("timm")
    before, log.level = log.level, logging.ERROR  # it warns of the layers that are left out, which is as it should be
    try:
        network = timm.create_model(
            weights.network, pretrained=bool(weights.file), features_only=True,
            pretrained_cfg_overlay=overlay | weights.settings, **weights.model_args,
        )  # fmt: skip
        sizes = network.feature_info.reduction()
    except Exception as error:  # timm raises many kinds for a network whose layers it cannot give
        raise InputError(
            f"pretrained: the layers of {weights.network} cannot be looked at ({said_by(error)}); use "
            "mobilenetv2_100 or resnet18."
        ) from None
    finally:
        log.level = before
    if len(set(sizes[-scales:])) < scales:
        raise InputError(
            f"pretrained: {weights.network} has fewer than {scales} sizes of layers; use mobilenetv2_100 or resnet18."
        )
    first = len(sizes) - scales
    return _Last(network, first).eval(), network.feature_info.channels()[first:], _settings(network)


class _Last(nn.Module):
    """Of the maps of a network, those from one on."""

    def __init__(self, network: nn.Module, first: int) -> None:
        super().__init__()
        self.network, self.first = network, first

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) -> maps."""
        return self.network(x)[self.first :]


def _settings(network: nn.Module) -> Summary:
    from timm.data import resolve_model_data_config

    return resolve_model_data_config(network)


def check(weights: Weights, n_classes: int) -> None:
    """Build the network that is fine-tuned.

    Raises:
        InputError: the file does not fit the network, or the network cannot be fine-tuned here.
    """
    Pretrained(weights, n_classes)


def input_sides(weights: Weights) -> tuple[int, int]:
    """Return the height and width that the network takes images in; no file is read."""
    import timm

    size = weights.settings.get("input_size") or timm.get_pretrained_cfg(weights.network).input_size
    return tuple(size[1:])


def features_width(weights: Weights) -> int:
    """Return D, the number of features that the network makes of an image."""
    return Pretrained(weights, 2).head.in_features


def weights_text(weights: Weights) -> str:
    """Return in words what network it is and how it takes items; the file may be gone."""
    return upsampled_text(weights, "items")


def upsampled_text(weights: Weights, what: str) -> str:
    """Return in words what network it is, and to which size what it takes is brought."""
    import timm

    network = timm.create_model(weights.network, pretrained_cfg_overlay=weights.settings, **weights.model_args)
    config = _settings(network)
    height, width = config["input_size"][1:]
    return f"{weights.network}, {what} upsampled to {height}x{width} ({config['interpolation']})"


def training_text(weights: Weights, steps: int) -> str:
    """Return how the network is fine-tuned once it has its head."""
    return (
        f"the whole network for {steps:,} steps with the arm's augmentation, at rates that fall by a factor of "
        f"{LAYER_DECAY} from each layer to the one below; batch normalisation keeps its statistics."
    )


def layers(weights: Weights) -> int:
    """Return the weighted layers on the longest way through the network, see `classifiers.depth`; no file is read."""
    import timm

    network = timm.create_model(weights.network, pretrained_cfg_overlay=weights.settings, **weights.model_args)
    return weighted_layers(network, torch.zeros(1, *_settings(network)["input_size"]))


# ---- training ----


@torch.no_grad()
def frozen_features(
    weights: Weights,
    x: np.ndarray,
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Return what the pretrained network makes of images: (N, H, W, C) uint8 -> (N, D) float32."""
    network = Pretrained(weights, 2).to(device, memory_format=torch.channels_last).eval()
    parts = []
    for start in range(0, len(x), AT_ONCE):
        parts.append(network.features(encode(stored(x[start : start + AT_ONCE], device))).float().cpu().numpy())
        progress(min(len(x), start + AT_ONCE), len(x))
    return np.concatenate(parts)


def starting(weights: Weights, mixture: Mixture, features: np.ndarray) -> Start:
    """Return what gives the network to fine-tune at the rate for images; features: (N, D), see `starting_at`."""
    return starting_at(RATE, weights, mixture, features)


def starting_at(rate: float, weights: Weights, mixture: Mixture, features: np.ndarray) -> Start:
    """Return what gives the network to fine-tune: with a new head, trained on frozen features, that fits them.

    features: (N, D) of the mixture's items, the real ones first. rate: of the head, if the recipe has the usual one.
    """
    head = fitted_head(mixture, features)

    def start(recipe: Recipe, items: Examples) -> tuple[nn.Module, list[Summary]]:
        network = Pretrained(weights, items.n_classes)
        set_head(network.head, head)
        return network, network.groups(recipe.rate * rate)

    return start
