"""Unlabelled items beside a study's data: read without labels, none that the study has itself; and what uses them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from captioned_sets import captioned_folder
from clip_sets import folder_of as clips_of
from clip_sets import sound, write
from PIL import Image
from tiny_gans import digits_draw

from gannb.analysis.evidence import gather
from gannb.analysis.external import facts
from gannb.experiment.at_hand import AtHand
from gannb.experiment.cleanup import leftovers
from gannb.experiment.estimate import copies_bytes
from gannb.experiment.experiment import Experiment
from gannb.experiment.results import Results
from gannb.generators.registry import load
from gannb.study import external
from gannb.study.data_copy import check_place
from gannb.study.folder import open_study
from gannb.study.model import make_study
from gannb.utils.errors import InputError, ParameterError
from gannb.work.store import execute, is_done

RNG = np.random.default_rng(0)


def noise(n: int, side: int = 8) -> np.ndarray:
    return RNG.integers(0, 256, (n, side, side), dtype=np.uint8)


def scenes(n: int, side: int = 32) -> np.ndarray:
    """Smooth pictures (n, side, side) that differ much from each other."""
    small = [Image.fromarray(item) for item in noise(n, 4)]
    return np.stack([np.asarray(item.resize((side, side), Image.Resampling.BICUBIC)) for item in small])


def written(folder: Path, items: np.ndarray, name: str = "{}") -> Path:
    """A folder with PNG files of items (N, H, W)."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(items):
        Image.fromarray(item).save(folder / f"{name.format(number)}.png")
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Path:
    """A data set of three classes of pictures, with a given test set; names of files say the person."""
    root = tmp_path_factory.mktemp("own")
    for part in ("train", "test"):
        for k, name in enumerate(("cat", "dog", "hen")):
            written(root / part / name, scenes(8), f"{part}-{k}-{{}}_x")
    return root


def items_of(folder: Path) -> np.ndarray:
    return np.stack([np.asarray(Image.open(file)) for file in sorted(folder.glob("*.png"))])


def preview(own: Path, tmp_path: Path, **given) -> Experiment:
    given = {"preset": "smoke", "name": "s", "output_dir": str(tmp_path / "outputs"), **given}
    return Experiment.preview(make_study(data=str(own), **given))


def about(experiment: Experiment) -> dict:
    return experiment.settings.external["unlabelled"].about


# ---- reading ----


def test_items_lie_at_any_depth_and_names_of_folders_are_no_labels(own, tmp_path):
    folder = written(tmp_path / "u", scenes(2, 40))
    written(folder / "cat", scenes(3)), written(folder / "test" / "deep", scenes(1))
    (folder / "notes.md").write_text("no image")
    found = about(preview(own, tmp_path, unlabelled=str(folder)))
    assert found["items"] == 6 and found["classes"] == ("cat", "dog", "hen")
    assert (
        "From u, of which 6 of 6 images are used. No labels are read, and names of folders say nothing."
        in (found["text"])
    )
    assert "None is, or nearly is, an image of this study." in found["text"] and "to 32x32 grey" in found["text"]


def test_an_archive_serves_as_well_and_its_labels_are_not_looked_at(own, tmp_path):
    images = {f"{part}_images": scenes(4) for part in ("train", "val", "test")}
    labels = {f"{part}_labels": np.arange(4)[:, None] for part in ("train", "val", "test")}  # of other classes
    np.savez(tmp_path / "set.npz", **images, **labels)
    assert about(preview(own, tmp_path, unlabelled=str(tmp_path / "set.npz")))["items"] == 12
    np.savez(tmp_path / "none.npz", **images)
    assert about(preview(own, tmp_path, unlabelled=str(tmp_path / "none.npz")))["items"] == 12


