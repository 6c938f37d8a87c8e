"""What a run used, from its resource curve: integrals, peaks, and how long the way back to zero took.

Rule: a sample holds until the next one. Between two samples that lie further apart than GAP_SECONDS nothing is known:
that time is a gap, which is stated and over which nothing is integrated.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from suite.usage import Sample
from suite.verdicts import Verdict

GAP_SECONDS = 5.0  # samples are wanted each second, and a busy machine takes two or three
LEAST_SEEN = 0.9  # of a window: with less of it seen, its integral says too little
PROVEN_BY_CURVE = ("FLUID-CURVE-ZERO-001",)

Quantity = Callable[[Sample], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Integral:
    """A quantity × seconds over a window, and how much of the window was seen."""

    value: float
    seen_seconds: float
    gap_seconds: float

    @property
    def trustworthy(self) -> bool:
        """Tell whether nearly all of the window was seen."""
        whole = self.seen_seconds + self.gap_seconds
        return bool(whole) and self.seen_seconds >= LEAST_SEEN * whole


def integrate(samples: Sequence[Sample], of: Quantity, *, start: float, end: float) -> Integral:
    """Return the integral over [start, end]; what lies before the first or after the last sample is a gap too."""
    value = seen = 0.0
    for sample, after in pairwise(samples):
        held = min(after.seconds, end) - max(sample.seconds, start)
        if held > 0 and after.seconds - sample.seconds <= GAP_SECONDS:
            value += of(sample) * held
            seen += held
    return Integral(value=value, seen_seconds=seen, gap_seconds=max(0.0, end - start - seen))


def first_dataset(samples: Sequence[Sample]) -> int | None:
    """Return the index of the first sample that saw a Dataset."""
    return next((index for index, sample in enumerate(samples) if sample.datasets), None)


def seconds_to(samples: Sequence[Sample], zero: Callable[[Sample], bool]) -> float | None:
    """Return the seconds from the last accepted deletion of a Dataset to the first sample at that zero.

    The deletion came after the last sample that saw a Dataset which nobody had asked to delete, so what is returned
    is too long by up to one sample's distance, never too short. None: no Dataset was seen, or zero was not reached.
    """
    alive = [index for index, sample in enumerate(samples) if sample.datasets]
    if not alive:
        return None
    reached = next((sample for sample in samples[alive[-1] + 1 :] if zero(sample)), None)
    return round(reached.seconds - samples[alive[-1]].seconds, 2) if reached else None


def resources(samples: Sequence[Sample], look_seconds: Sequence[float]) -> dict[str, Any]:
    """Return the report's `resources`, from the first Dataset to the last sample; empty where there was none."""
    begin = first_dataset(samples)
    if begin is None or begin == len(samples) - 1:
        return {}
    part = samples[begin:]
    whole = integrate(part, lambda _: 1.0, start=part[0].seconds, end=part[-1].seconds)
    times = {
        "timeToZeroSeconds": seconds_to(part, lambda sample: sample.at_zero),
        "controllersToZeroSeconds": _controllers_to_zero(part),
        "seenSeconds": round(whole.seen_seconds, 2),
        "gapSeconds": round(whole.gap_seconds, 2),
        "sampleDistanceSeconds": round(statistics.median(b.seconds - a.seconds for a, b in pairwise(part)), 2),
        "sampleCostSeconds": round(statistics.median(look_seconds), 3) if look_seconds else None,
    }
    return {name: value for name, value in times.items() if value is not None} | _parts(part)


def _controllers_to_zero(samples: Sequence[Sample]) -> float | None:
    if not any(sample.runtime_controllers for sample in samples):
        return None
    return seconds_to(samples, lambda sample: not sample.runtime_controllers)


def _parts(samples: Sequence[Sample]) -> dict[str, Any]:
    return {
        "dataPlane": {
            "podSeconds": _total(samples, lambda s: s.workers),
            "memoryByteSeconds": _total(samples, lambda s: s.worker_memory_bytes),
            "cachedByteSeconds": _total(samples, lambda s: s.cached_bytes),
            "peakPods": max(s.workers for s in samples),
            "peakMemoryBytes": max(s.worker_memory_bytes for s in samples),
            "peakCachedBytes": max(s.cached_bytes for s in samples),
        },
        "controlPlane": {
            "podSeconds": _total(samples, lambda s: s.controllers),
            "memoryByteSeconds": _total(samples, lambda s: s.controller_memory_bytes),
            "peakPods": max(s.controllers for s in samples),
            "peakMemoryBytes": max(s.controller_memory_bytes for s in samples),
        },
        # A pod that has ended uses nothing any more, though its object is still there.
        "applications": {
            "podSeconds": _total(samples, lambda s: s.applications - s.finished),
            "memoryByteSeconds": _total(samples, lambda s: s.application_memory_bytes),
            "peakPods": max(s.applications - s.finished for s in samples),
            "peakMemoryBytes": max(s.application_memory_bytes for s in samples),
        },
    }


def _total(samples: Sequence[Sample], of: Quantity) -> float:
    return round(integrate(samples, of, start=samples[0].seconds, end=samples[-1].seconds).value, 1)


def gap_notice(samples: Sequence[Sample]) -> str:
    """Return one line about the gaps of a curve; "" when it has none."""
    gaps = [b.seconds - a.seconds for a, b in pairwise(samples) if b.seconds - a.seconds > GAP_SECONDS]
    if not gaps:
        return ""
    told = f"longer than {GAP_SECONDS:.0f} s: {len(gaps)}, the longest of {max(gaps):.1f} s"
    return f"gaps of the resource curve {told}; nothing is integrated over them"


def judge(samples: Sequence[Sample], *, swept_at: float, least_cached: int) -> tuple[Verdict, str] | None:
    """Return whether the curve leads from zero over a peak to zero; None when no Dataset of the run became Bound.

    `swept_at`: when the final sweep had ended, in the run's seconds. `least_cached`: the bytes that readers are known
    to have left in the cache; a curve that never saw them is blind, and its zeros prove nothing.
    """
    if not any(sample.bound for sample in samples):
        return None
    first, last = samples[0], samples[-1]
    workers, cached = max(s.workers for s in samples), max(s.cached_bytes for s in samples)
    if last.seconds < round(swept_at, 2):  # as exact as samples are
        return Verdict.VOID, f"the last sample is of {last.seconds:.2f} s, the sweep ended at {swept_at:.2f} s"
    for name, sample in (("begins", first), ("ends", last)):
        if not sample.at_zero:
            seen = f"{sample.workers} workers, {sample.applications} other pods, {sample.cached_bytes} cached bytes"
            return Verdict.FAIL, f"it {name} at {sample.seconds:.1f} s with {seen}, expected zero"
    if not workers:
        return Verdict.VOID, f"a Dataset was Bound, and none of {len(samples)} samples saw a worker"
    if cached < least_cached:
        return Verdict.VOID, f"at most {cached} cached bytes were seen, readers left {least_cached} in the cache"
    return Verdict.PASS, ""
