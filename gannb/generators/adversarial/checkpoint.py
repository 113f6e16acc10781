"""Checkpoints: one safetensors file with JSON as its metadata, so that one rename does it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gannb.data.examples import Examples
from gannb.generators.adversarial.family import plain_policy
from gannb.generators.adversarial.training import Training
from gannb.generators.interface import WEIGHTS
from gannb.utils.errors import InputError
from gannb.utils.files import sha256_of, write_bytes

State = tuple[dict[str, Tensor], dict[str, Any]]


class DamagedCheckpoint(Exception):
    """A checkpoint that cannot be read back whole."""


def identity(training: Training, draw: Examples) -> dict[str, Any]:
    """What a checkpoint must agree in to be continued."""
    about = {
        "family": training.family.name,
        "settings": training.family.settings(),
        "networks": [list(p.shape) for n in training.optimisers for p in getattr(training, n).parameters()],
        "policy": plain_policy(training.policy),
        "adaptive": training.adaptive,
        "steps": training.job.steps,
        "seed": training.job.seed,
        "draw": _draw_digest(draw),
        "shape": draw.shape,
        "classes": draw.n_classes,
    }
    start = training.job.start
    if start is not None and start.classes is not None:
        weights = sha256_of(start.folder / WEIGHTS)
        about["start"] = {"weights": weights, "classes": start.classes, "frozen": start.frozen}
    return json.loads(json.dumps(about))


def _draw_digest(draw: Examples) -> str:
    captions = b"" if draw.captions is None else draw.captions.tobytes()
    return hashlib.sha256(draw.x.tobytes() + draw.y.tobytes() + captions).hexdigest()


def write_checkpoint(path: Path, state: State, about: dict[str, Any]) -> None:
    """Write the state under a temporary name, wait for the disk, rename; a killed writer leaves the old one."""
    tensors, values = state
    tensors = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps({"about": about, "values": values, "digest": _digest(tensors, about, values)})
    write_bytes(path, safetensors.torch.save(tensors, {"gannb": text}))


def read_checkpoint(path: Path, about: dict[str, Any]) -> State:
    """Return what was written.

    Raises DamagedCheckpoint where the file cannot be read whole, InputError where it belongs to another training.
    """
    try:
        with safe_open(path, "pt") as file:
            stored = json.loads(file.metadata()["gannb"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        written, values = stored["about"], stored["values"]
        if stored["digest"] != _digest(tensors, written, values):
            raise ValueError("its content does not match its digest")
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedCheckpoint(f"{path}: {error}") from error
    if written != about:
        differing = sorted(k for k in about if written.get(k) != about[k])
        raise InputError(f"{path} is of another training ({', '.join(differing)} differ): move it away.")
    return tensors, values


def _digest(tensors: dict[str, Tensor], about: dict[str, Any], values: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps([about, values]).encode())
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].numpy().tobytes())
    return digest.hexdigest()
