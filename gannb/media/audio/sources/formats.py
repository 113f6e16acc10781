"""The formats in which sounds come, and which of them a path holds."""

from __future__ import annotations

from pathlib import Path

from gannb.data.files import not_read, path_of, walk
from gannb.data.folders import from_folder, from_loose
from gannb.data.source import Source
from gannb.media.audio.sources.arrays import Archive, from_npz, is_npz
from gannb.media.audio.sources.files import FILES

WAYS = (
    "give a folder with one sub-folder of clips per class (or train/ and test/ of such), or an .npz with `audio`, "
    "`labels` and `rate`"
)
WAYS_UNLABELLED = "give a folder of clips, in sub-folders or not, or an .npz with `audio` and `rate`"


def recognises(data: str) -> bool:
    """Tell whether there are sounds at `data`, by names and headers alone."""
    path = Path(data).expanduser()
    return any(map(FILES.is_item, walk(path))) if path.is_dir() else is_npz(path)


def open_source(data: str, on_bad_clip: str) -> Archive:
    """Return what is at `data` (a folder or an .npz), its labels checked, and the groups that it gives itself.

    Raises:
        InputError: nothing is there, or nothing that can be read; names the file.
    """
    path = path_of(data, WAYS)
    if path.is_dir():
        source = from_folder(path, FILES, on_bad_clip)
        return Archive(source, [""] * len(source.ids), "")
    if path.suffix.lower() == ".npz":
        return from_npz(path)
    raise not_read(data, WAYS)


def open_unlabelled(data: str, on_bad_clip: str) -> Source:
    """Return the clips at `data`, whatever their labels: of a folder all that lie in it, at any depth.

    An .npz is read without its labels, and may have none.

    Raises:
        InputError: nothing is there, or nothing that can be read; names the file.
    """
    path = path_of(data, WAYS_UNLABELLED)
    if path.is_dir():
        return from_loose(path, FILES, on_bad_clip)
    if path.suffix.lower() == ".npz":
        return from_npz(path, labelled=False).source
    raise not_read(data, WAYS_UNLABELLED)
