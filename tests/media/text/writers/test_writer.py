"""Writers as generators: sampled by position, varied, kept, continued after a kill, refused where they cannot."""

from __future__ import annotations

import numpy as np
import pytest
from sentences import sentences

from gannb.generators.interface import Condition, Job, Start
from gannb.generators.registry import load, make
from gannb.media.text import TEXT
from gannb.media.text.tokens import tokens
from gannb.media.text.writers.family import FAMILIES, START
from gannb.utils.errors import InputError

LABELS = np.array([0, 1, 2, 0, 1, 2, 1])
DRAW = sentences(10)


@pytest.fixture(scope="module")
def fitted():
    return {name: make(TEXT, name).fit(DRAW, Job(30, 0)) for name in FAMILIES}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_sentence_depends_on_seed_position_and_label_alone(fitted, name):
    x = fitted[name].sample(Condition(LABELS), 5)
    assert x.dtype == TEXT.dtype and all(tokens(str(text)) for text in x)
    assert fitted[name].sample(Condition(LABELS[[4, 1]]), 5, np.array([4, 1])).tolist() == x[[4, 1]].tolist()
    assert (fitted[name].sample(Condition(LABELS), 6) != x).any()
    assert fitted[name].between(np.array([0, 1]), 1, 3).shape == (2, 3)


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_kept_makes_the_same(fitted, name, tmp_path):
    fitted[name].save(tmp_path)
    again = load(tmp_path, TEXT)
    assert (again.sample(Condition(LABELS), 5) == fitted[name].sample(Condition(LABELS), 5)).all()
    assert (again.grids == fitted[name].grids).all() and again.curves == fitted[name].curves
    with (tmp_path / "generator.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(InputError, match="holds no readable generator"):
        load(tmp_path, TEXT)


def test_half_of_a_training_sentence_stays_and_full_is_what_it_makes_anyway(fitted):
    gan = fitted["maskgan"]
    plain, half, full = (gan.varied(way, {}).sample(Condition(LABELS), 5) for way in ("", "half", "full"))
    assert (plain == full).all() and (plain != half).any()
    for text, k in zip(half, LABELS, strict=True):
        words = tokens(str(text))
        alike = [sum(a == b for a, b in zip(words, tokens(str(other)), strict=False)) / len(words)
                 for other in DRAW.x[DRAW.y == k] if len(tokens(str(other))) == len(words)]  # fmt: skip
        assert max(alike) >= (len(words) // 2) / len(words) - 1e-9


def test_a_low_temperature_makes_sentences_alike(fitted):
    labels = np.zeros(30, int)
    cold = fitted["language_model"].varied("cool", {"temperature": 0.1}).sample(Condition(labels), 0)
    assert len(set(cold)) < len(set(fitted["language_model"].sample(Condition(labels), 0)))


def test_the_discriminator_scores_sentences(fitted):
    scores = fitted["maskgan"].realness(DRAW.x, DRAW.y)
    assert scores.shape == (30,) and np.isfinite(scores).all()
    assert fitted["maskgan"].realness(DRAW.x[3:4], DRAW.y[3:4])[0] == pytest.approx(scores[3], abs=1e-5)


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    from gannb.generators.adversarial import gan

    monkeypatch.setattr(gan, "CHECKPOINT_EVERY", 0.0)
    whole = make(TEXT, "maskgan").fit(DRAW, Job(90, 1))

    def killed(done: int, total: int) -> None:
        if done > 85:
            raise KeyboardInterrupt

    monkeypatch.setattr(gan, "PROGRESS_EVERY", 0.0)
    with pytest.raises(KeyboardInterrupt):
        make(TEXT, "maskgan").fit(DRAW, Job(90, 1, checkpoint=tmp_path, progress=killed))
    steps = []
    again = make(TEXT, "maskgan").fit(DRAW, Job(90, 1, checkpoint=tmp_path, progress=lambda n, _: steps.append(n)))
    assert steps[0] > 0
    assert (again.sample(Condition(LABELS), 2) == whole.sample(Condition(LABELS), 2)).all()
    assert again.curves == whole.curves


def test_what_cannot_be_fitted_is_refused_in_a_sentence():
    with pytest.raises(InputError, match="gan_augmentation: maskgan sees sentences as they are"):
        make(TEXT, "maskgan", gan_augmentation="ada", augmentation="dropout").check(DRAW, Job(1, 0))
    with pytest.raises(InputError, match="gan_steps"):
        make(TEXT, "maskgan").check(DRAW, Job(0, 0))
    with pytest.raises(InputError, match="3 training sentences make no batch"):
        make(TEXT, "maskgan").check(DRAW.take([0, 10, 20]), Job(1, 0))


@pytest.mark.slow
@pytest.mark.parametrize("kill", [False, True])
def test_maskgan_goes_on_from_a_fitted_start_as_from_its_own(kill, tmp_path, monkeypatch):
    from gannb.generators.adversarial import gan

    steps = 90
    whole = make(TEXT, "maskgan").fit(DRAW, Job(steps, 1))
    make(TEXT, START).fit(DRAW, Job(steps, 1)).save(tmp_path / "start")
    done = []

    def told(step: int, total: int) -> None:
        done.append(step)
        if kill and step == 85:
            raise KeyboardInterrupt

    job = Job(steps, 1, checkpoint=tmp_path / "kept", progress=told, start=Start(tmp_path / "start"))
    if kill:
        monkeypatch.setattr(gan, "CHECKPOINT_EVERY", 0.0)
        monkeypatch.setattr(gan, "PROGRESS_EVERY", 0.0)
        job.checkpoint.mkdir()
        with pytest.raises(KeyboardInterrupt):
            make(TEXT, "maskgan").fit(DRAW, job)
        kill = False
        done.clear()
    shared = make(TEXT, "maskgan").fit(DRAW, job)
    assert min(done) >= whole_start(steps)  # none of the start's steps is done again
    assert (shared.sample(Condition(LABELS), 5) == whole.sample(Condition(LABELS), 5)).all()
    assert (shared.grids == whole.grids).all() and shared.grid_steps == whole.grid_steps
    assert shared.curves["step"][: len(whole.curves["step"])] == whole.curves["step"]
    assert (shared.realness(DRAW.x, DRAW.y) == whole.realness(DRAW.x, DRAW.y)).all()


def whole_start(steps: int) -> int:
    """The steps that the start does of so many."""
    family = FAMILIES["maskgan"]
    return round(family.parts[0] / family.steps * steps)


def test_a_start_of_another_draw_is_refused(tmp_path):
    make(TEXT, START).fit(sentences(8), Job(20, 1)).save(tmp_path)
    with pytest.raises(ValueError, match="another draw"):
        make(TEXT, "maskgan").fit(DRAW, Job(20, 1, start=Start(tmp_path)))
