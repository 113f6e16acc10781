"""The policies of sentences, by name."""

from __future__ import annotations

import sys

import pytest

from gannb.experiment.experiment import Experiment
from gannb.media.text import TEXT
from gannb.media.text.augmentation.policies import POLICIES
from gannb.media.text.augmentation.synonyms import wordnet
from gannb.study.model import make_study
from gannb.utils.errors import InputError


def test_without_wordnet_it_is_said_how_to_get_it_and_nothing_else_needs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "nltk.corpus", None)
    wordnet.cache_clear()
    with pytest.raises(InputError, match=r"^augmentation=synonyms needs WordNet, .* `pip install nltk` and once"):
        TEXT.policy("synonyms", ())
    assert all(TEXT.policy(name, ()) == POLICIES[name] for name in TEXT.tuned_policies)
    assert "synonyms" not in TEXT.tuned_policies and TEXT.default_policy(()) != "synonyms"


def test_a_study_that_asks_for_synonyms_without_wordnet_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nltk.corpus", None)
    wordnet.cache_clear()
    rows = "".join(f"word {i} of {kind},{kind}\n" for i in range(20) for kind in "ab")
    (tmp_path / "a.csv").write_text("text,label\n" + rows)
    given = {"data": str(tmp_path / "a.csv"), "output_dir": str(tmp_path), "preset": "smoke", "trials": 2}
    with pytest.raises(InputError, match="needs WordNet"):
        Experiment.preview(make_study(**given, augmentation="synonyms", n_per_class=4))
