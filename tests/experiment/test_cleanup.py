"""What is cleaned away, and above all what is not."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gannb.cli import main
from gannb.experiment.at_hand import AtHand
from gannb.experiment.cleanup import clean_text, leftovers, remove
from gannb.experiment.experiment import Experiment
from gannb.experiment.plan import Plan
from gannb.experiment.results import Results
from gannb.jupyter.runner import read_experiment
from gannb.media.image import IMAGE
from gannb.study.folder import load_study, open_study, save_study
from gannb.study.source import Source
from gannb.utils.errors import InputError
from gannb.work.leases import take
from gannb.work.locks import study_lock
from gannb.work.store import LEASE, is_done

LONG_AGO = 1e9  # seconds since 1970
TOKEN = "0a1b" * 8


def changed(folder: Path, **changes) -> Experiment:
    """The study with other parameters, recorded, of which nothing is made yet."""
    save_study(open_study(folder, **changes))
    return read_experiment(load_study(folder))


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_finished_study_has_nothing_to_remove(smoke, capsys):
    before = tree(smoke)
    assert main(["clean", str(smoke), "--yes"]) == 0
    assert capsys.readouterr().out.startswith("Nothing to remove")
    assert tree(smoke) == before


def test_units_of_earlier_parameters_are_told_by_kind_and_removed(smoke):
    before = read_experiment(load_study(smoke))
    experiment = changed(smoke, classifier_steps=6)
    found = leftovers(experiment)
    assert {each.kind for each in found} == {"classifier"}
    assert {each.path for each in found} == {smoke / unit.path for unit in before.plan.classifiers.values()}
    assert sum(each.bytes for each in found) > 1000
    assert all(part in clean_text(found, IMAGE.nouns) for part in ("training classifiers", " 12 ", " MB"))
    assert remove(experiment, found) == found
    assert all(is_done(smoke, unit) for stage in (1, 2, 3) for unit in before.plan.units(stage))
    assert not any((smoke / unit.path).exists() for unit in before.plan.classifiers.values())
    assert leftovers(experiment) == []


def test_a_trial_that_is_no_more_goes_with_its_folder(smoke):
    shutil.copytree(smoke / "trials" / "001", smoke / "trials" / "002")
    units = [path for path in (smoke / "trials" / "002").iterdir() if path.is_dir()]
    experiment = read_experiment(load_study(smoke))
    found = leftovers(experiment)
    assert {each.path for each in found} == set(units)
    remove(experiment, found)
    assert not (smoke / "trials" / "002").exists() and (smoke / "trials" / "001").exists()


def test_what_stopped_processes_left_goes(smoke):
    experiment = read_experiment(load_study(smoke))
    unit = next(iter(experiment.plan.classifiers.values()))
    left = [
        smoke / "trials" / "000" / f".{Path(unit.path).name}.{TOKEN}", smoke / f".data-{'0' * 16}.{TOKEN}",
        smoke / f".data-{'0' * 16}.0a1b2c3d",
    ]  # fmt: skip
    for folder in left:
        folder.mkdir()
        (folder / "x.npy").write_bytes(b"0" * 5000)
    files = [smoke / name for name in (".02_train_gan.running.ipynb", f".status.json.{TOKEN}", f".{TOKEN}.mark")]
    for file in files:
        file.write_text("{}")
    for path in (*left[1:], *(folder / "x.npy" for folder in left[1:]), *files):
        os.utime(path, (LONG_AGO, LONG_AGO))
    found = leftovers(experiment)
    assert {each.path for each in found} == {*left, *files} and {each.kind for each in found} == {"temporary"}
    remove(experiment, found)
    assert not any(path.exists() for path in (*left, *files)) and is_done(smoke, unit)


def test_what_a_process_may_be_writing_stays(smoke):
    (smoke / f".status.json.{TOKEN}").write_text("{}")
    copy = smoke / f".data-{'0' * 16}.{TOKEN}"
    copy.mkdir()
    (copy / "x.npy").write_bytes(b"0")
    os.utime(copy, (LONG_AGO, LONG_AGO))  # what is in it is new
    experiment = read_experiment(load_study(smoke))
    unit = smoke / next(iter(experiment.plan.classifiers.values())).path
    temporary = unit.with_name(f".{unit.name}.{TOKEN}")
    temporary.mkdir()
    with take(unit.with_name(f"{unit.name}.running") / LEASE):
        assert leftovers(experiment) == []
    assert [each.path for each in leftovers(experiment)] == [temporary]


def test_copies_of_data_read_in_another_way_go_with_their_place_in_the_index(smoke):
    index = json.loads((smoke / "data.json").read_text())
    (old,) = smoke.glob("data-*")
    other = smoke / f"data-{'0' * 16}"
    shutil.copytree(old, other)
    (smoke / "data.json").write_text(json.dumps({"another stamp": "0" * 16} | index))
    experiment = read_experiment(load_study(smoke))
    found = leftovers(experiment)
    assert [(each.path, each.kind) for each in found] == [(other, "data")]
    remove(experiment, found)
    assert not other.exists() and old.is_dir() and json.loads((smoke / "data.json").read_text()) == index


def test_of_final_generators_and_sources_from_outside_the_current_ones_stay(smoke):
    experiment = read_experiment(load_study(smoke))
    current = smoke / experiment.plan.final_generator.path
    old = smoke / "final" / f"mlp-{'0' * 16}"
    for folder in (current, old):
        folder.mkdir(parents=True)
        (folder / "unit.json").write_text(json.dumps({"kind": "generator", "parameters": {}}))
    used, unused = smoke / f"related-{'0' * 16}", smoke / f"related-{'1' * 16}"
    for folder in (used, unused):
        folder.mkdir()
    found = AtHand(external={"related": Source("related", "0" * 16, {})})
    plan = Plan(replace(experiment.settings, at_hand=found))
    experiment = Experiment(plan.settings, plan, Results(plan, smoke))
    assert {each.path: each.kind for each in leftovers(experiment)} == {old: "generator", unused: "external"}


@pytest.mark.parametrize("missing", [True, False])
def test_what_was_fine_tuned_stays_while_its_weights_are_on_another_machine(smoke, missing, monkeypatch):
    unit = smoke / "trials" / "000" / f"transfer-{'0' * 16}"
    unit.mkdir()
    (unit / "unit.json").write_text(json.dumps({"kind": "classifier", "parameters": {"weights": "0"}}))
    monkeypatch.setattr(Plan, "left_out", "Fine-tuning is left out." * missing)
    assert [each.path for each in leftovers(read_experiment(load_study(smoke)))] == [unit] * (not missing)


def test_checkpoints_and_errors_of_what_is_still_to_be_made_stay(smoke):
    experiment = changed(smoke, classifier_steps=6)
    unit = next(iter(experiment.plan.classifiers.values()))
    for what in ("running", "failed"):
        (smoke / f"{unit.path}.{what}").mkdir()
    assert not {smoke / f"{unit.path}.{what}" for what in ("running", "failed")} & {
        each.path for each in leftovers(experiment)
    }
    changed(smoke, classifier_steps=7)
    gone = {each.path.name: each.kind for each in leftovers(read_experiment(load_study(smoke)))}
    assert all(gone[f"{Path(unit.path).name}.{what}"] == "checkpoint" for what in ("running", "failed"))


def test_a_unit_that_a_process_is_at_work_on_stays(smoke):
    old = next(iter(read_experiment(load_study(smoke)).plan.classifiers.values()))
    experiment = changed(smoke, classifier_steps=6)
    running = smoke / f"{old.path}.running"
    with take(running / LEASE):
        listed = {each.path for each in leftovers(experiment)}
        assert not {smoke / old.path, running} & listed and len(listed) == 11


def test_what_came_to_be_needed_after_it_was_listed_stays(smoke):
    old = read_experiment(load_study(smoke))
    found = leftovers(changed(smoke, classifier_steps=6))
    assert len(found) == 12 and remove(old, found) == []
    assert all(is_done(smoke, unit) for unit in old.plan.all_units())


def test_what_a_person_put_there_stays(smoke):
    mine = [smoke / "notes.txt", smoke / "trials" / "000" / "mine", smoke / "my-data-2024", smoke / ".hidden",
            smoke / f"photos-{'0' * 16}", smoke / "trials" / "000" / f"mine-{'0' * 16}"]  # fmt: skip
    mine[0].write_text("")
    for folder in mine[1:]:
        folder.mkdir()
    assert leftovers(read_experiment(load_study(smoke))) == []


# ---- the command ----


def test_it_says_how_much_and_asks(smoke, capsys, monkeypatch):
    experiment = changed(smoke, classifier_steps=6)
    before = tree(smoke)
    assert main(["clean", str(smoke), "--dry-run"]) == 0
    assert "training classifiers" in capsys.readouterr().out and tree(smoke) == before
    assert main(["clean", str(smoke)]) == 2  # nobody to ask
    assert capsys.readouterr().err == "gannb: Nothing was removed, since nobody is here to be asked; add --yes.\n"
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, left in (("", 12), ("n", 12), ("y", 0)):
        monkeypatch.setattr("builtins.input", lambda prompt, answer=answer: answer)
        assert main(["clean", str(smoke)]) == 0
        assert len(leftovers(experiment)) == left
    assert capsys.readouterr().out.endswith("removed 12 of 12\n")


def test_a_study_at_work_is_refused(smoke, capsys):
    experiment = changed(smoke, classifier_steps=6)
    before = tree(smoke)
    found = leftovers(experiment)
    with study_lock(smoke):
        assert main(["clean", str(smoke), "--yes"]) == 2
        with pytest.raises(InputError, match="Another run is at work"):
            remove(experiment, found)
    assert "Another run is at work" in capsys.readouterr().err
    assert tree(smoke) == before
