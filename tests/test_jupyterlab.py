"""JupyterLab as a person uses it: a real browser clicks through the index and the notebooks. Skips without Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browsing import MARKS, browser_page, played
from caption_study import made_of_captions
from conftest import ROOT, TOKEN, at_work
from pace import wait_for
from sound_study import finished_calls

from gannb.experiment.experiment import Experiment
from gannb.jupyter.index import FILE, write_index
from gannb.study.folder import load_study
from gannb.study.model import make_study
from gannb.work.locks import is_running

pytestmark = MARKS

RUNS = 5  # times that Run All Cells is chosen until a cell is run


@dataclass
class Server:
    """A JupyterLab of its own: a free port, a token, and no file or setting of whoever runs the test."""

    folder: Path  # of the notebooks and the studies
    own: Path  # for configuration and everything else that Jupyter writes
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def start(self) -> None:
        """Start it; it takes a free port by itself and says which in a file."""
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
                 "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")  # fmt: skip
        left_out = ("GANNB_LAUNCHER", "MPLBACKEND")
        environment = {k: v for k, v in os.environ.items() if k not in left_out} | {TOKEN: self.token}
        environment |= {name: str(self.own / name) for name in names}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.own.mkdir()
        with open(self.own / "log", "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
                 f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.folder}",
                 "--LabApp.extension_manager=readonly"],
                env=environment, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        runtime = self.own / "JUPYTER_RUNTIME_DIR"
        file = wait_for(lambda: next(runtime.glob("jpserver-*.json"), None), "a server")
        self.address = wait_for(lambda: json.loads(file.read_text() or "{}"), "its address")["url"]

    def stop(self) -> list[str]:
        """End it and all that it has started; return what was left when it had ended by itself."""
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(AssertionError):
            wait_for(lambda: self.process.poll() is not None and not at_work(self.token), "an end of all", 30)
        left = at_work(self.token)
        for process in left:
            with contextlib.suppress(Exception):
                process.kill()
        return [process.name() for process in left]

    def url(self, file: str) -> str:
        return f"{self.address}lab/tree/{file}?token={self.token}"


@pytest.fixture(scope="module")
def server(finished, tmp_path_factory) -> Iterator[Server]:
    """JupyterLab in a folder with the notebooks, the index, finished studies and one that takes long."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    shutil.copytree(finished, folder / "outputs" / "digits")
    long = make_study(**load_study(finished).changes() | {"gan_steps": 200_000, "name": "long"})
    Experiment.open(long.model_copy(update={"output_dir": str(folder / "outputs")}))
    second = folder / "notebooks" / "02_train_gan.ipynb"
    second.write_text(second.read_text().replace("outputs/digits", "outputs/long"))
    finished_calls(folder, folder / "outputs")
    for name in ("01_data", "03_generate"):
        text = (folder / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
        text = text.replace("outputs/digits", "outputs/calls").replace('"# ', '"# Calls ', 1)  # each its own title
        (folder / f"{name}-calls.ipynb").write_text(text, encoding="utf-8")
    made_of_captions(folder, folder / "outputs")
    write_box(folder / "box.ipynb", folder / "notebooks" / "03_generate.ipynb", "outputs/shapes")
    write_index(folder / "outputs")
    server = Server(folder, tmp_path_factory.mktemp("jupyter") / "own")
    server.start()
    yield server
    left = server.stop()
    assert left == []


def write_box(file: Path, notebook: Path, study: str) -> None:
    """Write a notebook of a study with the box of another notebook, and what stands before it that it needs."""
    kept = nbformat.read(notebook, as_version=4)
    needed = ("# 3. Synthetic items", "study =", "open_experiment", "widgets.ask")
    kept.cells = [c for c in kept.cells if any(part in c.source for part in needed)]
    kept.cells[0].source = "# The box"  # a title of its own: notebooks that were open before may still be in front
    for c in kept.cells:
        c.source = c.source.replace("outputs/digits", study)
        c.source = c.source.replace("widgets.ask", "from gannb.jupyter import widgets\n\nwidgets.ask")
    nbformat.write(kept, file)


@pytest.fixture(scope="module")
def page(server) -> Iterator[Any]:
    """A page of a browser without a window, with the index open."""
    # as high as that, since cells out of sight are not drawn
    with browser_page(server.url(f"outputs/{FILE}"), 1300, 2600) as page:
        yield page
        page.screenshot(path=server.folder / "last.png")


def heading(page: Any, text: str) -> None:
    """Wait until the notebook with this title is in front and its kernel is ready; before, cells are not run."""
    page.locator("h1:visible", has_text=text).first.wait_for()
    page.locator(".jp-NotebookPanel:visible .jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()


def run_all(page: Any) -> None:
    """Choose Run > Run All Cells from the menu, again where no cell has been sent to the kernel by it.

    A notebook says "idle" before it has a kernel too, and then the menu does nothing.
    """
    prompts = page.locator(".jp-NotebookPanel:visible .jp-CodeCell .jp-InputPrompt")
    sent = prompts.filter(has_text=re.compile(r"\[(\*|\d+)\]"))
    for _ in range(RUNS):
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        with contextlib.suppress(AssertionError):
            wait_for(sent.count, "a cell at work", 10)
            return
    raise AssertionError(f"no cell was run; the page shows:\n{page.locator('body').inner_text()}")


def cell(page: Any, code: str) -> Any:
    """Return the cell of the notebook in front that holds this code."""
    return page.locator(".jp-NotebookPanel:visible .jp-CodeCell", has_text=code)


def look(page: Any, cell: Any, name: str, folder: Path) -> bytes:
    """Return a picture of the page with the cell in view, kept as a file too, when its layout has come to rest."""
    cell.scroll_into_view_if_needed()
    pictures = [b""]

    def at_rest() -> bool:
        pictures.append(page.screenshot(path=folder / f"{name}.png"))
        return pictures[-1] == pictures[-2]

    wait_for(at_rest, "a page at rest")
    return pictures[-1]


def test_the_index_shows_studies_and_opens_notebooks(page):
    heading(page, "Would GAN images")
    page.get_by_role("link", name="the page").first.wait_for()
    page.get_by_text("points of balanced accuracy").first.wait_for()
    page.get_by_role("link", name="01_data").first.click()
    heading(page, "The items, and the trials")


def test_01_runs_by_the_menu_and_its_draws_can_be_browsed(page, tmp_path):
    run_all(page)
    draws = cell(page, "widgets.draws(experiment)")
    choose = draws.get_by_label("class")
    choose.wait_for()
    picture = draws.locator(".jp-RenderedImage img")
    before = picture.get_attribute("src")
    choose.select_option("7")
    draws.get_by_text("of class 7").wait_for()
    assert picture.get_attribute("src") != before
    assert picture.evaluate("image => image.naturalWidth / image.width") > 1  # sharp
    assert look(page, draws, "01", tmp_path)


def test_03_runs_and_a_widget_moved_shows_other_samples(page, server, tmp_path):
    page.goto(server.url("notebooks/03_generate.ipynb"), wait_until="commit")
    heading(page, "Synthetic items")
    run_all(page)
    samples = cell(page, "widgets.samples(experiment)")
    samples.get_by_text("class 0, each beside").wait_for()
    first = look(page, samples, "03", tmp_path)
    samples.get_by_label("class").select_option("5")
    samples.get_by_text("class 5, each beside").wait_for()
    assert look(page, samples, "03-moved", tmp_path) != first
    assert samples.locator(".jp-RenderedImage img").count() == 1
    assert page.locator(".jp-NotebookPanel:visible [data-mime-type$=stderr]").count() == 0


def write_into(box: Any, text: str) -> None:
    """Write a text into the box of what is to be made, and send it off."""
    box.get_by_label("make").fill(text)
    box.get_by_label("make").press("Enter")


def test_what_is_written_into_the_box_of_03_is_made_and_what_cannot_be_is_said(page, tmp_path):
    box = cell(page, "widgets.ask(experiment)")
    box.get_by_text("Made of class '0'").wait_for()
    first = box.locator(".jp-RenderedImage img").get_attribute("src")
    write_into(box, "7")
    box.get_by_text("Made of class '7'").wait_for()
    assert box.locator(".jp-RenderedImage img").get_attribute("src") != first
    write_into(box, "a blue circle")
    box.get_by_text("takes no captions").wait_for()
    assert look(page, box, "03-box", tmp_path)


def test_the_notebook_can_be_saved_and_keeps_its_pictures(page, server):
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.get_by_text("Save Notebook", exact=True).click()
    file = server.folder / "notebooks" / "03_generate.ipynb"
    wait_for(lambda: "image/png" in file.read_text(), "a saved notebook")
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    (browsed,) = [c for c in notebook.cells if "widgets.samples" in c.source]
    assert "class 5" in str(browsed.outputs) and any("image/png" in o.data for o in browsed.outputs)


def test_a_sentence_in_the_box_is_made_and_unknown_words_are_named(page, server, tmp_path):
    page.goto(server.url("box.ipynb"), wait_until="commit")
    heading(page, "The box")
    run_all(page)
    box = cell(page, "widgets.ask(experiment)")
    box.get_by_text("by the GAN of trial 0").wait_for()
    first = box.locator(".jp-RenderedImage img").get_attribute("src")
    write_into(box, "a blue zebra")
    box.get_by_text("Made of “a blue zebra” by the GAN of trial 0").wait_for()
    box.get_by_text("These words stand in no caption of the training set").wait_for()
    assert box.locator(".jp-RenderedImage img").get_attribute("src") != first
    assert look(page, box, "box", tmp_path)
    assert page.locator(".jp-NotebookPanel:visible [data-mime-type$=stderr]").count() == 0


@pytest.mark.parametrize(
    ("name", "title", "code", "text"),
    [
        ("01_data-calls", "Calls 1.", "widgets.draws(experiment)", "Trial 0 has"),
        ("03_generate-calls", "Calls 3.", "widgets.samples(experiment)", "each beside"),
    ],
)
def test_clips_can_be_played(page, server, tmp_path, name, title, code, text):
    page.set_viewport_size({"width": 1300, "height": 9000})  # players are high, and cells out of sight are not drawn
    page.goto(server.url(f"{name}.ipynb"), wait_until="commit")
    heading(page, title)
    run_all(page)
    browsed = cell(page, code)
    browsed.get_by_text(text).first.wait_for()
    browsed.locator("audio").first.wait_for()
    assert look(page, browsed, name, tmp_path)
    heard = played(page)
    assert len(heard) >= 8 and {error for error, _ in heard} == {None}
    assert all(abs(seconds - 0.5) < 0.1 for _, seconds in heard)


def test_the_stop_button_ends_the_work_in_a_sentence_and_loses_nothing(page, server):
    study = server.folder / "outputs" / "long"
    page.goto(server.url("notebooks/02_train_gan.ipynb"), wait_until="commit")
    heading(page, "A GAN for every draw")
    run_all(page)
    wait_for(lambda: list(study.glob("trials/*/mlp-*.running/progress")), "a GAN in training")
    training = cell(page, "experiment.run(2)")
    training.get_by_text("02 train_gan").wait_for()
    page.get_by_role("button", name="Interrupt the kernel").locator("visible=true").click()
    error = training.locator("[data-mime-type$=stderr]")
    error.wait_for()
    assert error.inner_text().strip() == (
        "Stopped: what is finished is kept, and running the cell again goes on from there."
    )
    assert not is_running(study) and len(list(study.glob("trials/*/draw-*/unit.json"))) == 2
