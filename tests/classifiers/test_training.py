"""Training a classifier on a mixture of real and synthetic items."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch

from gannb.classifiers.mixture import Mixture, Stock, batches, cycle, encoded
from gannb.classifiers.training import Recipe, features, predict, train
from gannb.data.examples import Examples
from gannb.media.image import IMAGE
from gannb.media.image.augmentation import POLICIES
from gannb.media.image.classifiers import build, small_cnn
from gannb.utils.errors import InputError

NONE = POLICIES["none"]


def planted(n: int = 20, classes: int = 3, shape: tuple[int, int, int] = (8, 8, 1), seed: int = 0) -> Examples:
    """n noisy items of each class; the class is where the bright stripe is."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(classes), n))
    x = rng.integers(0, 80, (len(y), *shape))
    width = shape[1] // classes
    for i, k in enumerate(y):
        x[i, :, k * width : (k + 1) * width] += 150
    names = tuple(f"class {k}" for k in range(classes))
    return Examples(x.astype(np.uint8), y, names, np.arange(len(y)).astype(str), np.arange(len(y)))


def weights(network: torch.nn.Module) -> list[torch.Tensor]:
    return list(network.state_dict().values())


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(weights(a), weights(b), strict=True))


# ---- networks ----


@pytest.mark.parametrize("shape", [(4, 4, 1), (8, 8, 1), (28, 28, 1), (32, 20, 3), (96, 96, 3), (5, 64, 3)])
def test_small_cnn_takes_any_shape(shape):
    network = small_cnn(shape, 7).eval()
    logits = network(torch.zeros(2, shape[2], *shape[:2]))
    assert logits.shape == (2, 7)
    assert sum(p.numel() for p in network.parameters()) < 100_000


def test_a_timm_network_is_built_by_name_and_trained_from_scratch():
    items = planted(6, shape=(32, 32, 3))
    network = train(Mixture(items, None, 0.0), Recipe(IMAGE, "mobilenetv3_small_050", 2, 8, NONE), seed=0)
    p = predict(IMAGE, network, items.x)
    assert p.shape == (18, 3)
    assert np.allclose(p.sum(1), 1, atol=1e-5)


def test_a_timm_network_takes_grey_items():
    assert build("resnet10t", (32, 32, 1), 4)(torch.zeros(2, 1, 32, 32)).shape == (2, 4)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("resnet_18", "resnet18"), ("resnet10x", "resnet10t"), ("small_cn", "small_cnn"), ("vgg-11", "vgg11")],
)
def test_an_unknown_network_is_refused_with_near_names(wrong, near):
    with pytest.raises(InputError, match=f"there is no network '{wrong}'") as error:
        build(wrong, (32, 32, 3), 4)
    assert near in str(error.value) and "classifier" in str(error.value)


def test_a_network_that_cannot_take_the_items_is_refused_with_their_size():
    with pytest.raises(InputError, match="cannot take 8x8 items") as error:
        build("vit_tiny_patch16_224", (8, 8, 3), 4)
    assert "set size" in str(error.value) and "\n" not in str(error.value)


# ---- batches ----


@pytest.mark.parametrize(("n", "size"), [(10, 3), (3, 10), (7, 7), (1, 4), (64, 24)])
def test_a_cycle_uses_every_item_equally_often(n, size):
    steps = list(islice(cycle(n, size, np.random.default_rng(0)), 50))
    assert all(len(step) == size for step in steps)
    used = np.bincount(np.concatenate(steps), minlength=n)
    assert used.max() - used.min() <= 1


def test_a_cycle_goes_through_all_items_before_any_comes_again():
    order = np.concatenate(list(islice(cycle(10, 5, np.random.default_rng(0)), 6)))
    for epoch in order.reshape(3, 10):
        assert sorted(epoch) == list(range(10))
    assert not np.array_equal(order[:10], order[10:20])


@pytest.mark.parametrize(("share", "size", "synthetic"), [(0.25, 32, 8), (0.5, 32, 16), (0.25, 10, 2), (0.9, 10, 9)])
def test_each_batch_has_its_exact_share_of_synthetic_items(share, size, synthetic):
    real, fake = planted(5), planted(50, seed=1)  # 15 and 150: the share is that of the batch, not of the sets
    for index in islice(batches(Mixture(real, fake, share), size, seed=3), 20):
        assert len(index) == size
        assert np.sum(index >= len(real)) == synthetic


