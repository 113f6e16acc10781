"""The study's own copy of its data: prepared once, found again by its content, checked against the source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gannb.data.examples import Dataset
from gannb.data.held_out import hold_out
from gannb.media.image.arrays import IDX_FILES
from gannb.media.image.reading import read
from gannb.study.folder import read_record
from gannb.study.model import Study
from gannb.utils.errors import InputError
from gannb.utils.files import files_at, write_folder, write_json
from gannb.utils.keys import digest


def load_data(study: Study) -> tuple[Dataset, str]:
    """Return the study's data and the key of their content, writing nothing.

    The study's own copy serves where the source has not changed since, or is no longer there.

    Raises:
        InputError: the data cannot be read, or the study's name is in use with other data.
    """
    known = known_data(study)
    key = known.get(source_stamp(study))
    if key is None and known and not _source_exists(study) and _is_read_as_before(study):
        key = list(known.values())[-1]
    if key and (study.folder / f"data-{key}").is_dir():
        return Dataset.load(study.folder / f"data-{key}"), key
    dataset = read_data(study)
    return dataset, dataset.prepared[:16]


def check_place(study: Study) -> None:
    """Refuse a study whose folder lies within its data, where its own files would be taken for images.

    Raises:
        InputError: it does.
    """
    data, folder = Path(study.data).resolve(), study.folder.resolve()
    if study.data == "digits" or not data.is_dir() or any((data / name).exists() for name in IDX_FILES):
        return  # of which nothing else is read
    if folder.is_relative_to(data) and not any(part.startswith(".") for part in folder.relative_to(data).parts):
        raise InputError(
            f"output_dir: the study would lie in {study.folder}, within its own data; choose a folder outside of "
            f"{data} (--set output_dir=...)."
        )


def kept_data(study: Study) -> tuple[Dataset, str]:
    """Return the data that a recorded study was last made with, whatever has become of their source since.

    Raises:
        InputError: there is no copy of them, and `load_data` cannot read them either.
    """
    key = read_record(study.folder).get("data_key")
    copy = study.folder / f"data-{key}"
    return (Dataset.load(copy), key) if key and copy.is_dir() else load_data(study)


READING = ("data", "size", "channels", "resize", "groups", "on_bad_image")  # what the prepared items depend on


def _source_exists(study: Study) -> bool:
    return study.data == "digits" or Path(study.data).exists()


def _is_read_as_before(study: Study) -> bool:
    """Tell whether the study asks for the copy that was kept last: the same source, brought to the same form."""
    before = read_record(study.folder).get("parameters", {}) if (study.folder / "study.json").is_file() else {}
    return _how_read(before) == _how_read(study.model_dump(mode="json"))


def _how_read(parameters: Mapping[str, Any]) -> list[Any]:
    """Return what the prepared items depend on; no word of held-out classes where there are none, as ever before."""
    return [parameters.get(name) for name in READING] + [held for held in [parameters.get("held_out")] if held]


def keep_data(study: Study, dataset: Dataset, key: str) -> None:
    """Keep a copy of the prepared data in the study's folder, for the units to read."""
    write_folder(study.folder / f"data-{key}", dataset.save)
    known = known_data(study)
    known.pop(source_stamp(study), None)
    write_json(study.folder / "data.json", known | {source_stamp(study): key})


def known_data(study: Study) -> dict[str, str]:
    """Return the copies at hand: from the stamp of their source to the key of their content, the latest last."""
    try:
        return json.loads((study.folder / "data.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there yet, or damaged: the data are read again, and found to be the same
        return {}


def read_data(study: Study) -> Dataset:
    """Read and check the study's data from their source, writing nothing; see `load_data`.

    Raises:
        InputError: the data cannot be read, or the study's name is in use with other data.
    """
    dataset = read(
        study.data, size=study.size, channels=study.channels, resize=study.resize,
        groups=study.groups, on_bad_image=study.on_bad_image,
    )  # fmt: skip
    if (study.folder / "study.json").is_file():
        before = read_record(study.folder).get("fingerprint")
        if before and before != dataset.fingerprint:
            raise InputError(
                f"The study {study.name!r} in {study.folder} was made with other data than {study.data}, or with what "
                "was there before; put that back, or give this one another name (`gannb run` with --set name=...)."
            )
    return hold_out(dataset, study.held_out) if study.held_out else dataset


def source_stamp(study: Study) -> str:
    """Return a hash that changes when the source's files or the way they are read change; reads no content."""
    how = _how_read(study.model_dump(mode="json"))
    paths = [Path(p) for p in (study.data, study.groups or "") if p and p != "digits"]
    return digest(how, [seen for path in paths for seen in files_at(path)])
