"""The page: one file that loads nothing, shows every verdict, and takes everything as text."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_samples import Changed, Content, Sample, count_again

from reports import ReportError, render

VOID_TAGS = {"meta", "br"}


class Page(HTMLParser):
    """Checks that tags close in order; keeps tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page(directory: Path) -> Page:
    return Page(render(directory).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["full", "failing", "partial", "void"])
def test_the_page_is_sound_and_loads_nothing(sample: Sample, name: str) -> None:
    seen = page(sample(name))

    assert not {tag for tag, _ in seen.tags} & {"script", "link", "img", "iframe", "object", "base", "use"}
    addresses = [value for _, attributes in seen.tags for key, value in attributes.items() if key in {"href", "src"}]
    assert [address for address in addresses if not address.startswith(("#", "evidence/", "load/"))] == []
    assert [key for _, attributes in seen.tags for key in attributes if key.startswith("on")] == []


@pytest.mark.parametrize("name", ["full", "failing", "partial", "void"])
def test_the_page_names_no_address_of_the_web(sample: Sample, name: str) -> None:
    text = render(sample(name)).read_text(encoding="utf-8")

    assert re.findall(r"https?:|//[a-z]|url\((?!#stripes\))|@import|javascript:", text) == []


@pytest.mark.parametrize("name", ["full", "failing", "partial", "void"])
def test_ids_are_unique_and_every_label_and_link_finds_its_place(sample: Sample, name: str) -> None:
    seen = page(sample(name))
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    wanted = {attributes["aria-labelledby"] for _, attributes in seen.tags if "aria-labelledby" in attributes}
    wanted |= {attributes["href"][1:] for _, attributes in seen.tags if attributes.get("href", "").startswith("#")}

    assert len(ids) == len(set(ids))
    assert wanted <= set(ids)


def test_tables_have_headers_and_drawings_have_words(sample: Sample) -> None:
    seen = page(sample("full"))

    assert all("scope" in attributes for tag, attributes in seen.tags if tag == "th")
    drawings = [attributes for tag, attributes in seen.tags if tag == "svg" and "aria-hidden" not in attributes]
    gates, bars, panels, spreads, stacks = 8, 4 * 2, 5, 3 * 3, 4 * 2
    assert len(drawings) == gates + bars + panels + spreads + stacks
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in drawings)


def test_every_kind_of_verdict_is_shown_with_its_reason(sample: Sample) -> None:
    text = page(sample("failing")).text

    for verdict in (
        "✓ pass",
        "✕ fail",
        "! error",
        "∅ void",
        "– not applicable",
        "– unsupported",
        "– skipped",
        "~ provisional",
    ):
        assert verdict in text, verdict
    for reason in (
        "largefile-jindofs-worker-3 Pending: 0/4 nodes have 40Gi memory",
        "this target shares its nodes with others",
        "the operator said --fluid-skip=FLUID-REL-R5",
        "the row is new; it runs, but does not count yet",
        "test_of_no_row fail , a test without a requirement",
        "assert 1 == 2",
    ):
        assert reason in text, reason


def test_what_was_predicted_stands_beside_what_was_measured(sample: Sample) -> None:
    text = page(sample("full")).text

    assert "8 × 268 435 456 B ÷ 100 000 000 B/s 21.5 s 21.6 s +0.6 %" in text
    assert "1 × 268 435 456 B ÷ 100 000 000 B/s 2.68 s 2.94 s +9.5 %" in text
    assert "loaded the origin is not read, so its cap predicts nothing – 0.902 s" in text
    assert "The DataLoad before the loaded phase took 2.91 s and cost the origin 268 435 456 B" in text
    assert "100 × 30 GB × 8 bit ÷ 10 Gbit/s = 2 400 s for every reader" in text


def test_a_run_without_figures_says_so_in_each_place(sample: Sample) -> None:
    text = page(sample("partial")).text

    assert "Partial run: 4 of 14 must rows pass" in text
    assert "May ship" not in text
    assert text.count("not measured") == 4 + 3 + 4 + 4 * 2 + 4 + 1  # answers, waits, origin, bars, arithmetic, figures


