"""CUDA streams that are lent to one user at a time; on the CPU, with streams that are none."""

from __future__ import annotations

import contextlib

import pytest
import torch

from gannb.utils import cuda_streams
from gannb.utils.cuda_streams import POOL, lend_stream, own_stream, return_stream


class Stream:
    """Stands for torch's: a new one is one of a few, in turn."""

    made = 0

    def __init__(self, device: str) -> None:
        self.cuda_stream = 100 + Stream.made % POOL
        Stream.made += 1


def test_no_two_have_the_same_stream_although_torch_hands_them_out_again(monkeypatch):
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(cuda_streams, "_lent", set())
    monkeypatch.setattr(cuda_streams, "_returned", {})
    kept = [lend_stream("cuda") for _ in range(3)]
    for _ in range(2 * POOL):  # one GAN after the other, beside three that go on
        lent = lend_stream("cuda")
        assert lent.cuda_stream not in {s.cuda_stream for s in kept}
        return_stream(lent, "cuda")
    kept += [lend_stream("cuda") for _ in range(POOL - 3)]
    assert len({s.cuda_stream for s in kept}) == POOL
    with pytest.raises(RuntimeError, match="32 streams of cuda are in use: train fewer GANs at once"):
        lend_stream("cuda")
    return_stream(kept[5], "cuda")
    assert lend_stream("cuda").cuda_stream == kept[5].cuda_stream


def test_a_stream_is_given_back_after_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(cuda_streams, "_lent", set())
    monkeypatch.setattr(cuda_streams, "_returned", {})
    with pytest.raises(ValueError), own_stream("cuda"):
        assert len(cuda_streams._lent) == 1
        raise ValueError
    assert cuda_streams._lent == set()


def test_units_one_after_the_other_work_on_one_stream_whose_memory_torch_has_kept(monkeypatch):
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext(on.append(stream.cuda_stream)))
    monkeypatch.setattr(cuda_streams, "_lent", set())
    monkeypatch.setattr(cuda_streams, "_returned", {})
    on: list[int] = []
    for _ in range(14):
        with own_stream("cuda:0"):
            pass
    assert len(on) == 14 and len(set(on)) == 1
    with own_stream("cuda:0"), own_stream("cuda"):  # one device, by two names
        assert len(cuda_streams._lent) == 2
    first, second = lend_stream("cuda"), lend_stream("cuda:0")
    assert first.cuda_stream != second.cuda_stream
