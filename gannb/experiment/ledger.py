"""`ledger.jsonl`: every look at a study's answer, a line each; appended, and never rewritten.

Who looks at an answer, changes the rule or adds trials, and looks again, has more than one chance to err. Nothing can
take a look back, so each one is kept: the level of the answer's interval follows from all of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.stats.settling.looks import Look, Spent, level_of_last
from gannb.utils.errors import InputError
from gannb.utils.files import sync_folder

if TYPE_CHECKING:
    from gannb.experiment.experiment import Experiment

FILE = "ledger.jsonl"
NEEDED = {"time", "trials", "rule", "most", "about"}  # of a line
# Parameters by which the primary contrast's trainings and rule do not differ: how many trials there are, where things
# lie and are computed, and what else the study trains and measures. How far steps may double is none either: an answer
# that is there had converged, and stays as it is.
NOT_OF_THE_RULE = frozenset({
    "data", "name", "output_dir", "device", "engine", "workers", "trials", "trials_most", "arms", "truncation",
    "foreign", "foreign_classes", "related", "related_classes", "unlabelled", "confidence", "pretrain",
    "freeze", "transfer_steps", "classifier_steps_most",
})  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A line of the ledger: when an answer was looked at, after how many trials, by which rule, and what it said."""

    time: str  # UTC, as in ISO 8601
    trials: int  # that the primary contrast had
    rule: str  # 16 hex digits for all that the answer depends on besides the number of trials
    most: int  # `trials_most`; of a study without it, its number of trials
    about: Mapping[str, Any]  # the rule to read: metric, rope, and every parameter that may matter
    answer: str = ""
    interval: Mapping[str, float] = field(default_factory=dict)  # difference, low, high (shares) and level

    @property
    def look(self) -> Look:
        """What the level of intervals depends on."""
        return Look(self.trials, self.rule, self.most)

    @property
    def is_smoke(self) -> bool:
        """Whether it was a look at a smoke run, which has no answer to speak of: it counts among such runs alone."""
        return self.about.get("preset") == "smoke"


def read(folder: Path) -> list[Entry]:
    """Return the looks at a study's answer so far, oldest first; none where there is no ledger.

    A line that a killed process left half written is no look: its answer was not shown. Raises InputError for a line
    that is none of the ledger's.
    """
    try:
        lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"{folder / FILE} cannot be read ({error.strerror}); bring it back as it was.") from None
    found = [_entry(line, f"{folder / FILE}, line {number}") for number, line in enumerate(lines, 1)]
    return [entry for entry in found if entry is not None]


def _entry(line: str, place: str) -> Entry | None:
    """Return what a line says; None for one that is empty or was cut short, so that a bracket of it stays open."""
    line = line.strip("\0 \r")  # zeros are what some file systems leave of a line when the power fails
    if not line or (line.startswith("{") and line.count("{") > line.count("}")):
        return None
    try:
        values = json.loads(line)
    except ValueError:
        values = line
    if not _is_look(values):
        raise InputError(f"{place}, is no look at an answer; take that line out, or bring back the file as it was.")
    known = {each.name for each in fields(Entry)}  # another version may know more
    return Entry(**{name: value for name, value in values.items() if name in known})


def _is_look(values: Any) -> bool:
    """Tell whether a line's values are those of a look, each of its kind."""
    if not isinstance(values, dict) or not set(values) >= NEEDED:
        return False
    numbers = all(isinstance(values[name], int) and values[name] > 0 for name in ("trials", "most"))
    texts = all(isinstance(values[name], str) for name in ("time", "rule"))
    return numbers and texts and values["trials"] <= values["most"] and isinstance(values["about"], dict)


def check_writable(folder: Path) -> None:
    """Raise InputError where a look could not be added to the ledger of a study's folder, or the ledger is damaged."""
    file = folder / FILE
    read(folder)
    if not file.exists():
        return
    try:
        with open(file, "ab"):
            pass
    except OSError as error:
        raise InputError(
            f"{file} cannot be written ({error.strerror}), and every look at the answer is to be added to it; make it "
            "writable."
        ) from None


