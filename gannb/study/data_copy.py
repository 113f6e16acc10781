"""The study's own copy of its data: prepared once, found again by its content, checked against the source."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from gannb.data.examples import Dataset
from gannb.data.held_out import hold_out
from gannb.media import MEDIA
from gannb.study.folder import has_study, has_sweep, read_record, units_folder
from gannb.study.model import Study, is_embedded
from gannb.utils.doing import doing
from gannb.utils.errors import InputError
from gannb.utils.files import files_at, write_folder, write_json
from gannb.utils.keys import digest
from gannb.utils.naming import ended


def load_data(study: Study) -> tuple[Dataset, str]:
    """Return the study's data and the key of their content, writing nothing.

    The study's own copy serves where the source has not changed since, or is no longer there.

    Raises:
        InputError: the data cannot be read, or the study's name is in use with other data.
    """
    known = known_data(units_folder(study.folder))
    key = known.get(source_stamp(study))
    if key is None and known and not _source_exists(study) and is_read_as_before(study):
        key = read_record(study.folder).get("data_key")
    if key and (copy := data_folder(units_folder(study.folder), key)).is_dir():
        return Dataset.load(copy), key
    dataset = read_data(study)
    return dataset, dataset.prepared[:16]


def check_place(study: Study) -> None:
    """Refuse a study in a sweep's place, or within its data, where its own files would be taken for items.

    Raises:
        InputError: it does.
    """
    folder = study.folder.resolve()
    if has_sweep(folder):
        raise InputError(
            f"The name {study.name!r} is in use by the sweep in {folder}; give this study another (--set name=...)."
        )
    for given in filter(None, (study.data, study.unlabelled)):
        if _takes_files_below(study, given) and _would_be_seen(folder, within := Path(given).resolve()):
            raise InputError(
                f"output_dir: the study would lie in {study.folder}, within its own data; choose a folder outside of "
                f"{within} (--set output_dir=...)."
            )


def _takes_files_below(study: Study, given: str) -> bool:
    try:
        return MEDIA[study.medium].takes_files_below(given)
    except OSError:  # reading them will say what is wrong
        return False


def _would_be_seen(folder: Path, within: Path) -> bool:
    """Tell whether a folder lies in another one, and is not hidden there."""
    return folder.is_relative_to(within) and not any(part.startswith(".") for part in folder.relative_to(within).parts)


def kept_data(study: Study) -> tuple[Dataset, str]:
    """Return the data that a recorded study was last made with, whatever has become of their source since.

    Raises:
        InputError: there is no copy of them, and `load_data` cannot read them either.
    """
    key = read_record(study.folder).get("data_key")
    copy = data_folder(units_folder(study.folder), key)
    return (Dataset.load(copy), key) if key and copy.is_dir() else load_data(study)


def source_remark(study: Study, key: str) -> str:
    """Return what to tell people where the source of a study's copy has changed since; empty where it has not.

    key: of the copy. Where the source's files look as they did when they were read, their content is not read again.
    """
    if not _source_exists(study) or known_data(units_folder(study.folder)).get(source_stamp(study)) == key:
        return ""
    what = f"remark: the data in {study.data}"
    about = "this is about those that the study was made with, which it has kept a copy of"
    try:
        dataset = _without_held_out(MEDIA[study.medium].read(study.data, study), study)
    except InputError as error:
        return f"{what} cannot be read as they were ({ended(str(error))[:-1]}); {about}."
    return "" if dataset.prepared[:16] == key else f"{what} have changed since they were read; {about}."


def _source_exists(study: Study) -> bool:
    """Tell whether there is anything at the source's place, readable or not."""
    return is_embedded(study.data) or os.path.lexists(study.data)


def is_read_as_before(study: Study) -> bool:
    """Tell whether the study asks for the copy that was kept last: the same source, brought to the same form."""
    before = read_record(study.folder).get("parameters", {}) if has_study(study.folder) else {}
    return _how_read(before, study.medium) == _how_read(study.model_dump(mode="json"), study.medium)


def _how_read(parameters: Mapping[str, Any], medium: str) -> list[Any]:
    """Return what the prepared items depend on; no word of held-out classes where there are none, as ever before."""
    held_out = parameters.get("held_out")
    return [parameters.get(name) for name in MEDIA[medium].reading] + ([held_out] if held_out else [])


def keep_data(study: Study, dataset: Dataset, key: str, stamp: str) -> None:
    """Keep a copy of the prepared data beside the study's units, for these to read.

    stamp: of the source as it was before it was read, "" where that is not known: of a later one nobody can say that
    it belongs to this content.
    """
    folder = units_folder(study.folder)
    write_folder(data_folder(folder, key), dataset.save)
    known = known_data(folder)
    if stamp and list(known.items())[-1:] != [(stamp, key)]:
        known.pop(stamp, None)
        write_json(folder / "data.json", known | {stamp: key})


def data_folder(folder: Path, key: str) -> Path:
    """Return where the folder that holds a study's units keeps the copy of the data with a key."""
    return folder / data_name(key)


def data_name(key: str) -> str:
    """Return the name of the folder of the copy of the data with a key."""
    return f"data-{key}"


def known_data(folder: Path) -> dict[str, str]:
    """Return the copies in a folder of units: from the stamp of their source to the key of their content."""
    try:
        return json.loads((folder / "data.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # not there, or damaged: the data are read again, and are the same
        return {}


def read_data(study: Study) -> Dataset:
    """Read and check the study's data from their source, writing nothing; see `load_data`.

    Raises:
        InputError: the data cannot be read, or the study's name is in use with other data.
    """
    with doing(f"reading {study.data}"):
        dataset = MEDIA[study.medium].read(study.data, study)
    if has_study(study.folder):
        record = read_record(study.folder)
        if (before := record.get("fingerprint")) and before != dataset.fingerprint:
            wrote, this = record.get("versions", {}).get("gannb"), metadata.version("gannb")
            version = f", or gannb {this} reads them otherwise than {wrote} did" if wrote not in (this, None) else ""
            raise InputError(
                f"The study {study.name!r} in {study.folder} was made with other data than {study.data}, or with what "
                f"was there before{version}; put that back, or give this one another name (`gannb run` with --set "
                "name=...). `gannb report` goes by the study's own copy."
            )
    return _without_held_out(dataset, study)


def _without_held_out(dataset: Dataset, study: Study) -> Dataset:
    return hold_out(dataset, study.held_out, MEDIA[study.medium].nouns) if study.held_out else dataset


def reading_of(study: Study) -> str:
    """Return a hash that is the same for studies that read the same data in the same way; looks at no file."""
    beside = [getattr(study, name) for name in ("groups", *MEDIA[study.medium].read_beside)]
    return digest(study.medium, study.data, beside, _how_read(study.model_dump(mode="json"), study.medium))


def source_stamp(study: Study) -> str:
    """Return a hash that changes when the source's files or the way they are read change; reads no content.

    It notices a file that was added, removed, renamed or written again; whose size, times or place on the disk is
    another one; and two of one size and time that have changed places, on every file system that numbers its files. It
    notices no byte that changes while the file system says that nothing did, as a worn disk may have it. Where files
    merely look changed, as after a copy or a change of rights, their content is read again and found to be the same.
    """
    how = _how_read(study.model_dump(mode="json"), study.medium)
    beside = [getattr(study, name) for name in ("groups", *MEDIA[study.medium].read_beside)]
    paths = [Path(p) for p in (study.data, *beside) if p and not is_embedded(p)]
    return digest(how, [seen for path in paths for seen in files_at(path)])
