"""Copying: the rule on planted copiers and on honest digits, C_T, duplicates, and what is measured of a set."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import ROOT
from scipy.stats import mannwhitneyu
from sklearn.datasets import load_digits

from gannb.data.examples import Examples
from gannb.measures import copying
from gannb.measures.comparison import REFERENCE_SETS, choose, measure, reference_sets
from gannb.measures.copying import c_t, copying_p, flagged, surroundings
from gannb.measures.fidelity import authenticity, nearer_to_training, nearest, nearest_neighbour_ratio
from gannb.media.image import IMAGE, duplicates
from gannb.media.image.features import pixels
from gannb.media.image.reading import read
from gannb.media.image.shifts import altered


def trial(seed: int, n: int = 8, held_out: int = 24) -> list[Examples]:
    """Disjoint real digits: a training set, held-out and further ones, so many per class of the first two."""
    pool, rng = read("digits").pool, np.random.default_rng(seed)
    orders = [rng.permutation(np.flatnonzero(pool.y == k)) for k in range(10)]
    cuts = (slice(0, n), slice(n, n + held_out), slice(n + held_out, None))
    return [pool.take(np.concatenate([order[cut] for order in orders])) for cut in cuts]


def p_of(made: np.ndarray, train: Examples, held_out: Examples, seed: int = 0) -> float:
    return copying_p(*map(pixels, (train.x, made, held_out.x)), train.y, held_out.y, seed)


# ---- the rule ----


def test_honest_digits_are_flagged_in_one_trial_of_twenty():
    found = []
    for seed in range(60):
        train, held_out, further = trial(seed)
        found.append(flagged([p_of(further.x[::8], train, held_out, seed)]))
    assert np.mean(found) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 60)  # benchmarks/copying.py has more trials


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_a_copier_is_caught_in_every_trial_copied_exactly_or_altered_lightly(share):
    for seed in range(5):
        train, held_out, further = trial(seed)
        honest = further.x[: round((1 - share) * 400)]
        for copies in (np.concatenate([train.x] * 5), altered(np.concatenate([train.x] * 5), seed)):
            made = np.concatenate([honest, copies[: round(share * 400)]])
            assert flagged([p_of(made, train, held_out, seed), 1.0])


def test_poor_items_that_owe_nothing_to_the_training_set_are_not_flagged():
    train, held_out, further = trial(0)
    noise = np.random.default_rng(0).integers(0, 256, further.x.shape, dtype=np.uint8)
    for made in (noise, further.x // 4, np.repeat(further.x[:1], 50, axis=0)):
        assert not flagged([p_of(made, train, held_out)])


def test_the_p_value_is_uniform_where_nothing_is_copied():
    rng = np.random.default_rng(0)
    y = np.zeros(12, int)
    p = [copying_p(*(rng.normal(size=(n, 3)) for n in (12, 20, 12)), y, y, seed) for seed in range(200)]
    for level in (0.1, 0.5):
        assert np.mean(np.array(p) <= level) == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 200))


def test_classes_in_other_proportions_among_the_held_out_do_not_look_like_copying():
    rng, centre = np.random.default_rng(1), np.array([[0.0], [50.0]])
    y, held_out_y = np.repeat([0, 1], [30, 10]), np.repeat([0, 1], [10, 30])
    draw = lambda labels: centre[labels] + rng.normal(size=(len(labels), 2))  # noqa: E731
    p = [copying_p(draw(y), draw(y), draw(held_out_y), y, held_out_y, seed) for seed in range(40)]
    assert np.mean(np.array(p) <= 0.05) <= 0.15


def test_the_smallest_p_counts_for_all_spaces():
    assert flagged([0.024, 0.9]) and not flagged([0.026, 0.9]) and flagged([0.05])


# ---- measures ----


def test_surroundings_are_the_single_measures_at_once():
    train, fake, held_out = (np.random.default_rng(s).normal(size=(n, 4)) for s, n in enumerate((20, 30, 40)))
    found = surroundings(train, fake, held_out)
    assert found.measures() == {
        "authenticity": authenticity(train, fake), "nearer_to_train": nearer_to_training(train, fake, held_out),
        "nn_ratio": nearest_neighbour_ratio(train, fake, held_out),
    }  # fmt: skip
    np.testing.assert_allclose(found.suspicion, nearest(fake, train)[1] / nearest(fake, held_out)[1])


def test_the_most_suspicious_come_first_each_beside_another_training_item():
    train, held_out = np.array([[0.0], [10.0], [20.0]]), np.array([[5.0], [15.0], [25.0]])
    found = surroundings(train, np.array([[0.2], [0.1], [20.0], [5.0], [9.0]]), held_out)
    assert found.suspects() == [2, 1, 4]  # 3 lies beside a held-out item, nearest to training item 0 or 1


def test_c_t_is_the_published_statistic_by_cell():
    rng = np.random.default_rng(0)
    fake, held_out = rng.random(90), rng.random(60) + 0.1
    cells, other = np.repeat([0, 1, 2], [50, 39, 1]), np.repeat([0, 1, 2], [20, 30, 10])
    scores = []
    for k, weight in ((0, 20), (1, 30)):  # cell 2 has one generated item
        a, b = fake[cells == k], held_out[other == k]
        u = mannwhitneyu(a, b, alternative="less").statistic
        m, n = len(a), len(b)
        scores.append(weight / 50 * (u - (n * m / 2 - 0.5)) / np.sqrt(n * m * (n + m + 1) / 12))
    assert c_t((fake, held_out), (cells, other)) == pytest.approx(sum(scores))
    assert np.isnan(c_t((fake[:1], held_out), (cells[:1], other)))


def test_c_t_is_about_0_for_honest_items_and_far_below_for_copies():
    train, held_out, further = trial(3)
    to_train = [nearest(pixels(part.x), pixels(train.x))[1] for part in (further, held_out, train)]
    honest = c_t((to_train[0], to_train[1]), (further.y, held_out.y))
    assert abs(honest) < 1.5 and c_t((to_train[2], to_train[1]), (train.y, held_out.y)) < -3


def test_altered_copies_are_near_and_not_the_same():
    x = trial(0)[0].x
    changed = altered(x)
    off = np.abs(changed.astype(int) - x).reshape(len(x), -1)
    assert (off.max(axis=1) > 0).mean() > 0.9 and off.mean() < 12 and changed.dtype == np.uint8
    colour = np.random.default_rng(0).integers(0, 256, (6, 20, 20, 3), dtype=np.uint8)
    assert altered(colour).shape == colour.shape


def test_duplicates_of_a_reference_are_found_exact_and_near(shared_data):
    flowers = read(str(shared_data / "flowers"), size="32").pool
    real, other = flowers.x[:200], flowers.x[400:600]
    exact, near = duplicates.among(np.concatenate([real[:50], altered(real[50:150]), other]), real)
    assert exact[:50].all() and near[:50].all() and not exact[150:].any()
    assert near[50:150].mean() > 0.9 and near[150:].mean() < 0.02


def test_duplicates_are_those_of_the_data_audit():
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (20, 4, 4, 1), dtype=np.uint8).repeat(5, axis=1).repeat(5, axis=2)  # 20 x 20
    made = np.concatenate([altered(real[:6]), 255 - real[6:9]])
    _, near = duplicates.among(made, real)
    thumbs = np.stack([duplicates.thumbnail(x[..., 0])[..., None] for x in np.concatenate([real, made])])
    pairs, _ = duplicates.near_pairs(thumbs)
    assert near.tolist() == [(20 + i) in pairs[:, 1] for i in range(9)] and near[:6].any() and not near[6:].any()
    small = load_digits().images[:10, :, :, None].astype(np.uint8)
    assert [found.all() for found in duplicates.among(small, small)] == [True, False]  # too small for near ones


# ---- all of it, in every feature space ----


def test_a_further_feature_space_is_a_name_and_a_function():
    train, held_out, further = trial(0)
    spaces = {"pixels": pixels, "stand-in": lambda x: pixels(x)[:, :10]}
    found = measure(IMAGE, choose(train, further, held_out, 0), spaces, ["stand-in"], 0)
    assert [row["features"] for row in found.spaces] == ["pixels", "stand-in"]
    assert "copying_p" not in found.spaces[0] and 0 < found.spaces[1]["copying_p"] <= 1
    assert len(found.classes) == 20 and {row["features"] for row in found.suspects} == set(spaces)
    best = found.suspects[0]
    ratios = surroundings(pixels(train.x), pixels(further.x), pixels(held_out.x)).suspicion
    assert best["suspicion"] >= ratios.min() - 1e-9 and best["to_train"] < best["to_held_out"]


def test_reference_sets_are_what_their_names_say():
    train, held_out, _ = trial(1)
    sets = reference_sets(IMAGE, train, held_out, 0)
    rows = {name: measure(IMAGE, s, {"pixels": pixels}, ["pixels"], 0).spaces[0] for name, s in sets.items()}
    assert tuple(rows) == REFERENCE_SETS
    ids = [set(part.ids) for part in (sets["held-out real"].fake, sets["held-out real"].test, train)]
    assert sum(map(len, ids)) == len(set.union(*ids))
    honest, exact, light = (rows[name] for name in REFERENCE_SETS)
    assert exact["nn_ratio"] == exact["authenticity"] == 0 and exact["exact_duplicates"] == exact["flagged"] == 1
    assert light["flagged"] == 1 and light["nn_ratio"] < 0.3 < 0.8 < honest["nn_ratio"] < 1.2
    assert honest["c_t"] > -2 > light["c_t"] and abs(honest["nearer_to_train"]) < 0.3


def test_the_benchmark_runs_and_tabulates(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import copying as benchmark  # the benchmark: gannb.copying is imported by its full name above

    monkeypatch.setattr(benchmark, "COPIERS", {"copies": benchmark.COPIERS["copies"]})
    monkeypatch.setattr(benchmark, "BEYOND", {})
    monkeypatch.setattr(benchmark, "STEPS", 3)
    monkeypatch.setattr(copying, "PERMUTATIONS", 39)
    out = tmp_path / "rows.jsonl"
    words = ["--trials", "1", "--out", str(out)]
    assert benchmark.main(words, sizes=((8, 32),)) == 0 and benchmark.main(words, sizes=((8, 32),)) == 0
    assert len(out.read_text().splitlines()) == 6 + 1 + 10
    assert benchmark.main(["--table", *words]) == 0
    assert "| 8 | copies | 1 | 100.0 |" in capsys.readouterr().out
