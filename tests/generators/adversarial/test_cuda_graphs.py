"""Steps recorded as CUDA graphs: on the CPU nothing but the function itself; on a GPU the same numbers."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
import torch

from gannb.generators.adversarial.cuda_graphs import WARM_UP, Captured
from gannb.utils import cuda_streams

CHOICES = [(penalise, bounded) for penalise in (False, True) for bounded in (False, True)]


def make(device: str = "cpu", possible: bool = True):
    """A noisy function of a tensor and two choices that also changes something in place, and what it changes."""
    rng, total = torch.Generator(device), torch.zeros((), device=device)

    def function(value: torch.Tensor, penalise: bool, bounded: bool) -> torch.Tensor:
        result = value.float() * (2 if penalise else 1) + torch.rand(3, generator=rng, device=device)
        result = result.clamp(max=2.5) if bounded else result
        total.add_(result.sum())
        return result

    return Captured(function, torch.device(device), rng, possible), function, rng, total


def results(call, rng: torch.Generator, device: str = "cpu") -> list[torch.Tensor]:
    """What a call gives in turn for every combination of the choices, six times, each with a seed of its own."""
    made = []
    for number, choices in enumerate(CHOICES * 6):
        rng.manual_seed(number)
        made.append(call(torch.tensor([0, 1, number], device=device), *choices).clone().cpu())
    return made


@pytest.mark.parametrize("possible", [True, False])
def test_on_the_cpu_it_is_the_function_for_every_combination_of_choices(possible):
    captured, _, rng, total = make(possible=possible)
    _, function, plain_rng, plain_total = make()
    expected = results(function, plain_rng)
    assert all(torch.equal(a, b) for a, b in zip(results(captured, rng), expected, strict=True))
    assert torch.equal(total, plain_total) and not captured.captures and captured.graphs == {}
    assert len({tuple(e.tolist()) for e in expected}) == len(expected)


def test_the_input_is_read_anew_at_every_call_and_kept_as_it_is():
    captured, *_ = make()
    value = torch.tensor([1, 2, 3])
    captured(value, False, False)
    captured(torch.tensor([7, 8, 9]), False, False)
    assert value.tolist() == [1, 2, 3]


def test_a_new_seed_is_heeded_and_an_old_one_repeated():
    captured, _, rng, _ = make()
    made = []
    for seed in (1, 2, 1):
        rng.manual_seed(seed)
        made.append(captured(torch.zeros(3), False, False).clone())
    assert torch.equal(made[0], made[2]) and not torch.equal(made[0], made[1])


def test_forgetting_starts_afresh_also_with_inputs_of_another_size():
    captured, *_ = make()
    captured(torch.zeros(3), False, True)
    captured.forget()
    assert captured.calls == {} and captured.graphs == {}
    assert captured(torch.zeros((2, 3)), False, True).shape == (2, 3)


def test_closing_lets_go_of_the_function():
    captured, *_ = make()
    captured.close()
    assert captured.function is None and captured.graphs == {}


class Stream:
    """Stands for torch's."""

    made = 0

    def __init__(self, device: str) -> None:
        self.cuda_stream = 100 + Stream.made
        Stream.made += 1


class Graph:
    """Stands for a CUDA graph."""

    def __init__(self) -> None:
        self.resets = 0

    def register_generator_state(self, rng) -> None:
        pass

    def replay(self) -> None:
        pass

    def reset(self) -> None:
        self.resets += 1


@pytest.fixture
def fake(monkeypatch) -> SimpleNamespace:
    """A GPU that stands for one: graphs that only count, streams, and what a recording raises, if anything."""
    found = SimpleNamespace(graphs=[], on=set(), raises=None, devices=[])

    @contextlib.contextmanager
    def recording(graph, stream, **_):
        found.on.add(stream)
        if found.raises is not None:
            raise found.raises  # before the function: a recording runs nothing
        yield

    monkeypatch.setattr(cuda_streams, "_lent", set())
    monkeypatch.setattr(cuda_streams, "_returned", {})
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: SimpleNamespace(synchronize=lambda: None))
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: found.graphs.append(Graph()) or found.graphs[-1])
    monkeypatch.setattr(torch.cuda, "graph", recording)
    monkeypatch.setattr(torch.cuda, "device", lambda device: contextlib.nullcontext(found.devices.append(device)))
    return found


