"""What is known of a GPU: drivers, builds of torch and errors that stand for real ones, on a machine without."""

from __future__ import annotations

import fnmatch
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import torch
from conftest import ROOT

from gannb.utils import cuda

OUT_OF_MEMORY = str(
    torch.cuda.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 23.64 GiB of which 4.00 MiB is "
        "free.\nSee documentation for Memory Management"
    )
)
ASSERTED = "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported"
STICKING = [
    ASSERTED, "CUDA error: an illegal memory access was encountered", "CUDA error: unspecified launch failure",
    "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED", "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling cublasSgemm",
    "CUDA error: uncorrectable ECC error encountered", "CUDA error: misaligned address",
]  # fmt: skip
PASSING = [
    OUT_OF_MEMORY, "CUDA error: out of memory", "CUDA error: no kernel image is available for execution on the device",
    "CUDA error: invalid device ordinal", "RuntimeError: the loss is nan", "mat1 and mat2 shapes cannot be multiplied",
    None,
]  # fmt: skip


@pytest.mark.parametrize(("messages", "expected"), [(STICKING, True), (PASSING, False)])
def test_errors_that_stick_to_a_process_are_told_from_those_that_pass(messages, expected):
    assert {cuda.sticks(message) for message in messages} == {expected}


def test_a_full_card_is_told_in_whichever_words():
    full = [OUT_OF_MEMORY, "CUDA error: out of memory", "HIP out of memory. Tried", "CUBLAS_STATUS_ALLOC_FAILED when"]
    assert all(map(cuda.is_full, full)) and not any(map(cuda.is_full, [*STICKING, None, "Cannot allocate memory"]))
    assert cuda.in_one_line(f"\n{ASSERTED}") == "CUDA error: device-side assert triggered"


@pytest.mark.parametrize(
    ("capability", "kernels", "expected"),
    [
        ((9, 0), ["sm_80", "sm_90"], True),
        ((8, 6), ["sm_80", "sm_90"], True),  # binary code of the generation
        ((8, 0), ["sm_86"], False),
        ((6, 0), ["sm_75", "sm_80", "sm_90", "compute_90"], False),  # P100
        ((7, 0), ["sm_75", "sm_80"], False),  # V100
        ((12, 0), ["sm_80", "compute_80"], True),  # compiled by the driver
        ((9, 0), ["sm_90a"], True),
        ((10, 0), ["sm_90a"], False),
        ((10, 3), ["sm_100f"], True),
        ((9, 0), [], False),
        ((9, 0), ["gfx90a"], False),
    ],
)
def test_a_card_runs_what_was_compiled_for_it(capability, kernels, expected):
    assert cuda.runs_on(capability, kernels) is expected


def machine(monkeypatch, rows: str, available: bool, build: str | None, capability=(9, 0), kernels=("sm_90",)):
    """A machine whose driver prints some rows, and a build of torch."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    done = SimpleNamespace(stdout=rows)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: done if command[0] == "nvidia-smi" else None)
    monkeypatch.setattr(torch.version, "cuda", build)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: list(kernels))


P100 = "Tesla P100-PCIE-16GB, 535.104.05, 6.0, 16384, 16280\n"


@pytest.mark.parametrize(
    ("rows", "available", "build", "capability", "said"),
    [
        ("", False, None, None, ""),
        (P100, False, None, None, "built without CUDA, so that Tesla P100-PCIE-16GB stays idle"),
        (P100, False, "13.0", None, "cannot use Tesla P100-PCIE-16GB with driver 535.104.05; install a newer driver"),
        (P100, True, "12.8", (6, 0), "no kernels for Tesla P100-PCIE-16GB (capability 6.0; it has sm_90)"),
        (P100, True, "12.8", (9, 0), ""),
        ("gibberish\n", True, "12.8", (9, 0), ""),
    ],
)
def test_old_drivers_and_cards_without_kernels_are_named(monkeypatch, rows, available, build, capability, said):
    machine(monkeypatch, rows, available, build, capability)
    found = cuda.fault()
    assert said in found if said else not found
    assert "\n" not in found


def test_cards_are_read_from_the_driver_unless_they_are_hidden(monkeypatch):
    machine(monkeypatch, P100, True, "12.8")
    (card,) = cuda.cards()
    assert (card.driver, card.capability, card.bytes_in_all) == ("535.104.05", "6.0", 16384 * 2**20)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert cuda.cards() == []


@pytest.mark.parametrize(
    ("system", "there", "hidden", "expected"),
    [
        ("linux", ["/dev/nvidia0"], None, True),
        ("linux", ["/proc/driver/nvidia/gpus/0000:01:00.0"], None, True),  # before its device is made
        ("linux", ["/dev/dxg"], "0", True),
        ("linux", ["/dev/kfd"], None, True),
        ("linux", ["/dev/nvhost-gpu"], None, True),
        ("linux", ["/dev/nvme0"], None, False),
        ("linux", [], None, False),
        ("linux", ["/dev/nvidia0"], "", False),
        ("linux", ["/dev/nvidia0"], "-1", False),
        ("win32", [], None, True),  # which shows no devices as files
        ("darwin", [], None, False),
    ],
)
def test_torch_is_asked_for_a_gpu_where_the_system_shows_one(monkeypatch, system, there, hidden, expected):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(cuda, "glob", lambda pattern: fnmatch.filter(there, pattern))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if hidden is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert cuda.may_be_there() is expected


def test_where_no_driver_is_there_are_no_cards(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for error in (FileNotFoundError("nvidia-smi"), subprocess.TimeoutExpired("nvidia-smi", 20)):
        monkeypatch.setattr(subprocess, "run", lambda *_, error=error, **__: (_ for _ in ()).throw(error))
        assert cuda.cards() == []


@pytest.mark.parametrize(("gigabytes", "expected"), [(1, 1), (7, 2), (24, 4), (139, 4)])
def test_as_many_processes_work_on_a_card_as_its_memory_holds(gigabytes, expected):
    assert cuda.processes_that_fit(gigabytes * cuda.GIGABYTE, cuda.PROCESSES) == expected


def switches() -> list[bool]:
    return [getattr(where, name) for where, name, _ in cuda._switches()]


def test_results_are_exact_as_long_as_any_thread_asks_for_it():
    usual, exact = switches(), [value for *_, value in cuda._switches()]
    assert usual != exact
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with cuda.exact():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=other)
    with cuda.exact():
        thread.start()
        assert inside.wait(60)
    assert switches() == exact  # the other one is still at it
    leave.set()
    thread.join()
    assert switches() == usual
    with pytest.raises(ValueError), cuda.exact():
        raise ValueError
    assert switches() == usual


def test_nobody_who_asks_about_errors_waits_for_torch():
    code = "import sys, gannb.utils.cuda; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
