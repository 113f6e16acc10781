"""What a medium is: everything that depends on what an item is stands behind this one protocol.

A medium is one folder in `gannb/media/` and one line in `gannb.media.MEDIA`. Whoever reads, trains, measures, shows or
exports asks the medium, and knows nothing of pixels, samples or words. The protocol stands here, below everybody who
uses it. Shapes: N items (N, ...), K classes; an item has the shape and the dtype of `Examples.x[i]`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gannb.utils.keys import content_of

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
    transfer: str = "fine-tuning a pretrained network"  # what `transfer` arms do
    kind: str = ""  # what they are called beside those of other media, where that is not `many`

    @property
    def apart(self) -> str:
        """The items, told apart from those of all other media: "images with captions"."""
        return self.kind or self.many

    @property
    def a_one(self) -> str:
        """One of them with its article: "an image"."""
        return f"{'an' if self.one[0] in 'aeiou' else 'a'} {self.one}"


@dataclass(frozen=True)
class FurtherSpace:
    """A feature space of a network whose weights a person has to give, as a file; nothing is ever fetched."""

    name: str  # in tables
    parameter: str  # of the study: names the file of the weights
    digest: Callable[[str], str]  # the file -> the SHA-256 of its content; raises InputError for another file
    check: Callable[[str], str]  # the same before something is measured; raises InputError where a package is missing
    features: Callable[[str, str], Callable[[np.ndarray], np.ndarray]]  # file, device -> items (N, ...) -> (N, D)
    frechet: str  # what the Frechet distance is called in this space
    least: int  # items on either side that it takes


class Weights(Protocol):
    """A pretrained network and the file of its weights."""

    network: str  # its name
    file: str
    digest: str  # of the file's content and of how it is used: part of keys


class Pretrained(Protocol):
    """Finds, describes and fine-tunes pretrained networks."""

    def find(self, pretrained: str) -> Weights | None:
        """Return the weights meant by a study's `pretrained`; None: not on this machine. Raises InputError."""
        ...

    def recall(self, folder: Path, pretrained: str) -> Weights | None:
        """Return the weights last noted in a study's folder for its `pretrained`, their file there or not."""
        ...

    def keep(self, folder: Path, weights: Weights) -> None:
        """Note in a study's folder where weights are."""
        ...

    def kept(self, folder: Path, digest: str) -> Weights:
        """Return weights noted in a study's folder. Raises InputError where their file is gone or has changed."""
        ...

    def check(self, weights: Weights, n_classes: int) -> None:
        """Raise InputError where the weights do not fit their network, or it cannot be fine-tuned."""
        ...

    def weights_text(self, weights: Weights) -> str:
        """Return in words what network it is and how it takes items."""
        ...

    def training_text(self, weights: Weights, steps: int) -> str:
        """Return how training goes on for so many steps once there is a head on frozen features, ended by a stop."""
        ...

    def missing_sentence(self, pretrained: str, begun: bool = False) -> str:
        """Return what is missing where the weights are not there, and how to get it."""
        ...

    def frozen_features(
        self, weights: Weights, x: np.ndarray, device: str = "cpu", progress: Callable[[int, int], None] = ...
    ) -> np.ndarray:
        """Return what the network makes of items, before any training: (N, ...) -> (N, D) float32."""
        ...

    def features_width(self, weights: Weights) -> int:
        """Return D, the number of features of an item."""
        ...

    def layers(self, weights: Weights) -> int:
        """Return the weighted layers on the longest way through the network, see `classifiers.depth`."""
        ...

    def starting(self, weights: Weights, mixture: Any, features: np.ndarray) -> Callable[..., Any]:
        """Return the `start` of `classifiers.training.train`: the network with a head trained on frozen features."""
        ...


Asked = tuple[tuple[str, int], ...]  # captions that items are asked for by, and their labels


