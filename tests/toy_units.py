"""The units of a study of vectors, made by hand: no experiment decides which there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from toy_media import Vectors, vectors

from gannb.data.examples import DataReport, Dataset
from gannb.units import classifiers, generators, measures, open_set
from gannb.work.store import execute
from gannb.work.unit import Unit

N_PER_CLASS = 8  # in a draw; as many in reserve
TRAINING = {"classifier": "two_layers", "cycles": [150, 150], "seeds": 2, "batch_size": 16}


def dataset_of(medium: Vectors, n: int = 60) -> Dataset:
    """Return n vectors of each of three classes, and half as many of two classes that are held out."""
    report = DataReport("toy", "planted", {}, {}, "as they are", [], [], [], [], [], 3 * n)
    held_out = Dataset(vectors(medium, n // 2, classes=2, seed=1), None, "g", "q", report, medium.name)
    return Dataset(vectors(medium, n, classes=3), None, "f", "p", report, medium.name, held_out)


class ToyStudy:
    """A folder with the copy of the data, and units of one trial, each made when it is asked for."""

    def __init__(self, folder: Path, medium: Vectors) -> None:
        self.folder, self.medium, self.dataset = folder, medium, dataset_of(medium)
        self.dataset.save(folder / "data-key")
        design = {"protocol": "draw", "n_per_class": N_PER_CLASS, "test_share": 0.25, "folds": 0, "blocks": 0}
        self.draw = self.unit("draw", generators.make_draw, {"data": "key"} | design)

    def unit(
        self, kind: str, make: Any, parameters: dict[str, Any], needs: tuple[Unit, ...] = (), name: str = ""
    ) -> Unit:
        """Return a unit that is made."""
        made = Unit(1, kind, f"trials/000/{name or kind}", make, 1, {"trial": 0, "seed": 0} | parameters, needs)
        failed = execute(self.folder, made, "cpu")
        assert failed is None, failed
        return made

    def generator(self, name: str) -> Unit:
        steps = {"gan_steps": 20, "gan_augmentation": "auto"} if name in self.medium.families else {}
        return self.unit("generator", generators.make_generator, {"generator": name} | steps, (self.draw,), name)

    def items(self, name: str) -> Unit:
        needs = (self.draw, self.generator(name))
        return self.unit("items", generators.make_items, {"n_synthetic": N_PER_CLASS}, needs, f"{name}-items")

    def items_in(self, name: str, variation: str) -> Unit:
        needs = (self.draw, self.generator(name), self.teacher())
        parameters = {"n_synthetic": N_PER_CLASS, "variation": variation}
        return self.unit("items", generators.make_items, parameters, needs, f"{name}.{variation}-items")

    def teacher(self) -> Unit:
        """Return the classifier that chooses and teaches."""
        asked = {"steps": 100, "augmentation": "none"}
        return self.unit("judge", measures.make_filtering_classifier, asked, (self.draw,))

    def measuring_classifier(self) -> Unit:
        return self.unit("ruler", measures.make_measuring_classifier, {"steps": 400}, (self.draw,))

    def quality(self, name: str, **more: Any) -> Unit:
        needs = (self.draw, self.items(name), self.measuring_classifier(), self.generator(name))
        return self.unit(
            "quality",
            measures.make_quality,
            {"generator": name, "augmentation": "noise"} | more,
            needs,
            f"{name}-quality",
        )

    def reference_sets(self) -> Unit:
        needs = (self.draw, self.measuring_classifier())
        return self.unit("yardsticks", measures.make_reference_sets, {"augmentation": "noise"}, needs)

    def classifier(self, arm: str, *needs: Unit, **more: Any) -> Unit:
        share = {"synthetic_share": 0.25, "mix": "added"} if needs else {}
        parameters = TRAINING | {"arm": arm, "augmentation": "noise"} | share | more
        return self.unit("classifier", classifiers.make_classifier, parameters, (self.draw, *needs), arm)

    def halves(self, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
        """Return what the first unit of an arm said after half of its steps and after all of them."""
        said = self.read(unit, "predictions.npz")
        return said["half_p"], said["p"]

    def open_set(self, method: str, *needs: Unit, **more: Any) -> Unit:
        parameters = TRAINING | {"method": method, "augmentation": "none", "n_other": 10} | more
        return self.unit("open_set", open_set.make_open_set, parameters, (self.draw, *needs), f"open-{method}")

    def outlier_gan(self) -> Unit:
        more = {"generator": "vector", "gan_steps": 20, "gan_augmentation": "auto", "side": 0}
        return self.unit("outlier_gan", open_set.make_outlier_gan, more, (self.draw,))

    def read(self, unit: Unit, file: str) -> Any:
        """Return what a file of a unit holds."""
        path = self.folder / unit.path / file
        return json.loads(path.read_text()) if path.suffix == ".json" else np.load(path)
