"""What a study is given beside its data: a GAN trained elsewhere, related real items, and unlabelled ones.

`foreign`, `related` and `unlabelled` become sources of items in all arms. Here they are found, checked, mapped onto the
study's classes where they have labels, and kept in the study's folder, as `NAME-KEY/`, for the units to read;
`gannb.generators.external` samples from what is kept. Of real items nothing gets in that the study has itself already.
Of related ones a GAN may also learn first (`pretrain`), in their own classes: those are kept beside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from gannb.data.examples import Dataset, Examples
from gannb.data.groups import groups_if_known
from gannb.data.medium import Medium
from gannb.generators.external import ABOUT, PRETRAIN
from gannb.media import MEDIA, medium_of
from gannb.study.folder import units_folder
from gannb.study.foreign import read_foreign
from gannb.study.model import Study, is_embedded
from gannb.study.source import Source, about_of, chosen_classes, classes_text, match_classes
from gannb.utils.errors import InputError
from gannb.utils.files import files_at, read_json, read_noted, write_folder, write_json
from gannb.utils.keys import digest
from gannb.utils.naming import composed, few_of
from gannb.utils.trust import is_import_path, is_trusted, source_hash

LEAST_ITEMS = 2  # related ones that are left, in all
LEAST_LEARNT = 4  # of them that make a batch for a GAN
INDEX = "outside.json"  # in the study's folder: what was kept of which source, and as it was then


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
    about = about_of(pool, labels, text) | {"names": names, "items": len(left)}
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


READERS: dict[str, Callable[[Study, Dataset], Source]] = {  # by the parameter that names such a source
    "foreign": read_foreign, "related": _read_related, "unlabelled": _read_unlabelled, PRETRAIN: _read_pretrain,
}  # fmt: skip
