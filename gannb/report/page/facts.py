"""What the page says in words of its answer and how it was found: method, data and provenance, as terms and texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.analysis import external
from gannb.analysis.controls import CONVERGED
from gannb.analysis.evidence import Evidence, by_trial, common_trials, second_half
from gannb.analysis.wording import METRIC_NAMES, arm_label, capital, in_points, percent, points, primary_of
from gannb.experiment.ledger import changed
from gannb.report.looking import looks_text
from gannb.report.page.plain import without_paths
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.study.folder import read_record
from gannb.trials.arms import PRETRAINED, PRIMARY
from gannb.trials.tuning import Configuration
from gannb.units.kinds import KINDS
from gannb.utils.naming import counted, ended, few_of
from gannb.work.store import read_unit

if TYPE_CHECKING:
    from gannb.data.examples import DataReport
    from gannb.data.medium import Nouns
    from gannb.experiment.experiment import Experiment
    from gannb.experiment.ledger import Looks
    from gannb.experiment.settings import Settings

LISTED = 12  # files or names in a list, before "and N more"
UNITS = {  # of replication, by protocol
    "given": "one new training of GAN and classifiers on the given training set, with seeds of its own.",
    "draw": "one draw of a small training set, and everything trained from it.",
    "folds": "one part of the whole set that is tested, and everything trained from the other parts.",
}
BALANCED = " It is the mean over classes of the share of test {many} recognised, so that small classes count as much."
INTERVALS = {  # what they carry, by protocol
    "given": (
        "It speaks for GANs and classifiers trained on this training set and tested on new {many} like those of the "
        "test set; not for other training sets of its size. It carries two chances: what training happens to come to, "
        "and which {many} are in the test set."
    ),
    "draw": (
        "It speaks for other small sets drawn from the same source. It carries both chances: which {many} were drawn "
        "to train on, and which are in the test set (crossed, trial by test {one})."
    ),
    "folds": (
        "It speaks for GANs and classifiers trained anew on random parts of these {many}, as large as here, and tested "
        "on new {many} of the same source; not for other sets of this size. It carries two chances: what training and "
        "division happen to come to, and which {many} there are to test on. Every one is tested once in each repeat, "
        "so that what is its own shows from repeat to repeat."
    ),
}
OUTCOMES = "The 95% intervals carry trials and test {many}, as that of the answer does."


# ---- the answer ----


def brackets_note(verdict: Mapping[str, Any]) -> str:
    """Return what stands in brackets behind the answer and the other ways."""
    note = f"In brackets: the {percent(primary_of(verdict)['level'])} interval, the changes that fit what was measured"
    others = sum(option["arm"] != PRIMARY[0] for option in verdict["options"])
    return f"{note}; those of the {others} other ways are adjusted for their number." if others > 1 else f"{note}."


def levels_note(evidence: Evidence) -> str:
    """Return what the classifiers reach with and without generated items, in percent: what the answer's points are of.

    Means over the trials that have both arms.
    """
    trials = common_trials(evidence, *PRIMARY)
    with_gan, without = (float(by_trial(evidence, arm, evidence.metric, trials).mean()) for arm in PRIMARY)
    return (
        f"{capital(METRIC_NAMES[evidence.metric])} is {without:.1%} with classical augmentation alone and "
        f"{with_gan:.1%} with GAN {evidence.nouns.many} as well."
    )


# ---- method ----


def method_facts(experiment: Experiment, evidence: Evidence, looks: Looks) -> list[tuple[str, str]]:
    """Return how the answer was found, as (term, text)."""
    rope, nouns = points(evidence.rope), experiment.settings.medium.nouns
    metric = METRIC_NAMES[evidence.metric].capitalize()
    rule = (
        f"The whole interval within ±{rope} points: no difference that matters. Otherwise, wholly above 0: they help; "
        "wholly below 0: they hurt; else undecided. This is for the one primary comparison. No interval is narrower "
        f"than the weight of a single test {nouns.one} allows, fewer than {LEAST_TRIALS} trials have no answer, and a "
        "study of which a control did not come out has none either (but where another network than its first, or more "
        f"real {nouns.many}, would gain by more steps). Exploratory rows are shown without an answer, "
        "because among many comparisons some look striking by chance."
    )
    return [
        ("Protocol", f"{evidence.protocol}: {experiment.design.why}."),
        ("Unit of replication", "The trial: " + UNITS[evidence.protocol]),
        ("In each trial", _trial_text(experiment, evidence)),
        (
            "Classical augmentation",
            f"Small random changes of every {nouns.one}, by the policy “{experiment.settings.policy_name}”.",
        ),
        ("Measure", f"{metric}, {_when_chosen(looks)}." + _said(BALANCED, nouns) * (evidence.metric != "accuracy")),
        (f"The {percent(evidence.level)} interval", _said(INTERVALS[evidence.protocol], nouns)),
        ("Decision rule", rule),
        ("Looks", looks_text(looks)),
        ("Fine-tuning", transfer_text(experiment)),
        ("Tuning", tuning_text(experiment)),
        *external.facts(evidence),
        ("Had training converged?", convergence(evidence)),
    ]


def _when_chosen(looks: Looks) -> str:
    """Return when the metric was chosen, as far as the ledger tells."""
    return "changed after a look at the answer" if "metric" in changed(looks.chain) else "chosen before the study"


def _said(text: str, nouns: Nouns) -> str:
    """Return a text with a medium's words in their places."""
    return text.format(one=nouns.one, many=nouns.many)


