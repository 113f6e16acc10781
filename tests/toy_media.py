"""Two media that are no images, small enough for tests: items are vectors (D,) of int16, or of float32."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from pydantic import BaseModel
from torch import Tensor, nn

from gannb.data.examples import DataReport, Dataset, Examples
from gannb.data.medium import FurtherSpace, Grid, Nouns, Phrases, Usual
from gannb.generators.adversarial.family import HINGE, Family
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.simple import SIMPLE


class VectorGenerator(nn.Module):
    """Noise (N, 2, 3) and labels, or the classes' shares -> vectors (N, D)."""

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.classes, self.layer = classes, nn.Linear(6 + classes, shape[0])

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        shares = labels if labels.is_floating_point() else nn.functional.one_hot(labels, self.classes).float()
        return self.layer(torch.cat([noise.flatten(1), shares], 1)).tanh()


class VectorDiscriminator(nn.Module):
    """Vectors (N, D) and labels -> a score each; there is no class head."""

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(shape[0], 16), nn.ReLU(), nn.Linear(16, classes))

    def forward(self, x: Tensor, labels: Tensor) -> tuple[Tensor, None]:
        return self.layers(x).gather(1, labels[:, None]).squeeze(1), None


FAMILY = Family(
    name="vector",
    steps=20,
    generator=VectorGenerator,
    discriminator=VectorDiscriminator,
    loss=HINGE,
    noise=(2, 3),
    learning_rate=1e-2,
    betas=(0.0, 0.9),
    augmentation="none",
    batch=8,
    r1=0.1,
    gradient_penalty=0.1,
)


