"""A GAN trained elsewhere: weights of one of the kit's families, or a function that somebody has named by hand.

Weights are opened as safetensors alone; of a function it is checked what it makes before anything is trained.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gannb.data.examples import Dataset
from gannb.data.medium import Medium
from gannb.generators.external import open_network, read_weights
from gannb.generators.interface import RECORD, WEIGHTS
from gannb.generators.variations import TUNED
from gannb.media import medium_of
from gannb.study.folder import UNITS, sweep_of
from gannb.study.model import Study
from gannb.study.source import Source, about_of, classes_text, match_classes
from gannb.utils import trust
from gannb.utils.errors import InputError, unreadable
from gannb.utils.files import sha256_of
from gannb.utils.keys import digest
from gannb.utils.trust import check_shape, is_import_path, source_hash

PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib", ".tar", ".h5", ".keras")
MOST_CLASSES = 100_000  # of a generator
TRIED = 2  # items per class that a generator makes when it is checked


def read_foreign(study: Study, dataset: Dataset) -> Source:
    """Read, check and match the GAN that `foreign` names. Raises InputError where it cannot serve, with the way out."""
    given = str(study.foreign)
    return _function(study, dataset) if is_import_path(given) else _weights(study, dataset)


def _weights(study: Study, dataset: Dataset) -> Source:
    """Read a family's weights: the file is opened as safetensors alone, and its description checked before it."""
    file, description = find_weights(Path(str(study.foreign)))
    medium, pool = medium_of(dataset), dataset.pool
    config = read_description(description, medium)
    check_shape(file.name, config["shape"], pool.shape, medium.way_to_shape)
    labels = match_classes(config["classes"], pool.classes, study.foreign_classes, "foreign")
    tensors, judging = read_weights(file)
    network = medium, config["generator"], config["shape"], len(config["classes"])
    open_network(*network, tensors)
    goes_on = _goes_on(judging, *network)
    content = sha256_of(file)
    text = f"{file.name}, family {config['generator']}, SHA-256 {content[:16]}. " + classes_text(
        config["classes"], pool.classes, labels, [len(each) for each in labels]
    )
    about = about_of(pool, labels, text) | {"family": config["generator"], "n_classes": len(config["classes"])}
    about |= {"same_data": config["fingerprint"] == dataset.fingerprint, "goes_on": goes_on}
    if goes_on:  # named as in a GAN's own file
        networks = {"average": tensors, "discriminator": judging}
        tensors = {f"{name}.{key}": value for name, of in networks.items() for key, value in of.items()}
    key = digest("weights", content, config["generator"], len(config["classes"]), labels, pool.classes)
    return Source("foreign", key, about, {WEIGHTS: lambda to: _save_weights(to, tensors)})


def _goes_on(judging: dict[str, Any], medium: Medium, family: str, shape: tuple[int, ...], n_classes: int) -> bool:
    """Tell whether a GAN can go on training: its discriminator is there, fits, and looks through no other network."""
    found = medium.families[family]
    if not judging or found.needs_weights or TUNED not in found.variations:
        return False
    try:
        open_network(medium, family, shape, n_classes, judging, discriminator=True)
    except InputError:
        return False
    return True


def _save_weights(to: Path, tensors: dict[str, Any]) -> None:
    from safetensors.torch import save_file  # takes torch; a study without weights of its own does without

    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, to)


def find_weights(path: Path) -> tuple[Path, Path]:
    """Return a generator's weights and its description: of a file, a folder that holds one, or a study's folder.

    Raises:
        InputError: there is none, or only a pickle, which is never opened.
    """
    try:
        candidates = list(path.iterdir()) if path.is_dir() and not (path / WEIGHTS).is_file() else [path]
    except OSError as error:
        raise unreadable(f"foreign: {path}", error, f"cannot be opened ({error.strerror}).") from None
    if pickle := next((each for each in candidates if each.suffix.lower() in PICKLES), None):
        raise InputError(
            f"foreign: {pickle.name} is of a kind that can run code when it is opened (a pickle), so it is never "
            "opened here; save the generator's weights with safetensors.torch.save_file, beside a generator.json."
        )
    if path.is_dir():
        if not (path / RECORD).is_file() and (path / "study.json").is_file():
            path = _gan_of_study(path)
        pair = path / WEIGHTS, path / RECORD
    else:
        beside = path.with_suffix(".json")
        pair = path, beside if beside.is_file() else path.with_name(RECORD)
    missing = next((each for each in pair if not each.is_file()), None)
    if missing or pair[0].suffix != ".safetensors":
        what = f"there is no {missing}" if missing else f"{path.name} is no .safetensors file"
        raise InputError(
            f"foreign: {what}; give the folder of another study, a folder with {WEIGHTS} and generator.json, or such a "
            "file with its .json beside it."
        )
    return pair


