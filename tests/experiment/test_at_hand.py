"""What a study finds on this machine."""

from __future__ import annotations

import pytest

from gannb.experiment.at_hand import resolve_device
from gannb.utils.errors import InputError


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_devices_that_are_there(name):
    assert resolve_device(name) in ("cpu", "cuda")


@pytest.mark.parametrize("name", ["cuda:99", "mps"])
def test_devices_that_are_not_there(name):
    with pytest.raises(InputError, match=f"device={name}"):
        resolve_device(name)
