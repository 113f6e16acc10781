"""The study's own copy of its data: prepared once, found again by its content, checked against the source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gannb.data.examples import Dataset
from gannb.data.held_out import hold_out
from gannb.media import MEDIA
from gannb.study.folder import read_record
from gannb.study.model import Study, is_embedded
from gannb.utils.doing import doing
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
    """Refuse a study whose folder lies within its data, where its own files would be taken for items.

    Raises:
        InputError: it does.
    """
    data, folder = Path(study.data).resolve(), study.folder.resolve()
    if not MEDIA[study.medium].takes_files_below(study.data):
        return
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


def _source_exists(study: Study) -> bool:
    return is_embedded(study.data) or Path(study.data).exists()


def _is_read_as_before(study: Study) -> bool:
    """Tell whether the study asks for the copy that was kept last: the same source, brought to the same form."""
    before = read_record(study.folder).get("parameters", {}) if (study.folder / "study.json").is_file() else {}
    return _how_read(before, study.medium) == _how_read(study.model_dump(mode="json"), study.medium)


def _how_read(parameters: Mapping[str, Any], medium: str) -> list[Any]:
    """Return what the prepared items depend on; no word of held-out classes where there are none, as ever before."""
    held_out = parameters.get("held_out")
    return [parameters.get(name) for name in MEDIA[medium].reading] + ([held_out] if held_out else [])


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
    medium = MEDIA[study.medium]
    with doing(f"reading {study.data}"):
        dataset = medium.read(study.data, study)
    if (study.folder / "study.json").is_file():
        before = read_record(study.folder).get("fingerprint")
        if before and before != dataset.fingerprint:
            raise InputError(
                f"The study {study.name!r} in {study.folder} was made with other data than {study.data}, or with what "
                "was there before; put that back, or give this one another name (`gannb run` with --set name=...)."
            )
    return hold_out(dataset, study.held_out, medium.nouns) if study.held_out else dataset


def source_stamp(study: Study) -> str:
    """Return a hash that changes when the source's files or the way they are read change; reads no content."""
    how = _how_read(study.model_dump(mode="json"), study.medium)
    paths = [Path(p) for p in (study.data, study.groups or "") if p and not is_embedded(p)]
    return digest(how, [seen for path in paths for seen in files_at(path)])
