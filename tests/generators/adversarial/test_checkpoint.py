"""Checkpoints: exact for every family, refused for another training, left out where damaged."""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_gans import MAKERS, TINY, equal, make_draw, make_training

from gannb.generators.adversarial import gan as adversarial
from gannb.generators.adversarial.checkpoint import DamagedCheckpoint, identity, read_checkpoint, write_checkpoint
from gannb.generators.adversarial.gan import Adversarial, train
from gannb.generators.adversarial.guard import Guard
from gannb.generators.interface import Job
from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import POLICIES
from gannb.utils.errors import InputError


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_at(step: int):
    def progress(done: int, total: int) -> None:
        if done == step:
            raise Killed

    return progress


@pytest.fixture
def every_step(monkeypatch):
    """Progress after every step, a checkpoint whenever the guard has looked: after every fourth."""
    monkeypatch.setattr(adversarial, "CHECKPOINT_EVERY", 0.0)
    monkeypatch.setattr(adversarial, "PROGRESS_EVERY", 0.0)


def start(family: str = "mlp", steps: int = 12, **options) -> Guard:
    draw = options.pop("draw", make_draw())
    training = make_training(family, steps, draw=draw, **options)
    return Guard(training, draw)


def about(guard: Guard) -> dict:
    return identity(guard.training, make_draw())


# ---- what is written is read ----


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("family", list(TINY))
def test_killed_and_resumed_from_the_file_equals_undisturbed_bit_for_bit(family, adaptive, tmp_path, every_step):
    options = {"adaptive": adaptive, "policy": POLICIES["affine"] if adaptive else None}
    undisturbed, killed, resumed = (start(family, **options) for _ in range(3))
    train(undisturbed, None, {})
    killed.training.job = replace(killed.training.job, progress=kill_at(11))
    with pytest.raises(Killed):
        train(killed, tmp_path / "c", about(killed))
    steps = []
    resumed.training.job = replace(resumed.training.job, progress=lambda done, total: steps.append(done))
    train(resumed, tmp_path / "c", about(resumed))
    assert steps[:2] == [8, 9]  # it did go on from the checkpoint after step 8, and said so at once
    (tensors, values), (expected, expected_values) = resumed.state(), undisturbed.state()
    assert equal(tensors, expected) and values == expected_values
    assert json.dumps(values) == json.dumps(expected_values)  # the order of keys too: they are written to files
    assert equal(resumed.good[0], undisturbed.good[0])


def test_tensors_and_values_come_back_as_they_were(tmp_path):
    state = {"a": torch.tensor([[1.5, float("inf")]]), "b.c": torch.tensor(3)}, {"x": [0.1, 1 / 3], "y": {"z": None}}
    write_checkpoint(tmp_path / "new" / "c", state, {"seed": 1})
    tensors, values = read_checkpoint(tmp_path / "new" / "c", {"seed": 1})
    assert equal(tensors, state[0]) and values == state[1]
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["c"]


def test_a_checkpoint_holds_the_last_state_that_the_guard_found_good(tmp_path, every_step):
    guard = start()
    train(guard, tmp_path / "c", about(guard))
    tensors, values = read_checkpoint(tmp_path / "c", about(guard))
    assert equal(tensors, guard.good[0]) and values["step"] == 12


