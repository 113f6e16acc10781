"""Dask workers as an engine, with real processes on loopback; one scheduler serves all tests that leave it alive.

A scheduler and two workers start within 5 s of an idle machine; a killed process is waited for until its lease expires.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT
from pace import end_of, wait_for
from tiny_units import (
    be_killed,
    leftovers,
    log,
    tell_machine,
    unit,
    wait_a_little,
    wait_for_go,
    wait_for_the_other,
)

from gannb.utils import trust
from gannb.utils.errors import InputError
from gannb.work import dask_engine
from gannb.work.dask_engine import Dask, Worker
from gannb.work.engines import Place, checked, processes
from gannb.work.nodes import Mark
from gannb.work.scheduler import run_units
from gannb.work.store import execute, recorded_failure
from gannb.work.unit import Unit

pytest.importorskip("distributed", reason="needs gannb[dask]")
from dask_cluster import Cluster  # noqa: E402  after the package is known to be there

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    running = Cluster(tmp_path_factory.mktemp("dask"))
    running.add("alpha")
    running.add("beta")
    running.await_workers()
    yield running
    running.close()


@pytest.fixture
def place(cluster) -> Place:
    return Place(cluster.engine)


def told(study: Path, unit: Unit) -> dict:
    return json.loads((study / unit.path / "told.json").read_text())


def files(study: Path) -> dict[str, bytes]:
    """What units hold; how long each took is left out."""
    found = {str(f.relative_to(study)): f.read_bytes() for f in study.rglob("*") if f.is_file() and f.name != "log"}
    for name, content in found.items():
        if name.endswith("unit.json"):
            found[name] = json.dumps(json.loads(content) | {"seconds": 0}).encode()
    return found


def test_the_same_files_as_here_each_made_once(tmp_path, place):
    units = [unit(f"u{i}", value=i) for i in range(6)]
    last = unit("last", needs=tuple(units), stage=2, value=9)
    draw = Unit(1, "draw", "trials/000/draw", units[0].make, 1, {"trial": 0}, quick=True)
    outcome = run_units(tmp_path / "there", [last, draw], place)
    assert len(outcome.made) == 8 and outcome.made[-1] is last and not outcome.failed
    assert len(log(tmp_path / "there")) == 8 and leftovers(tmp_path / "there") == []
    assert not any(execute(tmp_path / "here", each, "cpu") for each in (draw, *last.closure()))
    assert files(tmp_path / "here") == files(tmp_path / "there")
    assert run_units(tmp_path / "there", [last], Place("dask://127.0.0.1:1")).made == ()  # nobody is needed for nothing


def test_units_find_one_thread_the_device_there_and_what_may_be_run(tmp_path, place, monkeypatch):
    (tmp_path / "my_gan.py").touch()
    monkeypatch.setenv(trust.TRUSTED, json.dumps({"my_gan:sample": str(tmp_path)}))
    units = [unit(f"u{i}", make=tell_machine) for i in range(2)]
    outcome = run_units(tmp_path, units, replace(place, device="auto", settle=settled))
    assert outcome.failed == ()
    for found in (told(tmp_path, u) for u in units):
        assert (found["torch"], found["pools"], found["device"]) == (1, 1, "cpu")
        assert found["pid"] != os.getpid() and found["worker"] in ("alpha", "beta")
        assert json.loads(found["trusted"]) == {"my_gan:sample": str(tmp_path)}


def settled(device: str) -> str:
    """Stand for `resolve_device` of a machine without a card."""
    if device.startswith("cuda"):
        raise InputError(f"device={device} is not on this machine; use device=auto.")
    return "cpu"


def test_gans_are_trained_where_a_worker_says_it_has_a_card(tmp_path, cluster, place):
    gans = [replace(unit(f"gan{i}", make=tell_machine), shares=True) for i in range(3)]
    others = [unit(f"u{i}", make=tell_machine) for i in range(3)]
    with cluster.joined("card", "--resources", "GPU=1"):
        outcome = run_units(tmp_path, [*others, *gans], place)
    assert len(outcome.made) == 6 and {told(tmp_path, gan)["worker"] for gan in gans} == {"card"}


def test_what_a_killed_worker_was_making_is_made_by_another_and_a_late_one_is_used(tmp_path, cluster, place):
    cluster.add("gamma")
    cluster.await_workers()
    gan, late = unit("gan", make=wait_for_go), unit("late", make=wait_for_go)
    both = [gan, late, unit("third", make=wait_for_go)]  # each of three workers has one
    run = start(cluster, tmp_path, "go")
    wait_for(lambda: len(list(tmp_path.glob("at-work-*"))) == 3 or run.poll() is not None, "three units at work", 300)
    cluster.kill("gamma")
    cluster.add("delta")
    (tmp_path / "go").touch()
    said, complaints = end_of(run, 300)
    cluster.kill("delta")
    assert said.split() == ["made", "3", "failed", "0"], complaints
    assert complaints.count("was lost; what it was making is made again.") == 1
    assert log(tmp_path) == sorted(each.place for each in both) and leftovers(tmp_path) == []


def test_a_worker_that_joins_late_is_given_work(tmp_path, place, cluster):
    only = replace(place, workers=3)
    first = [unit(f"waiting{i}", make=wait_for_the_other) for i in range(2)]  # on both workers, for what a third makes
    gan = replace(unit("other"), needs=())
    with cluster.joined("late", wait=False):
        outcome = run_units(tmp_path, [*first, gan], only)
    assert len(outcome.made) == 3


RUN = """
import sys
from pathlib import Path
from tiny_units import be_killed, unit, wait_a_little, wait_for_go
from gannb.utils.errors import Failed
from gannb.work.engines import Place
from gannb.work.scheduler import run_units