def test_what_cannot_be_read_is_refused_in_a_sentence_by_its_own_name(own, tmp_path):
    with pytest.raises(InputError, match="unlabelled: there is no file or folder .*; give a folder of images"):
        preview(own, tmp_path, unlabelled=str(tmp_path / "nowhere"))
    (tmp_path / "empty" / "below").mkdir(parents=True)
    (tmp_path / "empty" / "notes.md").write_text("no image")
    with pytest.raises(InputError, match=r"unlabelled: .*empty' holds no images \(found \*.md\); give a folder that"):
        preview(own, tmp_path, unlabelled=str(tmp_path / "empty"))
    bad = written(tmp_path / "bad", scenes(3))
    (bad / "9.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="9.png cannot be used"):
        preview(own, tmp_path, unlabelled=str(bad))
    assert about(preview(own, tmp_path, unlabelled=str(bad), on_bad_image="skip"))["items"] == 3
    for number in range(3):
        (bad / f"{number}.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="unlabelled: no images in bad can be read; give others"):
        preview(own, tmp_path, unlabelled=str(bad), on_bad_image="skip")
    with pytest.raises(ParameterError, match="confidence"):
        preview(own, tmp_path, unlabelled=str(bad), confidence=1.0)
    with pytest.raises(InputError, match=r"arms: real\+pseudo needs unlabelled, and the study has none"):
        preview(own, tmp_path, arms=("real", "real+pseudo"))
    with pytest.raises(InputError, match=r"arms: real\+gan.unlabelled\+classic needs unlabelled"):
        preview(own, tmp_path, arms=("real", "real+gan.unlabelled+classic"))
    with pytest.raises(InputError, match=r"there is no arm 'pseudo'; did you mean real\+pseudo"):
        preview(own, tmp_path, arms=("real", "pseudo"))


def test_a_study_does_not_lie_among_them_where_its_own_pictures_would_be_taken_for_some(own, tmp_path):
    given = {"data": str(own), "unlabelled": str(tmp_path), "name": "s"}
    with pytest.raises(InputError, match="output_dir: the study would lie in"):
        check_place(make_study(**given, output_dir=str(tmp_path / "outputs")))
    check_place(make_study(**given, output_dir=str(tmp_path / ".hidden")))


def test_clips_and_sentences_are_read_without_labels(tmp_path):
    clips = clips_of(tmp_path / "clips", n=8)
    others = tmp_path / "others"
    for number in range(3):
        write(others / "deep" / f"{number}.wav", sound(9000 + number, rate=16000), 16000)
    shutil.copy(clips / "owl" / "owl0.wav", others / "again.wav")
    found = about(preview(clips, tmp_path, unlabelled=str(others)))
    assert found["items"] == 3 and "1 that are identical or nearly identical to clips of this study" in found["text"]
    table = tmp_path / "said.csv"
    table.write_text("text,label\n" + "".join(f"play song {k}{c},{c}\n" for k in "abcdefgh" for c in ("x", "y")))
    said = tmp_path / "more"
    (said / "deep").mkdir(parents=True)
    (said / "a.csv").write_text('id,text\n1,will it rain\n2,"well, will it"\n')
    (said / "b.jsonl").write_text('{"text": "is it cold"}\n')
    (said / "deep" / "c.txt").write_text("put on a coat\nPlay, song ax!\n\n")
    (said / "deep" / "d.tsv").write_text("one sentence\nand another one\n")
    experiment = preview(table, tmp_path, unlabelled=str(said))
    assert about(experiment)["items"] == 6 and "1 that are identical or nearly" in about(experiment)["text"]
    (said / "e.csv").write_text("id,sentence\n1,will it rain\n")
    with pytest.raises(InputError, match="e.csv, line 1: there is no column 'text'; call that of the sentences so"):
        preview(table, tmp_path, unlabelled=str(said))


# ---- leakage ----


@pytest.mark.parametrize(
    "given", [{}, {"protocol": "folds"}, {"protocol": "draw", "n_per_class": 4}, {"held_out": "hen"}], ids=str
)
def test_nothing_that_any_trial_tests_gets_in_whatever_the_protocol(own, tmp_path, given):
    known = np.concatenate([items_of(own / part / "hen")[:2] for part in ("train", "test")])
    near = np.clip(known.astype(int) + 3, 0, 255).astype(np.uint8)
    folder = written(tmp_path / "u", np.concatenate([known, near, scenes(5)]))
    experiment = preview(own, tmp_path, unlabelled=str(folder), **given)
    assert about(experiment)["items"] == 5
    assert "8 that are identical or nearly identical to images of this study were left out" in about(experiment)["text"]


def test_test_images_do_not_get_in_mirrored_or_turned(own, tmp_path):
    known = items_of(own / "test" / "hen")[:4]
    turned = np.concatenate([known[:2, :, ::-1], np.rot90(known[2:], 1, (1, 2))])
    found = about(preview(own, tmp_path, unlabelled=str(written(tmp_path / "u", np.concatenate([turned, scenes(3)])))))
    assert found["items"] == 3 and "4 that are identical or nearly identical" in found["text"]


def test_a_copy_of_a_copy_does_not_get_in(monkeypatch):
    """As what a study has left out itself for a test item, which is in none of its parts."""
    close = SimpleNamespace(copies_of=lambda x, others: (np.abs(x[:, None] - others[None]) <= 1).any(1))
    monkeypatch.setattr(external, "medium_of", lambda dataset: close)
    monkeypatch.setattr(external, "_own_items", lambda dataset: np.array([0.0]))
    assert external._copies(np.array([3.0, 9.0, 1.0, 2.0, 10.0]), None).tolist() == [True, False, True, True, False]


def test_groups_that_are_told_later_are_heeded(own, tmp_path):
    folder, table = written(tmp_path / "u", scenes(3), "new-{}"), tmp_path / "groups.csv"
    names = sorted(file.relative_to(own).as_posix() for file in own.glob("*/*/*.png"))
    lines = ["file,group", *(f"{name},{number}" for number, name in enumerate(names))]
    table.write_text("\n".join(lines))
    given = {"unlabelled": str(folder), "groups": str(table)}
    study = make_study(data=str(own), preset="smoke", name="s", output_dir=str(tmp_path / "outputs"), **given)
    assert about(Experiment.open(study))["items"] == 3
    table.write_text("\n".join([*lines, "new-0.png,5"]))
    assert about(preview(own, tmp_path, **given))["items"] == 2


def test_items_that_came_later_are_read_though_a_report_was_written_meanwhile_from_what_was_kept(own, tmp_path):
    folder = written(tmp_path / "u", scenes(4))
    seen = preview(own, tmp_path, unlabelled=str(folder))
    written(folder, scenes(2), "later-{}")  # after the others were read
    recorded = seen.record()
    assert about(recorded)["items"] == 4
    for own_copy, items in ((True, 4), (False, 6), (True, 6)):
        assert about(Experiment.open(seen.study, own_copy))["items"] == items


def test_copies_alone_are_refused_in_a_sentence(own, tmp_path):
    folder = written(tmp_path / "u", items_of(own / "test" / "cat"))
    with pytest.raises(InputError, match="unlabelled: none of the 8 images in u is left once what is identical"):
        preview(own, tmp_path, unlabelled=str(folder))


def test_items_of_the_study_s_groups_are_left_out_and_those_without_a_known_group_are_told(own, tmp_path):
    folder = written(tmp_path / "u", scenes(2), "test-1-0_{}")  # of a tested person's group
    written(folder, scenes(3), "new-{}_1"), written(folder, scenes(1), "nobody{}")
    found = about(preview(own, tmp_path, unlabelled=str(folder), groups=r"^(\w+-\d+(?:-\d+)?)_"))
    assert found["items"] == 4
    assert "2 of a group of this study were left out; of 1 of them `groups` tells no group." in found["text"]
    written(tmp_path / "same", scenes(2), "test-1-0_{}")
    with pytest.raises(InputError, match="and what is of one of its groups, is taken away"):
        preview(own, tmp_path, unlabelled=str(tmp_path / "same"), groups=r"^(\w+-\d+(?:-\d+)?)_")
    table = tmp_path / "groups.csv"
    names = sorted(file.relative_to(own).as_posix() for file in own.glob("*/*/*.png"))
    rows = [f"{name},{number}" for number, name in enumerate(names)] + ["new-0_1.png,5", "new-1_1.png,other"]
    table.write_text("file,group\n" + "\n".join(rows))
    found = about(preview(own, tmp_path, unlabelled=str(folder), groups=str(table)))
    assert "1 of a group of this study were left out; of 4 of them `groups` tells no group." in found["text"]


# ---- in a study ----


ARMS = ("real", "real+gan", "real+gan+classic", "gan.unlabelled")
NEW = {  # units, by the last part of their place
    "pseudo", "pseudo-items", "{}.unlabelled", "{}.unlabelled-items", "{}.unlabelled-quality", "real+pseudo+classic",
    "real+gan.unlabelled+classic", "gan.unlabelled",
}  # fmt: skip


def digits_like(folder: Path, n: int = 3) -> Path:
    """Noisy digits, n of each, in two sub-folders."""
    draw = digits_draw(n)
    moved = np.clip(draw.x[..., 0].astype(int) + RNG.integers(-30, 30, draw.x.shape[:3]), 0, 255).astype(np.uint8)
    written(folder / "a", moved[::2]), written(folder / "b", moved[1::2])
    return folder


def missing(experiment: Experiment) -> set[str]:
    todo = [u for u in experiment.plan.all_units() if not is_done(experiment.folder, u)]
    return {u.place.rsplit("/", 1)[-1] for u in todo}


def finish(experiment: Experiment) -> None:
    """Make the units of the first trial, in this process: that takes a fraction of what processes of their own do."""
    units = [unit for unit in experiment.plan.all_units() if unit.parameters.get("trial") == 0]
    errors = [execute(experiment.folder, unit, "cpu") for unit in units]
    assert not any(errors), errors


@pytest.fixture(scope="module")
def made(finished, tmp_path_factory) -> Experiment:
    """A smoke study to which unlabelled digits are added, all of them labelled; of one trial. To be read only."""
    root = tmp_path_factory.mktemp("unlabelled")
    study = Path(shutil.copytree(finished, root / "outputs" / finished.name))
    given = {"unlabelled": str(digits_like(root / "more")), "confidence": 0.01, "arms": ARMS}
    experiment = Experiment.open(open_study(study, **given))
    assert missing(experiment) == {name.format(experiment.family) for name in NEW}  # no other unit changes
    finish(experiment)
    return experiment


@pytest.mark.slow
def test_a_gan_learns_from_the_draw_and_the_labelled_ones_and_its_control_has_these_alone(made):
    family, plan = made.family, made.plan
    learnt = made.generator(0, f"{family}.unlabelled")
    plain, pseudo = made.generator(0), made.generator(0, "pseudo")
    assert len(pseudo.examples()) == 30 and pseudo.most.sum() == 30
    unit = plan.generator_units[0, f"{family}.unlabelled"]
    assert [need.path for need in unit.needs] == [plan.draws[0].path, plan.generator_units[0, "pseudo"].path]
    assert not np.array_equal(learnt.grids, plain.grids)  # it has seen others
    assert np.array_equal(learnt.grids[0].shape, plain.grids[0].shape)
    used = made.scores().groupby("arm")[["n_real", "n_synthetic"]].max()
    assert used.loc["real+pseudo+classic"].tolist() == [40, 30]  # all of them, whatever the GAN makes
    assert used.loc["real+gan.unlabelled+classic"].tolist() == [40, 50]
    assert used.loc["gan.unlabelled"].tolist() == [0, 50]


@pytest.mark.slow
def test_what_uses_them_is_compared_with_and_without_a_gan(made):
    roles = {(c.arm, c.against): c.role for c in made.settings.contrasts}
    arm = "real+gan.unlabelled+classic"
    assert roles[arm, "real+classic"] == roles[arm, "real+pseudo+classic"] == "secondary"
    assert roles[arm, "real+gan+classic"] == roles["gan.unlabelled", "real"] == "exploratory"
    assert roles["real+pseudo+classic", "real+classic"] == "yardstick"
    assert roles["real+pseudo+classic", "real+gan+classic"] == "exploratory"


@pytest.mark.slow
def test_the_page_says_how_many_got_a_label(made):
    evidence = gather(made)
    ((term, text),) = [fact for fact in facts(evidence) if fact[0].startswith("Unlabelled")]
    assert term == "Unlabelled images" and "Of the 30 unlabelled images, 30 got a label in a trial" in text
    assert "nothing of the test images has a say in that" in text and "of copies below 16 pixels a side" in text


@pytest.mark.slow
def test_so_it_does_where_the_units_lie_elsewhere_as_those_of_a_sweep_do(made, tmp_path):
    units = Path(shutil.copytree(made.folder, tmp_path / "units"))
    study = made.study.model_copy(update={"output_dir": str(tmp_path / "empty")})
    elsewhere = Experiment(replace(made.settings, study=study), made.plan, Results(made.plan, units))
    assert facts(gather(elsewhere)) == facts(gather(made))


@pytest.mark.slow
def test_other_items_change_no_other_unit_and_gone_they_are_still_kept(made, tmp_path):
    before = {u.place: u.key for u in made.plan.all_units()}
    folder = Path(made.study.unlabelled)
    assert not leftovers(made)
    folder.rename(folder.with_name("elsewhere"))
    kept = Experiment.preview(open_study(made.folder))
    assert {u.place: u.key for u in kept.plan.all_units()} == before
    folder.with_name("elsewhere").rename(folder)
    other = Experiment.preview(open_study(made.folder, unlabelled=str(digits_like(tmp_path / "other"))))
    after = {u.place: u.key for u in other.plan.all_units()}
    changed = {place.rsplit("/", 1)[-1] for place in before if before[place] != after[place]}
    assert changed == {name.format(made.family) for name in NEW}
    surer = Experiment.preview(open_study(made.folder, confidence=0.5))
    assert missing(surer) == {name.format(made.family) for name in NEW}
    bare = replace(made.settings, at_hand=AtHand())
    assert copies_bytes(made.settings) - copies_bytes(bare) == 30 * 64


@pytest.mark.slow
def test_where_no_item_gets_a_label_the_arm_is_what_the_real_ones_make_and_the_gan_knows_the_draw_alone(made, tmp_path):
    study = Path(shutil.copytree(made.folder, tmp_path / "outputs" / made.folder.name))
    experiment = Experiment.open(open_study(study, confidence=0.999999))
    finish(experiment)
    assert not len(load(experiment.results.generator_folder(0, "pseudo"), experiment.settings.medium).labels)
    said = [experiment.results.probabilities(0, arm) for arm in ("real+pseudo+classic", "real+classic")]
    assert np.array_equal(*said)
    gans = [experiment.generator(0, name) for name in (experiment.family, f"{experiment.family}.unlabelled")]
    assert np.array_equal(gans[0].grids, gans[1].grids)  # the same seed, and the same items
    ((_, text),) = [fact for fact in facts(gather(experiment)) if fact[0].startswith("Unlabelled")]
    assert "0 got a label in a trial: its classifier" in text and "Of the classes 0, 1, 2" in text


# ---- families that begin with another, or are told captions ----


@pytest.mark.slow
def test_a_family_that_goes_on_from_another_learns_from_the_same_items_in_both(tmp_path):
    table = tmp_path / "said.csv"
    rows = [f"play the {word} song,music\nwill it {word} today,weather\n" for word in "abcdefghij"]
    table.write_text("text,label\n" + "".join(rows))
    (tmp_path / "more.txt").write_text("\n".join(f"play one more {word} song" for word in "abcdefghijkl"))
    given = {"gan": "maskgan", "gan_steps": 6, "confidence": 0.01, "workers": 1, "n_synthetic": 4}
    given |= {"arms": ("real", "real+gan+classic")}
    experiment = Experiment.open(
        make_study(data=str(table), preset="smoke", unlabelled=str(tmp_path / "more.txt"), name="s", **given,
                   output_dir=str(tmp_path / "outputs"))
    )  # fmt: skip
    unit = experiment.plan.item_units[0, "maskgan.unlabelled"]
    needed = {need.place.rpartition("/")[2] for need in unit.closure()}
    assert needed == {"draw", "pseudo", "maskgan_start.unlabelled", "maskgan.unlabelled", "maskgan.unlabelled-items"}
    assert [execute(experiment.folder, each, "cpu") for each in unit.closure()] == [None] * 5
    assert len(experiment.generator(0, "pseudo").examples()) == 12
    assert len(experiment.synthetic(0, "maskgan.unlabelled")) == 8


def test_a_gan_that_is_told_captions_cannot_learn_from_what_has_none(tmp_path):
    data, more = captioned_folder(tmp_path / "shapes", 8), written(tmp_path / "u", scenes(3))
    experiment = preview(data, tmp_path, unlabelled=str(more))
    arms = [arm.name for arm in experiment.settings.arms]
    assert "real+pseudo+classic" in arms and "real+gan.unlabelled+classic" not in arms
    with pytest.raises(InputError, match=r"arms: real\+gan.unlabelled has no meaning for"):
        preview(data, tmp_path, unlabelled=str(more), arms=("real", "real+gan.unlabelled"))
    labels = preview(data, tmp_path, unlabelled=str(more), gan="projection")
    assert "real+gan.unlabelled+classic" in [arm.name for arm in labels.settings.arms]
