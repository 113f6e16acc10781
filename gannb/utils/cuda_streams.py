"""CUDA streams that several threads of a process work on beside each other, each on one of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

POOL = 32  # streams of a device that torch hands out in turn, again and again
_lending = threading.Lock()
_lent: set[int] = set()
_returned: dict[str, list[torch.cuda.Stream]] = {}  # by device, the last one returned last


def lend_stream(device: torch.device | str) -> torch.cuda.Stream:
    """Return a CUDA stream that no one else has until `return_stream`: the one that was returned last, if any was.

    Torch keeps the memory that was freed on a stream for that stream alone. Torch's 33rd new stream is its first one
    again; what one GAN does on it must not get into another's graph.
    """
    with _lending:
        returned = _returned.setdefault(str(device), [])
        for _ in range(len(returned) + POOL):
            stream = returned.pop() if returned else torch.cuda.Stream(device)
            if stream.cuda_stream not in _lent:  # `cuda` and `cuda:0` are one device
                _lent.add(stream.cuda_stream)
                return stream
    raise RuntimeError(f"All {POOL} streams of {device} are in use: train fewer GANs at once in a process.")


def return_stream(stream: torch.cuda.Stream, device: torch.device | str) -> None:
    """Let others have a stream of a device."""
    with _lending:
        _lent.discard(stream.cuda_stream)
        _returned.setdefault(str(device), []).append(stream)


@contextmanager
def own_stream(device: torch.device | str) -> Iterator[None]:
    """Everything on a stream of its own."""
    stream = lend_stream(device)
    try:
        with torch.cuda.stream(stream):
            yield
    finally:
        return_stream(stream, device)
