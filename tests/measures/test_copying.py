"""Copying: the rule on planted copiers and on honest digits, C_T, and the most suspicious items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT
from planted_items import digits_trial
from scipy.stats import fisher_exact, mannwhitneyu

from gannb.data.examples import Examples
from gannb.measures import copying
from gannb.measures.copying import NearCopies, Surroundings, c_t, copying_p, flagged, identical_p, surroundings
from gannb.measures.fidelity import authenticity, nearer_to_training, nearest, nearest_neighbour_ratio
from gannb.measures.forms import AsTheyAre
from gannb.media.image.features import pixels
from gannb.media.image.reading import read
from gannb.media.image.shifts import altered


def around(train: np.ndarray, fake: np.ndarray, held_out: np.ndarray) -> Surroundings:
    return surroundings(AsTheyAre(np.concatenate([train, held_out])), len(train), fake)


def p_of(made: np.ndarray, train: Examples, held_out: Examples, seed: int = 0) -> float:
    return copying_p(around(*map(pixels, (train.x, made, held_out.x))), train, held_out, seed)


def vectors_of(x: np.ndarray, y: np.ndarray | None = None, groups: np.ndarray | None = None) -> Examples:
    """Vectors (N, D) of one class, each a group of its own, unless other labels and groups are given."""
    y, groups = np.zeros(len(x), int) if y is None else y, np.arange(len(x)) if groups is None else groups
    return Examples(x, y, ("a", "b"), np.arange(len(x)).astype(str), groups)


def p_of_vectors(train: Examples, made: np.ndarray, held_out: Examples, seed: int, single: bool = False) -> float:
    """The p value where no group is on both sides; single: as if every item were a group of its own."""
    ends = np.arange(len(train)), np.arange(len(held_out))
    groups = ends if single else (train.groups, held_out.groups)
    train, held_out = replace(train, groups=groups[0]), replace(held_out, groups=1_000_000 + groups[1])
    return copying_p(around(train.x, made, held_out.x), train, held_out, seed)


# ---- the rule ----


@pytest.mark.slow
def test_honest_digits_are_flagged_in_one_trial_of_twenty():
    found = []
    for seed in range(60):
        train, held_out, further = digits_trial(seed)
        found.append(flagged([p_of(further.x[::8], train, held_out, seed)], 1.0))
    assert np.mean(found) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 60)  # benchmarks/copying.py has more trials


@pytest.mark.parametrize("share", [1.0, 0.2])
def test_a_copier_is_caught_in_every_trial_copied_exactly_or_altered_lightly(share):
    for seed in range(5):
        train, held_out, further = digits_trial(seed)
        honest = further.x[: round((1 - share) * 400)]
        for copies in (np.concatenate([train.x] * 5), altered(np.concatenate([train.x] * 5), seed)):
            made = np.concatenate([honest, copies[: round(share * 400)]])
            assert flagged([p_of(made, train, held_out, seed), 1.0], 1.0)


def test_poor_items_that_owe_nothing_to_the_training_set_are_not_flagged():
    train, held_out, further = digits_trial(0)
    noise = np.random.default_rng(0).integers(0, 256, further.x.shape, dtype=np.uint8)
    for made in (noise, further.x // 4, np.repeat(further.x[:1], 50, axis=0)):
        assert not flagged([p_of(made, train, held_out)], 1.0)


def test_the_p_value_is_uniform_where_nothing_is_copied():
    rng = np.random.default_rng(0)
    draw = lambda n: rng.normal(size=(n, 3))  # noqa: E731
    p = [p_of_vectors(vectors_of(draw(12)), draw(20), vectors_of(draw(12)), seed) for seed in range(200)]
    for level in (0.1, 0.5):
        assert np.mean(np.array(p) <= level) == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 200))


def test_classes_in_other_proportions_among_the_held_out_do_not_look_like_copying():
    rng, centre = np.random.default_rng(1), np.array([[0.0], [50.0]])
    y, held_out_y = np.repeat([0, 1], [30, 10]), np.repeat([0, 1], [10, 30])
    draw = lambda labels: centre[labels] + rng.normal(size=(len(labels), 2))  # noqa: E731
    sides = lambda labels: vectors_of(draw(labels), labels)  # noqa: E731
    p = [p_of_vectors(sides(y), draw(y), sides(held_out_y), seed) for seed in range(40)]
    assert np.mean(np.array(p) <= 0.05) <= 0.15


def test_the_smallest_p_counts_for_all_spaces_and_any_identical_item():
    assert flagged([0.024, 0.9], 1.0) and not flagged([0.026, 0.9], 1.0) and flagged([0.05], 1.0)
    assert flagged([0.9, 0.9], identical_p(1, 1000, 0.0)) and not flagged([0.9, 0.9], identical_p(0, 1000, 0.0))


def test_identical_items_count_beyond_those_that_unseen_real_ones_have_by_chance():
    """1,400 sentences, of which real ones would have .28: two show nothing, three do; chance seldom does."""
    said = [identical_p(found, 1400, 2e-4) for found in range(11)]
    assert [flagged([0.9], p, tested=True) for p in said] == [False] * 3 + [True] * 8
    assert not flagged([0.03], said[1], tested=True) and flagged([0.02], said[1], tested=True)
    often = np.random.default_rng(0).binomial(1400, 2e-4, 4000)
    assert np.mean([flagged([1.0], said[found], tested=True) for found in often]) <= 0.05


# ---- groups change places as wholes ----


def of_subjects(rng: np.random.Generator, number: int, items: int | None) -> Examples:
    """So many subjects of so many items, or of 1, 2 or 6, that lie close together."""
    sizes = rng.choice([1, 2, 6], number) if items is None else np.full(number, items)
    group = np.repeat(np.arange(number), sizes)
    x = rng.normal(size=(number, 6))[group] + 0.2 * rng.normal(size=(len(group), 6))
    return vectors_of(x, groups=group)


@pytest.mark.parametrize("items", [2, 6, None])
def test_honest_items_of_subjects_of_several_are_flagged_no_more_often(items):
    """Single items exchanged flag up to half of such sets; benchmarks/copying.py has digits, and more trials."""
    p, one_by_one = [], []
    for seed in range(60):
        rng = np.random.default_rng([1, seed])
        train, held_out = (of_subjects(rng, 72 // (items or 3), items) for _ in range(2))
        made = of_subjects(rng, 300 // (items or 3), items).x
        p.append(p_of_vectors(train, made, held_out, seed))
        one_by_one.append(p_of_vectors(train, made, held_out, seed, single=True))
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 60)
    assert items != 6 or np.mean(np.array(one_by_one) <= 0.05) > 0.25  # what the test is about is in the set


@pytest.mark.parametrize("items", [2, 6, None])
def test_copies_of_subjects_of_several_items_are_found(items):
    for seed in range(5):
        rng = np.random.default_rng([2, seed])
        train, held_out = (of_subjects(rng, 72 // (items or 3), items) for _ in range(2))
        made = of_subjects(rng, 90, items).x[:180]
        copies = train.x[rng.integers(len(train), size=20)] + 0.01 * rng.normal(size=(20, 6))
        assert p_of_vectors(train, np.concatenate([made, copies]), held_out, seed) <= 0.05


def test_an_exchange_takes_whole_groups_and_about_as_many_items_of_each_class():
    rng = np.random.default_rng(0)
    sizes = np.array([1, 2, 3] * 12)
    groups, y = np.repeat(np.arange(36), sizes), np.repeat(np.arange(36) % 2, sizes)
    is_train = groups < 12
    for chosen in copying._exchanges(is_train, y, groups, rng):
        assert not set(groups[chosen]) & set(groups[~chosen])
        for k in (0, 1):
            assert abs(np.sum(chosen & (y == k)) - np.sum(is_train & (y == k))) <= 1.5
    single = copying._exchanges(is_train, y, np.arange(len(y)), rng)
    assert {tuple(np.bincount(y[chosen])) for chosen in single} == {tuple(np.bincount(y[is_train]))}


# ---- measures ----


def test_surroundings_are_the_single_measures_at_once():
    train, fake, held_out = (np.random.default_rng(s).normal(size=(n, 4)) for s, n in enumerate((20, 30, 40)))
    found = around(train, fake, held_out)
    assert found.measures() == {
        "authenticity": authenticity(train, fake), "authenticity_of_real": authenticity(train, held_out),
        "nearer_to_train": nearer_to_training(train, fake, held_out),
        "nn_ratio": nearest_neighbour_ratio(train, fake, held_out),
    }  # fmt: skip
    np.testing.assert_allclose(found.suspicion, nearest(fake, train)[1] / nearest(fake, held_out)[1])


def test_the_most_suspicious_come_first_each_beside_another_training_item():
    train, held_out = np.array([[0.0], [10.0], [20.0]]), np.array([[5.0], [15.0], [25.0]])
    found = around(train, np.array([[0.2], [0.1], [20.0], [5.0], [9.0]]), held_out)
    assert found.suspects() == [2, 1, 4]  # 3 lies beside a held-out item, nearest to training item 0 or 1


# ---- near copies that the medium tells ----


def test_a_score_of_near_copies_is_none_below_minus_one():
    """Unseen sentences of a few fixed forms nearly all are near copies: few generated ones are no -400 %."""
    assert of_shares(0, 270).siding() == -1 and of_shares(10, 270).siding() == -1
    assert of_shares(200, 270).siding() == pytest.approx(1)
    assert of_shares(0, 14).siding() == pytest.approx(-0.05 / 0.95)


def of_shares(made: int, unseen: int, of: tuple[int, int] = (200, 280)) -> NearCopies:
    return NearCopies(np.arange(of[0]) < made, np.arange(of[1]) < unseen)


def test_near_copies_beyond_those_among_unseen_items_are_copying():
    assert of_shares(200, 0).siding() == 1 and of_shares(0, 0).siding() == 0 and of_shares(200, 280).siding() == 1 - 1
    assert of_shares(100, 0).siding() == 0.5 and of_shares(0, 28).siding() == pytest.approx(-1 / 9)
    assert of_shares(100, 140).siding(np.arange(200) < 100) == 1 and np.isnan(
        of_shares(1, 0).siding(np.zeros(200, bool))
    )
    assert of_shares(0, 0).p() == 1 and of_shares(20, 28).p() > 0.4 and of_shares(20, 3).p() < 1e-4


def test_honest_items_have_a_p_value_of_fisher_s_exact_test():
    table = [[9, 191], [4, 276]]
    assert of_shares(9, 4).p() == pytest.approx(fisher_exact(table, "greater").pvalue)
    rng = np.random.default_rng(0)
    found = [NearCopies(rng.random(200) < 0.05, rng.random(280) < 0.05).p() for _ in range(400)]
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 400)


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
    monkeypatch.setattr(copying, "PERMUTATIONS", 39)
    digits, pieces = read("digits").pool, benchmark.pieces()
    asked = [
        benchmark.World("digits", digits, 8, 32, measuring=lambda x: pixels(x)[:, :10]),
        benchmark.World("subjects", digits, 4, 4, 6, only=benchmark.OF_SUBJECTS),
        benchmark.World("pieces", pieces, 20, 40, only=benchmark.OF_SUBJECTS),
    ]
    out = tmp_path / "rows.jsonl"
    words = ["--trials", "1", "--out", str(out)]
    assert benchmark.main(words, lambda: asked) == 0 and benchmark.main(words, lambda: asked) == 0
    assert len(out.read_text().splitlines()) == (6 + 1 + 10) + 1 + 1
    assert benchmark.main(["--table", *words]) == 0
    assert "| digits | copies | 1 | 100.0 | 100.0 |" in capsys.readouterr().out
