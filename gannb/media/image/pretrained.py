"""Fine-tuning a pretrained network: finding its weights, its frozen features, a new head, then the whole network.

The network's own normalisation and input size are kept: items are augmented in their own size, then upsampled to its.
Weights come from the hub's cache or from files; nothing is fetched here, and nothing is unpickled. timm, whose import
takes seconds, is imported where weights are there: without them nothing of it is needed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from huggingface_hub import try_to_load_from_cache
from huggingface_hub.constants import HF_HUB_CACHE
from torch import Tensor, nn
from torch.nn import functional as F

from gannb.classifiers.depth import weighted_layers
from gannb.classifiers.heads import RATE, fitted_head, set_head
from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import WEIGHT_DECAY, Recipe, Start
from gannb.media.image.tensors import encode, stored
from gannb.media.parameters import PRETRAINED
from gannb.media.weights import Noted
from gannb.utils.errors import InputError, unreadable
from gannb.utils.files import sha256_once
from gannb.utils.naming import nearest

if TYPE_CHECKING:
    from gannb.data.examples import Examples

LAYER_DECAY = 0.75  # of the rate from each layer to the one below it (Bao et al. 2022 have .65 to .75 when fine-tuning)
AT_ONCE = 32  # items in a forward pass without gradients
HUB_FILE, HUB_CONFIG = "model.safetensors", "config.json"
Summary = dict[str, Any]


@dataclass(frozen=True)
class Weights:
    """A timm network and the file of its weights."""

    network: str  # timm's name, with the tag of the weights where it is the hub's
    file: str  # .safetensors
    digest: str  # sha256 of the file's content and of how it is used
    model_args: Summary  # what the network is built with besides
    settings: Summary  # input_size (C, H, W), mean, std, interpolation, where they are not timm's own

    @property
    def place(self) -> str:
        """The file that they are read from."""
        return self.file

    def is_meant_by(self, pretrained: str) -> bool:
        """Tell whether a study's `pretrained` (see `find`) means this network with this file, which may be gone."""
        name, equals, file = pretrained.partition("=")
        if equals:
            return (self.network, self.file) == (name, os.path.abspath(file))
        if "/" in pretrained:
            return self.file == os.path.abspath(Path(pretrained) / HUB_FILE)
        return self.network == pretrained and not self.model_args and not self.settings


# ---- finding weights ----


def find(pretrained: str) -> Weights | None:
    """Return the weights meant by a study's `pretrained`; None for those of the hub that are not on this machine.

    pretrained: a timm name (`mobilenetv2_100`, `vgg19.tv_in1k`), a folder in the hub's form (config.json and
    model.safetensors), or NAME=FILE.safetensors.

    Raises:
        InputError: no such network or file, or not in this form.
    """
    name, equals, file = pretrained.partition("=")
    if equals:
        _checked_name(name)
        return _weights(name, Path(file), {}, {})
    if "/" in pretrained:
        return _from_folder(Path(pretrained))
    if pretrained == PRETRAINED and not _is_cached_in_any_form(pretrained):
        return None  # without timm, whose import takes seconds
    config = _checked_name(pretrained)
    file, _ = _in_cache(config.hf_hub_id)
    return _weights(pretrained, file, {}, {}) if file else None


def _is_cached_in_any_form(name: str) -> bool:
    return any(Path(HF_HUB_CACHE).glob(f"models--timm--{name}.*"))


def _in_cache(hub_id: str | None) -> tuple[Path | None, str]:
    """Return a network's file in the hub's cache, else why it cannot be read; neither where there is none."""
    if not hub_id:
        return None, ""
    try:
        found = try_to_load_from_cache(hub_id, HUB_FILE)
        if isinstance(found, str):
            fault = _fault_of(Path(found))
            return (None, fault) if fault else (Path(found), "")
        for part in ("", "refs", "snapshots"):  # to the hub, what may not be read is not there
            os.listdir(Path(HF_HUB_CACHE, f"models--{hub_id.replace('/', '--')}", part))
    except (FileNotFoundError, NotADirectoryError):
        return None, ""
    except OSError as error:
        return None, _unread(error)
    return None, ""


def _unread(error: OSError) -> str:
    return f"{error.filename or HF_HUB_CACHE} cannot be read ({(error.strerror or str(error)).lower()})"