# ---- another training's ----


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"job": Job(12, 4)}, "seed"),
        ({"job": Job(13, 3)}, "steps"),
        ({"draw": make_draw(seed=1)}, "draw"),
        ({"draw": make_draw(shape=(8, 4, 2))}, "shape"),
        ({"draw": make_draw(classes=2)}, "classes, draw, networks"),
        ({"gan": Adversarial(IMAGE, TINY["dcgan"])}, "family, networks, policy, settings"),
        ({"gan": Adversarial(IMAGE, replace(TINY["mlp"], learning_rate=0.5))}, "settings"),
        ({"gan": Adversarial(IMAGE, TINY["mlp"], "shift")}, "policy"),
        ({"gan": Adversarial(IMAGE, TINY["mlp"], adaptive=True)}, "adaptive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_checkpoint_of_another_training_is_refused_and_kept(changes, differs, tmp_path, every_step):
    with pytest.raises(Killed):
        Adversarial(IMAGE, TINY["mlp"]).fit(make_draw(), Job(12, 3, checkpoint=tmp_path, progress=kill_at(9)))
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    job = replace(changes.get("job", Job(12, 3)), checkpoint=tmp_path)
    with pytest.raises(InputError, match=rf"of another training \({differs} differ\): move it away"):
        changes.get("gan", Adversarial(IMAGE, TINY["mlp"])).fit(changes.get("draw", make_draw()), job)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_a_checkpoint_of_networks_of_another_size_is_refused(tmp_path, every_step):
    with pytest.raises(Killed):
        Adversarial(IMAGE, TINY["mlp"]).fit(make_draw(), Job(12, 3, checkpoint=tmp_path, progress=kill_at(9)))
    wider = replace(TINY["mlp"], generator=lambda shape, classes: MAKERS["mlp"][0](shape, classes, hidden=48))
    with pytest.raises(InputError, match="of another training"):
        Adversarial(IMAGE, wider).fit(make_draw(), Job(12, 3, checkpoint=tmp_path))


def test_the_device_is_no_part_of_what_a_checkpoint_must_agree_in():
    known = about(start())
    assert known == about(start()) and "device" not in known and known == json.loads(json.dumps(known))


# ---- damaged, or not finished ----


def damaged(content: bytes, damage: str) -> bytes:
    if damage == "flipped":
        return content[:-1000] + bytes([content[-1000] ^ 1]) + content[-999:]
    if damage == "flipped in its header":
        return content[:40] + bytes([content[40] ^ 1]) + content[41:]
    return {"truncated": content[: len(content) // 2], "empty": b"", "text": b"not a checkpoint at all"}[damage]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "flipped in its header", "empty", "text"])
def test_a_damaged_checkpoint_is_left_out_with_a_warning(damage, tmp_path, every_step):
    draw = make_draw()
    with pytest.raises(Killed):
        Adversarial(IMAGE, TINY["mlp"]).fit(draw, Job(12, 3, checkpoint=tmp_path, progress=kill_at(9)))
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(damaged(path.read_bytes(), damage))
    told = []
    job = Job(12, 3, checkpoint=tmp_path, progress=lambda done, total: told.append((done, total)))
    with pytest.warns(RuntimeWarning, match="checkpoint is damaged, training starts again"):
        gan = Adversarial(IMAGE, TINY["mlp"]).fit(draw, job)
    assert told == [(step, 12) for step in range(13)]  # progress starts again as well, before the first step
    expected = Adversarial(IMAGE, TINY["mlp"]).fit(draw, Job(12, 3))
    assert equal(gan.networks.state_dict(), expected.networks.state_dict())
    assert gan.curves == expected.curves and np.array_equal(gan.grids, expected.grids)


def test_every_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "c"
    write_checkpoint(path, ({"a": torch.arange(6.0), "b": torch.ones(2)}, {"step": 3, "rates": [0.5]}), {"seed": 1})
    content = path.read_bytes()
    unnoticed = []
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :])
        try:
            tensors, values = read_checkpoint(path, {"seed": 1})
        except (DamagedCheckpoint, InputError):
            continue
        if not (equal(tensors, {"a": torch.arange(6.0), "b": torch.ones(2)}) and values == {"step": 3, "rates": [0.5]}):
            unnoticed.append(position)
    assert unnoticed == []


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_a_writer_that_is_stopped_leaves_the_checkpoint_before(call, tmp_path, every_step, monkeypatch):
    path = tmp_path / "checkpoint.safetensors"
    draw = make_draw()
    with pytest.raises(Killed):
        Adversarial(IMAGE, TINY["mlp"]).fit(draw, Job(12, 3, checkpoint=tmp_path, progress=kill_at(6)))
    before = path.read_bytes()

    def power_cut(*_) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, power_cut)
        with pytest.raises(OSError, match="power cut"):
            Adversarial(IMAGE, TINY["mlp"]).fit(draw, Job(12, 3, checkpoint=tmp_path))
    assert path.read_bytes() == before
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is damaged
        gan = Adversarial(IMAGE, TINY["mlp"]).fit(draw, Job(12, 3, checkpoint=tmp_path))
    expected = Adversarial(IMAGE, TINY["mlp"]).fit(draw, Job(12, 3))
    assert equal(gan.networks.state_dict(), expected.networks.state_dict())
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.safetensors"]
