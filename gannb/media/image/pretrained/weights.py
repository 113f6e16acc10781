"""Finding the weights of pretrained networks, in the hub's cache or in files. Nothing is fetched, nothing unpickled.

timm, whose import takes seconds, is imported where weights are there: without them nothing of it is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.constants import HF_HUB_CACHE

from gannb.media.parameters import PRETRAINED
from gannb.media.weights import Noted
from gannb.utils.errors import InputError, unreadable
from gannb.utils.files import sha256_once
from gannb.utils.naming import nearest

HUB_FILE, HUB_CONFIG = "model.safetensors", "config.json"
Summary = dict[str, Any]


@dataclass(frozen=True)
class Weights:
    """A timm network and the file of its weights."""

    network: str  # timm's name, with the tag of the weights where it is the hub's
    file: str  # .safetensors
    digest: str  # sha256 of the file's content and of how it is used
    model_args: Summary  # what the network is built with besides
    settings: Summary  # input_size (C, H, W), mean, std, interpolation, where they are not timm's own

    @property
    def place(self) -> str:
        """The file that they are read from."""
        return self.file

    def is_meant_by(self, pretrained: str) -> bool:
        """Tell whether a study's `pretrained` (see `find`) means this network with this file, which may be gone."""
        name, equals, file = pretrained.partition("=")
        if equals:
            return (self.network, self.file) == (name, os.path.abspath(file))
        if "/" in pretrained:
            return self.file == os.path.abspath(Path(pretrained) / HUB_FILE)
        return self.network == pretrained and not self.model_args and not self.settings


def find(pretrained: str) -> Weights | None:
    """Return the weights meant by a study's `pretrained`; None for those of the hub that are not on this machine.

    pretrained: a timm name (`mobilenetv2_100`, `vgg19.tv_in1k`), a folder in the hub's form (config.json and
    model.safetensors), or NAME=FILE.safetensors.

    Raises:
        InputError: no such network or file, or not in this form.
    """
    name, equals, file = pretrained.partition("=")
    if equals:
        _checked_name(name)
        return _weights(name, Path(file), {}, {})
    if "/" in pretrained:
        return _from_folder(Path(pretrained))
    if pretrained == PRETRAINED and not _is_cached_in_any_form(pretrained):
        return None  # without timm, whose import takes seconds
    config = _checked_name(pretrained)
    file, _ = _in_cache(config.hf_hub_id)
    return _weights(pretrained, file, {}, {}) if file else None


def _is_cached_in_any_form(name: str) -> bool:
    return any(Path(HF_HUB_CACHE).glob(f"models--timm--{name}.*"))


def _in_cache(hub_id: str | None) -> tuple[Path | None, str]:
    """Return a network's file in the hub's cache, else why it cannot be read; neither where there is none."""
    if not hub_id:
        return None, ""
    try:
        found = try_to_load_from_cache(hub_id, HUB_FILE)
        if isinstance(found, str):
            fault = _fault_of(Path(found))
            return (None, fault) if fault else (Path(found), "")
        for part in ("", "refs", "snapshots"):  # to the hub, what may not be read is not there
            os.listdir(Path(HF_HUB_CACHE, f"models--{hub_id.replace('/', '--')}", part))
    except (FileNotFoundError, NotADirectoryError):
        return None, ""
    except OSError as error:
        return None, _unread(error)
    return None, ""


def _unread(error: OSError) -> str:
    return f"{error.filename or HF_HUB_CACHE} cannot be read ({(error.strerror or str(error)).lower()})"


def _fault_of(file: Path) -> str:
    """Return why a .safetensors file is not whole, by its header alone; empty where it is. Raises OSError.

    It begins with the header's length, 8 bytes, and the header, JSON that says where each tensor begins and ends.
    """
    with open(file, "rb") as stream:
        size, length = os.fstat(stream.fileno()).st_size, int.from_bytes(stream.read(8), "little")
        header = stream.read(min(length, size))
    try:
        tensors = [about for name, about in json.loads(header).items() if name != "__metadata__"]
        ends = 8 + length + max(about["data_offsets"][1] for about in tensors)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return f"{file} is damaged"
    return "" if ends == size else f"{file} is cut short"


