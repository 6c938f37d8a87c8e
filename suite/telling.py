"""What the terminal says of a run's figures: phases, ratios, durations, the way back to zero, and money.

Rule: what was not measured is not mentioned, and every figure stands with its proof.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from suite.scenario import Arithmetic
from suite.verdicts import TestResult


def phase_lines(arithmetic: Arithmetic, results: Iterable[TestResult]) -> list[str]:
    """Return one line for each measured phase: seconds, prediction with its formula, origin bytes."""
    size, rate = arithmetic.object_bytes, arithmetic.origin_bytes_per_second
    formulas = {
        "direct": (arithmetic.direct_seconds, f"{arithmetic.readers} × {size} B ÷ {rate} B/s"),
        "cold": (arithmetic.cold_seconds, f"1 × {size} B ÷ {rate} B/s"),
        "dataload": (arithmetic.cold_seconds, f"1 × {size} B ÷ {rate} B/s"),
    }
    lines = []
    for figure in (figure for result in results for figure in result.facts.get("measurements", [])):
        if figure.get("phase") is None:
            continue
        predicted, formula = formulas.get(figure["phase"], (None, ""))
        told = f", predicted {predicted:.1f} s = {formula}" if predicted is not None else ""
        share = figure["originBytes"] / size
        cost = f"origin {figure['originBytes']} B = {share:.2f} × the object"
        lines.append(f"{figure['phase']:<7}{figure['seconds']:6.1f} s{told}; {cost}")
    return lines


def duration_lines(results: Iterable[TestResult]) -> list[str]:
    """Return one line for each time that was measured apart from phases of reading."""
    figures = [figure for result in results for figure in result.facts.get("measurements", [])]
    return [
        f"{figure['name']}{figure['value']:6.1f} s; {figure['state']}"
        for figure in figures
        if figure.get("phase") is None and figure["unit"] == "s"
    ]


def resource_lines(resources: Mapping[str, Any]) -> list[str]:
    """Return one line about the way back to zero; none where it was not seen."""
    zeros = {"data plane": "timeToZeroSeconds", "runtime controllers": "controllersToZeroSeconds"}
    times = [f"{name} {resources[key]:.1f} s" for name, key in zeros.items() if key in resources]
    if not times:
        return []
    used = f"{resources['dataPlane']['podSeconds']:.0f} pod-seconds of caches"
    return [f"zero   {', '.join(times)} after the last deletion was accepted; {used}"]


def cost_lines(cost: Mapping[str, Any]) -> list[str]:
    """Return one line that compares what the measured cases cost, cache included; none where nothing was measured."""
    currency, told = cost["currency"], []
    for case in cost["cases"]:
        if "totalYuan" in case:
            off = f", model {case['predictedSeconds']:.1f} s" if "predictedSeconds" in case else ""
            told.append(f"{case['name']} {case['totalYuan']:.3f} ({case['waitSeconds']:.1f} s{off})")
    return (
        [f"cost   {currency} for {cost['cases'][0]['readers']} readers, cache included: {', '.join(told)}"]
        if told
        else []
    )


def ratio_lines(results: Iterable[TestResult]) -> list[str]:
    """Return one line for each measured ratio that has sides: value, interval, bounds, both sides, rounds."""
    lines = []
    for ratio in (ratio for result in results for ratio in result.facts.get("ratios", [])):
        if "numerator" not in ratio:
            continue
        above, below = ratio["numerator"], ratio["denominator"]
        bounds = f"at least {ratio['floor']:g}" + (f", at most {ratio['ceiling']:g}" if "ceiling" in ratio else "")
        value = f"{ratio['value']:5.2f} ({ratio['low']:.2f} to {ratio['high']:.2f}), {bounds}"
        sides = f"{above['name']} {_scaled(above)}, {below['name']} {_scaled(below)}"
        lines.append(f"{ratio['name']:<24}{value}; {sides}; {ratio['rounds']} rounds")
    return lines


def _scaled(side: Mapping[str, Any]) -> str:
    value, unit = side["value"], side["unit"]
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}{unit if unit != 'byte/s' else 'B/s'}"
    return f"{value:.3g} {unit}"
