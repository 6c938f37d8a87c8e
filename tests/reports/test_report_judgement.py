"""The sentence and the four answers at the top: nothing reads as good unless all that it needs was judged."""

from pathlib import Path

import pytest
from report_samples import Changed, Content, Edit, Sample, count_again

from reports import load
from reports.answers import Answers, answers
from reports.judgement import Tone, headline
from reports.readings import readings


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


def asked(directory: Path) -> Answers:
    return answers(load(directory))


def origins(directory: Path) -> list[str]:
    return [origin.text for origin in asked(directory).origins]


HELPS, WORTH, PROOF, GONE = range(4)


def test_the_four_answers_of_a_whole_run(sample: Sample) -> None:
    assert asked(sample("full")).texts == ("Yes", "24.8× as fast", "Yes", "Yes, but for known leaks")


def test_the_origin_bytes_of_a_whole_run(sample: Sample) -> None:
    assert origins(sample("full")) == ["8.00×", "1.00×", "0", "0"]


def test_without_measurements_nothing_is_claimed(sample: Sample) -> None:
    directory = sample("partial")

    assert asked(directory).texts == ("not measured",) * 4
    assert origins(directory) == ["not measured"] * 4


def test_samples_that_prove_nothing_make_no_figure(sample: Sample) -> None:
    directory = sample("void")

    assert asked(directory).texts == ("not measured", "not measured", "Not all of it", "Yes, but for known leaks")
    assert origins(directory) == ["void", "1.00×", "not measured", "void"]


def test_a_warm_phase_that_cost_the_origin_bytes_makes_no_speed_up_and_a_leftover_is_a_no(sample: Sample) -> None:
    directory = sample("failing")

    assert asked(directory).texts == ("not measured", "not measured", "No", "No")
    assert origins(directory) == ["8.00×", "2.00×", "not measured", "0.047×"]


def warm(content: Content) -> Content:
    return next(item for item in content["measurements"] if item["name"] == "warm-read")


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: warm(content)["perReader"][3].update(verified=False),
        lambda content: content["measurements"][0].update(void=1),
        lambda content: content["measurements"][0].update(samples=0),
        lambda content: warm(content).update(seconds=None),
        lambda content: content["measurements"][0].update(originBytes=1),
        lambda content: warm(content).update(originBytes=1),
        lambda content: content.update(scenario=None),
    ],
)
def test_a_speed_up_needs_two_proven_phases(changed: Changed, edit: Edit) -> None:
    texts = asked(changed("full", edit)).texts

    assert (texts[HELPS], texts[WORTH]) == ("not measured", "not measured")
    assert texts[PROOF] != "Yes"


@pytest.mark.parametrize(
    ("value", "low", "helps"), [(0.9, 0.8, "No"), (1.0, 1.0, "No"), (1.2, 0.9, "Not clearly"), (1.2, 1.1, "Yes")]
)
def test_a_cache_helps_where_the_whole_interval_says_so(changed: Changed, value: float, low: float, helps: str) -> None:
    edit: Edit = lambda content: content["ratios"][0].update(value=value, low=low, high=1.3)  # noqa: E731 - one line

    assert asked(changed("full", edit)).texts[HELPS] == helps


def loaded(content: Content) -> Content:
    return next(item for item in content["measurements"] if item["name"] == "loaded-read")


@pytest.mark.parametrize(
    ("edit", "proof"),
    [
        (lambda content: content["ratios"][2].update(value=0.89), "Yes"),  # slow, and proven to be
        (lambda content: content["ratios"][7].update(value=1.01), "No"),
        (lambda content: content["ratios"][7].update(value=None), "Not all of it"),
        (lambda content: loaded(content).update(originBytes=1), "No"),
        (lambda content: content["measurements"].remove(loaded(content)), "Yes"),
        (lambda content: content["measurements"][1].update(originBytes=268435457), "No"),
        (lambda content: content["measurements"][0].update(originBytes=2147483649), "Yes"),
        (lambda content: content["load"]["phases"][1].update(verdict="void"), "Not all of it"),
        (lambda content: content["load"]["phases"][1].update(verdict="fail"), "No"),
        (lambda content: content.update(ratios=[], load=None), "Yes"),
        (lambda content: content.update(measurements=[]), "not measured"),
    ],
)
def test_a_proof_takes_all_phases_gates_and_loads(changed: Changed, edit: Edit, proof: str) -> None:
    assert asked(changed("full", edit)).texts[PROOF] == proof


@pytest.mark.parametrize("name", ["loaded-read", "warm-read"])
def test_a_byte_from_the_origin_makes_a_cached_phase_void(changed: Changed, name: str) -> None:
    def edit(content: Content) -> None:
        next(item for item in content["measurements"] if item["name"] == name).update(originBytes=1)

    found = {f"{reading.phase}-read": reading for reading in readings(load(changed("full", edit)))}

    assert found[name].problem.startswith("void: 1\N{NO-BREAK SPACE}B came from the origin, so the cache was not")
    assert [reading.proven for reading in found.values()].count(False) == 1


@pytest.mark.parametrize("part", ["timeline", "requirements"])
def test_without_a_sweep_or_a_curve_nothing_was_released(changed: Changed, part: str) -> None:
    assert asked(changed("full", lambda content: content.update({part: []}))).texts[GONE] == "not measured"


def test_a_last_sample_that_is_not_zero_is_a_no(changed: Changed) -> None:
    assert asked(changed("full", lambda content: content["timeline"][-1].update(pods=1))).texts[GONE] == "No"


def test_what_is_gone_says_after_how_long_and_which_controllers_stay(changed: Changed) -> None:
    def edit(content: Content) -> None:
        content["knownLeaks"] = []
        content["timeline"][-1].update(runtimeControllers=1)

    gone = asked(changed("full", edit)).gone

    assert gone.text == "Yes, after 4.10\N{NO-BREAK SPACE}s"
    assert any(detail.endswith("0 pods, 0 B cached, 1 runtime controller.") for detail in gone.details)


def test_what_waiting_costs_is_of_this_run_and_of_the_article_s_size(sample: Sample) -> None:
    direct, *_, last = asked(sample("full")).waits

    assert (direct.seconds, direct.yuan, direct.scaled_seconds, direct.scaled_yuan) == (21.61, 1.383, 2415.1, 1932.08)
    assert last.phase == "warm"


def test_a_phase_that_is_not_proven_costs_nothing_that_can_be_told(changed: Changed) -> None:
    waits = asked(changed("full", lambda content: warm(content).update(originBytes=1))).waits

    assert [wait.seconds is None for wait in waits] == [False, False, False, True]
