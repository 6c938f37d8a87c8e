"""Prices and assumptions, read from YAML and checked.

Rule: a file that is wrong is refused in one line that names file and entry; nothing in it is guessed or ignored.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from suite import documents

DEFAULT = Path(__file__).with_name("prices.yaml")
CURRENCY = "yuan"
# What the model reckons with, and in which unit.
UNITS = {
    "prices": dict.fromkeys(("reader", "worker", "controller"), f"{CURRENCY}/s"),
    "assumptions": {
        "readers": "pods",
        "modelBytes": "bytes",
        "fileBytes": "bytes",
        "originBits": "bit/s",
        "workers": "pods",
        "workerBits": "bit/s",
        "readerBits": "bit/s",
        "controllers": "pods",
        "startSeconds": "s",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One price or assumption, and where it is from."""

    name: str
    value: float
    unit: str
    source: str
    date: str  # when it was read there

    def as_data(self) -> dict[str, Any]:
        """Return the figure as the report has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What the cost model rests on, by the names of prices.yaml."""

    prices: Mapping[str, Figure]
    assumptions: Mapping[str, Figure]

    def price(self, of: str) -> float:
        """Return a price per second."""
        return self.prices[of].value

    def assumed(self, name: str) -> float:
        """Return an assumption's value."""
        return self.assumptions[name].value


def load(file: Path | None = None) -> Prices:
    """Return the prices of this checkout, single ones replaced by those of a file; UserError in one line."""
    ours = _parts(DEFAULT)
    for part, names in UNITS.items():
        if missing := [name for name in names if name not in ours[part]]:
            raise UserError(f"{DEFAULT}: {part}.{missing[0]} is missing; restore the file")
    theirs = _parts(file) if file else {part: {} for part in UNITS}
    return Prices(**{part: {**ours[part], **theirs[part]} for part in UNITS})


def _parts(file: Path) -> dict[str, dict[str, Figure]]:
    found = documents.parse(file, documents.read(file))
    if len(found) != 1 or not isinstance(found[0], dict):
        raise UserError(f"{file}: not a file of prices: it takes a mapping with currency, prices and assumptions")
    content = found[0]
    if strange := [str(key) for key in content if key not in {"currency", *UNITS}]:
        raise UserError(f"{file}: {strange[0]}: unknown; it takes currency, {' and '.join(UNITS)}")
    if (currency := content.get("currency", CURRENCY)) != CURRENCY:
        raise UserError(f"{file}: currency is {currency!r}: the report counts in {CURRENCY}; convert the prices")
    return {part: _part(file, part, content.get(part, {})) for part in UNITS}


def _part(file: Path, part: str, entries: object) -> dict[str, Figure]:
    if not isinstance(entries, dict):
        raise UserError(f"{file}: {part}: it takes a mapping of names")
    units = UNITS[part]
    if strange := [str(key) for key in entries if key not in units]:
        raise UserError(f"{file}: {part}.{strange[0]}: unknown; it takes {', '.join(units)}")
    found = {key: _figure(file, f"{part}.{key}", entry) for key, entry in entries.items()}
    for key, figure in found.items():
        if figure.unit != units[key]:
            raise UserError(f"{file}: {part}.{key}.unit is {figure.unit!r}: it takes {units[key]}")
    return found


def _figure(file: Path, place: str, entry: object) -> Figure:
    names = [each.name for each in fields(Figure)]
    if not isinstance(entry, dict) or set(entry) != set(names):
        raise UserError(f"{file}: {place}: it takes {', '.join(names)}, all of them and nothing else")
    value, read = entry["value"], entry["date"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise UserError(f"{file}: {place}.value is {value!r}: it takes a number that is not negative")
    if place.startswith("assumptions.") and not value:
        raise UserError(f"{file}: {place}.value is 0: it takes a number above 0")
    if not isinstance(read, date):
        raise UserError(f"{file}: {place}.date is {read!r}: it takes a day, such as 2026-11-25")
    for name in ("name", "unit", "source"):
        if not isinstance(entry[name], str) or not entry[name]:
            raise UserError(f"{file}: {place}.{name} is {entry[name]!r}: it takes text")
    return Figure(**{**entry, "date": read.isoformat()})
