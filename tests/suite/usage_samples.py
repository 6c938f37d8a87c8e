"""What the tests of the resource curve share: samples with only what a test is about."""

from typing import Any

from suite.usage import Sample


def sample(seconds: float, **told: Any) -> Sample:  # noqa: ANN401 - any field of a sample
    """Return a sample in which everything that is not told is zero; pods are workers and applications."""
    numbers = dict.fromkeys(
        (
            "workers",
            "applications",
            "finished",
            "controllers",
            "runtime_controllers",
            "datasets",
            "cached_bytes",
            "nodes_with_cache",
            "memory_bytes",
            "worker_memory_bytes",
            "application_memory_bytes",
            "controller_memory_bytes",
        ),
        0,
    )
    pods = told.get("workers", 0) + told.get("applications", 0)
    return Sample(**{"seconds": seconds, "pods": pods} | numbers | told)
