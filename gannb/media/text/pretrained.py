"""A sentence encoder trained elsewhere, frozen: finding it, its features of sentences, and the classifier on these.

It is read by sentence-transformers (Reimers & Gurevych 2019, "Sentence-BERT"), which knows how each encoder pools the
states of its words; that package is optional, and imported where an encoder is at work. Encoders come from the hub's
cache or from a folder; nothing is fetched here, and nothing is unpickled.

The classifier is a layer on the encoder's features, and its class probabilities are multiplied with those of `tfidf`,
which was the best way measured: words that tell classes apart and meanings that do so are different evidence
(`../shared/REFERENCES.md`, section 9). `alone=NAME` has the layer without TF-IDF.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from huggingface_hub import try_to_load_from_cache
from torch import Tensor, nn

from gannb.classifiers.heads import RATE, fitted_head, set_head
from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import LEARNING_RATE, Recipe, Start
from gannb.media.parameters import ALONE
from gannb.media.text.classifiers import TfIdf
from gannb.media.text.tokens import UNKNOWN_HASH, tokens, word_of
from gannb.media.weights import Noted
from gannb.utils.errors import InputError, unreadable
from gannb.utils.files import sha256_once

if TYPE_CHECKING:
    from gannb.data.examples import Examples

PACKAGE, EXTRA = "sentence_transformers", "gannb[sentences]"
ORGANISATION = "sentence-transformers"  # of the hub, where a name has none
CONFIG, MODULES = "config.json", "modules.json"
READ = frozenset({".json", ".txt", ".safetensors", ".model", ".vocab"})  # suffixes of what an encoder consists of
PICKLED = frozenset({".bin", ".pt", ".pth", ".pkl", ".ckpt"})
OTHER_FORMS = frozenset({"onnx", "openvino", ".git", ".cache"})  # folders of what is not read
AT_ONCE = 64  # sentences in a forward pass
MOST_KNOWN = 50_000  # sentences whose features a process keeps
Summary = dict[str, Any]


@dataclass(frozen=True)
class Weights:
    """A sentence encoder, and the way in which it is used."""

    network: str  # its name
    file: str  # of its weights, .safetensors
    digest: str  # sha256 of all its files and of the way
    folder: str
    alone: bool

    @property
    def place(self) -> str:
        """The folder that it is read from."""
        return self.folder

    def is_meant_by(self, pretrained: str) -> bool:
        """Tell whether a study's `pretrained` (see `find`) means this encoder in this way; its files may be gone."""
        name, alone = _parted(pretrained)
        same = self.folder == os.path.abspath(name) if _is_folder(name) else self.network == name
        return same and self.alone == alone


def _parted(pretrained: str) -> tuple[str, bool]:
    """Return what `pretrained` names, and whether it is to be used alone. Raises InputError for another way."""
    way, equals, name = pretrained.partition("=")
    if equals and way != ALONE:
        raise InputError(f"pretrained: {way}= is no way to use a sentence encoder; use {ALONE}={name}, or {name}.")
    return (name, True) if equals else (pretrained, False)


def _is_folder(name: str) -> bool:
    return name.startswith(("/", ".", "~")) or os.path.isabs(name) or os.path.isdir(name)


# ---- finding it ----


def find(pretrained: str) -> Weights | None:
    """Return the encoder meant by a study's `pretrained`; None where it, or what reads it, is not on this machine.

    pretrained: a name of the hub (`all-MiniLM-L6-v2`, `BAAI/bge-small-en-v1.5`) or a folder, and `alone=` before it
    where it is not to be multiplied with TF-IDF.

    Raises:
        InputError: the folder holds no encoder, or one that is not read here.
    """
    name, alone = _parted(pretrained)
    if find_spec(PACKAGE) is None:
        return None
    if _is_folder(name):
        return _weights(Path(os.path.abspath(name)), Path(name).name, alone)
    folder = _in_cache(name)
    return None if folder is None else _weights(folder, name, alone)


def _in_cache(name: str) -> Path | None:
    """Return the folder of an encoder in the hub's cache; None where it is not there, or without weights."""
    hub_id = name if "/" in name else f"{ORGANISATION}/{name}"
    try:
        found = try_to_load_from_cache(hub_id, CONFIG)
    except (OSError, ValueError):  # a cache that may not be read; a text that is no name
        return None
    folder = Path(found).parent if isinstance(found, str) else None
    return folder if folder is not None and _files_of_weights(folder) else None


def _files_of_weights(folder: Path) -> list[Path]:
    """Return the .safetensors files of an encoder, those of its first part before others."""
    return sorted((f for f in _files(folder) if f.suffix == ".safetensors"), key=lambda f: (len(f.parts), f))


