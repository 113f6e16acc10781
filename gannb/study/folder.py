"""A study's folder: where it is, and what `study.json` in it says."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from gannb.media import MEDIA
from gannb.study.model import Study
from gannb.study.written import study_of
from gannb.utils.errors import InputError, unreadable
from gannb.utils.files import absolute, read_bytes, write_json
from gannb.utils.naming import nearest
from gannb.utils.trust import is_import_path, trust
from gannb.utils.versions import versions
from gannb.work.locks import is_running

SWEEP = "sweep.json"  # in a sweep's folder: its parameters and its cells
PAGE = "report.html"  # in a study's folder, once it is finished
STUDIES, UNITS = "studies", "units"  # in a sweep's folder: the folders of its studies, and that of all their units


def project_root() -> Path:
    """Return the folder that holds `gannb/` and, in a checkout, `notebooks/`."""
    return Path(__file__).resolve().parent.parent.parent


def notebooks_folder() -> Path:
    """Return the folder of the five notebooks, in a checkout or in an installed package."""
    inside = Path(__file__).resolve().parent.parent / "_notebooks"
    return inside if inside.is_dir() else project_root() / "notebooks"


def find_folder(study: str | Path) -> Path:
    """Return the absolute folder meant by `study`, whatever the working directory.

    A relative path is looked for from the working directory upwards, then in the project; the first that holds a
    `study.json` wins. With none, it is a new study: in the project's folder where a person works within that, as a
    notebook of it does, else in the working directory.
    """
    path = Path(study)
    if path.is_absolute() or str(path).startswith("~"):
        return absolute(path, "study")
    here, project = Path.cwd(), project_root()
    for base in (here, *here.parents, project):
        if has_study(base / path):
            return base / path
    within = (project / "notebooks").is_dir() and here.is_relative_to(project)
    return (project if within else here) / path


def has_sweep(folder: Path) -> bool:
    """Tell whether a folder holds a sweep, damaged or not; InputError where that is not to be seen."""
    return is_file(folder / SWEEP)


def sweep_of(folder: Path) -> Path | None:
    """Return the folder of the sweep that a study's folder is one of, or None: it stands by itself."""
    sweep = folder.parent.parent
    return sweep if folder.parent.name == STUDIES and has_sweep(sweep) else None


def units_folder(folder: Path) -> Path:
    """Return the folder that holds a study's units and its copy of the data: its own, or that of its whole sweep."""
    sweep = sweep_of(folder)
    return sweep / UNITS if sweep else folder


def load_study(folder: str | Path) -> Study:
    """Return the study kept in a folder.

    Raises:
        InputError: the folder holds no study, or its study.json is damaged.
    """
    folder = absolute(folder, "study")
    return _study_at(folder, _medium_of(folder) | _kept(folder))


def has_study(folder: Path) -> bool:
    """Tell whether a folder holds a study, damaged or not; InputError where that is not to be seen."""
    return is_file(folder / "study.json")


def is_file(file: Path) -> bool:
    """Tell whether a path is that of a file; InputError where that is not to be seen."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a byte of zeros in its name
        return False
    except OSError as error:
        raise unreadable(str(file), error, f"cannot be read ({(error.strerror or str(error)).lower()}).") from None


def study_near(folder: Path) -> str:
    """Return `did you mean FOLDER?` for the study beside a folder, or in `outputs` there, of the likeliest name."""
    files = [file for within in ("outputs/*", "*") for file in sorted(folder.parent.glob(f"{within}/study.json"))]
    there = {file.parent.name: file.parent for file in files}
    return nearest(folder.name, there, lambda name: str(there[name]))


def read_record(folder: Path) -> dict[str, Any]:
    """Return the content of `study.json`; `InputError` when there is none or it cannot be read."""
    file = folder / "study.json"
    missing = f"There is no study in {folder}; {study_near(folder) or 'start one with `gannb run`.'}"
    if has_sweep(folder):
        missing = (
            f"{folder} is the folder of a sweep: `gannb sweep {folder}` goes on with it, its studies lie in studies/."
        )
    elif not has_study(folder) and is_running(folder):
        missing = (
            f"A run is beginning in {folder}; the study is recorded once its workers are there and its data are copied."
        )
    content = read_bytes(file, missing)
    try:
        record = json.loads(content.decode("utf-8"))
        is_whole = isinstance(record["set"], dict)
    except (ValueError, KeyError, TypeError, RecursionError):
        is_whole = False
    if not is_whole:
        raise InputError(
            f"{file} is damaged; move it away and start the study again with its data and parameters (`gannb run "
            f"--data ... --set name={folder.name} ...`), its units are kept."
        )
    return record


def _kept(folder: Path) -> dict[str, Any]:
    """Return what was set by hand of the study in a folder.

    Re-splits, as studies of version 0.1 had them, have become cross-validation, with whole repeats of trials.
    """
    given = read_record(folder)["set"]
    if given.get("protocol") != "resplit":
        return given
    return {name: value for name, value in given.items() if name != "trials"} | {"protocol": "folds"}


def _medium_of(folder: Path) -> dict[str, str]:
    """Return the medium of a folder's study, as a parameter, so that its data need not be looked through for it."""
    parameters = read_record(folder).get("parameters")
    medium = parameters.get("medium") if isinstance(parameters, dict) else None
    return {"medium": medium} if isinstance(medium, str) and medium in MEDIA else {}


