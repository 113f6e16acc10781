"""What a family of GANs is: data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from torch import nn

from gannb.generators.adversarial.losses import Loss
from gannb.media.image.augmentation import Policy
from gannb.utils.errors import InputError

Shape = tuple[int, int, int]  # (H, W, C)
Network = Callable[[Shape, int], nn.Module]  # (shape, number of classes) -> network


@dataclass(frozen=True)
class Family:
    """Networks, loss and defaults: all that tells one kind of GAN from another.

    generator: (noise (N, noise), labels (N,)) -> images (N, C, H, W) in [-1, 1].
    discriminator: (images, labels) -> scores (N,), class logits (N, K) or None where it has no class head.
    """

    name: str
    steps: int  # of training that a laptop does in minutes
    generator: Network
    discriminator: Network
    loss: Loss
    noise: int  # dimensions of the noise
    learning_rate: float  # of both networks (Adam)
    betas: tuple[float, float]
    batch: int = 32  # images, or the whole draw where it is smaller
    ema: float = 0.998  # momentum of the averaged generator, once warm
    min_side: int = 8  # pixels
    max_side: int = 1024
    augmentation: Policy = Policy()  # what the discriminator sees of reals and fakes alike
    auxiliary_weight: float = 0.0  # of the class head's loss; 0 where there is none
    discriminator_steps: int = 1  # to one of the generator
    r1: float = 0.0  # gamma of the penalty gamma / 2 |grad D|^2 on reals (Mescheder et al. 2018, equation 9)
    r2: float = 0.0  # the same on fakes
    gradient_penalty: float = 0.0  # lambda of Gulrajani et al. 2017
    # steps; where lazy, a penalty counts as often more (Karras et al. 2020b, appendix B, without its change of Adam)
    penalty_every: int = 1
    lecam: float = 0.0  # weight of `losses.lecam`
    one_class_batches: bool = False  # a batch holds one class, each in turn: for networks that are separate by class

    def settings(self) -> dict[str, Any]:
        """All of it that is a number, a policy or a name, as JSON: what the result of a training depends on."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("name", "steps")}
        plain = {name: value for name, value in values.items() if isinstance(value, int | float | tuple)}
        return json.loads(json.dumps(plain | {"loss": self.loss.name, "augmentation": asdict(self.augmentation)}))

    def check_blend(self) -> None:
        """Raise InputError where nothing lies between two classes, since each has a network of its own."""
        if self.one_class_batches:
            raise InputError(
                f"gan: {self.name} has a network of its own for every class, and nothing between them; use another "
                "family, as gan=projection."
            )

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise InputError where the family cannot make items of this shape."""
        if len(shape) != 3 or not 1 <= shape[2] <= 4:
            raise InputError(f"gan: {self.name} makes images of 1 to 4 channels, not items of shape {shape}.")
        if not self.min_side <= min(shape[:2]) <= max(shape[:2]) <= self.max_side:
            raise InputError(
                f"gan: {self.name} makes images of {self.min_side} to {self.max_side} pixels a side, not "
                f"{shape[0]}x{shape[1]}; choose another family or set size."
            )
