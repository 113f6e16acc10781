"""Copying: the rule on planted copiers and on honest digits, C_T, and the most suspicious items."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import ROOT
from planted_items import digits_trial
from scipy.stats import mannwhitneyu

from gannb.data.examples import Examples
from gannb.measures import copying
from gannb.measures.copying import c_t, copying_p, flagged, surroundings
from gannb.measures.fidelity import authenticity, nearer_to_training, nearest, nearest_neighbour_ratio
from gannb.media.image.features import pixels
from gannb.media.image.shifts import altered


def p_of(made: np.ndarray, train: Examples, held_out: Examples, seed: int = 0) -> float:
    return copying_p(*map(pixels, (train.x, made, held_out.x)), train.y, held_out.y, seed)


# ---- the rule ----


def test_honest_digits_are_flagged_in_one_trial_of_twenty():
    found = []
    for seed in range(60):
        train, held_out, further = digits_trial(seed)
        found.append(flagged([p_of(further.x[::8], train, held_out, seed)]))
    assert np.mean(found) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 60)  # benchmarks/copying.py has more trials


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_a_copier_is_caught_in_every_trial_copied_exactly_or_altered_lightly(share):
    for seed in range(5):
        train, held_out, further = digits_trial(seed)
        honest = further.x[: round((1 - share) * 400)]
        for copies in (np.concatenate([train.x] * 5), altered(np.concatenate([train.x] * 5), seed)):
            made = np.concatenate([honest, copies[: round(share * 400)]])
            assert flagged([p_of(made, train, held_out, seed), 1.0])


def test_poor_items_that_owe_nothing_to_the_training_set_are_not_flagged():
    train, held_out, further = digits_trial(0)
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
    train, held_out, further = digits_trial(3)
    to_train = [nearest(pixels(part.x), pixels(train.x))[1] for part in (further, held_out, train)]
    honest = c_t((to_train[0], to_train[1]), (further.y, held_out.y))
    assert abs(honest) < 1.5 and c_t((to_train[2], to_train[1]), (train.y, held_out.y)) < -3


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
