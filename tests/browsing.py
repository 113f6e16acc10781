"""A real browser without a window for tests, and the reasons to skip where there is none."""

from __future__ import annotations

import contextlib
import functools
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from pace import Patience

PIECE = 20.0  # seconds after which a step is taken again
PATIENCE = 180.0  # seconds of an idle machine that a step may take: a kernel starts, and imports torch, meanwhile
STEPS = ("click", "wait_for", "select_option", "get_attribute", "evaluate", "inner_text", "scroll_into_view_if_needed",
         "screenshot", "press", "hover", "bounding_box", "text_content", "check", "fill")  # fmt: skip
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
MARKS = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the browser test is for Linux"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="playwright, of the dev extra, is not installed"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path"),
]


def in_browser(test: Any) -> Any:
    """Mark a test as one for a browser."""
    for mark in MARKS:
        test = mark(test)
    return test


@contextlib.contextmanager
def browser_page(address: str, width: int = 1000, height: int = 1400) -> Iterator[Any]:
    """A page of a new browser, open at an address; every step on it waits by the machine's pace."""
    from playwright.sync_api import Locator, Page, sync_playwright

    with sync_playwright() as driver, pytest.MonkeyPatch.context() as patch:
        for kind, names in ((Locator, STEPS), (Page, ("goto", "reload", "screenshot", "wait_for_load_state"))):
            for name in names:
                patch.setattr(kind, name, patiently(getattr(kind, name)))
        browser = patiently(driver.chromium.launch)(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(1000 * PIECE)
        page.goto(address, wait_until="commit")
        page.wait_for_load_state("load")
        yield page
        browser.close()


def patiently(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step in the browser that is taken again where it ran out of time, as the machine's pace allows."""
    from playwright.sync_api import TimeoutError

    @functools.wraps(step)
    def again(*arguments: Any, **named: Any) -> Any:
        patience = Patience(PATIENCE)
        while True:
            try:
                return step(*arguments, **named)
            except TimeoutError as error:
                if patience.ended():
                    error.add_note(f"The page showed:\n{shown(*arguments[:1])}")
                    raise

    return again


def shown(of: Any = None) -> str:
    """The text of a page, or of the page that a locator is of."""
    page = getattr(of, "page", of)
    return page.evaluate("() => document.body.innerText") if page else "no page yet"


def played(page: Any) -> list[tuple[str | None, float]]:
    """What a browser says of every player of a page once it has decoded its sound: an error, or None, and seconds."""
    return page.evaluate(PLAYED)


PLAYED = """async () => {
  const heard = []
  for (const audio of document.querySelectorAll('audio')) {
    audio.preload = 'auto'
    audio.load()
    await new Promise(done => { audio.onloadeddata = done; audio.onerror = done })
    heard.push([audio.error && audio.error.message, audio.duration])
  }
  return heard
}"""
