"""Sentences behind the protocol of `gannb.data.medium`.

Items are (), fixed-width unicode: N of them (N,). Networks take the hashes of their words, which needs no vocabulary;
whoever needs one (a language model, a classifier) makes it from the training items alone. Imports stand inside the
methods: whoever asks for a name or a parameter must not wait for torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.data.medium import FurtherSpace, Grid, Phrases, Pretrained, Usual
from gannb.media.text.parameters import ENCODER, MAX_TOKENS, NAME, NOUNS, POLICY_NAMES, TUNED_NAMES, TextParameters
from gannb.media.text.tokens import DTYPE

if TYPE_CHECKING:
    import torch
    from matplotlib.axes import Axes
    from torch import Tensor, nn

    from gannb.data.examples import Dataset, Examples
    from gannb.generators.simple import Simple
    from gannb.media.text.augmentation.policies import Policy
    from gannb.media.text.writers.family import TextFamily
    from gannb.media.text.writers.writer import Writer

Shape = tuple[int, ...]  # ()


class Texts(Usual):
    """What the kit knows of sentences of up to `max_tokens` words; see `gannb.data.medium.Medium` for each part."""

    def __init__(self, max_tokens: int = MAX_TOKENS) -> None:
        self.max_tokens = max_tokens

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Texts) and other.max_tokens == self.max_tokens

    def __hash__(self) -> int:
        return hash((NAME, self.max_tokens))

    name = NAME
    nouns = NOUNS
    dtype = DTYPE

    def of(self, traits: Mapping[str, Any]) -> Texts:
        """Sentences of a set have at most so many words and punctuation marks: {"max_tokens": 32}."""
        return _of(**traits)

    # ---- parameters

    parameters = TextParameters
    meanings: Mapping[str, str] = {
        "data": "a csv, tsv or jsonl of `text` and `label`, or a folder of .txt files per class",
        "classifier": "`tfidf` or `word_cnn`",
        "pretrained": "a sentence encoder, multiplied with `tfidf`; `alone=NAME`: without",
    }
    embedded: Mapping[str, int | None] = {}
    reading = ("data", "text_column", "label_column", "max_tokens", "groups", "on_bad_text")
    reading_like = ("max_tokens", "on_bad_text")
    in_any_folder = True  # a csv or a .txt beside images or clips is theirs: labels, groups, notes
    policy_names = POLICY_NAMES
    yardsticks: Mapping[str, str] = {
        "maskgan_start": "of MaskGAN's start by likelihood alone",
        "language_model": "of a language model, without any adversary",
        "bag_of_words": "of a class's words in any order",
        "bigram": "of a chain of a class's word pairs",
    }

    def arms_beside(self, gan: str) -> tuple[str, ...]:
        """The yardsticks, with the real ones and alone."""
        return tuple(arm for name in self.yardsticks for arm in (f"real+{name}+classic", name))

    def way_to_smaller(self, shape: Shape, share: float = 0.0) -> str:
        """Name `max_tokens`, where sentences may be long."""
        return "max_tokens=16" if self.max_tokens > 16 and not share else ""

    # ---- reading

    def recognises(self, data: str) -> bool:
        """See `gannb.media.text.reading.recognises`."""
        from gannb.media.text.reading import recognises

        return recognises(data)

    def takes_files_below(self, data: str) -> bool:
        """Tell whether `data` is a folder."""
        return Path(data).is_dir()

    def read(self, data: str, study: Any) -> Dataset:
        """See `gannb.media.text.reading.read`."""
        from gannb.media.text.reading import read

        return read(
            data, text_column=study.text_column, label_column=study.label_column, max_tokens=study.max_tokens,
            groups=study.groups, on_bad_text=study.on_bad_text,
        )  # fmt: skip

    def read_like(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """See `gannb.media.text.reading.read_like`."""
        from gannb.media.text.reading import read_like

        return read_like(data, study.max_tokens, study.on_bad_text)

    def read_unlabelled(self, data: str, like: Examples, study: Any) -> tuple[Examples, str]:
        """See `gannb.media.text.reading.read_unlabelled`."""
        from gannb.media.text.reading import read_unlabelled

        return read_unlabelled(data, study.max_tokens, study.on_bad_text)

    def fault_of_shape(self, shape: Any) -> str:
        """See `Medium.fault_of_shape`; a sentence has none."""
        return "" if shape == [] else "give [], since a sentence has no sides"

    def way_to_shape(self, made: Shape, wanted: Shape) -> str:
        """Sentences are all of one shape."""
        return ""

    levels = "letters"

    def fault_of_levels(self, x: np.ndarray) -> str:
        """Say so where all sentences (N,) are empty."""
        return "" if any(str(text).strip() for text in x) else "empty sentences"

    def content(self, item: np.ndarray) -> bytes:
        """16 bytes that sentences share which differ by letter case and blanks alone."""
        from gannb.media.text.tokens import key

        return hashlib.blake2b(key(str(item)).encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def copies_of(self, x: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Tell which sentences have the same words as one of the others, whatever their punctuation."""
        return self.duplicates_among(x, others)[1]

    def duplicates_among(self, x: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `gannb.media.text.features.identical`."""
        from gannb.media.text.features import identical

        return identical(x, others)

    # ---- arrays and tensors

    def stored(self, x: np.ndarray, device: str) -> Tensor:
        """(N,) -> hashes of words and of their pieces (N, T, W) int32; see `gannb.media.text.tokens.hashed`."""
        import torch

        from gannb.media.text.tokens import hashed

        return torch.from_numpy(hashed(x, self.max_tokens)).to(device)

    def encode(self, stored: Tensor) -> Tensor:
        """Hashes as they are: the networks count or embed them."""
        return stored

    def decode(self, values: Tensor) -> np.ndarray:
        """No sentence can be read from hashes; what writes sentences has a vocabulary of its own."""
        raise TypeError("A sentence cannot be read from the hashes of its words.")

    def place(self, network: nn.Module, device: str) -> nn.Module:
        """Move a network to a device."""
        return network.to(device)

    def prepare(self, network: nn.Module, x: np.ndarray) -> None:
        """Tell a classifier which words stand in its training items (N,), and in how many."""
        network.prepare(self.stored(x, "cpu"))

    # ---- augmentation

    tuned_policies = TUNED_NAMES

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """Policies by name."""
        from gannb.media.text.augmentation.policies import POLICIES

        return POLICIES

    def default_policy(self, shape: Shape) -> str:
        """Words at random are unknown, whatever the sentences."""
        from gannb.media.text.augmentation.policies import DEFAULT

        return DEFAULT

    def policy(self, name: str, shape: Shape, strength: float = 1.0) -> Policy:
        """See `gannb.media.text.augmentation.policies.resolve` and `strengthened`."""
        from gannb.media.text.augmentation.policies import resolve, strengthened

        found = resolve(name)
        return found if strength == 1.0 else strengthened(found, strength)

    def augment(
        self,
        batch: Tensor,
        policy: Policy,
        rng: torch.Generator,
        chance: Tensor | None = None,
        clamp: bool = True,
    ) -> Tensor:
        """See `gannb.media.text.augmentation.transforms.augment`."""
        from gannb.media.text.augmentation.transforms import augment

        return augment(batch, policy, rng, chance)

    def alike_forms(self, policy: Policy, shape: Shape) -> list[Callable[[np.ndarray], np.ndarray]]:
        """None: a word that is left out brings a sentence little further away."""
        return []

    # ---- what may be trained on it

    classifiers = ("tfidf", "word_cnn")
    measuring_classifier = "word_cnn"
    gan_policies = ("none",)

    @cached_property
    def families(self) -> Mapping[str, TextFamily]:
        """Generators that are trained, by name."""
        from gannb.media.text.writers.family import FAMILIES

        return FAMILIES

    def trained(self, family: str) -> type[Writer]:
        """What writes sentences, in the one loop of all GANs."""
        from gannb.media.text.writers.writer import Writer

        return Writer

    @cached_property
    def controls(self) -> Mapping[str, type[Simple]]:
        """Generators without a GAN by name."""
        from gannb.media.text.controls import CONTROLS

        return CONTROLS

    def default_family(self, shape: Shape) -> str:
        """MaskGAN."""
        return "maskgan"

    def classifier(self, name: str, shape: Shape, n_classes: int) -> nn.Module:
        """See `gannb.media.text.classifiers.build`."""
        from gannb.media.text.classifiers import build

        return build(name, n_classes)

    def classifier_features(self, network: nn.Module, batch: Tensor) -> Tensor:
        """What `word_cnn` feeds to its last layer: (N, T, W) -> (N, D)."""
        return network.features(batch)

    def classifier_head(self, network: nn.Module) -> nn.Linear:
        """The last layer of `word_cnn`."""
        return network.head

    usual: Mapping[str, str] = {"pretrained": ENCODER}

    @cached_property
    def pretrained(self) -> Pretrained:
        """Sentence encoders; see `gannb.media.text.pretrained`."""
        from gannb.media.text import pretrained

        return pretrained

    # ---- measuring

    raw_space = "word pairs"

    def raw_features(self, x: np.ndarray) -> np.ndarray:
        """See `gannb.media.text.features.word_pairs`."""
        from gannb.media.text.features import word_pairs

        return word_pairs(x)

    def exact_features(self, x: np.ndarray) -> np.ndarray:
        """See `gannb.media.text.features.counts`."""
        from gannb.media.text.features import counts

        return counts(x)

    spaces: Mapping[str, FurtherSpace] = {}

    measured_as: Mapping[str, Any] = {"fluency": 2, "identical": 1}
    measures: Mapping[str, tuple[str, str]] = {
        "perplexity": (
            ".0f", "Of these sentences under a trigram model of unseen real ones: low where they read like those. "
            "GAN-train does not see it: classifiers learn nearly as much from bags of words as from fluent sentences. "
            "Unseen real sentences have words that no training sentence has: those that no sentence of the model has, "
            "either, make their own perplexity high, and made sentences have none of these.",
        ),
        "reverse_perplexity": (
            ".0f", "Of unseen real sentences under a trigram model of these: low where these hold what real ones hold.",
        ),
        "self_bleu": (
            ".2f", "How far a sentence is made of runs of the others, 0 to 1 (BLEU-4): high where they are alike.",
        ),
        "longest_run": (
            ".1f", "Words in a row that a sentence has in common with a training one, at most; the median of all.",
        ),
        "run_share": (".2f", "That longest run as a share of the sentence, mean of all: 1 is copies."),
    }  # fmt: skip

    def measured(
        self, made: Examples, unseen: Examples, train: Examples, learnt: Path | None = None
    ) -> dict[str, float]:
        """See `gannb.media.text.fluency.fluency`."""
        from gannb.media.text.fluency import fluency

        return fluency(made.x, unseen.x, train.x)

    def near_copies(self, x: np.ndarray, train: np.ndarray) -> np.ndarray:
        """See `gannb.media.text.features.near_copies`."""
        from gannb.media.text.features import near_copies

        return near_copies(x, train)

    def least_difference(self, shape: Shape) -> float:
        """Nothing is rounded."""
        return 0.0

    def alter(self, x: np.ndarray, seed: int = 0) -> np.ndarray:
        """See `gannb.media.text.shifts.altered`."""
        from gannb.media.text.shifts import altered

        return altered(x, seed)

    def blend(self, a: np.ndarray, b: np.ndarray, share: np.ndarray) -> None:
        """There is nothing between two sentences."""

    @cached_property
    def shifts(self) -> Mapping[str, tuple[str, Callable[[np.ndarray, int], np.ndarray]]]:
        """What each shift means, and the function (items, seed) -> items."""
        from gannb.media.text.shifts import SHIFTS, shifted

        return {
            kind: (meaning, lambda x, seed, kind=kind: shifted(x, kind, seed)) for kind, (meaning, _) in SHIFTS.items()
        }

    # ---- showing

    phrases = Phrases(
        classical="words left out, exchanged or made unknown",
        altered="two words exchanged, one left out or said twice",
        duplicates="with the same words as a training sentence, whatever their letter case and punctuation",
        unseen_copies="Reworded or translated",
        taken="written",
        pretrained="it reads words in small letters",
        transfer="A frozen sentence encoder that was trained on other texts, with a layer trained on the draw",
        elsewhere="other people or another way of typing",
        overlooked="sentences that say the same in other words are not searched for",
        nearly="by no more than a quarter of its words, left out, added, put in others' places or exchanged",
    )

    def grid(self, grid: Grid, ax: Axes | None = None) -> Axes:
        """See `gannb.media.text.display.draw`."""
        from gannb.media.text.display import draw

        return draw(grid, ax)

    def html(self, grid: Grid) -> str:
        """See `gannb.media.text.display.html`."""
        from gannb.media.text.display import html

        return html(grid)

    def size_text(self, shape: Shape) -> str:
        """`up to 32 words`."""
        return f"up to {self.max_tokens} words"

    def shape_text(self, shape: Shape) -> str:
        """`up to 32 words and punctuation marks`."""
        return f"{self.size_text(shape)} and punctuation marks"

    # ---- export

    suffixes = (".txt",)
    readable = (".txt",)

    def files(self, item: np.ndarray) -> Mapping[str, bytes]:
        """A sentence as UTF-8."""
        from gannb.media.text.export import encode

        return {".txt": encode(str(item))}

    in_cells = True
    hub_feature: Mapping[str, Any] = {"dtype": "string", "_type": "Value"}
    hub_task = "text-classification"

    @cached_property
    def reading_code(self) -> Mapping[str, str]:
        """See `gannb.media.text.export.READING`."""
        from gannb.media.text.export import READING

        return READING


@lru_cache
def _of(max_tokens: int = MAX_TOKENS) -> Texts:
    """One medium for all who have items of these traits, so that what it keeps is made once."""
    return Texts(max_tokens)


TEXT = _of()
