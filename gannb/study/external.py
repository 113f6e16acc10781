"""What a study is given beside its data: a GAN trained elsewhere, related real items, and unlabelled ones.

`foreign`, `related` and `unlabelled` become sources of items in all arms. Here they are found, checked, mapped onto the
study's classes where they have labels, and kept in the study's folder, as `NAME-KEY/`, for the units to read;
`gannb.generators.external` samples from what is kept. Of real items nothing gets in that the study has itself already.
Of related ones a GAN may also learn first (`pretrain`), in their own classes: those are kept beside.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from gannb.data.examples import Dataset, Examples
from gannb.data.groups import groups_if_known
from gannb.data.medium import Medium
from gannb.generators.external import ABOUT, PRETRAIN, open_network, read_weights
from gannb.generators.interface import RECORD, WEIGHTS
from gannb.generators.variations import TUNED
from gannb.media import MEDIA, medium_of
from gannb.study.folder import UNITS, sweep_of, units_folder
from gannb.study.model import Study, is_embedded
from gannb.utils import trust
from gannb.utils.errors import InputError, unreadable
from gannb.utils.files import files_at, read_json, read_noted, sha256_of, write_folder, write_json
from gannb.utils.keys import digest
from gannb.utils.naming import composed, few_of, near, nearest
from gannb.utils.trust import check_shape, is_import_path, is_trusted, source_hash

PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib", ".tar", ".h5", ".keras")
MOST_CLASSES = 100_000  # of a generator
LEAST_ITEMS = 2  # related ones that are left, in all
LEAST_LEARNT = 4  # of them that make a batch for a GAN
INDEX = "outside.json"  # in the study's folder: what was kept of which source, and as it was then
TRIED = 2  # items per class that a generator makes when it is checked


@dataclass(frozen=True, eq=False)
class Source:
    """An external source, read, checked and mapped onto the study's classes.

    name: of the parameter. key: of its content: of the weights, the function's source file, or the items that are left.
    about: JSON: what its generator needs, and `text`, what people are told of it. stamp: of its files before they were
    read; "" where what was kept before served.
    """

    name: str
    key: str
    about: dict[str, Any]
    files: dict[str, Callable[[Path], None]] = field(default_factory=dict)  # by name, what writes each
    stamp: str = ""

    @property
    def folder(self) -> str:
        """The kept folder's name within the study's."""
        return f"{self.name}-{self.key}"

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the study's classes that it has items of, or can have: of unlabelled ones it may be all."""
        if self.name in ("unlabelled", PRETRAIN):
            return tuple(self.about["classes"])
        has = self.about["counts" if "counts" in self.about else "labels"]  # of related items; of a GAN
        return tuple(name for name, some in zip(self.about["classes"], has, strict=True) if some)


# ---- found, or read ----


def load(study: Study, dataset: Dataset, data_key: str, own_copy: bool = False) -> dict[str, Source]:
    """Return a study's external sources by name, writing nothing.

    What the study has kept serves where the source has not changed since, is no longer there, or is a function that
    nobody has named by hand in this session. own_copy: it serves whatever has become of the source.

    Raises:
        InputError: a source cannot be used with these data; says why, and the way out.
    """
    return {name: _load(name, study, dataset, data_key, own_copy) for name in READERS if getattr(study, name)}


def _load(name: str, study: Study, dataset: Dataset, data_key: str, own_copy: bool) -> Source:
    key = _kept_key(name, study, data_key) if own_copy else _known(name, study, data_key)
    about = units_folder(study.folder) / f"{name}-{key}" / ABOUT
    if key and about.is_file():
        return Source(name, key, read_json(about))
    stamp = _stamp_of(name, study)  # of a later one nobody can say what was read
    return replace(READERS[name](study, dataset), stamp=stamp)


def _index(folder: Path) -> dict[str, dict[str, str]]:
    return read_noted(folder / INDEX)


def _wish(name: str, study: Study, data_key: str) -> str:
    """Return what identifies a source and the way that it is used, whatever is in it."""
    reading = [getattr(study, each) for each in MEDIA[study.medium].reading_like] if name != "foreign" else []
    classes = study.groups if name == "unlabelled" else getattr(study, f"{_parameter(name)}_classes")
    return digest(name, getattr(study, _parameter(name)), classes, reading, data_key)


def _parameter(name: str) -> str:
    """Return the parameter that says where a source is: of what GANs learn from first, what `pretrain` names."""
    return "related" if name == PRETRAIN else name


def _stamp_of(name: str, study: Study) -> str:
    """Return `_stamp` of a source, and of the file of groups where that says what is left out of it."""
    stamp, groups = _stamp(getattr(study, _parameter(name))), study.groups if name == "unlabelled" else None
    return digest(stamp, files_at(Path(groups))) if stamp and groups and Path(groups).is_file() else stamp


