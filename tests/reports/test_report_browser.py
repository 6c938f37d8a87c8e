"""The page as people see it: in a real browser, narrow and wide, light and dark, on a screen and on paper.

Skipped where there is no Chromium on PATH and none in FLUID_CHROMIUM.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import PROGRAM, Browser, Page, find
from pdf_text import pages
from report_samples import Changed, Content, count_again

from reports import render

SAMPLES = ("full", "failing", "void", "partial")
A4 = (595, 842)  # points
PAPER_PIXELS = 695  # between the margins of A4
JUDGE = (Path(__file__).parent / "judge_page.js").read_text(encoding="utf-8")
LONG = "a-name-without-any-place-to-break-it-" * 8

pytestmark = pytest.mark.skipif(find() is None, reason=f"no Chromium on PATH, and {PROGRAM} names none")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    started = Browser(find() or "")
    yield started
    started.close()


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the page of a sample, made once."""
    directory = tmp_path_factory.mktemp("pages")

    def page(name: str) -> Path:
        target = directory / name
        if not target.is_dir():
            target.mkdir()
            source = Path(__file__).parent / "data" / name / "report.yaml"
            (target / "report.yaml").write_bytes(source.read_bytes())
            render(target)
        return target / "report.html"

    return page


def judged(page: Page, *, scrolls: bool = True) -> None:
    found = page.evaluate(JUDGE)
    assert found["texts"] > 50
    assert found["wide"] == []
    assert found["pale"] == []
    assert found["width"] == page.evaluate("document.documentElement.clientWidth")
    assert scrolls or found["cut"] == []
    assert len(page.requests()) == 1
    assert page.complaints() == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1280, 1920])
@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_sticks_out_all_text_can_be_read_and_nothing_is_loaded(
    browser: Browser, rendered: Callable[[str], Path], name: str, width: int, *, dark: bool
) -> None:
    with browser.open(rendered(name), width=width, dark=dark) as page:
        judged(page)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(18, 21, 25)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize("name", SAMPLES)
def test_on_paper_nothing_is_cut_or_folded_and_nothing_is_dark(
    browser: Browser, rendered: Callable[[str], Path], name: str
) -> None:
    with browser.open(rendered(name), width=PAPER_PIXELS, dark=True, paper=True) as page:
        judged(page, scrolls=False)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        folded = (
            "[...document.querySelectorAll('details > :not(summary)')].filter(each => !each.checkVisibility()).length"
        )
        assert page.evaluate(folded) == 0


@pytest.mark.parametrize(
    ("name", "verdict", "last"),
    [
        ("full", "May ship: 76 of 76 must rows pass", "This page loads nothing and runs no script."),
        ("failing", "No verdict: 4 of 10 must rows pass, 3 fail", "This page loads nothing and runs no script."),
    ],
)
def test_it_prints_on_a4_from_the_verdict_to_the_last_line(
    browser: Browser, rendered: Callable[[str], Path], name: str, verdict: str, last: str
) -> None:
    with browser.open(rendered(name), width=1280, dark=True) as page:
        sheets = pages(page.pdf())

    assert {(round(sheet.width), round(sheet.height)) for sheet in sheets} == {A4}
    assert 3 < len(sheets) < 40
    assert verdict.replace(" ", "") in sheets[0].text
    assert last.replace(" ", "") in sheets[-1].text
    assert all(sheet.text for sheet in sheets)
    folded = "direct-7" if name == "full" else "direct-0"  # one reader's row, in a part that a screen folds away
    assert any(folded in sheet.text for sheet in sheets)


@pytest.mark.parametrize("name", SAMPLES)
def test_verdict_answers_and_gates_stand_on_the_first_screen(
    browser: Browser, rendered: Callable[[str], Path], name: str
) -> None:
    with browser.open(rendered(name), width=1280, height=800) as page:
        parts = "[...document.querySelectorAll('.verdict, .answers, .gates')]"
        assert 200 < page.evaluate(f"Math.max(...{parts}.map(e => e.getBoundingClientRect().bottom))") <= 800
        assert page.evaluate(
            "[...document.querySelectorAll('.answer .scroll')].map(e => e.scrollWidth - e.clientWidth)"
        ) == [0]
        assert page.evaluate("[...document.querySelectorAll('.answer h2')].map(e => e.textContent)") == [
            "Does the cache help?",
            "How much?",
            "Is it proven?",
            "Is everything gone?",
        ]