def _gan_of_study(folder: Path) -> Path:
    """Return the folder of a study's GAN: that of its first trial, the one made last if there are several."""
    if sweep := sweep_of(folder.resolve()):
        raise InputError(
            f"foreign: {folder} is a study of the sweep {sweep.name}, whose GANs lie together; give the folder of the "
            f"GAN itself, one of those in {sweep / UNITS / 'trials'}."
        )
    family = _json(folder / "study.json").get("resolved", {}).get("gan", "")
    own = re.compile(f"{re.escape(family) or '[^-]+'}-[0-9a-f]{{16}}")  # and no GAN of outliers, which has a class more
    made = [file for file in folder.glob(f"trials/*/*/{WEIGHTS}") if own.fullmatch(file.parent.name)]
    made.sort(key=lambda f: (f.parts[-3], -f.stat().st_mtime_ns))
    if not made:
        raise InputError(f"foreign: the study in {folder} has trained no GAN yet; run its notebook 02 first.")
    return made[0].parent


def read_description(file: Path, medium: Medium) -> dict[str, Any]:
    """Return a generator.json, checked: `generator` (a family), `shape` (of an item), `classes` (their names).

    Names that it does not hold are taken from the study that it lies in, else they are numbers. Raises InputError.
    """
    config = _json(file)
    family, shape, study = config.get("generator"), config.get("shape"), _study_around(file)
    if family not in list(medium.families):
        names = ", ".join(medium.families)
        raise InputError(f"foreign: {file} is of a generator {family!r}, which is no GAN family; it takes {names}.")
    if fault := medium.fault_of_shape(shape):
        raise InputError(f"foreign: {file} says shape {shape!r}; {fault}.")
    try:
        medium.families[family].check(tuple(shape), medium.families)
    except InputError as error:
        raise InputError(str(error).replace("gan:", "foreign:", 1)) from None
    origin = config.get("fingerprint") or study.get("fingerprint")
    classes = _classes_in(file, config, study)
    return {"generator": family, "shape": tuple(shape), "classes": classes, "fingerprint": origin}


def _classes_in(file: Path, config: dict[str, Any], study: dict[str, Any]) -> list[str]:
    names = config.get("classes") or study.get("resolved", {}).get("classes")
    count = config.get("n_classes", len(names) if isinstance(names, list) else None)
    if not isinstance(count, int) or not 1 <= count <= MOST_CLASSES:
        raise InputError(f"foreign: {file} says n_classes {count!r}; give the number of its classes, or their names.")
    names = list(map(str, names if isinstance(names, list) else range(count)))
    if len(names) != count or len(set(names)) != count:
        raise InputError(f"foreign: {file} says n_classes {count} and {len(set(names))} names of classes; mend it.")
    return names


def _study_around(file: Path) -> dict[str, Any]:
    """Return what is recorded of the study that a file lies in, at the most three folders up; nothing if in none."""
    records = (folder / "study.json" for folder in list(file.parents)[:4])
    return next((_json(record) for record in records if record.is_file()), {})


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise unreadable(f"foreign: {file}", error, f"cannot be read ({error}); write it again.") from None
    if not isinstance(content, dict):
        raise InputError(f"foreign: {file} does not hold a description; it takes generator, shape and classes.")
    return content


def _function(study: Study, dataset: Dataset) -> Source:
    """Check a function: it is imported, and makes a few items of every class, twice the same."""
    path, pool, medium = str(study.foreign), dataset.pool, medium_of(dataset)
    make, content = trust.load(path), source_hash(path)
    names = _names_of(make, study, pool.classes)
    labels = match_classes(names, pool.classes, study.foreign_classes, "foreign")
    theirs = np.repeat([number for numbers in labels for number in numbers], TRIED)
    asked = make, theirs, 0, pool.shape, medium.dtype, medium.way_to_shape
    first, second = (trust.call(path, *asked) for _ in range(2))
    if not np.array_equal(first, second):
        raise InputError(f"foreign: {path} gives other items for the same labels and seed; draw them from the seed.")
    if fault := medium.fault_of_levels(first):
        raise InputError(f"foreign: {path} makes {fault}; give {medium.levels}.")
    text = f"The function {path}, SHA-256 of its file {content[:16]} (what that imports or opens is not in it). "
    text += classes_text(names, pool.classes, labels, [len(each) for each in labels])
    about = about_of(pool, labels, text) | {"function": path, "sha256": content}
    return Source("foreign", digest("function", path, content, labels, pool.classes), about)


def _names_of(make: trust.Make, study: Study, ours: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a function's classes: its attribute `classes`, else the numbers that anybody speaks of."""
    names = getattr(make, "classes", None)
    if names is not None and len(names):
        return tuple(map(str, names))
    spoken = [part.partition("=")[0].strip() for part in (study.foreign_classes or "").split(",")]
    numbers = [int(each) for each in (*spoken, *ours) if each.isascii() and each.isdecimal() and len(each) < 6]
    if not numbers:
        raise InputError(
            f"foreign: {study.foreign} does not name its classes; give it an attribute `classes`, or say its numbers, "
            f"as foreign_classes=0={ours[0]},1={ours[-1]}."
        )
    return tuple(map(str, range(max(numbers) + 1)))
