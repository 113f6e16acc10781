"""What a GAN makes of captions: the figures of the page that show it, and what is said of it by source of captions."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gannb.analysis.evidence import Evidence
from gannb.data.medium import Cell, Grid
from gannb.generators.interface import Condition
from gannb.measures.comparison import REFERENCE_SETS
from gannb.measures.fidelity import nearest
from gannb.report import plots
from gannb.report.page.pictures import Picture, chart_picture, items_picture, shown_trial
from gannb.report.page.tables import generator_labels
from gannb.utils.figures import RED, short
from gannb.utils.keys import seed_for

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium
    from gannb.experiment.experiment import Experiment
    from gannb.generators.adversarial.gan import Adversarial

SHOWN = 4  # captions in a figure
ROWS, IN_A_ROW = 2, 4  # of the samples of a caption
REAL = 2  # real items of a caption
FRAMES = 7  # of a way between two captions
LINE, LINES = 22, 3  # characters and lines of a caption beside its items
NEAR_CHANCE = 0.25  # of the way from chance to what real items get, below which a GAN-test is near chance
GAP = Cell(None)


@dataclass(frozen=True, eq=False)
class Trial:
    """A trial's GAN of captions, and the real items that it has and has not seen."""

    generator: Adversarial
    train: Examples
    test: Examples
    seed: int


def asked_pictures(experiment: Experiment, folder: Path, evidence: Evidence) -> dict[str, Picture]:
    """Draw what the study's GAN makes of captions, seen and unseen, and between two; nothing where it takes none."""
    medium, number = experiment.settings.medium, shown_trial(experiment)
    if not takes_captions(experiment.family, medium) or number is None:
        return {}
    draw, items = experiment.results.draw(number), experiment.settings.items
    seed = seed_for(experiment.study.seed, "trial", number, "asked")
    trial = Trial(experiment.generator(number), items(draw.train), items(draw.test), seed)
    seen, unseen = seen_captions(trial.train), unseen_captions(trial, experiment.settings.new_captions)
    found = {"captions": _of_captions(folder, "captions", medium, trial, seen, seen=True)}
    if unseen:
        found["new_captions"] = _of_captions(folder, "new_captions", medium, trial, unseen, seen=False)
    if len(seen) > 1:
        found["passages"] = _passages(folder, medium, trial, seen)
    return found | _retrieval(folder, evidence, medium)


def takes_captions(source: str, medium: Medium) -> bool:
    """Tell whether a source of items, as GENERATOR or GENERATOR.VARIATION, makes them of captions."""
    family = medium.families.get(source.partition(".")[0])
    return family is not None and family.takes_captions


# ---- which captions ----


def seen_captions(train: Examples) -> list[str]:
    """The first caption of the first training item of evenly chosen classes."""
    shown = np.unique(np.linspace(0, train.n_classes - 1, min(SHOWN, train.n_classes)).round().astype(int))
    firsts = [np.flatnonzero(train.y == k)[:1] for k in shown]
    return list(dict.fromkeys(_first(train.captions[i]) for first in firsts for i in first))


def unseen_captions(trial: Trial, asked: Sequence[tuple[str, int]]) -> list[str]:
    """The first captions that no training item has: of those asked for, and of test items, by turns of the classes."""
    known, test = set(trial.train.captions.ravel().tolist()), trial.test
    given = [asked[i][0] for i in _by_turns(np.array([label for _, label in asked], int))]
    of_test = [_first(test.captions[i]) for i in _by_turns(test.y)]
    return [caption for caption in dict.fromkeys([*given, *of_test]) if caption not in {*known, ""}][:SHOWN]


def _by_turns(y: np.ndarray) -> np.ndarray:
    """Positions (N,): the first item of each class, then the second of each, and so on."""
    before = np.empty(len(y), int)  # of the same class
    for k in np.unique(y):
        before[y == k] = np.arange((y == k).sum())
    return np.lexsort((y, before))