def late(content: Content) -> None:
    """Let a phase with a long name be the last thing of the run."""
    content["phases"].append({"name": "load-loaded-at-the-very-end", "start": 76.5, "end": 77.0})


def test_names_of_phases_are_whole_and_do_not_run_into_each_other(browser: Browser, changed: Changed) -> None:
    with browser.open(render(changed("full", late)), width=1280) as page:
        names = "[...document.querySelectorAll('.curves .labels span')]"
        boxes = page.evaluate(f"{names}.map(e => e.getBoundingClientRect()).map(b => [b.left, b.right, b.top])")
        assert page.evaluate(f"{names}.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)") == []

    assert len(boxes) == 10
    for index, (left, right, top) in enumerate(boxes):
        assert not [b for b in boxes[index + 1 :] if b[2] == top and b[0] < right - 1 and b[1] > left + 1]


def grown(content: Content) -> None:
    """Make all names long and all lists long."""
    row = content["requirements"][0]
    content["requirements"] += [
        row | {"id": f"FLUID-{LONG}-{number}", "area": LONG[: number % 90]} for number in range(400)
    ]
    row.update(sentence=LONG, source=LONG, reason=LONG, verdict="fail")
    count_again(content)
    content["tests"][0].update(message=LONG * 20)
    content["ratios"] += [content["ratios"][2] | {"name": f"{LONG}/{number}", "how": LONG} for number in range(60)]
    content["ratios"][1].update(name=LONG, numerator={"name": LONG, "value": 1.0e9, "unit": "byte/s"})
    content["phases"] += [{"name": f"{LONG}{number}", "start": number, "end": number + 1} for number in range(40)]
    content["load"]["phases"][0].update(name=LONG, reason=LONG, verdict="void")
    content["cost"]["cases"][1].update(name=LONG, basis=LONG)
    content["cost"]["prices"][0].update(name=LONG, source=LONG)
    content["implementation"].update(name=LONG, version=LONG)
    content["measurements"][0].update(state=LONG, transport=LONG)
    content["environment"][LONG] = LONG
    content["knownLeaks"].append(LONG)
    content["notices"].append(LONG)


@pytest.mark.parametrize("width", [360, 1280])
def test_long_names_and_hundreds_of_rows_do_not_break_it(browser: Browser, changed: Changed, width: int) -> None:
    with browser.open(render(changed("full", grown)), width=width) as page:
        judged(page)


def test_long_names_are_not_cut_on_paper(browser: Browser, changed: Changed) -> None:
    with browser.open(render(changed("full", grown)), width=PAPER_PIXELS, paper=True) as page:
        judged(page, scrolls=False)


def test_the_judge_of_pages_sees_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    path.write_text(
        "<!doctype html><body><p style='color: #999'>pale<p style='width: 3000px'>wide<div class='scroll' "
        "style='overflow-x: auto'><p style='width: 2000px'>hidden away</div><img src='other.png'>",
        encoding="utf-8",
    )

    with browser.open(path, width=800) as page:
        found, asked = page.evaluate(JUDGE), page.requests()

    assert [text.split(": ")[1] for text in found["pale"]] == ['p. "pale"']
    assert 'p. "wide"' in found["wide"]
    assert found["cut"] == ['div.scroll "hidden away"']
    assert found["width"] > 3000
    assert len(asked) == 2


def test_a_script_that_a_run_smuggles_in_does_not_run(browser: Browser, changed: Changed) -> None:
    script = "<script>document.title = 'owned'</script>"
    path = render(changed("full", lambda content: content["notices"].append(script)))
    path.write_text(path.read_text(encoding="utf-8").replace("<main>", f"{script}<main>"))  # as if nothing escaped it

    with browser.open(path, width=800) as page:
        assert page.evaluate("document.title").startswith("May ship")
        assert any("Content Security Policy" in text for text in page.complaints())