def _files(folder: Path) -> list[Path]:
    """Return the files below a folder, but for other forms of the same weights."""
    return sorted(
        Path(top) / name
        for top, _, names in os.walk(folder, followlinks=True)
        if not OTHER_FORMS & set(Path(top).relative_to(folder).parts)
        for name in names
    )


def _weights(folder: Path, name: str, alone: bool) -> Weights:
    if not folder.is_dir():
        raise InputError(f"pretrained: there is no folder {folder}; give one that a sentence encoder was saved to.")
    try:
        files = _files(folder)
        _check_files(folder, files)
        read = [(file.relative_to(folder).as_posix(), file) for file in files if file.suffix in READ]
        content = [[name, sha256_once(file)] for name, file in read]
    except OSError as error:
        problem = f"cannot be read ({(error.strerror or str(error)).lower()})."
        raise unreadable(f"pretrained: {error.filename or folder}", error, problem) from None
    digest = hashlib.sha256(json.dumps([content, alone]).encode()).hexdigest()[:16]
    return Weights(name, str(_files_of_weights(folder)[0]), digest, str(folder), alone)


def _check_files(folder: Path, files: Sequence[Path]) -> None:
    """Refuse a folder that holds no encoder, or one of which something would have to be unpickled or run."""
    if not any(file.name == CONFIG for file in files):
        raise InputError(f"pretrained: {folder} has no {CONFIG}; give a folder that a sentence encoder was saved to.")
    safe = {file.parent for file in files if file.suffix == ".safetensors"}
    if not safe or any(file.suffix in PICKLED and file.parent not in safe for file in files):
        raise InputError(
            f"pretrained: {folder} has weights that are not .safetensors, and others are not opened; save it again "
            "with sentence-transformers."
        )
    try:
        modules = json.loads((folder / MODULES).read_text(encoding="utf-8")) if (folder / MODULES).is_file() else []
        foreign = [kind for kind in (str(part["type"]) for part in modules) if not kind.startswith(f"{PACKAGE}.")]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"pretrained: {folder / MODULES} is damaged; save the encoder again.") from None
    if foreign:
        raise InputError(f"pretrained: {folder} needs code of its own ({foreign[0]}), which is not run; use another.")


_noted = Noted(Weights, lambda noted: _weights(Path(noted.folder), noted.network, noted.alone))
keep, recall, kept = _noted.keep, _noted.recall, _noted.kept


def missing_sentence(pretrained: str, begun: bool = False) -> str:
    """Return what is missing where there is no encoder, and how to get it.

    begun: some of the study's trials were made with it, before it went.
    """
    problem = "The sentence encoder stays as far as it is" if begun else "The sentence encoder is left out"
    name, _ = _parted(pretrained)
    once = f"`python -c \"from sentence_transformers import SentenceTransformer; SentenceTransformer('{name}')\"`"
    if find_spec(PACKAGE) is None:
        then = "" if _is_folder(name) else f", then get the weights of {name} once with {once}"
        return f"{problem}: it needs the package sentence-transformers; pip install '{EXTRA}'{then}."
    way = "put them back" if _is_folder(name) else f"get them once with {once}"
    return (
        f"{problem}: the weights of {name} (.safetensors) are not on this machine; {way}, or set pretrained to a "
        "folder that has them."
    )


# ---- the encoder ----


class Encoder:
    """A frozen encoder on a device: texts -> features. What it has once read it knows."""

    def __init__(self, folder: str, device: str) -> None:
        self.model, self.known = _load(folder, device), {}

    def __call__(
        self, texts: Sequence[str], progress: Callable[[int, int], None] = lambda done, total: None
    ) -> np.ndarray:
        """N texts -> (N, D) float32."""
        if len(self.known) > MOST_KNOWN:
            self.known.clear()
        new = list(dict.fromkeys(text for text in texts if text not in self.known))
        for start in range(0, len(new), AT_ONCE):
            part = new[start : start + AT_ONCE]
            features = self.model.encode(part, batch_size=AT_ONCE, show_progress_bar=False, convert_to_numpy=True)
            self.known |= zip(part, np.asarray(features, np.float32), strict=True)
            progress(start + len(part), len(new))
        return np.stack([self.known[text] for text in texts])


