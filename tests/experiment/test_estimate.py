"""What a study would do, before it does it."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from clip_sets import folder_of
from conftest import ROOT, SMOKE
from image_sets import folder_of as folder_of_photos
from image_sets import photo, write

from gannb.experiment import estimate
from gannb.experiment.estimate import (
    _found,
    check_disk,
    check_memory,
    disk_bytes,
    expected_seconds,
    plan,
    plan_text,
    unit_seconds,
)
from gannb.experiment.experiment import Experiment
from gannb.jupyter import runner
from gannb.media.image import IMAGE
from gannb.study.folder import load_study, open_study
from gannb.study.model import make_study
from gannb.trials import splits
from gannb.units.kinds import FILTERING_CLASSIFIER, KINDS, MEASURING_CLASSIFIER
from gannb.units.measures import parts_of_sets
from gannb.utils import cuda_streams
from gannb.utils.console import talking
from gannb.utils.errors import InputError

# seconds per step of the GAN and of the classifier, per item predicted and per item sampled
# and seconds by the clock for one of the CPU
TIMED = {
    "mlp": 0.010, "small_cnn": 0.020, "predict small_cnn": 0.0001, "sample mlp": 0.0002, "own measures": 0.0,
    "waiting": 1.0,
}  # fmt: skip


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(f): (f.stat().st_size, f.stat().st_mtime_ns) for f in folder.rglob("*")}


def counts(found: dict) -> dict[str, tuple[int, int]]:
    """Units to do and in all, by kind."""
    return {kind: (n["todo"], n["total"]) for kind, n in found["units"].items()}


@pytest.fixture
def timed(monkeypatch):
    """Steps take known times, which the processes report as if they had measured them."""
    monkeypatch.setattr(estimate, "_time_steps", lambda settings, device: TIMED)


def seconds(**given) -> dict[str, float]:
    return unit_seconds(Experiment.preview(make_study(**SMOKE | given)).settings, "cpu")


def test_a_plan_measures_says_what_it_would_do_and_writes_nothing(tmp_path):
    found = plan(make_study(**SMOKE, output_dir=str(tmp_path / "outputs")))
    assert list(tmp_path.iterdir()) == []
    assert counts(found) == {
        "draw": (2, 2), "generator": (2, 2), "items": (2, 2), "ruler": (2, 2), "quality": (2, 2),
        "yardsticks": (2, 2), "classifier": (12, 12)
    }  # fmt: skip
    assert json.loads(json.dumps(found)) == found
    for text in (plan.__doc__, (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")):
        assert all(f"`{key}`" in text for key in found), "a key is not documented"
    assert (found["items"], found["shape"], found["classes"], found["trials"]) == (1797, [8, 8, 1], 10, 2)
    assert (found["gan"], found["gan_steps"], found["workers"]) == ("mlp", 5, 1)
    assert (found["advice"] or "other programs").startswith("other programs")  # as where these tests run side by side
    spent = sum(n["seconds"] for n in found["units"].values())
    assert found["seconds"] > spent / 2 and found["disk_bytes"] > 1e6


@pytest.mark.parametrize("place", ["file", "file/within", "/proc/gannb"])
def test_a_plan_refuses_a_place_where_no_study_can_be_written(timed, place, tmp_path):
    (tmp_path / "file").touch()
    study = make_study(**SMOKE, output_dir=str(tmp_path / place))
    with pytest.raises(InputError, match=rf"{study.folder} cannot be written \(.*\); choose another output_dir"):
        plan(study)


@pytest.mark.parametrize(
    ("share", "says"),
    [(0.0, "the disk has 0.0 MB free: make room"), (1.1, "too little where steps are doubled"), (9, "")],
)
def test_a_plan_says_what_is_free_where_that_may_be_too_little(timed, tmp_path, monkeypatch, share, says):
    study = make_study(**SMOKE, output_dir=str(tmp_path))
    needed = plan(study)["disk_bytes"]
    monkeypatch.setattr(estimate, "free_bytes", lambda _: round(share * needed))
    found = plan(study) | {"disk_bytes_most": 2 * needed}
    lines = [line for line in plan_text(found).splitlines() if "free" in line]
    assert found["free_bytes"] == round(share * needed)
    assert (len(lines) == 1 and says in lines[0] and "choose another output_dir" in lines[0]) if says else not lines


def test_a_disk_with_clearly_less_than_a_study_writes_is_refused_before_any_work(tmp_path, monkeypatch):
    study = make_study(**SMOKE, output_dir=str(tmp_path))
    experiment = Experiment.preview(study)
    missing = experiment.missing()
    least = estimate.least_bytes(experiment.settings, missing)
    monkeypatch.setattr(runner, "execute_notebook", lambda *_: pytest.fail("a notebook was begun"))
    monkeypatch.setattr(estimate, "free_bytes", lambda _: 0.4 * least)
    with pytest.raises(
        InputError, match=rf"^{study.folder} needs at least .* MB and its disk has .* MB free: make room"
    ):
        runner.run_notebooks(study, ["01_data"])
    assert list(tmp_path.iterdir()) == []
    check_disk(experiment, [])  # nothing is to be written
    monkeypatch.setattr(estimate, "free_bytes", lambda _: 0.6 * least)
    check_disk(experiment, missing)


def test_what_a_study_surely_writes_is_no_more_than_it_has_written(finished):
    experiment = Experiment.preview(load_study(finished))
    units = experiment.plan.all_units()
    written = sum(file.stat().st_size for file in finished.glob("trials/**/*") if file.is_file())
    without = estimate.least_bytes(experiment.settings, units, networks=False)
    assert without < estimate.SURELY * (least := estimate.least_bytes(experiment.settings, units)) < written
    assert least < disk_bytes(experiment.settings, units)


@pytest.mark.parametrize(("size", "text"), [(0, "0.0 MB"), (600_000, "0.6 MB"), (12.4e6, "12 MB"), (2.5e9, "2,500 MB")])
def test_bytes_as_people_say_them(size, text):
    assert estimate.size_text(size) == text


@pytest.mark.parametrize(("n", "few"), [(3, True), (4, False)])
def test_a_plan_says_where_there_are_too_few_images_for_gans(timed, n, few):
    found = plan(make_study(**SMOKE | {"n_per_class": n}))
    assert any(text.startswith(f"n_per_class={n}: of fewer than 4 images of a class") for text in found["found"]) == few


def test_a_plan_says_where_the_class_can_be_told_from_the_files(timed, tmp_path):
    for k, name in enumerate(("ill", "well")):
        for i in range(16):
            write(tmp_path / name / f"{i}.{'png' if k else 'jpg'}", photo(100 * k + i, 8, 8, channels=1))
    found = plan(make_study(**SMOKE | {"data": str(tmp_path), "output_dir": str(tmp_path.parent / "out")}))
    (said,) = (
        text for text in found["found"] if text.startswith("The class can be told without looking at the images")
    )
    assert "format" in said and "right for 100% of 32 images" in said and said in plan_text(found)


def test_a_plan_as_text_says_the_same_and_quietly_nothing_else(timed, capsys):
    with talking("quiet"):
        found = plan(make_study(**SMOKE | {"workers": 2}))
    assert capsys.readouterr() == ("", "")
    text = plan_text(found)
    assert "1,797 images of 8x8, 10 classes (0, 1, 2, 3, 4, 5, 6, 7 and 2 more); 2 trials, protocol draw" in text
    assert "GAN family mlp, 5 steps" in text and "2 processes" in text
    for kind, n in found["units"].items():
        assert re.search(rf"^{KINDS[kind].text(IMAGE.nouns)}  +{n['todo']} +{n['total']} ", text, re.MULTILINE)
    assert re.search(r"about [\w ]+ in all, and \d+ MB of disk$", text)


def test_a_finished_study_has_nothing_to_plan_and_is_left_alone(finished, monkeypatch):
    monkeypatch.setattr(estimate, "unit_seconds", lambda settings, device: pytest.fail("there is nothing to time"))
    before = files(finished)
    assert {todo for todo, _ in counts(plan(load_study(finished))).values()} == {0}
    assert files(finished) == before


def test_a_plan_counts_only_what_is_missing(finished, timed):
    found = counts(plan(open_study(finished, classifier_steps=6)))
    assert found["classifier"] == (12, 12)
    assert {found[kind][0] for kind in found if kind != "classifier"} == {0}


def test_the_time_of_a_gan_is_linear_in_its_steps(timed):
    few, many = seconds(gan_steps=100)["mlp"], seconds(gan_steps=1000)["mlp"]
    assert many / few == pytest.approx(10, rel=0.05)
    assert many == pytest.approx(1000 * TIMED["mlp"], rel=0.05)


def test_the_time_of_a_classifier_is_linear_in_steps_and_seeds(timed):
    base = seconds(classifier_steps=1000)["small_cnn"]
    assert base == pytest.approx(1000 * TIMED["small_cnn"], rel=0.1)
    assert seconds(classifier_steps=2000)["small_cnn"] / base == pytest.approx(2, rel=0.1)
    assert seconds(classifier_steps=1000, classifier_seeds=3)["small_cnn"] / base == pytest.approx(3, rel=0.1)


def test_making_items_takes_as_long_as_their_own_generator_needs(monkeypatch):
    found = TIMED | {"sample copies": 1e-6}
    monkeypatch.setattr(estimate, "_time_steps", lambda settings, device: found)
    given = SMOKE | {"n_synthetic": 1000, "arms": ("real", "real+gan+classic", "real+copies+classic", "gan.fresh")}
    experiment = Experiment.preview(make_study(**given))
    known = unit_seconds(experiment.settings, "cpu")
    took = {name: expected_seconds(experiment.settings, unit, known) for (_, name), unit in
            experiment.plan.item_units.items()}  # fmt: skip
    assert took["mlp"] == pytest.approx(0.05 + 10_000 * TIMED["sample mlp"])
    assert took["copies"] == pytest.approx(0.05 + 10_000 * 1e-6)
    fresh, real = (expected_seconds(experiment.settings, experiment.plan.classifiers[0, arm], known) for arm in
                   ("gan.fresh", "real"))  # fmt: skip
    shown = SMOKE["classifier_steps"] * experiment.study.batch_size * experiment.study.classifier_seeds
    assert fresh - real == pytest.approx(shown * TIMED["sample mlp"], rel=0.01)


def test_what_the_medium_learns_for_its_own_measures_is_timed_and_counted(monkeypatch):
    learnt = []
    own = SimpleNamespace(
        measuring_steps=lambda steps: min(900, 10 * steps), learn_to_measure=lambda *given: learnt.append(given[:3])
    )
    timed = SimpleNamespace(device="cpu", seconds=lambda call: call() or 2.0)
    assert estimate._time_own_measures(own, "unseen", timed) == pytest.approx(0.2)
    assert [each[0] for each in learnt] == ["unseen"] * 2 and {each[2] for each in learnt} == {1}
    assert estimate._time_own_measures(IMAGE, "unseen", timed) == 0
    settings = Experiment.preview(make_study(**SMOKE)).settings
    monkeypatch.setattr(type(settings.medium), "measuring_steps", lambda self, steps: 500)
    kinds = MEASURING_CLASSIFIER.stored_as, FILTERING_CLASSIFIER.stored_as
    for each, added in ((0.0, 0), (0.2, 100)):
        monkeypatch.setattr(estimate, "_time_steps", lambda s, d, each=each: TIMED | {"own measures": each})
        found = unit_seconds(settings, "cpu")
        assert found[kinds[0]] - found[kinds[1]] == pytest.approx(added)


def test_every_generator_is_timed_by_itself():
    given = SMOKE | {"arms": ("real", "real+gan+classic", "real+copies+classic", "real+gaussian+classic")}
    settings = Experiment.preview(make_study(**given)).settings
    timed = estimate._time_steps(settings, "cpu")
    assert {name for name in timed if name.startswith("sample ")} == {"sample mlp", "sample copies", "sample gaussian"}
    assert timed["mlp"] > 0 and "copies" not in timed


@pytest.mark.parametrize(
    ("start", "step", "on_cpu", "on_gpu"),
    [(0.1, 0.01, [1, 1, 40, 10], [1, 1, 200, 40]), (0.3, 2.2, [1, 1, 3, 1], [1, 1, 200, 40])],
)
def test_of_slow_steps_few_are_timed_and_on_a_gpu_those_after_its_recordings(monkeypatch, start, step, on_cpu, on_gpu):
    clock, asked = [0.0], []

    def call(n: int) -> None:
        asked.append(n)
        clock[0] += start + n * step + 5 * (len(asked) == 1)  # the first one imports

    passing = {"process_time": lambda: clock[0], "perf_counter": lambda: 4 * clock[0]}  # three quarters go elsewhere
    monkeypatch.setattr(estimate, "time", SimpleNamespace(**passing))
    for device, times in (("cpu", 1), ("cuda", 4)):
        asked.clear()
        timed = estimate._Timed(device)
        steps = on_cpu if device == "cpu" else on_gpu
        assert timed.per_step(call) == pytest.approx(times * step) and asked == steps
        assert timed.waiting() == pytest.approx(4 / times)


def test_gans_that_share_a_process_are_timed_beside_each_other(monkeypatch):
    monkeypatch.setattr(cuda_streams, "own_stream", lambda device: contextlib.nullcontext(streams.append(device)))
    streams, meeting, steps = [], threading.Barrier(3), []
    estimate._at_once(lambda n: [meeting.wait(60), steps.append(n)], 3, "cuda:1", 7)
    assert streams == ["cuda:1"] * 3 and steps == [7] * 3
    estimate._at_once(steps.append, 1, "cpu", 5)
    assert steps == [7] * 3 + [5] and len(streams) == 3


@pytest.fixture
def photographs(tmp_path) -> dict:
    """The parameters of a study of photographs of 64 pixels."""
    data = folder_of_photos(tmp_path / "photos", n=12, height=64, width=64)
    return SMOKE | {"data": str(data), "output_dir": str(tmp_path / "out"), "gan": "projection", "device": "cpu"}


OF_PHOTOS = {"projection": 0.5, "sample projection": 0.01} | {k: v for k, v in TIMED.items() if "mlp" not in k}


@pytest.mark.parametrize(
    ("steps", "said"),
    [(100, None), (12_000, "quicker: size=32"), (4_000_000, "more than an evening of 3 hours; quicker: size=32"),
     (35_000, "more than an evening of 3 hours, which size=48 would about fit; quicker: size=32")],
)  # fmt: skip
def test_a_size_that_takes_hours_is_told_with_the_one_that_fits_an_evening(monkeypatch, photographs, steps, said):
    monkeypatch.setattr(estimate, "_time_steps", lambda settings, device: OF_PHOTOS)
    found = plan(make_study(**photographs | {"gan_steps": steps, "trials": 2, "workers": 2}))
    assert (found["advice"] is None) if said is None else said in found["advice"]
    assert ("evening" in (found["advice"] or "")) is (found["seconds"] > estimate.EVENING)


@pytest.mark.slow
def test_processes_that_do_not_fit_into_the_memory_are_told_with_as_many_as_do(monkeypatch, photographs):
    monkeypatch.setattr(estimate, "_time_steps", lambda settings, device: OF_PHOTOS | {"memory": 2e9})
    monkeypatch.setattr(estimate.memory, "free_bytes", lambda: 5e9)
    found = plan(make_study(**photographs | {"workers": 4}))
    assert found["worker_bytes"] == 2e9 and found["advice"].startswith(
        "4 processes of 2.0 GB do not fit into the 5.0 GB of memory that are free: set workers=2 or size=32"
    )
    assert plan(make_study(**photographs | {"workers": 2}))["advice"] is None


@pytest.mark.parametrize(
    ("free", "size", "refused"), [(1e9, "160", "set workers=1 or size=32"), (1e11, "160", ""), (1e9, "64", "")]
)
def test_a_study_of_large_items_is_refused_before_it_starts_where_it_does_not_fit(
    monkeypatch, photographs, free, size, refused
):
    asked = []
    monkeypatch.setattr(estimate, "in_processes", lambda *given: asked.append(given) or iter([7e8]))
    monkeypatch.setattr(estimate.memory, "free_bytes", lambda: free)
    experiment = Experiment.preview(make_study(**photographs | {"size": size, "workers": 2}))
    if refused:
        with pytest.raises(InputError, match=f"^workers: 2 processes of 0.7 GB do not fit.*{refused}"):
            check_memory(experiment)
    else:
        check_memory(experiment)
    assert bool(asked) is (size == "160")  # of small items nothing is tried


def test_what_a_process_takes_is_measured_with_a_step_of_its_own(photographs):
    experiment = Experiment.preview(make_study(**photographs))
    took = estimate._bytes_of_steps(experiment.settings, "cpu")
    assert 1e8 < took < 1e10


@pytest.mark.parametrize(("waiting", "workers", "said"), [(1.2, 2, None), (5.0, 2, "5 times"), (2.0, 4, None)])
def test_a_plan_goes_by_the_cpu_and_says_where_the_machine_is_busy(monkeypatch, waiting, workers, said):
    monkeypatch.setattr(estimate, "_time_steps", lambda settings, device: TIMED | {"waiting": waiting})
    monkeypatch.setattr(estimate, "worker_count", lambda workers, device="cpu": workers or 2)
    found = plan(make_study(**SMOKE | {"workers": workers, "gan_steps": 1000}))
    took = 2 * 1000 * TIMED["mlp"] * max(1, workers / 2)
    assert found["units"]["generator"]["seconds"] == pytest.approx(took, abs=1)
    assert (found["advice"] is None) if said is None else said in found["advice"]


@pytest.mark.slow
def test_a_plan_says_what_a_gan_costs_here_and_as_published(tmp_path, monkeypatch):
    timed = {
        "wavegan": 2.2,
        "sample wavegan": 0.01,
        "logmel_cnn": 0.01,
        "predict logmel_cnn": 0.001,
        "own measures": 0.0,
        "waiting": 1.0,
    }
    monkeypatch.setattr(estimate, "_time_steps", lambda settings, device: timed)
    data = folder_of(tmp_path / "clips", n=12, seconds=0.3, rate=4000)
    given = {"data": str(data), "output_dir": str(tmp_path / "out"), "device": "cpu", "gan": "wavegan"}
    found = plan(make_study(**given))
    assert found["gan_cost"] in plan_text(found) and found["gan_cost"] == (
        "One such GAN takes about 73 min of one process; its authors trained for 200,000 steps, here 5.1 days."
    )


def test_labelling_takes_a_training_and_a_look_at_every_unlabelled_item(timed, tmp_path):
    parts = ("train", "val", "test")
    items = {f"{part}_images": np.random.default_rng(k).integers(0, 256, (100, 8, 8), np.uint8) for k, part in
             enumerate(parts)}  # fmt: skip
    np.savez(tmp_path / "u.npz", **items, **{f"{part}_labels": np.arange(100)[:, None] % 2 for part in parts})
    given = SMOKE | {"unlabelled": str(tmp_path / "u.npz"), "n_synthetic": 10}
    experiment = Experiment.preview(make_study(**given))
    settings, units = experiment.settings, experiment.plan.generator_units
    known = unit_seconds(settings, "cpu")
    took = {name: expected_seconds(settings, units[0, name], known) for name in ("mlp", "mlp.unlabelled", "pseudo")}
    assert took["mlp"] == took["mlp.unlabelled"]
    judge = known["judge"] + 300 * TIMED["predict small_cnn"]
    assert took["pseudo"] == pytest.approx(judge) and known["items pseudo"] > 0
    items = [experiment.plan.item_units[0, name] for name in ("mlp", "pseudo")]
    made, labelled = (disk_bytes(settings, [unit]) for unit in items)
    assert labelled - made == pytest.approx((300 - 100) * (64 + 8))  # at the most all of them; the GAN makes 100


def test_steps_of_one_stage_do_not_change_the_time_of_another(timed):
    base, other = seconds(), seconds(gan_steps=1000)
    assert {kind for kind in base if base[kind] != other[kind]} == {"mlp"}


def test_more_synthetic_items_take_longer_and_need_more_disk(timed):
    assert seconds(n_synthetic=1000)["items mlp"] > seconds(n_synthetic=10)["items mlp"] + 9000 * TIMED["sample mlp"]
    few, many = (Experiment.preview(make_study(**SMOKE | {"n_synthetic": n})) for n in (10, 1010))
    more = disk_bytes(many.settings, many.plan.all_units()) - disk_bytes(few.settings, few.plan.all_units())
    assert more == pytest.approx(2 * 1000 * 10 * (64 + 8))  # 2 trials, 10 classes, 64 bytes and a label each


def test_the_disk_a_plan_asks_for_is_about_what_a_study_takes(finished):
    experiment = Experiment.preview(load_study(finished))
    taken = sum(f.stat().st_size for f in finished.rglob("*") if f.is_file() and "figures" not in f.parts)
    planned = disk_bytes(experiment.settings, experiment.plan.all_units())
    assert 0.5 < planned / taken < 4


def test_the_passes_of_a_flow_are_counted_where_it_makes_items_and_where_it_is_looked_at(monkeypatch):
    """It takes a hundred times as long for an item as a GAN does."""
    found = TIMED | {"flow": 0.1, "sample flow": 0.02}
    monkeypatch.setattr(estimate, "_time_steps", lambda settings, device: found)
    given = SMOKE | {"gan": "flow", "gan_steps": 1000, "n_synthetic": 50, "arms": ("real", "real+gan+classic")}
    experiment = Experiment.preview(make_study(**given))
    known = unit_seconds(experiment.settings, "cpu")
    looks = experiment.settings.medium.families["flow"].shown(10, 1000)
    assert known["flow"] == pytest.approx(1000 * 0.1 + looks * 0.02) and looks >= 3 * 80
    (items,) = {expected_seconds(experiment.settings, u, known) for u in experiment.plan.item_units.values()}
    assert items == pytest.approx(0.05 + 500 * 0.02)


def test_what_a_study_chooses_of_a_flow_is_what_is_timed(monkeypatch):
    made = []
    sound = estimate.registry.make
    monkeypatch.setattr(estimate.registry, "make", lambda *a, **k: made.append(sound(*a, **k)) or made[-1])
    timed = SimpleNamespace(device="cpu", on_gpu=False, per_step=lambda call: 0.1, seconds=lambda call: 0.2)
    settings = Experiment.preview(make_study(**SMOKE | {"gan": "flow", "flow_steps": 2, "guidance": 2.0})).settings
    some = settings.items(np.arange(20))
    made.clear()  # of the study's own checks
    estimate._time_generators(settings, some, some.y, timed)
    assert (made[0].family.flow_steps, made[0].family.guidance) == (2, 2.0)
    assert not made[0].grids.size  # timed steps make nothing to be looked at


def test_what_was_found_is_counted_one_by_one_and_of_many_files_left_out_the_number_is_said():
    found = {"exact_duplicates": [["a", "b"]], "near_duplicates": [["c", "d"]] * 2, "label_conflicts": [["a", "b"]]}
    files = [(f"{i}.jpg", "it is cut short") for i in range(8)]
    report = SimpleNamespace(brought_to="All are 8x8.", removed_from_pool=["a"], skipped=files, **found)
    settings = SimpleNamespace(
        dataset=SimpleNamespace(report=report), medium=IMAGE, design=SimpleNamespace(n_per_class=None),
        remarks=[], external={},
    )  # fmt: skip
    text = "\n".join(_found(settings))
    assert (
        "1 set of exact duplicates; 2 sets of near duplicates; 1 set of equal images under two classes; 1 left" in text
    )
    assert text.count("cut short") == 5 and text.endswith("left out: 3 more")


@pytest.mark.parametrize("given", ["a test set", "no test set"])
def test_every_image_that_the_pretrained_network_measures_is_counted(tmp_path, given):
    data = folder_of_photos(tmp_path / "photos", n=60, height=16, width=16)
    if given == "a test set":
        for part in ("train", "test"):
            folder_of_photos(tmp_path / "parts" / part, n=60 if part == "train" else 20, height=16, width=16)
        data = tmp_path / "parts"
    study = make_study(**SMOKE | {"data": str(data), "size": "16", "n_per_class": 8, "protocol": "draw"})
    settings = Experiment.preview(study).settings
    dataset, draw = settings.dataset, splits.make_draw(settings.dataset, settings.design, 0)
    train, test = splits.take(dataset, draw.train), splits.take(dataset, draw.test)
    index = splits.unseen(dataset, draw)
    unseen = None if index is draw.test else splits.take(dataset, index)
    fake = replace(train, x=255 - train.x)
    of_gan, references = parts_of_sets(IMAGE, train, fake, test, 0, unseen)
    seen = [
        items.x for each in (of_gan, *references.values()) for items in (each.train, each.fake, each.test, each.unseen)
    ]
    measured = {IMAGE.content(item) for x in seen for item in x}
    assert (unseen is None) == (given == "no test set")
    assert len(measured) <= estimate._seen_by_pretrained(dataset, draw) <= 1.2 * len(measured)
