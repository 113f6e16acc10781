"""What a family's networks are told of an item, beside its noise: its label, or what the family makes of a caption.

The training loop, the guard and sampling ask the conditioning for it; networks take it as their second input, a row for
every item. What it has to learn for that, as an encoder of captions, it learns before the first step of the GAN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gannb.generators.interface import Condition, check_no_captions

if TYPE_CHECKING:
    from torch import Generator as Rng
    from torch import Tensor, nn

    from gannb.generators.adversarial.form import Form
    from gannb.generators.interface import Job


class Conditioning(Protocol):
    """What networks are told; made by `Family.conditioning` of a draw, or by `Family.kept_conditioning` of a file.

    Rows are (N, ...): what the second input of both networks takes.
    """

    encoder: nn.Module | None  # what it learns; saved beside the networks, part of every checkpoint. None: nothing
    most: np.ndarray | None  # (K,) items of each class that can be asked for without captions; None: any number

    # ---- in a training

    def attach(self, form: Form, x: Tensor, y: Tensor, job: Job) -> None:
        """Take the items of the training, (N, ...) as the form stores them, and their labels (N,)."""
        ...

    def learn(self) -> None:
        """Learn the encoder, if there is one, from the attached items: before the first step, from the job's seed."""
        ...

    def restored(self) -> None:
        """Heed that the encoder's weights have been set to others, as by a checkpoint."""
        ...

    def of_reals(self, index: Tensor, rng: Rng) -> Tensor:
        """Rows (B, ...) for the real items at positions (B,)."""
        ...

    def of_fakes(self, told: Tensor, rng: Rng) -> Tensor:
        """Rows (B, ...) for items to be made beside real ones of which (B, ...) was told."""
        ...

    mismatched: float  # weight of scores of real items that are told what is not true of them; 0: there are none

    def of_others(self, index: Tensor, rng: Rng) -> tuple[Tensor, Tensor]:
        """Rows (B, ...) that do not fit the real items at positions (B,), and where one was found, (B,) bool."""
        ...

    # ---- of a fitted generator

    def rows(self, condition: Condition, seed: int, index: np.ndarray) -> np.ndarray:
        """Rows (M, ...) for what is asked for at positions (M,) of a seed's sequence; each depends on these alone."""
        ...

    def shares(self, rows: np.ndarray) -> np.ndarray:
        """The same rows as floats that can be mixed, (M, D)."""
        ...

    def captions_of(self, condition: Condition, seed: int, index: np.ndarray) -> np.ndarray | None:
        """The captions (M,) that `rows` goes by; None where it knows none."""
        ...

    def varied(self, variation: str, parameters: Mapping[str, Any]) -> Conditioning:
        """The same, asked for in the way of a variation; itself where that says nothing of what is asked for."""
        ...

    def about(self) -> dict[str, Any]:
        """What `Family.kept_conditioning` needs beside the number of classes and the encoder's weights, as JSON."""
        ...


class Labels:
    """Networks are told the labels; see `Conditioning` for what each of its methods is."""

    encoder = None
    most = None
    mismatched = 0.0

    def __init__(self, n_classes: int, as_reals: bool = False) -> None:
        """as_reals: fakes have the labels of the reals beside them, not others in the draw's proportions."""
        self.n_classes, self.as_reals = n_classes, as_reals

    def attach(self, form: Form, x: Tensor, y: Tensor, job: Job) -> None:
        """Keep the labels (N,) of items in whatever form."""
        self.y = y

    def learn(self) -> None:
        """Nothing: networks learn what labels mean themselves."""

    def restored(self) -> None:
        """Nothing was kept."""

    def of_reals(self, index: Tensor, rng: Rng) -> Tensor:
        """Their labels (B,)."""
        return self.y[index]

    def of_fakes(self, told: Tensor, rng: Rng) -> Tensor:
        """Labels (B,) in the draw's own proportions, or those of the reals (B,)."""
        if self.as_reals:
            return told
        import torch

        return self.y[torch.randint(len(self.y), (len(told),), generator=rng, device=self.y.device)]

    def of_others(self, index: Tensor, rng: Rng) -> tuple[Tensor, Tensor]:
        """Never asked for, of no positions (B,): `mismatched` is 0."""
        raise NotImplementedError

    def rows(self, condition: Condition, seed: int, index: np.ndarray) -> np.ndarray:
        """The labels (M,). Raises InputError where captions are asked for."""
        check_no_captions(condition)
        return condition.labels

    def shares(self, rows: np.ndarray) -> np.ndarray:
        """Labels (M,) as the classes' shares (M, K)."""
        return np.eye(self.n_classes, dtype=np.float32)[rows]

    def captions_of(self, condition: Condition, seed: int, index: np.ndarray) -> None:
        """None, rather than (M,): there are no captions."""

    def varied(self, variation: str, parameters: Mapping[str, Any]) -> Labels:
        """Labels are asked for in one way alone."""
        return self

    def about(self) -> dict[str, Any]:
        """Nothing beside the number of classes."""
        return {}
