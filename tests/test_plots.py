"""Figures: each draws what it is given, on the Axes it is given, and changes nothing."""

from __future__ import annotations

import copy

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from gannb import plots
from gannb.data import Examples
from gannb.strips import Strips
from gannb.words import interval_text, row_word, typeset


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def examples(classes=3, per_class=4, shape=(8, 8, 1)) -> Examples:
    y = np.repeat(np.arange(classes), per_class)
    x = np.random.default_rng(0).integers(0, 256, (len(y), *shape), dtype=np.uint8)
    names = tuple(f"class {k}" for k in range(classes))
    return Examples(x, y, names, np.array([f"item-{i}" for i in range(len(y))]), np.arange(len(y)))


def row(arm, against, role, difference, half, answer=None, **more):
    numbers = {"difference": difference, "low": difference - half, "high": difference + half}
    words = {"arm": arm, "against": against, "role": role, "meaning": f"{arm} in words", "answer": answer}
    return words | numbers | more


VERDICT = {
    "metric": "balanced_accuracy",
    "rope": 0.01,
    "contrasts": [
        row("real+gan", "real", "exploratory", -0.002, 0.01),
        row("real+gan+classic", "real+classic", "primary", 0.006, 0.01, "inconclusive"),
        row("transfer", "real+gan+classic", "secondary", 0.05, 0.01, "helps"),
    ],
    "controls": [
        row("real+copies", "real", "control", 0.001, 0.004, expected="no difference", came_out=True),
        row("real+mislabelled", "real+copies", "control", -0.6, 0.02, expected="hurts", came_out=True),
        row("real+more", "real", "control", 0.0, 0.01, expected="helps", came_out=False),
    ],
}
WORTH = {
    "arm": "real+gan+classic", "n_real": 80, "mean": 0.92, "worth": 96.0, "low": 82.0, "high": 120.0,
    "curve": [{"arm": "a", "n": 40.0, "mean": 0.88}, {"arm": "b", "n": 80.0, "mean": 0.91},
              {"arm": "c", "n": 160.0, "mean": 0.95}],
}  # fmt: skip


