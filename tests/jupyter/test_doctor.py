"""What `gannb doctor` says of a machine, and of one where something is wrong."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from gannb import cli
from gannb.jupyter import doctor
from gannb.jupyter.doctor import BAD, CHECKS, GOOD, REMARK, examine
from gannb.utils import cuda

P100 = cuda.Card("Tesla P100", "535.104", "6.0", 16 * 2**30, 10 * 2**30)


@pytest.fixture(autouse=True)
def room(monkeypatch):
    """A machine with room, whatever else runs on this one."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=8e9, total=16e9))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1e12))


@pytest.fixture
def quick(monkeypatch):
    """All but what trains a GAN."""
    monkeypatch.setattr(doctor, "CHECKS", {name: check for name, check in CHECKS.items() if name != "speed"})


def of(name: str, folder, device: str = "auto"):
    return CHECKS[name](folder, device)


def test_every_line_says_one_thing_and_nothing_is_left_behind(tmp_path):
    found = list(examine(tmp_path / "outputs"))
    assert [each.name for each in found] == [name for name in CHECKS if name != "GPU path"]
    assert {each.state for each in found} <= {GOOD, REMARK}
    assert all(each.line().count("\n") == 0 and each.text for each in found)
    speed = next(each.text for each in found if each.name == "speed")
    assert "ms a step of mlp" in speed and "1,000 steps" in speed
    assert "no GPU is seen: studies compute on the CPU" in {each.text for each in found}
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_fails(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryDirectory", refuse)
    state, text = of("writing", tmp_path)
    assert state == BAD and str(tmp_path) in text and "(permission denied); choose another output_dir" in text


@pytest.mark.parametrize("place", ["file", "file/within", "/dev/null", "/proc/gannb"])
def test_what_is_no_folder_fails_the_command(quick, place, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert cli.main(["doctor", "--output-dir", str(tmp_path / place)]) == cli.FAILED
    (line,) = [line for line in capsys.readouterr().out.splitlines() if " writing " in line]
    assert line.startswith("FAIL") and f"{tmp_path / place} cannot be written (" in line


@pytest.mark.parametrize(
    ("device", "says"),
    [("foo", "device='foo'"), ("cuda:x", "device"), ("mps", "mps is not supported"), ("cuda:1", "no cuda:1; the last")],
)
def test_a_device_that_no_study_could_use_fails(tmp_path, monkeypatch, device, says):
    monkeypatch.setattr(cuda, "fault", lambda: "")
    monkeypatch.setattr(cuda, "cards", lambda: [P100])
    state, text = of("device", tmp_path, device)
    assert state == BAD and says in text
    assert of("GPU path", tmp_path, device) == (GOOD, "")


@pytest.mark.parametrize(("free", "state"), [(5e7, BAD), (1e9, REMARK), (1e11, GOOD)])
def test_disk(tmp_path, monkeypatch, free, state):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert of("disk", tmp_path / "not" / "there")[0] == state


@pytest.mark.parametrize(("available", "state", "says"), [(3e8, BAD, "close other"), (1.6e9, REMARK, "workers=2")])
def test_memory(tmp_path, monkeypatch, available, state, says):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available, total=8e9))
    monkeypatch.setattr(doctor, "worker_count", lambda workers: 8)
    found = of("memory", tmp_path)
    assert found[0] == state and says in found[1]


def test_a_busy_machine_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "worker_count", lambda workers: 4)
    for load, state in ((1.0, GOOD), (9.0, REMARK)):
        monkeypatch.setattr(doctor.os, "getloadavg", lambda load=load: (load, 0, 0))
        assert of("processor", tmp_path)[0] == state


def test_packages_and_extras_that_are_not_there_are_named(tmp_path, monkeypatch):
    versions = {"torch": None, "sentence-transformers": None}
    monkeypatch.setattr(doctor, "_version_of", lambda name: versions.get(name, "1.0"))
    assert of("packages", tmp_path)[0] == BAD and "torch" in of("packages", tmp_path)[1]
    state, text = of("extras", tmp_path)
    assert state == REMARK and "sentences: not there (pip install gannb[sentences])" in text and "heic: there" in text
    assert "dev" not in text


def test_an_old_python_fails(tmp_path, monkeypatch):
    assert of("python", tmp_path)[0] == GOOD
    monkeypatch.setattr(doctor.sys, "version_info", (3, 9, 1))
    assert of("python", tmp_path) == (BAD, "3.9.1; gannb needs 3.11 or newer")


@pytest.mark.parametrize(("device", "state"), [("auto", REMARK), ("cuda", BAD), ("cpu", GOOD)])
def test_a_card_that_cannot_be_used_is_told_and_fails_where_it_is_needed(tmp_path, monkeypatch, device, state):
    monkeypatch.setattr(cuda, "fault", lambda: "this torch has no kernels for Tesla P100 (capability 6.0)")
    monkeypatch.setattr(cuda, "cards", lambda: [P100])
    found = of("device", tmp_path, device)
    assert found[0] == state and "P100" in found[1]
    assert of("GPU path", tmp_path, device) == (GOOD, "")


def test_a_needed_card_that_is_not_there_fails_and_one_that_is_there_is_described(tmp_path, monkeypatch):
    monkeypatch.setattr(cuda, "fault", lambda: "")
    monkeypatch.setattr(cuda, "cards", lambda: [])
    assert of("device", tmp_path, "cuda")[0] == BAD and of("device", tmp_path)[0] == GOOD
    monkeypatch.setattr(cuda, "cards", lambda: [P100])
    monkeypatch.setattr(doctor, "worker_count", lambda workers: 16)
    assert of("device", tmp_path)[1].endswith("10.7 of 17.2 GB free: 3 processes by default")


@pytest.mark.parametrize(
    ("made", "state", "says"),
    [
        ([5, 5, 6], GOOD, "to 1 levels, twice the same"),
        ([5, 6, 5], BAD, "made twice on the GPU differ"),
        ([5, 5, 90], BAD, "differ from the CPU's by 85 levels"),
    ],
)
def test_the_gpu_path_is_tried_where_there_is_a_gpu(tmp_path, monkeypatch, made, state, says):
    asked = []
    gan = SimpleNamespace(to=lambda device: asked.append(device))
    monkeypatch.setattr(cuda, "fault", lambda: "")
    monkeypatch.setattr(cuda, "cards", lambda: [P100])
    monkeypatch.setattr(doctor, "_fitted", lambda device, steps: asked.append(device) or gan)
    items = [np.full((2, 4), level, np.uint8) for level in made]
    monkeypatch.setattr(doctor, "_sampled", lambda _: items.pop(0))
    found = of("GPU path", tmp_path)
    assert found[0] == state and says in found[1] and set(asked) <= {"cuda", "cpu"}


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("CUDA error: unknown error\nand a paragraph")

    monkeypatch.setattr(doctor, "CHECKS", {"device": broken, "python": CHECKS["python"]})
    first, second = examine(tmp_path)
    assert (first.state, first.text) == (BAD, "RuntimeError: CUDA error: unknown error") and second.state == GOOD


def test_the_command_prints_a_line_each_and_its_exit_code_says_whether_anything_fails(quick, tmp_path, capsys):
    command = ["doctor", "--output-dir", str(tmp_path)]
    assert cli.main(command) == cli.DONE
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(doctor.CHECKS) - 1 and lines[0].startswith("ok    python")
    assert cli.main([*command, "--device", "cuda"]) == cli.FAILED
    assert "FAIL  device" in capsys.readouterr().out
