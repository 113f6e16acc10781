"""A real browser without a window for tests, and the reasons to skip where there is none."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
MARKS = [
    pytest.mark.browser,
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
def browser_page(address: str, width: int = 1000, height: int = 1400, patience: float = 120) -> Iterator[Any]:
    """A page of a new browser, open at an address. patience: seconds that any one step may take."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(1000 * patience)
        page.goto(address)
        yield page
        browser.close()