study, engine, what = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
if what == "go":
    units = [unit(name, make=wait_for_go) for name in ("gan", "late", "third")]
else:
    units = [unit(f"u{i}", make=wait_a_little) for i in range(9)]
    units.append(unit("last", needs=tuple(units)))
try:
    outcome = run_units(study, units, Place(engine))
    print("made", len(outcome.made), "failed", len(outcome.failed))
except Failed as error:
    print(error)
except KeyboardInterrupt:
    print("stopped")
"""


def start(cluster: Cluster, study: Path, what: str) -> subprocess.Popen:
    """Start a launcher in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(study), cluster.engine, what], cwd=ROOT / "tests",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


OLD = """
from importlib import metadata
metadata.version = lambda package, true=metadata.version: "1.0" if package == "torch" else true(package)
"""
BLIND = """
import sys
from gannb.work import nodes
nodes.SEEN = 1.0
def hide(event, arguments):
    if event in ("open", "os.listdir") and "hidden-from-one" in str(arguments[0]):
        raise FileNotFoundError(2, "No such file or directory", str(arguments[0]))
sys.addaudithook(hide)
"""


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (OLD, r"torch is 1.0 there, and .* here; numbers would depend"),
        (BLIND, "hidden-from-one is not seen there; put"),
    ],
)
def test_a_machine_that_cannot_make_units_is_refused_by_name_and_later_not_used(
    tmp_path, cluster, place, capsys, monkeypatch, what, said
):
    (tmp_path / "preload.py").write_text(what)
    remove = Mark.remove  # on a file system where that takes its time
    monkeypatch.setattr(Mark, "remove", lambda mark: (time.sleep(0.3), remove(mark)))
    study, units = tmp_path / "hidden-from-one", [unit(f"u{i}") for i in range(4)]
    with cluster.joined("odd", "--preload", str(tmp_path / "preload.py")):
        with pytest.raises(InputError, match=rf"^engine=dask://.*: worker odd on \S+: .*{said}"):
            with checked(place, study, units):
                pytest.fail("it went on")
        assert not study.exists()
        assert len(run_units(study, units, place).made) == 4
    assert capsys.readouterr().err.count("worker odd") == 1 and leftovers(study) == []


