"""The states of a GRU over whole sequences, on the CPU a few times as fast to learn from as torch's own.

torch records some twenty small operations a place, and goes back through each of them; with 32 sentences and a hundred
values a state, that takes longer than the arithmetic. Here the way back is written out: two thirds of it is done for
all places at once, and the gradient of a weight is one product of matrices.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def states_of(gru: nn.GRU, x: Tensor) -> Tensor:
    """Return the states of a GRU of one layer, `batch_first`: (B, T, D) -> (B, T, H), or (B, T, 2 H) both ways.

    As `gru(x)[0]`, to rounding; which is what it is on a GPU, and where nothing is learnt.
    """
    if x.device.type != "cpu" or not torch.is_grad_enabled():
        return gru(x)[0]
    x = x.transpose(0, 1)  # (T, B, D)
    found = [_Gru.apply(x, *_weights(gru, ""))]
    if gru.bidirectional:
        found.append(_Gru.apply(x.flip(0), *_weights(gru, "_reverse")).flip(0))
    return torch.cat(found, 2).transpose(0, 1)


def _weights(gru: nn.GRU, way: str) -> list[Tensor]:
    return [getattr(gru, f"{name}_l0{way}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


class _Gru(torch.autograd.Function):
    """One direction, from a state of zeros (Cho et al. 2014, equations 5 to 8, as `torch.nn.GRU` writes them).

    With gates r and z of x_t and the state before, h: n = tanh(W x_t + r * (U h)), and the next state is
    n + z * (h - n).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
        """Return the states: (T, B, D), weights of r, z and n one below another (3 H, D), (3 H, H), (3 H,) twice."""
        places, many, size = len(x), x.shape[1], w_hh.shape[1]
        of_x, of_h = F.linear(x, w_ih, b_ih), x.new_empty(places, many, 3 * size)
        gates, new = x.new_empty(places, many, 2 * size), x.new_empty(places, many, size)
        states = x.new_zeros(1 + places, many, size)
        back = w_hh.T
        for t in range(places):
            torch.addmm(b_hh, states[t], back, out=of_h[t])
            torch.add(of_x[t, :, : 2 * size], of_h[t, :, : 2 * size], out=gates[t]).sigmoid_()
            r, z = gates[t].split(size, 1)
            torch.addcmul(of_x[t, :, 2 * size :], r, of_h[t, :, 2 * size :], out=new[t]).tanh_()
            torch.lerp(new[t], states[t], z, out=states[t + 1])
        ctx.save_for_backward(x, w_ih, w_hh, of_h[..., 2 * size :], gates, new, states)
        return states[1:].clone()

    @staticmethod
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor, ...]:
        """Gradients of the states (T, B, H) -> of all that `forward` takes."""
        x, w_ih, w_hh, candidate, gates, new, states = ctx.saved_tensors
        size = w_hh.shape[1]
        r, z = gates.split(size, 2)
        of_n = (1 - z) * (1 - new * new)  # of a state, before the tanh
        of_z = (states[:-1] - new) * z * (1 - z)  # before the sigmoid, as the next
        of_r = candidate * r * (1 - r)  # of n before the tanh
        by_h, by_n = x.new_empty(*gates.shape[:2], 3 * size), torch.empty_like(new)
        late = torch.zeros_like(given[0])  # what the later places ask of a state
        for t in reversed(range(len(x))):
            late = late + given[t]
            torch.mul(late, of_n[t], out=by_n[t])
            torch.mul(by_n[t], of_r[t], out=by_h[t, :, :size])
            torch.mul(late, of_z[t], out=by_h[t, :, size : 2 * size])
            torch.mul(by_n[t], r[t], out=by_h[t, :, 2 * size :])
            late = torch.addmm(late * z[t], by_h[t], w_hh)
        by_x = torch.cat([by_h[..., : 2 * size], by_n], 2).flatten(0, 1)
        by_h = by_h.flatten(0, 1)
        of_weights = by_x.T @ x.flatten(0, 1), by_h.T @ states[:-1].flatten(0, 1)
        return (by_x @ w_ih).view_as(x), *of_weights, by_x.sum(0), by_h.sum(0)
