"""What happens on the machines of an engine, called in this process."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time

import pytest
from tiny_units import leftovers, log, unit, wait_for_go

from gannb.utils.errors import InputError
from gannb.utils.trust import TRUSTED
from gannb.utils.versions import versions
from gannb.work import nodes
from gannb.work.backends import ONE_THREAD
from gannb.work.leases import take
from gannb.work.nodes import Mark, Wanted, examine, make_here
from gannb.work.store import ELSEWHERE, LEASE, Withdrawn, execute, is_done, side_folder


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in (TRUSTED, *ONE_THREAD):
        monkeypatch.setenv(name, os.environ.get(name, "1" if name != TRUSTED else "{}"))


@pytest.fixture
def wanted(tmp_path):
    mark = Mark(tmp_path / "study")
    yield Wanted(tmp_path / "study", "cpu", str, token=mark.token)
    mark.remove()


def lacks(wanted: Wanted) -> str:
    return asyncio.run(examine(wanted)).lacks


def no_card(device: str) -> str:
    raise InputError(f"device={device} is not on this machine; use device=auto.")


def test_a_machine_that_lacks_nothing_says_its_name_and_device(wanted):
    found = asyncio.run(examine(wanted))
    assert (found.device, found.lacks) == ("cpu", "") and found.host
    assert [path.name for path in wanted.study.iterdir()] == [f".{wanted.token}.mark"]


@pytest.mark.parametrize("package", ["python", "torch", "gannb"])
def test_other_versions_are_named(wanted, package):
    other = Wanted(wanted.study, "cpu", str, versions=versions() | {package: "0.0.1"}, token=wanted.token)
    assert lacks(other).startswith(f"{package} is {versions()[package].partition('+')[0]} there, and 0.0.1 here")


def test_what_a_machine_does_not_see_is_named(wanted, tmp_path, monkeypatch):
    monkeypatch.setattr(nodes, "SEEN", 0.1)
    elsewhere = Wanted(tmp_path / "other", "cpu", str, token=wanted.token)
    assert lacks(elsewhere).startswith(f"the folder {tmp_path / 'other'} is not seen there; put output_dir where")
    another = Wanted(wanted.study, "cpu", str, token="of-another-folder-of-that-path")
    assert "is not seen there" in lacks(another)
    weights = Wanted(wanted.study, "cpu", str, seen=(tmp_path / "weights.pth",), token=wanted.token)
    assert lacks(weights) == f"{tmp_path / 'weights.pth'} cannot be read there; put it where all machines see it"


def test_a_folder_that_comes_into_sight_late_is_waited_for(tmp_path):
    mark = Mark(tmp_path / "study")
    aside = mark.file.rename(tmp_path / "aside")
    threading.Timer(1.0, lambda: aside.rename(mark.file)).start()
    assert lacks(Wanted(tmp_path / "study", "cpu", str, token=mark.token)) == ""


def test_a_device_that_is_not_there_is_named(wanted):
    other = Wanted(wanted.study, "cuda", no_card, token=wanted.token)
    assert lacks(other) == "device=cuda is not on this machine; use device=auto"


def test_a_mark_leaves_nothing(tmp_path):
    one, other = Mark(tmp_path / "study"), Mark(tmp_path / "study")
    assert one.token != other.token
    one.remove()
    other.remove()
    assert list((tmp_path / "study").iterdir()) == []


def never() -> bool:
    return False


def test_what_another_is_making_is_left_to_it(tmp_path):
    mine, theirs = unit("mine"), unit("theirs")
    with take(side_folder(tmp_path, theirs, "running") / LEASE):
        assert make_here(tmp_path, [mine, theirs], "cpu", "token", "{}", never) == [None, ELSEWHERE]
    assert log(tmp_path) == ["trials/000/mine"]


def test_what_is_needed_may_come_into_sight_late(tmp_path):
    need = unit("need")
    assert execute(tmp_path, need, "cpu") is None
    aside = shutil.move(tmp_path / need.path, tmp_path / "aside")
    threading.Timer(1.0, lambda: shutil.move(aside, tmp_path / need.path)).start()
    last = unit("last", needs=(need,), make=lambda task: (task.needed("classifier") / "value.txt").read_text())
    assert make_here(tmp_path, [last], "cpu", "token", "{}", never) == [None]


def test_a_unit_that_nobody_waits_for_is_given_up_and_is_no_failure(tmp_path):
    gan, begun = unit("gan", make=wait_for_go), time.monotonic()
    with pytest.raises(Withdrawn):
        make_here(tmp_path, [gan], "cpu", "token", "{}", lambda: time.monotonic() - begun > 0.5)
    assert not is_done(tmp_path, gan) and not side_folder(tmp_path, gan, "failed").exists()
    assert not list(tmp_path.rglob(LEASE)) and all(name.endswith(".running") for name in leftovers(tmp_path))