def test_a_run_that_broke_before_anything_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "report.yaml").write_text(
        "kind: ConformanceReport\nrequirements: []\nrun: {id: x, started: 2026-11-23T12:00:00Z, partial: true}\n"
    )

    text = page(tmp_path).text

    assert "Partial run: no must row was judged" in text
    assert "No requirement was judged." in text


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`</style></pre>{{ 7919 * 7919 }}"


def poison(value: object) -> object:
    """Put hostile text into every free text of a report."""
    if isinstance(value, dict):
        kept = {"kind", "id", "started", "level", "verdict", "evidence", "phase", "unit", "tests"}
        return {key: item if key in kept else poison(item) for key, item in value.items()}
    if isinstance(value, list):
        return [poison(item) for item in value]
    return HOSTILE if isinstance(value, str) else value


def test_whatever_a_run_says_is_text(changed: Changed) -> None:
    def edit(content: Content) -> None:
        content.update({key: poison(value) for key, value in content.items() if key != "kind"})
        content["tests"][0]["id"] = content["requirements"][0]["tests"][0] = HOSTILE
        content["environment"] = {HOSTILE: HOSTILE}

    seen = page(changed("failing", edit))

    assert not {tag for tag, _ in seen.tags} & {"script", "img"}
    assert [key for _, attributes in seen.tags for key in attributes if key.startswith("on")] == []
    assert HOSTILE in seen.text
    assert str(7919 * 7919) not in seen.text


def test_gates_name_both_sides_what_is_asked_and_those_that_fail_first(sample: Sample) -> None:
    text = page(sample("failing")).text

    bulk = "✕ worker/nginx, bulk fails worker 3.50 GB/s nginx 4.32 GB/s 0.810 ≥ 0.9"
    fan_in = "✕ cold fan-in fails origin 512 MiB object 256 MiB 2.00 = 1"
    absent = "? warm/native, passthrough not measured – same file 16.6 GB/s not measured ≥ 0.9"
    held = "✓ unix/tcp holds unix 14.4 GB/s tcp 3.13 GB/s 4.60 ≥ 3"
    places = [text.index(row) for row in (bulk, fan_in, absent, held)]
    assert places == sorted(places)
    assert "5 of 8 gates hold." in text
    assert "The kernel refused passthrough: EPERM." in text


def test_load_says_what_was_moved_how_long_it_took_and_why_it_proves_nothing(sample: Sample) -> None:
    whole, broken = page(sample("full")).text, page(sample("void")).text

    assert "cold ✓ pass fuse.jindofs-fuse 100 100 0 6.25 GiB 6.25 GiB 4.82 s 1.39 GB/s 64 MiB, 1.00×" in whole
    assert "cold 58.0 % 4.30 ms 1.39 GB/s 2.90 GB/s none" in whole
    assert "warm first byte 4.80 ms 21.0 ms 34.0 ms 41.1 ms" in whole
    assert "∅ void fuse.jindofs-fuse 100 100 0 6.25 GiB" in broken
    assert "the generator was the limit: 0.99 of its CPU" in broken
    assert "0 100 0 0 B 0 B not measured not measured" in broken


def test_a_link_to_locust_s_page_exists_only_where_the_page_was_kept(sample: Sample) -> None:
    directory = sample("full")
    (directory / "load").mkdir()
    (directory / "load" / "cold.html").touch()

    links = [attributes["href"] for tag, attributes in page(directory).tags if tag == "a"]

    assert links == ["load/cold.html"]


def test_money_shows_both_readings_of_the_article_and_what_each_case_rests_on(sample: Sample) -> None:
    text = page(sample("full")).text

    assert "30 GB, decimal 30 000 000 000 B 2 400 s 1 920 yuan" in text
    assert "30 GiB, as dd makes it 32 212 254 720 B 2 577 s 2 062 yuan" in text
    assert "cold: 0.707 yuan 0.707 yuan 51.1 % of direct 0.188 0.518 2.94 s 2.68 s off by 8.7 %" in text
    assert "DataLoad before it: 2.91 s, predicted 2.68 s, off by 7.8 %" in text
    assert "reader, ecs.gn7i-c32g1.16xlarge 0.008 yuan/s the article" in text
    assert "assumption –" in text  # without a date


def test_the_curve_tells_parts_apart_and_says_when_it_was_zero(sample: Sample) -> None:
    text = page(sample("full")).text

    assert "workers peak 5 at 17.0 s, end 0" in text
    assert "runtime controllers peak 1 at 16.0 s, end 0" in text
    assert "zero from 67.0 s on" in text
    assert "no reader and no cached byte: 4.10 s ; to no runtime controller: 9.30 s" in text


def test_a_run_that_does_not_tell_parts_apart_shows_all_pods_and_all_memory(changed: Changed) -> None:
    def edit(content: Content) -> None:
        kept = ("seconds", "pods", "cachedBytes", "memoryBytes", "nodesWithCache")
        content["timeline"] = [{name: sample[name] for name in kept} for sample in content["timeline"]]

    text = page(changed("full", edit)).text

    assert "all peak 14 at 19.0 s, end 0" in text
    assert "workers peak" not in text


def test_a_link_to_evidence_exists_only_where_evidence_was_kept(sample: Sample) -> None:
    directory = sample("full")
    (directory / "evidence" / "FLUID-DATASET-BOUND-008").mkdir(parents=True)

    links = [attributes["href"] for tag, attributes in page(directory).tags if tag == "a"]

    assert links == ["evidence/FLUID-DATASET-BOUND-008/"]


def test_fields_that_the_page_does_not_show_are_a_notice(changed: Changed) -> None:
    directory = changed("full", lambda content: content.update(cost={"currency": "yuan", "dollars": 1}))

    assert "report.yaml has fields that this page does not show: cost.dollars." in page(directory).text


def test_a_value_outside_its_own_interval_is_a_notice(changed: Changed) -> None:
    directory = changed("full", lambda content: content["measurements"][0].update(low=1, high=2))

    assert "direct-read: its value does not lie in its own interval." in page(directory).text


def test_an_uncapped_origin_predicts_nothing(changed: Changed) -> None:
    def edit(content: Content) -> None:
        content["scenario"].update(originBytesPerSecond=0, predictedDirectSeconds=None, predictedColdSeconds=None)

    text = page(changed("full", edit)).text

    assert "the origin had no cap, so nothing is predicted" in text
    assert "origin not capped" in text


def test_latest_points_at_the_newest_run_and_never_back(sample: Sample) -> None:
    older, newer = sample("full"), sample("void")  # ids sort by time, and so do these names
    latest = older.parent / "latest"

    render(older)
    assert latest.readlink().name == "full"
    render(newer)
    assert latest.readlink().name == "void"
    render(older)
    assert latest.readlink().name == "void"
    render(latest)
    assert sorted(path.name for path in older.parent.iterdir()) == ["full", "latest", "void"]


def test_latest_that_points_nowhere_is_replaced(sample: Sample) -> None:
    directory = sample("full")
    latest = directory.parent / "latest"
    latest.symlink_to("zzz-removed")

    render(directory)

    assert latest.readlink().name == "full"


def test_a_run_elsewhere_gets_a_page_and_no_link(sample: Sample, tmp_path: Path) -> None:
    directory = sample("full").rename(tmp_path / "downloaded")

    assert render(directory) == directory / "report.html"
    assert not (tmp_path / "latest").exists()


def test_what_cannot_be_written_is_one_line(sample: Sample) -> None:
    directory = sample("full")
    (directory.parent / "latest").mkdir()

    with pytest.raises(ReportError, match="make room or change its owner") as caught:
        render(directory)

    assert "\n" not in str(caught.value)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reports", *arguments], capture_output=True, text=True, check=False, env=dict(os.environ)
    )


def test_the_command_prints_the_page_s_path(sample: Sample) -> None:
    directory = sample("full")

    ended = command(str(directory))

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{directory / 'report.html'}\n", "")


def test_the_command_ends_with_a_usage_error_on_one_line(tmp_path: Path) -> None:
    ended = command(str(tmp_path))

    assert ended.returncode == 4
    assert ended.stderr.count("\n") == 1
    assert "no such file" in ended.stderr


def test_one_row_is_spoken_of_in_the_singular(changed: Changed) -> None:
    def edit(content: Content) -> None:
        content["requirements"] = [row for row in content["requirements"] if row["id"] == "FLUID-READ-WARM-004"]
        count_again(content)

    assert "May ship: 1 of 1 must row passes" in page(changed("full", edit)).text


def test_a_row_that_is_checked_in_part_says_which_part(changed: Changed) -> None:
    def edit(content: Content) -> None:
        content["requirements"][0]["checked"] = "the default <only>"

    page = render(changed("full", edit)).read_text(encoding="utf-8")

    assert "checked so far: the default &lt;only&gt;" in page
    assert page.count("checked so far") == 1
