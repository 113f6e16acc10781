"""The families of GANs: networks of every size and colour; what a family promises beyond has its own file."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_gans import MAKERS, TINY, make_draw, make_training
from torch import nn

from gannb.generators.adversarial.family import HINGE, WASSERSTEIN
from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import POLICIES
from gannb.media.image.gans.families import FAMILIES, default_family
from gannb.utils.errors import InputError

SHAPES = [(8, 8, 1), (16, 16, 2), (28, 28, 1), (17, 31, 3), (32, 64, 4), (96, 40, 3)]
POSSIBLE = [
    (name, shape)
    for name, family in FAMILIES.items()
    for shape in SHAPES
    if family.min_side <= min(shape[:2]) <= max(shape[:2]) <= family.max_side
]
LABELS = torch.tensor([0, 1, 2, 0])


def noise(family: str, n: int = 4) -> torch.Tensor:
    return torch.randn((n, FAMILIES[family].noise), generator=torch.Generator().manual_seed(0))


# ---- all families ----


@pytest.mark.parametrize(("family", "shape"), POSSIBLE)
def test_networks_take_any_size_that_the_family_says(family, shape):
    FAMILIES[family].check(shape)
    generator, discriminator = (make(shape, 3) for make in MAKERS[family])
    images = generator(noise(family), LABELS)
    assert images.shape == (4, shape[2], shape[0], shape[1]) and images.abs().max() <= 1
    assert images.std() > 0
    scores, logits = discriminator(images, LABELS)
    assert scores.shape == ((4, 64) if family == "projected" else (4,)) and torch.isfinite(scores).all()
    if FAMILIES[family].auxiliary_weight:
        assert logits.shape == (4, 3) and torch.isfinite(logits).all()
    else:
        assert logits is None


@pytest.mark.parametrize("family", list(FAMILIES))
def test_the_label_and_the_noise_change_the_image_and_the_label_the_score(family):
    generator, discriminator = (make((16, 16, 1), 3).eval() for make in MAKERS[family])
    z = noise(family)
    with torch.no_grad():
        images = generator(z, LABELS)
        assert (images != generator(z, (LABELS + 1) % 3)).flatten(1).any(dim=1).all()
        assert (images != generator(-z, LABELS)).flatten(1).any(dim=1).all()
        changed = discriminator(images, LABELS)[0] != discriminator(images, (LABELS + 1) % 3)[0]
        changed = changed.flatten(1).any(dim=1) if changed.ndim > 1 else changed
    assert changed.all() == (family != "acgan")  # whose label is seen by the class head alone


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "dcgan_per_class"])
def test_one_step_changes_every_weight_of_both_networks(family):
    training = make_training(family)
    networks = {"g": training.generator, "d": training.discriminator}
    before = {f"{n}.{k}": p.clone() for n, m in networks.items() for k, p in m.named_parameters() if p.ndim > 1}
    for _ in range(2 if family == "r3gan" else 1):  # its branches start at zero, and learn from the second step on
        training.advance()
    after = {f"{n}.{k}": p for n, m in networks.items() for k, p in m.named_parameters() if p.ndim > 1}
    assert len(before) >= 8 and [name for name in before if torch.equal(before[name], after[name])] == []


@pytest.mark.parametrize("family", ["projection", "mlp", "resnet"])
def test_spectral_norms_are_about_1_at_first_and_after_training(family):
    training = make_training(family)
    for _ in range(2):
        norms = {
            name: torch.linalg.matrix_norm(module.weight.detach().flatten(1), 2).item()
            for name, module in training.discriminator.eval().named_modules()
            if hasattr(module, "parametrizations")
        }
        assert len(norms) >= 5 and all(0.95 < norm < 1.2 for norm in norms.values()), norms
        training.discriminator.train()
        for _ in range(20):
            training.advance()


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_family_keeps_its_name_and_its_settings_are_plain(family):
    settings = FAMILIES[family].settings()
    assert FAMILIES[family].name == family and settings["loss"] == FAMILIES[family].loss.name
    assert settings["betas"] == list(FAMILIES[family].betas) and "steps" not in settings
    another = HINGE if family == "wgan_gp" else WASSERSTEIN
    for change in ({"r1": 7.0}, {"batch": 5}, {"augmentation": POLICIES["trivial"]}, {"loss": another}):
        assert replace(FAMILIES[family], **change).settings() != settings
    assert json.loads(json.dumps(settings)) == settings


@pytest.mark.parametrize(
    ("shape", "family"),
    [
        ((8, 8, 1), "mlp"),
        ((15, 32, 3), "mlp"),
        ((16, 16, 1), "projection"),
        ((96, 64, 3), "projection"),
        ((8, 100, 1), "projection"),
        ((40, 15, 3), "projection"),
        ((5, 32, 1), "mlp"),
    ],
)
def test_the_default_family_follows_the_size(shape, family):
    assert default_family(shape) == family


def test_an_image_too_large_for_one_family_and_too_small_for_the_other_is_refused():
    with pytest.raises(InputError, match="set size"):
        default_family((7, 40, 1))


@pytest.mark.parametrize(
    ("family", "side", "named"),
    [
        ("mlp", 64, "use projection, projection_r1"),
        ("projected", 24, "use projection, projection_r1"),
        ("style", 512, "use projection"),
    ],
)
def test_a_side_that_a_family_cannot_do_is_refused_with_those_that_can(family, side, named):
    with pytest.raises(InputError, match=f"not {side}x{side}; {named}.*, or set size") as refused:
        FAMILIES[family].check((side, side, 3), FAMILIES)
    able = str(refused.value).partition("use ")[2].partition(", or set")[0].split(" and ")[0].split(", ")
    for name in able:
        FAMILIES[name].check((side, side, 3))
    with pytest.raises(InputError, match="; set size"):
        FAMILIES[family].check((4000, side, 3), FAMILIES)


# ---- a family of one's own ----


class OwnGenerator(nn.Module):
    """As small as a generator can be."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.shape = shape
        self.layer, self.embedding = nn.Linear(4, math.prod(shape)), nn.Embedding(classes, 4)

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        height, width, channels = self.shape
        return self.layer(z + self.embedding(labels)).view(-1, channels, height, width).tanh()


class OwnDiscriminator(nn.Module):
    """As small as a discriminator can be."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(math.prod(shape), classes)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, None]:
        return self.layer(x.flatten(1)).gather(1, labels[:, None]).squeeze(1), None


def test_an_entry_in_the_table_is_a_new_family(monkeypatch, tmp_path):
    from gannb.generators.adversarial.gan import Adversarial
    from gannb.generators.interface import Condition, Job
    from gannb.generators.registry import load

    own = replace(TINY["dcgan"], name="own", generator=OwnGenerator, discriminator=OwnDiscriminator, noise=4)
    monkeypatch.setitem(FAMILIES, "own", own)
    fitted = Adversarial(IMAGE, FAMILIES["own"]).fit(make_draw(shape=(9, 10, 2)), Job(5, 0))
    fitted.save(tmp_path)
    labels = np.array([0, 2, 1])
    made = load(tmp_path, IMAGE).sample(Condition(labels), 1)
    assert made.shape == (3, 9, 10, 2) and np.array_equal(made, fitted.sample(Condition(labels), 1))
