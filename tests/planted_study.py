"""A study whose units are planted, as if everything had been trained; and what reads its page."""

from __future__ import annotations

import math
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from gannb.data.examples import Examples
from gannb.experiment.experiment import Experiment
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media.image.shifts import SHIFTS
from gannb.stats.scores import classification_scores
from gannb.study.model import make_study
from gannb.utils.files import write_json
from gannb.work.store import execute

ACCURACY = {"real+gan+classic": 0.93, "real+classic": 0.92, "real+mislabelled+classic": 0.6, "real+more+classic": 0.97,
            "fewer+classic": 0.85}  # fmt: skip


def planted_study(outputs: Path) -> Experiment:
    """A study of three trials in a folder, all of whose units are planted."""
    from gannb.experiment.status import write_status

    found = Experiment.open(
        make_study(trials=3, classifier_seeds=2, output_dir=str(outputs), name="planted", device="cpu")
    )
    for trial in range(3):
        plant(found, trial)
    write_status(found.results)
    return found


def plant(experiment: Experiment, trial: int) -> None:
    """Write a trial's units as if they had been made: draw, GAN, items, quality and every arm's predictions."""
    folder = experiment.folder
    mine = [u for u in experiment.plan.all_units() if u.parameters["trial"] == trial]
    for unit in mine:
        (folder / unit.path).mkdir(parents=True, exist_ok=True)
        if unit.kind != "draw":
            write_json(folder / unit.path / "unit.json", {"seconds": 2.0})
    execute(folder, experiment.plan.draws[trial], "cpu")
    draw = experiment.results.draw(trial)
    train, test = experiment.settings.items(draw.train), experiment.settings.items(draw.test)
    curves = {"step": [10, 20], "discriminator_loss": [2.0, 1.5], "generator_loss": [1.0, 0.9], "sureness": [0.2, 0.5]}
    diversity = {"step": [20], "ratio": [0.8]}
    for unit in mine:
        place = folder / unit.path
        if unit.kind == "generator":
            write_json(place / "generator.json", {"curves": curves, "diversity": diversity, "log": [], "kept": "EMA"})
        elif unit.kind == "items":
            np.save(place / "x.npy", train.x // 2)
            np.save(place / "y.npy", train.y)
        elif unit.kind in ("quality", "yardsticks"):
            plant_quality(place, unit.parameters, train)
        elif unit.kind == "classifier":
            plant_scores(place, unit.parameters, test)


def plant_quality(place: Path, parameters: dict, train: Examples) -> None:
    names = [parameters["generator"]] if "generator" in parameters else REFERENCE_SETS
    rows = [row for name in names for row in quality_rows(parameters | {"generator": name})]
    about = [{key: row[key] for key in ("trial", "generator", "features")} for row in rows]
    measured = {"gan_test": 0.9, "ruler_accuracy": 0.9, "diversity": 0.9, "nearer_to_train": 0.0}
    measured |= {"exact_duplicates": 0.0}
    suspect = {"item": 3, "training": 3, "test": 1, "to_train": 0.5, "to_held_out": 1.0, "suspicion": 0.5}
    write_json(place / "quality.json", rows)
    write_json(place / "classes.json", [a | {"class": name} | measured for a in about for name in train.classes])
    write_json(place / "suspects.json", [a | suspect for a in about])


def quality_rows(parameters: dict) -> list[dict]:
    about = {"trial": parameters["trial"], "generator": parameters["generator"]}
    measures = ("gan_test", "kid", "density", "coverage", "precision", "recall", "authenticity")
    numbers = dict.fromkeys(measures, 0.5) | {"authenticity_of_real": 0.5, "ruler_accuracy": 0.9, "seconds": 1.0}
    ratio = 0.9 + 0.001 * parameters["trial"]
    copying = {"nn_ratio": ratio, "nearer_to_train": 1.5 - ratio, "flagged": 1.0, "exact_duplicates": 0.0, "items": 100}
    return [about | {"features": f} | copying | numbers for f in ("pixels", "small_cnn")]


def plant_scores(place: Path, parameters: dict, test: Examples) -> None:
    rng = np.random.default_rng([parameters["trial"], len(parameters["arm"])])
    rows, outputs, halves, y, classes = [], [], [], test.y, test.n_classes
    after_half = np.random.default_rng(parameters["trial"])
    for seed in range(parameters["seeds"]):
        said = np.where(rng.random(len(y)) < ACCURACY.get(parameters["arm"], 0.9), y, (y + 1) % classes)
        outputs.append(np.eye(classes)[said] * 0.9 + 0.1 / classes)
        usual = 160 if "more" in parameters["arm"] else 80
        n_real = {"fewer": 40, "gan": 0}.get(parameters["arm"].split("+")[0], usual)
        about = {"trial": parameters["trial"], "arm": parameters["arm"], "n_real": n_real, "n_synthetic": 0}
        scores = {k: None if math.isnan(v) else v for k, v in classification_scores(y, outputs[-1]).items()}
        rows.append(about | {"seed": seed, "train_accuracy": 1.0} | scores)
        before = np.where(after_half.random(len(y)) < 0.004, (y + 1) % classes, said)  # nearly as good after half of it
        halves.append(np.eye(classes)[before] * 0.9 + 0.1 / classes)
        scores = {k: None if math.isnan(v) else v for k, v in classification_scores(y, halves[-1]).items()}
        rows.append(about | {"arm": f"{parameters['arm']}@half", "seed": seed, "train_accuracy": 1.0} | scores)
    said = np.stack(outputs).argmax(2)
    on_shifted = np.stack([said] * len(SHIFTS), 1)  # (S, F, I), as right as on the items themselves
    shifted = {"shifted": on_shifted, "shifted_at": np.arange(len(y))}
    np.savez(place / "predictions.npz", p=np.stack(outputs), half_p=np.stack(halves), y=y, **shifted)
    write_json(place / "scores.json", rows)


HIDDEN = ("style", "title", "script")  # tags whose text is not read


class Reader(HTMLParser):
    """Collects tags, what they load, their ids, and the text in reading order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.loads, self.ids, self.text, self.skip = [], [], [], "", False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        self.loads += [found[name] for name in ("src", "srcset", "href", "action", "poster", "data") if found.get(name)]
        self.ids += [found["id"]] if "id" in found else []
        self.skip = tag in HIDDEN

    def handle_endtag(self, tag):
        self.skip = self.skip and tag not in HIDDEN

    def handle_data(self, data):
        self.text += "" if self.skip else data

    def named(self, tag: str) -> list[dict]:
        return [found for name, found in self.tags if name == tag]

    def pictures(self) -> list[str]:
        """What each figure says in words: photos as images, charts drawn in the page."""
        charts = [found["aria-label"] for _, found in self.tags if found.get("role") == "img"]
        return [image["alt"] for image in self.named("img")] + charts
