"""A look at a study's answer: the level that it gets, what is recorded, and what is said of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from planted_study import Reader

from gannb.analysis.evidence import difference, gather
from gannb.analysis.verdict import read_verdict
from gannb.experiment.experiment import Experiment
from gannb.experiment.ledger import FILE, Entry, Looks, read
from gannb.report.looking import look, looks_text, problems, to_json
from gannb.report.publish import publish
from gannb.stats.settling.looks import level_of_last
from gannb.study.folder import load_study, open_study
from gannb.trials.arms import PRIMARY


@pytest.fixture
def study(planted: Experiment, tmp_path: Path) -> Path:
    """A copy of the planted study at which nobody has looked yet."""
    folder = Path(shutil.copytree(planted.folder, tmp_path / "outputs" / "planted"))
    (folder / FILE).unlink(missing_ok=True)
    return folder


def opened(folder: Path, **changes) -> Experiment:
    return Experiment.open(open_study(folder, **changes))


def looks_of(*looks: Entry) -> Looks:
    *before, present = looks
    return Looks(tuple(before), present, level_of_last([each.look for each in looks]))


def entry(trials: int = 8, rule: str = "a", most: int = 8, **about) -> Entry:
    return Entry("", trials, rule, most, {"rope": 0.01, "metric": "balanced_accuracy"} | about)


# ---- what is recorded ----


def test_a_look_is_recorded_with_its_answer_and_the_same_one_once(study):
    first, second = look(opened(study)), look(opened(study))
    (kept,) = read(study)
    change = first.verdict.contrasts[0].change
    assert kept.answer == first.verdict.answer and kept.trials == kept.most == 3 and kept.about["rope"] == 0.01
    assert kept.interval == {"difference": change.mean, "low": change.low, "high": change.high, "level": 0.95}
    assert second.looks.spent == first.looks.spent and second.verdict.answer == first.verdict.answer


def test_the_primary_interval_has_the_level_that_is_left(study):
    look(opened(study))
    second = look(opened(study, rope=0.02))
    level = second.looks.spent.level
    assert level == pytest.approx(1 - 0.05 / 4)
    expected = difference(gather(opened(study, rope=0.02)), *PRIMARY, level)
    assert second.verdict.contrasts[0].change == expected and second.evidence.level == level
    others = [row.change.level for row in second.verdict.contrasts if row.contrast.role == "exploratory"]
    assert set(others) == {0.95}
    assert [each.about["rope"] for each in read(study)] == [0.01, 0.02]
    assert read(study)[1].interval["level"] == level


def test_an_answer_by_the_wider_interval_is_not_that_by_the_narrower(study):
    """The decision is made at the level that is left, not shown at it afterwards."""
    change = difference(gather(opened(study)), *PRIMARY)
    wide = max(abs(change.low), abs(change.high)) + 1e-6  # of which the first look's interval just lies within
    for rope in (0.03, 0.04):  # two other rules before
        look(opened(study, rope=rope))
    assert look(opened(study, rope=wide)).verdict.answer == "inconclusive"
    (study / FILE).unlink()
    assert look(opened(study, rope=wide)).verdict.answer == "equivalent"


@pytest.mark.slow
def test_publishing_writes_the_looks_and_says_them_above_the_answer(study):
    publish(opened(study))
    assert read_verdict(study)["looks"] == {"number": 1, "settings": 1, "level": 0.95, "together": 0.95}
    text = Reader((study / "report.html").read_text()).text
    assert "Looked at once, after 3 trials; level 95%." in text and "chosen before the study" in text
    publish(opened(study, metric="accuracy"))
    found, text = read_verdict(study), Reader((study / "report.html").read_text()).text
    assert (found["looks"]["number"], found["looks"]["settings"]) == (2, 2)
    assert found["contrasts"][0]["level"] == found["looks"]["level"] == pytest.approx(0.9875)
    said = "The rule was changed after a look at the answer: metric from balanced accuracy to accuracy."
    assert any(problem.startswith(said) for problem in found["problems"])
    assert text.index(said) < text.index(found["sentence"][:30])
    assert "chosen before the study" not in text and "Accuracy, changed after a look at the answer" in text
    assert "In brackets: the 98.8% interval" in text and "Looked at 2 times under 2 settings" in text
    assert len(read(study)) == 2


def test_a_result_that_could_not_be_written_was_looked_at_all_the_same(study, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gannb.report.publish.write_json", full)
    with pytest.raises(OSError):
        publish(opened(study))
    assert len(read(study)) == 1


def test_a_folder_that_is_copied_takes_its_looks_along(study, tmp_path):
    look(opened(study))
    moved = Path(shutil.copytree(study, tmp_path / "elsewhere" / "renamed"))
    assert look(Experiment.open(load_study(moved))).looks.spent.looks == 1


# ---- what is said ----


def test_one_look_is_said_with_what_was_planned():
    assert looks_text(looks_of(entry())) == "Looked at once, after 8 trials; level 95%."
    assert looks_text(looks_of(entry(4, most=32))).startswith(
        "Looked at once, after 4 of at most 32 trials; level 99.4%"
    )


def test_several_looks_are_said_with_their_settings_and_what_holds_together():
    text = looks_text(looks_of(*(entry(n, most=32) for n in (4, 8, 16))))
    assert text.startswith("Looked at 3 times under one setting, now after 16 of at most 32 trials; level 98.5%.")
    assert text.endswith("hold together with at least 95%.")
    two = looks_text(looks_of(entry(), entry(rule="b", rope=0.02)))
    assert "under 2 settings" in two and two.endswith("hold together with at least 93.7%.")


def test_more_trials_of_one_plan_are_no_problem():
    assert problems(looks_of(entry(4, most=32), entry(8, most=32))) == []


def test_going_back_to_fewer_trials_is_said_above_the_answer():
    (said,) = problems(looks_of(entry(4, most=32), entry(16, most=32), entry(8, most=32)))
    assert said.startswith("The answer is read after fewer trials than it had been looked at before.")
    assert problems(looks_of(entry(4, most=32), entry(16, most=32), entry(4, most=32))) == []


def test_a_changed_rule_and_trials_beyond_the_plan_are_said_with_their_values():
    (said,) = problems(looks_of(entry(), entry(rule="b", rope=0.011)))
    assert said.startswith("The rule was changed after a look at the answer: rope from 0.01 to 0.011.")
    assert "98.8%" in said and "at least 93.7%" in said
    (said,) = problems(looks_of(entry(), entry(16, most=16)))
    assert said.startswith("Trials went on beyond what was planned, after a look at the answer: from 8 to 16.")
    both = problems(looks_of(entry(data="y"), entry(16, "b", 16, data="x")))
    assert both[0] == "The rule was changed after a look at the answer: the data." and "from 8 to 16" in both[1]
    (said,) = problems(looks_of(entry(), entry(rule="b")))
    assert "how gannb trains (another version)" in said
    (said,) = problems(looks_of(entry(16, most=16), entry(8, most=8)))
    assert said.startswith("Trials were planned anew, after a look at the answer: from 16 to 8.")


def test_what_stands_in_the_file_is_json():
    assert json.loads(json.dumps(to_json(looks_of(entry(4, most=32)))))["settings"] == 1
