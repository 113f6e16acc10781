"""GANs that go on from others: they begin as these ended, what is frozen stays, and a resumed one is exact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from tiny_gans import TINY, equal, make_draw, weights

from gannb.generators.adversarial import gan as adversarial
from gannb.generators.adversarial.checkpoint import identity
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.adversarial.sampling import make, noise_rows
from gannb.generators.adversarial.start import class_axes, lowest_layers
from gannb.generators.interface import Condition, Job, Start
from gannb.media.image import IMAGE
from gannb.utils.errors import InputError

GO_ON = [name for name, family in TINY.items() if "tuned" in family.variations]
SIDES = {"progressive": 32}  # two levels
ALL = (0, 1, 2)


def draw_for(family: str, classes: int = 3, seed: int = 0):
    side = SIDES.get(family, 8)
    return make_draw(4, classes, (side, side, 1), seed)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """What gives a GAN of a family, hardly trained on three classes, and its folder."""
    made: dict[str, tuple[Adversarial, Path]] = {}

    def of(family: str) -> tuple[Adversarial, Path]:
        if family not in made:
            folder = tmp_path_factory.mktemp(family)
            gan = Adversarial(IMAGE, TINY[family]).fit(draw_for(family), Job(2, seed=1))
            gan.save(folder)
            made[family] = gan, folder
        return made[family]

    return of


def training(family: str, start: Start, steps: int = 4, draw=None):
    draw = draw_for(family, seed=5) if draw is None else draw
    return Adversarial(IMAGE, TINY[family])._begin(draw, Job(steps, seed=2, start=start)).training


def test_families_with_a_network_for_each_class_have_nothing_to_go_on_from():
    assert set(TINY) - set(GO_ON) == {"dcgan_per_class"}


@pytest.mark.parametrize("family", GO_ON)
def test_it_begins_with_the_items_and_the_judgement_of_the_other(family, fitted):
    gan, folder = fitted(family)
    begun = training(family, Start(folder, ALL))
    labels, index = np.array([0, 2, 1]), np.arange(3)
    for network in (begun.average, begun.tail):
        made = make(begun.form, network, noise_rows(7, index, TINY[family].noise_of(begun.shape)), labels)
        assert np.array_equal(begun.form.items(made), gan.sample(Condition(labels), 7))
    assert equal(weights(begun.generator), weights(begun.average))
    assert equal(weights(begun.discriminator), weights(gan.networks["discriminator"]))


@pytest.mark.parametrize("family", ["mlp", "dcgan", "acgan", "style"])
def test_a_class_begins_as_what_it_is_there_and_a_new_one_anew(family, fitted):
    gan, folder = fitted(family)
    begun = training(family, Start(folder, (2, None, None, 0)), draw=draw_for(family, 4))
    theirs, ours = np.array([2, 0]), np.array([0, 3])
    made = make(begun.form, begun.average, noise_rows(7, np.arange(2), TINY[family].noise_of(begun.shape)), ours)
    assert np.array_equal(begun.form.items(made), gan.sample(Condition(theirs), 7))
    untrained = training(family, None, draw=draw_for(family, 4))
    for name, axis in class_axes(TINY[family].generator, begun.shape).items():
        new, old = (weights(each.average)[name].select(axis, 1) for each in (begun, untrained))
        assert torch.equal(new, old)
    begun.advance()


def test_spectral_norms_hold_where_rows_of_classes_are_others(fitted):
    _, folder = fitted("mlp")
    begun = training("mlp", Start(folder, (None, 1, 0)))
    for name in ("embedding", "label", "score"):
        weight = getattr(begun.discriminator.head, name).weight
        assert torch.linalg.matrix_norm(weight, 2).item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("family", GO_ON)
def test_the_lowest_layers_stay_as_they_are_and_the_others_learn(family, fitted):
    _, folder = fitted(family)
    begun, all_learn = (training(family, Start(folder, ALL, share)) for share in (0.5, 0.0))
    x, told = begun.form.encode(begun.x[:2]), torch.tensor([0, 1])
    modules = {module: name for name, module in all_learn.discriminator.named_modules()}
    frozen = tuple(f"{modules[m]}." for m in lowest_layers(all_learn.discriminator, x, told, 0.5))
    before = weights(begun.discriminator)
    for _ in range(3):
        begun.advance()
    now = weights(begun.discriminator)
    learnt = {name for name, _ in begun.discriminator.named_parameters()}
    stays = {name for name in learnt if name.startswith(frozen)}
    assert stays and all(torch.equal(now[name], before[name]) for name in stays)
    norms = {name for name in now if name.startswith(frozen) and name.endswith(("._u", "._v"))}
    assert all(torch.equal(now[name], before[name]) for name in norms)
    top = {name for name in learnt - stays if "score" in name and name.endswith(("weight", "original"))}
    rows = {name for name in learnt if "embedding" in name or "plane" in name}
    assert top and all(not torch.equal(now[name], before[name]) for name in top | rows)
    assert not equal(weights(begun.generator), weights(all_learn.generator))


def test_a_share_of_nothing_freezes_nothing_and_networks_that_grow_are_grown_at_once(fitted):
    _, folder = fitted("progressive")
    begun = training("progressive", Start(folder, ALL, 0.0))
    begun.advance()
    assert all(parameter.requires_grad for parameter in begun.discriminator.parameters())
    assert begun.generator.level == begun.generator.levels - 1 == 1 and not begun.generator.fading
    anew = training("progressive", None)
    anew.advance()
    assert anew.generator.level == 0


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("family", ["mlp", "dcgan"])
def test_killed_and_resumed_equals_undisturbed_bit_for_bit(family, fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(adversarial, "CHECKPOINT_EVERY", 0.0)
    monkeypatch.setattr(adversarial, "PROGRESS_EVERY", 0.0)
    gan, draw = Adversarial(IMAGE, TINY[family]), draw_for(family, seed=5)
    job = Job(12, seed=2, checkpoint=tmp_path, start=Start(fitted(family)[1], (1, None, 0), 0.5))

    def kill(done: int, total: int) -> None:
        if done == 11:
            raise Killed

    with pytest.raises(Killed):
        gan.fit(draw, replace(job, progress=kill))
    steps = []
    resumed = Adversarial(IMAGE, TINY[family]).fit(draw, replace(job, progress=lambda done, _: steps.append(done)))
    undisturbed = Adversarial(IMAGE, TINY[family]).fit(draw, replace(job, checkpoint=None))
    assert steps[1] == 9 and equal(weights(resumed.networks), weights(undisturbed.networks))
    assert resumed.curves == undisturbed.curves


def test_a_checkpoint_is_of_one_start(fitted):
    _, folder = fitted("mlp")
    starts = [None, Start(folder, ALL), Start(folder, (1, 0, 2)), Start(folder, ALL, 0.5)]
    found = [identity(training("mlp", start), draw_for("mlp", seed=5)) for start in starts]
    assert "start" not in found[0] and len({str(each) for each in found}) == 4


def test_what_holds_no_such_gan_is_refused_in_a_sentence(fitted, tmp_path):
    _, folder = fitted("mlp")
    with pytest.raises(InputError, match="holds no GAN of this family"):
        training("dcgan", Start(folder, ALL))
    with pytest.raises(InputError, match="holds no GAN of this family"):
        training("mlp", Start(folder, (0, 1, 7)))
    with pytest.raises(InputError, match="holds no readable GAN"):
        training("mlp", Start(tmp_path, ALL))
    tensors = safetensors.torch.load_file(folder / "generator.safetensors")
    alone = {name: value for name, value in tensors.items() if name.startswith("average.")}
    safetensors.torch.save_file(alone, tmp_path / "generator.safetensors")
    with pytest.raises(InputError, match="holds no discriminator of a GAN to go on from"):
        training("mlp", Start(tmp_path, ALL))
