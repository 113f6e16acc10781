"""A GAN as a generator: fitted by the one training loop, watched by the guard, sampled by position.

What holds for whatever network turns noise into items stands in `Trained`, which flows share.
"""

from __future__ import annotations

import copy
import hashlib
import json
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from gannb.data.examples import Examples
from gannb.generators.adversarial.checkpoint import DamagedCheckpoint, identity, read_checkpoint, write_checkpoint
from gannb.generators.adversarial.family import Family
from gannb.generators.adversarial.form import Form
from gannb.generators.adversarial.guard import RULE, Guard
from gannb.generators.adversarial.randomness import lent_randomness
from gannb.generators.adversarial.sampling import generate, great_circle, noise_rows, score, truncate
from gannb.generators.adversarial.start import go_on
from gannb.generators.adversarial.training import Training
from gannb.generators.interface import RECORD, WEIGHTS, Condition, Job, check_labels
from gannb.utils.errors import unreadable

if TYPE_CHECKING:
    from gannb.data.medium import Medium

CHECKPOINT_EVERY = 30.0  # seconds
PROGRESS_EVERY = 0.5  # seconds


def train(guard: Guard, path: Path | None, about: dict[str, Any]) -> None:
    """Run to the end, with a checkpoint of a good state at `path` now and then, and progress reported."""
    training, job = guard.training, guard.training.job
    if path is not None and path.exists():
        _resume(guard, path, about)
    job.progress(training.step, job.steps)  # what was told before a kill need not hold any more
    saved = told = time.monotonic()
    while training.step < job.steps:
        training.advance()
        now = time.monotonic()
        if guard.is_due() and guard.check() and path is not None and now - saved >= CHECKPOINT_EVERY:
            write_checkpoint(path, guard.good, about)
            saved = now
        if now - told >= PROGRESS_EVERY and training.step < job.steps:
            job.progress(training.step, job.steps)
            told = now
    job.progress(job.steps, job.steps)


def _resume(guard: Guard, path: Path, about: dict[str, Any]) -> None:
    """Continue from the checkpoint; a damaged one is left out with a warning."""
    try:
        guard.restore(*read_checkpoint(path, about))
    except DamagedCheckpoint as error:
        warnings.warn(f"The checkpoint is damaged, training starts again: {error}", RuntimeWarning, stacklevel=3)


