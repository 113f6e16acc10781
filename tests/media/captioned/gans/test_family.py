"""What tells families of captions from those of labels."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from planted_captions import stripes

from gannb.generators import registry
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.external import open_network
from gannb.generators.interface import Condition, Job
from gannb.media.captioned import CAPTIONED
from gannb.media.captioned.gans.families import FAMILIES, OF_CAPTIONS
from gannb.media.captioned.gans.family import CaptionFamily
from gannb.media.captioned.medium import Captioned
from gannb.utils.errors import InputError

DRAW = stripes()
ASKED = Condition(np.array([0, 1, 1, 0, 1]))


def narrow(family: CaptionFamily) -> CaptionFamily:
    networks = {name: partial(getattr(family, name), base=8) for name in ("generator", "discriminator")}
    return replace(family, batch=8, **networks)


class Narrow(Captioned):
    """Captioned images with narrow networks."""

    families = {name: narrow(family) for name, family in OF_CAPTIONS.items()}


NARROW = Narrow()


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("name", list(OF_CAPTIONS))
def test_every_family_is_fitted_sampled_saved_and_read_again(name, tmp_path):
    gan = registry.make(NARROW, name).fit(DRAW, Job(6, 1))
    made, captions = gan.sample(ASKED, 3), gan.captions_of(ASKED, 3)
    assert made.shape == (5, *DRAW.shape) and made.dtype == np.uint8
    assert gan.grids.shape[1:] == (2, 8, *DRAW.shape) and set(gan.curves) >= {"discriminator_loss", "real_score"}
    gan.save(tmp_path)
    again = registry.load(tmp_path, NARROW)
    assert np.array_equal(again.sample(ASKED, 3), made) and np.array_equal(again.captions_of(ASKED, 3), captions)
    new = Condition(ASKED.labels, np.full(5, "green on violet"))
    assert np.array_equal(again.sample(new, 3), gan.sample(new, 3)) and (gan.sample(new, 3) != made).any()
    for variation in ("interpolated", "averaged"):
        assert np.array_equal(again.varied(variation, {}).sample(ASKED, 3), gan.varied(variation, {}).sample(ASKED, 3))


def test_the_same_noise_is_another_image_with_another_caption_and_only_then():
    gan = registry.make(NARROW, "gan_cls").fit(DRAW, Job(40, 1))
    one, same, other = (
        gan.sample(Condition(np.zeros(4, int), np.full(4, c)), 3) for c in ("red on red", "Red on red!", "blue on blue")
    )
    assert np.array_equal(one, same) and (one != other).any()


def test_a_training_that_is_killed_goes_on_as_if_nothing_had_happened(tmp_path, monkeypatch):
    from gannb.generators.adversarial import gan as module

    monkeypatch.setattr(module, "CHECKPOINT_EVERY", 0.0)
    whole = registry.make(NARROW, "gan_int_cls").fit(DRAW, Job(24, 5))

    def killed(done: int, total: int) -> None:
        if done >= 17:
            raise Killed

    monkeypatch.setattr(module, "PROGRESS_EVERY", 0.0)
    with pytest.raises(Killed):
        registry.make(NARROW, "gan_int_cls").fit(DRAW, Job(24, 5, checkpoint=tmp_path, progress=killed))
    assert (tmp_path / "checkpoint.safetensors").is_file()
    again = registry.make(NARROW, "gan_int_cls").fit(DRAW, Job(24, 5, checkpoint=tmp_path))
    assert np.array_equal(again.sample(ASKED, 3), whole.sample(ASKED, 3)) and again.curves == whole.curves
    with pytest.raises(InputError, match="of another training"):
        registry.make(NARROW, "gan_int_cls").fit(replace(DRAW, captions=DRAW.captions[:, ::-1]),
                                                Job(24, 5, checkpoint=tmp_path))  # fmt: skip


def test_what_a_training_depends_on_is_declared():
    settings = {name: family.settings() for name, family in OF_CAPTIONS.items()}
    assert {name: (s["matching_aware"], round(s["interpolated"], 2)) for name, s in settings.items()} == {
        "gan_cls": (0.5, 0), "gan_int_cls": (0.5, 0.33), "caption_plain": (0, 0)
    }  # fmt: skip
    assert settings["gan_cls"]["encoder_share"] == 0.5
    assert all("matching_aware" not in f.settings() for n, f in FAMILIES.items() if n not in OF_CAPTIONS)


def test_weights_of_a_family_of_captions_are_not_taken_from_outside_and_those_of_labels_are():
    with pytest.raises(InputError, match="say nothing without its encoder"):
        open_network(CAPTIONED, "gan_cls", DRAW.shape, 2, {})
    with pytest.raises(InputError, match="do not fit family projection"):
        open_network(CAPTIONED, "projection", DRAW.shape, 2, {})


def test_images_without_a_caption_are_refused_in_a_sentence():
    for captions in (None, np.where(np.arange(len(DRAW))[:, None] == 3, "", DRAW.captions)):
        with pytest.raises(InputError, match="captions: .* of 36 training images have none, and gan_cls needs one"):
            registry.make(NARROW, "gan_cls").fit(replace(DRAW, captions=captions), Job(2, 1))


def test_a_gan_of_labels_is_there_beside_them_and_refuses_captions(tmp_path: Path):
    gan = Adversarial(CAPTIONED, FAMILIES["mlp"]).fit(DRAW, Job(2, 1))
    assert gan.captions_of(ASKED, 1) is None and gan.sample(ASKED, 1).shape == (5, *DRAW.shape)
    assert CAPTIONED.default_family(DRAW.shape) == "gan_cls"
    with pytest.raises(InputError, match="labels alone"):
        gan.sample(Condition(ASKED.labels, np.full(5, "red")), 1)
