"""A whole study of clips, from the folder to the page and to a set of clips that the final generator makes."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import soundfile
from browsing import browser_page, in_browser, played
from planted_study import Reader
from sound_study import finished_calls

from gannb.experiment.experiment import Experiment
from gannb.export.generate import generate
from gannb.media import medium_of
from gannb.report.publish import publish
from gannb.study.folder import load_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def calls(tmp_path_factory) -> Experiment:
    """A study of two classes of calls, with its page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GANNB_LAUNCHER", raising=False)
        experiment = finished_calls(tmp_path_factory.mktemp("calls"))
        publish(experiment)
        yield experiment


def test_its_medium_is_recognised_and_knows_the_rate(calls):
    assert calls.study.medium == "audio" and calls.settings.medium.rate == medium_of(calls.dataset).rate == 4000
    assert calls.settings.shape == (2000,) and calls.settings.family == "specgan"
    record = json.loads((calls.folder / "study.json").read_text(encoding="utf-8"))["resolved"]
    assert record["traits"] == {"rate": 4000} and record["augmentation"] == "full"
    assert Experiment.open(load_study(calls.folder)).settings.medium == calls.settings.medium


def test_its_items_are_clips(calls):
    for source in calls.settings.sources:
        made = calls.synthetic(0, source)
        assert made.x.dtype == np.int16 and made.x.shape[1:] == (2000,), source
    measured = calls.results.quality()
    assert set(measured["features"]) == {"log-mel", "logmel_cnn"}
    assert (measured[measured["generator"] == "copies"]["exact_duplicates"] == 1).all()


def test_its_page_is_small_speaks_of_clips_and_can_be_heard(calls):
    file = calls.folder / "report.html"
    page = file.read_text(encoding="utf-8")
    assert file.stat().st_size < 3_000_000 and page.count("<audio ") >= 20 and "media-src data:" in page
    text = Reader(page).text
    assert "Do GAN clips help to train the classifier?" in text
    assert "35 dB below the loudest 25 ms" in text and "brought to a peak of 0.9" in text
    said = [sentence for sentence in text.split(".") if re.search(r"\b(images?|photos?|pixels?)\b", sentence)]
    assert said == []


@in_browser
def test_a_browser_plays_every_clip_of_its_page_and_finds_no_fault(calls):
    with browser_page((calls.folder / "report.html").as_uri()) as page:
        faults = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.reload(wait_until="load")
        heard = played(page)
        sorting = page.locator("table button").count()
    assert faults == [] and sorting > 20  # the script that sorts tables has come to its end
    assert len(heard) >= 20 and all(error is None and abs(seconds - 0.5) < 0.1 for error, seconds in heard)


def test_its_final_generator_writes_clips_that_are_verified(calls, tmp_path):
    generate(calls.folder, tmp_path / "set", per_class=3, format="folder", anyway=True)
    files = sorted((tmp_path / "set").rglob("*.flac"))
    assert [file.parent.name for file in files] == ["owl"] * 3 + ["wren"] * 3
    sounds = [soundfile.read(file, dtype="int16") for file in files]
    assert all(rate == 4000 and x.shape == (2000,) and x.any() for x, rate in sounds)
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert "audio-classification" in card and "0.5 s at 4 kHz" in card and "soundfile.read" in card
