"""What papermill was given for a notebook (`-p NAME VALUE`): refused where it changes nothing or starts a new study.

In JupyterLab a person sees the cell of the parameters and what it starts; in a batch nobody does. papermill only warns
of a name that no parameter has, and a study's folder with a slip in it would be a new study, of the default data.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gannb.study.folder import find_folder
from gannb.study.model import Study
from gannb.utils.errors import InputError
from gannb.utils.naming import nearest

HEAD = "# Parameters"  # the first line of the cell that papermill puts in
OF_FOLDER = ("name", "output_dir")  # parameters of a study that its folder says already


def check(namespace: Mapping[str, Any]) -> None:
    """Refuse what a notebook cannot take as its parameters; namespace: its variables, `globals()`.

    Raises:
        InputError: papermill was given a name that no parameter has, or a folder without a study and no data for one;
            or, from whomever, `study` is no folder's name.
    """
    injected = names(namespace)
    for name in injected:
        if name not in ("study", *Study.model_fields):
            hint = nearest(name, ["study", *Study.model_fields]) or "`gannb parameters` lists those that there are."
            raise InputError(f"There is no parameter {name}; {hint}")
    for name in OF_FOLDER:
        if name in injected and namespace.get(name) is not None:
            raise InputError(f"{name} is what a study's folder says; give that alone, as in -p study outputs/photos.")
    if "study" in namespace:
        _check_study(namespace, given="study" in injected)


def names(namespace: Mapping[str, Any]) -> list[str]:
    """Return the names that papermill has given values, by the last cell that it put in; none in JupyterLab."""
    history = namespace.get("In")
    cells = [cell for cell in history if isinstance(cell, str)] if isinstance(history, list) else []
    source = next((cell for cell in reversed(cells) if cell.startswith(f"{HEAD}\n")), "")
    try:
        body = ast.parse(source).body
    except SyntaxError:  # it did not run
        return []
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _check_study(namespace: Mapping[str, Any], given: bool) -> None:
    """given: whether papermill was given the study."""
    study = namespace["study"]
    if not isinstance(study, str | Path) or not str(study).strip():
        raise InputError(
            f"study={study!r} is no folder's name; write it as a text, as in study = 'outputs/photos' (papermill takes "
            "a name as it is written with -r study NAME)."
        )
    folder = find_folder(study)
    if not given or (folder / "study.json").is_file() or namespace.get("data") is not None:
        return
    if folder.is_file():
        raise InputError(f"study={str(study)!r} is a file; give the folder of a study, as in -p study outputs/photos.")
    there = [file.parent.name for file in sorted(folder.parent.glob("*/study.json"))]
    near = nearest(folder.name, there, lambda name: str(Path(study).with_name(name)))
    raise InputError(
        f"There is no study in {folder}; {near or 'give the folder of one.'} A new one starts where its data are given "
        "as well, as in -p data photos."
    )
