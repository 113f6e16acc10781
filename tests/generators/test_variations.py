"""After training: which items are chosen, and that choosing changes nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_gans import TINY, make_draw

from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.generators.variations import (
    ATTEMPTS,
    CALIBRATION,
    above_median,
    attempt_seed,
    choose,
    recognised,
    unsureness,
)
from gannb.media.image import IMAGE

LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])


class Numbers:
    """A generator whose item says which attempt and which position it is of."""

    def sample(self, condition: Condition, seed: int, index: np.ndarray | None = None) -> np.ndarray:
        index = np.arange(len(condition)) if index is None else index
        attempt = next(a for a in range(ATTEMPTS) if attempt_seed(7, a) == seed)
        return np.stack([[attempt, i, y] for i, y in zip(index, condition.labels, strict=True)]).astype(np.uint8)

    def captions_of(self, condition: Condition, seed: int) -> None:
        return None

    def realness(self, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return x[:, 1].astype(float)  # of later positions higher


def from_attempt(wanted: np.ndarray):
    """Accept the item of a position from a given attempt on."""
    return lambda x, y: x[:, 0] >= wanted[x[:, 1]]


def test_every_item_is_of_the_first_attempt_that_is_accepted():
    wanted = np.array([0, 3, 0, 1, 9, 2, 0, 0])
    chosen = choose(Numbers(), from_attempt(wanted), Condition(LABELS), 7)
    assert np.array_equal(chosen.x, np.stack([wanted, np.arange(8), LABELS], 1))
    assert (chosen.accepted_first, chosen.never_accepted) == (4 / 8, 0)


def test_every_attempt_is_at_the_caption_of_the_first():
    """A generator of captions draws them from the seed, and every attempt has one of its own."""

    class Captioned(Numbers):
        asked = []

        def captions_of(self, condition, seed):
            return np.char.add(f"seed {seed}, item ", np.arange(len(condition)).astype(str))

        def sample(self, condition, seed, index=None):
            self.asked.append(dict(zip(index, condition.captions, strict=True)))
            return super().sample(condition, seed, index)

    choose(Captioned(), from_attempt(np.array([0, 3, 0, 1, 9, 2, 0, 0])), Condition(LABELS), 7)
    assert len(Captioned.asked) == 10 and Captioned.asked[0][4] == "seed 7, item 4"
    assert all(caption == f"seed 7, item {i}" for asked in Captioned.asked for i, caption in asked.items())


def test_after_the_last_attempt_the_last_item_stays_and_is_counted():
    wanted = np.array([0, ATTEMPTS, 0, 0, 0, 0, 0, ATTEMPTS])
    chosen = choose(Numbers(), from_attempt(wanted), Condition(LABELS), 7)
    assert chosen.x[[1, 7], 0].tolist() == [ATTEMPTS - 1] * 2
    assert (chosen.accepted_first, chosen.never_accepted) == (6 / 8, 2 / 8)


def test_where_all_is_accepted_the_items_are_the_plain_ones():
    gan = Adversarial(IMAGE, TINY["projection"]).fit(make_draw(), Job(3, 1))
    chosen = choose(gan, lambda x, y: np.ones(len(x), bool), Condition(LABELS), 5)
    assert np.array_equal(chosen.x, gan.sample(Condition(LABELS), 5)) and chosen.accepted_first == 1


def test_a_larger_choice_contains_the_smaller_one():
    gan = Adversarial(IMAGE, TINY["projection"]).fit(make_draw(), Job(3, 1))
    accept = lambda x, y: x.reshape(len(x), -1).sum(1) % 3 == 0  # noqa: E731
    few, many = (choose(gan, accept, Condition(np.tile(LABELS, n)), 5).x for n in (1, 20))
    assert np.array_equal(many[: len(few)], few)


def test_seeds_of_attempts_are_the_seed_itself_and_then_others():
    seeds = [attempt_seed(7, attempt) for attempt in range(ATTEMPTS)]
    assert seeds[0] == 7 and len(set(seeds)) == ATTEMPTS and all(0 <= s < 2**63 for s in seeds)


def test_above_median_accepts_what_scores_above_the_median_of_its_class():
    class Scores(Numbers):
        def sample(self, condition, seed, index=None):
            return np.stack([np.arange(len(condition)), np.arange(len(condition)), condition.labels], 1)

    accept = above_median(scores := Scores(), scores.realness, 2, 0)  # class 0 scores 0..127, class 1 128..255
    medians = np.array([CALIBRATION - 1, 3 * CALIBRATION - 1]) / 2
    positions = np.repeat(np.round(medians).astype(int), 3) + np.tile([-1, 0, 1], 2)
    x = np.stack([positions, positions, positions], 1)
    y = np.repeat([0, 1], 3)
    assert np.array_equal(accept(x, y), positions > medians[y])
    assert accept(x, y).any() and not accept(x, y).all()


def test_above_median_accepts_about_half_of_a_gans_items():
    gan = Adversarial(IMAGE, TINY["projection"]).fit(make_draw(), Job(3, 1))
    labels = np.repeat([0, 1, 2], 200)
    share = above_median(gan, gan.realness, 3, 11)(gan.sample(Condition(labels), 12), labels).reshape(3, 200).mean(1)
    assert share == pytest.approx([0.5] * 3, abs=0.2)  # medians and shares each vary by .04


def test_what_is_recognised_does_not_depend_on_how_many_are_asked_for():
    sizes = []
    accept = recognised(lambda x: sizes.append(len(x)) or np.eye(4)[x[:, 2]])
    x = np.stack([np.zeros(600), np.arange(600) % 200, np.arange(600) % 4], 1).astype(np.uint8)
    assert accept(x, np.arange(600) % 4).all() and accept(x[:1], np.zeros(1, int)).all()
    assert sizes == [1024, 512]


def test_recognised_accepts_where_the_classifier_sees_the_label():
    predict = lambda x: np.eye(3)[x[:, 0]]  # noqa: E731
    assert recognised(predict)(np.array([[0], [1], [2]]), np.array([0, 2, 2])).tolist() == [True, False, True]


def test_a_classifier_is_the_more_unsure_the_flatter_what_it_says():
    p = np.array([[1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3], [0.9, 0.1, 0]])
    score = unsureness(lambda x: np.resize(p, (len(x), 3)))(np.zeros((4, 2)), LABELS[:4])
    assert np.argsort(score).tolist() == [0, 3, 1, 2] and score[2] == pytest.approx(np.log(3)) and score[0] == 0
