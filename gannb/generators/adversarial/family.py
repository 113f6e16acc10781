"""What a family of GANs is: data."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from gannb.generators.adversarial.conditioning import Conditioning, Labels
from gannb.generators.adversarial.form import AsTheyAre, Form
from gannb.generators.interface import ADVERSARIAL, DiscriminatorPolicy, check_draw
from gannb.utils.errors import InputError
from gannb.utils.later import names_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from gannb.data.examples import Examples
    from gannb.data.medium import Medium, Weights

Network = Callable[[tuple[int, ...], int], "nn.Module"]  # (shape of an item, number of classes) -> network
Scored = Callable[["Tensor", "Tensor"], "Tensor"]  # (scores of reals, scores of fakes), each (N,) -> scalar


_of_losses = names_of("gannb.generators.adversarial.losses")


@dataclass(frozen=True)
class Loss:
    """The two sides of an adversarial game."""

    name: str
    discriminator: Scored
    generator: Scored  # reals are None, unless `paired`
    sureness: Scored = _of_losses("sign_of_reals")
    paired: bool = False  # the generator's side needs the scores of reals
    has_least: bool = True  # the discriminator's side, which is 0 where it is never wrong


HINGE = Loss("hinge", _of_losses("hinge_discriminator"), _of_losses("linear_generator"))
NON_SATURATING = Loss(
    "non-saturating", _of_losses("non_saturating_discriminator"), _of_losses("non_saturating_generator")
)
WASSERSTEIN = Loss(
    "wasserstein", _of_losses("wasserstein_discriminator"), _of_losses("linear_generator"),
    _of_losses("sign_of_pairs"), has_least=False,
)  # fmt: skip
RELATIVISTIC = Loss(
    "relativistic", _of_losses("relativistic_discriminator"), _of_losses("relativistic_generator"),
    _of_losses("sign_of_pairs"), paired=True,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Family:
    """Networks, loss and defaults: all that tells one kind of GAN from another, for whatever medium.

    generator: (noise (N, *noise), labels (N,) or the classes' shares (N, K)) -> N items, encoded by the family's form.
    discriminator: (encoded items, labels) -> scores (N,), class logits (N, K) or None where it has no class head.
    Where a family has another conditioning, its rows stand in the place of labels.
    """

    effort_most: ClassVar[float] = math.inf  # so many times its steps a preset may ask for
    asked: ClassVar[tuple[str, ...]] = ()  # parameters of a study that are fields of it
    begins_with: ClassVar[str] = ""  # the family whose fitted networks it goes on from; here from untrained ones
    maker: ClassVar[str] = ADVERSARIAL  # what it is, to people
    needs_weights: ClassVar[bool] = False  # of a pretrained network: `given` tells it which
    adaptive: ClassVar[bool] = False  # whether its own augmentation is applied as the discriminator's sureness demands
    floor: ClassVar[float] = 0.0  # weight of `losses.floor` under the spread of what its generator makes; see `layouts`

    name: str
    steps: int  # of training that a laptop does in minutes
    published_steps: int = 0  # of its authors' training, where that is many times as long; told by `plan` alone
    generator: Network
    discriminator: Network
    loss: Loss
    noise: int | tuple[int, ...]  # shape of an item's noise, which is standard normal
    learning_rate: float  # of both networks (Adam)
    betas: tuple[float, float]
    augmentation: Any  # a policy of the medium: what the discriminator sees of reals and fakes alike
    batch: int = 32  # items, or the whole draw where it is smaller
    ema: float = 0.998  # momentum of the averaged generator, once warm
    auxiliary_weight: float = 0.0  # of the class head's loss; 0 where there is none
    discriminator_steps: int = 1  # to one of the generator
    r1: float = 0.0  # gamma of the penalty gamma / 2 |grad D|^2 on reals (Mescheder et al. 2018, equation 9)
    r2: float = 0.0  # the same on fakes
    gradient_penalty: float = 0.0  # lambda of Gulrajani et al. 2017
    # steps; where lazy, a penalty counts as often more (Karras et al. 2020b, appendix B, without its change of Adam)
    penalty_every: int = 1
    lecam: float = 0.0  # weight of `losses.lecam`
    one_class_batches: bool = False  # a batch holds one class, each in turn: for networks that are separate by class,
    # and are told as `present` which ones a batch holds

    # ways to take items from it, see `generators.variations`
    variations: tuple[str, ...] = (
        "averaged", "truncated", "by_discriminator", "by_classifier", "fresh", "unlabelled", "tuned"
    )  # fmt: skip

    def variation_parameters(self, variation: str, study: Any) -> dict[str, Any]:
        """What items of a variation depend on beside its name, of a study's parameters."""
        return {"truncation": study.truncation} if variation == "truncated" else {}

    @property
    def takes_captions(self) -> bool:
        """Whether it makes items from captions, which can then be asked for; here from labels alone."""
        return False

    @property
    def noise_shape(self) -> tuple[int, ...]:
        """Shape of an item's noise."""
        return (self.noise,) if isinstance(self.noise, int) else self.noise

    def noise_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of an item's noise, for items of a shape."""
        return self.noise_shape

    def set_as(self, chosen: Mapping[str, Any]) -> Self:
        """The family with what a study, a unit's settings or a generator.json choose of what it asks for."""
        return replace(self, **{name: chosen[name] for name in self.asked}) if self.asked else self

    def shown(self, n_classes: int, steps: int) -> int:
        """Items that a training makes to be looked at and that take longer than some steps; here they do not."""
        return 0

    def form(self, medium: Medium, shape: tuple[int, ...]) -> Form:
        """How items of a shape come to the networks, and back; here as the medium has it."""
        return AsTheyAre(medium)

    def conditioning(self, draw: Examples) -> Conditioning:
        """What the networks are told of the items of a draw; here their labels."""
        return self.kept_conditioning({"n_classes": draw.n_classes})

    def kept_conditioning(self, about: Mapping[str, Any]) -> Conditioning:
        """The same of what a fitted generator has written: `n_classes`, and what `Conditioning.about` gave."""
        # a batch of one class is made of that class, and WGAN-GP's penalty lies between a real and a fake of one class
        return Labels(about["n_classes"], as_reals=self.one_class_batches or self.gradient_penalty > 0)

    def given(self, weights: Weights) -> Self:
        """The same with the weights of a pretrained network; here it needs none."""
        return self

    def about(self) -> dict[str, Any]:
        """What `kept_as` needs beside the weights of the networks, as JSON; here nothing."""
        return {}

    def kept_as(self, about: Mapping[str, Any]) -> Self:
        """The family of a fitted GAN that has written `about`; here there is one alone."""
        return self

    def acquaint(self, discriminator: nn.Module, x: Tensor) -> None:
        """Let the discriminator see real encoded items (N, ...) before the first step; here it need not."""

    def layouts(self, x: Tensor) -> Tensor:
        """Rows of length 1, (N, D), of encoded items (N, ...), whose spread has a floor; asked for where it has."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """All of it that is a number, a policy or a name, as JSON: what the result of a training depends on."""
        values = {
            f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("name", "steps", "published_steps")
        }
        plain = {name: value for name, value in values.items() if isinstance(value, int | float | tuple)}
        plain.pop("variations")
        plain |= {name: value for name in ("adaptive", "floor") if (value := getattr(self, name))}
        return json.loads(json.dumps(plain | {"loss": self.loss.name, "augmentation": plain_policy(self.augmentation)}))

    def check_blend(self, families: Mapping[str, Family]) -> None:
        """Raise InputError where nothing lies between two classes, since each has a network of its own.

        families: those of the medium, the first of which that fits is recommended.
        """
        if self.one_class_batches:
            other = next((f", as gan={f.name}" for f in families.values() if not f.one_class_batches), "")
            raise InputError(
                f"gan: {self.name} has a network of its own for every class, and nothing between them; use another "
                f"family{other}."
            )

    def check(self, shape: tuple[int, ...], families: Mapping[str, Family] | None = None) -> None:
        """Raise InputError where the family cannot make items of this shape; here it can do all.

        families: those of the medium, of which the ones that can are named.
        """

    def check_training(
        self, draw: Examples, medium: Medium, steps: int, policy: DiscriminatorPolicy = (None, False)
    ) -> None:
        """Raise InputError where a training of so many steps on a draw of the medium's items cannot be had."""
        self.check(draw.shape, medium.families)
        check_draw(draw, steps, self.name, medium.nouns.many, self.one_class_batches)


def plain_policy(policy: Any) -> Any:
    """A policy of augmentation as JSON takes it: the fields of a dataclass, anything else as it is."""
    return asdict(policy) if is_dataclass(policy) else policy
