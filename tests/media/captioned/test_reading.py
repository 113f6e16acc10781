"""Captioned images as a study has them: read, together where a caption says so, kept and found again."""

from __future__ import annotations

import numpy as np
import pytest
from captioned_sets import captioned_folder, images, table
from image_sets import photo, write

from gannb.data.examples import Dataset
from gannb.media.captioned.reading import read
from gannb.media.image.reading import read as read_images
from gannb.study.data_copy import keep_data, load_data, source_remark, source_stamp
from gannb.study.model import make_study
from gannb.trials.splits import make_draw
from gannb.utils.errors import InputError


def test_images_are_read_as_ever_and_have_their_captions(tmp_path):
    found, plain = read(str(captioned_folder(tmp_path))), read_images(str(tmp_path))
    assert found.medium == "captioned" and np.array_equal(found.pool.x, plain.pool.x)
    assert found.pool.captions.shape == (8, 1) and found.pool.captions[5, 0] == "a green thing at place 11"
    assert plain.pool.captions is None and found.prepared != plain.prepared
    assert found.fingerprint != plain.fingerprint
    assert (
        "Captions are those of captions.csv: 8 captions (1 for each image), 8 different ones of 16 words."
        in found.report.brought_to
    )


def test_an_image_with_fewer_captions_is_filled_up(tmp_path):
    rows = images(tmp_path)
    table(tmp_path / "captions.csv", [*rows, (rows[0][0], "one more")])
    assert read(str(tmp_path)).pool.captions[:2].tolist() == [[rows[0][1], "one more"], [rows[1][1], ""]]


def test_captions_follow_images_that_are_skipped(tmp_path):
    captioned_folder(tmp_path)
    (tmp_path / "circle/circle1.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="circle1.png cannot be used"):
        read(str(tmp_path))
    found = read(str(tmp_path), on_bad_image="skip").pool
    places = dict(zip(found.ids.tolist(), found.captions[:, 0].tolist(), strict=True))
    assert len(found) == 7 and places["circle/circle2.png"] == "a blue thing at place 2"


def test_a_changed_caption_is_another_study_and_another_name_is_not(tmp_path):
    first = read(str(captioned_folder(tmp_path / "a")))
    rows = images(tmp_path / "b")
    table(tmp_path / "b" / "captions.csv", rows[::-1])  # other places, times and order of rows
    assert read(str(tmp_path / "b")).prepared == first.prepared
    table(tmp_path / "b" / "captions.csv", [(rows[0][0], "something else"), *rows[1:]])
    changed = read(str(tmp_path / "b"))
    assert changed.prepared != first.prepared and changed.fingerprint != first.fingerprint


def test_images_of_one_caption_are_never_on_both_sides_of_a_split(tmp_path):
    rows = [(file, f"a {i // 2} of {name}", name) for i, (file, _, name) in enumerate(images(tmp_path, n=24))]
    table(tmp_path / "captions.csv", rows)
    study = make_study(data=str(tmp_path), preset="smoke", output_dir=str(tmp_path.parent / "out"))
    from gannb.experiment.experiment import Experiment

    experiment = Experiment.preview(study)
    pool, design = experiment.dataset.pool, experiment.design
    assert experiment.dataset.report.n_groups == 24
    for trial in range(2):
        draw = make_draw(experiment.dataset, design, trial)
        train, test = (set(pool.captions[index, 0].tolist()) for index in (draw.train, draw.test))
        assert train and test and not train & test


def test_remarks_say_what_captions_leak(tmp_path):
    rows = images(tmp_path)
    table(tmp_path / "captions.csv", [(rows[0][0], "a red circle"), *rows[1:]])
    remarks = read(str(tmp_path)).report.remarks
    assert any(told.startswith("1 of 8 captions name their class ('a red circle' of 'circle')") for told in remarks)


def test_the_copy_of_a_study_has_the_captions_and_notices_when_they_change(tmp_path):
    images(tmp_path / "set")
    words = table(tmp_path / "words.csv", images(tmp_path / "set"))
    study = make_study(data=str(tmp_path / "set"), captions=str(words), output_dir=str(tmp_path / "out"))
    stamp = source_stamp(study)
    dataset, key = load_data(study)
    keep_data(study, dataset, key, stamp)
    copy = Dataset.load(study.folder / f"data-{key}")
    assert np.array_equal(copy.pool.captions, dataset.pool.captions) and source_stamp(study) == stamp
    words.write_text(words.read_text(encoding="utf-8").replace("red", "new"), encoding="utf-8")
    assert source_stamp(study) != stamp
    assert "have changed since they were read" in source_remark(study, key)
    words.unlink()
    assert "cannot be read as they were (captions: there is no file" in source_remark(study, key)


def test_the_test_set_keeps_its_captions(tmp_path):
    rows = []
    for part, seed in (("train", 0), ("test", 50_000)):
        rows += [(f"{part}/{file}", f"{part} {c}", n) for file, c, n in images(tmp_path / part, seed=seed)]
    table(tmp_path / "captions.csv", rows)
    found = read(str(tmp_path))
    assert len(found.test) == 8 and all(str(c).startswith("test a") for c in found.test.captions[:, 0])


def test_a_training_image_with_the_caption_of_a_test_image_is_left_out(tmp_path):
    rows = []
    for part, seed in (("train", 0), ("test", 50_000)):
        rows += [(f"{part}/{file}", f"{part} {c}", n) for file, c, n in images(tmp_path / part, seed=seed)]
    rows[0] = (rows[0][0], rows[-1][1], "")
    table(tmp_path / "captions.csv", rows)
    assert read(str(tmp_path)).report.removed_from_pool == ["train/circle/circle0.png"]


def test_wishes_of_images_are_checked_before_captions_are_read(tmp_path):
    captioned_folder(tmp_path)
    write(tmp_path / "circle" / "extra.png", photo(5))
    with pytest.raises(InputError, match="size: 'big' is not a side"):
        read(str(tmp_path), size="big")
