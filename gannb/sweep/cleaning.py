"""What none of a sweep's studies needs any more of their common folder of units, and its removal.

All studies below the sweep count, also those that its grid has no more: their units go once their folders have gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from gannb.data.medium import Nouns
from gannb.experiment.cleanup import Leftover, leftovers_of, needs_of, remove_still
from gannb.experiment.experiment import Experiment
from gannb.study.data_copy import kept_data
from gannb.study.folder import STUDIES, UNITS, load_study
from gannb.sweep.definition import read_sweep
from gannb.utils.doing import counter, doing
from gannb.work.locks import study_lock


def sweep_leftovers(folder: Path) -> tuple[list[Leftover], Nouns]:
    """Return what no study of a sweep needs, and what the items are called.

    Raises:
        InputError: a study cannot be read any more, so that nobody can tell what it needs.
    """
    read_sweep(folder)  # which says what is missing of it
    needs, nouns = [], None
    studies = _studies(folder)
    with doing(f"planning {len(studies):,} studies"):
        one_more = counter(len(studies))
        for study in map(load_study, studies):
            experiment = Experiment.of(study, *kept_data(study), own_copy=True)
            needs.append(needs_of(experiment))
            nouns = nouns or experiment.medium.nouns
            one_more()
    return leftovers_of(folder / UNITS, needs), nouns


def _studies(folder: Path) -> list[Path]:
    return sorted(record.parent for record in (folder / STUDIES).glob("*/study.json"))


@contextlib.contextmanager
def all_locked(folder: Path) -> Iterator[None]:
    """Hold the sweep and every study of it for this process. Raises InputError where another is at work on one."""
    with contextlib.ExitStack() as held:
        for each in (folder, *_studies(folder)):
            held.enter_context(study_lock(each))
        yield


def remove_leftovers(folder: Path, found: Iterable[Leftover]) -> list[Leftover]:
    """Remove what was found, unless it has come to be needed since; return what was removed."""
    with all_locked(folder):
        return remove_still(folder / UNITS, found, sweep_leftovers(folder)[0])
