"""Light, quick, for keyboards and screen readers, on phones, at night, and without asking anybody else."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.browser.conftest import NewPage
from tests.e2e.browser.hands import verdict

Photos = Callable[[str], Path]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
COMPUTER = {"viewport": {"width": 1200, "height": 850}}
TABLET = {"viewport": {"width": 768, "height": 1024}}
MAX_FIRST_PAGE_BYTES = 60_000
MAX_PAINT_MS = 1_000
TRIES, ON_A_BUSY_MACHINE = 4, 2.5
LOST_MS = 5_000.0  # As in the style sheet.
# Lighthouse's phone: a quarter of this machine's speed behind a slow 4G, 1.6 Mbit/s and 150 ms.
SLOW_NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
# The page comes over a second, and is painted in between.
IN_PIECES = {"offline": False, "latency": 20, "downloadThroughput": 12_000, "uploadThroughput": 94_000}
AXE = files("axe_playwright_python").joinpath("axe.min.js")


def serious_faults(page: Page) -> list[str]:
    """What axe finds, but for trifles."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    faults = [row for row in found["violations"] if row["impact"] in ("serious", "critical", "moderate")]
    return [f"{row['id']}: {row['nodes'][0]['html'][:200]}" for row in faults]


def faults_by_day_and_night(page: Page) -> list[str]:
    """What axe finds in light and in dark colours."""
    faults = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        faults += [f"{scheme}: {fault}" for fault in serious_faults(page)]
    return faults


def test_axe_finds_nothing_serious_in_any_state_of_the_first_page(
    new_page: NewPage, photos: Photos, tmp_path: Path
) -> None:
    page = new_page(reduced_motion="reduce", **COMPUTER)
    text = tmp_path / "notes.jpg"
    text.write_text("no photo")
    page.goto("/")
    assert faults_by_day_and_night(page) == []
    page.set_input_files("#photo", photos("green"))
    expect(verdict(page)).to_be_visible()
    assert faults_by_day_and_night(page) == []
    page.set_input_files("#photo", [photos("red"), photos("blue"), text])
    expect(page.locator(".many > .result:not(.waiting)")).to_have_count(3)
    page.locator("summary").first.click()
    assert faults_by_day_and_night(page) == []
    page.click(".open-camera")
    assert faults_by_day_and_night(page) == []


@pytest.mark.parametrize("path", ["/", "/docs", "/nothing"])
def test_axe_finds_nothing_serious_on_a_phone(new_page: NewPage, path: str) -> None:
    page = new_page(color_scheme="dark", **PHONE)
    page.goto(path)
    assert serious_faults(page) == []


def test_the_first_page_is_light(new_page: NewPage) -> None:
    page = new_page(**PHONE)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto("/", wait_until="networkidle")
    assert len(sizes) >= 4  # The page, its style, its script, its icon.
    assert sum(sizes) < MAX_FIRST_PAGE_BYTES


def test_the_first_page_is_painted_within_a_second_on_a_slow_phone(new_page: NewPage) -> None:
    """Tried until it is; on a machine that has much else to do it may take longer, but not much."""
    painted: list[float] = []
    while len(painted) < TRIES and min(painted, default=MAX_PAINT_MS) >= MAX_PAINT_MS:
        painted.append(_first_paint_ms(new_page(**PHONE)))
    assert min(painted) < MAX_PAINT_MS * ON_A_BUSY_MACHINE, painted


