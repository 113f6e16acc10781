"""Training a classifier on a mixture of real and synthetic items, and its predictions on the test items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gannb.augment import Policy, augment
from gannb.errors import InputError
from gannb.words import nearest

if TYPE_CHECKING:
    from gannb.data import Examples

LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2
PREDICT_BATCH = 512
AUGMENT_AT_ONCE = 2**16  # pixels times channels


@dataclass(frozen=True, eq=False)
class Mixture:
    """What a classifier is trained on: real items, synthetic items, and the synthetic share of each batch."""

    real: Examples | None
    synthetic: Examples | None
    share: float  # of each batch, 0..1, whatever the two sets' sizes; 1 without real items, 0 without synthetic ones
    fresh: Callable[[int], np.ndarray] | None = None  # number of a pass, from 1 -> the synthetic items anew, as uint8
    weights: np.ndarray | None = None  # (K,) how much the loss of an item of each class counts; None: as it is

    @property
    def items(self) -> Examples:
        """The items that train accuracy is measured on: the real ones, or the synthetic ones alone."""
        return self.real if self.real is not None else self.synthetic


class Diverged(RuntimeError):
    """A training whose loss is no longer a finite number."""


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained; every arm of a trial has the same, but for the policy and what tuning chose."""

    classifier: str
    steps: int
    batch_size: int
    policy: Policy
    rate: float = 1.0  # times LEARNING_RATE


# ---- networks ----


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


# ---- batches ----


def to_tensor(x: np.ndarray, device: str = "cpu") -> Tensor:
    """Return images as floats: (N, H, W, C) uint8 -> (N, C, H, W) float32 in [-1, 1], channels last in memory."""
    return torch.from_numpy(np.array(x)).to(device).float().permute(0, 3, 1, 2) / 127.5 - 1