def test_a_worker_that_has_paused_is_named_and_the_others_go_on(tmp_path, cluster, place, capsys):
    pauses = {"DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE": "0.01"}
    with cluster.joined("small", "--memory-limit", "2GB", wait=False, **pauses):
        cluster.await_workers(paused=("small",))
        assert len(run_units(tmp_path, [unit(f"u{i}") for i in range(4)], place).made) == 4
    assert "of its memory limit of 2.0 GB are in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("limit", "threads", "enough"), [(0, 1, True), (4e9, 4, True), (4e9, 8, False), (8e8, 1, False)]
)
def test_a_memory_limit_that_is_too_small_is_told(limit, threads, enough):
    worker = Worker.of("tcp://h:1", {"name": "a", "nthreads": threads, "memory_limit": limit, "status": "running"})
    assert worker.running and not worker.card and (worker.lacks() == "") is enough
    assert enough or f"its memory limit is {limit / 1e9:.2f} GB for {threads} threads" in worker.lacks()


def test_a_clients_own_answer_without_workers_is_not_taken_for_their_loss():
    engine, whole = Dask.__new__(Dask), {"n_workers": 1, "workers": {"tcp://h:1": {"name": "a"}}}
    engine._client = SimpleNamespace(scheduler_info=iter([{"n_workers": 1, "workers": {}}, whole]).__next__)
    assert engine._described() == whole["workers"]


def test_a_scheduler_without_workers_is_refused(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(dask_engine, "FIRST", 0.5)
    alone = Cluster(tmp_path_factory.mktemp("alone"))
    with pytest.raises(InputError, match="the scheduler has no workers; start some, each on its"):
        processes(Place(alone.engine), tmp_path)
    alone.close()


def test_two_launchers_at_once_make_each_unit_once(tmp_path, cluster):
    both = [start(cluster, tmp_path, "little") for _ in range(2)]
    assert [end_of(each, 300)[0].split() for each in both] == [["made", "10", "failed", "0"]] * 2
    assert len(log(tmp_path)) == 10 and leftovers(tmp_path) == []


def test_interrupted_it_leaves_nothing_at_work_and_nothing_held(tmp_path, cluster, place):
    run = start(cluster, tmp_path, "go")
    wait_for(lambda: list(tmp_path.glob("at-work-*")) or run.poll() is not None, "a unit at work", 300)
    run.send_signal(signal.SIGINT)
    assert end_of(run)[0].strip() == "stopped"
    wait_for(lambda: not list(tmp_path.glob("trials/*/*.running/lease")), "the workers giving up")
    assert not [path for path in tmp_path.glob("trials/000/*") if not path.name.endswith(".running")]


def test_a_unit_that_kills_its_worker_is_named_and_the_others_finish(tmp_path, cluster, place):
    # its three deaths need a worker that is started anew; the two others may be killed first
    killer = unit("killer", make=be_killed)
    blocked = unit("blocked", needs=(killer,), stage=2)
    good = [unit(f"good{i}", make=wait_a_little) for i in range(3)]
    with cluster.joined("kept", nanny=True) as nanny:
        outcome = run_units(tmp_path, [*good, blocked], place)
        assert nanny.poll() is None
    ((failed, said),) = outcome.failed
    assert failed is killer and said == recorded_failure(tmp_path, killer) and outcome.blocked == (blocked,)
    assert "was lost" in said and socket.gethostname() in said and set(outcome.made) == set(good)


def test_a_scheduler_that_is_killed_ends_the_run_and_the_rest_is_made_later(tmp_path, tmp_path_factory):
    mine = Cluster(tmp_path_factory.mktemp("own"))
    mine.add("alpha")
    run = start(mine, tmp_path, "little")
    wait_for(lambda: len(list(tmp_path.glob("trials/000/*/unit.json"))) >= 3 or run.poll() is not None, "a third", 300)
    mine.scheduler.kill()
    said, complaints = end_of(run, 120)
    assert "the scheduler is gone; what is finished is kept" in said and "Traceback" not in complaints
    there = len(log(tmp_path))
    assert 3 <= there < 10
    mine.start()
    mine.add("beta")
    mine.await_workers()
    outcome = run_units(tmp_path, targets(), Place(mine.engine))
    mine.close()
    assert not outcome.failed and len(log(tmp_path)) == 10
    assert [p for p in leftovers(tmp_path) if not p.endswith(".running")] == []


def targets() -> list[Unit]:
    units = [unit(f"u{i}", make=wait_a_little) for i in range(9)]
    return [*units, unit("last", needs=tuple(units))]
