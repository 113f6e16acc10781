"""Widgets for JupyterLab: look through what was drawn and made, one class of one trial at a time.

Controls need a kernel at work. An executed copy shows the first view, a notebook saved in JupyterLab the last one.
ipywidgets is imported where a control is made, so that whoever only makes views (tests, scripts) does without it.
"""

from __future__ import annotations

import base64
import functools
import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from gannb.analysis.wording import capital
from gannb.data.examples import Examples
from gannb.data.medium import Grid
from gannb.measures import fidelity
from gannb.report import plots, tables, trying
from gannb.utils.errors import InputError
from gannb.utils.naming import ended
from gannb.work.processes import in_jupyterlab

if TYPE_CHECKING:
    from ipywidgets import DOMWidget

    from gannb.data.medium import Medium, Nouns
    from gannb.experiment.experiment import Experiment

View = Callable[..., tuple[Grid | None, str]]  # the values of the controls -> what to show and the sentence below it
PAIRS = (3, 6)  # rows and columns of a page of samples
GRID = (8, 12)  # rows and columns of one class of a draw
RARE = 0.01  # nearer to a training item than all but this share of unseen real ones may be a copy
ORDERS = {"closest first": 1, "as they were made": 0, "farthest first": -1}  # sign of the distance to sort by
ALL = -1  # in place of a class
DPI = 150  # of a figure, shown at the size of the other figures: sharp on a dense screen


def show(medium: Medium, grid: Grid) -> None:
    """Show a grid of items in a notebook: as their medium shows them on a page, or else as a figure."""
    content = medium.html(grid)
    if not content:
        plots.show(medium, grid)  # the notebook's own backend shows what is drawn
        return
    from IPython.display import HTML, display

    display(HTML(content))


# ---- a draw ----


def draws(experiment: Experiment) -> None:
    """Browse the real items of the trials' draws by trial, part and class; test items are not shown."""
    trials = experiment.results.done(1)
    parts = ["train"] + ["reserve"] * any(len(experiment.results.draw(t).reserve) for t in trials)
    classes = {"all": ALL} | _classes(experiment)
    controls = {"trial": _choice(trials), "part": _choice(parts), "class": _choice(classes)}

    def view(trial: int, part: str, k: int) -> tuple[Grid, str]:
        return draw_view(experiment, trial, part, k)

    browse(experiment.settings.medium, view, controls)


def draw_view(experiment: Experiment, trial: int, part: str, k: int) -> tuple[Grid, str]:
    """Return the first items of every class, or those of class `k`, of the `train` or `reserve` part of a draw."""
    items = experiment.settings.items(getattr(experiment.results.draw(trial), part))
    text = f"Trial {trial} has {len(items):,} {experiment.settings.medium.nouns.many} in its {part}"
    if k == ALL:
        return plots.class_grid(items, title=f"Trial {trial}: {part}"), f"{text}."
    mine = items.take(np.flatnonzero(items.y == k))
    shown = mine.take(np.arange(min(len(mine), GRID[0] * GRID[1])))
    row, names = _rows(len(shown), GRID[1])
    by_row = replace(shown, y=row, classes=names)
    grid = plots.class_grid(by_row, GRID[1], f"Trial {trial}: {part}, class {_name(items, k)}")
    return grid, f"{text}, {len(mine):,} of class {_name(items, k)}, {len(shown):,} of them shown."


# ---- synthetic items ----


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a trial's generators have learnt from, and how far from it real items are that they have not seen."""

    train: Examples
    usual: float  # distance to the nearest training item in raw features: half of the unseen real items are nearer
    copy: float  # the share RARE of them are nearer


@dataclass(frozen=True, eq=False)
class Made:
    """Synthetic items (M) of one class, source and trial, and the training items nearest to them."""

    synthetic: Examples
    nearest: np.ndarray  # (M,) int64: which of the training items, whatever its class
    distance: np.ndarray  # (M,) 1: as far as an unseen real item usually is; 0: a copy
    copied: np.ndarray  # (M,) bool: may be a copy, see RARE