def _stamp(given: str) -> str:
    """Return a hash that changes when a source's files do, "" where they are not to be seen; reads no items."""
    if is_import_path(given):
        return source_hash(given) if is_trusted(given) else ""
    if is_embedded(given):
        return given
    path = Path(given)
    beside = path.parent.glob("*.json") if path.is_file() else []
    seen = [seen for each in (path, *beside) for seen in files_at(each)]
    return digest(seen) if path.exists() else ""


def keep(study: Study, sources: dict[str, Source], data_key: str) -> None:
    """Keep the sources beside the study's units, unless they are there."""
    folder = units_folder(study.folder)
    for name, source in sources.items():
        write_folder(folder / source.folder, lambda to, source=source: _write(to, source))
        write_json(folder / source.folder / ABOUT, source.about)  # what was left out may be new
        if source.stamp:
            write_json(folder / INDEX, _index(folder) | {_wish(name, study, data_key): _entry(source)})


def _entry(source: Source) -> dict[str, str]:
    return {"stamp": source.stamp, "key": source.key}


def _write(folder: Path, source: Source) -> None:
    write_json(folder / ABOUT, source.about)
    for name, write in source.files.items():
        write(folder / name)


def is_kept(study: Study, sources: dict[str, Source], data_key: str) -> bool:
    """Tell whether `keep` has nothing to do."""
    folder = units_folder(study.folder)
    return all(
        (folder / source.folder).is_dir()
        and (not source.stamp or _index(folder).get(_wish(name, study, data_key)) == _entry(source))
        for name, source in sources.items()
    )


def _kept_key(name: str, study: Study, data_key: str) -> str:
    """Return the key under which a source was kept, whatever has become of it; "" where it was not."""
    return _index(units_folder(study.folder)).get(_wish(name, study, data_key), {"key": ""})["key"]


def _known(name: str, study: Study, data_key: str) -> str:
    """Return the key under which a source was kept, if it has not changed since or cannot be seen; else ""."""
    known = _index(units_folder(study.folder)).get(_wish(name, study, data_key), {"stamp": "", "key": ""})
    return known["key"] if (_stamp_of(name, study) or known["stamp"]) == known["stamp"] else ""


# ---- classes ----


def match_classes(theirs: Sequence[str], ours: Sequence[str], wish: str | None, name: str) -> list[list[int]]:
    """Return the numbers of the source's classes that stand for each of the study's, by its mapping and by equal names.

    wish: `theirs=ours,...`; `theirs=` leaves a class out. Several of theirs may stand for one of ours.

    Raises:
        InputError: the mapping is ill-formed, names a class that is not there, or maps none.
    """
    plain = [composed(each) for each in ours]
    chosen = chosen_classes(theirs, ours, wish, name)
    numbers = [[number for number, mine in enumerate(chosen) if mine == our] for our in plain]
    if not any(numbers):
        alike = ((their, *near(their, plain)) for their in map(composed, theirs) if near(their, plain))
        their, our = next(alike, (theirs[0], ours[0]))
        raise InputError(
            f"{name}: none of its classes ({few_of(theirs)}) is one of this study's ({few_of(ours)}); say which is "
            f"which, as {name}_classes={their}={our}."
        )
    return numbers


def chosen_classes(theirs: Sequence[str], ours: Sequence[str], wish: str | None, name: str) -> list[str]:
    """Return what each of the source's classes is: one of the study's, left out (""), or a class of its own, by name.

    wish: as in `match_classes`. Raises InputError where it is ill-formed, or names a class that is not there.
    """
    plain = [composed(each) for each in ours]
    by_name = {composed(each): number for number, each in enumerate(theirs)}
    chosen, said = {each: each for each in by_name}, {}
    for part in filter(None, (part.strip() for part in (wish or "").split(","))):
        left, equals, right = (composed(each.strip()) for each in part.partition("="))
        if not equals:
            raise InputError(f"{name}_classes: {part!r} has no `=`; write theirs=yours,theirs2=yours2.")
        if left not in by_name:
            raise InputError(f"{name}_classes: {name} has no class {left!r}; {_nearest(left, by_name)}")
        if right and right not in plain:
            raise InputError(f"{name}_classes: this study has no class {right!r}; {_nearest(right, plain)}")
        if said.setdefault(left, right) != right:
            raise InputError(f"{name}_classes: {left!r} is given {said[left]!r} and {right!r}; leave one of them out.")
        chosen[left] = right
    return [chosen[composed(each)] for each in theirs]


def _nearest(name: str, names: Iterable[str]) -> str:
    return nearest(name, names, repr) or f"it has {few_of(list(names))}."