class Captioning(Protocol):
    """What a medium knows of the sentences that stand beside its items, and by which others are asked for."""

    def read(self, file: str | Path, pool: Examples, parameter: str) -> Asked:
        """Return the captions and labels in a file, for classes of the pool. Raises InputError, naming `parameter`."""
        ...

    def remarks(self, asked: Asked, pool: Examples) -> list[str]:
        """Return sentences on what a person should know of captions before something is made of them."""
        ...

    def fault(self, caption: str) -> str:
        """Return why nothing can be made of a caption, or ""."""
        ...

    def words(self, caption: str) -> list[str]:
        """Return the words of a caption, written so that the same word is the same text."""
        ...

    def unknown(self, captions: Iterable[str], known: Iterable[str]) -> list[str]:
        """Return the words of captions that no caption in `known` has, the most frequent first."""
        ...


@dataclass(frozen=True)
class Phrases:
    """Parts of sentences in the verdict, on the page and in the data card that are true of one medium alone."""

    classical: str  # what classical augmentation does: "shifts, noise and the like"
    altered: str  # what `alter` does: "5% brighter, 2% noise, or JPEG"
    duplicates: str  # the share that is told: "with the same pixels as a training image, or ..."
    unseen_copies: str  # copies that a distance of raw features does not find: "Shifted, mirrored or recoloured"
    taken: str  # what is done in the world to have one: "photographed"
    pretrained: str  # how items are brought to a pretrained network, beside their size, or "": "grey images fill ..."
    transfer: str = "A network pretrained on other {many} and fine-tuned on the draw"  # what `transfer` stands for
    foreign_kind: str = ""  # of what that network was pretrained on, where these are no such items: "photographs"
    elsewhere: str = "another source"  # what the shifts stand in for: "another scanner or camera"
    alike: str = ""  # forms in which a copy still counts as one, or "": "shifted by a few pixels"; see `alike_forms`
    overlooked: str = ""  # what no search for duplicates finds, or "": "copies at another speed are not searched for"
    nearly: str = ""  # how an item differs from one that it nearly copies, or "": "by a few words"; see `near_copies`


@dataclass(frozen=True, eq=False)
class Cell:
    """One place of a grid of items."""

    item: np.ndarray | None  # None: the place stays empty
    frame: str = ""  # a colour of `utils.figures`; empty: no frame
    note: str = ""  # written below; of cells that stand together, below all of them


@dataclass(frozen=True, eq=False)
class Grid:
    """Items in rows, to be shown as a figure or as a part of a page."""

    cells: Sequence[Sequence[Cell]]  # row by row; rows may differ in length
    rows: Sequence[str]  # the rows' names
    together: int = 1  # so many neighbours in a row belong together, as two of a pair; some room parts them from others
    columns: Sequence[str] = ()  # a name for each column of what belongs together
    zoom: float = 1.0  # how large items are drawn, as a multiple of what is usual for the medium
    title: str = ""
    below: str = ""  # what the columns' names are, "training steps"; empty: they say it themselves


class Usual:
    """What most media answer where the protocol asks for something that few of them have; see `Medium` for each part.

    A medium derives from it, and says what it has.
    """

    captions: Captioning | None = None
    yardsticks: Mapping[str, str] = {}
    measures: Mapping[str, tuple[str, str]] = {}
    by_chance: Mapping[str, float] = {}
    in_cells = False
    usual: Mapping[str, str] = {}

    @property
    def column(self) -> str:
        """The medium's name."""
        return self.name

    def content(self, item: np.ndarray) -> bytes:
        """The same for items with the same numbers alone."""
        return content_of(item)

    read_beside: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    in_any_folder: bool = False

    def arms_beside(self, gan: str) -> tuple[str, ...]:
        """None: the arms of every medium are enough."""
        return ()

    def prepare(self, network: nn.Module, x: np.ndarray) -> None:
        """Nothing: a network for items (N, ...) knows its weights alone."""

    def policy_parameters(self, name: str) -> Mapping[str, Any]:
        """Nothing beside the name."""
        return {}

    def classifier_parameters(self, name: str, shape: tuple[int, ...]) -> Mapping[str, Any]:
        """Nothing beside the name."""
        return {}

    def view_shape(self, dataset: Dataset, weights: Weights) -> tuple[int, ...] | None:
        """None: a pretrained network is shown the study's own items."""
        return None

    measured_as: Mapping[str, Any] = {}

    def measuring_steps(self, steps: int) -> int:
        """None: nothing is learnt."""
        return 0

    def learn_to_measure(self, real: Examples, folder: Path, steps: int, seed: int, device: str) -> None:
        """Nothing."""

    def measured(
        self, made: Examples, unseen: Examples, train: Examples, learnt: Path | None = None
    ) -> Mapping[str, float]:
        """None: items are measured in feature spaces."""
        return {}

    def near_copies(self, x: np.ndarray, train: np.ndarray) -> np.ndarray | None:
        """None: copying of items (M, ...) shows in distances of features."""
        return None


