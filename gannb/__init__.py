"""Would GAN images help to train your classifier? An experiment on your own images.

In a notebook: `experiment = gannb.open_experiment("outputs/digits")`. On the command line: `gannb run`. What a study
takes is imported inside the functions, since `gannb --help` imports this module too.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gannb.experiment.experiment import Experiment

__version__ = metadata.version("gannb")
__all__ = ["__version__", "open_experiment", "parameters", "versions"]


def open_experiment(study: str | Path, *, own_copy: bool = False, **changes: Any) -> Experiment:
    """Open the study in a folder, with some parameters changed, for a notebook.

    Changes that are None are left as the study has them; others change the study from there on. A folder without a
    study starts one. The study's folder is found from any working directory; other relative paths, as `data`, are
    those of the working directory, and absolute once the study is recorded. own_copy: go by the study's own copy of its
    data, whatever has become of their source; where that has changed, a remark says so.

    Raises:
        InputError: an unknown or ill-typed parameter, or data that cannot be read.
    """
    from gannb.experiment.experiment import Experiment
    from gannb.study.folder import open_study
    from gannb.work.processes import follow_launcher

    follow_launcher()
    experiment = Experiment.open(open_study(study, **changes), own_copy)
    if experiment.remark:
        print(experiment.remark)
    return experiment


def parameters(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a notebook's variables that are parameters of a study and were set: `parameters(globals())`.

    Raises:
        InputError: a variable has nearly the name of a parameter; or papermill was given what is no parameter, or a
            folder without a study, and no data for one; see `jupyter.injected`.
    """
    from gannb.jupyter import injected
    from gannb.study.model import Study, check_spelling

    injected.check(namespace)
    check_spelling(name for name, value in namespace.items() if isinstance(value, str | int | float | list | tuple))
    return {name: namespace[name] for name in Study.model_fields if namespace.get(name) is not None}


def versions(experiment: Experiment) -> str:
    """Return what a study runs with: `gannb 0.1.0, torch 2.15.0, numpy 2.4.0, on cpu`."""
    from gannb.utils.versions import versions

    found = versions()
    named = ", ".join(f"{package} {found[package]}" for package in ("gannb", "torch", "numpy") if package in found)
    return f"{named}, on {experiment.device}"