class Trained:
    """Networks that make items of noise and of what is asked for, of one family, and how their training went.

    curves: {"step": [...], "generator_loss": [...], ...}, each value the mean since the last point. diversity, log: see
    `guard.Guard`. grids: items (T, rows, columns, ...), a row a class, from the same noise after `grid_steps` (T)
    steps. Subclasses say how a training begins.
    """

    networks_kept: ClassVar[tuple[str, ...]] = ("average",)  # of the training
    rule: ClassVar[str]  # by which the weights are chosen

    def __init__(self, medium: Medium, family: Family, policy: str | None = None, adaptive: bool = False) -> None:
        """`policy` is the name of one of the medium; None means the family's own. `adaptive`: see `Training`."""
        self.medium, self.family, self.policy, self.adaptive = medium, family, policy, adaptive
        self.sampled, self.limit = "average", None  # which of the networks makes the items; of its noise

    def fit(self, draw: Examples, job: Job) -> Self:
        """Train on the draw; continues from the checkpoint in `job.checkpoint` if there is one.

        The checkpoint stays after the last step, for whoever saves the generator to remove. Raises InputError where the
        family cannot do the draw, TrainingError where training goes wrong and the guard cannot mend it.
        """
        self.check(draw, job)
        guard = self._begin(draw, job)
        training = guard.training
        path = None if job.checkpoint is None else job.checkpoint / "checkpoint.safetensors"
        try:
            train(guard, path, identity(training, draw))
        finally:
            training.close()
        kept = {name: getattr(training, name) for name in self.networks_kept}
        self.networks = nn.ModuleDict(kept).requires_grad_(False).eval()
        self.conditioning = training.conditioning
        if self.conditioning.encoder is not None:
            self.networks["encoder"] = self.conditioning.encoder.requires_grad_(False).eval()
        self.shape, self.n_classes, self.classes = draw.shape, draw.n_classes, draw.classes
        self.curves, self.grid_steps, self.grids = training.curves, training.grid_steps, _stack(training.grids)
        self.diversity, self.log = guard.diversity, guard.log
        return self

    def _begin(self, draw: Examples, job: Job) -> Guard:
        """A training of a draw before its first step, watched."""
        raise NotImplementedError

    def check(self, draw: Examples, job: Job) -> None:
        """Raise InputError, in one sentence, where this draw or job cannot be fitted."""
        self.family.check_training(draw, self.medium, job.steps, (self.policy, self.adaptive))

    @property
    def most(self) -> np.ndarray | None:
        """Items of each class that it can give, (K,); None: as many as are asked for."""
        return self.conditioning.most

    def sample(self, condition: Condition, seed: int, index: np.ndarray | None = None) -> np.ndarray:
        """One item for each of the M labels, and captions, that the condition asks for: (M, ...).

        index: (M,) positions in the seed's endless sequence of items, 0..M-1 by default. An item depends on the seed,
        its position and what is asked for there, and on nothing else. Raises InputError for labels out of range, and
        for captions where it knows labels alone.
        """
        condition, index = self._asked(condition, index)
        noise = self._noise(seed, index)
        noise = noise if self.limit is None else truncate(noise, self.limit)
        return self._made(noise, self.conditioning.rows(condition, seed, index))

    def captions_of(self, condition: Condition, seed: int, index: np.ndarray | None = None) -> np.ndarray | None:
        """The captions (M,) of the items that `sample` makes of the same; None where it knows labels alone."""
        condition, index = self._asked(condition, index)
        return self.conditioning.captions_of(condition, seed, index)

    def _asked(self, condition: Condition, index: np.ndarray | None) -> tuple[Condition, np.ndarray]:
        """What is asked for, its labels checked, and at which positions (M,)."""
        checked = Condition(check_labels(condition.labels, self.n_classes), condition.captions)
        return checked, np.arange(len(checked)) if index is None else np.asarray(index)

    @property
    def form(self) -> Form:
        """How items come to the networks, and back."""
        return self.family.form(self.medium, self.shape)

    def _noise(self, seed: int, index: np.ndarray) -> np.ndarray:
        """Noise of positions (M,) in the seed's sequence, (M, ...)."""
        return noise_rows(seed, index, self.family.noise_of(self.shape))

    def _made(self, noise: np.ndarray, told: np.ndarray) -> np.ndarray:
        """Items (M, ...) of noise (M, ...) and rows of the conditioning, or their shares, (M, ...)."""
        return generate(self.form, self.networks[self.sampled], noise, told)

    def between(self, labels: np.ndarray, seed: int, frames: int) -> np.ndarray:
        """Items on the way from one noise to another: labels (M,) in 0..K-1 -> (M, frames, ...).

        Row i leads from position 2 i to 2 i + 1 of the seed's sequence, both with what is told at position 2 i. On the
        great circle (White 2016, "Sampling generative networks"), since the noise between two points on a straight line
        is shorter than any that the generator was trained with. Raises InputError for labels out of range.
        """
        labels = check_labels(labels, self.n_classes)
        index = np.arange(2 * len(labels))
        ends, told = self._noise(seed, index), self.conditioning.rows(Condition(labels), seed, index[::2])
        noise = [great_circle(a, b, np.linspace(0, 1, frames)) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        items = self._made(np.concatenate(noise), np.repeat(told, frames, axis=0))
        return items.reshape(len(labels), frames, *self.shape)

    def between_captions(self, captions: np.ndarray, seed: int, frames: int) -> np.ndarray:
        """Items on the way from one caption to another: captions (M, 2) -> (M, frames, ...).

        Row i has the noise of position i of the seed's sequence all along, and what is told goes from the first caption
        to the second on a straight line, as in a training with captions halfway between two (Reed et al. 2016).
        """
        captions = np.asarray(captions)
        index, none = np.arange(len(captions)), np.zeros(len(captions), np.int64)
        first, last = (
            self.conditioning.shares(self.conditioning.rows(Condition(none, end), seed, index)) for end in captions.T
        )
        share = np.linspace(0, 1, frames, dtype=np.float32)[:, None]
        told = np.concatenate([(1 - share) * a + share * b for a, b in zip(first, last, strict=True)])
        items = self._made(np.repeat(self._noise(seed, index), frames, axis=0), told)
        return items.reshape(len(captions), frames, *self.shape)

    def varied(self, variation: str, parameters: Mapping[str, Any]) -> Self:
        """The same, sampled in the way of a variation; of those that choose among its items, as it is."""
        return self._varied(conditioning=self.conditioning.varied(variation, parameters))

    def _varied(self, **changes: Any) -> Self:
        other = copy.copy(self)
        vars(other).update(changes)
        return other

    def to(self, device: str) -> Self:
        """Move the networks to a device, to sample there."""
        self.networks.to(device)
        return self

    def _untrained(self) -> nn.ModuleDict:
        """Networks as a fitted one keeps them, their weights not yet loaded."""
        makers = {"discriminator": self.family.discriminator}
        with lent_randomness():
            made = {
                name: self.form.place(makers.get(name, self.family.generator)(self.shape, self.n_classes), "cpu")
                for name in self.networks_kept
            }
        return nn.ModuleDict(made)

    def save(self, folder: Path) -> None:
        """Write `generator.safetensors` (networks, grids) and `generator.json` (the rest)."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: value.cpu().contiguous() for name, value in self.networks.state_dict().items()}
        tensors["grids"] = torch.from_numpy(self.grids)
        content = safetensors.torch.save(tensors)
        (folder / WEIGHTS).write_bytes(content)
        about = {"generator": self.family.name, "shape": self.shape, "n_classes": self.n_classes}
        about |= {"classes": self.classes} if self.classes else {}
        about |= self.conditioning.about() | self.family.about()
        about |= {"policy": self.policy, "adaptive": self.adaptive, "kept": self.rule}
        about |= {"sha256": hashlib.sha256(content).hexdigest()}
        about |= {name: getattr(self, name) for name in ("curves", "grid_steps", "diversity", "log")}
        (folder / RECORD).write_text(json.dumps(about))

    @classmethod
    def load(cls, folder: Path, medium: Medium) -> Self:
        """Read what `save` wrote, onto the CPU; samples are the same. Raises InputError where it cannot."""
        try:
            about = json.loads((Path(folder) / RECORD).read_text())
            family = medium.families[about["generator"]].kept_as(about)
            loaded = cls(medium, family, about["policy"], about["adaptive"])
            content = (Path(folder) / WEIGHTS).read_bytes()
            written = about.get("sha256")  # older ones are without
            if written is not None and written != hashlib.sha256(content).hexdigest():
                raise ValueError("its weights are not the ones that were written")
            tensors = safetensors.torch.load(content)
            loaded.shape, loaded.n_classes = tuple(about["shape"]), about["n_classes"]
            loaded.classes = tuple(about.get("classes", ()))  # older ones are without
            loaded.grids = tensors.pop("grids").numpy()
            loaded.networks = loaded._untrained()
            loaded.conditioning = loaded.family.kept_conditioning(about)
            if loaded.conditioning.encoder is not None:
                loaded.networks["encoder"] = loaded.conditioning.encoder
            loaded.networks.load_state_dict(tensors)
            for name in ("curves", "grid_steps", "diversity", "log"):
                setattr(loaded, name, about[name])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(":")  # a network has a line for every weight
            raise unreadable(str(folder), error, f"holds no readable generator ({reason}): train it again.") from error
        loaded.networks.requires_grad_(False).eval()
        return loaded


class Adversarial(Trained):
    """A GAN of one family. Fitted, it keeps its networks and how the training went.

    curves: of the losses, adversarial_loss is the discriminator's without class head and penalties; real_score and
    fake_score are its scores, sureness is E[sign D(x)], or of pairs (see `family.Loss`), label_agreement is the share
    of fakes in which the class head sees their label, chance is that of an adaptive augmentation.
    """

    networks_kept = ("average", "tail", "discriminator")
    rule = RULE

    def _begin(self, draw: Examples, job: Job) -> Guard:
        own = self.policy is None
        policy = self.family.augmentation if own else self.medium.policy(self.policy, draw.shape)
        adaptive = self.adaptive or (own and self.family.adaptive)
        training = Training(self.medium, self.family, policy, draw, job, adaptive)
        if job.start is not None:
            go_on(training, job.start)
        return Guard(training, draw)

    def blend(self, pairs: np.ndarray, share: np.ndarray, seed: int) -> np.ndarray:
        """One item between two classes per row: labels (M, 2), share (M,) of the first -> (M, ...).

        A point on the straight line between the codes of two items, noise and label alike; mixed labels are how Ge et
        al. 2017 ("Generative OpenMax") make items of no class. The noise is not brought back to its usual length, since
        a mixture of two normal draws that is would be one more draw. An item depends on the seed, its position and its
        row. Raises InputError where the classes have nothing in common, see `Family.check_blend`.
        """
        self.family.check_blend(self.medium.families)
        pairs, share = np.asarray(pairs, np.int64), np.asarray(share, np.float32)
        labels, index = check_labels(pairs.ravel(), self.n_classes), np.arange(pairs.size)
        ends, told = self._noise(seed, index), self.conditioning.rows(Condition(labels), seed, index)
        told = self.conditioning.shares(told)  # (2 M, D)
        return self._made(_mixed(share, ends[::2], ends[1::2]), _mixed(share, told[::2], told[1::2]))

    def varied(self, variation: str, parameters: Mapping[str, Any]) -> Self:
        """See `Trained.varied`; there are two ways more."""
        if variation == "averaged":
            return self.averaged()
        if variation == "truncated":
            return self.truncated(parameters["truncation"])
        return super().varied(variation, parameters)

    def averaged(self) -> Self:
        """The same GAN, sampled with the uniform average of its weights over the last quarter of the training."""
        return self._varied(sampled="tail")

    def truncated(self, limit: float) -> Self:
        """The same GAN, its noise cut off at +-limit."""
        return self._varied(limit=limit)

    def realness(self, x: np.ndarray, labels: np.ndarray, captions: np.ndarray | None = None) -> np.ndarray:
        """The discriminator's scores (M,), high for "real", of items (M, ...) with labels, and captions, (M,)."""
        condition, index = self._asked(Condition(labels, captions), None)
        told = self.conditioning.rows(condition, 0, index)
        return score(self.form, self.networks["discriminator"], x, told)


def _mixed(share: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Rows (M, ...) with a share (M,) of the first and the rest of the second."""
    share = share.reshape(-1, *[1] * (first.ndim - 1))
    return share * first + (1 - share) * second


def _stack(grids: list[torch.Tensor]) -> np.ndarray:
    return torch.stack(grids).numpy() if grids else np.empty(0)
