"""A whole study of sentences, from a csv to the page; the sentences are made by rule, see `tests/sentences.py`."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from planted_study import Reader
from sentences import write_csv

from gannb.experiment.experiment import Experiment
from gannb.export.generate import generate
from gannb.media.text.reading import read
from gannb.report.publish import publish
from gannb.study.folder import load_study
from gannb.study.model import make_study
from gannb.utils.errors import InputError
from gannb.work.store import execute

pytestmark = pytest.mark.slow

ARMS = (
    "real", "real+gan", "gan", "real+copies+classic", "real+mislabelled+classic", "real+more+classic",
    "real+maskgan_start+classic", "real+gan.half+classic", "real+bag_of_words+classic", "real+bigram+classic",
    "real+language_model+classic", "real+language_model.cool+classic",
)  # fmt: skip
GIVEN = {
    "n_per_class": 8, "trials": 3, "gan_steps": 12, "n_synthetic": 10, "classifier_steps": 30,
    "classifier_steps_most": 30, "classifier_seeds": 1, "device": "cpu", "name": "made", "arms": ARMS,
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Experiment:
    """A study of sentences whose units are made in this process."""
    folder = tmp_path_factory.mktemp("text")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GANNB_LAUNCHER", raising=False)
        given = GIVEN | {"data": write_csv(folder / "made.csv", 80), "output_dir": str(folder)}
        experiment = Experiment.open(make_study(**given))
        for stage in (1, 2, 3, 4):
            errors = [execute(experiment.folder, unit, "cpu") for unit in experiment.plan.units(stage)]
            assert set(errors) == {None}
        publish(experiment)
        yield experiment


def test_it_ends_with_a_verdict(study):
    verdict = json.loads((study.folder / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["answer"] in ("helps", "hurts", "equivalent", "inconclusive")
    assert "GAN sentences changed balanced accuracy by" in verdict["sentence"]
    compared = {(row["arm"], row["against"]) for row in verdict["contrasts"]}
    assert ("real+gan+classic", "real+maskgan_start+classic") in compared


def test_its_items_are_sentences_of_words_of_the_draw(study):
    draw = study.settings.items(study.results.draw(0).train)
    known = {word for text in draw.x for word in re.findall(r"\w+", str(text).lower())}
    for source in study.settings.sources:
        made = study.synthetic(0, source)
        assert made.x.dtype == study.settings.medium.dtype and all(str(text).strip() for text in made.x)
        assert {word for text in made.x for word in re.findall(r"\w+", str(text).lower())} <= known


def test_its_quality_is_measured_in_its_own_spaces_and_in_its_own_ways(study):
    measured = study.results.quality()
    assert set(measured["features"]) == {"word pairs", "word_cnn"}
    own = measured[measured["features"] == "word pairs"].set_index("generator")
    assert (own.loc["copies", "exact_duplicates"] == 1).all() and (own.loc["copies", "run_share"] == 1).all()
    assert own.loc["bag_of_words", "perplexity"].mean() > 2 * own.loc["held-out real", "perplexity"].mean()
    assert "reverse_perplexity" in (study.folder / "quality.csv").read_text(encoding="utf-8").splitlines()[0]


def test_its_page_speaks_of_sentences_and_escapes_them(study):
    page = (study.folder / "report.html").read_text(encoding="utf-8")
    text = Reader(page).text
    assert "sentences" in text and "perplexity" in text
    assert [
        said for said in text.split(".") if re.search(r"\b(?:images?|pictures?|photos?|pixels?|clips?)\b", said)
    ] == []
    assert "<b>storm" not in page and "&lt;" in page and 'dir="auto"' in page and "<mark" in page


def test_a_set_of_sentences_is_made_without_copies_and_says_what_it_is_not_for(study, tmp_path):
    manifest = generate(study.folder, tmp_path / "set", per_class=7, format="csv", no_copies=True, anyway=True)
    assert manifest["items"] == 21 and manifest["complete"]
    made = read(str(tmp_path / "set" / "train-00000.csv"))
    assert made.pool.counts().tolist() == [7, 7, 7]
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert "synthetic sentences" in card and "written by nobody" in card and "read_csv" in card
    assert not re.search(r"\b(?:image|pixel|photograph)", card)
    with pytest.raises(InputError, match="format=png is none of folder, webdataset, parquet, csv, jsonl"):
        generate(study.folder, tmp_path / "other", per_class=7, format="png", anyway=True)


def test_it_opens_again_from_its_folder(study):
    again = Experiment.open(load_study(study.folder))
    assert again.settings.medium == study.settings.medium and again.results.done(4) == [0, 1, 2]


def test_a_variation_that_a_family_has_not_is_refused(study, tmp_path):
    given = GIVEN | {"data": study.study.data, "output_dir": str(tmp_path), "gan": "language_model"}
    with pytest.raises(InputError, match="real.gan.half.classic has no meaning for language_model"):
        Experiment.open(make_study(**given | {"arms": ("real+gan.half+classic",)}))
    with pytest.raises(InputError, match="real.gan.truncated"):
        Experiment.open(make_study(**given | {"arms": ("real+gan.truncated+classic",)}))


def test_a_parameter_of_images_is_refused_by_name(study):
    with pytest.raises(InputError, match="size"):
        make_study(**GIVEN, data=study.study.data, size="32")


def test_copies_add_nothing_to_the_words_that_a_classifier_knows(study):
    scores = study.scores().groupby("arm")["accuracy"].mean()
    assert np.isfinite(scores).all() and scores["real"] > 0.6
