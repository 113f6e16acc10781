"""Which engine makes a study's units, and what is refused before any is begun."""

from __future__ import annotations

import os
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tiny_units import unit

from gannb.study.model import make_study
from gannb.utils.errors import InputError
from gannb.work import backends, engines
from gannb.work.engines import SCHEDULER, Place, checked, engine_for, held, processes


@pytest.mark.parametrize(
    "engine", ["local", "slurm", "dask://10.0.0.7:8786", "dask://node-1.lab.org:1", "dask://[::1]:9"]
)
def test_engines_are_known_by_name(engine):
    assert make_study(engine=engine).engine == engine


@pytest.mark.parametrize(
    "engine",
    ["", "ray", "Dask", "dask", "dask://", "dask://host", "dask://host:", "tcp://h:1", "dask://h:1/"],
)
def test_an_engine_that_is_not_known_is_refused(engine):
    with pytest.raises(InputError, match=r"^engine=.* is not valid: it takes local, dask://HOST:PORT or slurm; "):
        make_study(engine=engine)


def test_a_place_is_moved_to_this_machine_and_joined():
    place = Place("dask://h:1", "cuda", 7, str, (Path("/a"),))
    here = place.on_this_machine(2)
    assert (here.engine, here.workers, here.device, here.is_local) == ("local", 2, "cuda", True)
    assert place.on_this_machine().workers == 0 and not place.is_local  # seven are what the cluster is to do
    assert Place(workers=7).on_this_machine().workers == 7
    assert place.joined([Place(seen=(Path("/b"), Path("/a")))]).seen == (Path("/a"), Path("/b"))


def test_how_many_are_at_work_is_known_of_this_machine_and_of_others_where_it_is_said(monkeypatch):
    monkeypatch.setattr(
        backends, "worker_count", lambda workers, device="cpu": workers or (4 if device == "cuda" else 16)
    )
    monkeypatch.setattr(engines, "worker_count", backends.worker_count)

    def lacks(device: str) -> str:
        raise InputError("there is no card")

    assert [Place(workers=n).known_processes() for n in (0, 3)] == [16, 3]
    assert [Place(device="cuda", settle=settle).known_processes() for settle in (str, lacks)] == [4, 4]
    assert [Place("dask://h:1", workers=n).known_processes() for n in (0, 7)] == [None, 7]


def test_the_device_is_settled_where_units_are_made(tmp_path):
    engine = engine_for(Place(device="auto", settle=lambda asked: f"settled {asked}"), tmp_path, [unit(), unit("b")])
    assert (
        isinstance(engine, backends.Local)
        and engine.device == "settled auto"
        and engine.workers == min(2, backends.worker_count(0))
    )


def test_nobody_is_asked_where_nothing_is_to_be_made(tmp_path):
    nobody = Place("dask://127.0.0.1:1")
    assert isinstance(engine_for(nobody, tmp_path, []), backends.Local)
    with checked(nobody, tmp_path, []):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_scheduler_that_is_not_there_is_refused_within_seconds(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    from gannb.work import dask_engine

    monkeypatch.setattr(dask_engine, "ANSWER", 0.2)
    for address in ("127.0.0.1:1", "no-such-host.invalid:8786", "127.0.0.1:99999"):
        said = rf"no Dask scheduler answers at {re.escape(address)}; is the name right\? Start one there with `dask"
        for ask in (lambda p: engine_for(p, tmp_path, [unit()]), lambda p: processes(p, tmp_path)):
            with pytest.raises(InputError, match=said):
                ask(Place(f"dask://{address}"))
    with pytest.raises(InputError, match="no Dask scheduler"), checked(Place("dask://127.0.0.1:1"), tmp_path, [unit()]):
        pytest.fail("it went on")


def test_what_is_no_scheduler_is_refused_and_not_waited_for(tmp_path, monkeypatch):
    """A dashboard answers in HTTP, and something else may say nothing at all."""
    pytest.importorskip("distributed")
    from gannb.work import dask_engine

    monkeypatch.setattr(dask_engine, "CONNECT", 1.0)
    silent = socket.create_server(("127.0.0.1", 0))
    web = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        for port in (silent.getsockname()[1], web.server_address[1]):
            with pytest.raises(
                InputError, match=rf"what answers at 127.0.0.1:{port} is no Dask scheduler, perhaps its"
            ):
                engine_for(Place(f"dask://127.0.0.1:{port}"), tmp_path / "new", [unit()])
    finally:
        silent.close()
        web.shutdown()
        web.server_close()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("engine", "module"), [("dask://127.0.0.1:1", "distributed"), ("slurm", "dask_jobqueue")])
def test_a_package_that_is_not_installed_is_named(tmp_path, monkeypatch, engine, module):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    extra = "dask" if engine.startswith("dask") else "slurm"
    with pytest.raises(InputError, match=rf"not installed; install .*`pip install 'gannb\[{extra}\]'`"):
        engine_for(Place(engine, workers=1), tmp_path, [unit()])


def test_the_jobs_of_a_launcher_are_kept_for_what_it_starts(monkeypatch):
    monkeypatch.setenv(SCHEDULER, "10.0.0.7:8786")
    with held(Place("slurm")):
        assert os.environ[SCHEDULER] == "10.0.0.7:8786"
    assert os.environ[SCHEDULER] == "10.0.0.7:8786" and engines.SLURM == "slurm"