def missing_sentence(pretrained: str, begun: bool = False) -> str:
    """Return what is missing where the weights are not there, and how to get it.

    begun: some of the study's trials were made with them, before they went.
    """
    problem = "Fine-tuning stays as far as it is" if begun else "Fine-tuning is left out"
    if fault := _fault_in_cache(pretrained):
        return f"{problem}: {fault}; see to that, or set pretrained to a folder that has the weights of {pretrained}."
    once = f"get them once with `python -c \"import timm; timm.create_model('{pretrained}', pretrained=True)\"`"
    way = "put them back" if "=" in pretrained or "/" in pretrained else once
    return (
        f"{problem}: the weights of {pretrained} are not on this machine; {way}, or set pretrained to a folder that "
        "has them."
    )


def _fault_in_cache(pretrained: str) -> str:
    """Return why a network's file in the hub's cache cannot be read; empty where it can, or there is none."""
    if "=" in pretrained or "/" in pretrained:
        return ""
    try:
        names = [name.removeprefix("models--timm--") for name in os.listdir(HF_HUB_CACHE)]
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return _unread(error)
    found = (_in_cache(f"timm/{name}")[1] for name in names if name == pretrained or name.startswith(f"{pretrained}."))
    return next(filter(None, found), "")


def _checked_name(name: str) -> Any:
    """Return timm's description of a network's pretrained weights; InputError where it has none of that name."""
    import timm

    try:
        return timm.get_pretrained_cfg(name, allow_unregistered=False)
    except RuntimeError:
        known = [*timm.list_pretrained(), *timm.list_models(pretrained=True)]
        hint = nearest(name, known, most=3) or "use a timm network's name."
        raise InputError(f"pretrained: timm has no weights for a network {name!r}; {hint}") from None


def _from_folder(folder: Path) -> Weights:
    try:
        about = json.loads((folder / HUB_CONFIG).read_text(encoding="utf-8"))
        name, config = str(about["architecture"]), dict(about.get("pretrained_cfg", {}))
        arguments = dict(about.get("model_args", {}))
    except FileNotFoundError:
        raise InputError(f"pretrained: {folder} has no {HUB_CONFIG}; it needs that and {HUB_FILE}.") from None
    except OSError as error:
        problem = f"cannot be read ({(error.strerror or str(error)).lower()})."
        raise unreadable(f"pretrained: {folder / HUB_CONFIG}", error, problem) from None
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        problem = "cannot be read; it needs the timm name as `architecture`, and `pretrained_cfg`"
        raise InputError(f"pretrained: {folder / HUB_CONFIG} {problem}.") from None
    settings = {k: config[k] for k in ("input_size", "mean", "std", "interpolation") if k in config}
    _checked_name(name)
    return _weights(name, folder / HUB_FILE, arguments, settings)


def _weights(name: str, file: Path, arguments: Summary, settings: Summary) -> Weights:
    file = Path(os.path.abspath(file))  # in the hub's cache it is a link to a file without a suffix
    if not file.is_file():
        raise InputError(f"pretrained: there is no file {file}; give a .safetensors file with the weights of {name}.")
    if file.suffix != ".safetensors":
        raise InputError(f"pretrained: {file} is no .safetensors file, and others are not opened; convert it first.")
    try:
        digest = hashlib.sha256(json.dumps([name, sha256_once(file)]).encode())
    except OSError as error:
        problem = f"cannot be read ({(error.strerror or str(error)).lower()})."
        raise unreadable(f"pretrained: {file}", error, problem) from None
    digest.update(json.dumps([arguments, settings], sort_keys=True).encode())
    return Weights(name, str(file), digest.hexdigest()[:16], arguments, settings)


_noted = Noted(Weights, lambda noted: _weights(noted.network, Path(noted.file), noted.model_args, noted.settings))
keep, recall, kept = _noted.keep, _noted.recall, _noted.kept
