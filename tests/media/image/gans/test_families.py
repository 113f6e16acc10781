"""The families of GANs: networks of every size and colour, and what each promises of its own."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_gans import MAKERS, TINY, as_examples, equal, make_draw, make_training, weights
from torch import nn

from gannb.generators.adversarial.losses import HINGE, WASSERSTEIN
from gannb.media.image import IMAGE
from gannb.media.image.augmentation import POLICIES
from gannb.media.image.gans.dcgan import DcganDiscriminator
from gannb.media.image.gans.families import FAMILIES, default_family
from gannb.media.image.gans.layers import (
    ConditionalBatchNorm,
    channels_from_image,
    cropped,
    doublings,
    margins,
    padded,
    start_grid,
)
from gannb.media.image.gans.projection import ConvDiscriminator, ConvGenerator
from gannb.media.image.gans.r3gan import PlainBlock
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
    assert scores.shape == (4,) and torch.isfinite(scores).all()
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


# ---- convolutional ----


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_networks_are_those_that_were_measured():
    assert (doublings(28, 28), start_grid(28, 28), channels_from_image(32, 32, 16)) == (3, (4, 4), [16, 32, 64])
    assert round(size(ConvGenerator((28, 28, 1), 10)), -3) == 163_000
    assert round(size(ConvDiscriminator((28, 28, 1), 10)), -3) == 175_000


def test_larger_images_get_more_doublings_and_channels_up_to_a_cap():
    assert [doublings(s, s) for s in (8, 16, 28, 64, 96, 128)] == [2, 2, 3, 4, 5, 5]
    assert start_grid(96, 96) == (3, 3) and start_grid(17, 16) == (5, 4) and start_grid(8, 8) == (2, 2)
    assert channels_from_image(128, 128, 16) == [16, 32, 64, 128, 128]
    assert channels_from_image(16, 16, 16) == [32, 64]


@pytest.mark.parametrize(("height", "width"), [(8, 8), (28, 28), (17, 31), (8, 100)])
def test_images_are_padded_to_whole_cells_by_their_edge_and_cropped_back(height, width):
    x = torch.rand((2, 1, height, width))
    wide = padded(x, margins(height, width))
    cells = 2 ** doublings(height, width)
    assert tuple(s // cells for s in wide.shape[2:]) == start_grid(height, width)
    assert all(s % cells == 0 for s in wide.shape[2:])
    assert torch.equal(cropped(wide, (height, width)), x)
    assert set(wide.unique().tolist()) == set(x.unique().tolist())


def test_the_score_is_a_linear_map_plus_a_projection():
    head = ConvDiscriminator((16, 16, 1), 3, base=8).head.eval()
    h, labels = torch.randn(5, 128), torch.tensor([0, 1, 2, 0, 1])
    scores, logits = head(h, labels)
    expected = h @ head.score.weight[0] + head.score.bias + torch.einsum("nf,nf->n", h, head.embedding.weight[labels])
    assert torch.allclose(scores, expected, atol=1e-5)
    assert torch.allclose(logits, h @ head.label.weight.T + head.label.bias, atol=1e-5)


def test_dcgan_starts_from_small_normal_weights():
    network = DcganDiscriminator((32, 32, 3), 3)
    convolutions = torch.cat([m.weight.flatten() for m in network.modules() if isinstance(m, nn.Conv2d)]).detach()
    assert convolutions.std() == pytest.approx(0.02, rel=0.02) and abs(convolutions.mean()) < 0.001


def test_the_first_convolution_of_a_dcgan_sees_the_label_as_a_plane_of_pixels():
    network = DcganDiscriminator((8, 8, 3), 3, base=8)
    seen = []
    network.layers[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    x = torch.rand((2, 3, 8, 8))
    network(x, torch.tensor([2, 0]))
    assert torch.equal(seen[0][:, :3], x) and torch.equal(seen[0][:, 3].flatten(1), network.plane.weight[[2, 0]])


def test_the_blocks_of_r3gan_start_as_the_identity():
    block, x = PlainBlock(16), torch.rand((2, 16, 4, 4))
    assert torch.equal(block(x), x)


def test_conditional_batch_norm_follows_its_formula():
    norm = ConditionalBatchNorm(3, 5)
    nn.init.normal_(norm.affine.weight), nn.init.normal_(norm.affine.bias)
    x, code = torch.randn(6, 3, 4, 4), torch.randn(6, 5)
    mean, variance = x.mean(dim=(0, 2, 3), keepdim=True), x.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
    gain, bias = norm.affine(code)[:, :3, None, None], norm.affine(code)[:, 3:, None, None]
    assert torch.allclose(norm(x, code), (1 + gain) * (x - mean) / (variance + 1e-5).sqrt() + bias, atol=1e-4)


# ---- one network for each class ----


def of_class(network: nn.Module, k: int) -> dict[str, torch.Tensor]:
    return weights(network.networks[k])


def test_one_network_per_class_learns_in_its_turn_alone():
    training = make_training("dcgan_per_class")
    pairs = (training.generator, training.discriminator)
    for step in range(3):
        before = [[of_class(network, k) for k in range(3)] for network in pairs]
        training.advance()
        for network, old in zip(pairs, before, strict=True):
            assert [equal(of_class(network, k), old[k]) for k in range(3)] == [k != step for k in range(3)]
    first = make_training("dcgan_per_class")
    for network, new in zip((first.generator, first.discriminator), pairs, strict=True):
        old, new = dict(network.named_parameters()), dict(new.named_parameters())
        matrices = [name for name, p in old.items() if p.ndim > 1]
        assert [name for name in matrices if torch.equal(old[name], new[name])] == []


def test_a_classs_networks_never_depend_on_the_images_of_another():
    draw = make_draw()
    x = draw.x.copy()
    x[draw.y == 1] = 255 - x[draw.y == 1]
    trainings = [make_training("dcgan_per_class", draw=d) for d in (draw, as_examples(x, draw.y))]
    for training in trainings:
        for _ in range(9):
            training.advance()
    for networks in zip(*((t.generator, t.discriminator, t.average) for t in trainings), strict=True):
        assert [equal(*(of_class(network, k) for network in networks)) for k in range(3)] == [True, False, True]


def test_what_a_classs_network_makes_does_not_depend_on_the_labels_around_it():
    made_by, judge = (make((8, 8, 1), 4).eval() for make in MAKERS["dcgan_per_class"])
    z, labels = noise("dcgan_per_class", 6), torch.tensor([0, 1, 3, 1, 0, 1])
    with torch.no_grad():
        images = made_by(z, labels)
        scores = judge(images, labels)[0]
        for k in (0, 1, 3):
            alone, only = torch.full((6,), k), torch.zeros(6, dtype=torch.long)
            assert torch.equal(made_by(z, alone), made_by.networks[k](z, only))
            assert torch.equal(images[labels == k], made_by(z, alone)[labels == k])
            assert torch.equal(scores[labels == k], judge.networks[k](images, only)[0][labels == k])


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
