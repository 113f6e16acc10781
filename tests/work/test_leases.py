"""Leases: held by one process at a time, taken over from one that is gone and from no other."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pace import Patience, slowness

from gannb.work import leases
from gannb.work.leases import EXPIRY, TOUCH, is_alive, take, withdraw, withdraw_all

HOLD = """
import sys
from pathlib import Path
from gannb.work.leases import take

lease = take(Path(sys.argv[1]))
print(lease.token, flush=True)
sys.stdin.read()
"""


class Clock:
    """A watcher's clock, on which every look takes a second, and what happens meanwhile."""

    def __init__(self, monkeypatch, happens=lambda second: None, limit: int = 1000):
        self.now, self.happens, self.limit = 0.0, happens, limit
        monkeypatch.setattr(leases, "time", self)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += 1
        if self.now > self.limit:
            raise TimeoutError
        self.happens(self.now)


def left_behind(file: Path, changed: float = 1e9) -> Path:
    """A lease that nobody touches any more."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("gone")
    os.utime(file, (changed, changed))
    return file


def test_a_lease_is_a_file_while_it_is_held(tmp_path):
    file = tmp_path / "unit.running" / "lease"
    with take(file) as lease:
        assert file.read_text() == lease.token and lease.is_held() and is_alive(file)
    assert list(file.parent.iterdir()) == [] and not is_alive(file)


def test_tokens_differ_and_can_be_given(tmp_path):
    with take(tmp_path / "a") as one, take(tmp_path / "b") as other, take(tmp_path / "c", "mine") as given:
        assert one.token != other.token and given.token == "mine"


def test_who_finds_one_that_is_touched_does_not_get_it(tmp_path, monkeypatch):
    file = left_behind(tmp_path / "lease")
    Clock(monkeypatch, lambda second: os.utime(file, (second, second)) if second % 5 == 0 else None)
    assert take(file, wait=False) is None
    assert file.read_text() == "gone"


def test_one_whose_holder_is_slow_is_never_taken_over(tmp_path, monkeypatch):
    file = left_behind(tmp_path / "lease")
    slow = int(EXPIRY - 1)
    Clock(monkeypatch, lambda second: os.utime(file, (second, second)) if second % slow == 0 else None)
    with pytest.raises(TimeoutError):
        take(file)
    assert file.read_text() == "gone" and EXPIRY >= 5 * TOUCH


@pytest.mark.parametrize("changed", [0, 1e9, 9e9], ids=["1970", "2001", "2255"])
def test_one_that_is_not_touched_is_taken_over_whatever_its_clock_says(changed, tmp_path, monkeypatch):
    file = left_behind(tmp_path / "lease", changed)
    clock = Clock(monkeypatch)
    with take(file, wait=False) as lease:
        assert lease.is_held() and EXPIRY < clock.now < EXPIRY + 3
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_released_meanwhile_is_had_at_once(tmp_path, monkeypatch):
    file = left_behind(tmp_path / "lease")
    clock = Clock(monkeypatch, lambda second: file.unlink() if second == 3 else None)
    with take(file, wait=False):
        assert clock.now == 3


def test_one_whose_holder_was_killed_is_taken_over(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "EXPIRY", 1.0)
    file = tmp_path / "lease"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    token = holder.stdout.readline().decode().strip()
    assert file.read_text() == token
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert file.read_text() == token
    with take(file) as lease:
        assert file.read_text() == lease.token != token


def test_a_living_holder_touches_it(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "TOUCH", 0.01)
    with take(tmp_path / "lease"):
        seen, patience = {(tmp_path / "lease").stat().st_mtime_ns}, Patience()
        while len(seen) < 4 and not patience.ended():
            sum(range(10**5))  # as busy as work is
            seen.add((tmp_path / "lease").stat().st_mtime_ns)
    assert len(seen) == 4


def test_of_many_that_want_one_that_was_left_one_has_it_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "EXPIRY", 2.0 * slowness())  # or a holder that gets no time to touch it would lose it
    monkeypatch.setattr(leases, "LOOK", 0.001)
    file, holders, most, had = left_behind(tmp_path / "lease"), set(), [], []

    def want(number: int) -> None:
        with take(file) as lease:
            holders.add(number)
            most.append(len(holders))
            had.append(lease.is_held())
            time.sleep(0.005)
            holders.discard(number)

    threads = [threading.Thread(target=want, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # several may remove it at once: of these, one is told that it has it. Most find it held, and wait.
    assert len(most) == 16 and most.count(1) >= 8 and had.count(True) >= 8
    assert list(tmp_path.iterdir()) == []


def test_one_that_became_anothers_in_the_last_moment_is_put_back(tmp_path, monkeypatch):
    file = left_behind(tmp_path / "lease")
    rename, taken = os.rename, []

    def other_is_faster(source, target):
        if not taken:
            taken.append(file.write_text("another's"))
        rename(source, target)

    monkeypatch.setattr(os, "rename", other_is_faster)
    clock = Clock(monkeypatch, limit=15)
    with pytest.raises(TimeoutError):
        take(file)
    assert file.read_text() == "another's" and clock.now > EXPIRY and [p.name for p in tmp_path.iterdir()] == ["lease"]


@pytest.mark.parametrize("links", [True, False])
def test_one_that_became_anothers_is_put_back_under_no_newer_one(tmp_path, monkeypatch, links):
    """Between the two renames of who removes it, a third may find the place free."""
    file = left_behind(tmp_path / "lease")

    def no_links(source, target):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    if not links:
        monkeypatch.setattr(os, "link", no_links)

    def is_meant(stamp) -> bool:
        if links:
            file.write_text("newer")
        return False

    leases._remove(file, is_meant)
    assert file.read_text() == ("newer" if links else "gone") and [p.name for p in tmp_path.iterdir()] == ["lease"]


def test_who_lost_it_knows_and_does_not_touch_or_remove_anothers(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "TOUCH", 0.01)
    file = tmp_path / "lease"
    with take(file) as lost:
        withdraw(file, lost.token)
        left_behind(file)
        time.sleep(0.1)
        assert not lost.is_held()
    assert file.read_text() == "gone" and file.stat().st_mtime == 1e9


def test_only_the_holders_own_is_withdrawn(tmp_path):
    file = left_behind(tmp_path / "lease")
    withdraw(file, "another")
    assert file.is_file()
    withdraw(file, "gone")
    withdraw(file, "gone")
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_ends_can_withdraw_all_of_its_own(tmp_path):
    left_behind(tmp_path / "other")
    with take(tmp_path / "a"), take(tmp_path / "b"):
        withdraw_all()
        assert [p.name for p in tmp_path.iterdir()] == ["other"]


def test_who_looks_sees_at_once_whether_it_was_touched_lately(tmp_path, monkeypatch):
    monkeypatch.setattr(leases.time, "sleep", lambda seconds: pytest.fail("waited"))
    file = left_behind(tmp_path / "lease")
    assert not is_alive(file) and not is_alive(tmp_path / "none") and not is_alive(tmp_path / "no" / "lease")
    os.utime(file)
    assert is_alive(file)
    assert [p.name for p in tmp_path.iterdir()] == ["lease"]


def test_a_full_disk_leaves_no_lease_behind(tmp_path, monkeypatch):
    def no_space(descriptor, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", no_space)
    with pytest.raises(OSError, match="No space left"):
        take(tmp_path / "lease")
    assert list(tmp_path.iterdir()) == []