class Vectors(Usual):
    """Vectors as a medium: int16 from -32768 to 32767, or float32 about 0."""

    name = "vector"
    nouns = Nouns("vector", "vectors", "values")
    phrases = Phrases(
        "noise",
        "half a percent added or taken",
        "with the same values as a training vector",
        "Rescaled",
        "measured",
        "",
    )
    parameters = BaseModel  # it has none of its own
    meanings: Mapping[str, str] = {}
    embedded: Mapping[str, int | None] = {"vectors": None}
    reading, reading_like = ("data", "groups"), ()
    policy_names = tuned_policies = ("none", "noise")
    policies: Mapping[str, float] = {"none": 0.0, "noise": 0.1}  # standard deviation of what is added
    gan_policies = ("none", "noise")
    families: Mapping[str, Family] = {"vector": FAMILY}
    controls = SIMPLE
    classifiers = ("two_layers",)
    measuring_classifier = "two_layers"
    pretrained = None
    raw_space = "values"
    spaces: Mapping[str, FurtherSpace] = {}

    def __init__(self, dtype: type[np.generic], unit: str = "") -> None:
        self.dtype, self.unit = np.dtype(dtype), unit  # the unit is a trait of a data set: of what the values are
        self.scale = 32768 if self.dtype == np.int16 else 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vectors) and (self.dtype, self.unit) == (other.dtype, other.unit)

    def __hash__(self) -> int:
        return hash((self.dtype, self.unit))

    def of(self, traits: Mapping[str, Any]) -> Vectors:
        return Vectors(self.dtype.type, traits["unit"]) if traits else self

    def recognises(self, data: str) -> bool:
        return data in self.embedded

    def takes_files_below(self, data: str) -> bool:
        return False

    def read(self, data: str, study: Any) -> Dataset:
        pool = vectors(self, n=60)
        report = DataReport(data, "planted", {"5": len(pool)}, {}, "As they are.", [], [], [], [], [], len(pool))
        return Dataset(pool, None, "f" * 64, "p" * 64, report, self.name, traits={"unit": "mV"})

    def way_to_smaller(self, shape: tuple[int, ...], share: float = 0.0) -> str:
        return ""

    def grid(self, grid: Grid, ax: Axes | None = None) -> Axes:
        ax = ax or plt.subplots()[1]
        for row, name in zip(grid.cells, grid.rows, strict=False):
            for cell in row:
                ax.plot([] if cell.item is None else cell.item, label=name)
        return ax

    def html(self, grid: Grid) -> str | None:
        return None

    def size_text(self, shape: tuple[int, ...]) -> str:
        return f"{shape[0]} {self.unit}".strip()

    def shape_text(self, shape: tuple[int, ...]) -> str:
        return f"{shape[0]} values" + (f" in {self.unit}" if self.unit else "")

    def stored(self, x: np.ndarray, device: str) -> Tensor:
        return torch.from_numpy(np.array(x)).to(device)

    def encode(self, stored: Tensor) -> Tensor:
        return stored.float() / self.scale

    def decode(self, values: Tensor) -> np.ndarray:
        return self._items(values.double().cpu().numpy() * self.scale)

    def _items(self, values: np.ndarray) -> np.ndarray:
        if self.dtype == np.int16:
            values = np.rint(values).clip(-32768, 32767)
        return values.astype(self.dtype)

    def place(self, network: nn.Module, device: str) -> nn.Module:
        return network.to(device)

    def content(self, item: np.ndarray) -> bytes:
        return hashlib.blake2b(item.tobytes(), digest_size=16).digest()

    def copies_of(self, x: np.ndarray, others: np.ndarray) -> np.ndarray:
        exact, near = self.duplicates_among(x, others)
        return exact | near

    def duplicates_among(self, x: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Near ones differ by at most 1 % of the scale in every value."""
        apart = np.abs(x[:, None].astype(float) - others[None]).max(2)  # (N, M)
        return (apart == 0).any(1), ((apart > 0) & (apart <= 0.01 * self.scale)).any(1)

    def default_policy(self, shape: tuple[int, ...]) -> str:
        return "noise"

    def policy(self, name: str, shape: tuple[int, ...], strength: float = 1.0) -> str:
        return self.default_policy(shape) if name == "auto" else name

    def augment(
        self, batch: Tensor, policy: str, rng: torch.Generator, chance: Tensor | None = None, clamp: bool = True
    ) -> Tensor:
        noise = torch.randn(batch.shape, generator=rng, device=batch.device)
        return batch + self.policies[policy] * noise * (1 if chance is None else chance)

    def alike_forms(self, policy: str, shape: tuple[int, ...]) -> list[Callable[[np.ndarray], np.ndarray]]:
        return []

    def default_family(self, shape: tuple[int, ...]) -> str:
        return "vector"

    def trained(self, family: str) -> type[Adversarial]:
        return Adversarial

    def classifier(self, name: str, shape: tuple[int, ...], n_classes: int) -> nn.Module:
        return nn.Sequential(nn.Linear(shape[0], 16), nn.ReLU(), nn.Linear(16, n_classes))

    def classifier_features(self, network: nn.Module, batch: Tensor) -> Tensor:
        return network[:-1](batch)

    def classifier_head(self, network: nn.Module) -> nn.Linear:
        return network[-1]

    def raw_features(self, x: np.ndarray) -> np.ndarray:
        return x.astype(np.float32) / self.scale

    def exact_features(self, x: np.ndarray) -> np.ndarray:
        return x

    def alter(self, x: np.ndarray, seed: int = 0) -> np.ndarray:
        """0.5 % of the scale is added to every value, or taken from it."""
        ways = np.random.default_rng(seed).choice([-0.005, 0.005], x.shape)
        return self._items(x.astype(float) + ways * self.scale)

    @property
    def shifts(self) -> Mapping[str, tuple[str, Callable[[np.ndarray, int], np.ndarray]]]:
        return {"sign": ("every value with the other sign", lambda x, seed: self._items(-x.astype(float)))}

    measures: Mapping[str, tuple[str, str]] = {"largest": (".2f", "The largest value of all.")}

    def measured(
        self, made: Examples, unseen: Examples, train: Examples, learnt: Path | None = None
    ) -> dict[str, float]:
        return {"largest": float(made.x.max())}

    def least_difference(self, shape: tuple[int, ...]) -> float:
        return float(np.sqrt(shape[0])) / self.scale if self.dtype == np.int16 else 0.0

    def blend(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> Any:
        share = np.reshape(share, (-1, 1))
        return self._items(share * a.astype(float) + (1 - share) * b.astype(float))


INT16, FLOAT = Vectors(np.int16), Vectors(np.float32)


def vectors(medium: Vectors, n: int = 12, classes: int = 2, dimensions: int = 5, seed: int = 0) -> Examples:
    """n vectors of each class, about a mean of its own; most are negative, and far beyond 255 where they are int16."""
    y = np.repeat(np.arange(classes), n)
    values = np.random.default_rng(seed).normal(0, 0.1, (len(y), dimensions)) - 0.2 - 0.2 * y[:, None]
    ids = np.arange(len(y))
    names = tuple(f"class {k}" for k in range(classes))
    return Examples(medium._items(values * medium.scale), y, names, ids.astype(str), ids)
