"""Python functions as generators: found by import path, run only where a person has named them.

Importing a module runs it, so a path such as `package.module:function` in a file that somebody forwards must not be
enough. `trust` is called where a person gives the path by hand, on the command line or in a notebook. It holds for this
process and what it starts (kernels, workers), and nothing of it is written to disk.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gannb.utils.errors import InputError
from gannb.utils.files import sha256_of

TRUSTED = "GANNB_TRUSTED"  # variable: the functions that a person has named, each with the folder it is imported from
IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
CONTRACT = "it takes labels (M,) and a seed, and returns"  # what it returns
Make = Callable[[np.ndarray, int], np.ndarray]  # labels (M,), seed -> items (M, ...)
Way = Callable[[tuple[int, ...], tuple[int, ...]], str]
_loaded: dict[str, str] = {}  # module -> hash of its source file when it was imported


def is_import_path(text: str) -> bool:
    """Tell whether a text names a function, as `module:function` or `package.module:function`."""
    return IMPORT_PATH.fullmatch(text) is not None


def trust(path: str) -> None:
    """Let this process and those that it starts import and run a function, since a person has named it.

    The module is looked for in the working directory first, then where Python looks. Raises InputError where there is
    no such module with a source file.
    """
    module = path.partition(":")[0]
    if module == "__main__":
        raise InputError(f"foreign: {path} is of the running program; put the function into a file of its own.")
    importlib.invalidate_caches()  # the file may be newer than this process
    sys.path.insert(0, str(Path.cwd()))
    try:
        spec = importlib.util.find_spec(module)
    except ImportError as error:
        raise InputError(f"foreign: {path} cannot be imported ({error}); start in the folder of its module.") from None
    except Exception as error:  # the package around a module runs when the module is looked for
        raise InputError(f"foreign: {path} cannot be imported ({type(error).__name__}: {error}); mend it.") from None
    finally:
        sys.path.remove(str(Path.cwd()))
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise InputError(
            f"foreign: there is no Python file of a module {module}; start in its folder, or put that on PYTHONPATH."
        )
    depth = module.count(".") + (Path(spec.origin).name == "__init__.py")
    root = Path(spec.origin).resolve().parents[depth]
    os.environ[TRUSTED] = json.dumps(_trusted() | {path: str(root)})


def _trusted() -> dict[str, str]:
    return json.loads(os.environ.get(TRUSTED, "{}"))


def trusted_files() -> list[Path]:
    """Return the source files of all functions that a person has named. Raises InputError where one is gone."""
    return [source_file(path) for path in _trusted()]


def is_trusted(path: str) -> bool:
    """Tell whether a person has named the function, for this process."""
    return path in _trusted()


def source_hash(path: str) -> str:
    """Return the SHA-256 of the source file of a function's module. What that imports or opens is not in it."""
    return sha256_of(source_file(path))


def source_file(path: str) -> Path:
    """Return the source file of a function's module. Raises InputError where nobody has named it, or it is gone."""
    refuse_unless_trusted(path)
    whole = Path(_trusted()[path], *path.partition(":")[0].split("."))
    file = whole / "__init__.py" if whole.is_dir() else whole.with_suffix(".py")
    if not file.is_file():
        raise InputError(
            f"foreign: {file}, which {path} was found in, is no longer there; put it back, or give another function."
        )
    return file


def refuse_unless_trusted(path: str) -> None:
    """Raise InputError, with the way out, where nobody has named the function in this session."""
    if not is_trusted(path):
        raise InputError(
            f"foreign={path} runs Python code, so it counts only where you give it yourself: add --set foreign={path} "
            "to the command line, or set foreign in notebook 03."
        )


def load(path: str) -> Make:
    """Import a function that a person has named; a module whose file has changed since is imported anew.

    Raises InputError where nobody has named it, or it cannot be imported or called.
    """
    name, _, function = path.partition(":")
    now = source_hash(path)
    root = _trusted()[path]
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        module = importlib.import_module(name)
        if _loaded.setdefault(name, now) != now:
            module = importlib.reload(module)
            _loaded[name] = now
    except Exception as error:
        raise InputError(f"foreign: {path} cannot be imported ({type(error).__name__}: {error}); mend it.") from error
    if Path(str(module.__file__)).resolve() != source_file(path):
        raise InputError(
            f"foreign: another module {name} is in use already ({module.__file__}); rename that of {path}."
        )
    make = getattr(module, function, None)
    if not callable(make):
        raise InputError(f"foreign: {name} has no function {function}; {CONTRACT} an item for each label.")
    return make


def call(
    path: str,
    make: Make,
    labels: np.ndarray,
    seed: int,
    shape: tuple[int, ...],
    dtype: np.dtype,
    way: Way | None = None,
) -> np.ndarray:
    """Return a function's items for labels (M,): (M, *shape) of a dtype.

    way: see `check_shape`.  Raises InputError where the function gives anything else.
    """
    if not len(labels):
        return np.empty((0, *shape), dtype)
    contract = f"{CONTRACT} (M, {', '.join(map(str, shape))}) {dtype}"
    try:
        items = np.asarray(make(labels, seed))
    except Exception as error:
        problem = f"failed on {len(labels)} labels ({type(error).__name__}: {error})"
        raise InputError(f"foreign: {path} {problem}; {contract}.") from error
    if items.dtype != dtype:
        raise InputError(f"foreign: {path} returned {items.dtype}; {contract}.")
    if items.ndim != 1 + len(shape) or len(items) != len(labels):
        raise InputError(f"foreign: {path} returned shape {items.shape} for {len(labels)} labels; {contract}.")
    check_shape(path, items.shape[1:], shape, way)
    return items


def check_shape(what: str, made: tuple[int, ...], wanted: tuple[int, ...], way: Way | None = None) -> None:
    """Raise InputError where a foreign generator's items have another shape than the study's.

    way: from both shapes to what to do about it, if there is something; see `Medium.way_to_shape`.
    """
    if tuple(made) != tuple(wanted):
        advice = f"; {way(made, wanted)}" if way else ""
        raise InputError(f"foreign: {what} makes items of {_sides(made)}, and this study has {_sides(wanted)}{advice}.")


def _sides(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