def _trial_text(experiment: Experiment, evidence: Evidence) -> str:
    study, settings = experiment.study, experiment.settings
    many = settings.medium.nouns.many
    times = f"{study.classifier_seeds} times with different seeds, averaged" if study.classifier_seeds > 1 else "once"
    kept = f" Only {', '.join(evidence.keep_classes)} got them." if evidence.keep_classes else ""
    return (
        f"{evidence.n_train:,.0f} real {many} to train on, {evidence.n_test:,.0f} test {many} that no generator and no "
        f"training step sees. A GAN ({settings.family}, {settings.gan_steps:,} steps) learns from the training {many} "
        f"and makes {settings.made_text}. Every arm then trains the same classifier ({study.first_classifier}, unless "
        f"it names another) for {experiment.plan.steps_of():,} steps, {times}. Where generated {many} are added, "
        f"{_share_text(experiment.settings)}.{kept}"
    )


def _share_text(settings: Settings) -> str:
    """Return how much of a batch the generated items of an arm take, in words."""
    study = settings.study
    if study.mix == "added":
        balance, chosen = study.n_synthetic == "balance", " (or as many as tuning chose)" if study.tune else ""
        number = "so many that every class is seen about equally often" if balance else str(settings.synthetic_in_batch)
        return f"{number}{chosen} join the {study.batch_size} real ones of each batch, which are those of every arm"
    if study.n_synthetic == "balance":
        return "every class is seen about equally often"
    if study.tune:
        return f"{study.synthetic_share:.0%} of each batch, or what tuning chose, is drawn from them"
    return f"{study.synthetic_share:.0%} of each batch is drawn from them"


def transfer_text(experiment: Experiment) -> str:
    """Return how a pretrained network was fine-tuned, or why none was."""
    if experiment.settings.weights is None:
        return experiment.plan.left_out or "None: the study has no arm for it (transfer, transfer+gan)."
    pretrained, brought = experiment.settings.medium.pretrained, experiment.settings.medium.phrases.pretrained
    about = pretrained.weights_text(experiment.settings.weights) + (f"; {brought}" if brought else "")
    about += experiment.settings.view_text
    text = (
        f"Arms named transfer start from {about}. A new last layer is trained on the frozen network's features "
        "(logistic regression, the generated items weighing as much as in a batch), then "
        f"{pretrained.training_text(experiment.settings.weights, experiment.plan.steps_of(PRETRAINED))}"
    )
    return f"{text} {experiment.plan.left_out}".rstrip()


def tuning_text(experiment: Experiment) -> str:
    """Return how the arms were tuned, or that they were not, and what was chosen for the two of the question."""
    if not experiment.study.tune:
        way = " (tune=true tries the same list for every arm)" if experiment.settings.design.has_reserve else ""
        return f"None: every arm trains with the parameters below{way}."
    table = experiment.results.tuning()
    chosen = {row["arm"]: Configuration(**row["configuration"]) for _, row in table[table["chosen"]].iterrows()}
    said = "; ".join(f"{arm_label(arm)}: {each}" for arm, each in chosen.items())
    draws = len(experiment.settings.tuning_draws)
    kinds = "strength and kind" if experiment.study.augmentation == "auto" else "strength"
    return (
        f"Every arm tried the same list of configurations (learning rate, {kinds} of the classical augmentation, "
        f"synthetic share), as far as they exist in it, on {draws} draws that no trial uses; it "
        "keeps the study's own unless another is better by more than a standard error. The GAN was not tuned, and the "
        f"learning curve has the configuration of real + classic. Chosen: {said}. The intervals take these choices as "
        "given; the control with copies, tuned by itself, shows what chance in them does."
    )