def learnt(experiment: Experiment, trial: int) -> Learnt:
    """Return a trial's training items, and the distances that are usual and rare for unseen real items."""
    train, unseen = tables.real_sides(experiment, trial)
    features = experiment.settings.medium.raw_features
    distance = fidelity.nearest(features(unseen.x), features(train.x))[1]
    return Learnt(train, max(float(np.median(distance)), 1e-9), float(np.quantile(distance, RARE)))


def made(experiment: Experiment, real: Learnt, trial: int, source: str, k: int) -> Made:
    """Return what a source made of class `k` in a trial, of which `real` tells what it has learnt from."""
    items = experiment.synthetic(trial, source)
    mine = items.take(np.flatnonzero(items.y == k))
    if not len(mine):  # related items need not have every class
        return Made(mine, np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool))
    features = experiment.settings.medium.raw_features
    nearest, distance = fidelity.nearest(features(mine.x), features(real.train.x))
    return Made(mine, nearest, distance / real.usual, distance <= real.copy)


def samples(experiment: Experiment) -> None:
    """Browse the synthetic items by source, trial, class and distance, each beside the nearest training item.

    Nearest items are searched when a class is first looked at, and kept as long as the widget.
    """
    settings, trials, size = experiment.settings, experiment.results.done(3), PAIRS[0] * PAIRS[1]
    nouns, sources = settings.medium.nouns, settings.sources
    real = functools.cache(functools.partial(learnt, experiment))
    find = functools.cache(lambda trial, source, k: made(experiment, real(trial), trial, source, k))
    most = max(experiment.synthetic(t, s).counts().max() for t in trials for s in sources)
    controls = {
        "made by": _choice(sources), "trial": _choice(trials), "class": _choice(_classes(experiment)),
        "order": _choice(ORDERS), "page": _slider(-(-int(most) // size)),
    }  # fmt: skip

    def view(source: str, trial: int, k: int, sign: int, page: int) -> tuple[Grid | None, str]:
        found, train, title = find(trial, source, k), real(trial).train, f"{source}, trial {trial}"
        if not len(found.distance):
            return None, f"{title}: there are no {nouns.many} of class {_name(train, k)}."
        return samples_view(found, train, sign, page, title, nouns)

    browse(settings.medium, view, controls)


def samples_view(found: Made, train: Examples, sign: int, page: int, title: str, nouns: Nouns) -> tuple[Grid, str]:
    """Return a page, from 1 on or else the last one, of items beside their nearest, sorted by sign * distance."""
    size, n = PAIRS[0] * PAIRS[1], len(found.distance)
    first = (min(page, -(-n // size)) - 1) * size
    chosen = np.argsort(sign * found.distance, kind="stable")[first : first + size]
    row, names = _rows(len(chosen), PAIRS[1], first)
    synthetic = found.synthetic.take(chosen)
    name = _name(synthetic, found.synthetic.y[0])
    grid = plots.neighbours(
        synthetic.x, train.x[found.nearest[chosen]], found.distance[chosen], row, names, f"{title}, class {name}",
        copied=found.copied[chosen],
    )  # fmt: skip
    text = (
        f"{capital(nouns.many)} {first + 1:,} to {first + len(chosen):,} of {n:,} of class {name}, each beside the "
        f"training {nouns.one} most like it. {found.copied.sum():,} of the {n:,} may be copies (framed red): they are "
        f"nearer to a training {nouns.one} than {1 - RARE:.0%} of real {nouns.many} from outside the training set are."
    )
    return grid, text


# ---- what anybody asks for ----


def ask(experiment: Experiment) -> None:
    """A box for a class's name, or a caption where the GAN takes captions, and what the GAN makes of it."""
    import ipywidgets

    box = ipywidgets.Text(
        trying.example_of(experiment), continuous_update=False, layout={"width": "36em"},
        style={"description_width": "initial"},
    )  # fmt: skip
    browse(experiment.settings.medium, lambda wanted: asked_view(experiment, wanted), {"make": box})


def asked_view(experiment: Experiment, wanted: str) -> tuple[Grid | None, str]:
    """Return what a GAN makes of what is wanted beside real items, and by which it was made; or why nothing is."""
    try:
        tried = trying.try_out(experiment, wanted)
    except InputError as error:
        return None, str(error)
    remarks = [ended(capital(remark)) for remark in tried.remarks]
    return tried.grid, " ".join([f"Made of {tried.what} by {tried.whose}.", *remarks])


# ---- parts ----


class _Said(str):
    """A text that a notebook shows as such, in no quotes."""

    __repr__ = str.__str__

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self)}</p>"


def say(text: str) -> None:
    """Show a sentence about a picture, in a notebook alone: `gannb run` repeats prints where there are no pictures."""
    from IPython.display import display

    display(_Said(text))


def browse(medium: Medium, view: View, controls: Mapping[str, DOMWidget]) -> None:
    """Show a view and, in JupyterLab, controls with their labels; `view` gets their values in the controls' order.

    Elsewhere the first view is shown. A control with one choice is not shown.
    """
    values = lambda: [control.value for control in controls.values()]  # noqa: E731
    if not in_jupyterlab():
        grid, said = view(*values())
        if grid is not None:
            show(medium, grid)
        say(said)
        return
    import ipywidgets
    from IPython.display import DisplayHandle, display

    picture, text = DisplayHandle(), DisplayHandle()  # outputs of their own, which a saved notebook keeps

    def look(how: str) -> None:
        grid, said = view(*values())
        content, metadata = _content(medium, grid)
        getattr(picture, how)(content, raw=True, metadata=metadata)
        getattr(text, how)({"text/html": f"<p>{html.escape(said)}</p>", "text/plain": said}, raw=True)

    for label, control in controls.items():
        control.description = label
        control.observe(lambda _: look("update"), "value")
    shown = [control for control in controls.values() if _has_choice(control)]
    display(ipywidgets.HBox(shown, layout={"flex_flow": "row wrap"}))
    look("display")


def _content(medium: Medium, grid: Grid | None) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what a notebook keeps of a grid, by media type: HTML, or else a figure; and what it is to know of it."""
    if grid is None:
        return {"text/plain": ""}, {}
    if content := medium.html(grid):
        return {"text/html": content}, {}
    ax = plots.show(medium, grid)
    width = round(ax.figure.get_figwidth() * ax.figure.dpi)
    drawn = base64.b64encode(plots.png(ax.figure, DPI)).decode()
    plt.close(ax.figure)  # or the notebook's backend would show it as well
    return {"image/png": drawn}, {"image/png": {"width": width}}


def _has_choice(control: DOMWidget) -> bool:
    if not hasattr(control, "options") and not hasattr(control, "max"):  # a box that anything is written into
        return True
    return len(control.options) > 1 if hasattr(control, "options") else control.max > control.min


def _choice(options: Sequence[Any] | Mapping[str, Any]) -> DOMWidget:
    import ipywidgets

    return ipywidgets.Dropdown(options=options, layout={"width": "max-content"}, style={"description_width": "initial"})


def _slider(most: int) -> DOMWidget:
    import ipywidgets

    style = {"description_width": "initial"}
    return ipywidgets.IntSlider(1, 1, most, continuous_update=False, style=style)


def _classes(experiment: Experiment) -> dict[str, int]:
    """Return the classes' numbers by their names."""
    return {str(name): k for k, name in enumerate(experiment.dataset.pool.classes)}


def _name(items: Examples, k: int) -> str:
    return plots.short(str(items.classes[k]))


def _rows(n: int, columns: int, before: int = 0) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the row (n,) of each of n items, `columns` in a row, and the rows' names: `1-6`, `7-12`."""
    starts = range(0, n, columns)
    names = [f"{before + s + 1:,}–{before + min(s + columns, n):,}" for s in starts]
    return np.arange(n) // columns, tuple(names)
