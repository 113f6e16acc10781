"""Telling people how far the work is."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from tiny_units import unit, write

from gannb.utils import doing
from gannb.utils.console import talking
from gannb.utils.files import write_json
from gannb.work.costs import Costs
from gannb.work.progress import Progress, seconds_text
from gannb.work.unit import Unit


def test_progress_counts_units_by_their_cost():
    gan, draw = unit("gan"), Unit(1, "draw", "trials/000/draw", write, 1, {"trial": 0})
    progress = Progress("02", Costs({"classifier": 9.0, "draw": 1.0}), quiet=True)
    with progress.watch(Path("nowhere"), [draw, gan]):
        assert progress.fraction() == 0
        progress.finished(draw, None)
        assert progress.fraction() == pytest.approx(0.1)
        progress.finished(gan, None)
        assert progress.fraction() == 1


def test_progress_in_a_batch_is_text_now_and_then(tmp_path, capsys):
    units, before = [unit(f"u{i}") for i in range(200)], doing._heard[0]
    progress = Progress("04 train_classifiers", every=0.2)
    progress.interactive, begun = False, time.monotonic()
    with progress.watch(tmp_path, units):
        for u in units:
            progress.finished(u, None)
            time.sleep(0.01)
    assert doing._heard[0] > before  # so that nobody is told what is being done as well
    lines = capsys.readouterr().out.splitlines()
    took = time.monotonic() - begun  # a line a minute at least, which are 2.4 s here
    assert 3 <= len(lines) <= 8 + took / 2.4
    assert re.fullmatch(r"04 train_classifiers: +\d+%, \d+ s(, about \d+ s left)?", lines[1])
    assert lines[-1].startswith("04 train_classifiers: 200 of 200 units in ")


def test_no_share_and_no_time_is_told_that_rest_on_a_guess(tmp_path):
    """Of GANs and classifiers, whose seconds nobody knows before one of each is done."""
    gan, others = unit("gan"), [Unit(1, "gan", f"trials/000/{name}", write, 1, {"trial": 0}) for name in "ab"]
    progress = Progress("all", Costs({"gan": 1.0, "classifier": 3.0}), quiet=True)
    with progress.watch(tmp_path, [gan, *others]):
        assert re.fullmatch(r"all: 0 of 3 units, \d+ s", progress._line(progress.fraction()))
        for done, seconds in ((gan, 4.0), (others[0], 16.0)):
            write_json(tmp_path / done.path / "unit.json", {"seconds": seconds})
            progress.finished(done, None)
        assert progress.fraction() == pytest.approx((4 + 16) / (4 + 16 + 16))
        assert re.fullmatch(r"all: +\d+%, \d+ s, about \d+ s left", progress._line(progress.fraction()))


def test_progress_tells_of_a_failure_at_once(tmp_path, capsys):
    bad = unit("bad")
    progress = Progress("04", every=60)
    progress.interactive = False
    with progress.watch(tmp_path, [bad]):
        progress.finished(bad, "RuntimeError: the loss is nan")
        assert capsys.readouterr().out == "FAILED trials/000/bad: RuntimeError: the loss is nan\n"


def test_what_failed_is_not_counted_as_done(tmp_path, capsys):
    good, bad, blocked = unit("good"), unit("bad"), unit("blocked")
    progress = Progress("02", every=60)
    progress.interactive = False
    with progress.watch(tmp_path, [good, bad, blocked]):
        assert "failed" not in progress._line(0.0)
        progress.finished(good, None)
        progress.finished(bad, "OSError: the disk is full")
        assert progress._line(0.5).endswith(", 1 failed")
    assert re.search(r"^02: 1 of 3 units in \d+ s, 1 failed$", capsys.readouterr().out, re.MULTILINE)


def test_verbose_progress_tells_of_every_unit(tmp_path, capsys):
    good, progress = unit("good"), Progress("04", every=60)
    progress.interactive = False
    with talking("verbose"), progress.watch(tmp_path, [good]):
        progress.finished(good, None)
        assert capsys.readouterr().out == "done trials/000/good\n"


def test_nothing_is_said_when_there_is_nothing_to_do(tmp_path, capsys):
    with Progress("04").watch(tmp_path, []):
        pass
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (45.4, "45 s"), (89, "89 s"), (90, "2 min"), (720, "12 min"), (5370, "1 h 30 min"),
        (12_000, "3 h 20 min"), (3600 * 30, "30 h 00 min"), (440_000, "5.1 days"),
    ],
)  # fmt: skip
def test_lengths_of_time_as_people_say_them(seconds, text):
    assert seconds_text(seconds) == text
