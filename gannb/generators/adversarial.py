"""Generative adversarial networks: one training loop for every family, losses, checkpoints, sampling.

Randomness is derived from (seed, step), so that a resumed training needs the step number alone: on the CPU,
with one thread, training killed at any step and resumed ends with the weights of an undisturbed one, bit for
bit. On a GPU the order of sums varies, and with it the last digits.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from gannb.augment import Policy, augment, resolve
from gannb.data import Examples
from gannb.errors import InputError
from gannb.generators.interface import Job, check_classes, check_labels

CHECKPOINT_EVERY = 30.0  # seconds
PROGRESS_EVERY = 0.5  # seconds
POINTS = 200  # of the curves, or more: a point is the mean over at most 50 steps
MOMENTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)  # of the training, at which a grid of samples is kept
GRID = (10, 8)  # classes, samples per class
SAMPLE_BATCH = 64
CURVES = ("discriminator_loss", "generator_loss", "real_score", "fake_score", "label_agreement")

Shape = tuple[int, int, int]  # (H, W, C)
Network = Callable[[Shape, int], nn.Module]  # (shape, number of classes) -> network


class TrainingError(RuntimeError):
    """Training went wrong in a way that more steps do not mend."""


class DamagedCheckpoint(Exception):
    """A checkpoint that cannot be read back whole."""


# ---- losses: scores (N,), any real number, high for "real" -> scalar ----


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))] (Lim & Ye 2017; Miyato et al. 2018, equation 16)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def hinge_generator(fake: Tensor) -> Tensor:
    """-E[D(G(z))] (Lim & Ye 2017; Miyato et al. 2018, equation 17)."""
    return -fake.mean()


def non_saturating_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """-E[log sigmoid D(x)] - E[log(1 - sigmoid D(G(z)))] (Goodfellow et al. 2014, equation 1)."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def non_saturating_generator(fake: Tensor) -> Tensor:
    """-E[log sigmoid D(G(z))] (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake).mean()


def auxiliary(logits: Tensor, labels: Tensor) -> Tensor:
    """-E[log P(class | x)] of an auxiliary class head (Odena et al. 2017, equation 3), logits (N, K).

    The discriminator learns it on reals alone, the generator on its own images.
    """
    return F.cross_entropy(logits, labels)


@dataclass(frozen=True)
class Loss:
    """The two sides of an adversarial game."""

    discriminator: Callable[[Tensor, Tensor], Tensor]  # (scores of reals, scores of fakes) -> scalar
    generator: Callable[[Tensor], Tensor]  # scores of fakes -> scalar


HINGE = Loss(hinge_discriminator, hinge_generator)
NON_SATURATING = Loss(non_saturating_discriminator, non_saturating_generator)


# ---- a family is data ----


@dataclass(frozen=True)
class Family:
    """Networks, loss and defaults: all that tells one kind of GAN from another.

    generator: (noise (N, noise), labels (N,)) -> images (N, C, H, W) in [-1, 1].
    discriminator: (images, labels) -> scores (N,), class logits (N, K).
    """

    name: str
    steps: int  # of training that a laptop does in minutes
    generator: Network
    discriminator: Network
    loss: Loss
    noise: int  # dimensions of the noise
    auxiliary_weight: float
    batch: int
    learning_rate: float  # of both networks (Adam)
    betas: tuple[float, float]
    ema: float  # momentum of the averaged generator, once warm
    augmentation: Policy  # what the discriminator sees of reals and fakes alike
    min_side: int  # pixels
    max_side: int

    def settings(self) -> dict[str, Any]:
        """All of it that is a number or a policy, as JSON: what the result of a training depends on."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("name", "steps")}
        plain = {name: value for name, value in values.items() if isinstance(value, int | float | tuple)}
        return json.loads(json.dumps(plain | {"augmentation": asdict(self.augmentation)}))

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise InputError where the family cannot make items of this shape."""
        if len(shape) != 3 or not 1 <= shape[2] <= 4:
            raise InputError(f"gan: {self.name} makes images of 1 to 4 channels, not items of shape {shape}.")
        if not self.min_side <= min(shape[:2]) <= max(shape[:2]) <= self.max_side:
            raise InputError(
                f"gan: {self.name} makes images of {self.min_side} to {self.max_side} pixels a side, not "
                f"{shape[0]}x{shape[1]}; choose another family or set size."
            )


# ---- the averaged generator ----


def ema_momentum(step: int, limit: float) -> float:
    """Momentum after step 0, 1, ...: min(limit, 1 - 1 / (step / 10 + 1)), to forget the start."""
    return min(limit, 1 - 1 / (step / 10 + 1))


def float_tensors(network: nn.Module) -> list[Tensor]:
    """All that training changes in a network: weights, batch-norm statistics, spectral norms."""
    return [value for value in network.state_dict().values() if value.is_floating_point()]


def ema_update(average: list[Tensor], current: list[Tensor], momentum: float) -> None:
    """average = momentum * average + (1 - momentum) * current, in place."""
    torch._foreach_lerp_(average, current, 1 - momentum)


# ---- randomness: from (seed, what for, which), never from what happened before ----


def _derive(seed: int, *key: int) -> int:
    return int(np.random.SeedSequence([seed, *key]).generate_state(1, np.uint64)[0])


class Passes:
    """Batches from endless shuffled passes over n items: each is used equally often, to within one."""

    def __init__(self, n: int, batch: int, seed: int, device: torch.device) -> None:
        self.n, self.batch = n, batch
        self._pass = lru_cache(maxsize=4)(
            lambda which: torch.from_numpy(np.random.default_rng([seed, 1, which]).permutation(n)).to(device)
        )

    def __getitem__(self, step: int) -> Tensor:
        """Positions (batch,) of the items of a step."""
        start = step * self.batch
        first, last = start // self.n, (start + self.batch - 1) // self.n
        joined = torch.cat([self._pass(which) for which in range(first, last + 1)])
        return joined[start - first * self.n :][: self.batch]


# ---- training ----


class Training:
    """Everything that changes while a GAN is trained: networks, optimisers, average, curves, grids, step."""

    def __init__(self, family: Family, policy: Policy, draw: Examples, job: Job) -> None:
        self.family, self.policy, self.job = family, policy, job
        self.device = torch.device(job.device)
        shape, n_classes = draw.shape, draw.n_classes
        self.x = torch.tensor(draw.x, device=self.device).permute(0, 3, 1, 2)  # (N, C, H, W) uint8
        self.y = torch.tensor(draw.y, device=self.device)
        self.n_classes = n_classes
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_derive(job.seed, 2))
            self.generator = _place(family.generator(shape, n_classes), self.device)
            self.discriminator = _place(family.discriminator(shape, n_classes), self.device)
        self.average = copy.deepcopy(self.generator).requires_grad_(False).eval()
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), family.learning_rate, family.betas, fused=True)
            for name, network in (("generator", self.generator), ("discriminator", self.discriminator))
        }
        # listed once: to walk through the modules at every step takes longer than a small network does
        self.averages = float_tensors(self.average), float_tensors(self.generator)
        self.judges = list(self.discriminator.parameters())
        self.passes = Passes(len(draw), family.batch, job.seed, self.device)
        self.rng = torch.Generator(self.device)
        self.step = 0  # steps done
        self.every = max(1, min(50, job.steps // POINTS))  # steps in a point of the curves
        self.moments = {max(1, round(share * job.steps)) for share in MOMENTS}
        self.window = torch.zeros(len(CURVES), device=self.device)  # sums since the last point
        self.curves: dict[str, list[float]] = {name: [] for name in ("step", *CURVES)}
        self.grids: list[Tensor] = []  # each (classes, columns, H, W, C) uint8
        self.grid_steps: list[int] = []

    def advance(self) -> None:
        """Do one step, and keep what is due after it."""
        self.rng.manual_seed(_derive(self.job.seed, 0, self.step))
        self.window += self._learn()
        ema_update(*self.averages, ema_momentum(self.step, self.family.ema))
        self.step += 1
        if self.step % self.every == 0 or self.step == self.job.steps:
            self._record()
        if self.step in self.moments:
            self._keep_grid()

    def _learn(self) -> Tensor:
        """One step of the discriminator, one of the generator on the same fakes; the `CURVES`, (5,)."""
        family, n = self.family, self.family.batch
        index = self.passes[self.step]
        real, labels = self.x[index].float().div_(127.5).sub_(1), self.y[index]
        # labels of fakes follow the draw's own proportions
        chosen = self.y[torch.randint(len(self.y), (n,), generator=self.rng, device=self.device)]
        noise = torch.randn((n, family.noise), generator=self.rng, device=self.device)
        fake = self.generator(noise, chosen)

        both = augment(torch.cat([real, fake.detach()]), self.policy, self.rng)
        scores, logits = self.discriminator(both, torch.cat([labels, chosen]))
        real_scores, fake_scores = scores.split(n)
        loss_d = family.loss.discriminator(real_scores, fake_scores)
        if family.auxiliary_weight:
            loss_d = loss_d + family.auxiliary_weight * auxiliary(logits[:n], labels)
        self._descend("discriminator", loss_d)

        _set_learning(self.judges, False)
        scores, logits = self.discriminator(augment(fake, self.policy, self.rng), chosen)
        loss_g = family.loss.generator(scores)
        if family.auxiliary_weight:
            loss_g = loss_g + family.auxiliary_weight * auxiliary(logits, chosen)
        self._descend("generator", loss_g)
        _set_learning(self.judges, True)
        agreement = (logits.argmax(1) == chosen).float().mean()
        return torch.stack([loss_d, loss_g, real_scores.mean(), fake_scores.mean(), agreement]).detach()

    def _descend(self, name: str, loss: Tensor) -> None:
        self.optimisers[name].zero_grad()
        loss.backward()
        self.optimisers[name].step()

    def _record(self) -> None:
        """Add a point to the curves, the means since the last one; raise TrainingError if it is not finite.

        Nothing else in a step waits for the device.
        """
        start = self.curves["step"][-1] if self.curves["step"] else 0
        means = (self.window / (self.step - start)).tolist()
        self.window.zero_()
        self.curves["step"].append(self.step)
        for name, mean in zip(CURVES, means, strict=True):
            self.curves[name].append(mean)
            if not math.isfinite(mean):
                raise TrainingError(
                    f"The {name.replace('_', ' ')} of the {self.family.name} GAN became {mean} between steps "
                    f"{start + 1} and {self.step}: try another seed or fewer steps."
                )

    def _keep_grid(self) -> None:
        """Sample the averaged generator on noise and labels that are the same every time."""
        rows, columns = min(GRID[0], self.n_classes), GRID[1]
        labels = np.repeat(np.arange(rows), columns)
        noise = _noise(_derive(self.job.seed, 3), len(labels), self.family.noise)
        images = _generate(self.average, noise, labels)
        self.grids.append(torch.from_numpy(images.reshape(rows, columns, *images.shape[1:])))
        self.grid_steps.append(self.step)

    def check_weights(self) -> None:
        """Raise TrainingError where a weight is not finite."""
        for network in (self.discriminator, self.generator, self.average):
            if not all(bool(tensor.isfinite().all()) for tensor in float_tensors(network)):
                raise TrainingError(
                    f"A weight of the {self.family.name} GAN is not finite at step {self.step}: "
                    "try another seed or fewer steps."
                )

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors and plain values from which `restore` continues as if nothing had happened."""
        tensors = {"window": self.window}
        for name in ("generator", "discriminator", "average"):
            tensors |= {f"{name}.{key}": value for key, value in getattr(self, name).state_dict().items()}
        for name, optimiser in self.optimisers.items():
            for number, moments in optimiser.state_dict()["state"].items():
                tensors |= {f"optimiser.{name}.{number}.{key}": value for key, value in moments.items()}
        tensors |= {f"grid.{number}": grid for number, grid in enumerate(self.grids)}
        return tensors, {"step": self.step, "curves": self.curves, "grid_steps": self.grid_steps}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.step, self.curves, self.grid_steps = values["step"], values["curves"], values["grid_steps"]
        self.window.copy_(tensors["window"])
        self.grids = [tensors[f"grid.{number}"] for number in range(len(self.grid_steps))]
        for name in ("generator", "discriminator", "average"):
            getattr(self, name).load_state_dict(_under(tensors, f"{name}."))
        for name, optimiser in self.optimisers.items():
            for number, parameter in enumerate(optimiser.param_groups[0]["params"]):
                saved = _under(tensors, f"optimiser.{name}.{number}.")
                optimiser.state[parameter] = {key: _laid_out_like(parameter, value) for key, value in saved.items()}


