"""What a family of flows is: data, as that of GANs is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from gannb.generators.adversarial.family import Family, Network
from gannb.generators.flow.euler import Euler


@dataclass(frozen=True)
class Regression:
    """What is minimised where nobody is to be deceived: no discriminator that a guard could find undeceived."""

    name: str = "flow matching"
    has_least: ClassVar[bool] = False
    paired: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class FlowFamily(Family):
    """A velocity field and how it is trained and followed; of what GANs have beside, nothing is used.

    velocity: makes the network that `Euler` follows. flow_steps, guidance: see `Euler`; both are a study's to choose.
    """

    asked: ClassVar[tuple[str, ...]] = ("flow_steps", "guidance")

    velocity: Network
    flow_steps: int  # Euler steps from noise to an item
    guidance: float  # of the class, as in `Euler`
    unlabelled: float = 0.1  # share of the items whose class is hidden in training, where guidance needs that
    warm_up: int = 50  # steps over which the learning rate rises; then it falls to 0 along a cosine
    generator: Network = field(init=False)
    discriminator: None = field(init=False, default=None)
    loss: Regression = field(init=False, default=Regression())
    noise: tuple[int, ...] = field(init=False, default=())
    augmentation: None = field(init=False, default=None)
    variations: tuple[str, ...] = ("by_classifier", "fresh")

    def __post_init__(self) -> None:
        object.__setattr__(self, "generator", partial(Euler, self.velocity, self.flow_steps, self.guidance))

    @property
    def kind(self) -> type[Any]:
        """What is fitted as this says."""
        from gannb.generators.flow.flow import Flow

        return Flow

    def shown(self, n_classes: int, steps: int) -> int:
        """Items that a training of so many steps makes to be looked at, beside its steps."""
        from gannb.generators.flow.training import moments_of
        from gannb.generators.adversarial.training import GRID

        return len(moments_of(steps)) * n_classes * GRID[1]
