"""The families of generators that write sentences: what tells one from another, as data.

MaskGAN: Fedus, Goodfellow & Dai 2018, "MaskGAN: better text generation via filling in the ______" (arXiv 1801.07736).
`maskgan_start` is its training by maximum likelihood alone, which the paper starts from: what MaskGAN gains, it has to
gain over that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gannb.generators.interface import ADVERSARIAL, DiscriminatorPolicy, check_draw, leaves_items
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium


@dataclass(frozen=True)
class NoLoss:
    """Scores that no guard can call undeceived: rewards are clipped, and start out small."""

    name: str = "log"
    has_least: bool = False
    paired: bool = False


@dataclass(frozen=True, kw_only=True)
class TextFamily:
    """A way to write sentences. Steps are in three parts: by likelihood, of the discriminator alone, of both.

    No preset asks for more than its steps: they are as many as learn 10 sentences a class, and with more of them a
    writer says its training sentences by heart (of a language model 1 % of the sentences after 400 steps, 61 % after
    800). Who has far more sentences sets `gan_steps`. Of what MaskGAN's start writes freely, near copies of a training
    sentence are 0.6, 1.0, 3.6 % after 200, 250, 300 steps (SNIPS, 10 a class, one draw; of unseen real ones 0.4 %): it
    is told how many words to write, which nearly gives away which sentence of so few is meant.
    """

    effort_most: ClassVar[float] = 1.0
    published_steps: ClassVar[int] = 0  # the paper names none
    needs_weights: ClassVar[bool] = False  # of a pretrained network

    name: str
    steps: int
    parts: tuple[int, int, int]  # of `steps`; a study's other number of steps is divided in the same proportions
    fills: bool  # blanks of given sentences; else it writes from the first word to the last
    begins_with: str = ""  # the family whose fitted networks it goes on from: that one has done its first part
    batch: int = 32  # sentences, or the whole draw where it is smaller
    rate: float = 3e-3  # of the first two parts (Adam); by likelihood it falls to 0 along a cosine
    adversarial_rate: float = 3e-4
    unknown: float = 0.1  # share of the words before that the language model is not told
    discount: float = 0.89  # gamma of section 2.2
    least_reward: float = -5.0  # log D is cut off there
    most_advantage: float = 3.0  # standard deviations
    variations: tuple[str, ...] = ("fresh", "cool", "by_classifier", "unlabelled")
    one_class_batches: bool = False
    loss: NoLoss = NoLoss()
    takes_captions: ClassVar[bool] = False
    asked: ClassVar[tuple[str, ...]] = ()

    def set_as(self, chosen: Mapping[str, Any]) -> TextFamily:
        """Itself: a study chooses nothing of it."""
        return self

    def shown(self, n_classes: int, steps: int) -> int:
        """Sentences that a training writes to be looked at, beside its steps: timed with them."""
        return 0

    def settings(self) -> dict[str, Any]:
        """All that the result of a training depends on, as JSON."""
        kept = {
            k: v for k, v in asdict(self).items() if k not in ("name", "steps", "begins_with", "variations", "loss")
        }
        return kept | {"parts": list(self.parts)}

    @property
    def maker(self) -> str:
        """What it is, to people."""
        if not self.fills:
            return "a language model (which stands in a GAN's place here)"
        start = "the start of a GAN, before any adversarial training"
        return start if not self.begins_with else ADVERSARIAL

    def variation_parameters(self, variation: str, study: Any) -> dict[str, Any]:
        """What items of a variation depend on beside its name."""
        return {"temperature": study.temperature} if variation == "cool" else {}

    def check(self, shape: tuple[int, ...], families: Mapping[str, TextFamily] | None = None) -> None:
        """All families write sentences of any length."""

    def check_training(
        self, draw: Examples, medium: Medium, steps: int, policy: DiscriminatorPolicy = (None, False)
    ) -> None:
        """Raise InputError where a training of so many steps on a draw of sentences cannot be had.

        policy: see `registry.discriminator_policy`.
        """
        if not leaves_items(policy):
            raise InputError(f"gan_augmentation: {self.name} sees sentences as they are; use auto or none.")
        check_draw(draw, steps, self.name, medium.nouns.many)

    def check_blend(self, families: Mapping[str, TextFamily]) -> None:
        """Raise InputError: nothing lies between two sentences."""
        raise InputError("gan: there are no sentences between two classes; leave out what takes them.")

    def generator(self, shape: tuple[int, ...], n_classes: int) -> Any:
        """Raise InputError: a network of someone else has words of its own."""
        raise InputError(
            "foreign: weights of a generator of sentences need its vocabulary; give a function, as package.module:name."
        )


START = "maskgan_start"
_PARTS = (250, 250, 100)
_FAMILIES = (
    TextFamily(
        name="maskgan",
        steps=sum(_PARTS),
        parts=_PARTS,
        fills=True,
        begins_with=START,
        variations=("half", "full", "fresh", "cool", "by_classifier", "by_discriminator", "unlabelled"),
    ),
    TextFamily(
        name=START,
        steps=sum(_PARTS),  # of which it does the first part: the same start, whatever the number of steps
        parts=_PARTS,
        fills=True,
        variations=("half", "full", "fresh", "cool", "by_classifier", "unlabelled"),
    ),
    TextFamily(name="language_model", steps=300, parts=(300, 0, 0), fills=False),  # more mostly copy more
)
FAMILIES = {family.name: family for family in _FAMILIES}
