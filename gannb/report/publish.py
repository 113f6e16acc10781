"""The result of a study, written down: its tables, its verdict, its figures, and its page `report.html`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.analysis import open_set
from gannb.analysis.class_lights import Explanation, explained
from gannb.analysis.evidence import Evidence
from gannb.analysis.small_classes import notes
from gannb.analysis.to_json import to_json
from gannb.analysis.verdict import SCORE_COLUMNS, Verdict
from gannb.analysis.wording import METRIC_NAMES, with_reason
from gannb.analysis.worth import NOT_MEASURED
from gannb.data.sketch import sketch
from gannb.generators.interface import ADVERSARIAL
from gannb.report import looking
from gannb.report.looking import Looked, look
from gannb.report.page import facts, tables
from gannb.report.page.asked import asked_notes, asked_pictures
from gannb.report.page.html import ANSWERS, control_word, render
from gannb.report.page.pictures import Picture, make_pictures
from gannb.report.page.plain import plain
from gannb.report.tables.open_set import table as open_set_table
from gannb.report.tables.small_classes import texts
from gannb.study.folder import PAGE, read_record
from gannb.utils.files import write_json, write_text
from gannb.work.locks import study_lock

if TYPE_CHECKING:
    from gannb.data.medium import Medium
    from gannb.experiment.experiment import Experiment

QUALITY_COLUMNS = (
    "trial", "generator", "features", "kid", "kid_se", "fid", "density", "coverage", "precision", "recall",
    "authenticity", "authenticity_of_real", "nearer_to_train", "between", "between_of_blends", "between_of_real",
    "nn_ratio", "c_t", "items", "exact_duplicates", "near_duplicates", "copying_p", "flagged", "gan_test",
    "ruler_accuracy", "accepted_first", "never_accepted", "seconds", "items_per_second",
)  # fmt: skip
CLASS_COLUMNS = (
    "trial", "generator", "features", "class", "gan_test", "ruler_accuracy", "diversity", "nearer_to_train",
    "exact_duplicates",
)  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Everything that stands on the page: plain text, tables of text, pictures."""

    study: str
    medium: Medium
    verdict: Mapping[str, Any]
    pictures: Mapping[str, Picture] = field(default_factory=dict)  # by name, see `page.pictures.make_pictures`
    levels: str = ""  # what is reached with and without generated items, a sentence
    maker: str = ADVERSARIAL  # what made the generated items
    asked: Sequence[str] = ()  # what is said of captions that items were made of
    arms: Sequence[Mapping[str, str]] = ()
    generators: Sequence[Mapping[str, str]] = ()
    own_measures: Sequence[Mapping[str, str]] = ()  # those of the medium alone, by generator
    method: Sequence[tuple[str, str]] = ()
    data: Sequence[tuple[str, str]] = ()
    provenance: Sequence[tuple[str, str]] = ()
    parameters: Sequence[Mapping[str, str]] = ()
    shifts: Sequence[Mapping[str, str]] = ()
    outcomes: Sequence[Mapping[str, str]] = ()
    outcome_notes: Sequence[str] = ()
    small_classes: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # notes, arms, contrasts
    classes: Sequence[Mapping[str, Any]] = ()
    criteria: Mapping[str, Explanation] = field(default_factory=dict)  # of the lights of `classes`
    open_set: Mapping[str, Any] | None = None  # of the verdict, with its `table`; None where no class is held out


def publish(experiment: Experiment) -> Path:
    """Write scores.csv, quality.csv, verdict.json, figures/ and report.html into the study's folder; return the page.

    Raises:
        InputError: fewer than two trials have the two arms of the primary contrast, or another process is at work.
        Failed: so many units failed that there is nothing to compare.
    """
    with study_lock(experiment.folder):
        return _publish(experiment)


def _publish(experiment: Experiment) -> Path:
    looked, folder = look(experiment), experiment.folder
    evidence, decided = looked.evidence, looked.verdict
    verdict = plain(to_json(decided)) | {"looks": looking.to_json(looked.looks)}
    verdict |= {"answer_key": experiment.plan.answer_key, "of": answered(experiment)}
    if experiment.plan.open_set:
        verdict["open_set"] = open_set_part(experiment)
    write_tables(folder, evidence, experiment.settings.medium)
    write_json(folder / "verdict.json", verdict)
    return write_page(folder / PAGE, make_page(experiment, looked, verdict))