def cycle(n: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield (size,) indices below n for ever, in shuffled epochs, so that every item is used equally often."""
    queue = rng.permutation(n)
    while True:
        while len(queue) < size:
            queue = np.concatenate([queue, rng.permutation(n)])
        yield queue[:size]
        queue = queue[size:]


def batches(mixture: Mixture, size: int, seed: int) -> Iterator[np.ndarray]:
    """Yield (size,) indices for ever, into the real items followed by the synthetic ones.

    Each batch holds `round(share * size)` synthetic items. The real items come in the same order in every arm.
    """
    real_rng, synthetic_rng = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    n_real = 0 if mixture.real is None else len(mixture.real)
    synthetic_size = 0 if mixture.synthetic is None else round(mixture.share * size)
    real = cycle(n_real, size - synthetic_size, real_rng) if synthetic_size < size else None
    synthetic = cycle(len(mixture.synthetic), synthetic_size, synthetic_rng) if synthetic_size else None
    while True:
        parts = [next(real)] if real else []
        parts += [n_real + next(synthetic)] if synthetic else []
        yield np.concatenate(parts)


class Stock:
    """The items of a mixture as tensors, the real ones first, the synthetic ones made anew at every pass if `fresh`.

    A pass is over when every synthetic item has been handed out once; the first hands out the items as they are.
    """

    def __init__(self, mixture: Mixture, device: str = "cpu") -> None:
        parts = [part for part in (mixture.real, mixture.synthetic) if part is not None]
        self.x = torch.cat([to_tensor(part.x, device) for part in parts])  # (N, C, H, W)
        self.y = torch.from_numpy(np.concatenate([part.y for part in parts])).to(device)  # (N,)
        self.n_real = 0 if mixture.real is None else len(mixture.real)
        self.fresh, self.number, self.handed_out = mixture.fresh, 0, 0

    def take(self, index: np.ndarray) -> tuple[Tensor, Tensor]:
        """Hand out items: index (B,) -> images (B, C, H, W), labels (B,)."""
        chosen = torch.from_numpy(index).to(self.x.device)
        if self.fresh is None or not np.any(index >= self.n_real):
            return self.x[chosen], self.y[chosen]
        first, *later = np.unique(number := self._passes(index))
        self._turn_to(first)
        images = self.x[chosen]
        for following in later:
            self._turn_to(following)
            at = torch.from_numpy(np.flatnonzero(number == following)).to(self.x.device)
            images[at] = self.x[chosen[at]]
        return images, self.y[chosen]

    def _passes(self, index: np.ndarray) -> np.ndarray:
        """Return the pass that each item belongs to, (B,); real items, which are always the same, to the first here."""
        synthetic = index >= self.n_real
        number = self.handed_out + np.arange(synthetic.sum())
        self.handed_out += len(number)
        passes = np.full(len(index), number[0])
        passes[synthetic] = number
        return passes // (len(self.x) - self.n_real)

    def _turn_to(self, number: int) -> None:
        if number != self.number:
            self.x[self.n_real :] = to_tensor(self.fresh(int(number)), str(self.x.device))
            self.number = number


# ---- training ----


Start = Callable[[Recipe, "Examples"], tuple[nn.Module, list[dict[str, Any]]]]  # -> network, groups with their rates


def from_scratch(recipe: Recipe, items: Examples) -> tuple[nn.Module, list[dict[str, Any]]]:
    """Return an untrained classifier for items, and its parameters with their rate."""
    network = build(recipe.classifier, items.shape, items.n_classes)
    return network, [{"params": list(network.parameters()), "lr": recipe.rate * LEARNING_RATE}]


def train(
    mixture: Mixture,
    recipe: Recipe,
    seed: int,
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
    start: Start = from_scratch,
) -> nn.Module:
    """Train a classifier: AdamW (Loshchilov & Hutter 2019), one-cycle rate, cross-entropy.

    Two calls with equal seeds start from the same weights and see the real items in the same order, whatever the arm.
    `start` gives the network and its groups of parameters, `lr` being the largest rate of each.
    """
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)  # first weights, and what a network's own layers drop while it is trained
        network, groups = start(recipe, mixture.items)
        return _train(network, groups, mixture, recipe, seed, device, progress)


def _train(
    network: nn.Module,
    groups: list[dict[str, Any]],
    mixture: Mixture,
    recipe: Recipe,
    seed: int,
    device: str,
    progress: Callable[[int, int], None],
) -> nn.Module:
    """Train, drawing from torch's global randomness where the network does."""
    stock, rates = Stock(mixture, device), [group["lr"] for group in groups]
    network = network.to(device, memory_format=torch.channels_last).train()  # up to twice as fast on a CPU
    optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=recipe.steps + 1)
    rng = torch.Generator(device=device).manual_seed(seed)
    weights = None if mixture.weights is None else torch.from_numpy(mixture.weights).float().to(device)
    stream = batches(mixture, recipe.batch_size, seed)
    for step, (images, labels) in zip(range(recipe.steps), augmented(stream, stock, recipe, rng), strict=False):
        loss = cross_entropy(network(images), labels, weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        progress(step + 1, recipe.steps)
    if not torch.isfinite(loss):
        raise Diverged(f"the classifier {recipe.classifier} diverged: its loss is {loss.item()}")
    return network.eval()


def cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean over a batch of the items' cross-entropy, each times its class' weight: (B, K), (B,), (K,) -> ().

    Divided by the number of items, not by their weights as torch does: what an item counts for must not depend on
    which others happen to be in its batch.
    """
    if weights is None:
        return F.cross_entropy(logits, labels)
    return F.cross_entropy(logits, labels, weights, reduction="sum") / len(labels)


@torch.no_grad()
def augmented(
    stream: Iterator[np.ndarray], stock: Stock, recipe: Recipe, rng: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented batches (B, C, H, W) with labels (B,) for ever.

    Several batches are augmented in one call: on tiny images a call costs as much as a good part of a training step.
    """
    count = max(1, AUGMENT_AT_ONCE // (recipe.batch_size * stock.x[0].numel()))
    while True:
        images, labels = stock.take(np.concatenate([next(stream) for _ in range(count)]))
        images = augment(images, recipe.policy, rng)
        yield from zip(images.split(recipe.batch_size), labels.split(recipe.batch_size), strict=True)


@torch.no_grad()
def predict(network: nn.Module, x: np.ndarray) -> np.ndarray:
    """Return class probabilities: items (N, H, W, C) uint8 -> (N, K) float32."""
    device = str(next(network.parameters()).device)
    parts = [
        network(to_tensor(x[i : i + PREDICT_BATCH], device)).softmax(1).cpu().numpy()
        for i in range(0, len(x), PREDICT_BATCH)
    ]
    return np.concatenate(parts)


@torch.no_grad()
def features(network: nn.Module, x: np.ndarray) -> np.ndarray:
    """Return what `small_cnn` feeds to its last layer: items (N, H, W, C) uint8 -> (N, D) float32."""
    body = network[:-1]
    device = str(next(network.parameters()).device)
    parts = [body(to_tensor(x[i : i + PREDICT_BATCH], device)).cpu().numpy() for i in range(0, len(x), PREDICT_BATCH)]
    return np.concatenate(parts)
