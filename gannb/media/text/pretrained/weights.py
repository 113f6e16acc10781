"""Finding a sentence encoder: in the hub's cache or in a folder. Nothing is fetched, and nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from gannb.media.parameters import ALONE
from gannb.media.weights import Noted
from gannb.utils.errors import InputError, unreadable
from gannb.utils.files import sha256_once

PACKAGE, EXTRA = "sentence_transformers", "gannb[sentences]"
ORGANISATION = "sentence-transformers"  # of the hub, where a name has none
CONFIG, MODULES = "config.json", "modules.json"
READ = frozenset({".json", ".txt", ".safetensors", ".model", ".vocab"})  # suffixes of what an encoder consists of
PICKLED = frozenset({".bin", ".pt", ".pth", ".pkl", ".ckpt"})
OTHER_FORMS = frozenset({"onnx", "openvino", ".git", ".cache"})  # folders of what is not read


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
