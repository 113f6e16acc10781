"""The ledger of looks: what is kept of each, what counts as another one, and what a killed process leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from gannb.experiment.experiment import Experiment
from gannb.experiment.ledger import (
    FILE,
    Entry,
    Looks,
    append,
    changed,
    check_writable,
    looks_now,
    read,
    rule_to_read,
)
from gannb.stats.settling.looks import Look, level_of_last, look_levels, looks_until
from gannb.study.model import make_study
from gannb.utils.errors import InputError


def entry(trials: int = 8, rule: str = "a", most: int = 8, **about) -> Entry:
    return Entry("2026-01-01T00:00:00+00:00", trials, rule, most, {"rope": 0.01} | about)


def preview(tmp_path: Path, **given) -> Experiment:
    return Experiment.preview(make_study(data="digits", output_dir=str(tmp_path), device="cpu", **given))


# ---- the file ----


def test_lines_come_back_in_order_and_are_never_rewritten(tmp_path):
    entries = [replace(entry(n), answer="helps", interval={"low": 0.01}) for n in (4, 8)]
    append(tmp_path, entries[0])
    before = (tmp_path / FILE).read_bytes()
    append(tmp_path, entries[1])
    assert read(tmp_path) == entries and (tmp_path / FILE).read_bytes().startswith(before)
    assert [json.loads(line)["trials"] for line in (tmp_path / FILE).read_text().splitlines()] == [4, 8]


def test_there_need_be_no_ledger(tmp_path):
    assert read(tmp_path) == []


@pytest.mark.parametrize("left", [0.05, 0.5, 0.99])
def test_a_line_that_a_killed_process_left_half_written_is_no_look_and_spoils_no_other(tmp_path, left):
    for n in (4, 8):
        append(tmp_path, entry(n))
    whole, last = (tmp_path / FILE).read_bytes().splitlines(keepends=True)
    (tmp_path / FILE).write_bytes(whole + last[: int(left * len(last))])
    assert [each.trials for each in read(tmp_path)] == [4]
    append(tmp_path, entry(16, most=16))
    assert [each.trials for each in read(tmp_path)] == [4, 16]


def test_zeros_that_a_power_failure_left_are_no_look(tmp_path):
    append(tmp_path, entry())
    with open(tmp_path / FILE, "ab") as stream:
        stream.write(b"\0" * 100)
    append(tmp_path, entry(16, most=16))
    assert [each.trials for each in read(tmp_path)] == [8, 16]


@pytest.mark.parametrize("line", ["hello", '{"trials": 3}', "[]"])
def test_a_line_of_somebody_else_is_refused_and_named(tmp_path, line):
    append(tmp_path, entry())
    with open(tmp_path / FILE, "a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(InputError, match=r"ledger.jsonl, line 2, is no look"):
        read(tmp_path)


# ---- what is a look ----


def test_the_same_look_again_is_not_another_one(planted):
    first = replace(looks_now(planted, 3), before=())
    again = replace(first, before=(first.present,))
    other = replace(first, before=(replace(first.present, rule="another"),))
    assert first.is_new and not again.is_new and other.is_new


def test_a_look_is_recorded_once_with_its_answer(tmp_path):
    looks = Looks((), entry(), level_of_last([entry().look]))
    looks.record(tmp_path, "helps", {"difference": 0.02})
    again = Looks(tuple(read(tmp_path)), entry(), looks.spent)
    again.record(tmp_path, "helps", {"difference": 0.02})
    (kept,) = read(tmp_path)
    assert (kept.answer, kept.interval, kept.look) == ("helps", {"difference": 0.02}, Look(8, "a", 8))
    again.record(tmp_path, "hurts", {})  # after a doubling of the steps
    assert [each.answer for each in read(tmp_path)] == ["helps", "hurts"]
    assert len({each.look for each in read(tmp_path)}) == 1


def test_what_another_version_adds_to_a_line_locks_nobody_out(tmp_path):
    Looks((), entry(), level_of_last([entry().look])).record(tmp_path, "helps", {})
    line = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(line | {"more": 1}) + "\n" + json.dumps({"time": "now"}) + "\n")
    with pytest.raises(InputError, match="line 2"):
        read(tmp_path)
    (tmp_path / FILE).write_text(json.dumps({k: v for k, v in line.items() if k != "answer"} | {"more": 1}) + "\n")
    assert [(each.trials, each.answer) for each in read(tmp_path)] == [(8, "")]


@pytest.mark.parametrize(
    ("change", "another"),
    [
        ({"rope": 0.02}, True), ({"metric": "accuracy"}, True), ({"gan_steps": 77}, True), ({"seed": 1}, True),
        ({"classifier_steps": 77}, True), ({"trials": 4}, False), ({"workers": 2}, False), ({"trials_most": 32}, False),
        ({"arms": ("real", "real+gan")}, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_rule_is_all_that_the_answer_depends_on_but_the_number_of_trials(tmp_path, change, another):
    one, other = preview(tmp_path), preview(tmp_path, **change)
    assert (one.plan.rule_key != other.plan.rule_key) == another
    assert (rule_to_read(one) != rule_to_read(other)) == another


def test_a_study_is_planned_for_trials_most_or_for_its_trials(tmp_path):
    assert looks_now(preview(tmp_path, trials=4), 4).present.most == 4
    planned = looks_now(preview(tmp_path, trials=4, trials_most=8), 4)
    assert planned.present.most == 8 and planned.spent.level == look_levels((4,), 8)[0] > 0.95


def test_the_level_follows_from_the_ledger_and_this_look(tmp_path):
    experiment = preview(tmp_path, trials=8)
    now = looks_now(experiment, 8).present
    experiment.folder.mkdir(parents=True)
    append(experiment.folder, replace(now, rule="another"))
    looks = looks_now(experiment, 8)
    assert looks.spent.level == pytest.approx(1 - 0.05 / 4) and (looks.spent.looks, looks.spent.plans) == (2, 2)
    append(experiment.folder, now)
    assert looks_now(experiment, 8).spent == looks.spent


def test_smoke_runs_count_among_themselves_alone(tmp_path):
    smoke, full = preview(tmp_path, preset="smoke"), preview(tmp_path)
    assert smoke.folder == full.folder
    smoke.folder.mkdir(parents=True)
    append(smoke.folder, looks_now(smoke, 2).present)
    assert looks_now(full, 16).before == () and looks_now(full, 16).spent.level == 0.95
    assert len(looks_now(smoke, 2).before) == 1


# ---- what was changed ----


def test_nothing_was_changed_by_more_trials_of_one_plan():
    assert changed([entry(4, most=32), entry(8, most=32), entry(32, most=32)]) == {}


def test_what_was_changed_is_named_with_its_values_one_after_the_other():
    chain = [entry(), entry(rule="b", rope=0.02, metric="accuracy"), entry(rule="b", rope=0.02, metric="accuracy")]
    assert changed(chain) == {"rope": [0.01, 0.02]}  # what one of them does not know was not changed
    assert changed(chain[1:2] + [entry(rule="c", rope=0.02, metric="log")]) == {"metric": ["accuracy", "log"]}
    assert changed([*chain, entry()])["rope"] == [0.01, 0.02, 0.01]
    assert changed([entry(), entry(16, most=16)]) == {"trials_most": [8, 16]}
    assert changed([entry(), entry(rule="b")]) == {"version": ["a", "b"]}


def test_going_back_to_an_earlier_rule_is_a_change_too():
    before = (entry(), entry(rule="b", rope=0.02))
    back = Looks(before, entry(), level_of_last([*(each.look for each in before), entry().look]))
    assert not back.is_new and changed(back.chain) == {"rope": [0.01, 0.02, 0.01]}
    again = replace(back, present=before[1])
    assert changed(again.chain) == {"rope": [0.01, 0.02]}


# ---- the whole rule, by simulation ----


@pytest.mark.parametrize(("most", "folds"), [(32, 0), (40, 4)], ids=["draws", "folds"])
def test_intervals_up_to_the_first_answer_hold_together_and_peeking_does_not(most, folds):
    """2,000 studies without any effect that go on until they are settled; rope is .5 of a trial's sd."""
    looks, rope = looks_until(most, folds), 0.5
    d = np.random.default_rng(0).standard_normal((2000, most))
    history = [Look(n, "rule", most) for n in looks]
    spent = [level_of_last(history[: k + 1]).level for k in range(len(looks))]

    def study(levels: list[float]) -> tuple[float, float]:
        """The share of studies all of whose intervals hold, and of those that say helps or hurts."""
        held, wrong, going_on = np.ones(len(d), bool), np.zeros(len(d), bool), np.ones(len(d), bool)
        for n, level in zip(looks, levels, strict=True):
            mean, se = d[:, :n].mean(axis=1), d[:, :n].std(axis=1, ddof=1) / np.sqrt(n)
            half = stats.t.ppf((1 + level) / 2, n - 1) * se
            equivalent, beside = np.abs(mean) + half <= rope, np.abs(mean) > half
            held &= ~(going_on & beside)
            wrong |= going_on & beside & ~equivalent
            going_on &= ~(equivalent | beside)
        return held.mean(), wrong.mean()

    (together, wrong), (peeking, wrong_peeking) = study(spent), study([0.95] * len(looks))
    assert together >= 0.94 and wrong <= 0.06
    assert peeking < 0.93 and wrong_peeking > 0.06


