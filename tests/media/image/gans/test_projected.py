"""Projected GANs: what is frozen stays so, is saved, and serves without its file; the floor on layouts."""

from __future__ import annotations

import pytest
import torch
from tiny_gans import TRUNK, equal, make_draw, make_training, weights

from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.media.image import IMAGE
from gannb.media.image.gans.families import FAMILIES
from gannb.media.image.gans.projected import FrozenTrunk, ProjectedDiscriminator, layouts
from gannb.media.image.pretrained import Weights
from gannb.utils.errors import InputError

DRAW = make_draw(shape=(32, 32, 3))


@pytest.fixture(scope="module")
def fitted() -> Adversarial:
    return Adversarial(IMAGE, FAMILIES["projected"].given(TRUNK)).fit(DRAW, Job(4, 0))


def test_the_frozen_network_and_the_random_mixing_never_learn():
    training = make_training("projected", draw=DRAW)
    before = weights(training.discriminator)
    for _ in range(3):
        training.advance()
    after = weights(training.discriminator)
    frozen = [name for name in before if name.startswith(("frozen.", "mixing."))]
    assert len(frozen) > 20 and all(torch.equal(before[name], after[name]) for name in frozen)
    learnt = {name for name, _ in training.discriminator.named_parameters()}
    assert learnt and all(name.startswith("heads.") for name in learnt)
    assert not any(module.training for module in training.discriminator.frozen.trunk.modules())


def test_each_layer_has_the_spread_1_of_the_real_images():
    training = make_training("projected", draw=DRAW)
    real = training.form.encode(training.x)
    assert [round(float(found.std()), 3) for found in training.discriminator.frozen(real)] == [1.0] * 4


def test_grey_and_four_channel_images_are_seen_too():
    trunk = FrozenTrunk(TRUNK)
    grey = torch.rand(2, 1, 64, 64)
    assert all(torch.equal(a, b) for a, b in zip(trunk(grey), trunk(grey.expand(-1, 3, -1, -1)), strict=True))
    four = torch.rand(2, 4, 64, 64)
    assert all(torch.equal(a, b) for a, b in zip(trunk(four), trunk(four[:, :3]), strict=True))


def test_a_fitted_one_is_read_again_without_the_file_of_its_network(fitted, tmp_path):
    fitted.save(tmp_path)
    again, asked = Adversarial.load(tmp_path, IMAGE), Condition(DRAW.y)
    made = fitted.sample(asked, 0)
    assert (again.sample(asked, 0) == made).all()
    assert (again.realness(made, DRAW.y) == fitted.realness(made, DRAW.y)).all()
    assert again.realness(made, DRAW.y).shape == (len(DRAW),)  # the mean of all local scores


def test_a_training_is_resumed_exactly():
    whole, begun, resumed = (make_training("projected", steps=6, draw=DRAW) for _ in range(3))
    for _ in range(6):
        whole.advance()
    for _ in range(3):
        begun.advance()
    resumed.restore(*begun.state())
    for _ in range(3):
        resumed.advance()
    assert equal(whole.state()[0], resumed.state()[0])


def test_layouts_tell_where_things_are_and_not_their_colours():
    x = torch.rand(3, 3, 32, 32)
    assert torch.allclose(layouts(x), layouts(x + torch.tensor([0.5, -0.5, 0.2])[:, None, None]), atol=1e-5)
    assert torch.allclose(layouts(x).norm(dim=1), torch.ones(3))
    assert not torch.allclose(layouts(x), layouts(x.flip(3)), atol=0.1)


def test_the_floor_keeps_images_of_a_class_from_one_layout():
    training = make_training("projected", draw=DRAW)
    rows, y = layouts(training.form.encode(training.x)), torch.tensor(DRAW.y)
    same = (y[:, None] == y) & ~torch.eye(len(y), dtype=torch.bool)
    assert torch.allclose(training.usual_layouts, (1 - rows @ rows.T)[same].mean(), atol=1e-4)
    alike = torch.rand(1, 3, 32, 32).repeat(8, 1, 1, 1) + 0.01 * torch.rand(8, 3, 32, 32)
    alike.requires_grad_()
    real, labels = training.form.encode(training.x)[:8], torch.zeros(8, dtype=torch.long)
    loss = training._deceive(real, alike, labels, labels)[0]
    usual, training.usual_layouts = training.usual_layouts, None
    assert loss - training._deceive(real, alike, labels, labels)[0] > 0.9 * training.family.floor
    assert usual > 0


def test_what_tells_its_training_from_another_s_is_in_its_settings(monkeypatch):
    family = FAMILIES["projected"]
    assert family.settings()["floor"] == family.floor == 4.0 and "floor" not in FAMILIES["projection"].settings()
    assert FAMILIES["style"].settings()["adaptive"] is True and "adaptive" not in FAMILIES["projection"].settings()


def test_it_needs_weights_and_a_network_with_layers_of_four_sizes():
    with pytest.raises(InputError, match="set pretrained"):
        FAMILIES["projected"].discriminator((64, 64, 3), 3)
    with pytest.raises(InputError, match="fewer than 4 sizes"):
        ProjectedDiscriminator((64, 64, 3), 3, Weights("test_vit", "", "", {}, {}))
