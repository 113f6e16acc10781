"""Shards: what an item depends on, how a shard is made, and what is found out about a set."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
from pace import wait_for
from tiny_gans import TINY, digits_draw, make_draw

from gannb.export.shards import (
    BLOCK,
    SHARD_ITEMS,
    Plan,
    ahead,
    captions_of_block,
    class_block,
    digests_beside,
    items_of_block,
    problems_beside,
)
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.generators.simple import SIMPLE
from gannb.measures.copy_rule import CopyRule
from gannb.media.image import IMAGE

PLAN = Plan("webdataset", ("a", "b", "c"), (70, 0, 200), (8, 8, 1), 0, False, "key", "image", ("a", "b", "c"))


def fitted(name: str):
    if name in SIMPLE:
        return SIMPLE[name](IMAGE).fit(make_draw(), Job(1, 0))
    return Adversarial(IMAGE, TINY[name]).fit(make_draw(), Job(2, 0))


# ---- what an item depends on ----


@pytest.mark.parametrize("name", ["mlp", "projection", "dcgan_per_class", "gaussian", "interpolation"])
def test_an_item_depends_on_weights_seed_class_and_index_alone(name):
    generator = fitted(name)
    blocks = {(k, b): class_block(generator, 5, k, b) for k in (0, 2) for b in (0, 3)}
    assert all(x.shape == (BLOCK, 8, 8, 1) and x.dtype == np.uint8 for x in blocks.values())
    again = fitted(name)  # the same weights, asked in another order
    assert all(np.array_equal(class_block(again, 5, k, b), blocks[k, b]) for k, b in reversed(blocks))
    assert len({x.tobytes() for x in blocks.values()}) == 4
    assert not np.array_equal(class_block(generator, 6, 0, 0), blocks[0, 0])
    assert np.array_equal(items_of_block(generator, None, replace(PLAN, seed=5), 2, 3, 7)[0], blocks[2, 3][:7])


def test_varied_gans_have_pure_items_too():
    plain = fitted("mlp")
    cut = plain.truncated(0.5)
    assert np.array_equal(class_block(cut, 0, 1, 2), class_block(fitted("mlp").truncated(0.5), 0, 1, 2))
    assert not np.array_equal(class_block(cut, 0, 1, 2), class_block(plain, 0, 1, 2))


# ---- captions ----


class Teller:
    """Images as bright as their caption is long; those that nobody asked for are drawn by the seed."""

    def captions_of(self, condition: Condition, seed: int) -> np.ndarray:
        if condition.captions is not None:
            return condition.captions
        return np.array(["x" * n for n in np.random.default_rng(seed).integers(1, 99, len(condition))])

    def sample(self, condition: Condition, seed: int) -> np.ndarray:
        lengths = np.char.str_len(self.captions_of(condition, seed)).astype(np.uint8)
        return np.broadcast_to(lengths[:, None, None, None], (len(lengths), 8, 8, 1)).copy()


def brightness(plan: Plan, k: int, block: int, wanted: int, rule=None) -> list[int]:
    return items_of_block(Teller(), rule, plan, k, block, wanted)[0][:, 0, 0, 0].tolist()


def test_captions_that_are_asked_for_are_made_one_by_one_in_their_order():
    asked = tuple("a" * (1 + i) for i in range(70)) + tuple("c" * (1 + i % 90) for i in range(200))
    plan = replace(PLAN, captioned=True, captions=asked)
    assert brightness(plan, 0, 0, 64) == list(range(1, 65)) and brightness(plan, 0, 1, 6) == list(range(65, 71))
    assert brightness(plan, 2, 3, 8) == [1 + i % 90 for i in range(192, 200)]
    assert captions_of_block(Teller(), plan, 0, 1).tolist() == [*asked[64:70], *[asked[69]] * 58]


def test_an_item_that_is_replaced_keeps_its_caption():
    plan, rejected = replace(PLAN, captioned=True), [True, False]
    rule = lambda x: np.full(len(x), rejected.pop(0))  # noqa: E731
    captions = captions_of_block(Teller(), plan, 2, 1)
    assert brightness(plan, 2, 1, 9, rule) == [len(caption) for caption in captions[:9]]


def test_items_without_captions_have_none():
    assert captions_of_block(Teller(), PLAN, 0, 0) is None


def test_what_lies_beside_the_shards_is_compared_with_the_manifest(tmp_path):
    (tmp_path / "metadata.jsonl").write_text("one")
    manifest = digests_beside(tmp_path, ["metadata.jsonl"])
    assert problems_beside(tmp_path, manifest) == [] == problems_beside(tmp_path, {})
    assert digests_beside(tmp_path, []) == {}
    (tmp_path / "metadata.jsonl").write_text("two")
    assert problems_beside(tmp_path, manifest) == ["damaged: metadata.jsonl"]
    (tmp_path / "metadata.jsonl").unlink()
    assert problems_beside(tmp_path, manifest) == ["missing: metadata.jsonl"]


# ---- copies ----


class Copier:
    """Every third item is a training item, in the first attempt; the others are noise."""

    def __init__(self, x: np.ndarray, attempts_of_copies: int = 1) -> None:
        self.x, self.left = x, attempts_of_copies

    def sample(self, condition: Condition, seed: int) -> np.ndarray:
        made = np.random.default_rng(seed).integers(256, size=(len(condition), *self.x.shape[1:]), dtype=np.uint8)
        if self.left > 0:
            made[::3] = self.x[: len(made[::3])]
        self.left -= 1
        return made


def test_copies_are_replaced_and_nothing_else_is():
    draw = digits_draw()
    rule = CopyRule(IMAGE, draw)
    plain = class_block(Copier(draw.x), 0, 1, 4)
    found, replaced = items_of_block(Copier(draw.x), rule, PLAN, 1, 4, 50)
    assert replaced == len(plain[:50:3]) and not rule(found).any()
    kept = np.arange(50) % 3 > 0
    assert np.array_equal(found[kept], plain[:50][kept])
    fewer, _ = items_of_block(Copier(draw.x), rule, PLAN, 1, 4, 20)
    assert np.array_equal(fewer, found[:20])
    twice, _ = items_of_block(Copier(draw.x, 2), rule, PLAN, 1, 4, 50)  # replaced by copies, which are replaced
    assert not rule(twice).any()


def test_a_generator_that_only_copies_is_told_apart(monkeypatch):
    monkeypatch.setattr("gannb.export.shards.ATTEMPTS", 3)
    draw = digits_draw()
    with pytest.raises(RuntimeError, match="class 'b': 3 attempts at an item all look like copies"):
        items_of_block(Copier(draw.x, 10), CopyRule(IMAGE, draw), PLAN, 1, 0, 64)


# ---- plans ----


@pytest.mark.parametrize("counts", [(70, 0, 200), (1, 1, 1), (5000, 3000, 9000)])
def test_shards_hold_every_index_once(counts):
    plan = replace(PLAN, counts=counts)
    found = [(k, i) for shard in plan.shards for k, start, end in shard.parts for i in range(start, end)]
    assert sorted(found) == [(k, i) for k, n in enumerate(counts) for i in range(n)]
    assert sum(map(len, plan.shards)) == len(plan) == sum(counts)
    assert all(len(shard) for shard in plan.shards)


def test_a_larger_set_begins_with_the_shards_of_a_smaller_one():
    small, large = replace(PLAN, counts=(3000, 0, 6000)), replace(PLAN, counts=(9000, 0, 6001))
    assert small.shards[0] == large.shards[0] and len(large.shards) > len(small.shards) > 1


@pytest.mark.parametrize(("classes", "side"), [(2, 8), (10, 32), (1000, 8), (10, 1024)])
def test_a_shard_is_of_a_bounded_size(classes, side):
    names = tuple(map(str, range(classes)))
    plan = Plan("parquet", names, (10**4,) * classes, (side, side, 3), 0, False, "", "image", names)
    assert plan.span % BLOCK == 0
    assert len(plan.shards[0]) <= max(SHARD_ITEMS, BLOCK * classes)


def test_a_plan_survives_its_manifest():
    assert Plan.of(json.loads(json.dumps({"plan": asdict(PLAN)}))) == PLAN
    earlier = {name: value for name, value in asdict(PLAN).items() if name not in ("medium", "traits")}
    assert Plan.of({"plan": earlier}) == PLAN and Plan.of({"plan": earlier}).of_items is IMAGE
    assert PLAN.differs_from(replace(PLAN, traits={"rate": 8000})) == ["traits"]
    assert PLAN.differs_from(replace(PLAN, counts=(1, 1, 1), seed=3, format="parquet")) == ["format", "seed"]


# ---- making ahead ----


def test_what_is_made_ahead_comes_in_order_and_overlaps():
    working, overlap = threading.Event(), threading.Event()

    def numbers():
        for i in range(20):
            if working.is_set():
                overlap.set()
            yield i

    found = []
    for i in ahead(numbers(), 2):
        working.set()
        found.append(i)
        if i == 0:
            assert overlap.wait(10)  # the next one is begun while this one is worked on
    assert found == list(range(20))


def test_no_more_is_made_ahead_than_may_wait():
    made = []

    def numbers():
        for i in range(100):
            made.append(i)
            yield i

    source = ahead(numbers(), 3)
    next(source)
    time.sleep(0.1)
    assert len(made) <= 1 + 3 + 1
    source.close()
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "ahead"], "the end of the thread")
    assert len(made) <= 1 + 3 + 2


def test_an_error_ahead_is_the_callers():
    def failing():
        yield 1
        raise ValueError("no more")

    source = ahead(failing())
    assert next(source) == 1
    with pytest.raises(ValueError, match="no more"):
        next(source)
