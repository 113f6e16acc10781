"""The versions of what results depend on, and whether those of two machines agree."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata

PACKAGES = ("gannb", "torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "pillow", "papermill")
DECISIVE = ("python", "gannb", "torch", "numpy", "scikit-learn", "torchvision", "timm")  # these must agree
UNTOLD = "none"


def versions() -> dict[str, str]:
    """Return the versions of Python, as 3.11, and of the packages that results depend on, where they are installed."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def difference(theirs: Mapping[str, str], ours: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return the first package of which two machines have other versions: its name, theirs, ours; None: they agree.

    Builds of a version for other devices agree (2.9.0+cpu and 2.9.0). Which Python it was, older records do not tell.
    """
    for package in DECISIVE:
        there, here = (found.get(package, UNTOLD).partition("+")[0] for found in (theirs, ours))
        if there != here and not (package == "python" and UNTOLD in (there, here)):
            return package, there, here
    return None
