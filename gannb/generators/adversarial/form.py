"""How items come to a family's networks, and back: as their medium brings them, or in another form.

A network may work on something that is derived from an item, as on the picture of a sound. The training loop, the guard
and sampling ask the form for it; what they give to anybody else are items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from torch import Generator as Rng
    from torch import Tensor, nn

    from gannb.data.medium import Medium


class Form(Protocol):
    """What networks see of the items of a medium; made by `Family.form`."""

    def stored(self, x: np.ndarray, device: str) -> Tensor:
        """Items (N, ...) in this form, as a tensor on a device, not yet as floats."""
        ...

    def encode(self, stored: Tensor) -> Tensor:
        """What `stored` gave, or rows of it (N, ...), as floats that networks take."""
        ...

    def decode(self, values: Tensor) -> np.ndarray:
        """What a network made, rounded, still in this form: (N, ...)."""
        ...

    def items(self, made: np.ndarray) -> np.ndarray:
        """Items (N, ...) of what `decode` gave; each depends on its own row alone."""
        ...

    def raw_features(self, made: np.ndarray) -> np.ndarray:
        """The medium's raw features (N, D) of what `decode` gave, or what stands for them where `items` takes long."""
        ...

    def augment(self, batch: Tensor, policy: Any, rng: Rng, chance: Tensor | None, clamp: bool) -> Tensor:
        """Transform each of the encoded items (N, ...) by its own draw; differentiable in the batch."""
        ...

    def place(self, network: nn.Module, device: str) -> nn.Module:
        """Move a network to a device, in the memory layout that pays for this form."""
        ...


class AsTheyAre:
    """The items themselves, as the medium brings them to networks; where a family's form differs, it differs from it.

    See `Form` for what each of them is.
    """

    def __init__(self, medium: Medium) -> None:
        self.medium = medium

    def stored(self, x: np.ndarray, device: str) -> Tensor:
        """Items (N, ...) as the medium stores them."""
        return self.medium.stored(x, device)

    def encode(self, stored: Tensor) -> Tensor:
        """What `stored` gave (N, ...) as the medium encodes it."""
        return self.medium.encode(stored)

    def decode(self, values: Tensor) -> np.ndarray:
        """Items (N, ...) of what a network made (N, ...)."""
        return self.medium.decode(values)

    def items(self, made: np.ndarray) -> np.ndarray:
        """The same: they are items (N, ...) already."""
        return made

    def raw_features(self, made: np.ndarray) -> np.ndarray:
        """The raw features (N, D) of items (N, ...)."""
        return self.medium.raw_features(made)

    def augment(self, batch: Tensor, policy: Any, rng: Rng, chance: Tensor | None, clamp: bool) -> Tensor:
        """The encoded items (N, ...), each transformed."""
        return self.medium.augment(batch, policy, rng, chance, clamp)

    def place(self, network: nn.Module, device: str) -> nn.Module:
        """The network in the medium's memory layout."""
        return self.medium.place(network, device)
