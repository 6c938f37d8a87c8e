"""The ledger: every requirement that the suite judges, as data beside the tests.

Rule: a row is one sentence with an id and a level; ids never change their meaning. A test that names an id which is
not here, a row without a test, a broken row: all are drift, and drift is a usage error before anything starts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from suite import documents

DIRECTORY = Path(__file__).parent / "requirements"


class Level(StrEnum):
    """MUST decides about shipping; SHOULD is listed apart and changes no exit code."""

    MUST = "must"
    SHOULD = "should"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One row of the contract."""

    id: str
    sentence: str
    level: Level
    area: str  # the file's name: dataset, volume, webhook, reading, …
    profile: str  # what an implementation must claim for this row to apply, e.g. "core", "serverless"
    real: str  # which releases of real Fluid meet it, as far as known
    source: str  # the file of the Fluid repository that the row was read from, or "–"
    checked: str = ""  # which part of the sentence the tests check so far; "": all of it


def load(directory: Path = DIRECTORY) -> Mapping[str, Requirement]:
    """Read every area's file; raises UserError naming file and row for whatever is wrong."""
    rows: dict[str, Requirement] = {}
    files = sorted(directory.glob("*.yaml"))
    if not files:
        raise UserError(f"the ledger is empty: no *.yaml in {directory}")
    for file in files:
        for row in _area(file):
            if row.id in rows:
                raise UserError(f"{file}: {row.id} stands twice in the ledger; remove one")
            rows[row.id] = row
    return rows


def _area(file: Path) -> Iterable[Requirement]:
    content: list[Any] = documents.parse(file, documents.read(file))
    items = content[0].get("requirements") if len(content) == 1 and isinstance(content[0], dict) else None
    if not isinstance(items, list):
        raise UserError(f"{file}: not a ledger file: it takes a mapping with a list 'requirements'")
    for item in items:
        if not isinstance(item, dict):
            raise UserError(f"{file}: row {item!r}: it takes a mapping with id, sentence, level and the rest")
        try:
            yield Requirement(**(item | {"level": Level(item["level"]), "area": file.stem}))
        except (TypeError, KeyError, ValueError) as error:
            raise UserError(f"{file}: row {item.get('id', item)!r}: {error}") from error


def drift(rows: Mapping[str, Requirement], named_by_tests: Iterable[str], *, whole: bool) -> str | None:
    """Return one line about what does not match; `whole` says that all tests were collected."""
    named = set(named_by_tests)
    if unknown := sorted(named - set(rows)):
        return f"tests name requirements that the ledger does not have: {', '.join(unknown)}"
    if whole and (untested := sorted(set(rows) - named)):
        return f"requirements without a test: {', '.join(untested)}"
    return None
