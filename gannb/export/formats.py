"""The formats of a synthetic set: how a shard is written, which files are its own, and what a reader would read.

An item is written as the files that its medium makes of it. Equal items give equal bytes, with the same versions of the
libraries: no times, owners or random names.
"""

from __future__ import annotations

import csv
import fnmatch
import importlib.util
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.data.medium import Medium

ROW_GROUP = 1024  # items that a reader of parquet gets at once
TAR_BLOCK = tarfile.BLOCKSIZE
CELLS = 32  # bytes of a row of a table beside its text, about
PARQUET_ITEM = 48  # bytes of a row beside its item, about
CAPTION = 100  # bytes of a caption, about
METADATA = "metadata.jsonl"  # of a folder of captioned items, as the Hub's `imagefolder` and `gannb` read it


@dataclass(frozen=True)
class Shard:
    """The items of a set that are made together: in each class those of a range of indices."""

    number: int
    parts: tuple[tuple[int, int, int], ...]  # class number, first index, end
    classes: tuple[str, ...]  # the names of all classes of the study
    labels: tuple[str, ...]  # the same and others, in the order in which readers number them; see `labels.label_names`

    def __len__(self) -> int:
        return sum(end - start for _, start, end in self.parts)

    def label(self, k: int) -> int:
        """Return the number that readers know a class by, given its number in the study."""
        return self.labels.index(self.classes[k])


Item = tuple[int, int, np.ndarray]  # class number, index in the class, the item itself
Captions = Mapping[tuple[int, int], str]  # of items, by class number and index in the class


NONE: Captions = MappingProxyType({})


class Format(Protocol):
    """A way to lay out a set of a medium's items. Names of files are relative to the set's folder."""

    medium: Medium
    captioned: bool  # whether each item has a caption

    @property
    def pattern(self) -> str | list[str]:
        """The files that hold the data, as a data card names them."""
        ...

    def check(self, classes: tuple[str, ...]) -> None:
        """Raise InputError where the format cannot be written."""
        ...

    def files(self, shard: Shard) -> Iterator[str]:
        """Names of the shard's files, in the order in which they are hashed."""
        ...

    def write(self, folder: Path, shard: Shard, items: Iterable[Item], captions: Captions = NONE) -> None:
        """Write the shard's files below the folder; captions: of all of its items, where they have some."""
        ...

    def finish(self, folder: Path, shards: Iterable[tuple[Shard, Captions]]) -> list[str]:
        """Write what no shard holds and a reader needs, and return the names of these files; mostly none."""
        ...

    def strays(self, folder: Path, shards: list[Shard]) -> Iterator[str]:
        """Names of what a reader of the folder would take for a part of the set of these shards, and is none."""
        ...

    def bytes_of(self, sizes: Sequence[int], block: int) -> float:
        """Bytes on disk of an item whose files have these sizes, in a file system with such blocks."""
        ...


def item_name(label: int, index: int) -> str:
    """Return the name of an item in a shard, by its label and its index in the class."""
    return f"{label:05d}-{index:08d}"


