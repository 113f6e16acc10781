"""Where a study's pretrained weights are: noted in its folder, for the units to read, whatever medium they are of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from gannb.utils.errors import InputError
from gannb.utils.files import read_noted, write_json

INDEX = "weights.json"  # of a study's folder


class Found(Protocol):
    """Weights that were found on this machine: a frozen dataclass of values that JSON has."""

    digest: str  # of what they hold and of the way in which they are used

    @property
    def place(self) -> str:
        """The file or folder that they are read from."""
        ...

    def is_meant_by(self, pretrained: str) -> bool:
        """Tell whether a study's `pretrained` means these weights, their files there or not."""
        ...


W = TypeVar("W", bound=Found)


@dataclass(frozen=True)
class Noted(Generic[W]):
    """What is noted of one kind of weights. again: looks for the same weights anew; raises InputError."""

    kind: Callable[..., W]
    again: Callable[[W], W]

    def keep(self, folder: Path, weights: W) -> None:
        """Note in a study's folder where weights are: those in use last."""
        known = _known(folder)
        noted = {digest: each for digest, each in known.items() if digest != weights.digest}
        noted |= {weights.digest: asdict(weights)}
        if list(noted.items()) != list(known.items()):
            write_json(folder / INDEX, noted)

    def recall(self, folder: Path, pretrained: str) -> W | None:
        """Return the weights last noted for a study's `pretrained`, their files there or not; None if none."""
        noted = [each for about in _known(folder).values() if (each := self.kind(**about)).is_meant_by(pretrained)]
        return noted[-1] if noted else None

    def kept(self, folder: Path, digest: str) -> W:
        """Return weights that were noted in a study's folder. Raises InputError where they are gone or have changed."""
        weights = self.kind(**_known(folder)[digest])
        if self.again(weights).digest != digest:
            raise InputError(f"pretrained: {weights.place} has changed while the study runs; start `gannb run` again.")
        return weights


def _known(folder: Path) -> Mapping[str, dict[str, Any]]:
    return read_noted(folder / INDEX)
