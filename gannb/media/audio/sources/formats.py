"""The formats in which sounds come, and which of them a path holds."""

from __future__ import annotations

from pathlib import Path

from gannb.data.files import walk
from gannb.data.folders import from_folder
from gannb.media.audio.sources.arrays import Archive, from_npz, is_npz
from gannb.media.audio.sources.files import FILES
from gannb.utils.errors import InputError
from gannb.utils.naming import printable

WAYS = (
    "give a folder with one sub-folder of clips per class (or train/ and test/ of such), or an .npz with `audio`, "
    "`labels` and `rate`"
)


def recognises(data: str) -> bool:
    """Tell whether there are sounds at `data`, by names and headers alone."""
    path = Path(data).expanduser()
    return any(map(FILES.is_item, walk(path))) if path.is_dir() else is_npz(path)


def open_source(data: str, on_bad_clip: str) -> Archive:
    """Return what is at `data` (a folder or an .npz), its labels checked, and the groups that it gives itself.

    Raises:
        InputError: nothing is there, or nothing that can be read; names the file.
    """
    if printable(data) != data:
        raise InputError(f'data: the name "{printable(data)}" is not UTF-8; rename it')
    path = Path(data).expanduser()
    try:
        there, is_folder = path.exists() and data.strip() != "", path.is_dir()
    except OSError as error:
        raise InputError(f"data: {data!r} cannot be opened ({error.strerror}); check permissions") from error
    if not there:
        raise InputError(f"data: there is no file or folder {data!r}; {WAYS}")
    if is_folder:
        source = from_folder(path, FILES, on_bad_clip)
        return Archive(source, [""] * len(source.ids), "")
    if path.suffix.lower() == ".npz":
        return from_npz(path)
    raise InputError(f"data: {data!r} is a file of a kind that is not read; {WAYS}")
