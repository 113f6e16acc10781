"""What lies in a folder that a study keeps of a source, as a generator: related items, and unlabelled ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_gans import as_examples, digits_draw

from gannb.data.examples import Examples
from gannb.generators.external import Related
from gannb.generators.interface import Condition, Job, at_hand
from gannb.generators.registry import load, make
from gannb.generators.simple import Gaussian
from gannb.media.image import IMAGE
from gannb.utils.errors import InputError

RNG = np.random.default_rng(0)


def noise(n: int, *shape: int) -> np.ndarray:
    return RNG.integers(0, 256, (n, *shape), dtype=np.uint8)


# ---- as a generator ----


@pytest.fixture
def kept(tmp_path) -> Path:
    """A kept folder of 3 items of class 0, none of class 1 and 1 of class 2."""
    x = noise(4, 8, 8, 1)
    about = {"shape": [8, 8, 1], "classes": ["class 0", "class 1", "class 2"], "counts": [3, 0, 1], "text": "."}
    (tmp_path / "related-0").mkdir()
    (tmp_path / "related-0" / "outside.json").write_text(json.dumps(about))
    np.save(tmp_path / "related-0" / "x.npy", x)
    np.save(tmp_path / "related-0" / "y.npy", np.array([0, 0, 2, 0]))
    return tmp_path / "related-0"


def test_each_image_is_given_at_most_once_in_an_order_by_seed(kept, tmp_path):
    draw = as_examples(noise(6, 8, 8, 1), np.arange(6) % 3)
    generator = Related(IMAGE, kept).fit(draw, Job(1, 0))
    items = [generator.sample(Condition(np.array([0, 2, 0, 0])), seed) for seed in range(6)]
    assert all({i.tobytes() for i in made} == {i.tobytes() for i in generator.x} for made in items)
    assert len({made.tobytes() for made in items}) > 1
    assert np.array_equal(
        generator.sample(Condition(np.array([0, 2])), 5), Related(IMAGE, kept).sample(Condition(np.array([0, 2])), 5)
    )
    with pytest.raises(InputError, match="class 'class 2' has 1 images, fewer than asked for"):
        generator.sample(Condition(np.array([2, 2])), 0)
    (tmp_path / "unit").mkdir()
    generator.save(tmp_path / "unit")
    (tmp_path / "unit").rename(tmp_path / "renamed")
    assert np.array_equal(load(tmp_path / "renamed", IMAGE).sample(Condition(np.array([0, 2, 0, 0])), 3), items[3])


def test_no_more_is_asked_for_than_is_there(kept):
    wanted = np.repeat([0, 1, 2], [2, 2, 2])
    assert at_hand(Related(IMAGE, kept), wanted).tolist() == [0, 0, 2]
    assert at_hand(Gaussian(IMAGE), wanted).tolist() == wanted.tolist()


def test_a_draw_of_other_classes_and_a_damaged_folder_are_refused(kept):
    with pytest.raises(InputError, match="prepared for other classes"):
        Related(IMAGE, kept).fit(digits_draw(2), Job(1, 0))
    (kept / "outside.json").write_text("{}")
    with pytest.raises(InputError, match="holds no external source"):
        Related(IMAGE, kept)


# ---- unlabelled ones ----


def shades(n: int, *levels: int) -> np.ndarray:
    """n noisy grey squares of each level, (N, 8, 8, 1)."""
    return np.concatenate([RNG.integers(level - 20, level + 20, (n, 8, 8, 1), dtype=np.uint8) for level in levels])


@pytest.fixture
def unlabelled(tmp_path) -> Path:
    """A kept folder of dark items, bright ones, and some in between, without labels."""
    about = {"shape": [8, 8, 1], "classes": ["class 0", "class 1", "class 2"], "items": 9, "text": "."}
    (tmp_path / "unlabelled-0").mkdir()
    (tmp_path / "unlabelled-0" / "outside.json").write_text(json.dumps(about))
    np.save(tmp_path / "unlabelled-0" / "x.npy", shades(3, 30, 225, 128))
    return tmp_path / "unlabelled-0"


def of_two_shades() -> Examples:
    """A draw of dark items and bright ones, and of a third class that is noise."""
    return as_examples(np.concatenate([shades(8, 30, 225), noise(8, 8, 8, 1)]), np.repeat([0, 1, 2], 8))


def test_a_classifier_of_the_draw_labels_those_that_it_is_sure_of_and_a_class_may_get_none(unlabelled, tmp_path):
    pseudo = make(IMAGE, "pseudo", kept=unlabelled, augmentation="none", confidence=0.8)
    pseudo.fit(of_two_shades(), Job(80, 0))
    of = dict(zip(pseudo.number.tolist(), pseudo.y.tolist(), strict=True))
    assert [of.get(number) for number in range(6)] == [0] * 3 + [1] * 3
    assert pseudo.most[:2].min() >= 3 and pseudo.labels.tolist() == sorted(pseudo.y.tolist())
    found = pseudo.examples()
    assert np.array_equal(found.x, pseudo.x[pseudo.number]) and found.classes == of_two_shades().classes
    made = pseudo.sample(Condition(pseudo.labels), 3)
    assert {item.tobytes() for item in made} == {item.tobytes() for item in found.x}  # each once
    again = make(IMAGE, "pseudo", kept=unlabelled, augmentation="none", confidence=0.8).fit(of_two_shades(), Job(80, 0))
    assert np.array_equal(again.number, pseudo.number) and np.array_equal(again.y, pseudo.y)
    (tmp_path / "unit").mkdir()
    pseudo.save(tmp_path / "unit")
    loaded = load(tmp_path / "unit", IMAGE)
    assert np.array_equal(loaded.sample(Condition(pseudo.labels), 3), made)
    (tmp_path / "unit" / "labels.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match="holds no readable generator"):
        load(tmp_path / "unit", IMAGE)


def test_nothing_is_labelled_of_which_it_is_not_sure(unlabelled):
    pseudo = make(IMAGE, "pseudo", kept=unlabelled, confidence=1 - 1e-9).fit(of_two_shades(), Job(1, 0))
    assert pseudo.most.tolist() == [0, 0, 0] and not len(pseudo.labels) and not len(pseudo.examples())
    assert pseudo.sample(Condition(pseudo.labels), 0).shape == (0, 8, 8, 1)
    with pytest.raises(InputError, match="pseudo: class 'class 0' has 0 images, fewer than asked for"):
        pseudo.sample(Condition(np.array([0])), 0)