def _first_paint_ms(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto("/")
    page.wait_for_selector("h1")
    painted_ms = _wait_for_paint(page)
    page.close()  # Those that stay open make the next one slower.
    return painted_ms


@pytest.mark.parametrize(
    "device", [PHONE, COMPUTER, {**PHONE, "reduced_motion": "reduce"}], ids=["phone", "computer", "calm phone"]
)
def test_nothing_moves_while_the_first_page_is_loaded_not_even_when_its_script_comes_late(
    new_page: NewPage, device: dict[str, Any]
) -> None:
    """Tried until the script came before what is shown in its place after LOST_MS: that may move things."""
    for _ in range(TRIES):
        shift, taken_ms = _layout_shift(new_page(**device))
        if taken_ms < LOST_MS:
            break
    assert taken_ms < LOST_MS
    assert shift < 0.01  # Up to 0.1 is good by web.dev's measure of it.


def _layout_shift(page: Page) -> tuple[float, float]:
    """How much moves where the script comes after the first paint, and when that was seen, in milliseconds."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", IN_PIECES)
    waiting: list[Route] = []
    page.route("**/app.js*", lambda route: waiting.append(route))
    page.goto("/", wait_until="commit")
    _wait_for_paint(page)
    waiting[0].continue_()
    page.wait_for_load_state("networkidle")
    shift, taken_ms = page.evaluate(
        """() => new Promise((seen) => {
          let sum = 0;
          new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
            .observe({ type: "layout-shift", buffered: true });
          setTimeout(() => seen([sum, performance.now()]), 100);
        })"""
    )
    page.close()
    return shift, taken_ms


def _wait_for_paint(page: Page) -> float:
    """When it was, in milliseconds after the navigation."""
    painted = page.evaluate(
        """() => new Promise((seen) => new PerformanceObserver((list) => {
          for (const entry of list.getEntriesByName("first-contentful-paint")) seen(entry.startTime);
        }).observe({ type: "paint", buffered: true }))"""
    )
    return float(painted)


def test_where_the_script_is_lost_on_its_way_a_photo_can_still_be_sent(new_page: NewPage, photos: Photos) -> None:
    page = new_page(**PHONE)
    page.route("**/app.js*", lambda route: route.abort())
    page.goto("/")
    expect(page.locator(".without-script")).not_to_be_visible()
    page.evaluate("document.getAnimations().forEach((waiting) => waiting.finish())")
    page.set_input_files("#photo", photos("red"))
    page.click(".without-script")
    expect(verdict(page)).to_have_text("This looks like Yosemite.")


@pytest.mark.parametrize("device", [PHONE, TABLET, COMPUTER], ids=["phone", "tablet", "computer"])
def test_no_page_is_wider_than_its_screen(new_page: NewPage, photos: Photos, device: dict[str, Any]) -> None:
    page = new_page(**device)
    page.goto("/")
    _ensure_fits(page)
    page.set_input_files("#photo", photos("green"))
    expect(verdict(page)).to_be_visible()
    _ensure_fits(page)
    page.set_input_files("#photo", [photos("red"), photos("blue")])
    expect(page.locator(".many > .result:not(.waiting)")).to_have_count(2)
    _ensure_fits(page)


def _ensure_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_on_a_phone_the_verdict_comes_before_the_photo_and_fingers_find_the_buttons(
    new_page: NewPage, photos: Photos
) -> None:
    page = new_page(**PHONE)
    page.goto("/")
    for target in ("label.choose", "label.camera", "form.url button"):
        box = page.locator(target).bounding_box()
        assert box is not None and box["height"] >= 44
    page.set_input_files("#photo", photos("red"))
    expect(verdict(page)).to_be_in_viewport()
    words, photo = verdict(page).bounding_box(), page.locator(".stack").bounding_box()
    assert words is not None and photo is not None and words["y"] < photo["y"]


def test_at_night_the_page_is_dark(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/")

    def paper(scheme: Any) -> int:
        page.emulate_media(color_scheme=scheme)
        colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))

    assert paper("dark") < 150 < 600 < paper("light")


def test_who_wants_no_motion_gets_none(new_page: NewPage, photos: Photos) -> None:
    page = new_page(reduced_motion="reduce")
    page.goto("/")
    page.set_input_files("#photo", photos("red"))
    expect(page.locator(".map-1")).to_have_css("transition-duration", "0s")


def test_the_keyboard_reaches_everything_in_its_order(page: Page, photos: Photos) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.set_input_files("#photo", photos("red"))
    expect(verdict(page)).to_be_visible()
    expect(page.locator("#results")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".see-1")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".map-2")).to_have_css("opacity", "0.85")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    expect(page.locator(".map-2")).to_have_css("opacity", "0")


def test_the_verdict_is_read_out(page: Page, photos: Photos) -> None:
    page.set_input_files("#photo", photos("red"))
    expect(page.get_by_role("status")).to_contain_text("This looks like Yosemite. I am fairly sure")


def test_the_page_says_what_lighthouse_looks_for(page: Page, photos: Photos) -> None:
    page.set_input_files("#photo", photos("red"))
    expect(verdict(page)).to_be_visible()
    assert page.get_attribute("html", "lang") == "en"
    assert page.get_attribute("meta[name=viewport]", "content") == "width=device-width, initial-scale=1"
    description = page.get_attribute("meta[name=description]", "content") or ""
    assert 50 <= len(description) <= 160
    assert page.title() == "Which Park?"
    assert page.locator("h1").count() == 1
    assert page.evaluate("[...document.images].every((image) => image.alt !== null && image.naturalWidth > 0)")
    assert page.evaluate("document.doctype.name") == "html"
    assert page.locator("a:not([href]), a[href='']").count() == 0
