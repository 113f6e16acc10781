"""Would GAN images help to train your classifier? An experiment on your own images.

In a notebook: `experiment = gannb.open_experiment("outputs/digits")`. On the command line: `gannb run`.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gannb.experiment.experiment import Experiment

__version__ = metadata.version("gannb")
__all__ = ["__version__", "open_experiment"]


def open_experiment(study: str | Path, **changes: Any) -> Experiment:
    """Open the study in a folder, with some parameters changed, for a notebook.

    Changes that are None are left as the study has them; others change the study from there on. A folder without a
    study starts one. The study's folder is found from any working directory; other relative paths, as `data`, are
    those of the working directory, and absolute once the study is recorded.

    Raises:
        InputError: an unknown or ill-typed parameter, or data that cannot be read.
    """
    from gannb.experiment.experiment import Experiment
    from gannb.study.folder import open_study
    from gannb.work.processes import follow_launcher

    follow_launcher()
    return Experiment.open(open_study(study, **changes))
