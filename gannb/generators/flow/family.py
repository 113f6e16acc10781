"""What a family of flows is: data, as that of GANs is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from gannb.generators.adversarial.family import Family, Network
from gannb.generators.interface import GRID, MOMENTS, DiscriminatorPolicy, leaves_items
from gannb.utils.errors import InputError
from gannb.utils.later import Later

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium

EULER = Later("gannb.generators.flow.euler:Euler")
SHORT = 100  # steps up to which items are looked at after the last one alone: to make them takes as long as many steps


def moments_of(steps: int) -> set[int]:
    """Return the steps after which a training of so many makes items: a grid is kept, and the guard looks at them."""
    return {step for share in MOMENTS if (step := round(share * steps)) > SHORT or share == 1}


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

    maker: ClassVar[str] = "a flow (flow matching, which stands in a GAN's place here)"
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
    variations: tuple[str, ...] = ("by_classifier", "fresh", "unlabelled")

    def __post_init__(self) -> None:
        object.__setattr__(self, "generator", partial(EULER, self.velocity, self.flow_steps, self.guidance))

    def about(self) -> dict[str, Any]:
        """What a study chose."""
        return {name: getattr(self, name) for name in self.asked}

    def kept_as(self, about: Mapping[str, Any]) -> Self:
        """The family as a study chose it."""
        return self.set_as(about)

    def check_training(
        self, draw: Examples, medium: Medium, steps: int, policy: DiscriminatorPolicy = (None, False)
    ) -> None:
        """Raise InputError where it cannot be had; see `Family.check_training`."""
        if not leaves_items(policy):
            raise InputError(
                f"gan_augmentation: {self.name} has no discriminator, and sees {medium.nouns.many} as they are; use "
                "auto or none."
            )
        super().check_training(draw, medium, steps, policy)

    def shown(self, n_classes: int, steps: int) -> int:
        """Items that a training of so many steps makes to be looked at, beside its steps."""
        return len(moments_of(steps)) * n_classes * GRID[1]
