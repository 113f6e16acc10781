"""Jobs of Slurm as Dask workers, asked for as the user's own jobqueue.yaml says."""

from __future__ import annotations

import contextlib
import logging
import shutil
import warnings
from collections.abc import Iterator

from gannb.utils.errors import InputError

SAYS = "jobqueue.slurm"  # where Dask's configuration says what a job is
NEEDED = ("cores", "memory")  # that it has to say
ASKS = ("sbatch", "scancel")  # commands by which jobs are asked for and ended
EVERY = "10s"  # how often it is looked whether jobs have ended, for which others are then asked


def check(workers: int) -> None:
    """Raise InputError where no jobs can be asked for, and say what is missing."""
    try:
        import dask
        import dask_jobqueue  # noqa: F401  reads its part of the configuration
    except ImportError:
        raise InputError(
            "engine=slurm takes packages that are not installed; install them with `pip install 'gannb[slurm]'`, or "
            "use engine=local."
        ) from None
    if absent := [command for command in ASKS if shutil.which(command) is None]:
        raise InputError(f"engine=slurm: there is no {absent[0]} on this machine; start on one that submits jobs.")
    if missing := [key for key in NEEDED if not dask.config.get(f"{SAYS}.{key}", None)]:
        raise InputError(
            f"engine=slurm: no jobqueue.yaml says how large a job is ({', '.join(f'{SAYS}.{key}' for key in missing)} "
            "missing); say it in ~/.config/dask/jobqueue.yaml, as notebooks/clusters.md shows."
        )
    if not workers:
        raise InputError("engine=slurm: say with workers=N how many processes to ask for in all.")


@contextlib.contextmanager
def jobs(workers: int) -> Iterator[str]:
    """Ask for jobs with so many processes, and keep them until the block ends; yield HOST:PORT of their scheduler.

    Jobs that end before, as where their time is over, are asked for again.

    Raises:
        InputError: they cannot be asked for.
    """
    check(workers)
    from dask_jobqueue import SLURMCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = SLURMCluster(scheduler_options={"dashboard": False})
    try:
        cluster.adapt(minimum=workers, maximum=workers, interval=EVERY)
        yield cluster.scheduler_address.rpartition("//")[2]
    finally:
        cluster.close()
