"""Training a classifier on a mixture of real and synthetic items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from planted_items import planted
from safetensors.torch import load_file, save_file

from gannb.classifiers import training
from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, features, in_cycles, predict, state_of, train
from gannb.classifiers.ways import WAYS
from gannb.data.examples import Examples
from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import POLICIES

NONE = POLICIES["none"]


def weights(network: torch.nn.Module) -> list[torch.Tensor]:
    return list(network.state_dict().values())


def same(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(weights(a), weights(b), strict=True))


# ---- training ----


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


def test_items_that_are_the_same_at_every_pass_train_the_same_classifier():
    real, synthetic = planted(6), planted(6, seed=1)
    recipe = Recipe(IMAGE, "small_cnn", 12, 8, POLICIES["shift"])
    plain = train(Mixture(real, synthetic, 0.5), recipe, 0)
    assert same(plain, train(Mixture(real, synthetic, 0.5, lambda number: synthetic.x), recipe, 0))
    assert not same(plain, train(Mixture(real, synthetic, 0.5, lambda number: 255 - synthetic.x), recipe, 0))


# ---- cycles ----


def trained_in(cycles: list[int], mixture: Mixture, recipe: Recipe, **more) -> list[torch.nn.Module]:
    return list(in_cycles(mixture, recipe, cycles, [11, 12, 13][: len(cycles)], **more))


@pytest.mark.parametrize("classifier", ["small_cnn", "mobilenetv3_small_050"])  # the second has batch norm and dropout
def test_training_that_goes_on_from_kept_weights_is_that_of_one_go_to_the_bit(tmp_path, classifier):
    real, made = planted(4, shape=(32, 32, 3)), planted(4, seed=1, shape=(32, 32, 3))
    asked: list[int] = []

    def fresh(number: int) -> np.ndarray:
        asked.append(number)
        return np.roll(made.x, number, axis=1)

    mixture, recipe = Mixture(real, made, 0.5, fresh), Recipe(IMAGE, classifier, 99, 8, POLICIES["affine"])
    *_, in_one_go = trained_in([2, 2, 4], mixture, recipe)
    passes, asked[:] = list(asked), []
    _, half = trained_in([2, 2], mixture, recipe)
    save_file(state_of(half), tmp_path / "kept.safetensors")
    torch.rand(5)
    (later,) = trained_in([2, 2, 4], mixture, recipe, before=load_file(tmp_path / "kept.safetensors"), passed=2)
    states = [each.state_dict() for each in (in_one_go, later)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not same(half, later) and asked == passes  # nothing made anew twice


def test_each_cycle_is_a_whole_training_with_a_rate_that_falls_to_nothing(monkeypatch):
    rates = []
    plain = torch.optim.lr_scheduler.OneCycleLR
    monkeypatch.setattr(torch.optim.lr_scheduler, "OneCycleLR", lambda o, *a, **k: rates.append(k) or plain(o, *a, **k))
    told = []
    recipe = Recipe(IMAGE, "small_cnn", 99, 8, NONE)
    trained_in([2, 3], Mixture(planted(5), None, 0.0), recipe, progress=lambda *now: told.append(now))
    assert [each["total_steps"] for each in rates] == [3, 4]
    assert told == [(i + 1, 5) for i in range(5)]


def test_all_arms_see_the_same_real_items_in_every_cycle(monkeypatch):
    seen: list[list[np.ndarray]] = []
    plain = training.batches

    def noted(mixture, size, seed):
        seen.append([])
        for index in plain(mixture, size, seed):
            seen[-1].append(index[index < 15])
            yield index

    monkeypatch.setattr(training, "batches", noted)
    recipe = Recipe(IMAGE, "small_cnn", 99, 8, NONE)
    for mixture in (Mixture(planted(5), None, 0.0), Mixture(planted(5), planted(9, seed=1), 0.25)):
        trained_in([2, 2, 4], mixture, recipe)
    for cycle in range(3):
        pairs = list(zip(seen[cycle], seen[3 + cycle], strict=False))
        assert len(pairs) >= 2 and all(np.array_equal(*pair) for pair in pairs)
    assert not np.array_equal(seen[0][0], seen[1][0])  # and others in the next one


@pytest.mark.parametrize(
    ("shape", "at_once"), [((8, 8, 1), 512), ((32, 32, 3), 512), ((64, 64, 3), 170), ((224, 224, 3), 13)]
)
def test_the_larger_items_are_the_fewer_are_looked_at_together(shape, at_once):
    assert training.predicted_at_once(IMAGE, np.zeros((3, *shape), np.uint8)) == at_once


def test_of_what_is_larger_than_all_that_is_looked_at_together_one_is(monkeypatch):
    items = planted(4)
    network = train(Mixture(items, None, 0.0), Recipe(IMAGE, "small_cnn", 2, 8, POLICIES["none"]), seed=0)
    whole, seen = predict(IMAGE, network, items.x), []
    monkeypatch.setattr(training, "PREDICT_VALUES", 1)
    network.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    assert np.allclose(predict(IMAGE, network, items.x), whole, atol=1e-5) and seen == [1] * len(items)


# ---- ways to use made items ----


@pytest.fixture
def shown(monkeypatch) -> list[np.ndarray]:
    """Which items of the stock were handed out, batch by batch or several at a time."""
    seen, take = [], training.Stock.take

    def counted(stock, index):
        seen.append(index)
        return take(stock, index)

    monkeypatch.setattr(training.Stock, "take", counted)
    return seen


def in_way(way: str, shown: list[np.ndarray], share: float = 0.25) -> tuple[torch.nn.Module, np.ndarray, int]:
    """Train in a way: the network, which real items were shown, in their order, and how many made ones."""
    real, made = planted(8), planted(8, seed=1)
    shares = np.full((24, 3), 1 / 3, np.float32) if way in ("mixed", "taught") else None
    mixture = Mixture(real, made, share, shares=shares, way=way) if share else Mixture(real, None, 0.0)
    shown.clear()
    *_, network = in_cycles(mixture, Recipe(IMAGE, "small_cnn", 1, 12, NONE), [6, 6], [1, 2])
    index = np.concatenate(shown)
    return network, index[index < len(real)], int(np.sum(index >= len(real)))


@pytest.mark.parametrize("way", ["", *WAYS])
def test_real_items_are_shown_as_often_and_in_the_same_order_in_every_way(way, shown, monkeypatch):
    monkeypatch.setattr(training, "AUGMENT_AT_ONCE", 1)  # a batch at a time: none is taken that is not used
    _, alone, none = in_way("", shown, share=0.0)
    _, real, made = in_way(way, shown)
    assert none == 0 and np.array_equal(real, alone) and made == 2 * 6 * 4  # 4 made ones to 12 real ones


def test_every_way_makes_another_classifier(shown):
    networks = [in_way(way, shown)[0] for way in ("", "mixed", "before", "fading", "apart")]
    assert not any(same(a, b) for i, a in enumerate(networks) for b in networks[:i])


def test_two_stages_are_a_training_on_made_items_and_then_the_usual_one_from_there(shown):
    real, made, recipe = planted(8), planted(8, seed=1), Recipe(IMAGE, "small_cnn", 1, 12, NONE)
    *_, network = in_cycles(Mixture(real, made, 0.25, way="before"), recipe, [6, 6], [1, 2])
    first = train(Mixture(None, made, 1.0), replace(recipe, steps=4), seed=1)
    *_, alone = in_cycles(Mixture(real, None, 0.0), recipe, [6, 6], [1, 2], before=state_of(first))
    assert same(network, alone)


def test_two_stages_go_on_where_they_stood_without_another_first_one():
    mixture, recipe = (
        Mixture(planted(8), planted(8, seed=1), 0.25, way="before"),
        Recipe(IMAGE, "small_cnn", 1, 12, NONE),
    )
    told = []
    first, second, third = in_cycles(mixture, recipe, [3, 3, 6], [1, 2, 3], progress=lambda *now: told.append(now))
    assert told[-1] == (2 + 12, 2 + 12) and told[0] == (1, 14)
    (again,) = in_cycles(mixture, recipe, [3, 3, 6], [1, 2, 3], before=state_of(second), passed=2)
    assert same(third, again)