def _first(captions: np.ndarray) -> str:
    """The first of an item's captions (C,); "" where it has none."""
    return str(next((caption for caption in captions if caption), ""))


# ---- figures ----


def _of_captions(folder: Path, name: str, medium: Medium, trial: Trial, captions: Sequence[str], seen: bool) -> Picture:
    """Draw, for each caption, real items that have it, samples, and the training item nearest to any of these."""
    cells, rows, table, number = [], [], [], ROWS * IN_A_ROW
    real = [_real(trial.train if seen else trial.test, caption) for caption in captions]
    width = max(map(len, real))
    for caption, beside in zip(captions, real, strict=True):
        made = trial.generator.sample(Condition(np.zeros(number, int), np.full(number, caption)), trial.seed)
        index, distance = nearest(medium.raw_features(made), medium.raw_features(trial.train.x))
        closest = int(distance.argmin())
        near = Cell(trial.train.x[index[closest]])
        samples = [Cell(x, RED if i == closest else "") for i, x in enumerate(made)]
        cells += _rows_of([*beside, *[GAP] * (width - len(beside))], samples, near)
        rows += [_wrapped(caption), ""]
        table.append({"caption": caption, "nearest_training_item": trial.train.ids[index[closest]]})
    left = ["real", *[""] * width] if width else []
    columns = [*left, "", "made of it", *[""] * (IN_A_ROW - 2), "", "nearest"]
    grid = Grid(cells, rows, columns=columns)
    return items_picture(folder, name, medium, grid, pd.DataFrame(table), _texts(medium, captions, seen))


def _rows_of(real: list[Cell], samples: list[Cell], near: Cell) -> list[list[Cell]]:
    """The samples in rows, beside real items in the first of them, and last the nearest training item."""
    rows = [samples[i : i + IN_A_ROW] for i in range(0, len(samples), IN_A_ROW)]
    beside = [*real, GAP] if real else []
    return [
        [*(beside if i == 0 else [GAP] * len(beside)), *row, GAP, near if i == 0 else GAP] for i, row in enumerate(rows)
    ]


def _real(items: Examples, caption: str) -> list[Cell]:
    having = np.flatnonzero((items.captions == caption).any(1))[:REAL]
    return [Cell(items.x[i]) for i in having]


def _wrapped(caption: str) -> str:
    return "\n".join(textwrap.wrap(caption, LINE, max_lines=LINES, placeholder=" …"))


def _texts(medium: Medium, captions: Sequence[str], seen: bool) -> tuple[str, str, str]:
    nouns = medium.nouns
    whose = f"training {nouns.many} with the caption" if seen else f"test {nouns.many} with it, if there are any"
    title = "Captions of the training set" if seen else "Captions that the GAN has not seen"
    caption = (
        f"{title}. Left: {whose}. Middle: the first {ROWS * IN_A_ROW} that the GAN of the trial made "
        f"of it, from the same noise for every caption, place by place. Right: the training {nouns.one} nearest to any "
        f"of these in {nouns.raw}, and framed the one that it is nearest to."
    )
    listed = "; ".join(f"“{each}”" for each in captions)
    return title, caption, f"Real {nouns.many}, {nouns.many} made of a caption, and the nearest real one: {listed}."


def _passages(folder: Path, medium: Medium, trial: Trial, captions: Sequence[str]) -> Picture:
    """Draw the ways from each caption to the next one."""
    pairs = np.array([captions[:-1], captions[1:]]).T
    frames = trial.generator.between_captions(pairs, trial.seed, FRAMES)
    rows = [f"{short(first, LINE)}\nto {short(last, LINE - 3)}" for first, last in pairs.tolist()]
    grid = Grid([[Cell(x) for x in way] for way in frames], rows)
    caption = (
        "From one caption to another, by even steps between what the encoder makes of the two, with the same noise all "
        "along. Where the encoder and the GAN have learnt what is in between, things change one after the other; where "
        "they know captions by heart alone, one fades into the other."
    )
    listed = "; ".join(f"from “{first}” to “{last}”" for first, last in pairs.tolist())
    texts = "From one caption to another", caption, f"{FRAMES} frames each: {listed}."
    return items_picture(folder, "passages", medium, grid, pd.DataFrame(pairs, columns=["from", "to"]), texts)


