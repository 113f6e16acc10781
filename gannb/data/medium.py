"""What a medium is: everything that depends on what an item is stands behind this one protocol.

A medium is one folder in `gannb/media/` and one line in `gannb.media.MEDIA`. Whoever reads, trains, measures, shows or
exports asks the medium, and knows nothing of pixels, samples or words. The protocol stands here, below everybody who
uses it. Shapes: N items, K classes; an item has the shape and the dtype of `Examples.x[i]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Generator as Rng
    from torch import Tensor, nn

    from gannb.data.examples import Dataset, Examples


@dataclass(frozen=True)
class Nouns:
    """What people call the items: every sentence about them takes its words from here."""

    one: str  # "image"
    many: str  # "images"
    raw: str  # what the raw features are, and a distance between them is in: "pixels"
    elsewhere: str = "another source"  # what the shifts stand in for: "another scanner or camera"
    overlooked: str = ""  # copies that no search for duplicates finds, in a sentence: "mirrored copies are not ..."

    @property
    def a_one(self) -> str:
        """One of them with its article: "an image"."""
        return f"{'an' if self.one[0] in 'aeiou' else 'a'} {self.one}"


@dataclass(frozen=True)
class Cell:
    """One place of a grid of items."""

    item: np.ndarray | None  # None: the place stays empty
    frame: str = ""  # a colour of `utils.figures`; empty: no frame
    note: str = ""  # written below


class Medium(Protocol):
    """What a medium provides. `study` is the study's parameters (`gannb.study.model.Study`)."""

    name: str  # image, audio, text, captioned
    nouns: Nouns
    dtype: np.dtype  # of items
    parameters: type  # a pydantic model of the parameters that belong to this medium alone

    # ---- reading

    def recognises(self, data: str) -> bool:
        """Tell whether what lies at `data` is of this medium; looks at names and headers alone."""
        ...

    def read(self, data: str, study: Any) -> Dataset:
        """Read, check, bring to one shape and group a labelled set. Raises InputError."""
        ...

    def read_like(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """Read labelled items brought to the shape of others; and how, in a sentence. Raises InputError."""
        ...

    def content(self, item: np.ndarray) -> bytes:
        """16 bytes that are the same for the same item."""
        ...

    def copies_of(self, x: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Tell which of the items x (N, ...) are identical or nearly identical to one of the others, (N,) bool."""
        ...

    def duplicates_among(self, x: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Tell which of x are identical, and which nearly, to one of the others, (N,) bool; None: cannot be told."""
        ...

    # ---- arrays and tensors

    def stored(self, x: np.ndarray, device: str) -> Tensor:
        """Items (N, ...) as a tensor on a device, laid out as networks take them, still in the items' dtype."""
        ...

    def encode(self, stored: Tensor) -> Tensor:
        """What `stored` gave, or rows of it, as floats that networks take."""
        ...

    def decode(self, values: Tensor) -> np.ndarray:
        """What a network made, as items: rounded, in the items' dtype and range."""
        ...

    def place(self, network: nn.Module, device: str) -> nn.Module:
        """Move a network to a device, in the memory layout that pays for this medium."""
        ...

    # ---- augmentation, for classifiers and discriminators alike

    policies: Mapping[str, Any]  # "none" is always there

    def policy(self, name: str, shape: tuple[int, ...], strength: float = 1.0) -> Any:
        """Return the policy of a name (or `auto`) for items of a shape. Raises InputError for an unknown name."""
        ...

    def augment(self, batch: Tensor, policy: Any, rng: Rng, chance: Tensor | None = None, clamp: bool = True) -> Tensor:
        """Transform each encoded item by its own draw; differentiable in the batch."""
        ...

    # ---- what may be trained on it

    families: Mapping[str, Any]  # name -> `generators.adversarial.family.Family`
    controls: Mapping[str, type]  # name -> a subclass of `generators.simple.Simple`
    classifiers: tuple[str, ...]  # the kit's own, the usual one first
    measuring_classifier: str  # the one of them whose features items are measured in

    def default_family(self, shape: tuple[int, ...]) -> str:
        """Return the family that `gan=auto` stands for."""
        ...

    def classifier(self, name: str, shape: tuple[int, ...], n_classes: int) -> nn.Module:
        """Return an untrained classifier: encoded items (N, ...) -> logits (N, K). Raises InputError."""
        ...

    def classifier_features(self, network: nn.Module, batch: Tensor) -> Tensor:
        """What the measuring classifier feeds to its last layer: encoded items (N, ...) -> (N, D)."""
        ...

    pretrained: Any | None  # finds, describes and fine-tunes pretrained networks; None: there are no transfer arms

    # ---- measuring

    raw_space: str  # the name of the raw feature space in tables: "pixels"

    def raw_features(self, x: np.ndarray) -> np.ndarray:
        """Items (N, ...) -> (N, D) float32, in which distances mean something without any network."""
        ...

    def alter(self, x: np.ndarray, seed: int = 0) -> np.ndarray:
        """Copies altered so little that they are still copies."""
        ...

    def blend(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray | None:
        """Items between a and b (N, ...) at share (N,) of the first; None where there is nothing between two items."""
        ...

    shifts: Mapping[str, tuple[str, Callable[[np.ndarray, int], np.ndarray]]]  # name -> meaning, (items, seed) -> items

    # ---- showing

    def grid(self, cells: Sequence[Sequence[Cell]], rows: Sequence[str], ax: Axes | None = None) -> Axes:
        """Draw items in rows with a name each."""
        ...

    # ---- export

    def files(self, item: np.ndarray) -> Mapping[str, bytes]:
        """An item as files: suffix -> content, `{".png": ...}`."""
        ...

    hub_feature: Mapping[str, Any]  # of a data set's column on the hub: {"_type": "Image"}