def convergence(evidence: Evidence) -> str:
    """Return what the second half of the steps brought, by which an arm had reached its plateau or not."""
    checked = [c for c in evidence.contrasts if c.expected == CONVERGED]
    checked = [c for c in checked if len(common_trials(evidence, c.arm, c.against)) >= 2]
    if not checked:
        return "Not checked: no arm was looked at after half of its steps."
    changes = [f"{arm_label(c.arm)} {in_points(second_half(evidence, c.arm))}" for c in checked]
    return (
        f"What the second half of the steps brought, in points: {'; '.join(changes)}. An arm has converged where that "
        f"is less than {points(evidence.rope)} points on average: more steps would hardly change the answer."
    )


def outcome_notes(experiment: Experiment, evidence: Evidence, looks: Looks) -> list[str]:
    """Return what a reader of the outcomes has to know: what they are for, and what their intervals carry."""
    notes = [
        f"Beside the metric ({METRIC_NAMES[evidence.metric]}, {_when_chosen(looks)}): {arm_label(PRIMARY[0])} against "
        f"{arm_label(PRIMARY[1])}. Exploratory, so shown without an answer: among many rows some look striking by "
        "chance. " + outcome_intervals(experiment.settings.medium.nouns)
    ]
    if experiment.dataset.pool.n_classes == 2:
        name, given = (
            experiment.dataset.pool.classes[experiment.settings.positive],
            experiment.study.positive is not None,
        )
        rule = "as the parameter positive says" if given else "the second, since the parameter positive names none"
        notes.append(f"The positive class is “{name}”, {rule}.")
    return notes


def outcome_intervals(nouns: Nouns) -> str:
    """Return what the intervals of outcomes carry."""
    return _said(OUTCOMES, nouns)


# ---- data ----


def data_facts(experiment: Experiment) -> list[tuple[str, str]]:
    """Return what was read and done to it, as (term, text)."""
    dataset, report, many = experiment.dataset, experiment.dataset.report, experiment.settings.medium.nouns.many
    pool, counts, remarks = dataset.pool, dataset.pool.counts(), experiment.settings.remarks
    held = "" if dataset.test is None else f", and a given test set of {len(dataset.test):,}"
    sizes = f"{counts.min():,} to {counts.max():,}" if counts.min() < counts.max() else f"{counts[0]:,}"
    unseen = f" Held out: {few_of(dataset.held_out.pool.classes, LISTED)}." if dataset.held_out else ""
    return [
        ("Read", f"{Path(report.source).name} ({report.kind}): {len(pool):,} {many}{held}."),
        ("Classes", f"{pool.n_classes}, with {sizes} {many} each: {few_of(pool.classes, LISTED)}.{unseen}"),
        ("Size", report.brought_to.replace("`", "")),
        ("Duplicates", _duplicates(report, many)),
        ("Left out", _skipped(report)),
        *([("To be considered", " ".join(map(ended, remarks)).replace("`", ""))] if remarks else []),
        ("Fingerprint", dataset.fingerprint),
    ]


def _duplicates(report: DataReport, many: str) -> str:
    exact, near = len(report.exact_duplicates), len(report.near_duplicates)
    text = f"No identical or nearly identical {many} were found."
    if exact or near:
        text = (
            f"Found {counted(exact, 'set', 'sets')} of identical and {counted(near, 'set', 'sets')} of nearly "
            f"identical {many}; the {many} of a set stay on one side of every split."
        )
    if report.label_conflicts:
        are = counted(len(report.label_conflicts), f"set of identical {many} is", f"sets of identical {many} are")
        text += f" {are} under different classes."
    if report.removed_from_pool:
        text += f" Left out since they also are in the given test set: {len(report.removed_from_pool):,}."
    return text


def _skipped(report: DataReport) -> str:
    if not report.skipped:
        return "Nothing."
    files = [f"{without_paths(file)} ({without_paths(reason)})" for file, reason in report.skipped]
    return f"{few_of(files, LISTED)}."


# ---- provenance ----


def provenance(experiment: Experiment) -> list[tuple[str, str]]:
    """Return versions, revision, device and time spent, as (term, text)."""
    record = read_record(experiment.folder)
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    spent: dict[str, float] = {}
    for unit in experiment.plan.all_units():
        if experiment.results.is_done(unit):
            spent[unit.kind] = spent.get(unit.kind, 0.0) + read_unit(experiment.results.folder, unit)["seconds"]
    nouns = experiment.settings.medium.nouns
    parts = ", ".join(f"{KINDS[kind].text(nouns)} {seconds:,.0f} s" for kind, seconds in spent.items())
    return [
        ("Versions", versions or "not recorded"),
        ("Revision", record["git"] or "not from a checkout"),
        ("Device", str(record.get("device", experiment.device))),
        ("Seed", str(experiment.study.seed)),
        ("Time", f"{sum(spent.values()):,.0f} s of work, all processes together: {parts}."),
        ("Files", "scores.csv, quality.csv, verdict.json and figures/ lie beside this page."),
    ]