@pytest.mark.parametrize(
    "change", [{"trials": "8"}, {"trials": 0}, {"trials": 9}, {"about": [1]}, {"rule": None}, {"most": True}], ids=str
)
def test_a_line_of_other_kinds_of_values_is_named(tmp_path, change):
    line = {"time": "now", "trials": 8, "rule": "a", "most": 8, "about": {}, "answer": "", "interval": {}}
    (tmp_path / FILE).write_text(json.dumps(line) + "\n" + json.dumps(line | change) + "\n")
    with pytest.raises(InputError, match="line 2, is no look"):
        read(tmp_path)


def test_a_damaged_line_that_is_whole_is_named_and_one_that_was_cut_short_is_not(tmp_path):
    line = json.dumps({"time": "now", "trials": 8, "rule": "a", "most": 8, "about": {}})
    (tmp_path / FILE).write_text(line + "\n" + line[:20] + "\n" + line + "\n")
    assert len(read(tmp_path)) == 2
    (tmp_path / FILE).write_text(line.replace("now", "n\x01w") + "\n" + line + "\n")
    with pytest.raises(InputError, match="line 1, is no look"):
        read(tmp_path)


def test_a_ledger_that_cannot_be_read_is_told_before_any_work(tmp_path):
    check_writable(tmp_path)  # none is there
    (tmp_path / FILE).mkdir()
    with pytest.raises(InputError, match=r"ledger\.jsonl cannot be read"):
        check_writable(tmp_path)