def _set_learning(parameters: list[Tensor], learning: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(learning)


def _place(network: nn.Module, device: torch.device) -> nn.Module:
    return network.to(device=device, memory_format=torch.channels_last)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with the prefix, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """The value on the parameter's device and in its memory layout, which fused optimisers rely on."""
    if value.shape != parameter.shape:
        return value.to(parameter.device)
    return torch.empty_like(parameter, requires_grad=False).copy_(value)


# ---- checkpoints: one safetensors file with JSON as its metadata, so that one rename does it ----


def identity(family: Family, policy: Policy, draw: Examples, job: Job) -> dict[str, Any]:
    """What a checkpoint must agree in to be continued."""
    settings = {k: v for k, v in vars(family).items() if isinstance(v, str | int | float | tuple)}
    content = hashlib.sha256(draw.x.tobytes() + draw.y.tobytes()).hexdigest()
    about = {
        "family": settings,
        "policy": asdict(policy),
        "steps": job.steps,
        "seed": job.seed,
        "draw": content,
    }
    return json.loads(json.dumps(about | {"shape": draw.shape, "classes": draw.n_classes}))


def write_checkpoint(path: Path, training: Training, about: dict[str, Any]) -> None:
    """Write the state under a temporary name, wait for the disk, rename; a killed writer leaves the old one.

    Raises TrainingError, and writes nothing, where a weight is not finite.
    """
    training.check_weights()
    tensors, values = training.state()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps({"about": about, "values": values, "digest": _digest(tensors)})
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp")
    with open(temporary, "wb") as file:
        file.write(safetensors.torch.save(tensors, {"gannb": text}))
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def read_checkpoint(path: Path, about: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and values for `Training.restore`.

    Raises DamagedCheckpoint where the file cannot be read whole, InputError where it belongs to another
    training.
    """
    try:
        with safe_open(path, "pt") as file:
            stored = json.loads(file.metadata()["gannb"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        if stored["digest"] != _digest(tensors):
            raise DamagedCheckpoint(f"{path}: its content does not match its digest")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedCheckpoint(f"{path}: {error}") from error
    if stored["about"] != about:
        differing = sorted(k for k in about if stored["about"].get(k) != about[k])
        raise InputError(f"{path} is of another training ({', '.join(differing)} differ): move it away.")
    return tensors, stored["values"]


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _resume(training: Training, path: Path, about: dict[str, Any]) -> None:
    """Continue from the checkpoint if there is a whole one; a damaged one is left out with a warning."""
    if not path.exists():
        return
    try:
        training.restore(*read_checkpoint(path, about))
    except DamagedCheckpoint as error:
        warnings.warn(f"The checkpoint is damaged, training starts again: {error}", RuntimeWarning, stacklevel=3)


# ---- the loop ----


def train(training: Training, path: Path | None, about: dict[str, Any]) -> None:
    """Run to the end, with a checkpoint at `path` now and then and progress reported."""
    if path is not None:
        _resume(training, path, about)
    job = training.job
    saved = told = time.monotonic()
    while training.step < job.steps:
        training.advance()
        now = time.monotonic()
        if path is not None and now - saved >= CHECKPOINT_EVERY:
            write_checkpoint(path, training, about)
            saved = now
        if now - told >= PROGRESS_EVERY and training.step < job.steps:
            job.progress(training.step, job.steps)
            told = now
    training.check_weights()
    job.progress(job.steps, job.steps)


# ---- sampling ----


def _noise(seed: int, n: int, dimensions: int) -> np.ndarray:
    """Standard normal (n, dimensions) float32; row i is the same for every n and on every device."""
    return np.random.default_rng(seed).standard_normal((n, dimensions), dtype=np.float32)


@torch.inference_mode()
def _generate(network: nn.Module, noise: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Images (M, H, W, C) uint8 of noise (M, Z) and labels (M,), in batches of one size."""
    device = next(network.parameters()).device
    batches = []
    for start in range(0, max(1, len(labels)), SAMPLE_BATCH):
        z, y = noise[start : start + SAMPLE_BATCH], labels[start : start + SAMPLE_BATCH]
        # the last one is filled up: an image must not depend on how many are made with it
        fill = [(0, SAMPLE_BATCH - len(y))]
        z, y = torch.from_numpy(np.pad(z, [*fill, (0, 0)])), torch.from_numpy(np.pad(y, fill))
        images = network(z.to(device), y.to(device)).permute(0, 2, 3, 1)
        pixels = ((images + 1) * 127.5).round_().clamp_(0, 255).to(torch.uint8)
        batches.append(pixels.cpu().numpy())
    return np.concatenate(batches)[: len(labels)]


class Adversarial:
    """A GAN of one family. Fitted, it keeps the averaged generator, the curves and the grids of samples.

    curves: {"step": [...], "discriminator_loss": [...], ...}, each value the mean since the last point;
    real_score and fake_score are the discriminator's, label_agreement is the share of fakes in which the
    auxiliary head sees their label.
    grids: (T, rows, columns, H, W, C) uint8, a row a class, from the same noise after `grid_steps` (T) steps.
    """

    def __init__(self, family: Family, policy: str | None = None) -> None:
        """`policy` is a name for `gannb.augment.resolve`; None means the family's own."""
        self.family, self.policy = family, policy

    def fit(self, draw: Examples, job: Job) -> Self:
        """Train on the draw; continues from the checkpoint in `job.checkpoint` if there is one.

        The checkpoint stays after the last step, for whoever saves the generator to remove. Raises InputError
        where the family cannot do the draw, TrainingError where a loss or a weight becomes infinite or nan.
        """
        self.check(draw, job)
        policy = self.family.augmentation if self.policy is None else resolve(self.policy, draw.shape)
        training = Training(self.family, policy, draw, job)
        path = None if job.checkpoint is None else job.checkpoint / "checkpoint.safetensors"
        train(training, path, identity(self.family, policy, draw, job))
        self.network, self.shape, self.n_classes = training.average, draw.shape, draw.n_classes
        self.curves, self.grid_steps = training.curves, training.grid_steps
        self.grids = torch.stack(training.grids).numpy()
        return self

    def check(self, draw: Examples, job: Job) -> None:
        """Raise InputError, in one sentence, where this draw or job cannot be fitted."""
        self.family.check(draw.shape)
        if job.steps < 1:
            raise InputError(f"gan_steps: {job.steps} is too few, give at least 1.")
        if draw.n_classes < 2:
            raise InputError("gan: the draw has one class, and a conditional GAN needs two.")
        check_classes(draw)

    def sample(self, condition: np.ndarray, seed: int) -> np.ndarray:
        """One image per label: (M,) in 0..K-1 -> (M, H, W, C) uint8.

        Image i depends on the seed, on i and on its label, and on nothing else. Raises InputError for labels
        out of range.
        """
        labels = check_labels(condition, self.n_classes)
        return _generate(self.network, _noise(seed, len(labels), self.family.noise), labels)

    def to(self, device: str) -> Self:
        """Move the network to a device, to sample there."""
        self.network.to(device)
        return self

    def save(self, folder: Path) -> None:
        """Write `generator.safetensors` (averaged weights, grids) and `generator.json` (the rest)."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"network.{key}": value.cpu().contiguous() for key, value in self.network.state_dict().items()}
        tensors["grids"] = torch.from_numpy(self.grids)
        safetensors.torch.save_file(tensors, folder / "generator.safetensors")
        about = {"generator": self.family.name, "shape": self.shape, "n_classes": self.n_classes}
        about |= {"policy": self.policy, "curves": self.curves, "grid_steps": self.grid_steps}
        (folder / "generator.json").write_text(json.dumps(about))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote, onto the CPU; samples are the same. Raises InputError where it cannot."""
        from gannb.generators.families import FAMILIES  # which needs this module

        try:
            about = json.loads((Path(folder) / "generator.json").read_text())
            tensors = safetensors.torch.load_file(Path(folder) / "generator.safetensors")
            loaded = cls(FAMILIES[about["generator"]], about["policy"])
            loaded.shape, loaded.n_classes = tuple(about["shape"]), about["n_classes"]
            loaded.network = _place(loaded.family.generator(loaded.shape, loaded.n_classes), torch.device("cpu"))
            loaded.network.load_state_dict(_under(tensors, "network."))
        except (OSError, ValueError, KeyError, SafetensorError, RuntimeError) as error:
            raise InputError(f"{folder} holds no readable generator ({error}): train it again.") from error
        loaded.network.requires_grad_(False).eval()
        loaded.curves, loaded.grid_steps = about["curves"], about["grid_steps"]
        loaded.grids = tensors["grids"].numpy()
        return loaded
