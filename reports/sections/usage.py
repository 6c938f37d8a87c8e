"""Use: what the run had in use over time, who had it, and how much that adds up to.

Rule: a sample says what was seen at its moment; sums over time are the run's own, never made here from samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was in use at one moment, above what was there before the first Dataset."""

    seconds: float  # since the run's start
    pods: int | None  # outside the control plane's namespace
    cached_bytes: int | None
    memory_bytes: int | None
    nodes_with_cache: int | None
    workers: int | None  # pods of caches
    applications: int | None  # all other pods outside the control plane's namespace
    finished_applications: int | None  # of these, such as have ended and whose objects still exist
    datasets: int | None  # whose deletion nobody has asked for
    controllers: int | None  # pods of the control plane that are not finished
    runtime_controllers: int | None  # replicas of all runtime controllers together
    worker_memory_bytes: int | None
    application_memory_bytes: int | None
    controller_memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A named stretch of the run."""

    name: str
    start: float  # seconds since the run's start
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one part of the cluster used, from the first Dataset's creation to the last sample."""

    pod_seconds: float | None
    memory_byte_seconds: float | None
    cached_byte_seconds: float | None
    peak_pods: int | None
    peak_memory_bytes: int | None
    peak_cached_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the run used, and how long it took to use nothing."""

    to_zero_seconds: float | None  # from the accepted deletion to no worker, no reader, no cached byte
    controllers_to_zero_seconds: float | None  # … to no runtime controller
    seen_seconds: float | None  # over which the sums run
    gap_seconds: float | None  # between samples that lie too far apart: nothing is summed over them
    sample_distance_seconds: float | None  # in the median
    sample_cost_seconds: float | None  # what taking one took, in the median
    data_plane: Share | None
    control_plane: Share | None
    applications: Share | None


def read_timeline(items: Sequence[Fields]) -> tuple[Sample, ...]:
    """Return checked samples in their order."""
    samples = tuple(_sample(item) for item in items)
    for item, (before, after) in zip(items[1:], pairwise(samples), strict=True):
        if after.seconds < before.seconds:
            raise item.broken("seconds", "goes back in time; write samples in their order")
    return samples


def _sample(fields: Fields) -> Sample:
    return Sample(
        seconds=fields.needed("seconds"),
        pods=fields.whole("pods"),
        cached_bytes=fields.whole("cachedBytes"),
        memory_bytes=fields.whole("memoryBytes"),
        nodes_with_cache=fields.whole("nodesWithCache"),
        workers=fields.whole("workers"),
        applications=fields.whole("applications"),
        finished_applications=fields.whole("finishedApplications"),
        datasets=fields.whole("datasets"),
        controllers=fields.whole("controllers"),
        runtime_controllers=fields.whole("runtimeControllers"),
        worker_memory_bytes=fields.whole("workerMemoryBytes"),
        application_memory_bytes=fields.whole("applicationMemoryBytes"),
        controller_memory_bytes=fields.whole("controllerMemoryBytes"),
    )


def read_phase(fields: Fields) -> Phase:
    """Return one checked phase."""
    phase = Phase(name=fields.text("name"), start=fields.needed("start"), end=fields.needed("end"))
    if phase.end < phase.start:
        raise fields.broken("end", f"is {phase.end}, before its start {phase.start}")
    return phase


def read_resources(fields: Fields | None) -> Resources | None:
    """Return what the run used; None where it did not sum it up."""
    if fields is None:
        return None
    return Resources(
        to_zero_seconds=fields.number("timeToZeroSeconds"),
        controllers_to_zero_seconds=fields.number("controllersToZeroSeconds"),
        seen_seconds=fields.number("seenSeconds"),
        gap_seconds=fields.number("gapSeconds"),
        sample_distance_seconds=fields.number("sampleDistanceSeconds"),
        sample_cost_seconds=fields.number("sampleCostSeconds"),
        data_plane=_share(fields.optional("dataPlane")),
        control_plane=_share(fields.optional("controlPlane")),
        applications=_share(fields.optional("applications")),
    )


def _share(fields: Fields | None) -> Share | None:
    if fields is None:
        return None
    return Share(
        pod_seconds=fields.number("podSeconds"),
        memory_byte_seconds=fields.number("memoryByteSeconds"),
        cached_byte_seconds=fields.number("cachedByteSeconds"),
        peak_pods=fields.whole("peakPods"),
        peak_memory_bytes=fields.whole("peakMemoryBytes"),
        peak_cached_bytes=fields.whole("peakCachedBytes"),
    )