def classes_text(theirs: Sequence[str], ours: Sequence[str], matched: list[list[int]], counts: Sequence[int]) -> str:
    """Return in a sentence or two which classes are used, and of which of the study's there are none.

    matched: what `match_classes` returns. counts: (K,) of items that there are of each of the study's classes.
    """
    used = {number for numbers in matched for number in numbers}
    unused = [each for number, each in enumerate(theirs) if number not in used]
    without = [each for each, count in zip(ours, counts, strict=True) if not count]
    text = "All of its classes are used."
    if unused:
        text = f"{len(used):,} of its {len(theirs):,} classes are used; left out: {few_of(unused)}."
    if without:
        text += (
            f" {len(without):,} of this study's {len(ours):,} classes have none ({few_of(without)}); the others take "
            "their place in the batches."
        )
    return text


# ---- related items ----


def _read_related(study: Study, dataset: Dataset) -> Source:
    """Read, match and clean related items: what the study has itself, or nearly, is left out."""
    what, pool, medium = Path(str(study.related)).name, dataset.pool, medium_of(dataset)
    given, brought = _given_related(study, dataset)
    classes = match_classes(given.classes, pool.classes, study.related_classes, "related")
    ours = np.full(len(given.classes), -1)
    for k, theirs in enumerate(classes):
        ours[theirs] = k
    mapped = given.take(ours[given.y] >= 0)
    copies, many = _copies(mapped.x, dataset), medium.nouns.many
    left = mapped.take(~copies)
    if len(left) < LEAST_ITEMS:
        raise InputError(
            f"related: of the {len(given):,} {many} in {what}, {len(left)} are of a class of this study and not in it "
            "already; give others, or leave related out."
        )
    y = ours[left.y].astype(np.int64)
    counts = np.bincount(y, minlength=pool.n_classes)
    text = (
        f"From {what}, of which {len(left):,} of {len(given):,} {many} are used. "
        f"{classes_text(given.classes, pool.classes, classes, counts)} {_copies_text(medium, int(copies.sum()))} "
        f"{brought}"
    )
    about = {"shape": pool.shape, "classes": pool.classes, "counts": counts.tolist(), "text": text}
    writers = {f"{n}.npy": (lambda to, a=a: np.save(to, a, allow_pickle=False)) for n, a in (("x", left.x), ("y", y))}
    return Source("related", digest(_hash(left.x, y), pool.classes), about, writers)


def _given_related(study: Study, dataset: Dataset) -> tuple[Examples, str]:
    """Return the related items as they are given, in the study's shape, and a sentence on how they came to it."""
    try:
        return medium_of(dataset).read_like(str(study.related), dataset.pool, study)
    except InputError as error:
        raise InputError(str(error).replace("data:", "related:", 1)) from None


def _read_pretrain(study: Study, dataset: Dataset) -> Source:
    """Read and clean what GANs learn from first: related items in their own classes, those of the study and others.

    Those that `related_classes` maps onto one of the study's are of that one; those that it leaves out stay out. Where
    classes are held out, nothing of a class that is none of the study's is used: it may be one of them.
    """
    what, pool, medium = Path(str(study.related)).name, dataset.pool, medium_of(dataset)
    given, brought = _given_related(study, dataset)
    ours = [composed(each) for each in pool.classes]
    chosen = chosen_classes(given.classes, pool.classes, study.related_classes, "related")
    if dataset.held_out is not None:
        chosen = [name if name in ours else "" for name in chosen]
    names = list(dict.fromkeys([*ours, *filter(None, chosen)]))
    number = np.array([names.index(name) if name else -1 for name in chosen])  # of each of their classes
    copies, many = _copies(given.x, dataset), medium.nouns.many
    left = given.take(~copies & (number[given.y] >= 0))
    has, y = np.unique(number[left.y], return_inverse=True)
    if len(left) < LEAST_LEARNT or len(has) < 2:
        raise InputError(
            f"pretrain: of the {len(given):,} {many} in {what}, {len(left):,} are left to learn from, of classes: "
            f"{len(has)}; a GAN needs {LEAST_LEARNT} of two. Give others, or leave pretrain out."
        )
    labels = [np.flatnonzero(has == k).tolist() for k in range(len(ours))]
    names = [names[k] for k in has]
    text = (
        f"From {what}, {len(left):,} of {len(given):,} {many}, of the classes {few_of(names)}; "
        f"{sum(map(bool, labels)):,} of this study's {len(ours):,} classes are among these. "
        f"{_copies_text(medium, int(copies.sum()))} {brought}"
    )
    about = _about(pool, labels, text) | {"names": names, "items": len(left)}
    arrays = ("x", left.x), ("y", y.astype(np.int64))
    writers = {f"{n}.npy": (lambda to, a=a: np.save(to, a, allow_pickle=False)) for n, a in arrays}
    return Source(PRETRAIN, digest(_hash(*(a for _, a in arrays)), names, labels, pool.classes), about, writers)


