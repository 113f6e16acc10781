"""What is said beside the figures: in the words of the medium, with the numbers."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from planted_figures import HISTORY, WORTH, examples, scores, texts
from planted_study import Reader
from toy_media import INT16

from gannb.data.medium import Nouns
from gannb.media.image import IMAGE
from gannb.report import plots
from gannb.report.page import captions
from gannb.report.page.captions import training_texts

NOUNS = Nouns("vector", "vectors", "coordinates")


def test_every_figure_says_in_words_what_it_shows(published):
    said = Reader(published.read_text(encoding="utf-8")).pictures()
    assert len(said) == 12  # the forest twice, wide and narrow
    for text in said:
        assert len(text) > 40 and re.search(r"\d", text)


@pytest.mark.parametrize(
    ("ratio", "collapsed", "says"),
    [
        ([0.2, 0.8], [3, 0], None),
        ([0.2, 0.8], [3, 1], "In 1 class all samples look alike in the end."),
        ([0.2, 0.8], [1, 2], "In 2 classes all samples look alike"),
        ([float("nan")], [0], "Diversity was not watched: no class of the draw has two different images."),
        ([0.8], None, None),  # a training of before they were counted
    ],
)
def test_the_training_s_caption_says_what_its_curve_does_not(ratio, collapsed, says):
    diversity = {"ratio": ratio} | ({"collapsed": collapsed} if collapsed is not None else {})
    _, caption, _ = training_texts({"diversity": diversity, "log": [], "curves": {"step": [10]}}, 0, IMAGE.nouns)
    assert (says in caption) if says else "alike" not in caption and "not watched" not in caption


@pytest.mark.parametrize(
    "said",
    [
        captions.worth_texts({"worth": WORTH | {"sentence": ""}}, NOUNS),
        captions.training_texts(HISTORY, 0, NOUNS),
        captions.confusion_texts(pd.DataFrame([[0.1, -0.1], [0.0, 0.0]], ["a", "b"], ["a", "b"]), NOUNS),
        captions.suspects_texts(pd.DataFrame({"suspicion": [0.2]}), INT16),
        captions.open_set_texts(["between"], 0, NOUNS),
        texts(plots.worth_curve(WORTH, "accuracy", NOUNS)),
        texts(plots.gan_health(HISTORY, NOUNS)[2]),
    ],
)
def test_captions_and_axes_speak_of_the_mediums_items(said):
    assert "vectors" in " ".join(said) and "image" not in " ".join(said)


def test_the_best_arm_is_said_first_and_the_trials_are_counted():
    means = plots.trial_means(scores(), "balanced_accuracy")
    title, caption, alt = captions.trials_texts(means, "balanced_accuracy", IMAGE.nouns)
    assert title == "Trial by trial" and "in 3 of 3 trials: mean 93.1% against 91.1%" in alt and caption.endswith(alt)
    alt = captions.arms_texts(means, "balanced_accuracy")[2]
    assert re.findall(r"\d+\.\d%", alt) == ["93.1%", "91.1%", "86.1%"]


def test_the_largest_changes_of_a_confusion_are_said_and_those_of_a_class_without_items_are_not():
    def said(*rows: list[float]) -> str:
        names = list("abc")[: len(rows)]
        return captions.confusion_texts(pd.DataFrame(rows, names, names), NOUNS)[2].partition("largest: ")[2]

    most = "a taken for b -30.0; a taken for c +20.0; a taken for a +10.0; b taken for b +5.0."
    assert said([0.1, -0.3, 0.2], [0.0, 0.05, -0.04], [0.0, 0.01, -0.01]) == most
    assert said([0.1, -0.2], [float("nan")] * 2) == "a taken for b -20.0; a taken for a +10.0."


@pytest.mark.parametrize(("classes", "says"), [(12, "of 12 classes: "), (13, "of the first 12 of 13 classes: ")])
def test_classes_that_are_not_shown_are_not_named(classes, says):
    alt = captions.samples_texts(examples(classes=classes, per_class=1), 0, NOUNS)[2]
    assert says in alt and alt.count("class ") == 12
