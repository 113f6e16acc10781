"""A whole study of images with captions, from a folder to the page: captions of training, halfway between, and new."""

from __future__ import annotations

import json

import numpy as np
import pytest
from captioned_sets import table
from PIL import Image
from planted_captions import stripes

from gannb.experiment.experiment import Experiment
from gannb.generators.interface import Condition
from gannb.media.captioned import matcher
from gannb.report.publish import publish
from gannb.study.model import make_study
from gannb.utils.errors import InputError
from gannb.work.store import execute

pytestmark = pytest.mark.slow

ARMS = (
    "real", "real+gan+classic", "real+gan.interpolated+classic", "real+gan.new_captions+classic",
    "real+caption_plain+classic", "real+mlp+classic", "real+copies+classic",
)  # fmt: skip
NEW = [("violet on green", "two"), ("over green lies violet", "two"), ("violet on violet", "one")]
GIVEN = {
    "n_per_class": 20, "trials": 2, "gan_steps": 8, "n_synthetic": 9, "classifier_steps": 6,
    "classifier_steps_most": 6, "classifier_seeds": 1, "device": "cpu", "name": "made", "arms": ARMS,
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Experiment:
    """A study of stripes whose units are made in this process."""
    folder = tmp_path_factory.mktemp("captioned")
    real, rows = stripes(per_caption=30), []
    for item, k, name, captions in zip(real.x, real.y, real.ids, real.captions, strict=True):
        file = folder / "stripes" / real.classes[k] / f"stripe{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item).save(file)
        rows += [(f"{real.classes[k]}/{file.name}", caption) for caption in captions]
    table(folder / "stripes" / "captions.csv", rows)
    new = table(folder / "new.csv", NEW, ("caption", "class"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GANNB_LAUNCHER", raising=False)
        patch.setattr(matcher, "STEPS", 5)
        given = GIVEN | {"data": str(folder / "stripes"), "output_dir": str(folder), "new_captions": str(new)}
        experiment = Experiment.open(make_study(**given))
        for stage in (1, 2, 3, 4):
            errors = [execute(experiment.folder, unit, "cpu") for unit in experiment.plan.units(stage)]
            assert set(errors) == {None}
        publish(experiment)
        yield experiment


def captions_of(study: Experiment, source: str) -> np.ndarray | None:
    found = study.synthetic(0, source).captions
    return None if found is None else found[:, 0]


def test_every_item_that_was_made_of_a_caption_keeps_it(study):
    assert study.settings.family == "gan_cls"
    draw = study.settings.items(study.results.draw(0).train)
    assert set(captions_of(study, "gan_cls")) <= set(draw.captions.ravel())
    assert all(caption.startswith("halfway between “") for caption in captions_of(study, "gan_cls.interpolated"))
    made = study.synthetic(0, "gan_cls.new_captions")
    pairs = {(caption, made.classes[k]) for caption, k in zip(made.captions[:, 0], made.y, strict=True)}
    assert pairs <= set(NEW) and len(pairs) > 1
    assert captions_of(study, "mlp") is None and captions_of(study, "copies") is None


def test_whether_images_follow_their_captions_stands_on_the_page_beside_what_real_ones_get(study):
    rows = study.results.quality().query("features == 'pixels'").groupby("generator").mean(numeric_only=True)
    real = rows.loc["held-out real"]
    assert 0 <= real["caption_10"] <= 1 and 0 <= rows.loc["gan_cls", "caption_10"] <= 1
    assert 0 <= rows.loc["gan_cls.new_captions", "new_caption_10"] <= 1
    assert np.isnan(rows.loc["mlp", "caption_10"]) and np.isnan(rows.loc["gan_cls.new_captions", "caption_10"])
    assert rows.loc["gan_cls.interpolated", ["caption_10", "new_caption_10"]].isna().all()  # no caption says those
    page = (study.folder / "report.html").read_text(encoding="utf-8")
    assert "a matcher, trained on other real images, finds the caption among 10" in page
    verdict = json.loads((study.folder / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["answer"] in ("helps", "hurts", "equivalent", "inconclusive")


def test_new_captions_are_known_from_its_units_where_their_file_is_gone(study, tmp_path):
    asked = study.settings.new_captions
    assert asked == [(caption, ["one", "two"].index(name)) for caption, name in NEW]
    gone = study.study.model_copy(update={"new_captions": str(tmp_path / "gone.csv")})
    assert Experiment.of(gone, study.dataset, study.settings.data_key).settings.new_captions == asked
    elsewhere = gone.model_copy(update={"name": "another"})
    with pytest.raises(InputError, match="new_captions: there is no file"):
        Experiment.of(elsewhere, study.dataset, study.settings.data_key)


def test_words_that_no_caption_has_are_named_on_the_page(study):
    said = [told for told in study.settings.remarks if "new captions" in told]
    assert study.settings.remarks[: len(study.dataset.report.remarks)] == study.dataset.report.remarks
    page = (study.folder / "report.html").read_text(encoding="utf-8")
    assert all(told.split(":")[0] in page for told in said)


def test_new_captions_are_asked_for_only_where_there_are_some(study):
    with pytest.raises(InputError, match="takes new captions, and there are none; give a file as new_captions"):
        Experiment.preview(study.study.model_copy(update={"new_captions": None, "name": "without"}))


def test_other_new_captions_are_other_items_and_nothing_else_is_made_anew(study, tmp_path):
    other = table(tmp_path / "other.csv", [("red on violet", "two"), ("grey on grey", "one")], ("caption", "class"))
    changed = Experiment.of(
        study.study.model_copy(update={"new_captions": str(other)}), study.dataset, study.settings.data_key
    )
    paths = [{unit.path for unit in each.plan.all_units()} for each in (study, changed)]
    assert all("new_captions" in path for path in paths[0] ^ paths[1]) and paths[0] != paths[1]


def test_what_the_gan_makes_of_captions_is_shown_and_said(study):
    page = (study.folder / "report.html").read_text(encoding="utf-8")
    assert 'id="asked"' in page and "In so many of the images made of captions the measuring classifier" in page
    for name in ("captions", "new_captions", "passages", "retrieval"):
        assert f'id="figure-{name}"' in page and (study.folder / "figures" / f"{name}.png").is_file()
    assert len(page.encode()) < 3e6


def test_a_way_between_two_captions_begins_and_ends_with_these(study):
    generator = study.generator(0)
    ends = ["red on green", "violet on green"]
    way = generator.between_captions(np.array([ends, ends[::-1]]), 3, 5)
    assert way.shape == (2, 5, *study.settings.shape)
    for k, caption in enumerate(ends):
        (alone,) = generator.sample(Condition(np.zeros(1, int), np.array([caption])), 3)
        assert np.array_equal(way[0, -k], alone)
    assert not np.array_equal(way[0, 2], way[0, 0])
    assert not np.array_equal(way[0, 0], way[1, -1])  # another noise