def test_without_synthetic_items_all_are_real_and_the_other_way_round():
    items = planted(5)
    for mixture in (Mixture(items, None, 0.0), Mixture(None, items, 1.0)):
        index = np.concatenate(list(islice(batches(mixture, 10, seed=0), 3)))
        assert sorted(index) == sorted([*range(15)] * 2)


def test_arms_share_the_order_of_the_real_items():
    real, fake = planted(20), planted(20, seed=1)

    def order(mixture: Mixture) -> np.ndarray:
        index = np.concatenate(list(islice(batches(mixture, 32, seed=5), 40)))
        return index[index < len(real)]

    alone, mixed, half = (
        order(Mixture(real, None, 0.0)),
        order(Mixture(real, fake, 0.25)),
        order(Mixture(real, fake, 0.5)),
    )
    assert np.array_equal(alone[: len(mixed)], mixed)
    assert np.array_equal(alone[: len(half)], half)


def test_the_order_depends_on_the_seed():
    mixture = Mixture(planted(20), None, 0.0)
    first, again, other = (next(batches(mixture, 32, seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


# ---- training ----


def test_images_become_numbers_from_minus_one_to_one():
    x = np.zeros((2, 4, 5, 3), np.uint8)
    x[1, 2, 3, 1] = 255
    tensor = encoded(IMAGE, x)
    assert tensor.shape == (2, 3, 4, 5) and tensor.dtype == torch.float32
    assert tensor[1, 1, 2, 3] == 1 and tensor[0].max() == -1


def test_it_learns_what_is_there_to_learn():
    items, unseen = planted(20), planted(50, seed=9)
    network = train(Mixture(items, None, 0.0), Recipe(IMAGE, "small_cnn", 60, 16, NONE), seed=0)
    assert (predict(IMAGE, network, unseen.x).argmax(1) == unseen.y).mean() > 0.95


def test_it_learns_from_synthetic_items_alone():
    items, unseen = planted(20), planted(50, seed=9)
    network = train(Mixture(None, items, 1.0), Recipe(IMAGE, "small_cnn", 60, 16, NONE), seed=0)
    assert (predict(IMAGE, network, unseen.x).argmax(1) == unseen.y).mean() > 0.95


def test_wrong_labels_hurt():
    items, unseen = planted(20), planted(50, seed=9)
    wrong = Examples(items.x, (items.y + 1) % 3, items.classes, items.ids, items.groups)
    network = train(Mixture(items, wrong, 0.75), Recipe(IMAGE, "small_cnn", 60, 16, NONE), seed=0)
    assert (predict(IMAGE, network, unseen.x).argmax(1) == unseen.y).mean() < 0.5


def test_equal_seeds_give_equal_weights_whatever_was_drawn_before():
    mixture, recipe = (
        Mixture(planted(5), planted(5, seed=1), 0.25),
        Recipe(IMAGE, "small_cnn", 3, 8, POLICIES["affine"]),
    )
    first = train(mixture, recipe, seed=4)
    torch.rand(17)
    np.random.rand(17)
    assert same(first, train(mixture, recipe, seed=4))
    assert not same(first, train(mixture, recipe, seed=5))


def test_training_leaves_the_global_randomness_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    train(Mixture(planted(5), None, 0.0), Recipe(IMAGE, "small_cnn", 1, 8, POLICIES["affine"]), seed=4)
    assert torch.equal(torch.rand(3), expected)


def test_arms_share_the_initial_weights(monkeypatch):
    # without learning, what remains is the initial weights
    monkeypatch.setattr("gannb.classifiers.training.LEARNING_RATE", 0.0)
    arms = [
        Mixture(planted(5), None, 0.0),
        Mixture(planted(5), planted(5, seed=1), 0.25),
        Mixture(None, planted(5), 1.0),
    ]
    networks = [train(arm, Recipe(IMAGE, "small_cnn", 1, 8, NONE), seed=4) for arm in arms]
    for other in networks[1:]:
        for a, b in zip(networks[0].parameters(), other.parameters(), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_few_steps_are_possible_and_progress_is_told(steps):
    told = []
    train(
        Mixture(planted(5), None, 0.0),
        Recipe(IMAGE, "small_cnn", steps, 8, NONE),
        0,
        progress=lambda *now: told.append(now),
    )
    assert told == [(i + 1, steps) for i in range(steps)]


def test_a_loss_that_is_no_number_is_an_error(monkeypatch):
    monkeypatch.setattr("gannb.classifiers.training.LEARNING_RATE", 1e30)
    with pytest.raises(RuntimeError, match="small_cnn diverged"):
        train(Mixture(planted(5), None, 0.0), Recipe(IMAGE, "small_cnn", 5, 8, NONE), seed=0)


# ---- predictions and features ----


def test_predictions_are_probabilities_and_do_not_depend_on_the_batch(monkeypatch):
    items = planted(20)
    network = train(Mixture(items, None, 0.0), Recipe(IMAGE, "small_cnn", 5, 16, NONE), seed=0)
    p = predict(IMAGE, network, items.x)
    assert p.shape == (60, 3) and np.allclose(p.sum(1), 1, atol=1e-5)
    monkeypatch.setattr("gannb.classifiers.training.PREDICT_BATCH", 7)
    assert np.allclose(predict(IMAGE, network, items.x), p, atol=1e-6)


def test_features_are_what_the_last_layer_sees():
    items = planted(5)
    network = train(Mixture(items, None, 0.0), Recipe(IMAGE, "small_cnn", 5, 16, NONE), seed=0)
    h = features(IMAGE, network, items.x)
    assert h.shape == (15, network[-1].in_features)
    logits = network[-1](torch.from_numpy(h)).softmax(1).detach().numpy()
    assert np.allclose(logits, predict(IMAGE, network, items.x), atol=1e-6)


def test_what_a_network_drops_while_it_is_trained_follows_the_seed_alone():
    items = planted(4, shape=(32, 32, 3))
    recipe = Recipe(IMAGE, "mobilenetv3_small_050", 3, 8, NONE)  # with dropout
    first = train(Mixture(items, None, 0.0), recipe, seed=0)
    torch.rand(7)  # something else draws from torch's randomness
    assert same(first, train(Mixture(items, None, 0.0), recipe, seed=0))


# ---- synthetic items made anew at every pass ----


def marked(n_synthetic: int = 6) -> tuple[Mixture, list[int]]:
    """3 real items and some synthetic ones, which say of which pass they are; the passes asked for."""
    asked: list[int] = []

    def fresh(number: int) -> np.ndarray:
        asked.append(number)
        return np.full((n_synthetic, 8, 8, 1), 10 * number, np.uint8)

    synthetic = planted(2).take(np.arange(n_synthetic))
    synthetic.x[:] = 0
    return Mixture(planted(1), synthetic, 0.5, fresh), asked


def test_a_pass_ends_when_every_synthetic_item_was_handed_out_once():
    mixture, asked = marked()
    stock = Stock(IMAGE, mixture)
    seen = [stock.take(np.array([0, 3 + i % 6, 1, 3 + (i + 1) % 6]))[0] for i in range(0, 18, 2)]
    levels = [(((images[[1, 3], 0, 0, 0] + 1) * 127.5).round() / 10).int().tolist() for images in seen]
    assert levels == [[0, 0]] * 3 + [[1, 1]] * 3 + [[2, 2]] * 3 and asked == [1, 2]
    assert all(torch.equal(images[[0, 2]], encoded(IMAGE, mixture.real.x)[:2]) for images in seen)


def test_a_batch_may_lie_across_passes():
    mixture, asked = marked()
    images, labels = Stock(IMAGE, mixture).take(np.concatenate([3 + np.arange(6), [2], 3 + np.arange(6), [3]]))
    levels = (((images[:, 0, 0, 0] + 1) * 127.5).round() / 10).int().tolist()
    assert levels[:6] == [0] * 6 and levels[7:] == [1] * 6 + [2] and asked == [1, 2]
    assert np.array_equal(labels[:6], mixture.synthetic.y) and labels[6] == mixture.real.y[2]


def test_batches_of_real_items_alone_use_up_no_pass():
    mixture, asked = marked()
    stock = Stock(IMAGE, mixture)
    for _ in range(9):
        stock.take(np.array([0, 1, 2]))
    assert asked == [] and stock.handed_out == 0


def test_items_that_are_the_same_at_every_pass_train_the_same_classifier():
    real, synthetic = planted(6), planted(6, seed=1)
    recipe = Recipe(IMAGE, "small_cnn", 12, 8, POLICIES["shift"])
    plain = train(Mixture(real, synthetic, 0.5), recipe, 0)
    assert same(plain, train(Mixture(real, synthetic, 0.5, lambda number: synthetic.x), recipe, 0))
    assert not same(plain, train(Mixture(real, synthetic, 0.5, lambda number: 255 - synthetic.x), recipe, 0))
