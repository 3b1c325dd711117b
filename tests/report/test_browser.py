"""The page in a real browser: what people see, reach with the keyboard, and never notice.

Playwright drives the Chromium of the system.
"""

import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec

import pytest
from report_subjects import subject_of

from dcgraph.model import Model
from dcgraph.report.live import LivePage
from dcgraph.report.page import render, waiting

pytestmark = pytest.mark.browser
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PHONE, DESK = 360, 1200  # pixels


@pytest.fixture(scope="module")
def chromium():
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    missing = "playwright" if find_spec("playwright") is None else "Chromium" if not path else None
    if missing and os.environ.get("CI"):
        pytest.fail(f"{missing} is missing, and CI is set")
    if missing:
        pytest.skip(f"{missing} is missing")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # containers forbid the sandbox; the only pages here are our own
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(chromium, url, *, width=DESK, scheme="light", silent=True, **options):
    """Yield a page; it must have said nothing on its console and asked for nothing but itself."""
    size = {"width": width, "height": 800}
    context = chromium.new_context(viewport=size, color_scheme=scheme, **options)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    yield page
    context.close()
    assert said == [] or not silent
    assert {each for each in asked if not each.startswith("data:")} == {url}


@pytest.fixture(scope="module")
def urls(subjects, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, subject in subjects.items():
        page = render(subject, file=f"runs/{name}-with-a-long-name-of-its-own-s0.h5")
        (folder / f"{name}.html").write_text(page.html, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in subjects}


@pytest.mark.parametrize("name", ["outliers", "classes", "branches"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_pages_are_quiet_and_no_wider_than_the_screen(chromium, urls, name, scheme, width):
    with opened(chromium, urls[name], width=width, scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for picture in page.locator("img").all():
            assert picture.evaluate("image => image.complete && image.naturalWidth > 0")


def luminance(colour):
    """Return the relative luminance of "rgb(r, g, b)", as WCAG defines it."""
    parts = [int(part) / 255 for part in colour[4:-1].split(", ")]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


CONTRAST = """() => [...document.querySelectorAll(
    "p, dt, dd, span, a, th, td, h1, h2, h3, figcaption, caption, summary, svg text, em")]
  .filter(each => each.checkVisibility() && each.textContent.trim())
  .map(each => {
    let behind = each, style;
    do { style = getComputedStyle(behind); behind = behind.parentElement; }
    while (behind && !/^rgb\\(/.test(style.backgroundColor));
    const own = getComputedStyle(each);
    return [each.closest("svg") ? own.fill : own.color, style.backgroundColor];
  })"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(chromium, urls, scheme):
    with opened(chromium, urls["outliers"], scheme=scheme) as page:
        pairs = {tuple(pair) for pair in page.evaluate(CONTRAST)}
    assert len(pairs) >= 4
    for pair in pairs:
        low, high = sorted(map(luminance, pair))
        assert (high + 0.05) / (low + 0.05) >= 4.5, pair
    dark = luminance(page_colour(chromium, urls["outliers"], scheme)) < 0.5
    assert dark == (scheme == "dark")


def page_colour(chromium, url, scheme):
    with opened(chromium, url, scheme=scheme) as page:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_keyboard_reaches_the_maps_and_shows_them(chromium, urls):
    with opened(chromium, urls["outliers"]) as page:
        caption = page.locator("#viewer-caption")
        first = caption.inner_text()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        seen = []
        for _ in range(200):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement.dataset.caption || ''")
            if focused:
                assert caption.inner_text() == focused
                pressed = page.locator("button.look[aria-pressed=true]")
                assert pressed.count() == 1
                assert pressed.get_attribute("data-caption") == focused
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != (
                    "none"
                )
                seen.append(focused)
            elif seen:
                break
        assert len(seen) == page.locator("button.look").count() == 24
        assert first in seen


@pytest.mark.parametrize("how", ["hover", "click", "tap"])
def test_pointing_shows_the_maps_of_an_image(chromium, urls, how):
    with opened(chromium, urls["outliers"], has_touch=how == "tap") as page:
        button = page.locator("button.look").nth(3)
        button.scroll_into_view_if_needed()
        getattr(button, how)()
        caption = button.get_attribute("data-caption")
        assert page.locator("#viewer-caption").inner_text() == caption
        shown = page.locator("#viewer-images figure")
        assert shown.locator("figcaption").all_inner_texts() == ["image", "gmm1"]
        assert shown.nth(1).locator("img").get_attribute("alt").startswith("Map of gmm1")
        sources = [each.get_attribute("src") for each in shown.locator("img").all()]
        tile = page.locator("li.tile").nth(3).locator("img")
        assert sources == [each.get_attribute("src") for each in tile.all()]


def test_without_scripts_the_maps_stand_beside_the_images(chromium, urls):
    with opened(chromium, urls["outliers"], width=PHONE, java_script_enabled=False) as page:
        maps = page.locator(".maps img")
        assert maps.count() == 24
        assert all(each.is_visible() for each in maps.all())
        assert page.locator("#viewer").is_hidden()
        assert page.locator("button").count() == 0


def test_a_live_page_takes_its_successors_place_where_one_reads(chromium, models):
    model = models["outliers"]
    subject = subject_of(model)
    later = replace(model.record, complete=False, step=model.record.step - 1)
    with LivePage(0) as live:
        live.put(waiting("m.h5", "There is none yet."))
        with opened(chromium, live.url, width=PHONE, reduced_motion="reduce") as page:
            assert "Waiting for" in page.locator("h1").inner_text()
            live.put(render(subject_of(Model(later)), file="m.h5", live=True).html)
            page.locator("progress").wait_for(state="attached", timeout=20000)
            page.locator("summary").click()
            tile = page.locator("button.look").nth(5)
            tile.focus()
            place = page.evaluate("scrollY")
            assert place > 0
            live.put(render(subject, file="m.h5", live=True).html)
            page.locator("progress").wait_for(state="detached", timeout=20000)
            assert page.evaluate("document.querySelector('details').open")
            assert page.evaluate("document.activeElement.className") == "look"
            caption = tile.get_attribute("data-caption")
            assert page.evaluate("document.activeElement.dataset.caption") == caption
            assert page.locator("#viewer-caption").inner_text() == caption
            assert abs(page.evaluate("scrollY") - place) < 100
            assert page.locator("h1").count() == 1


def test_a_watch_that_ends_is_said(chromium, subjects):
    live = LivePage(0)
    with live:
        live.put(render(subjects["outliers"], file="m.h5", live=True).html)
        with opened(chromium, live.url, silent=False) as page:
            live.shutdown()
            live.server_close()
            page.get_by_text("The watch has ended").wait_for(timeout=20000)
