"""A step recorded once as a CUDA graph and replayed: hundreds of small kernels at the cost of one launch."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gannb.utils import cuda
from gannb.utils.cuda_streams import lend_stream, return_stream

WARM_UP = 3  # calls before a graph is recorded: libraries choose their kernels, optimisers make their state
_recording = threading.Lock()


class Captured:
    """A function of one tensor and of plain values, recorded for each combination of the values.

    Everything else that the function reads or writes must stay in place. On the CPU, and where it is not `possible`,
    the function is called as it is, with its input in the same buffer; so it is from then on, with a warning, where a
    recording fails. `rng` is the function's only randomness; a new seed given to it between calls is heeded.
    """

    def __init__(self, function: Callable[..., Tensor], device: torch.device, rng: torch.Generator, possible: bool):
        self.function, self.device, self.rng = function, device, rng
        self.captures = possible and device.type == "cuda"
        self.graphs: dict[tuple[Any, ...], tuple[torch.cuda.CUDAGraph, Tensor]] = {}
        self.stream: torch.cuda.Stream | None = None  # that all its graphs are recorded on
        self.forget()

    def forget(self) -> None:
        """Drop what was recorded: something that it holds has changed."""
        self._drop_graphs()
        self.calls: dict[tuple[Any, ...], int] = {}
        self.buffer: Tensor | None = None

    def _drop_graphs(self) -> None:
        if self.graphs:
            torch.cuda.current_stream(self.device).synchronize()  # their memory may be in use still
        with _recording:  # what another thread records must not see memory come and go
            for graph, _ in self.graphs.values():
                graph.reset()
        self.graphs = {}

    def close(self) -> None:
        """Drop everything, at a moment of one's own choosing: freed with the function's owner, it would be at any."""
        self.forget()
        self.function = None
        if self.stream is not None:
            return_stream(self.stream, self.device)
            self.stream = None

    def __call__(self, value: Tensor, *choices: Any) -> Tensor:
        """The function's result, to be used before the next call."""
        if self.buffer is None:
            self.buffer = torch.empty_like(value, device=self.device)
        self.buffer.copy_(value, non_blocking=True)
        self.calls[choices] = self.calls.get(choices, 0) + 1
        if not self.captures or self.calls[choices] <= WARM_UP:
            return self.function(self.buffer, *choices)
        with torch.cuda.device(self.device):  # a graph is replayed on a stream of the current device
            if choices not in self.graphs and not self._record(choices):
                return self.function(self.buffer, *choices)
            graph, result = self.graphs[choices]
            graph.replay()
        return result

    def _record(self, choices: tuple[Any, ...]) -> bool:
        """Record the function without running it, and tell whether that worked; nothing is recorded after a failure."""
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.rng)
        self.stream = self.stream or lend_stream(self.device)
        try:
            # other threads train other GANs meanwhile: they may go on, but not record
            with _recording, torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                result = self.function(self.buffer, *choices)
        except RuntimeError as error:
            if cuda.is_full(str(error)) or (cuda.sticks(str(error)) and "captur" not in str(error)):
                raise
            self._drop_graphs()
            self.captures = False
            warnings.warn(
                f"A step cannot be recorded as a CUDA graph, and training goes on without, more slowly: "
                f"{cuda.in_one_line(str(error))}", RuntimeWarning, stacklevel=3,
            )  # fmt: skip
            return False
        self.graphs[choices] = graph, result
        return True