def scores() -> pd.DataFrame:
    arms = {"real+classic": 0.90, "real+gan+classic": 0.92, "real": 0.85}
    rows = [
        {"trial": t, "arm": arm, "seed": s, "balanced_accuracy": level + 0.01 * t + 0.002 * s}
        for t in range(3) for arm, level in arms.items() for s in range(2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


HISTORY = {
    "curves": {"step": [1, 2, 3], "discriminator_loss": [2.0, 1.5, 1.4], "generator_loss": [1.0, 0.8, 0.9],
               "sureness": [0.1, 0.4, 0.5]},
    "diversity": {"step": [1, 3], "ratio": [0.2, 0.9]},
    "log": [{"step": 2, "back_to": 1, "fault": "all look alike", "remedy": "learning rate halved"}],
    "limits": {"sureness": 0.98, "diversity": 0.15},
}  # fmt: skip
COUNTS = pd.DataFrame({"class": ["a", "b"], "part": ["pool", "pool"], "items": [5, 9]})
PAIRS = (examples().x, examples().x[::-1], np.linspace(0, 1, 12), examples().y, ("a", "b", "c"))
GRIDS = np.zeros((4, 3, 2, 8, 8, 1), np.uint8)
BINS = pd.DataFrame({
    "arm": ["real+gan+classic"] * 3 + ["real+classic"] * 2, "confidence": [0.55, 0.7, 0.9, 0.6, 0.95],
    "accuracy": [0.2, 0.6, 0.95, 0.5, 0.8], "share": [0.005, 0.395, 0.6, 0.3, 0.7],
})  # fmt: skip
CONFUSION = pd.DataFrame([[0.02, -0.02], [-0.001, 0.001]], ["ill", "well"], ["ill", "well"])
SUSPECT = dict.fromkeys(("made", "training", "held_out"), examples().x[0]) | {"trial": 0, "suspicion": 0.25}
SUSPECTS = [SUSPECT | {"features": name} for name in ("pixels", "pixels", "small_cnn")]
WALK = np.zeros((2, 5, 8, 8, 1), np.uint8)
WALKS = Strips(("a", "b"), WALK, WALK, WALK, np.full((2, 5), 0.9), np.full((2, 5), 0.4))
DOSES = {
    "rows": [{"n_synthetic": n, "difference": 0.01, "low": -0.01, "high": 0.03} for n in (50, 200, 800)],
    "plateau": {"difference": 0.02, "low": 0.0, "high": 0.04, "half_at": 60.0},
}
DRAWN = {
    "class_grid": (plots.class_grid, (examples(),)),
    "samples_over_time": (plots.samples_over_time, (GRIDS, [1, 10, 100, 1000], ("a", "b", "c"))),
    "neighbours": (plots.neighbours, PAIRS),
    "suspects": (plots.suspects, (SUSPECTS,)),
    "strips": (plots.strips, (WALKS,)),
    "class_counts": (plots.class_counts, (COUNTS,)),
    "forest": (plots.forest, (VERDICT,)),
    "forest_narrow": (plots.forest_narrow, (VERDICT,)),
    "worth_curve": (plots.worth_curve, (WORTH, "balanced_accuracy")),
    "reliability": (plots.reliability, (BINS,)),
    "confusion_change": (plots.confusion_change, (CONFUSION,)),
    "arm_scores": (plots.arm_scores, (scores(), "balanced_accuracy")),
    "paired_trials": (plots.paired_trials, (scores(), "balanced_accuracy", "real+gan+classic", "real+classic")),
}


def texts(ax) -> list[str]:
    """Every text on the Axes, in one list."""
    ax.figure.canvas.draw()
    ticks = [label.get_text() for label in (*ax.get_xticklabels(), *ax.get_yticklabels())]
    return [t.get_text() for t in ax.texts] + ticks + [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()]


# ---------------------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", DRAWN)
def test_draws_on_the_given_axes_and_returns_them(name):
    draw, given = DRAWN[name]
    ax = plt.subplots()[1]
    assert draw(*given, ax=ax) is ax
    assert ax.has_data() or ax.texts


@pytest.mark.parametrize("name", DRAWN)
def test_makes_a_figure_of_its_own_when_none_is_given(name):
    draw, given = DRAWN[name]
    first, second = draw(*given), draw(*given)
    assert first.figure is not second.figure
    first.figure.canvas.draw()


@pytest.mark.parametrize("name", DRAWN)
def test_leaves_its_input_and_the_settings_alone(name):
    draw, given = DRAWN[name]
    before, settings = copy.deepcopy(given), dict(plt.rcParams)
    draw(*given)
    assert dict(plt.rcParams) == settings
    for old, new in zip(before, given, strict=True):
        if isinstance(old, pd.DataFrame):
            pd.testing.assert_frame_equal(old, new)
        elif isinstance(old, Strips):
            np.testing.assert_array_equal(old.latent, new.latent)
        elif isinstance(old, Examples):
            np.testing.assert_array_equal(old.x, new.x)
        else:
            np.testing.assert_equal(old, new)


# ---------------------------------------------------------------------------------------------- images


def test_a_grid_has_a_named_row_per_class_and_shows_the_first_items():
    data = examples(classes=3, per_class=4)
    ax = plots.class_grid(data, per_class=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(data.classes)
    mosaic = ax.images[0].get_array()
    np.testing.assert_array_equal(mosaic[:8, :8], data.x[0, ..., 0])
    np.testing.assert_array_equal(mosaic[9:17, 9:17], data.x[5, ..., 0])


def test_many_classes_are_cut_and_the_title_says_so():
    ax = plots.class_grid(examples(classes=30, per_class=1), title="All")
    assert len(ax.get_yticklabels()) == 12
    assert ax.get_title(loc="left") == "All · the first 12 of 30 classes"


@pytest.mark.parametrize("shape", [(8, 8, 3), (20, 30, 1), (300, 200, 3)])
def test_grids_take_colour_oblong_and_large_images(shape):
    ax = plots.class_grid(examples(shape=shape))
    rows, columns = ax.images[0].get_array().shape[:2]
    assert rows <= 3 * 150 and columns <= 4 * 150


@pytest.mark.parametrize("side", [4, 64, 300])
def test_frames_stand_around_the_made_images_whatever_their_size(side):
    made, real = np.full((2, side, side, 3), 50, np.uint8), np.full((2, side, side, 3), 200, np.uint8)
    ax = plots.neighbours(made, real, np.ones(2), np.array([0, 0]), ("a",))
    mosaic = ax.images[0].get_array()
    for frame in ax.patches:
        (left, top), width, height = (np.array(frame.get_xy()) + 0.5).astype(int), frame.get_width(), frame.get_height()
        assert (mosaic[top : top + height, left : left + width] == 50).all()
    assert len(ax.patches) == 2 and (mosaic == 50).sum() == (mosaic == 200).sum() == 2 * 3 * width * height


def test_names_with_dollars_are_written_as_they_are():
    data = examples(classes=2)
    odd = Examples(data.x, data.y, ("$x^", "a_b$"), data.ids, data.groups)
    assert {"$x^", "a_b$"} <= set(texts(plots.class_grid(odd)))


def test_each_pair_of_neighbours_shows_both_images_and_the_distance():
    made, real = np.full((2, 4, 4, 1), 50, np.uint8), np.full((2, 4, 4, 1), 200, np.uint8)
    ax = plots.neighbours(made, real, np.array([0.25, 1.5]), np.array([0, 1]), ("a", "b"))
    mosaic = ax.images[0].get_array()
    assert (mosaic == 50).sum() == (mosaic == 200).sum() == 2 * 16
    assert [t.get_text() for t in ax.texts] == ["0.25", "1.50"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_samples_over_time_name_their_steps():
    assert {"1", "10", "100", "1,000"} <= set(texts(DRAWN["samples_over_time"][0](*DRAWN["samples_over_time"][1])))


# ---------------------------------------------------------------------------------------------- the answer


@pytest.mark.parametrize("draw", [plots.forest, plots.forest_narrow])
def test_the_forest_shows_every_row_with_its_numbers(draw):
    ax = draw(VERDICT)
    written = " | ".join(texts(ax))
    for r in VERDICT["contrasts"] + VERDICT["controls"]:
        assert r["meaning"] in written
        assert typeset(interval_text(r)) in written


def test_the_forest_is_grouped_and_gives_answers_where_there_are_any():
    rows = plots.forest_rows(VERDICT)
    assert [r["role"] for r in rows] == ["primary", "secondary", "exploratory", "control", "control", "control"]
    words = [row_word(r) for r in rows]
    assert words == ["undecided", "helps", "", "no difference seen", "hurts, as expected", "not as expected"]


def test_a_far_row_does_not_squeeze_the_primary_and_ends_in_an_arrow():
    ax = plots.forest(VERDICT)
    assert ax.get_xlim()[1] < 20  # points, though a control lies at -60
    assert "<" in [line.get_marker() for line in ax.lines]


def test_the_band_of_no_consequence_is_as_wide_as_the_rope():
    band = plots.forest(VERDICT).patches[0].get_extents().transformed(plt.gca().transData.inverted())
    assert (round(band.x0, 6), round(band.x1, 6)) == (-1.0, 1.0)


def test_the_worth_curve_draws_level_and_interval():
    ax = plots.worth_curve(WORTH, "balanced_accuracy")
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["interval of the worth", "real images only", "real + GAN + classic", "worth"]
    assert any(np.allclose(line.get_ydata(), 92.0) for line in ax.lines)


def test_a_worth_that_was_not_measured_is_said_in_words():
    assert "could not be measured" in " ".join(texts(plots.worth_curve(None, "accuracy")))
    beyond = plots.worth_curve(WORTH | {"worth": None}, "accuracy")
    assert "worth" not in [text.get_text() for text in beyond.get_legend().get_texts()]


# ---------------------------------------------------------------------------------------------- scores


def test_arms_are_sorted_by_their_means_over_trials():
    ax = plots.arm_scores(scores(), "balanced_accuracy")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["real + GAN + classic", "real + classic", "real"]
    bars = [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]
    np.testing.assert_allclose(bars, [93.1, 91.1, 86.1])


def test_paired_trials_draw_a_line_per_trial_and_the_mean():
    ax = plots.paired_trials(scores(), "balanced_accuracy", "real+gan+classic", "real+classic")
    assert len(ax.lines) == 3 + 1
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), [91.1, 93.1])


def test_trial_means_average_the_classifier_seeds():
    table = plots.trial_means(scores(), "balanced_accuracy")
    assert len(table) == 9
    np.testing.assert_allclose(table.loc[table["arm"] == "real", "balanced_accuracy"], [85.1, 86.1, 87.1])


# ---------------------------------------------------------------------------------------------- outcomes


def test_a_reliability_diagram_draws_both_arms_and_leaves_tiny_bins_out():
    ax = plots.reliability(BINS)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["sure as often as right", "real + GAN + classic", "real + classic"]
    assert [list(line.get_xdata()) for line in ax.lines[1:]] == [[70, 90], [60, 95]]
    assert [list(line.get_ydata()) for line in ax.lines[1:]] == [[60, 95], [50, 80]]
    assert ax.get_xlim()[0] <= 50 and ax.get_xlim() == ax.get_ylim()


def test_a_change_of_the_confusion_names_the_classes_and_gives_its_numbers():
    ax = plots.confusion_change(CONFUSION)
    assert {"ill", "well", "+2.0", "−2.0", "−0.1", "+0.1", "predicted as", "true class"} <= set(texts(ax))
    assert len(ax.patches) == 2  # the diagonal is framed


def test_a_class_without_test_items_is_left_blank():
    ax = plots.confusion_change(CONFUSION.assign(ill=[np.nan, 0.0], well=[np.nan, 0.0]))
    assert [t.get_text() for t in ax.texts] == ["0.0", "0.0"]


@pytest.mark.parametrize(
    ("classes", "numbers", "title"), [(12, 144, ""), (30, 0, ""), (40, 0, "the first 30 of 40 classes")]
)
def test_a_confusion_of_many_classes_has_colours_alone_and_of_very_many_the_first(classes, numbers, title):
    names = [f"class {k}" for k in range(classes)]
    ax = plots.confusion_change(pd.DataFrame(np.zeros((classes, classes)), names, names))
    assert (len(ax.texts), ax.get_title(loc="left")) == (numbers, title)
    assert len(ax.get_yticklabels()) == min(classes, 30)


# ---------------------------------------------------------------------------------------------- words and files


def test_save_writes_png_svg_and_csv_the_same_each_time(tmp_path):
    written = []
    for _ in range(2):
        ax = plots.forest(VERDICT)
        files = plots.save(ax.figure, tmp_path / "figures", "forest", pd.DataFrame({"a": [1, 2]}))
        written.append([file.read_bytes() for file in files])
    assert [file.name for file in files] == ["forest.png", "forest.svg", "forest.csv"]
    assert written[0] == written[1]
    assert written[0][0].startswith(b"\x89PNG") and b"<svg" in written[0][1] and written[0][2] == b"a\n1\n2\n"
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == ["forest.csv", "forest.png", "forest.svg"]


def test_the_dose_response_shows_every_dose_its_fit_and_the_published_curve():
    ours, published = plots.dose_response(DOSES, 0.01)
    assert [t.get_text() for t in ours.get_xticklabels()] == ["50", "200", "800"]
    assert ours.get_lines()[0].get_ydata() == pytest.approx([1, 1, 1])
    fit = next(line for line in ours.get_lines() if line.get_label() == "fit")
    assert fit.get_ydata()[-1] == pytest.approx(2 * 800 / 860)
    assert published.get_lines()[0].get_ydata()[0] == pytest.approx(100 * (147 - 143) / 182)
    plots.dose_response(DOSES | {"plateau": None}, 0.01)


def test_a_training_is_drawn_with_what_healthy_looks_like_and_where_the_guard_went_back():
    axes = plots.gan_health(HISTORY)
    assert [ax.get_title(loc="left") for ax in axes] == ["Losses", "Discriminator", "Diversity of samples"]
    assert all("healthy" in ax.get_xlabel() for ax in axes)
    dotted = [[line for line in ax.lines if line.get_linestyle() == ":"] for ax in axes]
    assert [[line.get_xdata()[0] for line in lines] for lines in dotted] == [[1], [1], [1]]
    assert [list(line.get_ydata()) for line in axes[2].lines if line.get_marker() == "."] == [[0.2, 0.9]]


def test_suspects_and_strips_print_their_numbers():
    said = texts(plots.suspects(SUSPECTS))
    assert said.count("0.25") == 3 and "small_cnn" in said
    said = texts(plots.strips(WALKS))
    assert said.count("90") == said.count("40") == 10 and "a: GAN" in said and "nearest real" in said