def _parts(dataset: Dataset) -> list[Examples]:
    """Return all items that any trial of a study may be tested on, or trained; those of held-out classes as well."""
    sets = [each for each in (dataset, dataset.held_out) if each is not None]
    return [part for each in sets for part in (each.pool, each.test) if part is not None]


def _own_items(dataset: Dataset) -> np.ndarray:
    """Return the items of `_parts`, (N, ...)."""
    return np.concatenate([part.x for part in _parts(dataset)])


def _copies(x: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Tell which items (N, ...) from elsewhere are copies of the study's own, or of such copies: (N,) bool.

    What the study has left out, as a near duplicate of a near duplicate of a test item, is in none of its parts: among
    items from where the study's own come it is found by the one between.
    """
    medium, copies = medium_of(dataset), np.zeros(len(x), bool)
    new, like = medium.copies_of(x, _own_items(dataset)), x
    while new.any():
        copies, like = copies | new, x[new]
        new = np.zeros(len(x), bool)
        new[~copies] = medium.copies_of(x[~copies], like)
    return copies


def _copies_text(medium: Medium, copies: int) -> str:
    """Return how many items were left out since the study has them already."""
    if not copies:
        return f"None is, or nearly is, {medium.nouns.a_one} of this study."
    many = medium.nouns.many
    return f"{copies:,} that are identical or nearly identical to {many} of this study were left out."


# ---- unlabelled items ----


def _read_unlabelled(study: Study, dataset: Dataset) -> Source:
    """Read and clean unlabelled items: what the study has itself, or nearly, is left out, and so are its groups."""
    what, pool, medium = Path(str(study.unlabelled)).name, dataset.pool, medium_of(dataset)
    many = medium.nouns.many
    try:
        given, brought = medium.read_unlabelled(str(study.unlabelled), pool, study)
    except InputError as error:
        raise InputError(str(error).replace("data:", "unlabelled:", 1)) from None
    if not len(given):
        raise InputError(f"unlabelled: no {many} in {what} can be read; give others, or leave unlabelled out.")
    copies = _copies(given.x, dataset)
    theirs = np.array(groups_if_known(study.groups, given.ids.tolist()), dtype=str)
    of_groups = np.isin(theirs, _own_groups(study, dataset)) & ~copies
    left = given.take(~copies & ~of_groups)
    if not len(left):
        groups = ", and what is of one of its groups," if study.groups else ""
        raise InputError(
            f"unlabelled: none of the {len(given):,} {many} in {what} is left once what is identical or nearly "
            f"identical to {many} of this study{groups} is taken away; give others, or leave unlabelled out."
        )
    text = (
        f"From {what}, of which {len(left):,} of {len(given):,} {many} are used. No labels are read, and names of "
        f"folders say nothing. {_copies_text(medium, int(copies.sum()))} "
        f"{_groups_text(study, int(of_groups.sum()), int((theirs == '').sum()))}{brought}"
    )
    about = {"shape": pool.shape, "classes": pool.classes, "items": len(left), "text": text}
    writers = {"x.npy": lambda to: np.save(to, left.x, allow_pickle=False)}
    return Source("unlabelled", digest(_hash(left.x), pool.classes), about, writers)


def _own_groups(study: Study, dataset: Dataset) -> np.ndarray:
    """Return the names of the person's groups that the study's items are of; none where there are no groups."""
    ids = [id for part in _parts(dataset) for id in part.ids.tolist()]
    return np.unique([name for name in groups_if_known(study.groups, ids) if name])


def _groups_text(study: Study, left_out: int, unknown: int) -> str:
    """Return how many items were left out for their group, and of how many none is known, to be followed by more."""
    if not study.groups:
        return ""
    told = f"{left_out:,} of a group of this study were left out" if left_out else "None is of a group of this study"
    return f"{told}{f'; of {unknown:,} of them `groups` tells no group' * bool(unknown)}. "


def _hash(*arrays: np.ndarray) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).data)
    return total.hexdigest()


# ---- a GAN trained elsewhere ----


def _read_foreign(study: Study, dataset: Dataset) -> Source:
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
    about = _about(pool, labels, text) | {"family": config["generator"], "n_classes": len(config["classes"])}
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


def _about(pool: Any, labels: list[list[int]], text: str) -> dict[str, Any]:
    return {"shape": pool.shape, "classes": pool.classes, "labels": labels, "text": text}


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
    about = _about(pool, labels, text) | {"function": path, "sha256": content}
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


READERS: dict[str, Callable[[Study, Dataset], Source]] = {  # by the parameter that names such a source
    "foreign": _read_foreign, "related": _read_related, "unlabelled": _read_unlabelled, PRETRAIN: _read_pretrain,
}  # fmt: skip