@dataclass(frozen=True)
class FolderPerClass:
    """CLASS/INDEX and the suffix of each of an item's files, as torchvision's and timm's ImageFolder read it.

    Captions stand in one file for all items, beside the folders of the classes.
    """

    medium: Medium
    captioned: bool = False

    @property
    def pattern(self) -> str | list[str]:
        """The files that hold the data."""
        items = f"**/*{self.medium.suffixes[0]}"
        return [items, METADATA] if self.captioned else items

    def check(self, classes: tuple[str, ...]) -> None:
        """Raise InputError where a class cannot be the name of a folder."""
        for name in classes:
            if name in ("", ".", "..") or re.search(r'[/\\\0:*?"<>|]', name) or name.startswith("."):
                raise InputError(f"format=folder cannot have a folder called {name!r}; use webdataset or parquet.")

    def files(self, shard: Shard) -> Iterator[str]:
        """Names of the files of the shard's items."""
        for k, start, end in shard.parts:
            for index in range(start, end):
                for suffix in self.medium.suffixes:
                    yield self._name(shard.classes[k], index, suffix)

    def _name(self, label: str, index: int, suffix: str) -> str:
        return f"{label}/{index:08d}{suffix}"

    def write(self, folder: Path, shard: Shard, items: Iterable[Item], captions: Captions = NONE) -> None:
        """Write the files of each item, below the folder of its class; captions are written at the end, by `finish`."""
        for k, _, _ in shard.parts:
            (folder / shard.classes[k]).mkdir()
        for k, index, x in items:
            for suffix, content in self.medium.files(x).items():
                (folder / self._name(shard.classes[k], index, suffix)).write_bytes(content)

    def finish(self, folder: Path, shards: Iterable[tuple[Shard, Captions]]) -> list[str]:
        """Write the captions of all items, a line of JSON each, with the file's name and the class."""
        if not self.captioned:
            return []
        with open(folder / METADATA, "w", encoding="utf-8", newline="\n") as file:
            for shard, captions in shards:
                for (k, index), caption in captions.items():
                    name = self._name(shard.classes[k], index, self.medium.suffixes[0])
                    row = {"file_name": name, "text": caption, "label": shard.classes[k]}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return [METADATA]

    def strays(self, folder: Path, shards: list[Shard]) -> Iterator[str]:
        """Names of files and folders that belong to no item of the set."""
        suffixes = "|".join(map(re.escape, self.medium.suffixes))
        counts = {shard.classes[k]: end for shard in shards for k, _, end in shard.parts}
        for inside in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
            if inside.name not in counts:
                yield inside.name
                continue
            for file in inside.iterdir():
                number = re.fullmatch(rf"(\d{{8}})(?:{suffixes})", file.name)
                own = number is not None and int(number[1]) < counts[inside.name]
                if not own and (file.is_dir() or file.suffix.lower() in self.medium.readable):
                    yield f"{inside.name}/{file.name}"

    def bytes_of(self, sizes: Sequence[int], block: int) -> float:
        """Whole blocks of the file system."""
        return float(sum(np.ceil(size / block) * block for size in sizes))


@dataclass(frozen=True)
class FilePerShard:
    """What formats share that have one file per shard."""

    medium: Medium
    captioned: bool = False
    suffix: ClassVar[str]

    @property
    def pattern(self) -> str:
        """The files that hold the data."""
        return f"train-*.{self.suffix}"

    def check(self, classes: tuple[str, ...]) -> None:
        """Nothing can be wrong."""

    def files(self, shard: Shard) -> Iterator[str]:
        """The name of the shard's one file."""
        yield f"train-{shard.number:05d}.{self.suffix}"

    def finish(self, folder: Path, shards: Iterable[tuple[Shard, Captions]]) -> list[str]:
        """Nothing: shards hold all there is."""
        return []

    def strays(self, folder: Path, shards: list[Shard]) -> Iterator[str]:
        """Names of further files of the format."""
        own = {name for shard in shards for name in self.files(shard)}
        found = (p.name for p in sorted(folder.iterdir()))
        return (name for name in found if fnmatch.fnmatch(name, f"*.{self.suffix}") and name not in own)


class WebDataset(FilePerShard):
    """Tar shards: for each item its files, `00003-00000041.png`, `.cls`, its label, and `.json`, that and the class.

    Where it has a caption, that is a further file, `.txt`.
    """

    suffix = "tar"

    def write(self, folder: Path, shard: Shard, items: Iterable[Item], captions: Captions = NONE) -> None:
        """Write one tar file."""
        with tarfile.open(folder / next(self.files(shard)), "w", format=tarfile.USTAR_FORMAT) as tar:
            for k, index, x in items:
                label = shard.label(k)
                about = {".cls": str(label).encode(), ".json": _about(label, shard.classes[k])}
                about |= {".txt": captions[k, index].encode()} if self.captioned else {}
                for suffix, content in (dict(self.medium.files(x)) | about).items():
                    _add(tar, f"{item_name(label, index)}{suffix}", content)

    def bytes_of(self, sizes: Sequence[int], block: int) -> float:
        """A head for each file, those of the item and two of its class, and their contents in blocks of tar."""
        files = (*sizes, 1, 1, *([CAPTION] if self.captioned else []))
        return float((len(files) + sum(np.ceil(size / TAR_BLOCK) for size in files)) * TAR_BLOCK)