def _fault_of(file: Path) -> str:
    """Return why a .safetensors file is not whole, by its header alone; empty where it is. Raises OSError.

    It begins with the header's length, 8 bytes, and the header, JSON that says where each tensor begins and ends.
    """
    with open(file, "rb") as stream:
        size, length = os.fstat(stream.fileno()).st_size, int.from_bytes(stream.read(8), "little")
        header = stream.read(min(length, size))
    try:
        tensors = [about for name, about in json.loads(header).items() if name != "__metadata__"]
        ends = 8 + length + max(about["data_offsets"][1] for about in tensors)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return f"{file} is damaged"
    return "" if ends == size else f"{file} is cut short"


def missing_sentence(pretrained: str, begun: bool = False) -> str:
    """Return what is missing where the weights are not there, and how to get it.

    begun: some of the study's trials were made with them, before they went.
    """
    problem = "Fine-tuning stays as far as it is" if begun else "Fine-tuning is left out"
    if fault := _fault_in_cache(pretrained):
        return f"{problem}: {fault}; see to that, or set pretrained to a folder that has the weights of {pretrained}."
    once = f"get them once with `python -c \"import timm; timm.create_model('{pretrained}', pretrained=True)\"`"
    way = "put them back" if "=" in pretrained or "/" in pretrained else once
    return (
        f"{problem}: the weights of {pretrained} are not on this machine; {way}, or set pretrained to a folder that "
        "has them."
    )


def _fault_in_cache(pretrained: str) -> str:
    """Return why a network's file in the hub's cache cannot be read; empty where it can, or there is none."""
    if "=" in pretrained or "/" in pretrained:
        return ""
    try:
        names = [name.removeprefix("models--timm--") for name in os.listdir(HF_HUB_CACHE)]
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return _unread(error)
    found = (_in_cache(f"timm/{name}")[1] for name in names if name == pretrained or name.startswith(f"{pretrained}."))
    return next(filter(None, found), "")


def _checked_name(name: str) -> Any:
    """Return timm's description of a network's pretrained weights; InputError where it has none of that name."""
    import timm

    try:
        return timm.get_pretrained_cfg(name, allow_unregistered=False)
    except RuntimeError:
        known = [*timm.list_pretrained(), *timm.list_models(pretrained=True)]
        hint = nearest(name, known, most=3) or "use a timm network's name."
        raise InputError(f"pretrained: timm has no weights for a network {name!r}; {hint}") from None


def _from_folder(folder: Path) -> Weights:
    try:
        about = json.loads((folder / HUB_CONFIG).read_text(encoding="utf-8"))
        name, config = str(about["architecture"]), dict(about.get("pretrained_cfg", {}))
        arguments = dict(about.get("model_args", {}))
    except FileNotFoundError:
        raise InputError(f"pretrained: {folder} has no {HUB_CONFIG}; it needs that and {HUB_FILE}.") from None
    except OSError as error:
        problem = f"cannot be read ({(error.strerror or str(error)).lower()})."
        raise unreadable(f"pretrained: {folder / HUB_CONFIG}", error, problem) from None
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        problem = "cannot be read; it needs the timm name as `architecture`, and `pretrained_cfg`"
        raise InputError(f"pretrained: {folder / HUB_CONFIG} {problem}.") from None
    settings = {k: config[k] for k in ("input_size", "mean", "std", "interpolation") if k in config}
    _checked_name(name)
    return _weights(name, folder / HUB_FILE, arguments, settings)


def _weights(name: str, file: Path, arguments: Summary, settings: Summary) -> Weights:
    file = Path(os.path.abspath(file))  # in the hub's cache it is a link to a file without a suffix
    if not file.is_file():
        raise InputError(f"pretrained: there is no file {file}; give a .safetensors file with the weights of {name}.")
    if file.suffix != ".safetensors":
        raise InputError(f"pretrained: {file} is no .safetensors file, and others are not opened; convert it first.")
    try:
        digest = hashlib.sha256(json.dumps([name, sha256_once(file)]).encode())
    except OSError as error:
        problem = f"cannot be read ({(error.strerror or str(error)).lower()})."
        raise unreadable(f"pretrained: {file}", error, problem) from None
    digest.update(json.dumps([arguments, settings], sort_keys=True).encode())
    return Weights(name, str(file), digest.hexdigest()[:16], arguments, settings)


_noted = Noted(Weights, lambda noted: _weights(noted.network, Path(noted.file), noted.model_args, noted.settings))
keep, recall, kept = _noted.keep, _noted.recall, _noted.kept


# ---- the network ----


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
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"pretrained: {weights.file} does not hold the weights of {weights.network} ({reason}); give the file "
            "that belongs to this network."
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
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"pretrained: the layers of {weights.network} cannot be looked at ({reason}); use mobilenetv2_100 or "
            "resnet18."
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
