"""A verdict planted for the page, and the page that is written of it."""

from __future__ import annotations

from gannb.report.publish import Page, write_page


def row(**more) -> dict:
    numbers = {"difference": 0.006, "low": -0.004, "high": 0.016, "level": 0.95}
    return {"arm": "real+gan+classic", "against": "real+classic", "meaning": "GAN images"} | numbers | more


def verdict(**more) -> dict:
    return {
        "answer": "inconclusive", "reason": "", "yardsticks": "", "sensitivity": None,
        "sentence": "On 8 draws GAN images changed accuracy by +0.6 [-0.4, 1.6] points.",
        "protocol": "draw", "metric": "balanced_accuracy", "rope": 0.01, "gan": "mlp", "problems": [],
        "copying": "No sign of copying.", "contrasts": [row(role="primary", answer="inconclusive")],
        "controls": [row(expected="helps", came_out=False)], "worth": None,
        "claims": [{"claim": "It copies", "verdict": "supported", "number": "0.9", "why": "It does."}],
        "outcomes": [], "disagreement": "", "classes": [], "advice": "Stay with that.", "options": [], "depth": None,
        "instead": [],
    } | more  # fmt: skip


def written(tmp_path, page: Page) -> str:
    return write_page(tmp_path / "report.html", page).read_text(encoding="utf-8")
