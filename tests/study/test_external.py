"""Related real images as a source: read like the study's own, mapped by name, and none that the study has itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from image_sets import folder_of_classes
from PIL import Image
from tiny_gans import digits_draw

from gannb.experiment.experiment import Experiment
from gannb.media.image.duplicates import copies_of
from gannb.media.image.reading import read, read_like
from gannb.report.publish import publish
from gannb.study.folder import open_study
from gannb.study.model import make_study
from gannb.utils.errors import InputError
from gannb.work.store import is_done

RNG = np.random.default_rng(0)


def noise(n: int, *shape: int) -> np.ndarray:
    return RNG.integers(0, 256, (n, *shape), dtype=np.uint8)


def scenes(n: int, side: int = 32) -> np.ndarray:
    """Smooth pictures (n, side, side) that differ much from each other."""
    small = [Image.fromarray(item) for item in noise(n, 4, 4)]
    return np.stack([np.asarray(item.resize((side, side), Image.Resampling.BICUBIC)) for item in small])


def missing(experiment: Experiment) -> set[str]:
    todo = [u for u in experiment.plan.all_units() if not is_done(experiment.folder, u)]
    return {u.place.rsplit("/", 1)[-1] for u in todo}


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Path:
    """A data set of two classes of pictures, with a given test set."""
    root = tmp_path_factory.mktemp("own")
    for part in ("train", "test"):
        folder_of_classes(root / part, cat=scenes(8), dog=scenes(8))
    return root


def preview(own: Path, tmp_path: Path, **given) -> Experiment:
    given = {"protocol": "folds", "test_share": 0.5, **given}
    return Experiment.preview(
        make_study(data=str(own), preset="smoke", name="s", output_dir=str(tmp_path / "outputs"), **given)
    )


# ---- what is the study's own already ----


def test_copies_are_found_if_identical_and_from_16_pixels_if_nearly():
    others, x = scenes(20)[..., None], scenes(6)[..., None]
    brighter = np.clip(others[:1].astype(int) * 0.97 + 4, 0, 255).astype(np.uint8)
    found = copies_of(np.concatenate([x[:3], others[5:6], brighter, x[3:]]), others)
    assert found.tolist() == [False] * 3 + [True, True] + [False] * 3
    small = noise(9, 8, 8, 1)
    assert copies_of(np.concatenate([small[:2] ^ 1, small[:1]]), small).tolist() == [False, False, True]
    assert copies_of(x[:0], others).tolist() == [] and not copies_of(x, others[:0]).any()


def test_colours_tell_pictures_apart():
    red = scenes(3)[..., None] * np.array([1, 0, 0], np.uint8)
    assert copies_of(red, red[..., ::-1]).tolist() == [False] * 3 and copies_of(red, red).all()


# ---- reading ----


def test_they_are_brought_to_the_shape_of_the_study_and_one_class_is_enough(own, tmp_path):
    like = read(str(own)).pool
    colour, text = read_like(str(folder_of_classes(tmp_path / "c", cat=noise(3, 40, 64, 3))), like)
    assert colour.shape == (32, 32, 1) and colour.classes == ("cat",) and len(colour) == 3
    assert "3 items of 40x64 were brought to 32x32 grey" in text
    images = {f"{part}_images": noise(4, 28, 28) for part in ("train", "val", "test")}
    labels = {f"{part}_labels": np.arange(4)[:, None] % 2 for part in ("train", "val", "test")}
    np.savez(tmp_path / "set.npz", **images, **labels)
    assert len(read_like(str(tmp_path / "set.npz"), like)[0]) == 12  # its test set counts as the rest


def test_what_the_study_has_itself_is_left_out_of_any_part_and_counted(own, tmp_path):
    mine = read(str(own))
    at = [np.flatnonzero(part.y == 0)[0] for part in (mine.pool, mine.test)]
    known = np.stack([part.x[i, ..., 0] for part, i in zip((mine.pool, mine.test), at, strict=True)])
    near = np.clip(known.astype(int) + 3, 0, 255).astype(np.uint8)
    related = folder_of_classes(
        tmp_path / "r", cat=np.concatenate([known, near, scenes(5)]), wolf=scenes(3), car=scenes(2)
    )
    source = preview(own, tmp_path, related=str(related), related_classes="wolf=dog").settings.external["related"]
    assert source.about["counts"] == [5, 3]
    assert (
        "From r, of which 8 of 14 images are used. 2 of its 3 classes are used; left out: car." in source.about["text"]
    )
    assert "4 that are identical or nearly identical to images of this study were left out" in source.about["text"]
    only_cats = preview(own, tmp_path, related=str(related)).settings.external["related"]
    assert "1 of this study's 2 classes have none (dog)" in only_cats.about["text"]


def test_what_cannot_serve_is_refused_by_its_own_name(own, tmp_path):
    with pytest.raises(InputError, match="related: there is no file or folder"):
        preview(own, tmp_path, related=str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="related: of the 32 images in own.*, 0 are of a class of this study and not"):
        preview(own, tmp_path, related=str(own))
    with pytest.raises(InputError, match="related: none of its classes"):
        preview(own, tmp_path, related=str(folder_of_classes(tmp_path / "other", bird=scenes(2), fish=scenes(2))))
    with pytest.raises(InputError, match=r"arms: real\+related needs related, and the study has none"):
        preview(own, tmp_path, arms=("real", "real+related"))
    bad = folder_of_classes(tmp_path / "bad", cat=scenes(2), dog=scenes(2))
    (bad / "cat" / "3.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="cat/3.png cannot be used"):
        preview(own, tmp_path, related=str(bad))
    about = preview(own, tmp_path, related=str(bad), on_bad_image="skip").settings.external["related"].about
    assert about["counts"] == [2, 2] and "None is, or nearly is, an image of this study." in about["text"]


# ---- in a study ----


@pytest.fixture
def with_related(smoke, tmp_path) -> tuple[Path, Path]:
    """A finished smoke study, and a folder of noisy digits 0 to 7, two each and five of 0, and of something else."""
    digits = digits_draw(5)
    moved = np.clip(digits.x[..., 0].astype(int) + RNG.integers(-30, 30, digits.x.shape[:3]), 0, 255).astype(np.uint8)
    classes = {f"d{k}": moved[digits.y == k][: 2 if k else 5] for k in range(8)}
    return smoke, folder_of_classes(tmp_path / "digits-too", **classes, letters=noise(2, 8, 8))


MAPPING = ",".join(f"d{k}={k}" for k in range(8))
UNITS = {"related", "related-items", "related-quality", "real+related+classic"}


@pytest.mark.slow
def test_a_study_makes_only_what_is_new_and_says_what_they_brought(with_related):
    smoke, folder = with_related
    dose = "real+related:2+classic"
    given = {"related": str(folder), "related_classes": MAPPING, "arms": ("real", "real+gan", "real+gan+classic", dose)}
    experiment = Experiment.open(open_study(smoke, **given))
    assert missing(experiment) == {*UNITS, dose}
    assert not any(experiment.run(stage).failed for stage in (2, 3, 4))
    assert experiment.synthetic(0, "related").counts().tolist() == [5] + [2] * 7 + [0] * 2
    used = experiment.scores().groupby("arm")[["n_real", "n_synthetic"]].max()
    assert used.loc["real+related+classic"].tolist() == [40, 19] and used.loc[dose].tolist() == [40, 16]
    page = publish(experiment).read_text()
    assert "The same effort spent on related real images" in page and "letters" in page
    (row,) = json.loads((smoke / "verdict.json").read_text())["instead"]
    contrast = [c for c in json.loads((smoke / "verdict.json").read_text())["contrasts"] if c["arm"] == row["arm"]]
    assert [c["against"] for c in contrast] == ["real+classic", "real+gan+classic"]
    assert [c["difference"] for c in contrast] == [row["difference"], row["direct"]["difference"]]


def test_other_images_change_the_related_units_alone_and_gone_they_are_still_kept(with_related):
    smoke, folder = with_related
    given = {"related": str(folder), "related_classes": MAPPING}
    before = {u.place: u.key for u in Experiment.open(open_study(smoke, **given)).plan.all_units()}
    (folder / "d0" / "0.png").rename(folder / "d1" / "9.png")
    after = {u.place: u.key for u in Experiment.preview(open_study(smoke, **given)).plan.all_units()}
    assert {place.rsplit("/", 1)[-1] for place in before if before[place] != after[place]} == UNITS
    (folder / "d1" / "9.png").rename(folder / "d0" / "0.png")
    (folder / "d1" / "not-an-image.txt").write_text("a new file that changes no image")
    assert {u.place: u.key for u in Experiment.preview(open_study(smoke, **given)).plan.all_units()} == before
    folder.rename(folder.with_name("elsewhere"))
    assert {u.place: u.key for u in Experiment.preview(open_study(smoke, **given)).plan.all_units()} == before


def test_keeping_only_classes_without_related_images_is_refused_since_an_arm_would_repeat_another(own, tmp_path):
    related = str(folder_of_classes(tmp_path / "related", cat=scenes(5)))
    preview(own, tmp_path, related=related, keep_classes="cat")
    with pytest.raises(InputError, match=r"keep_classes: related has no items of dog, .*keep a class .*\(cat\)"):
        preview(own, tmp_path, related=related, keep_classes="dog")


def test_without_related_images_no_key_changes(finished):
    keys = {u.path for u in Experiment.preview(open_study(finished)).plan.all_units()}
    assert all((finished / path).is_dir() for path in keys)