class Parquet(FilePerShard):
    """Parquet shards with a column named after what an item is, of the first of its files, and the column label.

    `datasets` knows the two as the medium's feature and as ClassLabel. Captions are a third column, text.
    """

    suffix = "parquet"

    def check(self, classes: tuple[str, ...]) -> None:
        """Raise InputError where pyarrow is not there."""
        if importlib.util.find_spec("pyarrow") is None:
            raise InputError("format=parquet needs pyarrow; install it with pip install 'gannb[parquet]'.")

    def write(self, folder: Path, shard: Shard, items: Iterable[Item], captions: Captions = NONE) -> None:
        """Write one parquet file, a group of rows at a time."""
        import pyarrow as pa  # an extra of the package, which the other formats do without
        from pyarrow import parquet

        schema = self._schema(shard.labels)
        file = folder / next(self.files(shard))
        with parquet.ParquetWriter(file, schema, compression="none", use_dictionary=["label"]) as writer:
            rows = (
                (self._cell(label := shard.label(k), index, x), label, *([captions[k, index]] if captions else []))
                for k, index, x in items
            )
            for group in _groups_of(rows, ROW_GROUP):  # encoded as they come, while the next ones are made
                columns = dict(zip(schema.names, zip(*group, strict=True), strict=True))
                writer.write_table(pa.table(columns, schema=schema))

    def _cell(self, label: int, index: int, x: np.ndarray) -> Any:
        if self.medium.in_cells:
            return str(x)
        suffix = self.medium.suffixes[0]
        return {"bytes": self.medium.files(x)[suffix], "path": f"{item_name(label, index)}{suffix}"}

    def _schema(self, labels: tuple[str, ...]) -> Any:
        import pyarrow as pa  # as above

        column, label = self.medium.column, {"_type": "ClassLabel", "names": list(labels)}
        features = {column: dict(self.medium.hub_feature), "label": label}
        features |= {"text": {"dtype": "string", "_type": "Value"}} if self.captioned else {}
        about = {"huggingface": json.dumps({"info": {"features": features}})}
        in_file = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        content = pa.string() if self.medium.in_cells else in_file
        text = [("text", pa.string())] if self.captioned else []
        return pa.schema([(column, content), ("label", pa.int64()), *text], metadata=about)

    def bytes_of(self, sizes: Sequence[int], block: int) -> float:
        """The first file and what a row takes besides."""
        return float(sizes[0] + PARQUET_ITEM + CAPTION * self.captioned)


class Csv(FilePerShard):
    """Tables in UTF-8 with a header, of items that are texts: a column named after the medium, and the column label."""

    suffix = "csv"

    def write(self, folder: Path, shard: Shard, items: Iterable[Item], captions: Captions = NONE) -> None:
        """Write one table, quoted where a text holds a comma or a quote."""
        with open(folder / next(self.files(shard)), "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([self.medium.column, "label"])
            writer.writerows([str(x), shard.classes[k]] for k, _, x in items)

    def bytes_of(self, sizes: Sequence[int], block: int) -> float:
        """The text, and about as much again for its label and quotes as in other rows."""
        return float(sizes[0] + CELLS)


class Jsonl(FilePerShard):
    """An object a line, of items that are texts: one named after the medium, and label."""

    suffix = "jsonl"

    def write(self, folder: Path, shard: Shard, items: Iterable[Item], captions: Captions = NONE) -> None:
        """Write one file, letters of all scripts as they are."""
        with open(folder / next(self.files(shard)), "w", encoding="utf-8", newline="\n") as file:
            for k, _, x in items:
                row = {self.medium.column: str(x), "label": shard.classes[k]}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def bytes_of(self, sizes: Sequence[int], block: int) -> float:
        """The text, its label and the names of both."""
        return float(sizes[0] + CELLS)


FORMATS: dict[str, Callable[..., Format]] = {
    "folder": FolderPerClass, "webdataset": WebDataset, "parquet": Parquet, "csv": Csv, "jsonl": Jsonl
}  # fmt: skip
TABLES = ("csv", "jsonl")  # formats of items that are texts


def formats_of(medium: Medium) -> list[str]:
    """Return the formats in which a medium's items may be had, by name."""
    return [name for name in FORMATS if medium.in_cells or name not in TABLES]


def _about(label: int, name: str) -> bytes:
    """What a reader is told of an item beside its label: the class, which is the same name wherever it is numbered."""
    return json.dumps({"label": label, "class": name}, ensure_ascii=False).encode()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # whose time is 0 and whose owner is nobody
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _groups_of(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of `size` rows, the last as long as it is."""
    rows = iter(rows)
    while group := list(islice(rows, size)):
        yield group
