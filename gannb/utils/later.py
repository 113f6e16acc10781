"""Functions and classes of other modules, imported when they are first called.

A table that names networks in this way can be read by whoever wants to know what there is, without torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pkgutil import resolve_name
from typing import Any


@dataclass(frozen=True)
class Later:
    """Calls what a module calls by a name; the module is imported at the first call."""

    where: str  # "package.module:name"

    @cached_property
    def called(self) -> Any:
        """The function or class itself."""
        return resolve_name(self.where)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it."""
        return self.called(*arguments, **named)


def names_of(module: str) -> Callable[[str], Later]:
    """Return what gives what a module calls by a name, to be called later; `package.module`."""
    return lambda name: Later(f"{module}:{name}")
