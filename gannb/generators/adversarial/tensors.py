"""Tensors of a training: averages of weights, whether all is finite, and the state that a checkpoint keeps by name."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class Resumable:
    """A training whose state can be checked, kept, and gone on from.

    curves: by name, a value for each point. window: tensor of the sums since the last point. grids: of samples.
    """

    window: Tensor
    curves: dict[str, list[float]]
    grids: list[Tensor]
    optimisers: dict[str, torch.optim.Optimizer]

    def is_finite(self) -> bool:
        """Tell whether all weights, averages and moments are, and the last point of the curves."""
        last = [values[-1] for values in self.curves.values() if values]
        return bool(np.isfinite(last).all()) and all_finite(self._tensors().values())

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Copies of the tensors and plain values from which `restore` continues as if nothing had happened."""
        tensors = {name: tensor.detach().clone() for name, tensor in self._tensors().items()}
        return tensors, copy.deepcopy(self._values())

    def _tensors(self) -> dict[str, Tensor]:
        """Everything in a state that is a tensor, not copied."""
        return {"window": self.window} | tensors_of(self._networks(), self.optimisers, self.grids)

    def _networks(self) -> dict[str, nn.Module]:
        """By name, every network in a state."""
        raise NotImplementedError

    def _values(self) -> dict[str, Any]:
        """Everything in a state that is no tensor, not copied; JSON."""
        raise NotImplementedError


def ema_momentum(step: int, limit: float) -> float:
    """Momentum after step 0, 1, ...: min(limit, 1 - 1 / (step / 10 + 1)), to forget the start."""
    return min(limit, 1 - 1 / (step / 10 + 1))


def float_tensors(network: nn.Module) -> list[Tensor]:
    """All that training changes in a network: weights, batch-norm statistics, spectral norms."""
    return [value for value in network.state_dict().values() if value.is_floating_point()]


def ema_update(average: list[Tensor], current: list[Tensor], momentum: float) -> None:
    """average = momentum * average + (1 - momentum) * current, in place."""
    torch._foreach_lerp_(average, current, 1 - momentum)


def adam(network: nn.Module, rate: float, betas: tuple[float, float] = (0.9, 0.999)) -> torch.optim.Adam:
    """Adam (Kingma & Ba 2015) for all weights of a network, in the form whose steps a GPU can record."""
    weights = list(network.parameters())
    capturable = {"capturable": True} if weights[0].device.type == "cuda" else {}
    return torch.optim.Adam(weights, rate, betas, fused=True, **capturable)


def tensors_of(
    networks: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer], grids: list[Tensor]
) -> dict[str, Tensor]:
    """Name the tensors of networks, of their optimisers and of grids of samples, without copying them."""
    tensors = {f"{name}.{key}": value for name in networks for key, value in networks[name].state_dict().items()}
    for name, optimiser in optimisers.items():
        for number, moments in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{name}.{number}.{key}": value for key, value in moments.items()}
    return tensors | {f"grid.{number}": grid for number, grid in enumerate(grids)}


def load_tensors(
    tensors: dict[str, Tensor], networks: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer]
) -> list[Tensor]:
    """Give networks and optimisers what `tensors_of` named, and return the grids."""
    for name, network in networks.items():
        network.load_state_dict(under(tensors, f"{name}."))
    for name, optimiser in optimisers.items():
        optimiser.state.clear()
        for number, parameter in enumerate(optimiser.param_groups[0]["params"]):
            if saved := under(tensors, f"optimiser.{name}.{number}."):
                optimiser.state[parameter] = {key: _laid_out_like(parameter, v) for key, v in saved.items()}
    grids = under(tensors, "grid.")
    return [grids[str(number)] for number in range(len(grids))]


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Tell whether all values are finite, waiting for each device once: hundreds of waits take longer than steps do."""
    flags: dict[torch.device, list[Tensor]] = {}
    for tensor in tensors:
        flags.setdefault(tensor.device, []).append(tensor.isfinite().all())
    return all(bool(torch.stack(found).all()) for found in flags.values())


def under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with the prefix, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """A copy of the value on the parameter's device and in its memory layout, which fused optimisers rely on."""
    if value.shape != parameter.shape:
        return value.to(parameter.device, copy=True)
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
