"""Processes that end with the one that started them."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import psutil
from pace import run, wait_for


def test_a_process_ends_soon_after_the_one_it_follows():
    code = (
        "import subprocess, sys, time\n"
        "child = 'import sys, time; from gannb.work.processes import end_with; end_with(int(sys.argv[1])); "
        "print(1, flush=True); time.sleep(3600)'\n"
        "import os\n"
        "p = subprocess.Popen([sys.executable, '-c', child, str(os.getpid())], stdout=subprocess.PIPE, "
        "start_new_session=True)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(3600)"
    )
    launcher = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    follower = psutil.Process(int(launcher.stdout.readline()))
    launcher.kill()
    launcher.wait()
    try:
        wait_for(lambda: not follower.is_running(), "the end of the process", 5)
    finally:
        with contextlib.suppress(psutil.Error):
            follower.kill()


def test_its_leases_go_with_it(tmp_path):
    # by the thread that watches the other process: what this one is doing does not end
    code = (
        "import os, subprocess, sys, time\nfrom pathlib import Path\n"
        "from gannb.work.leases import take\nfrom gannb.work.processes import end_with\n"
        "other = subprocess.Popen(['sleep', '3600'])\nend_with(other.pid)\n"
        "lease = take(Path(sys.argv[1]))\nother.kill()\nother.wait()\ntime.sleep(3600)"
    )
    ended = run([sys.executable, "-c", code, str(tmp_path / "lease")])
    assert ended.returncode == 1 and list(tmp_path.iterdir()) == []
