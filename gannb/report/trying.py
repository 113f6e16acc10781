"""`gannb try`: items that a study's GAN makes of a class, or of a caption, as one picture or page to look at."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from markupsafe import Markup

from gannb.data.examples import Examples
from gannb.data.medium import Cell, Grid
from gannb.experiment.experiment import Experiment
from gannb.generators import registry
from gannb.generators.interface import Condition
from gannb.report import plots
from gannb.report.page.html import render
from gannb.report.plots.saving import png
from gannb.study.folder import load_study
from gannb.utils.errors import InputError
from gannb.utils.files import write_bytes, write_text
from gannb.utils.keys import seed_for
from gannb.utils.naming import composed, few_of, nearest_class

if TYPE_CHECKING:
    from gannb.data.medium import Captioning

FOLDER = "tried"  # in a study's folder
MOST = 64  # items at a time
IN_A_ROW = 8
LONGEST = 80  # bytes of a file's name
LINE, LINES, ZOOM = 12, 2, 2.0  # characters and lines of a caption below an item, which is drawn so much larger


@dataclass(frozen=True, eq=False)
class Fitted:
    """The generator that is asked, and what it was trained on.

    whose: in words, "the final generator".
    """

    generator: Any
    draw: Examples
    whose: str


@dataclass(frozen=True, eq=False)
class Tried:
    """What was made: the grid that shows it beside real items, and sentences for whoever asked."""

    what: str  # "class 'circle'", "“a red circle”"
    x: np.ndarray  # (M, *item)
    captions: np.ndarray | None  # (M,) str, of what was made
    grid: Grid
    whose: str
    seed: int
    remarks: list[str] = field(default_factory=list)


def try_out(experiment: Experiment, wanted: str, number: int = IN_A_ROW, seed: int = 0) -> Tried:
    """Return items that a study's GAN makes of what is wanted: a class's name, or a caption where it takes captions.

    number: of items.  seed: another number, other items.

    Raises:
        InputError: there is no trained GAN, no such class, or a caption that cannot be one.
    """
    if not 1 <= number <= MOST:
        raise InputError(f"number={number} is out of range; give 1 to {MOST} items.")
    wanted = " ".join(composed(wanted).split())
    classes, settings = experiment.dataset.pool.classes, experiment.settings
    k = next((k for k, name in enumerate(classes) if name.casefold() == wanted.casefold()), None)
    if k is None:
        _check_caption(experiment, wanted)
    fitted = fitted_generator(experiment)
    condition = Condition(np.full(number, k or 0), None if k is not None else np.full(number, wanted))
    of_noise = seed_for(experiment.study.seed, "try", seed)
    x, captions = (ask(condition, of_noise) for ask in (fitted.generator.sample, fitted.generator.captions_of))
    words = settings.medium.captions.words if k is None else None
    real = _like_class(fitted.draw, k) if k is not None else _like_caption(fitted.draw, wanted, words)
    what = f"class {classes[k]!r}" if k is not None else f"“{wanted}”"
    index = np.arange(number)
    made = Examples(x, np.zeros(number, int), ("",), index.astype(str), index, _column(captions))
    remarks = _remarks(settings.medium.captions, fitted.draw, wanted) if k is None else []
    return Tried(what, x, captions, _grid(made, real, what, k is None), fitted.whose, seed, remarks)


def example_of(experiment: Experiment) -> str:
    """Return what a person might want: a caption of the data where the study's GAN takes captions, else a class."""
    settings, pool = experiment.settings, experiment.dataset.pool
    if settings.medium.families[settings.family].takes_captions:
        return str(pool.captions[0, 0])
    return pool.classes[0]


def tried_in(folder: str | Path, wanted: str, number: int, seed: int) -> tuple[Path, Tried]:
    """Try something out with the study in a folder; return the file that shows it, and what was made."""
    experiment = Experiment.preview(load_study(folder), own_copy=True)
    tried = try_out(experiment, wanted, number, seed)
    return write(experiment, tried), tried