def open_study(study: str | Path, **changes: Any) -> Study:
    """Return the study of a folder with some parameters changed; those that are None stay as the study has them.

    A folder without a study starts one, named after the folder. Writes nothing.

    Raises:
        InputError: an unknown or ill-typed parameter, or a damaged study.
    """
    trust_given(changes)
    folder = find_folder(study)
    before = _kept(folder) if has_study(folder) else {}
    return _study_at(folder, before, {k: v for k, v in changes.items() if v is not None})


def trust_given(given: Mapping[str, Any]) -> None:
    """Let a function run that a person has named by hand as `foreign`; see `gannb.utils.trust`."""
    if isinstance(given.get("foreign"), str) and is_import_path(given["foreign"]):
        trust(given["foreign"])


def _study_at(folder: Path, kept: dict[str, Any], changes: Mapping[str, Any] | None = None) -> Study:
    """Return the study in a folder, with changes to what it keeps; a refusal names `study.json` where that is to blame.

    A parameter that this version lacks may be of a newer one: both are said.
    """
    changes = {**(changes or {}), "name": folder.name, "output_dir": str(folder.parent)}
    unknown = next((name for name in kept if name not in Study.model_fields and name not in changes), None)
    if unknown:
        wrote, this = read_record(folder).get("versions", {}).get("gannb", "another version"), metadata.version("gannb")
        raise InputError(
            f"{folder / 'study.json'}: there is no parameter {unknown} in gannb {this}, and the study was made with "
            f"{wrote}; open it with that."
        )
    return study_of(kept, changes, folder / "study.json")


def is_saved(study: Study, **facts: Any) -> bool:
    """Tell whether `study.json` says just this of the parameters and the given facts."""
    if not has_study(study.folder):
        return False
    record = read_record(study.folder)
    return record["set"] == _set_by_hand(study) and all(record.get(k) == v for k, v in facts.items())


def _set_by_hand(study: Study) -> dict[str, Any]:
    return {k: v for k, v in study.changes().items() if k not in ("name", "output_dir")}


def save_study(study: Study, **facts: Any) -> None:
    """Write `study.json`: every parameter, what was set by hand, versions, git revision, and further facts."""
    before = read_record(study.folder) if has_study(study.folder) else {}
    kept = {k: before[k] for k in ("fingerprint", "device", "resolved") if k in before}
    record = {
        "set": _set_by_hand(study),
        "parameters": study.model_dump(mode="json", include=set(study.applying()) - {"output_dir"}),
        "versions": versions(),
        "git": git_revision(),
        **kept,
        **facts,
    }
    write_json(study.folder / "study.json", record)


def git_revision() -> str | None:
    """Return the checkout's commit, with `+changes` when files differ from it; None outside a checkout."""
    root = project_root()
    return _revision(root) if (root / ".git").exists() else None


@cache  # the code of this process stays what it is
def _revision(root: Path) -> str | None:
    try:
        run = lambda *a: subprocess.run(["git", "-C", root, *a], capture_output=True, text=True, timeout=10)  # noqa: E731
        head = run("rev-parse", "--short=12", "HEAD")
        dirty = run("status", "--porcelain", "--untracked-files=no").stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (head.stdout.strip() + ("+changes" if dirty else "")) if head.returncode == 0 else None