def append(folder: Path, entry: Entry) -> None:
    """Add a look at the end of the ledger, and wait until it is on the disk."""
    file = folder / FILE
    is_new, line = not file.is_file(), json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n"
    with open(file, "ab+") as stream:
        if stream.tell() and not _ends_with_a_line(stream):
            line = b"\n" + line  # so that what a killed process left stands by itself
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())
    if is_new:
        sync_folder(folder)


def _ends_with_a_line(stream: Any) -> bool:
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\n"


# ---- a look now ----


@dataclass(frozen=True)
class Looks:
    """The looks at a study's answer before this one, this one, and what they leave for its interval.

    Before a full study are full studies, before a smoke run are smoke runs.
    """

    before: tuple[Entry, ...]
    present: Entry  # without its answer
    spent: Spent

    @property
    def is_new(self) -> bool:
        """Whether there was no such look before: the same look again is not another one."""
        return self.present.look not in {entry.look for entry in self.before}

    @property
    def chain(self) -> list[Entry]:
        """The looks in order, this one last."""
        return [*self.before, *([self.present] if self.is_new or self.before[-1].look != self.present.look else [])]

    def record(self, folder: Path, answer: str, interval: Mapping[str, float]) -> None:
        """Append this look with its answer, unless it was made before and said the same.

        It may say another thing where the steps have been doubled since, since training had not converged.
        """
        entry = replace(self.present, answer=answer, interval=dict(interval))
        before = [each for each in self.before if each.look == entry.look]
        if not before or (before[-1].answer, dict(before[-1].interval)) != (entry.answer, dict(entry.interval)):
            append(folder, entry)


def looks_now(experiment: Experiment, trials: int) -> Looks:
    """Return the looks at a study's answer, with one now, at so many trials of the primary contrast.

    Raises:
        InputError: the ledger holds a line that is none of its own.
    """
    most = experiment.study.trials_most or experiment.settings.trials
    now = datetime.now(UTC).isoformat(timespec="seconds")
    present = Entry(now, trials, experiment.plan.rule_key, most, rule_to_read(experiment))
    before = [entry for entry in read(experiment.folder) if entry.is_smoke == present.is_smoke]
    spent = level_of_last([*(entry.look for entry in before), present.look])
    return Looks(tuple(before), present, spent)


def rule_to_read(experiment: Experiment) -> dict[str, Any]:
    """Return the parameters that the answer may depend on, by name, with what `auto` stands for.

    The data are their fingerprint.
    """
    study, resolved = experiment.study, experiment.settings.resolved()
    names = [name for name in study.applying() if name not in NOT_OF_THE_RULE]
    values = study.model_dump(mode="json", include=set(names))
    about = {name: resolved[name] if resolved.get(name) is not None else values[name] for name in names}
    about["classifier"] = study.first_classifier
    return json.loads(json.dumps({"data": experiment.dataset.fingerprint[:16]} | about))


# ---- what was changed ----


def changed(chain: Sequence[Entry]) -> dict[str, list[Any]]:
    """Return what was changed between looks: by name, the values that it had one after the other.

    `trials_most` is the number of trials planned. Of rules that differ in nothing that has a name, `version` is. Empty
    where all looks were by one rule and one plan.
    """
    found: dict[str, list[Any]] = {}
    if len({entry.rule for entry in chain}) > 1:
        names = [name for name in chain[-1].about if all(name in entry.about for entry in chain)]
        found = {name: _one_after_the_other([entry.about[name] for entry in chain]) for name in names}
        found = {name: values for name, values in found.items() if len(values) > 1}
        found = found or {"version": _one_after_the_other([entry.rule for entry in chain])}
    most = _one_after_the_other([entry.most for entry in chain])
    return found | ({"trials_most": most} if len(most) > 1 else {})


def _one_after_the_other(values: Sequence[Any]) -> list[Any]:
    return [value for i, value in enumerate(values) if i == 0 or value != values[i - 1]]
