"""What a family of flows is, and what a study chooses of it."""

from __future__ import annotations

from dataclasses import replace

from tiny_flows import FAMILY


def test_a_study_chooses_steps_and_guidance_and_nothing_else():
    chosen = FAMILY.set_as({"flow_steps": 9, "guidance": 2.0, "batch": 1})
    assert (chosen.flow_steps, chosen.guidance, chosen.batch) == (9, 2.0, FAMILY.batch)
    network = chosen.generator((3,), 2)
    assert (int(network.steps), float(network.guidance)) == (9, 2.0)


def test_what_a_training_depends_on_is_in_its_settings():
    own = FAMILY.settings()
    assert own["flow_steps"] == 4 and own["guidance"] == 1.0 and own["loss"] == "flow matching"
    for change in ({"flow_steps": 5}, {"guidance": 1.5}, {"unlabelled": 0.2}, {"warm_up": 1}, {"ema": 0.5}):
        assert replace(FAMILY, **change).settings() != own
    assert "velocity" not in own and "variations" not in own


def test_no_variation_needs_a_discriminator():
    assert FAMILY.variations == ("by_classifier", "fresh", "unlabelled")


def test_a_long_training_says_what_it_makes_beside_its_steps():
    """Of K classes 8 items each: after the last step alone in a short one, at six moments in a long one."""
    assert (FAMILY.shown(3, 40), FAMILY.shown(3, 8000)) == (3 * 8, 6 * 3 * 8)
