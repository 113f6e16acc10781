"""The data card of a synthetic set: README.md as the Hugging Face Hub reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from jinja2 import Environment, StrictUndefined

from gannb.analysis.wording import capital
from gannb.data.medium import Medium, Nouns
from gannb.experiment.experiment import Experiment
from gannb.experiment.final import locked_text
from gannb.export.labels import numbering_text
from gannb.export.shards import Plan
from gannb.trials.splits import final_items, make_draw
from gannb.utils.files import write_text

SIZES = (  # the Hub's categories
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"), (10**12, "100B<n<1T"),
    (np.inf, "n>1T"),
)  # fmt: skip
TEMPLATE = """\
---
{{ front }}---

# {{ name }}: synthetic {{ many }}

{{ "{:,}".format(items) }} {{ many }} of {{ shape }}, **made by a generator and {{ phrases.taken }} by nobody**.

| class | label | {{ many }} |
| --- | --- | --- |
{% for name, label, count in classes %}| {{ name }} | {{ label }} | {{ "{:,}".format(count) }} |
{% endfor %}
Labels are numbered {{ numbered }}{{ others }}. Whoever reads this set beside others had better go by the names, as \
below: a reader numbers the classes that it sees, and the same number may be another class.

{% if captions %}{{ captions }}

{% endif %}## How they were made

A GAN of the family `{{ family }}` was trained for {{ "{:,}".format(steps) }} steps on {{ "{:,}".format(learnt) }} \
labelled {{ many }} of the study `{{ study }}`; {{ locked }}. Labels are what the generator was asked for: nobody has \
looked at the {{ many }} one by one. Every {{ one }} follows from the weights, the seed, its class and its index, so \
that a larger set made in the same way begins with these {{ many }}.

## What was found about their use

> {{ verdict.sentence }}

The answer is **{{ verdict.answer }}**. It is about training sets of {{ "{:,.0f}".format(trained) }} real {{ many }}, \
synthetic {{ many }} of GANs trained on those alone, {{ share }}, and classical augmentation beside them. The \
generator of this set has learnt {{ "{:,}".format(learnt) }} {{ many }}: about a training set of that size nothing \
was measured. {{ problems }}

## What they must not be used for

- **To test or to validate.** A score on these {{ many }} says how well a model knows the generator, not the world.
- **In place of real {{ many }}.** What was measured is adding them to real ones.
- As evidence about a person, a patient, a place or a thing: nothing in them was ever there.
- For classes, conditions or groups that the real {{ many }} did not hold: the generator has not seen them either, \
and keeps the bias of what it has seen.
- To pass on what the real {{ many }}' licence or consent does not allow: see the next paragraph.

## Copies of training {{ many }}

{{ copies }} {{ a_one }} counts as a copy if it is less than a third as far (in {{ raw }}) from \
its nearest training {{ one }} as from the next one that is no duplicate of that. {{ phrases.unseen_copies }} copies \
are not found in this way{{ copying }}

## Reading

```python
{{ reading }}
```

`gannb verify FOLDER` compares every byte with `manifest.json`, which holds counts, sha256 of every shard, seed, \
weights ({{ weights }}...) and versions.
"""


def write_card(folder: Path, manifest: dict[str, Any], experiment: Experiment, verdict: dict[str, Any]) -> None:
    """Write README.md of a finished set."""
    plan = Plan.of(manifest)
    counts = dict(zip(plan.classes, plan.counts, strict=True))
    chosen = [(name, label, n) for label, name in enumerate(plan.labels) if (n := counts.get(name))]
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    medium, nouns = experiment.settings.medium, experiment.settings.medium.nouns
    reading = environment.from_string(medium.reading_code[plan.format])
    text = environment.from_string(TEMPLATE).render(
        one=nouns.one, many=nouns.many, a_one=capital(nouns.a_one), raw=nouns.raw,
        phrases=medium.phrases, shape=medium.shape_text(plan.shape),
        front=yaml.safe_dump(_front(manifest, plan, medium), sort_keys=False, allow_unicode=True),
        name=manifest["study"], study=manifest["study"], items=len(plan), classes=chosen,
        numbered=numbering_text(experiment.dataset), others=_others(plan), captions=_captions(plan, nouns),
        family=manifest["family"], steps=manifest["gan_steps"], verdict=manifest["verdict"],
        learnt=len(final_items(experiment.dataset, experiment.design)),
        locked=locked_text(experiment.settings),
        trained=len(make_draw(experiment.dataset, experiment.design, 0).train),
        share=_share(experiment), problems=" ".join(verdict["problems"]),
        copies=_copies(manifest["copies"], plan.no_copies, nouns),
        copying=f". Of the study's own GANs: {verdict['copying']}" if verdict["copying"] else ".",
        reading=reading.render(folder=folder.name, urls=_urls(plan)),
        weights=manifest["weights_sha256"][:16],
    )  # fmt: skip
    write_text(folder / "README.md", text)


def _others(plan: Plan) -> str:
    """Return how many classes have a label and no items here; empty where none has."""
    without = len(plan.labels) - sum(n > 0 for n in plan.counts)
    return f", {without:,} of which {'have' if without > 1 else 'has'} none here" if without else ""


def _captions(plan: Plan, nouns: Nouns) -> str:
    """Return what is said of captions; empty where items have none."""
    if not plan.captioned:
        return ""
    whose = "of a file that was given for it" if plan.captions else f"of a training {nouns.one} of its class"
    return (
        f"Each {nouns.one} has a caption beside it (`text`): the sentence, {whose}, that the generator was asked for. "
        f"Nobody has looked whether the {nouns.one} shows what it says."
    )


def _front(manifest: dict[str, Any], plan: Plan, medium: Medium) -> dict[str, Any]:
    """What the Hub reads: tags, size, where the files are and what is in them."""
    return {
        "pretty_name": f"{manifest['study']}: synthetic {medium.nouns.many}",
        "license": "unknown",
        "task_categories": [medium.hub_task],
        "tags": ["synthetic", "gan", "gannb"],
        "size_categories": [next(name for most, name in SIZES if len(plan) < most)],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": plan.layout.pattern}]}],
    }


def _share(experiment: Experiment) -> str:
    if experiment.study.n_synthetic == "balance":
        return "as many of them as the smaller classes lacked"
    if experiment.settings.tuning_draws:
        return "the share of every batch that tuning found best"
    return f"a share of {experiment.study.synthetic_share:.0%} of every batch"


def _copies(copies: dict[str, int], replaced: bool, nouns: Nouns) -> str:
    share = f"{copies['found']:,} of {copies['looked_at']:,} ({copies['found'] / copies['looked_at']:.2%})"
    if replaced:
        return f"All {nouns.many} were looked at: {share} looked like copies and were replaced by others, which do not."
    return f"Of the first {nouns.many} of each class, {share} look like copies, and are still there (`--no-copies`)."


def _urls(plan: Plan) -> str:
    first, *_, last = (f"{shard.number:05d}" for shard in (plan.shards[0], plan.shards[-1]))
    return f"train-{{{first}..{last}}}.tar" if first != last else f"train-{first}.tar"