class Medium(Protocol):
    """What a medium provides. `study` is the study's parameters (`gannb.study.model.Study`)."""

    name: str  # image, audio, text, captioned
    nouns: Nouns
    dtype: np.dtype  # of items

    def of(self, traits: Mapping[str, Any]) -> Medium:
        """Return the medium for items with the traits of a data set (`Dataset.traits`); itself where there are none.

        What is in `gannb.media.MEDIA` may know none, and is asked for names and parameters; whoever has items asks
        `gannb.media.medium_of`. Media for equal traits are equal, and can be hashed.
        """
        ...

    # ---- parameters of a study; at hand without torch

    parameters: type  # a pydantic model of those that belong to this medium alone
    meanings: Mapping[str, str]  # of some general ones, by name: what this medium's values for them are
    embedded: Mapping[str, int | None]  # sets that come with the kit, as `data` names them -> real items per class that
    # a draw of one has by default; None: as many as its size allows
    reading: tuple[str, ...]  # what prepared items depend on, `data` included; the order is part of keys
    reading_like: tuple[str, ...]  # what items brought to the shape of others depend on; the same
    read_beside: tuple[str, ...]  # those of `reading` that name files or folders beside `data`; mostly none
    before: tuple[str, ...]  # media of which it is a special case, by name: where it recognises data, they give way
    in_any_folder: bool  # whether its files also lie beside items of others, as labels or notes: it gives way to all
    policy_names: tuple[str, ...]  # augmentations of a classifier
    usual: Mapping[str, str]  # what `auto` stands for, by parameter, where it does not depend on the items
    # generators without an adversary that only this medium has, by name, and what its items are: "of word pairs"
    yardsticks: Mapping[str, str]

    def arms_beside(self, gan: str) -> tuple[str, ...]:
        """Return the arms that a study has by default, beside those of every medium; gan: as the study names it."""
        ...

    def way_to_smaller(self, shape: tuple[int, ...], share: float = 0.0) -> str:
        """Return the parameter that makes items smaller and a study quicker, `size=32`; "" where they are small.

        share: of the time that it takes, to which it has to come down: the largest items that are quick enough. "" too
        where none are, or where nobody can tell; 0: nothing is asked of the time.
        """
        ...

    # ---- reading

    def recognises(self, data: str) -> bool:
        """Tell whether what lies at `data` is of this medium; looks at names and headers alone."""
        ...

    def takes_files_below(self, data: str) -> bool:
        """Tell whether any file below `data` may be taken for an item, so that a study must not lie there."""
        ...

    def read(self, data: str, study: Any) -> Dataset:
        """Read, check, bring to one shape and group a labelled set. Raises InputError."""
        ...

    def read_like(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """Read labelled items brought to the shape of others; and how, in a sentence. Raises InputError."""
        ...

    def read_unlabelled(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """The same of items whose labels, if they have any, are not read: all are of one class, which has no name.

        A folder may hold them at any depth, and the names of its folders say nothing.
        """
        ...

    def fault_of_shape(self, shape: Any) -> str:
        """Return what a description should give where its `shape` (from JSON) is that of no item; "" if it is one."""
        ...

    def way_to_shape(self, made: tuple[int, ...], wanted: tuple[int, ...]) -> str:
        """Return which parameters bring a study's items from the shape `wanted` to the shape `made`, as advice."""
        ...

    captions: Captioning | None  # of items that have some; None: there are none

    levels: str  # what the numbers of an item are: "grey levels of 0 to 255"

    def fault_of_levels(self, x: np.ndarray) -> str:
        """Return what the numbers of items (N, ...) are where they cannot be meant; "" where they can."""
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

    def prepare(self, network: nn.Module, x: np.ndarray) -> None:
        """Tell an untrained classifier what it has to know of its training items (N, ...) beside its weights.

        A vocabulary, or how often a word occurs: part of the network's state. Mostly nothing.
        """
        ...

    # ---- augmentation, for classifiers and discriminators alike

    policies: Mapping[str, Any]  # "none" is always there
    tuned_policies: tuple[str, ...]  # those that tuning tries where `augmentation=auto`; the order is part of keys

    def default_policy(self, shape: tuple[int, ...]) -> str:
        """Return the policy that `augmentation=auto` stands for."""
        ...

    def policy(self, name: str, shape: tuple[int, ...], strength: float = 1.0) -> Any:
        """Return the policy of a name (or `auto`) for items of a shape. Raises InputError for an unknown name."""
        ...

    def policy_parameters(self, name: str) -> Mapping[str, Any]:
        """Return what a GAN's unit declares of the policy its discriminator sees, beside the name; usually nothing."""
        ...

    def augment(self, batch: Tensor, policy: Any, rng: Rng, chance: Tensor | None = None, clamp: bool = True) -> Tensor:
        """Transform each encoded item by its own draw; differentiable in the batch."""
        ...

    def alike_forms(self, policy: Any, shape: tuple[int, ...]) -> Sequence[Callable[[np.ndarray], np.ndarray]]:
        """Functions, items (N, ...) -> items, to other forms that a policy, or the default one, does not tell apart.

        A copy in one of these forms is a copy. Not among them: items as they are; there may be none.
        """
        ...

    # ---- what may be trained on it

    families: Mapping[str, Any]  # name -> `generators.adversarial.family.Family`
    gan_policies: tuple[str, ...]  # policies that `gan_augmentation` may give the discriminator, by name
    controls: Mapping[str, type]  # name -> a subclass of `generators.simple.Simple` that has a meaning here
    classifiers: tuple[str, ...]  # the kit's own, which take items of any shape, the usual one first
    measuring_classifier: str  # the one of them whose features items are measured in

    def trained(self, family: str) -> type:
        """Return what is fitted as a family, by name, says: (medium, family, policy, adaptive) -> a `Generator`."""
        ...

    def default_family(self, shape: tuple[int, ...]) -> str:
        """Return the family that `gan=auto` stands for."""
        ...

    def classifier(self, name: str, shape: tuple[int, ...], n_classes: int) -> nn.Module:
        """Return an untrained classifier: encoded items (N, ...) -> logits (N, K). Raises InputError."""
        ...

    def classifier_parameters(self, name: str, shape: tuple[int, ...]) -> Mapping[str, Any]:
        """Return what a unit declares of a classifier for items of a shape, beside the name; usually nothing."""
        ...

    def classifier_features(self, network: nn.Module, batch: Tensor) -> Tensor:
        """What the measuring classifier feeds to its last layer: encoded items (N, ...) -> (N, D)."""
        ...

    def classifier_head(self, network: nn.Module) -> nn.Linear:
        """The measuring classifier's last layer: features (N, D) -> logits (N, K)."""
        ...

    pretrained: Pretrained | None  # None: there are no transfer arms

    def view_shape(self, dataset: Dataset, weights: Weights) -> tuple[int, ...] | None:
        """Return the shape in which a pretrained network is shown items; None: that of the study's own.

        Where the source holds more than the study's items do, and the network can take more.
        """
        ...

    def read_view(self, data: str, study: Any, like: Dataset, shape: tuple[int, ...], folder: Path) -> None:
        """Read the items of a data set again, brought to such a shape, into pool.npy and test.npy of a folder.

        Raises InputError where the source no longer is what the data set was read from.
        """
        ...

    def enlarged(self, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Bring items (N, ...), of the study's own shape, to one of `view_shape`: (N, *shape)."""
        ...

    # ---- measuring

    raw_space: str  # the name of the raw feature space in tables: "pixels"

    def raw_features(self, x: np.ndarray) -> np.ndarray:
        """Items (N, ...) -> (N, D) float32, in which distances mean something without any network."""
        ...

    def exact_features(self, x: np.ndarray) -> np.ndarray:
        """Items (N, ...) -> (N, D) by which copies are told: whole numbers if possible, whose distances are exact."""
        ...

    spaces: Mapping[str, FurtherSpace]  # feature spaces by name, beside the raw one and the measuring classifier's

    # measures that only this medium has, by name: how a number is written, and what it is; there may be none
    measures: Mapping[str, tuple[str, str]]
    by_chance: Mapping[str, float]  # of those that lie between chance and what real items get: what chance gives
    measured_as: Mapping[str, Any]  # what units that measure declare of them: versions, raised where a result changes

    def measuring_steps(self, steps: int) -> int:
        """Return the steps of `learn_to_measure` beside a measuring classifier of so many; 0: nothing to learn."""
        ...

    def learn_to_measure(self, real: Examples, folder: Path, steps: int, seed: int, device: str) -> None:
        """Learn what these measures need, and keep it in a folder: from real items that no generator has seen.

        There may be too few of them, or none; then nothing is kept. Mostly nothing needs to be learnt. steps: those
        of the trial's measuring classifier, few where a study is to be quick.
        """
        ...

    def measured(
        self, made: Examples, unseen: Examples, train: Examples, learnt: Path | None = None
    ) -> Mapping[str, float]:
        """Return these measures of items that were made, beside unseen real ones and the training set.

        learnt: where `learn_to_measure` kept what it had learnt. What cannot be measured is left out.
        """
        ...

    def near_copies(self, x: np.ndarray, train: np.ndarray) -> np.ndarray | None:
        """Tell which items x (M, ...) nearly are one of the training items, (M,) bool; None: distances tell it.

        For items that are put together of the parts of training items, as sentences are of words: an honest generator
        has no other parts, and is nearer to the training set in every space of features. It copies where more of its
        items nearly are a training item than of unseen real ones; `phrases.nearly` says what that means.
        """
        ...

    def least_difference(self, shape: tuple[int, ...]) -> float:
        """The distance in raw features up to which two items of a shape may differ by rounding alone."""
        ...

    def alter(self, x: np.ndarray, seed: int = 0) -> np.ndarray:
        """Copies altered so little that they are still copies."""
        ...

    def blend(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray | None:
        """Items between a and b (N, ...) at share (N,) of the first; None where there is nothing between two items."""
        ...

    # ways to shift test items, by name: the meaning, and (items, seed) -> items; there may be none
    shifts: Mapping[str, tuple[str, Callable[[np.ndarray, int], np.ndarray]]]

    # ---- showing

    phrases: Phrases

    def grid(self, grid: Grid, ax: Axes | None = None) -> Axes:
        """Draw a grid's items with frames and notes, the rows' names as ticks of y, the columns' as ticks of x."""
        ...

    def html(self, grid: Grid) -> str | None:
        """A grid as HTML that needs no network, for what is heard or read; None: a page shows the figure."""
        ...

    def size_text(self, shape: tuple[int, ...]) -> str:
        """The size of an item in few characters: `8x8`."""
        ...

    def shape_text(self, shape: tuple[int, ...]) -> str:
        """What an item is, in words: `8x8 pixels, grey`."""
        ...

    # ---- export

    suffixes: tuple[str, ...]  # of an item's files, in the order in which they are written
    readable: tuple[str, ...]  # suffixes of the files that a reader of a folder takes for items, in small letters

    def files(self, item: np.ndarray) -> Mapping[str, bytes]:
        """An item as files: suffix -> content, `{".png": ...}`, for each of `suffixes`."""
        ...

    column: str  # of an item in a table; mostly the medium's name
    in_cells: bool  # whether an item is a text, which stands in a cell of a table: its one file holds it and a line end
    hub_feature: Mapping[str, Any]  # of a data set's column on the hub: {"_type": "Image"}
    hub_task: str  # of the hub's list: "image-classification"
    reading_code: Mapping[str, str]  # format -> Python that reads a set, a template with `folder` and `urls`