def _load(folder: str, device: str) -> Any:
    """Return what sentence-transformers reads. Raises InputError where the package is missing, or it cannot."""
    if find_spec(PACKAGE) is None:
        raise InputError(f"pretrained: a sentence encoder needs sentence-transformers; pip install '{EXTRA}'.")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as said

    said.disable_progress_bar()
    said.set_verbosity_error()
    logging.getLogger(PACKAGE).setLevel(logging.ERROR)
    try:
        safe = {"use_safetensors": True}
        return SentenceTransformer(folder, device=device, local_files_only=True, model_kwargs=safe).eval()
    except Exception as error:  # the libraries below raise many kinds for files that do not fit
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"pretrained: {folder} does not hold a sentence encoder that can be read ({reason}); save it again with "
            "sentence-transformers."
        ) from None


@lru_cache(maxsize=2)
def _encoder(folder: str, digest: str, device: str) -> Encoder:
    """One encoder for all networks of a process that take it. digest: of its files, which may change."""
    return Encoder(folder, device)


def _encoder_of(weights: Weights, device: str) -> Encoder:
    return _encoder(weights.folder, weights.digest, device)


def as_read(text: str) -> str:
    """Return a sentence as the encoder is given it, and as hashes can give it again: words in small letters."""
    return " ".join(tokens(text))


def frozen_features(
    weights: Weights,
    x: np.ndarray,
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Return what the encoder makes of sentences: (N,) -> (N, D) float32."""
    return _encoder_of(weights, device)([as_read(str(text)) for text in x], progress)


def features_width(weights: Weights) -> int:
    """Return D, the number of features of a sentence."""
    return frozen_features(weights, np.array(["a"])).shape[1]


def check(weights: Weights, n_classes: int) -> None:
    """Read the encoder. Raises InputError where that cannot be done."""
    features_width(weights)


def layers(weights: Weights) -> int:
    """Return 1: of the items that are generated nothing learns but the layer on the frozen features."""
    return 1


def weights_text(weights: Weights) -> str:
    """Return in words what encoder it is and how it is used."""
    way = "alone" if weights.alone else "its class probabilities multiplied with those of tfidf"
    return f"the sentence encoder {weights.network}, frozen, {way}"


def training_text(weights: Weights, steps: int) -> str:
    """Return what follows after the layer on frozen features has been fitted."""
    what = "this layer" if weights.alone else "tfidf beside it"
    return f"{what} for {steps:,} steps with the arm's augmentation; the encoder stays as it is."


# ---- the classifier ----


class Encoded(nn.Module):
    """A layer on the features of a frozen encoder, by itself or with `tfidf`: hashes (N, T, W) -> (N, K) logits.

    With `tfidf` the two are trained apart, and their class probabilities multiplied where it predicts. The encoder is
    no part of the network's state.
    """

    def __init__(self, weights: Weights, n_classes: int, width: int) -> None:
        super().__init__()
        self.weights = weights
        self.head = nn.utils.skip_init(nn.Linear, width, n_classes)  # it is given its values; `tfidf` draws its own
        self.words = None if weights.alone else TfIdf(n_classes)

    def features(self, x: Tensor) -> Tensor:
        """Return what the encoder makes of sentences: (N, T, W) -> (N, D)."""
        encoder = _encoder_of(self.weights, str(x.device))
        return torch.from_numpy(encoder([_as_text(row) for row in x[..., 0].tolist()])).to(x.device)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits: hashes (N, T, W) -> (N, K); of `tfidf` alone while that is trained."""
        if self.words is None:
            return self.head(self.features(x))
        if self.training:
            return self.words(x)
        return self.head(self.features(x)).log_softmax(1) + self.words(x).log_softmax(1)

    def groups(self, rate: float) -> list[Summary]:
        """Return the parameters that are trained on, with their rate. rate: times the usual one."""
        if self.words is None:
            return [{"params": list(self.head.parameters()), "lr": rate * RATE}]
        return [{"params": list(self.words.parameters()), "lr": rate * LEARNING_RATE}]


def _as_text(hashes: Sequence[int]) -> str:
    """Return a sentence of the hashes of its words: without those that are left out or unknown."""
    return " ".join(word_of(number) for number in hashes if number not in (0, UNKNOWN_HASH))


def starting(weights: Weights, mixture: Mixture, features: np.ndarray) -> Start:
    """Return what gives the classifier to train on: with a layer fitted to frozen features, by logistic regression.

    features: (N, D) of the mixture's items, the real ones first.
    """
    head = fitted_head(mixture, features)

    def start(recipe: Recipe, items: Examples) -> tuple[nn.Module, list[Summary]]:
        network = Encoded(weights, items.n_classes, features.shape[1])
        set_head(network.head, head)
        if network.words is not None:
            network.words.prepare(recipe.medium.stored(items.x, "cpu"))
        return network, network.groups(recipe.rate)

    return start
