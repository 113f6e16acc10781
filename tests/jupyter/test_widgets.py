"""Widgets: what they show, as pictures without JupyterLab and with controls in it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gannb.experiment.experiment import Experiment
from gannb.jupyter import widgets
from gannb.measures.fidelity import nearest
from gannb.media.image.features import pixels
from gannb.report import plots
from gannb.study.folder import load_study


@pytest.fixture(scope="module")
def experiment(finished) -> Experiment:
    return Experiment.preview(load_study(finished))


@pytest.fixture(autouse=True)
def no_figures():
    yield
    plt.close("all")


@dataclass
class Lab:
    """What a kernel of JupyterLab was asked to show: the row of controls, then every picture and text with its id."""

    rows: list = field(default_factory=list)
    outputs: list = field(default_factory=list)

    def publish(self, *objects, display_id=None, update=False, **_) -> None:
        self.rows += objects if display_id is None else []
        self.outputs += [(display_id, update, o) for o in objects if display_id is not None]

    @property
    def controls(self) -> dict[str, ipywidgets.DOMWidget]:
        """The controls that are shown, by their labels."""
        return {control.description: control for control in self.rows[0].children}

    def last(self, kind: str) -> str:
        return [output[kind] for _, _, output in self.outputs if kind in output][-1]


@pytest.fixture
def lab(monkeypatch) -> Lab:
    monkeypatch.setenv("JPY_SESSION_NAME", "/03_generate.ipynb")
    monkeypatch.delenv("GANNB_LAUNCHER", raising=False)
    lab = Lab()
    for module in ("IPython.display", "IPython.core.display_functions"):
        monkeypatch.setattr(f"{module}.display", lab.publish)
    return lab


def view(experiment, found, train, sign, page, title="") -> tuple[plt.Axes, str]:
    """A page of samples, drawn."""
    grid, text = widgets.samples_view(found, train, sign, page, title, experiment.settings.medium.nouns)
    return plots.show(experiment.settings.medium, grid), text


# ---- what is computed ----


def test_the_nearest_is_the_nearest_of_all_training_items(experiment):
    real = widgets.learnt(experiment, 0)
    found = widgets.made(experiment, real, 0, "mlp", 3)
    flat = [pixels(x).astype(float) for x in (found.synthetic.x, real.train.x)]
    distance = cdist(*flat)
    assert (found.synthetic.y == 3).all() and len(found.synthetic) == 5
    np.testing.assert_array_equal(found.nearest, distance.argmin(1))
    np.testing.assert_allclose(found.distance, distance.min(1) / real.usual)


def test_training_items_made_again_may_be_copies(experiment, monkeypatch):
    real = widgets.learnt(experiment, 0)
    monkeypatch.setattr(Experiment, "synthetic", lambda *_: real.train)
    found = widgets.made(experiment, real, 0, "mlp", 3)
    assert found.copied.all() and (found.distance == 0).all()


def test_real_items_from_outside_are_rarely_taken_for_copies(experiment):
    train, unseen = (
        experiment.settings.items(i) for i in (experiment.results.draw(0).train, experiment.results.draw(0).test)
    )
    real = widgets.learnt(experiment, 0)
    distance = nearest(pixels(unseen.x), pixels(train.x))[1]
    assert np.mean(distance <= real.copy) < 0.06  # the limit comes from 40 items
    assert 0.35 < np.mean(distance <= real.usual) < 0.65  # half of them


# ---- pictures ----


def test_pages_go_through_the_items_in_order_and_the_last_one_is_the_last(experiment):
    real = widgets.learnt(experiment, 0)
    found = widgets.made(experiment, real, 0, "mlp", 2)
    many = widgets.Made(
        found.synthetic.take(np.arange(20) % 5),
        *(part[np.arange(20) % 5] for part in (found.nearest, found.distance)), copied=np.arange(20) < 4,
    )  # fmt: skip
    ax, text = view(experiment, many, real.train, 1, 9)
    assert text.startswith("Images 19 to 20 of 20 of class 2, ") and " 4 of the 20 may be copies" in text
    assert [label.get_text() for label in ax.get_yticklabels()] == ["19–20"]
    shown = [float(note.get_text().split()[0]) for note in ax.texts]
    assert shown == pytest.approx(sorted(many.distance)[18:], abs=0.006)


def test_farthest_first_is_the_reverse_of_closest_first(experiment):
    real = widgets.learnt(experiment, 0)
    found = widgets.made(experiment, real, 0, "mlp", 2)
    notes = [[n.get_text() for n in view(experiment, found, real.train, s, 1)[0].texts] for s in (1, -1, 0)]
    assert notes[0] == notes[1][::-1]
    assert [note.split()[0] for note in notes[2]] == [f"{d:.2f}" for d in found.distance]


def test_what_may_be_a_copy_is_marked_in_words_and_colour(experiment):
    real = widgets.learnt(experiment, 0)
    found = widgets.made(experiment, real, 0, "mlp", 2)
    marked = widgets.Made(found.synthetic, found.nearest, found.distance, np.arange(5) == 1)
    ax, _ = view(experiment, marked, real.train, 0, 1)
    assert [note.get_text().endswith(" copy?") for note in ax.texts] == [False, True, False, False, False]
    assert len({frame.get_edgecolor() for frame in ax.patches}) == 2


def test_a_source_that_lacks_a_class_says_so(experiment, monkeypatch, capsys):
    made = Experiment.synthetic
    monkeypatch.setattr(Experiment, "synthetic", lambda *of: (x := made(*of)).take(np.flatnonzero(x.y > 0)))
    widgets.samples(experiment)
    assert capsys.readouterr().out == "mlp, trial 0: there are no images of class 0.\n" and not plt.get_fignums()


def test_one_class_of_a_draw_is_shown_in_rows(experiment):
    grid, text = widgets.draw_view(experiment, 1, "reserve", 7)
    assert text == "Trial 1 has 40 images in its reserve, 4 of class 7, 4 of them shown."
    assert list(grid.rows) == ["1–4"] and len(grid.cells[0]) == 4


# ---- outside JupyterLab ----


@pytest.mark.parametrize("show", [widgets.samples, widgets.draws])
def test_without_jupyterlab_it_is_a_picture_and_a_sentence(show, experiment, monkeypatch, capsys):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    show(experiment)
    assert len(plt.get_fignums()) == 1
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_what_a_picture_shows_is_said_below_it_and_not_in_the_terminal_of_a_run(experiment, monkeypatch, capsys):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    widgets.draws(experiment)
    (said,) = shown
    assert repr(said) == said and said._repr_html_() == f"<p>{said}</p>" and capsys.readouterr().out == ""


def test_in_a_kernel_of_gannb_run_it_is_a_picture_too(experiment, lab, monkeypatch):
    monkeypatch.setenv("GANNB_LAUNCHER", "1")
    widgets.samples(experiment)
    assert [type(row).__name__ for row in lab.rows] == ["_Said"] and lab.outputs == [] and len(plt.get_fignums()) == 1


# ---- a medium whose items are heard or read ----


def test_what_its_medium_shows_as_html_is_shown_so_and_the_rest_as_a_figure(experiment, lab, monkeypatch):
    grid = widgets.draw_view(experiment, 0, "train", 3)[0]
    widgets.show(experiment.settings.medium, grid)
    assert lab.outputs == [] and len(plt.get_fignums()) == 1
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setattr(type(experiment.settings.medium), "html", lambda medium, grid: f"<b>{len(grid.rows)} rows</b>")
    widgets.show(experiment.settings.medium, grid)
    assert [each.data for each in shown] == ["<b>1 rows</b>"] and len(plt.get_fignums()) == 1


def test_controls_change_html_in_its_place(experiment, lab, monkeypatch):
    monkeypatch.setattr(type(experiment.settings.medium), "html", lambda medium, grid: f"<b>{grid.title}</b>")
    widgets.samples(experiment)
    assert "<b>mlp, trial 0, class 0</b>" in str(lab.outputs)
    lab.controls["class"].value = 4
    assert "<b>mlp, trial 0, class 4</b>" in str(lab.outputs) and "image/png" not in str(lab.outputs)


# ---- in JupyterLab ----


def test_controls_change_the_picture_and_the_text_in_their_place(experiment, lab):
    widgets.samples(experiment)
    assert {"trial", "class", "order"} <= set(lab.controls)
    assert "class 0" in lab.last("text/plain")
    pictures = [lab.last("image/png")]
    for label, value in {"class": 4, "trial": 1, "order": -1}.items():
        lab.controls[label].value = value
        pictures.append(lab.last("image/png"))
    assert len(set(pictures)) == 4 and "class 4" in lab.last("text/plain")
    assert len({name for name, _, _ in lab.outputs}) == 2
    assert [update for _, update, _ in lab.outputs] == [False] * 2 + [True] * 6
    assert plt.get_fignums() == []  # or the notebook's backend would show them as well


def test_pictures_are_such_as_a_notebook_can_be_saved_with(experiment, lab):
    widgets.draws(experiment)
    assert base64.b64decode(lab.last("image/png"), validate=True).startswith(b"\x89PNG")


def test_nearest_items_are_searched_once(experiment, lab, monkeypatch):
    asked = []
    monkeypatch.setattr(widgets, "made", lambda *a, made=widgets.made: asked.append(a[2:]) or made(*a))
    widgets.samples(experiment)
    for k in (1, 0, 1):
        lab.controls["class"].value = k
    lab.controls["order"].value = -1
    assert asked == [(0, "mlp", 0), (0, "mlp", 1)]


def test_a_control_with_one_choice_is_not_shown(experiment, lab):
    widgets.samples(experiment)
    assert experiment.settings.sources == ["mlp"] and set(lab.controls) == {
        "trial",
        "class",
        "order",
    }  # 5 items: one page


# ---- a box for what anybody asks for


def test_what_is_written_into_the_box_is_made_and_what_cannot_be_is_said(experiment, lab):
    widgets.ask(experiment)
    box = lab.controls["make"]
    assert box.value == "0" and "Made of class '0' by the GAN of trial 0." in lab.last("text/plain")
    first = lab.last("image/png")
    box.value = "3"
    assert "class &#x27;3&#x27;" in lab.last("text/html") and lab.last("image/png") != first
    box.value = "a red circle"
    assert "There is no class" in lab.last("text/plain") and "takes no captions" in lab.last("text/plain")


def test_without_jupyterlab_one_class_is_made(experiment, monkeypatch, capsys):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    widgets.ask(experiment)
    assert capsys.readouterr().out == "Made of class '0' by the GAN of trial 0.\n"
