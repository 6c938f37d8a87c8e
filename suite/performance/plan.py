"""What the benchmarks are told: one document, handed over in the environment of their process.

Rule: it holds the store's keys, so it is written nowhere, and whoever reads it takes it out of the environment.
"""

import json
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from pathlib import Path

from suite.origin import SeededObject

VARIABLE = "FLUID_BENCHMARK_PLAN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where everything is, as a program beside the nodes reaches it."""

    data_plane: str  # which one, by name
    memory: Path  # a directory in memory
    origin: str  # URL of the store, through the origin gateway
    meter: str  # URL of the origin meter
    access_key: str
    secret_key: str
    warm: SeededObject
    cold: tuple[SeededObject, ...]  # each is read once, by one reader
    crowd: tuple[SeededObject, ...]  # each is read once, by many readers that start together

    def __repr__(self) -> str:
        """Return nothing of what it holds."""
        return "Plan(…)"

    def to_text(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps({**asdict(self), "memory": str(self.memory)})

    @classmethod
    def take_from(cls, environment: MutableMapping[str, str]) -> "Plan":
        """Read it from an environment and take it out; what we start shall not inherit it."""
        data = json.loads(environment.pop(VARIABLE))
        objects = {name: tuple(SeededObject(**each) for each in data[name]) for name in ("cold", "crowd")}
        return cls(**{**data, **objects, "memory": Path(data["memory"]), "warm": SeededObject(**data["warm"])})
