"""Tables: what they hold beyond the numbers that they were given."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from planted_sets import dataset

from gannb.data.examples import Examples
from gannb.media.image import IMAGE
from gannb.report.tables import items, nearest_pairs, quality_means, real_sides
from gannb.trials import splits
from gannb.trials.design import Design


def test_nearest_pairs_finds_the_copies_and_scales_by_held_out_items():
    grid = lambda values: np.array(values, np.uint8).reshape(-1, 1, 1, 1)  # noqa: E731
    make = lambda x, y, name: Examples(  # noqa: E731
        grid(x), np.array(y), ("a", "b"), np.array([f"{name}-{i}" for i in range(len(y))]), np.arange(len(y))
    )
    train = make([0, 100, 200], [0, 0, 1], "train")
    held_out = make([10, 110, 210], [0, 0, 1], "held")
    fake = make([50, 105, 80, 100, 220, 215], [0, 0, 0, 0, 1, 1], "fake")
    pairs = nearest_pairs(IMAGE, fake, train, held_out, per_class=2)
    assert pairs.synthetic.ids.tolist() == ["fake-0", "fake-3", "fake-4", "fake-5"]  # first made, then the closest
    assert pairs.nearest.ids.tolist() == ["train-0", "train-1", "train-2", "train-2"]
    assert pairs.closest.tolist() == [False, True, False, True]
    np.testing.assert_allclose(pairs.distance, [5.0, 0.0, 2.0, 1.5])


@pytest.mark.parametrize("most", [2000, 7])
def test_what_is_usual_is_told_by_the_real_items_that_copying_is_judged_by(monkeypatch, most):
    """Not by those of a given test set, which may come from elsewhere."""
    monkeypatch.setattr(items, "MOST_UNSEEN", most)
    data, design = dataset([30, 30], [5, 5]), Design("given", 6, 0.25, 0)
    draw = splits.make_draw(data, design, 0)
    settings = SimpleNamespace(
        items=lambda index: splits.take(data, index), unseen=lambda draw: splits.unseen(data, draw)
    )
    experiment = SimpleNamespace(settings=settings, results=SimpleNamespace(draw=lambda trial: draw))
    train, unseen = real_sides(experiment, 0)
    assert train.ids.tolist() == data.pool.ids[draw.train].tolist()
    assert 0 < len(unseen) <= most and set(unseen.ids) <= set(data.pool.ids) - set(train.ids)
    assert unseen.counts().min() > 0


def test_where_nothing_was_measured_the_table_of_quality_is_empty():
    """As in a study whose classifiers were trained by their notebook alone."""
    scores = pd.DataFrame({"arm": ["gan", "real"], "accuracy": [0.5, 0.6]})
    means = quality_means(pd.DataFrame(), pd.DataFrame(), scores, "mlp")
    assert means.empty and means.index.names == ["generator", "features"]
