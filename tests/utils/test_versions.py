"""Versions of what results depend on."""

from __future__ import annotations

import sys

import pytest

from gannb.utils.versions import difference, versions


def test_the_versions_of_this_machine_are_told():
    found = versions()
    assert {"python", "gannb", "torch", "numpy"} <= set(found)
    assert found["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert difference(found, found) is None


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ({"torch": "1.0"}, ("torch", "1.0")),
        ({"python": "3.9"}, ("python", "3.9")),
        ({"gannb": "9.9", "torch": "1.0"}, ("gannb", "9.9")),
        ({"papermill": "1.0", "pillow": "1.0"}, None),
    ],
)
def test_the_first_that_decides_and_differs_is_told(theirs, told):
    ours = versions()
    said = difference(ours | theirs, ours)
    assert said == (told and (*told, ours[told[0]]))


def test_builds_for_another_device_agree_and_what_is_missing_differs():
    ours = versions()
    assert difference(ours | {"torch": ours["torch"].partition("+")[0] + "+cu999"}, ours) is None
    assert difference({k: v for k, v in ours.items() if k != "timm"}, ours) == ("timm", "none", ours["timm"])
    assert difference({k: v for k, v in ours.items() if k != "python"}, ours) is None