def answered(experiment: Experiment) -> dict[str, Any]:
    """Return what an answer is of, to stand beside it when the study's parameters have changed since."""
    resolved = experiment.settings.resolved()
    kept = {name: resolved[name] for name in ("shape", "classes", "gan", "gan_steps", "classifier_steps")}
    return kept | {"classifier": list(experiment.study.classifier), "sketch": sketch(experiment.dataset)}


def write_tables(folder: Path, evidence: Evidence, medium: Medium) -> None:
    """Write scores.csv, quality.csv and, where classes were measured one by one, classes.csv."""
    of_quality = (*QUALITY_COLUMNS, *medium.measures)
    tidy = {"scores": (evidence.scores, SCORE_COLUMNS), "quality": (evidence.quality, of_quality)}
    if evidence.classes is not None:
        tidy["classes"] = (evidence.classes, CLASS_COLUMNS)
    for name, (table, columns) in tidy.items():
        write_text(folder / f"{name}.csv", table.reindex(columns=list(columns)).to_csv(index=False))


def make_page(experiment: Experiment, looked: Looked, verdict: Mapping[str, Any]) -> Page:
    """Return everything that stands on the page; its figures are drawn, and kept in figures/.

    verdict: as it stands in `verdict.json`.
    """
    resolved, evidence = experiment.settings.resolved() | {"device": experiment.device}, looked.evidence
    unseen = verdict.get("open_set")
    return Page(
        study=experiment.study.name,
        medium=experiment.settings.medium,
        verdict=verdict,
        pictures=make_pictures(experiment, evidence, verdict)
        | asked_pictures(experiment, experiment.folder / "figures", evidence),
        levels=facts.levels_note(evidence),
        maker=experiment.settings.medium.families[evidence.gan].maker,
        asked=asked_notes(evidence, experiment.settings.medium),
        arms=tables.arm_table(evidence),
        generators=tables.generator_table(evidence, experiment.settings.medium),
        own_measures=tables.own_measure_table(evidence, experiment.settings.medium),
        method=facts.method_facts(experiment, evidence, looked.looks),
        data=facts.data_facts(experiment),
        provenance=facts.provenance(experiment),
        parameters=tables.parameter_table(experiment.study, resolved, read_record(experiment.folder)["set"]),
        shifts=tables.shift_table(verdict),
        outcomes=tables.outcome_table(verdict, experiment.settings.medium.nouns),
        outcome_notes=facts.outcome_notes(experiment, evidence, looked.looks),
        small_classes=texts(verdict, small_class_notes(looked.verdict, evidence)),
        classes=tables.class_table(verdict),
        criteria=explained(evidence.nouns, evidence.phrases, evidence.measuring_classifier),
        open_set=unseen and unseen | {"table": open_set_table(unseen, evidence.nouns).to_dict("records")},
    )


def small_class_notes(decided: Verdict, evidence: Evidence) -> list[str]:
    """Return what a reader of the tables on smaller classes has to know; empty for classes of about equal size."""
    smaller = decided.small_classes
    said = decided.balancing, evidence.metric, evidence.nouns, evidence.phrases
    return notes(smaller, *said) if smaller else []


def open_set_part(experiment: Experiment) -> dict[str, Any]:
    """Write open_set.csv, and return what was found about the classes held out."""
    write_text(experiment.folder / "open_set.csv", open_set.scores(experiment).to_csv(index=False))
    intervals = facts.outcome_intervals(experiment.settings.medium.nouns)
    return plain(to_json(open_set.decide(experiment, intervals)))


def write_page(file: Path, page: Page) -> Path:
    """Write the page as one HTML file that fetches nothing; names and texts are escaped."""
    metric = METRIC_NAMES.get(page.verdict["metric"], page.verdict["metric"])
    answer = with_reason(ANSWERS[page.verdict["answer"]], page.verdict["reason"])
    shown = {"page": page, "v": page.verdict, "answer": answer, "metric": metric}
    shown |= {"nouns": page.medium.nouns, "phrases": page.medium.phrases, "no_worth": NOT_MEASURED}
    shown |= {"measuring_classifier": page.medium.measuring_classifier, "own_measures": page.medium.measures}
    shown |= {"brackets": facts.brackets_note(page.verdict), "control_word": control_word, "criteria": page.criteria}
    write_text(file, render("report.html", **shown))
    return file
