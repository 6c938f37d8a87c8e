"""The sentence at the top: nothing reads as good unless all that it needs was judged."""

from pathlib import Path

import pytest
from report_samples import Changed, Content, Edit, Sample, count_again

from reports import load
from reports.judgement import Tone, headline
from reports.readings import key_figures


def test_a_run_in_which_all_must_rows_pass_may_ship(sample: Sample) -> None:
    said = headline(load(sample("full")))

    assert said.tone is Tone.GOOD
    assert said.text == "May ship: 76 of 76 must rows pass"


def test_each_kind_of_bad_row_is_counted_and_the_harmless_ones_are_asides(sample: Sample) -> None:
    said = headline(load(sample("failing")))

    assert said.tone is Tone.BAD
    assert said.text == "No verdict: 4 of 10 must rows pass, 3 fail, 1 ended in error, 1 is void, 1 did not run"
    assert said.asides == (
        "3 further must rows do not count: 1 not applicable, 1 unsupported, 1 provisional.",
        "1 should row fails, which does not change the verdict.",
    )


def test_an_interrupted_run_says_nothing_about_shipping(sample: Sample) -> None:
    said = headline(load(sample("partial")))

    assert said.tone is Tone.OPEN
    assert said.text.startswith("Partial run: 4 of 14 must rows pass, 10 did not run")


def test_an_interrupted_run_is_not_green_even_if_every_row_passes(changed: Changed) -> None:
    said = headline(load(changed("full", lambda content: content["run"].update(partial=True))))

    assert said.tone is Tone.OPEN


def test_a_run_without_rows_is_no_verdict(changed: Changed) -> None:
    def empty(content: Content) -> None:
        content.update(requirements=[], tests=[])
        count_again(content)

    said = headline(load(changed("full", empty)))

    assert said.tone is Tone.OPEN
    assert said.text == "No verdict: no must row was judged"


@pytest.mark.parametrize("verdict", ["unsupported", "notApplicable", "provisional", "skipped"])
def test_a_run_that_judged_no_row_is_no_verdict(changed: Changed, verdict: str) -> None:
    def edit(content: Content) -> None:
        for row in content["requirements"]:
            row["verdict"] = verdict
        count_again(content)

    assert headline(load(changed("full", edit))).tone is Tone.OPEN


@pytest.mark.parametrize(
    ("verdict", "label"),
    [
        ("fail", "Must not ship"),
        ("error", "No verdict"),
        ("void", "No verdict"),
        ("skipped", "No verdict"),
        ("unsupported", "May ship"),
        ("notApplicable", "May ship"),
        ("provisional", "May ship"),
    ],
)
def test_one_must_row_decides(changed: Changed, verdict: str, label: str) -> None:
    def edit(content: Content) -> None:
        content["requirements"][0]["verdict"] = verdict
        count_again(content)

    assert headline(load(changed("full", edit))).label == label


@pytest.mark.parametrize(
    ("code", "label"),
    [(1, "Must not ship"), (11, "Must not ship"), (5, "No verdict"), (13, "No verdict"), (None, "No verdict")],
)
def test_an_exit_code_is_never_overruled_by_rows_that_pass(changed: Changed, code: int | None, label: str) -> None:
    said = headline(load(changed("full", lambda content: content["run"].update(exitCode=code))))

    assert said.tone is Tone.BAD
    assert said.label == label


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content["summary"].update({"pass": 99}),
        lambda content: content["requirements"][0].update(tests=[]),
        lambda content: content["requirements"][0].update(tests=["a test that never ended"]),
    ],
)
def test_a_report_that_contradicts_itself_is_no_verdict(changed: Changed, edit: Edit) -> None:
    said = headline(load(changed("full", edit)))

    assert said.tone is Tone.BAD
    assert "contradicts itself" in said.text


def values(directory: Path) -> list[list[str]]:
    return [[value.text for value in figure.values] for figure in key_figures(load(directory))]


def test_the_three_figures_of_a_whole_run(sample: Sample) -> None:
    assert values(sample("full")) == [["24.8× as fast"], ["8.00×", "1.00×", "0"], ["Yes, but for known leaks"]]


def test_without_measurements_nothing_is_claimed(sample: Sample) -> None:
    assert values(sample("partial")) == [["not measured"], ["not measured"], ["not measured"]]


def test_samples_that_prove_nothing_make_no_figure(sample: Sample) -> None:
    assert values(sample("void")) == [["not measured"], ["void", "1.00×", "void"], ["Yes, but for known leaks"]]


def test_a_warm_phase_that_cost_the_origin_bytes_makes_no_speed_up_and_a_leftover_is_a_no(sample: Sample) -> None:
    assert values(sample("failing")) == [["not measured"], ["8.00×", "2.00×", "0.047×"], ["No"]]


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content["measurements"][2]["perReader"][3].update(verified=False),
        lambda content: content["measurements"][0].update(void=1),
        lambda content: content["measurements"][0].update(samples=0),
        lambda content: content["measurements"][2].update(seconds=None),
        lambda content: content["measurements"][0].update(originBytes=1),
        lambda content: content["measurements"][2].update(originBytes=1),
        lambda content: content.update(scenario=None),
    ],
)
def test_a_speed_up_needs_two_proven_phases(changed: Changed, edit: Edit) -> None:
    assert values(changed("full", edit))[0] == ["not measured"]


@pytest.mark.parametrize("part", ["timeline", "requirements"])
def test_without_a_sweep_or_a_curve_nothing_was_released(changed: Changed, part: str) -> None:
    assert values(changed("full", lambda content: content.update({part: []})))[2] == ["not measured"]


def test_a_last_sample_that_is_not_zero_is_a_no(changed: Changed) -> None:
    assert values(changed("full", lambda content: content["timeline"][-1].update(pods=1)))[2] == ["No"]