def _retrieval(folder: Path, evidence: Evidence, medium: Medium) -> dict[str, Picture]:
    """Draw the measures that lie between chance and what real items get; nothing where none was measured."""
    if (table := retrieval_table(evidence, medium)).empty:
        return {}
    rows = [f"{r.measure}, {r.generator} {r.value:.2f}" for r in table.itertuples()]
    caption = (
        "Does the matcher find the caption? A bar for each generator; dotted: by chance; the dark line: what real "
        f"{medium.nouns.many} get, held-out ones, or the training set where none of those has such a caption."
    )
    texts = "Do they follow their captions?", caption, f"Bars: {'; '.join(rows)}."
    return {"retrieval": chart_picture(folder, "retrieval", plots.between_bars(table), table, texts)}


def retrieval_table(evidence: Evidence, medium: Medium) -> pd.DataFrame:
    """Return measure, generator, value, chance and real: of the measures for which the medium tells what chance gives.

    Means over trials. Real is what held-out items get, or where none could be measured, the training set itself.
    """
    columns = ["measure", "generator", "value", "chance", "real"]
    if evidence.quality.empty:
        return pd.DataFrame(columns=columns)
    means = _means(evidence, medium).reindex(columns=list(medium.by_chance))
    held_out, training, *_ = (
        means.loc[name] if name in means.index else pd.Series(dtype=float) for name in REFERENCE_SETS
    )
    real = held_out.reindex(means.columns).fillna(training.reindex(means.columns))
    made = {name: label for name, label in generator_labels(evidence).items() if name not in REFERENCE_SETS}
    return pd.DataFrame(
        [
            (measure.replace("_", " "), label, means.loc[name, measure], chance, real[measure])
            for measure, chance in medium.by_chance.items()
            for name, label in made.items()
            if name in means.index and np.isfinite(means.loc[name, measure])
        ],
        columns=columns,
    )


def _means(evidence: Evidence, medium: Medium) -> pd.DataFrame:
    """Means over trials of the medium's own measures, which stand in rows of the raw features, by generator."""
    measured = evidence.quality[evidence.quality["features"] == medium.raw_space]
    return measured.groupby("generator").mean(numeric_only=True)


# ---- what is said ----


def asked_notes(evidence: Evidence, medium: Medium) -> list[str]:
    """Say of each source of captions how many of its items are recognised as their class, and warn near chance."""
    if evidence.quality.empty:
        return []
    means = _means(evidence, medium)
    labels = {n: label for n, label in generator_labels(evidence).items() if n in means.index}
    sources = {name: label for name, label in labels.items() if takes_captions(name, medium)}
    if not sources:
        return []
    chance, many = 1 / len(evidence.class_counts), medium.nouns.many
    said = ", ".join(f"{label} {means.loc[name, 'gan_test']:.2f}" for name, label in sources.items())
    real = means.loc[list(sources), "ruler_accuracy"].mean()
    told = [
        f"In so many of the {many} made of captions the measuring classifier sees their class, by source (GAN-test; "
        f"chance {chance:.2f}, unseen real {many} {real:.2f}): {said}."
    ]
    bar = chance + NEAR_CHANCE * (real - chance)
    near = [label for name, label in sources.items() if means.loc[name, "gan_test"] < bar]
    if near:
        told.append(
            f"Near chance: {', '.join(near)}. What is made there is hardly of the class that it is labelled with, and "
            "trains a classifier as wrong labels do."
        )
    return told
