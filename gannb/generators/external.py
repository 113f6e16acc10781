"""External generators: a GAN trained elsewhere, and real items that take the place of made ones: related, unlabelled.

What they are made of lies in a folder that the study keeps (see `gannb.study.external`), prepared for the study's
classes; a fitted generator is a pointer to it. The first two learn nothing from the draw, and are the same in all
trials; unlabelled items get the labels that a classifier of the draw gives them. Torch is imported where a network is
opened: whoever asks for the names alone must not wait for it.
"""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from zipfile import BadZipFile

import numpy as np

from gannb.data.examples import Examples
from gannb.generators.interface import RECORD, WEIGHTS, Condition, Job, check_labels, check_no_captions
from gannb.utils import trust
from gannb.utils.errors import InputError, unreadable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gannb.data.medium import Medium

ABOUT = "outside.json"  # in the kept folder
PRETRAIN = "pretrain"  # the parameter, and the kept folder of what GANs learn from first
NO_LIMIT = np.iinfo(np.int64).max
CONFIDENCE = 0.95  # tau of FixMatch (Sohn et al. 2020, arXiv 2001.07685)
LABELS = "labels.npz"  # of unlabelled items, as a classifier of the draw gave them
BATCH = 32  # of that classifier


class External:
    """What they have in common: a kept folder, and the study's classes that it has items of.

    `most`: (K,) items of each of the study's classes that it can give at the most; 0 of those that it has not.
    """

    name: str
    parameter: str  # of the study, that names it; the kept folder is called so as well
    most: np.ndarray

    def __init__(self, medium: Medium, kept: str | Path) -> None:
        """Raises InputError where the folder does not hold what a study keeps of an external source."""
        self.medium, self.kept = medium, Path(kept)
        try:
            self.about: dict[str, Any] = json.loads((self.kept / ABOUT).read_text(encoding="utf-8"))
            self.shape, self.classes = tuple(self.about["shape"]), tuple(self.about["classes"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.kept} holds no external source ({error}): run the study again.") from error

    def fit(self, draw: Examples, job: Job) -> Self:
        """Learn nothing; raises InputError where the draw has other classes or another shape than it was kept for."""
        if (draw.shape, draw.classes) != (self.shape, self.classes):
            raise InputError(f"{self.kept} was prepared for other classes or another shape: run the study again.")
        return self

    def to(self, device: str) -> Self:
        """Nothing to move, unless there is a network."""
        return self

    def captions_of(self, condition: Condition, seed: int) -> None:
        """It knows labels alone."""

    def save(self, folder: Path) -> None:
        """Write `generator.json`, which says where the kept folder is."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        about = {"generator": self.name, "kept": os.path.relpath(self.kept, folder)}
        (Path(folder) / RECORD).write_text(json.dumps(about))

    @classmethod
    def load(cls, folder: Path, medium: Medium) -> Self:
        """Read what `save` wrote. Raises InputError where it is not readable."""
        try:
            kept = json.loads((Path(folder) / RECORD).read_text())["kept"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{folder} holds no readable generator ({error}): make it again.") from error
        return cls(medium, Path(folder) / kept)


class Foreign(External):
    """A GAN trained elsewhere: weights of one of the families, or a function, asked in its own numbers of classes."""

    name = parameter = "foreign"

    def __init__(self, medium: Medium, kept: str | Path) -> None:
        super().__init__(medium, kept)
        self.labels: list[list[int]] = self.about["labels"]  # of each of the study's classes, its own numbers
        self.most = np.array([NO_LIMIT if theirs else 0 for theirs in self.labels])
        self.device = "cpu"

    def to(self, device: str) -> Self:
        """Sample on a device; a function chooses its own."""
        self.device = device
        return self

    def sample(self, condition: Condition, seed: int) -> np.ndarray:
        """One item per label: (M,) in 0..K-1 -> (M, ...); equal seeds, equal items.

        A class that stands for several of the generator's own has them in turn. Raises InputError for a class of which
        it makes nothing.
        """
        check_no_captions(condition)
        ours = check_labels(condition.labels, len(self.classes))
        for k in np.unique(ours):
            if not self.labels[k]:
                raise InputError(f"foreign: it makes no items of class {self.classes[k]!r}; ask for other classes.")
        turn = np.arange(len(ours))
        theirs = np.array([self.labels[k][i % len(self.labels[k])] for i, k in zip(turn, ours, strict=True)], np.int64)
        if path := self.about.get("function"):
            return trust.call(path, self._function(path), theirs, seed, self.shape, self.medium.dtype)
        from gannb.generators.adversarial.sampling import generate, noise_rows

        family = self.medium.families[self.about["family"]]
        noise = noise_rows(seed, turn, family.noise_of(self.shape))
        return generate(family.form(self.medium, self.shape), self.network.to(self.device), noise, theirs)

    def _function(self, path: str) -> trust.Make:
        if trust.source_hash(path) != self.about["sha256"]:
            raise InputError(f"foreign: the file of {path} has changed since it was checked: run the study again.")
        return trust.load(path)

    @cached_property
    def network(self) -> nn.Module:
        """The generator network, read once."""
        tensors, _ = read_weights(self.kept / WEIGHTS)
        return open_network(self.medium, self.about["family"], self.shape, self.about["n_classes"], tensors)


def read_weights(file: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tensors of a generator network by name, and those of its discriminator, none where the file has none.

    The generator's are all that the file has, or its `average.` ones, if it is gannb's own. Raises InputError where the
    file is not a safetensors file.
    """
    import safetensors.torch
    from safetensors import SafetensorError

    from gannb.generators.adversarial.tensors import under

    try:
        tensors = safetensors.torch.load_file(file)
    except (OSError, MemoryError, SafetensorError) as error:
        problem = f"cannot be read as safetensors ({error}); write it again."
        raise unreadable(f"foreign: {file}", error, problem) from None
    return under(tensors, "average.") or tensors, under(tensors, "discriminator.")


def open_network(
    medium: Medium,
    family: str,
    shape: tuple[int, ...],
    n_classes: int,
    tensors: dict[str, Tensor],
    discriminator: bool = False,
) -> nn.Module:
    """A family's generator network, or its discriminator, with these weights.

    Raises InputError where they do not fit or are not finite.
    """
    from gannb.generators.adversarial.randomness import lent_randomness

    found = medium.families[family]
    if found.takes_captions:
        raise InputError(
            f"foreign: weights of {family} say nothing without its encoder of captions; give a function, as "
            "package.module:name."
        )
    with lent_randomness():
        make = found.discriminator if discriminator else found.generator
        network = found.form(medium, shape).place(make(shape, n_classes), "cpu")
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[1].strip()
        raise InputError(f"foreign: the weights do not fit family {family} ({reason}); name the right one.") from None
    if not all(value.isfinite().all() for value in network.state_dict().values()):
        raise InputError("foreign: some of the weights are not finite; train the GAN again.")
    return network.requires_grad_(False).eval()


class RealItems(External):
    """Real items: each at most once, in an order that the seed chooses; nothing is repeated or changed.

    x: (N, ...) of the kept folder. number: (M,) which of these are given. y: (M,) their labels.
    """

    x: np.ndarray
    number: np.ndarray
    y: np.ndarray

    @property
    def most(self) -> np.ndarray:
        """Items of each class that there are, (K,)."""
        return np.bincount(self.y, minlength=len(self.classes))

    def sample(self, condition: Condition, seed: int) -> np.ndarray:
        """One item per label: (M,) in 0..K-1 -> (M, ...). Raises InputError beyond `most` of a class."""
        check_no_captions(condition)
        labels = check_labels(condition.labels, len(self.classes))
        items = np.empty((len(labels), *self.shape), dtype=self.x.dtype)
        for k in np.unique(labels):
            places, mine = np.flatnonzero(labels == k), self.number[self.y == k]
            if len(places) > len(mine):
                what = f"class {self.classes[k]!r} has {len(mine)} {self.medium.nouns.many}"
                raise InputError(f"{self.name}: {what}, fewer than asked for; ask for no more.")
            items[places] = self.x[np.random.default_rng([seed, k]).permutation(mine)[: len(places)]]
        return items

    def _kept_array(self, name: str) -> np.ndarray:
        return np.load(self.kept / f"{name}.npy", mmap_mode="r", allow_pickle=False)


class Related(RealItems):
    """Related real items with labels of their own, mapped onto the study's classes."""

    name = parameter = "related"

    def __init__(self, medium: Medium, kept: str | Path) -> None:
        super().__init__(medium, kept)
        self.x, self.y = map(self._kept_array, "xy")
        self.number = np.arange(len(self.y))


class Pseudo(RealItems):
    """Unlabelled real items under the labels of a classifier of the draw, those alone of which it is sure.

    Pseudo-labels: Lee 2013, "Pseudo-Label". Only where the largest probability reaches a threshold: Sohn et al. 2020
    (FixMatch, arXiv 2001.07685, equation 4). The classifier is the medium's measuring one, trained on the draw alone,
    under the study's augmentation; the items that it labels are looked at as they are. It may be sure of no item of
    some classes, or of none at all.
    """

    name, parameter = "pseudo", "unlabelled"

    def __init__(
        self, medium: Medium, kept: str | Path, augmentation: str = "auto", confidence: float = CONFIDENCE
    ) -> None:
        super().__init__(medium, kept)
        self.x, self.augmentation, self.confidence = self._kept_array("x"), augmentation, confidence

    def fit(self, draw: Examples, job: Job) -> Self:
        """Train a classifier on the draw for `job.steps` steps, and keep the labels of the items that it is sure of."""
        super().fit(draw, job)
        said = self._said_of_items(draw, job)  # (N, K)
        self.number = np.flatnonzero(said.max(1) >= self.confidence)
        self.y = said[self.number].argmax(1).astype(np.int64)
        return self

    def _said_of_items(self, draw: Examples, job: Job) -> np.ndarray:
        """Return what a classifier of the draw says of the unlabelled items: probabilities (N, K)."""
        from gannb.classifiers.mixture import Mixture
        from gannb.classifiers.training import Recipe, predict, train

        policy = self.medium.policy(self.augmentation, draw.shape)
        recipe = Recipe(self.medium, self.medium.measuring_classifier, job.steps, BATCH, policy)
        network = train(Mixture(draw, None, 0.0), recipe, job.seed, job.device, job.progress)
        return predict(self.medium, network, self.x)

    @property
    def labels(self) -> np.ndarray:
        """The labels of all items that it has, (M,) rising: what to ask it for, whatever other generators make."""
        return np.sort(self.y)

    def examples(self) -> Examples:
        """Return all items that it has, (M,), under their labels."""
        ids = np.char.add(f"{self.parameter}-", self.number.astype(str))
        return Examples(np.asarray(self.x[self.number]), self.y, self.classes, ids, self.number)

    def save(self, folder: Path) -> None:
        """Write `generator.json`, which says where the kept folder is, and the labels."""
        super().save(folder)
        np.savez_compressed(Path(folder) / LABELS, number=self.number, y=self.y, of=len(self.x))

    @classmethod
    def load(cls, folder: Path, medium: Medium) -> Self:
        """Read what `save` wrote. Raises InputError where it is not readable."""
        loaded = super().load(folder, medium)
        loaded.number, loaded.y, _ = read_labels(folder)
        return loaded


def read_labels(folder: Path) -> tuple[np.ndarray, np.ndarray, int]:
    """Return which unlabelled items have a label, (M,), their labels (M,), and how many items there are in all.

    folder: of a fitted generator of them. Raises InputError where it is not readable.
    """
    try:
        with np.load(Path(folder) / LABELS, allow_pickle=False) as stored:
            return stored["number"], stored["y"], int(stored["of"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"{folder} holds no readable generator ({error}): make it again.") from error


EXTERNAL: dict[str, type[External]] = {kind.name: kind for kind in (Foreign, Related, Pseudo)}
