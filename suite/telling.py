"""What the terminal says of the measured phases: the scaled arithmetic beside what was measured.

Rule: a phase that was not measured is not mentioned, and every figure stands with its proof.
"""

from collections.abc import Iterable

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
        predicted, formula = formulas.get(figure["phase"], (None, ""))
        told = f", predicted {predicted:.1f} s = {formula}" if predicted is not None else ""
        share = figure["originBytes"] / size
        cost = f"origin {figure['originBytes']} B = {share:.2f} × the object"
        lines.append(f"{figure['phase']:<7}{figure['seconds']:6.1f} s{told}; {cost}")
    return lines
