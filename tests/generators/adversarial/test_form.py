"""Networks that work on another form of the items: trained, watched, sampled and scored through it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from toy_media import FAMILY, INT16, vectors

from gannb.generators.adversarial.family import Family
from gannb.generators.adversarial.form import AsTheyAre
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.adversarial.guard import Guard
from gannb.generators.adversarial.training import Training
from gannb.generators.interface import Condition, Job

HALF = 2  # a network sees every second value; each stands for two on the way back


class Halved(AsTheyAre):
    """Every second value of a vector, for the networks; each is repeated on the way back."""

    def __init__(self, medium) -> None:
        super().__init__(medium)
        self.ways_back = 0

    def stored(self, x, device):
        return self.medium.stored(np.ascontiguousarray(x[:, ::HALF]), device)

    def raw_features(self, made):
        return self.medium.raw_features(made).repeat(HALF, axis=1)

    def items(self, made):
        self.ways_back += 1
        return made.repeat(HALF, axis=1)


@dataclass(frozen=True, kw_only=True)
class HalvedFamily(Family):
    """The toy family on every second value."""

    def form(self, medium, shape):
        return Halved(medium)


def halved() -> HalvedFamily:
    about = {name: getattr(FAMILY, name) for name in (each.name for each in fields(FAMILY))} | {"name": "halved"}
    about["generator"] = lambda shape, classes: FAMILY.generator((shape[0] // HALF,), classes)
    about["discriminator"] = lambda shape, classes: FAMILY.discriminator((shape[0] // HALF,), classes)
    return HalvedFamily(**about)


class Medium(type(INT16)):
    """Vectors with the family that halves them."""

    families = {"halved": halved()}


MEDIUM = Medium(np.int16)


def test_a_family_without_a_form_of_its_own_takes_items_as_the_medium_brings_them():
    form, x = FAMILY.form(INT16, (6,)), vectors(INT16, dimensions=6).x
    stored = form.stored(x, "cpu")
    assert torch.equal(form.encode(stored), INT16.encode(INT16.stored(x, "cpu")))
    assert np.array_equal(form.items(form.decode(form.encode(stored))), x)
    assert np.array_equal(form.raw_features(x), INT16.raw_features(x))


def test_items_scores_and_grids_are_items_whatever_the_networks_see(tmp_path):
    draw = vectors(MEDIUM, dimensions=6)
    gan = Adversarial(MEDIUM, MEDIUM.families["halved"]).fit(draw, Job(8, 3))
    made = gan.sample(Condition(np.array([0, 1, 1])), 5)
    assert made.shape == (3, 6) and made.dtype == np.int16
    assert np.array_equal(made[:, ::HALF], made[:, 1::HALF])  # the way back was taken
    assert gan.grids.shape[-1] == 6
    assert gan.realness(made, np.array([0, 1, 1])).shape == (3,)
    gan.save(tmp_path)
    again = Adversarial.load(tmp_path, MEDIUM)
    assert np.array_equal(again.sample(Condition(np.array([0, 1, 1])), 5), made)


def test_the_guard_looks_without_the_way_back():
    draw, family = vectors(MEDIUM, dimensions=6), MEDIUM.families["halved"]
    training = Training(MEDIUM, family, "none", draw, Job(8, 3))
    guard = Guard(training, draw)
    ratio, _ = guard._look()
    assert training.form.ways_back == 0 and ratio > 0