def fitted_generator(experiment: Experiment) -> Fitted:
    """Return the study's final GAN, or else the first trial's that is there. Raises InputError where none is whole."""
    results, plan, settings = experiment.results, experiment.plan, experiment.settings
    of_trials = [(plan.generator_units.get((t, settings.family)), t) for t in range(settings.trials)]
    found = [(unit, f"the GAN of trial {trial}") for unit, trial in of_trials if unit is not None]
    found = [(plan.final_generator, "the final generator"), *found]
    unit, whose = next(((unit, whose) for unit, whose in found if results.is_done(unit)), (None, ""))
    if unit is None:
        raise InputError(
            f"{experiment.folder} has no trained GAN yet; run the study first (`gannb run {experiment.folder}`)."
        )
    results.check_whole([unit])
    generator = registry.load(results.folder / unit.path, settings.medium, experiment.device)
    with np.load(results.folder / unit.need("draw").path / "draw.npz", allow_pickle=False) as draw:
        return Fitted(generator, settings.items(draw["train"]), whose)


def write(experiment: Experiment, tried: Tried) -> Path:
    """Write what was made into the study's folder, a page for what is heard or read, else a picture; return where."""
    name = re.sub(r"[^\w]+", "-", tried.what).strip("-").casefold().encode()[:LONGEST].decode(errors="ignore")
    place = experiment.folder / FOLDER / f"{name}-{tried.seed}"
    place.parent.mkdir(exist_ok=True)
    medium = experiment.settings.medium
    if (content := medium.html(tried.grid)) is not None:
        title = f"{tried.what}: {medium.nouns.many} that {tried.whose} made"
        page = render("try.html", title=title, content=Markup(content), remarks=tried.remarks)
        write_text(Path(f"{place}.html"), page)
        return Path(f"{place}.html")
    ax = plots.show(medium, tried.grid)
    write_bytes(Path(f"{place}.png"), png(ax.figure))
    plt.close(ax.figure)
    return Path(f"{place}.png")


# ---- what is wanted ----


def _check_caption(experiment: Experiment, wanted: str) -> None:
    """Raise InputError where what is wanted is no class, and the study's GAN takes no captions, or none like it."""
    settings, classes = experiment.settings, experiment.dataset.pool.classes
    if not settings.medium.families[settings.family].takes_captions:
        raise InputError(
            f"There is no class {wanted!r} in {experiment.folder}, and its GAN {settings.family!r} takes no captions; "
            f"{nearest_class(wanted, classes)}"
        )
    if why := settings.medium.captions.fault(wanted):
        raise InputError(f"Nothing can be made of {wanted!r}: {why}; write a sentence, or the name of a class.")


def _remarks(captioning: Captioning, draw: Examples, wanted: str) -> list[str]:
    """Say which words the training set's captions do not have."""
    known = [caption for caption in np.unique(draw.captions) if caption]
    if not (missing := captioning.unknown([wanted], known)):
        return []
    of_all = len(missing) == len(set(captioning.words(wanted)))
    what = "no word of this caption stands in a caption" if of_all else "these words stand in no caption"
    return [f"{what} of the training set, and the GAN knows nothing of them: {few_of(missing, 20)}"]


# ---- what is shown ----


def _column(captions: np.ndarray | None) -> np.ndarray | None:
    return None if captions is None else captions[:, None]


def _like_class(draw: Examples, k: int) -> Examples:
    """The first training items of a class."""
    return draw.take(np.flatnonzero(draw.y == k)[:IN_A_ROW])


def _like_caption(draw: Examples, wanted: str, words: Callable[[str], list[str]]) -> Examples:
    """The training items of which a caption has most words in common with one, as a share of all of both."""
    asked = set(words(wanted))
    alike = [max(_shared(asked, set(words(c))) for c in own if c) for own in draw.captions]
    return draw.take(np.argsort(alike, kind="stable")[::-1][:IN_A_ROW])


def _shared(a: set[str], b: set[str]) -> float:
    return len(a & b) / max(1, len(a | b))


def _grid(made: Examples, real: Examples, what: str, of_caption: bool) -> Grid:
    """What was made in rows, and below it real items, each with its caption where it has another one."""
    rows = [range(i, min(i + IN_A_ROW, len(made))) for i in range(0, len(made), IN_A_ROW)]
    cells = [[Cell(made.x[i], note="" if of_caption else _note(made, i)) for i in row] for row in rows]
    cells.append([Cell(real.x[i], note=_note(real, i)) for i in range(len(real))])
    below = "real, most like it" if of_caption else "real"
    zoom = ZOOM if real.captions is not None else 1.0
    return Grid(cells, ["made", *[""] * (len(rows) - 1), below], zoom=zoom, title=what)


def _note(examples: Examples, i: int) -> str:
    if examples.captions is None:
        return ""
    caption = str(next((c for c in examples.captions[i] if c), ""))
    return "\n".join(textwrap.wrap(caption, LINE, max_lines=LINES, placeholder=" …"))
