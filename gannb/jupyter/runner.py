"""Running the five notebooks of a study in order."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gannb.analysis.verdict import read_verdict
from gannb.experiment.estimate import check_disk, check_memory
from gannb.experiment.experiment import Experiment
from gannb.experiment.ledger import check_writable
from gannb.experiment.status import write_status
from gannb.study.data_copy import kept_data
from gannb.study.folder import PAGE, notebooks_folder
from gannb.study.model import NOTEBOOKS, Study
from gannb.utils.console import QUIET, talk
from gannb.utils.doing import Heard, doing
from gannb.utils.errors import Failed, InputError, ParameterError
from gannb.work.engines import checked
from gannb.work.locks import study_lock
from gannb.work.processes import LAUNCHER

# ipykernel 7 warns of its local sockets at every start, and calls the interrupt by which an idle kernel is ended an
# error; what goes wrong in a notebook does not come this way
QUIET_KERNEL = ["--IPKernelApp.log_level=50"]
# Seconds that a kernel may take to start, and a cell's last output to come: a busy machine takes longer than the minute
# and the four seconds that papermill gives them, and a run would be lost
START, OUTPUT = 600, 120


def run_notebooks(study: Study, notebooks: Sequence[str]) -> dict[str, Any]:
    """Execute notebooks against a study's folder; return `sentence`, `page`, a `remark` and the `failed` units.

    Everything is read and checked before the first notebook starts. What is already done is found, not made again. The
    last notebook alone goes by the study's own copy of its data; where their source has changed, the remark says so.

    Raises:
        InputError: the study cannot be done with these data or on its engine, another run is at work on it, or what a
            report reads is damaged.
        Failed: so many units failed that there is nothing to compare, or a kernel was killed.
        RuntimeError: a notebook failed; its executed copy shows where.
    """
    experiment = Experiment.preview(study, own_copy=(last := tuple(notebooks) == NOTEBOOKS[4:]))
    check_writable(study.folder)
    if last:
        experiment.results.check_whole()
    else:
        check_memory(experiment)
    missing = [] if last else experiment.missing()
    check_disk(experiment, missing)
    with study_lock(study.folder), checked(experiment.place, experiment.results.folder, missing), as_launcher():
        remark, experiment = experiment.remark, experiment.record()
        for name in notebooks:
            execute_notebook(name, study.folder)
        status = write_status(experiment.results)
    return {
        "sentence": read_verdict(study.folder)["sentence"],
        "page": study.folder / PAGE,
        "remark": remark,
        "failed": status["failed"],
    }


@contextlib.contextmanager
def as_launcher() -> Iterator[None]:
    """Let the kernels know whose they are: they end with this process, work under its lock, show their figures."""
    before = dict(os.environ)
    os.environ |= {LAUNCHER: str(os.getpid()), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def execute_notebook(name: str, folder: Path) -> None:
    """Execute one notebook with papermill; the executed copy goes into the study's folder when it ends.

    Raises:
        InputError: a cell found the input wrong.
        Failed: a cell says so, or the kernel was killed.
        RuntimeError: another error in a cell.
    """
    import papermill  # takes a second, and a study's status runs no notebook
    from nbclient.exceptions import DeadKernelError

    out = None if talk() == QUIET else Heard(sys.stdout)
    if out:
        print(f"== {name}", flush=True)
    temporary, final = folder / f".{name}.running.ipynb", folder / f"{name}.ipynb"
    try:
        with doing(f"at work on {name}"):
            papermill.execute_notebook(
                notebooks_folder() / f"{name}.ipynb", temporary, parameters={"study": str(folder)},
                kernel_name="python3", progress_bar=False, stdout_file=out, extra_arguments=QUIET_KERNEL,
                start_timeout=START, iopub_timeout=OUTPUT,
            )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        if error.ename in (InputError.__name__, ParameterError.__name__):
            raise InputError(error.evalue) from None
        if error.ename == Failed.__name__:
            raise Failed(error.evalue) from None
        raise RuntimeError(f"{name}: {error.ename}: {error.evalue}; {final} shows where") from None
    except KeyboardInterrupt:
        logging.getLogger("asyncio").disabled = True  # or the stopped cell's traceback would be the last word
        raise
    except DeadKernelError:
        raise Failed(f"the kernel of {name} was killed (out of memory?); run again to go on") from None
    finally:
        if temporary.is_file() and _is_whole(temporary):
            os.replace(temporary, final)
        temporary.unlink(missing_ok=True)


def _is_whole(notebook: Path) -> bool:
    """Tell whether a notebook was written to its end, which a full disk may prevent."""
    try:
        return bool(json.loads(notebook.read_text(encoding="utf-8"))["cells"])
    except (ValueError, KeyError, TypeError):
        return False


def read_experiment(study: Study) -> Experiment:
    """Return the experiment of a study as it is, unchecked: what was possible then may not be possible now."""
    return Experiment.of(study, *kept_data(study), own_copy=True)
