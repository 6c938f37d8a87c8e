"""Typed access to one mapping of report.yaml; the rule: a wrong value is named by file and field, never guessed.

Fields that nobody asked for are remembered, so that the page can say what it did not show instead of
dropping a misspelt name silently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from reports.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Choice = TypeVar("Choice", bound=Enum)

LONGEST_QUOTE = 60  # characters of an offending value that an error line repeats


@dataclass(slots=True, kw_only=True)
class Fields:
    """One mapping of the file, at the place `where` (for example `requirements[3]`; empty for the whole file)."""

    path: Path
    where: str
    values: Mapping[str, object]
    family: list[Fields]  # all Fields of one file, this one among them
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.family.append(self)

    def broken(self, name: str, problem: str) -> ReportError:
        """Return the error that names file and field; the caller raises it."""
        return ReportError(f"{self.path}: {self.place(name)} {problem}")

    def place(self, name: str) -> str:
        """Return the full name of a field, as an error prints it."""
        return f"{self.where}.{name}" if self.where else name

    def unknown(self) -> tuple[str, ...]:
        """Return the fields of the whole file that nobody has asked for so far."""
        return tuple(part.place(name) for part in self.family for name in part.values if name not in part.asked)

    def take(self, name: str) -> object:
        """Return the raw value, None where it is absent or null."""
        self.asked.add(name)
        return self.values.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it must be there and not empty."""
        value = self.take(name)
        if value is None and default is not None:
            return default
        if value is None or (value == "" and default is None):
            raise self.broken(name, "is missing; write it as text")
        if not isinstance(value, str):
            raise self.broken(name, f"must be text, is {quote(value)}; put it in quotes")
        return value

    def path_inside(self, name: str) -> str:
        """Return a path below the run's directory: it becomes a link, and a link must not lead anywhere else."""
        value = self.text(name, "")
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or ":" in value or "\\" in value:
            raise self.broken(name, f"is {quote(value)}, must be a path below the run's directory")
        return value

    def shown(self, name: str) -> str:
        """Return a text, a number or a yes or no as it is to be shown; it must be there."""
        value = self.take(name)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float) and math.isfinite(value):
            return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
        return self.text(name)

    def day(self, name: str) -> str:
        """Return a date that must be there; YAML hands an unquoted one over as a date already."""
        value = self.take(name)
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                value = None
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.broken(name, "must be a date such as 2026-11-23")
        return value.isoformat()

    def number(self, name: str) -> float | None:
        """Return a finite number that is not negative; None where it was not measured."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.broken(name, f"must be a number, is {quote(value)}; leave out what was not measured")
        if not math.isfinite(value) or value < 0:
            raise self.broken(name, f"must be finite and not negative, is {value}; leave out what was not measured")
        return float(value)

    def whole(self, name: str) -> int | None:
        """Return a whole number that is not negative; None where it was not measured."""
        value = self.number(name)
        if value is None:
            return None
        if not value.is_integer():
            raise self.broken(name, f"must be a whole number, is {value}")
        raw = self.take(name)
        return raw if isinstance(raw, int) else int(value)

    def count(self, name: str) -> int:
        """Return a whole number; 0 where it is absent."""
        return self.whole(name) or 0

    def needed(self, name: str) -> float:
        """Return a number that must be there."""
        value = self.number(name)
        if value is None:
            raise self.broken(name, "is missing; write it as a number")
        return value

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        """Return true or false; without a default it must be there."""
        value = self.take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, bool):
            raise self.broken(name, f"must be true or false, is {quote(value)}")
        return value

    def choice(self, name: str, kind: type[Choice]) -> Choice:
        """Return one of an enumeration's values."""
        value = self.text(name)
        try:
            return kind(value)
        except ValueError:
            allowed = ", ".join(str(member.value) for member in kind)
            raise self.broken(name, f"is {quote(value)}; use one of: {allowed}") from None

    def moment(self, name: str) -> datetime:
        """Return a time with its zone; YAML hands an unquoted RFC 3339 time over as a datetime already."""
        value = self.take(name)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                value = None
        if not isinstance(value, datetime):
            raise self.broken(name, "must be an RFC 3339 time such as 2026-11-23T12:02:59Z")
        return value if value.tzinfo else value.replace(tzinfo=UTC)

    def inner(self, name: str) -> Fields:
        """Return a mapping inside this one; an absent one is empty."""
        return self.mapping(self.place(name), self.take(name))

    def optional(self, name: str) -> Fields | None:
        """Return a mapping inside this one; None where it is absent or empty."""
        value = self.take(name)
        return None if value is None or value == {} else self.mapping(self.place(name), value)

    def each(self, name: str, *, required: bool = False) -> Sequence[Fields]:
        """Return the mappings of a list; an absent list is empty unless it is required."""
        return [self.mapping(where, item) for where, item in self._items(name, required=required)]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; an absent one is empty."""
        found = []
        for where, item in self._items(name, required=False):
            if not isinstance(item, str):
                raise ReportError(f"{self.path}: {where} must be text, is {quote(item)}; put it in quotes")
            found.append(item)
        return tuple(found)

    def every(self) -> Mapping[str, object]:
        """Return all values of a mapping whose names are free."""
        self.asked.update(self.values)
        return self.values

    def mapping(self, where: str, value: object) -> Fields:
        """Return checked access to a mapping at a place."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise ReportError(f"{self.path}: {where} must be a mapping, is {quote(value)}")
        for key in value:
            if not isinstance(key, str):
                raise ReportError(f"{self.path}: {where} has the key {quote(key)}; put it in quotes")
        return Fields(path=self.path, where=where, values=value, family=self.family)

    def _items(self, name: str, *, required: bool) -> list[tuple[str, object]]:
        value = self.take(name)
        if value is None and not required:
            return []
        if not isinstance(value, list):
            raise self.broken(name, f"must be a list, is {quote(value)}; an empty one is written []")
        return [(f"{self.place(name)}[{index}]", item) for index, item in enumerate(value)]


def quote(value: object) -> str:
    """Return a value as an error line shows it: short, on one line."""
    if value is None:
        return "missing"
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
