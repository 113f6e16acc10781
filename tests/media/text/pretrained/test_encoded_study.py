"""Studies with a sentence encoder, from finding it to the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_evidence import evidence
from sentences import of_two

from gannb.analysis.claims import claims
from gannb.analysis.evidence import words_of
from gannb.analysis.options import advice, options
from gannb.experiment.estimate import _fine_tuning
from gannb.experiment.experiment import Experiment
from gannb.media.text import TEXT
from gannb.media.text import pretrained as transfer
from gannb.media.text.pretrained import network
from gannb.report.page.facts import transfer_text
from gannb.report.publish import publish
from gannb.study.model import make_study
from gannb.utils.errors import InputError
from gannb.work.store import execute


def a_study(tmp_path: Path, **given):
    items = of_two(40)
    rows = "".join(f"{text},{items.classes[k]}\n" for text, k in zip(items.x, items.y, strict=True))
    (tmp_path / "a.csv").write_text("text,label\n" + rows)
    given = {"n_per_class": 4, "trials": 2, "arms": "real,real+gan+classic,transfer,transfer+gan"} | given
    return make_study(data=str(tmp_path / "a.csv"), output_dir=str(tmp_path / "out"), preset="smoke", **given)


def test_a_study_goes_without_and_says_so(tmp_path, without):
    experiment = Experiment.preview(a_study(tmp_path))
    assert not any(arm.pretrained for arm in experiment.settings.arms)
    assert experiment.plan.left_out == transfer.missing_sentence("all-MiniLM-L6-v2")
    assert transfer_text(experiment) == experiment.plan.left_out


def test_a_study_with_an_encoder_says_what_it_does(tmp_path, folder, stand_in):
    study = a_study(tmp_path, pretrained=str(folder))
    experiment = Experiment.preview(study)
    assert [arm.name for arm in experiment.settings.arms if arm.pretrained] == ["transfer", "transfer+gan"]
    said = transfer_text(experiment)
    assert "multiplied with those of tfidf" in said and "then tfidf beside it for 2 steps" in said and "batch" in said
    assert "the whole network" not in said and "upsampled" not in said
    [planned] = _fine_tuning(experiment.plan)
    assert planned == (
        f"Arms named transfer: the sentence encoder {folder.name}, frozen, its class probabilities multiplied with "
        "those of tfidf; 2 steps."
    )
    meanings = {c.meaning for c in experiment.settings.contrasts if c.arm == "transfer"}
    assert "a sentence encoder trained elsewhere instead of GAN sentences" in meanings


# ---- a study with it ----


def run_whole(tmp_path: Path, pretrained: str, monkeypatch) -> tuple[Experiment, str]:
    """Run a small study in this process; return it with its page."""
    monkeypatch.delenv("GANNB_LAUNCHER", raising=False)
    given = {"gan_steps": 3, "classifier_steps": 12, "classifier_steps_most": 12, "transfer_steps": 12}
    study = a_study(tmp_path, pretrained=pretrained, trials=3, classifier_seeds=1, n_synthetic=6, **given)
    experiment = Experiment.open(study)
    for stage in (1, 2, 3, 4):
        needed = dict.fromkeys(each for unit in experiment.plan.units(stage) for each in unit.closure())
        assert {execute(experiment.folder, unit, "cpu") for unit in needed} == {None}
    return experiment, publish(experiment).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_study_is_run_with_it_and_its_features_measure_the_gan_s_sentences(tmp_path, folder, stand_in, monkeypatch):
    experiment, page = run_whole(tmp_path, str(folder), monkeypatch)
    assert {"transfer", "transfer+gan"} <= set(experiment.scores()["arm"])
    assert "encoder" in set(experiment.results.quality()["features"])
    assert "multiplied with those of tfidf" in page and "upsampled" not in page


def test_the_advice_names_it_where_it_is_the_best_way():
    world = evidence(words=words_of(TEXT), transfer=0.9)
    said = advice(world, options(world))
    assert said.startswith("Best of what was tried: a sentence encoder trained elsewhere, ")
    assert "fine-tuning" not in said
    found = next(each.found for each in claims(world) if "Fine-tuning" in each.claim)
    assert "A frozen sentence encoder that was trained on other texts" in found.why and found.verdict == "supported"


@pytest.mark.parametrize("way", ["", "alone="])
def test_a_whole_study_is_run_with_a_real_encoder(real_encoder, way, tmp_path, monkeypatch):
    network._encoder.cache_clear()
    experiment, page = run_whole(tmp_path, f"{way}{real_encoder}", monkeypatch)
    scores = experiment.scores()
    assert {"transfer", "transfer+gan"} <= set(scores["arm"]) and scores["balanced_accuracy"].notna().all()
    assert real_encoder.name in set(experiment.results.quality()["features"])
    assert f"the sentence encoder {real_encoder.name}, frozen" in page
    assert ("multiplied with those of tfidf" in page) == (not way)


def test_with_the_package_a_name_that_is_not_here_is_left_out_and_a_folder_of_something_else_refused(tmp_path):
    pytest.importorskip("sentence_transformers")
    experiment = Experiment.preview(a_study(tmp_path, pretrained="no-such-encoder"))
    assert experiment.plan.left_out.startswith(
        "The sentence encoder is left out: the weights of no-such-encoder (.safetensors) are not on this machine"
    )
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("no encoder")
    with pytest.raises(InputError, match=r"^pretrained: .*/notes has no config.json; give a folder that a sentence"):
        Experiment.preview(a_study(tmp_path, pretrained=str(tmp_path / "notes")))
