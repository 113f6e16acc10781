"""What writes sentences, as a generator: fitted by the one loop of all GANs, watched by their guard."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from gannb.data.examples import Examples
from gannb.generators.adversarial.checkpoint import identity
from gannb.generators.adversarial.gan import train
from gannb.generators.adversarial.guard import Guard
from gannb.generators.adversarial.sampling import great_circle, in_batches, noise_rows
from gannb.generators.interface import RECORD, WEIGHTS, Condition, Job, check_labels, check_no_captions
from gannb.media.text.writers.family import TextFamily
from gannb.media.text.writers.sampling import FOR_CHOICE, uniforms, write
from gannb.media.text.writers.training import NETWORKS, WriterTraining, network_of
from gannb.media.text.writers.vocabulary import NOTHING, Vocabulary
from gannb.utils.errors import unreadable

if TYPE_CHECKING:
    from gannb.data.medium import Medium

KEPT = "the weights after the last step; the guard goes back where they are not finite, and where samples stay alike"
HISTORY = ("curves", "grid_steps", "diversity", "log")


class Writer:
    """A fitted family: its networks, its vocabulary, the draw (whose sentences `half` refills), its training's course.

    curves: see `training.CURVES`; diversity, log: see `adversarial.guard.Guard`. grids: items (T, rows, columns), a row
    a class, from the same randomness after `grid_steps` (T) steps.
    """

    most = None  # it makes as many items as are asked for

    def __init__(self, medium: Medium, family: TextFamily, policy: str | None = None, adaptive: bool = False) -> None:
        self.medium, self.family, self.policy, self.adaptive = medium, family, policy, adaptive
        self.half, self.temperature = False, 1.0

    def check(self, draw: Examples, job: Job) -> None:
        """Raise InputError, in one sentence, where this draw or job cannot be fitted."""
        self.family.check_training(draw, self.medium, job.steps, (self.policy, self.adaptive))

    def fit(self, draw: Examples, job: Job) -> Self:
        """Train on the draw, from the generator of `job.start` if there is one; continues from the checkpoint likewise.

        Raises InputError where the draw cannot be fitted, TrainingError where training goes wrong for good.
        """
        self.check(draw, job)
        training = WriterTraining(self.medium, self.family, draw, job)
        if job.start is not None:
            training.begin_after(self.load(job.start.folder, self.medium))
        guard = Guard(training, draw)
        path = None if job.checkpoint is None else job.checkpoint / "checkpoint.safetensors"
        train(guard, path, identity(training, draw))
        self.networks = nn.ModuleDict({name: getattr(training, name) for name in NETWORKS}).requires_grad_(False).eval()
        self.vocabulary, self.n_classes, self.classes = training.vocabulary, draw.n_classes, draw.classes
        self.draw = training.x.cpu().numpy(), training.y.cpu().numpy()
        self.curves, self.grid_steps = training.curves, training.grid_steps
        self.numbers = torch.stack(training.grids).numpy()
        self.diversity, self.log = guard.diversity, guard.log
        return self

    @property
    def places(self) -> int:
        """Words of a sentence, at most."""
        return self.draw[0].shape[1]

    @property
    def grids(self) -> np.ndarray:
        """Sentences (R, C) at every moment that was kept; see the class."""
        return self._items(self.numbers.reshape(-1, self.numbers.shape[-1])).reshape(self.numbers.shape[:-1])

    def _items(self, numbers: np.ndarray) -> np.ndarray:
        return np.array(self.vocabulary.decode(numbers), self.medium.dtype)

    # ---- sampling ----

    def varied(self, variation: str, parameters: Any) -> Self:
        """The same generator, sampled in another way: `half`, `full`, or `cool` at the parameters' temperature."""
        changes = {"half": {"half": True}, "full": {"half": False}}
        changes["cool"] = {"temperature": parameters.get("temperature", 1.0)}
        other = copy.copy(self)
        vars(other).update(changes.get(variation, {}))
        return other

    def sample(self, condition: Condition, seed: int, index: np.ndarray | None = None) -> np.ndarray:
        """One sentence per label: (M,) in 0..K-1 -> (M,). Raises InputError for labels out of range.

        index: (M,) positions in the seed's endless sequence of sentences, 0..M-1 by default. A sentence depends on the
        seed, its position and its label, and on nothing else.
        """
        check_no_captions(condition)
        labels = check_labels(condition.labels, self.n_classes)
        index = np.arange(len(labels)) if index is None else np.asarray(index)
        return self._made(uniforms(seed, index, self.places), labels)

    def captions_of(self, condition: Condition, seed: int) -> None:
        """It knows labels alone."""

    def _made(self, random: np.ndarray, labels: np.ndarray) -> np.ndarray:
        if not len(labels):
            return np.empty(0, self.medium.dtype)
        network = self.networks["generator"]
        return self._items(write(self.family, network, self.draw, labels, random, self.half, self.temperature))

    def between(self, labels: np.ndarray, seed: int, frames: int) -> np.ndarray:
        """Sentences of random numbers on the way from some to others: labels (M,) in 0..K-1 -> (M, frames)."""
        from scipy.special import ndtr

        labels = check_labels(labels, self.n_classes)
        ends = noise_rows(seed, np.arange(2 * len(labels)), (FOR_CHOICE + self.places,))
        ways = [great_circle(a, b, np.linspace(0, 1, frames)) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        random = ndtr(np.concatenate(ways).astype(np.float64))
        return self._made(random, np.repeat(labels, frames)).reshape(len(labels), frames)

    def realness(self, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The discriminator's scores (M,), high for "real", of sentences (M,): means over words, all blanks."""
        numbers = self.vocabulary.encode(x, self.places)
        network = self.networks["discriminator"]
        device = next(network.parameters()).device

        def scores(each: np.ndarray, y: np.ndarray) -> np.ndarray:
            given, of_class = torch.from_numpy(each).to(device), torch.from_numpy(y).to(device)
            there = given != NOTHING
            found = network(given, there, of_class) * there
            return (found.sum(1) / there.sum(1).clamp(min=1)).cpu().numpy()

        return in_batches(scores, numbers, check_labels(labels, self.n_classes))

    def to(self, device: str) -> Self:
        """Move the networks to a device, to sample there."""
        self.networks.to(device)
        return self

    # ---- files ----

    def save(self, folder: Path) -> None:
        """Write `generator.safetensors` (networks, draw, grids) and `generator.json` (words and the rest)."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {name: value.cpu().contiguous() for name, value in self.networks.state_dict().items()}
        arrays = {"draw.x": self.draw[0], "draw.y": self.draw[1], "grids": self.numbers}
        tensors |= {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
        content = safetensors.torch.save(tensors)
        (folder / WEIGHTS).write_bytes(content)
        about = {"generator": self.family.name, "n_classes": self.n_classes, "classes": self.classes, "kept": KEPT}
        about |= {"words": self.vocabulary.words, "sha256": hashlib.sha256(content).hexdigest()}
        about |= {name: getattr(self, name) for name in HISTORY}
        (folder / RECORD).write_text(json.dumps(about), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, medium: Medium) -> Self:
        """Read what `save` wrote, onto the CPU; samples are the same. Raises InputError where it cannot."""
        try:
            about = json.loads((Path(folder) / RECORD).read_text(encoding="utf-8"))
            content = (Path(folder) / WEIGHTS).read_bytes()
            if about["sha256"] != hashlib.sha256(content).hexdigest():
                raise ValueError("its weights are not the ones that were written")
            loaded = cls(medium, medium.families[about["generator"]])
            loaded.vocabulary, loaded.n_classes = Vocabulary(about["words"]), about["n_classes"]
            loaded.classes = tuple(about["classes"])
            tensors = safetensors.torch.load(content)
            loaded.draw = tuple(tensors.pop(f"draw.{name}").numpy() for name in "xy")
            loaded.numbers = tensors.pop("grids").numpy()
            made = {n: network_of(loaded.family, n, len(loaded.vocabulary), loaded.n_classes) for n in NETWORKS}
            loaded.networks = nn.ModuleDict(made)
            loaded.networks.load_state_dict(tensors)
            for name in HISTORY:
                setattr(loaded, name, about[name])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError, RuntimeError) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(":")
            raise unreadable(str(folder), error, f"holds no readable generator ({reason}): train it again.") from error
        loaded.networks.requires_grad_(False).eval()
        return loaded
