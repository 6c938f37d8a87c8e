"""The colours of the phases can be told apart by everybody, in both schemes, and stand out from the paper."""

import itertools
import math
import re
from pathlib import Path

import pytest

STYLE = (Path(__file__).parents[2] / "reports" / "templates" / "style.css").read_text(encoding="utf-8")
PHASES = ("direct", "cold", "loaded", "warm")
FAR_ENOUGH = 20  # of CIE76; 2.3 is a just noticeable difference
# Linear RGB as dichromats see it: Machado, Oliveira, Fernandes 2009, severity 1.0.
SIGHT = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
Triple = tuple[float, float, float]


def scheme(number: int) -> dict[str, Triple]:
    """Return the colours of the light (0) or the dark scheme (1), as linear RGB."""
    part = STYLE.split("@media screen and")[number]
    found = {name: re.search(rf"--{name}: #([0-9a-f]{{6}})", part) for name in (*PHASES, "paper")}
    return {name: linear(match[1]) for name, match in found.items() if match}


def linear(text: str) -> Triple:
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue))  # type: ignore[return-value]


def lab(color: Triple, sight: str) -> Triple:
    r, g, b = (sum(weight * part for weight, part in zip(row, color, strict=True)) for row in SIGHT[sight])
    x, y, z = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
    )
    fx, fy, fz = (max(part, 0) ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def luminance(color: Triple) -> float:
    return 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2]


@pytest.mark.parametrize("number", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_phases_are_told_apart_by_every_sight(number: int, sight: str) -> None:
    colors = scheme(number)
    assert len(colors) == len(PHASES) + 1

    near = [
        (one, other)
        for one, other in itertools.combinations(PHASES, 2)
        if math.dist(lab(colors[one], sight), lab(colors[other], sight)) < FAR_ENOUGH
    ]

    assert near == []


@pytest.mark.parametrize("number", [0, 1], ids=["light", "dark"])
def test_phases_stand_out_from_the_paper(number: int) -> None:
    colors = scheme(number)
    for phase in PHASES:
        dark, light = sorted((luminance(colors[phase]), luminance(colors["paper"])))
        assert (light + 0.05) / (dark + 0.05) >= 3, phase