def test_graphs_are_reset_when_forgotten_and_the_one_stream_of_them_is_given_back_at_the_end(fake):
    captured, *_ = make()
    captured.captures = True
    for choices in CHOICES:
        for _ in range(WARM_UP + 2):
            captured(torch.zeros(3), *choices)
    assert len(fake.graphs) == len(CHOICES) and len(fake.on) == len(cuda_streams._lent) == 1
    captured.forget()
    assert [graph.resets for graph in fake.graphs] == [1] * 4 and len(cuda_streams._lent) == 1
    for _ in range(WARM_UP + 1):
        captured(torch.zeros(3), False, False)
    captured.close()
    assert [graph.resets for graph in fake.graphs] == [1] * 5 and cuda_streams._lent == set() and len(fake.on) == 1


def test_graphs_are_recorded_and_replayed_with_their_own_device_as_the_current_one(fake):
    captured, *_ = make()
    captured.captures, captured.device = True, torch.device("cpu")  # stands for cuda:1
    for _ in range(WARM_UP + 2):
        captured(torch.zeros(3), False, False)
    assert fake.devices == [captured.device] * 2


FAILING = "CUDA error: operation not permitted when stream is capturing\nCUDA kernel errors might be reported"


@pytest.mark.parametrize("error", [RuntimeError(FAILING), RuntimeError("Offset increment outside graph capture")])
def test_a_recording_that_fails_costs_speed_and_one_warning_and_no_step(fake, error):
    captured, _, rng, total = make()
    _, function, plain_rng, plain_total = make()
    captured.captures, fake.raises = True, error
    expected = results(function, plain_rng)
    with pytest.warns(RuntimeWarning, match="cannot be recorded as a CUDA graph, and training goes on") as warned:
        made = results(captured, rng)
    assert all(torch.equal(a, b) for a, b in zip(made, expected, strict=True)) and torch.equal(total, plain_total)
    assert len(warned) == 1 and "\n" not in str(warned[0].message)
    assert captured.graphs == {} and not captured.captures and len(fake.graphs) == 1
    captured.close()
    assert cuda_streams._lent == set()


FULL = torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate")
ASSERTED = RuntimeError("CUDA error: device-side assert")


@pytest.mark.parametrize("error", [FULL, ASSERTED])
def test_what_is_no_fault_of_the_recording_is_raised_as_ever(fake, error):
    captured, *_ = make()
    captured.captures, fake.raises = True, error
    with pytest.raises(type(error), match=str(error)[:20]):
        for _ in range(WARM_UP + 1):
            captured(torch.zeros(3), False, False)


@pytest.mark.gpu
def test_on_a_gpu_a_replay_gives_what_the_function_gives():
    captured, _, rng, total = make("cuda")
    _, function, plain_rng, plain_total = make("cuda")
    made, expected = results(captured, rng, "cuda"), results(function, plain_rng, "cuda")
    assert all(torch.equal(a, b) for a, b in zip(made, expected, strict=True))
    assert torch.equal(total, plain_total) and set(captured.graphs) == set(CHOICES)
    captured.close()


@pytest.mark.gpu
def test_on_a_gpu_only_what_was_called_often_is_recorded_and_forgetting_drops_it():
    captured, *_ = make("cuda")
    for _ in range(WARM_UP):
        captured(torch.zeros(3), False, False)
    assert captured.graphs == {}
    captured(torch.zeros(3), False, False)
    assert set(captured.graphs) == {(False, False)}
    captured.forget()
    assert captured.graphs == {}
    captured.close()


@pytest.mark.gpu
def test_on_a_gpu_nothing_is_recorded_where_it_is_not_possible():
    captured, *_ = make("cuda", possible=False)
    for _ in range(WARM_UP + 2):
        captured(torch.zeros(3), False, False)
    assert captured.graphs == {}
