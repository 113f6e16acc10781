"""How far a study is, for `gannb status`: from what its folder keeps, within a second, where that still holds."""

from __future__ import annotations

import contextlib
from typing import Any

from gannb.experiment.status import STATUS, Listing, status_text
from gannb.study.model import Study
from gannb.utils.files import write_json
from gannb.work.locks import is_running


def study_status(study: Study) -> tuple[dict[str, Any], str]:
    """Write `status.json` anew, unless the study can only be read; return it, and the same as text.

    Raises:
        InputError: the study has to be planned anew, and its data can be read no more.
    """
    running = is_running(study.folder)
    listing = Listing.kept(study.folder, running) or _planned_anew(study)
    status = listing.status(study.folder, study.name, "running" if running else "")
    with contextlib.suppress(OSError):
        write_json(study.folder / STATUS, status)
    return status, status_text(status, listing.words)


def _planned_anew(study: Study) -> Listing:
    from gannb.jupyter.runner import read_experiment  # takes a second

    listing = Listing.of_results(read_experiment(study).results)
    with contextlib.suppress(OSError):
        listing.write(study.folder)
    return listing
