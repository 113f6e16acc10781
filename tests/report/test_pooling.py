"""What several studies say together: when they are pooled, and when not and why."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from planted_results import planted
from scipy import stats
from toy_media import INT16

from gannb.analysis.wording import points
from gannb.media import MEDIA
from gannb.media.image import IMAGE
from gannb.report import pooling
from gannb.report.kept import read_result
from gannb.report.pooling import of_all, row, sentences, sharing, why_not

EFFECTS = (0.02, -0.01, 0.03, 0.0)


def study(folder: Path, difference: float = 0.01, se: float = 0.005, **more):
    numbers = {"difference": difference, "low": difference - 0.01, "high": difference + 0.01, "se": se}
    return read_result(planted(folder, {"answer": "inconclusive"} | numbers, **more))


@pytest.fixture
def studies(tmp_path: Path):
    return [study(tmp_path / name, effect) for name, effect in zip("abcd", EFFECTS, strict=True)]


def changed(result, **record):
    """The study with other parameters in its record."""
    file = result.folder / "study.json"
    kept = json.loads(file.read_text())
    kept["parameters"] |= record.pop("parameters", {})
    kept["resolved"] |= record.pop("resolved", {})
    file.write_text(json.dumps(kept | record))
    return read_result(result.folder)


# ---- which hang together ----


def test_studies_of_their_own_items_hang_together_with_none(studies):
    assert sharing(studies) == [] and why_not(studies, IMAGE.nouns) == ""


def test_items_are_shared_by_fingerprint_by_content_and_by_source(tmp_path, studies):
    a, b, c, _ = studies
    same = changed(b, fingerprint=a.record["fingerprint"])
    assert sharing([a, same, c]) == [(["a", "b"], "same")]
    sketch = [*list(c.verdict["of"]["sketch"])[:63], a.verdict["of"]["sketch"][0]]
    overlapping = study(tmp_path / "e", of=c.verdict["of"] | {"sketch": sketch})
    assert sharing([a, overlapping]) == [(["a", "e"], "shared")]
    again = changed(c, parameters={"data": a.record["parameters"]["data"]})
    assert sharing([a, again]) == [(["a", "c"], "source")]


def test_every_pair_is_in_a_group_of_its_own_kind(studies):
    a, b, c, d = studies
    b = changed(b, fingerprint="x", parameters={"data": "one"})
    c = changed(c, fingerprint="x", parameters={"data": "other"})
    d = changed(d, parameters={"data": "one"})
    assert sharing([a, b, c, d]) == [(["b", "c"], "same"), (["b", "d"], "source")]


def test_studies_are_linked_through_others(studies):
    a, b, c, d = (changed(each, parameters={"data": "one"}) for each in studies)
    assert sharing([a, b, c, d]) == [(["a", "b", "c", "d"], "source")]


# ---- when they are not pooled ----


def test_studies_that_share_items_are_not_pooled_and_one_is_to_be_left_out(studies):
    a, b, *others = studies
    b = changed(b, fingerprint=a.record["fingerprint"])
    reason = why_not([a, b, *others], IMAGE.nouns)
    assert reason == ("a and b are on the same images, and would count more than once; compare with one of them alone.")
    assert why_not([a, *others], IMAGE.nouns) == ""


def test_results_of_earlier_versions_are_not_pooled(tmp_path, studies):
    del studies[0].primary["se"]
    assert "what a kept is of an earlier version" in why_not(studies, IMAGE.nouns)
    without = study(tmp_path / "e", of=studies[1].verdict["of"] | {"sketch": []})
    assert "what e kept is of an earlier version" in why_not([*studies[1:], without], IMAGE.nouns)


def test_other_metrics_media_smoke_runs_no_answers_and_no_spread_are_not_pooled(tmp_path, studies, monkeypatch):
    accuracy = study(tmp_path / "e", metric="accuracy")
    assert why_not([*studies, accuracy], IMAGE.nouns) == "a mean over accuracy and balanced accuracy means nothing."
    without = study(tmp_path / "f", se=0.0)
    assert why_not([*studies, without], IMAGE.nouns) == "f has no standard error above 0."
    unsure = study(tmp_path / "g", reason="the classifiers had not converged")
    assert why_not([*studies, unsure], IMAGE.nouns).startswith("g has no answer (the classifiers had not converged)")
    smoke = changed(studies[0], parameters={"preset": "smoke"})
    assert "a is far too small for a verdict" in why_not([smoke, *studies[1:]], IMAGE.nouns)
    monkeypatch.setitem(MEDIA, INT16.name, INT16)
    vectors = changed(studies[1], resolved={"medium": INT16.name})
    assert why_not([vectors, *studies[2:]], IMAGE.nouns) == "a mean over images and vectors means nothing."


# ---- what they say together ----


def test_the_mean_and_the_next_data_set_are_those_of_random_effects(studies):
    """By hand, for studies of one precision: the t interval of their effects, and what a further one would be."""
    effects, k = np.array(EFFECTS), len(EFFECTS)
    mean, sd = effects.mean(), effects.std(ddof=1)
    found = of_all(studies)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, k - 1, mean, sd / 2))
    reach = stats.t.ppf(0.975, k - 2) * np.sqrt(sd**2 - 0.005**2 + sd**2 / k)
    assert (found.next_low, found.next_high) == pytest.approx((mean - reach, mean + reach))


def test_a_study_that_is_less_sure_counts_less(tmp_path, studies):
    unsure = [*studies[:3], study(tmp_path / "e", 0.3, se=0.2)]
    assert of_all(unsure).weights[3] < 0.05 and of_all(unsure).mean < 0.04


def test_the_sentences_have_the_numbers_and_what_they_cannot_say(studies):
    found, (first, second) = of_all(studies), sentences(studies, IMAGE.nouns)
    assert f"{points(found.mean, True)} [{points(found.low)}, {points(found.high)}] points" in first
    assert f"[{points(found.next_low)}, {points(found.next_high)}] points, with 95%" in first
    assert f"standard deviation of about {points(found.between_sd)} points" in first
    assert "cannot say what holds for one of these sets" in second
    alike = sentences([study(studies[0].folder.parent / f"x{i}", se=0.05) for i in range(3)], IMAGE.nouns)
    assert "differ no more than their own intervals let expect" in alike[0]


def test_the_row_of_the_figure_has_the_same_numbers(studies):
    found, drawn = of_all(studies), row(studies)
    assert (drawn["difference"], drawn["low"], drawn["high"]) == (found.mean, found.low, found.high)
    assert (drawn["next_low"], drawn["next_high"]) == (found.next_low, found.next_high)
    assert drawn["study"] == "All 4 together" and points(found.next_high) in drawn["about"]


def test_two_studies_are_too_few():
    assert pooling.FEWEST == 3
